"""The state of a TCP connection that its transport does not show: unread bytes, acknowledgements, round-trip time."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from contextlib import suppress
from typing import Any

_NO_BYTES = bytes(4)
"""The result of FIONREAD for a socket without unread bytes."""
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only
_INFO: int | None = getattr(socket, "TCP_INFO", None)
_MIN_RTT = 148
"""Offset of ``tcpi_min_rtt`` in the ``tcp_info`` of Linux, in microseconds; other systems have another structure."""
_LAST_SENT, _LAST_RECEIVED = 44, 52
"""Offsets of ``tcpi_last_data_sent`` and ``tcpi_last_data_recv``, in milliseconds before now."""
_UNKNOWN = 2**32 - 1


def has_no_bytes(connection: Any) -> bool:
    """Whether nothing has arrived that is still to be read. Raises OSError, ValueError if it was closed meanwhile."""
    return fcntl.ioctl(connection.fileno(), termios.FIONREAD, _NO_BYTES) == _NO_BYTES


def acknowledge(connection: Any) -> None:
    """Acknowledge at once what has arrived: servers with Nagle's algorithm hold back the rest until then.

    The system may wait 40 ms, for an answer that carries the acknowledgement (RFC 9293 sections 3.7.4, 3.8.6.3).
    """
    if _QUICKACK is not None and connection is not None:
        with suppress(OSError):  # no TCP, or closed meanwhile
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def send_at_once(connection: socket.socket) -> None:
    """Switch Nagle's algorithm off, as the event loop does for its connections: requests do not wait for anything."""
    with suppress(OSError):  # no TCP, or closed meanwhile
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def round_trip(connection: Any) -> float | None:
    """The shortest round-trip time that the system has seen on a connection, in seconds; None if it does not say.

    It does not contain any time for which a program had to wait or work.
    """
    info = _info(connection)
    if info is None:
        return None
    (found,) = struct.unpack_from("I", info, _MIN_RTT)
    return None if found == _UNKNOWN else found / 1e6


def response_time(connection: Any) -> float | None:
    """Seconds from the last bytes sent to the last ones received since; None if the system does not say.

    The system counts milliseconds, and does so while this program has no event loop yet, or is busy.
    """
    info = _info(connection)
    if info is None:
        return None
    (sent,), (received,) = struct.unpack_from("I", info, _LAST_SENT), struct.unpack_from("I", info, _LAST_RECEIVED)
    return None if received > sent else (sent - received) / 1e3


def _info(connection: Any) -> bytes | None:
    """The ``tcp_info`` of a connection, down to ``tcpi_min_rtt``; None if the system has none."""
    if _INFO is None or _QUICKACK is None or connection is None:
        return None
    try:
        info: bytes = connection.getsockopt(socket.IPPROTO_TCP, _INFO, _MIN_RTT + 4)
    except OSError:  # no TCP, or closed meanwhile
        return None
    return info if len(info) >= _MIN_RTT + 4 else None
