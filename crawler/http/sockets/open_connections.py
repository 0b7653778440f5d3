"""The open connections to one host, which are never more than its limit plus those whose requests are in flight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar


class Connection(Protocol):
    """A connection that can be closed. ``OpenConnections.ended`` is called when it has been."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class OpenConnections:
    """Counts the connections to a host, and closes those that have been idle for longest beyond ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._dials = 0
        self._open: set[Connection] = set()
        self._idle: dict[Connection, None] = {}

    @property
    def count(self) -> int:
        """Number of connections that are open or being opened."""
        return len(self._open) + self._dials

    async def open(self, dial: Callable[[], Awaitable[C]]) -> C:
        """What ``dial`` opens, which is in use. Raises what ``dial`` raises."""
        self.dial()
        try:
            connection = await dial()
        except BaseException:
            self.failed()
            raise
        self.opened(connection)
        return connection

    def dial(self) -> None:
        """Note that a connection is being opened. Idle ones are closed to make room for it."""
        self._dials += 1
        self._trim()

    def failed(self) -> None:
        """Note that a connection could not be opened."""
        self._dials -= 1

    def opened(self, connection: Connection) -> None:
        """Note that ``connection``, which was being opened, is open and in use."""
        self._dials -= 1
        self._open.add(connection)

    def adopt(self, connection: Connection) -> None:
        """Note that ``connection``, which was opened elsewhere, is in use."""
        self._open.add(connection)
        self._trim()

    def rest(self, connection: Connection) -> None:
        """Note that ``connection`` is idle. It is closed at once if there are too many."""
        if connection in self._open:
            self._idle[connection] = None
            self._trim()

    def use(self, connection: Connection) -> None:
        """Note that ``connection`` is in use again."""
        self._idle.pop(connection, None)

    def ended(self, connection: Connection) -> None:
        """Note that ``connection`` has ended, for whatever reason."""
        self._open.discard(connection)
        self._idle.pop(connection, None)

    def limit_to(self, connections: int) -> None:
        """Change the limit, and close idle connections beyond it."""
        self.limit = connections
        self._trim()

    def _trim(self) -> None:
        while self._idle and self.count > self.limit:
            oldest = next(iter(self._idle))
            self.ended(oldest)
            oldest.close()
