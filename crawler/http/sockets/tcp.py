"""The state of a TCP connection that its transport does not show: unread bytes, and what is acknowledged."""

from __future__ import annotations

import fcntl
import socket
import termios
from contextlib import suppress
from typing import Any

_NO_BYTES = bytes(4)
"""The result of FIONREAD for a socket without unread bytes."""
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only


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
