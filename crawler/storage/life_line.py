"""What light helper processes and their parent have in common; imports little, because such a process starts fast."""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from _socket import socket

MESSAGE = 64
"""Enough bytes for a message to such a process."""
COUNTED = 1 << 16
"""Enough bytes for an answer of the process that counts directories."""
STORED, SINCE, COUNTS = 0, 1, 2
"""Places in the memory that a receiving process shares with its parent, of floats: the seconds spent on hashing and
storing, since when it is doing that or 0, and for each number of an order how many bytes have arrived."""
_GIVEN = 5
"""Maximum number of descriptors that a process gets first."""
_SET_SIGNAL = 10
"""The constant F_SETSIG of Linux."""


def received(connection: socket, most: int, size: int = MESSAGE) -> tuple[bytes, list[int]]:
    """The next message, of up to ``size`` bytes, and up to ``most`` descriptors, as from ``socket.recv_fds``."""
    from _socket import CMSG_SPACE

    message, beside, *_ = connection.recvmsg(size, CMSG_SPACE(4 * most))
    return message, [number for *_, data in beside for number in memoryview(data).cast("i")]


def begun() -> tuple[socket, list[int]] | None:
    """The connection to the parent, and the descriptors that a process gets first; None if the parent has ended."""
    from _socket import socket

    os.chdir("/")
    connection = socket(fileno=0)
    message, (*given, life) = received(connection, _GIVEN)
    return (connection, given) if end_with(life, int(message)) else None


def acknowledge(connection: socket) -> None:
    """See ``http.sockets.tcp.acknowledge``."""
    import _socket

    try:  # ``contextlib`` takes a millisecond to import
        connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_QUICKACK, 1)
    except OSError:  # no TCP
        return


def has_more(connection: socket) -> bool:
    """Whether anything has arrived on ``connection``, which does not block."""
    import _socket

    try:
        return bool(connection.recv(1, _socket.MSG_PEEK))
    except OSError:
        return False


def end_with(life: int, kill: int) -> bool:
    """Have the kernel kill this process, even a stopped one, when nobody has the other end of the pipe ``life``.

    ``kill``: the number of SIGKILL. Returns False if nobody has it by now, of which the kernel may have sent no signal.
    """
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, _SET_SIGNAL, kill)
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    try:
        return bool(os.read(life, 1))
    except BlockingIOError:
        return True
