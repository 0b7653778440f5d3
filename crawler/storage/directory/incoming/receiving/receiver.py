"""Has the process that stores new files receive them, too (``arrivals``), while the event loop does something else.

To pass bodies on from the event loop to that process takes as long as to receive them there.
"""

from __future__ import annotations

import asyncio
import marshal
import mmap
import os
import socket
import time
from collections.abc import Sequence

from crawler.model import limits
from crawler.model.network.receiving import Arrived, Order, Reception
from crawler.model.network.responses import BulkBody
from crawler.model.struct import Struct
from crawler.storage.directory.incoming.receiving.arrivals import (
    COUNTED,
    FILES,
    MESSAGE,
    PLACE,
    PLACES,
    SIZE,
)
from crawler.storage.directory.tree import close_quietly
from crawler.storage.life_line import COUNTS, SINCE, STORED
from crawler.storage.processes import is_stopped
from crawler.text.http_fields import STATUS_LINE

_LOOK_SECONDS = 0.1
"""How often it is looked how much has arrived, and whether the process goes on."""
_HURRY_SECONDS = 3.0
"""Seconds within which an order must end once nobody waits for it."""


class _Place(Reception):
    """A part of the memory, which is free again when nothing refers to it."""

    __slots__ = ("_receiver", "memory", "number")

    def __init__(self, receiver: Receiver, memory: mmap.mmap, number: int) -> None:
        self._receiver, self.memory, self.number = receiver, memory, number

    async def receive(self, order: Order, body: BulkBody) -> Arrived | None:
        """See ``receiving.Reception``."""
        return await self._receiver.receive(self, order, body)

    def __del__(self) -> None:
        self._receiver.free.append(self.number)


class Held(Struct, gc=False):
    """Implements ``HeldBody``."""

    place: _Place
    start: int
    """Where it begins in the shared memory."""
    size: int

    def read(self) -> bytes:
        """The body."""
        return self.place.memory[self.start : self.start + self.size]


class _Ordered(Struct):
    place: _Place
    sizes: list[int]
    body: BulkBody
    arrived: asyncio.Future[Arrived | None]
    useless_since: float = float("inf")
    """Since when nobody waits for it."""


class Receiver:
    """Implements ``receiving.Receiver``. Belongs to the event loop. Raises OSError if there can be none."""

    stores = False
    files, size = FILES, PLACE
    least, largest = 1, limits.SMALL_BODY

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.free = list(range(PLACES - 1, -1, -1))
        """The numbers of the places that are free; the last one is used first, because its memory exists."""
        self._orders: dict[int, _Ordered] = {}
        self._look: asyncio.TimerHandle | None = None
        self._looks = 0
        self._stored = 0.0
        """Seconds that the process had spent on storing at the last look."""
        self._process = 0
        """The number of the process, once it has started."""
        self._is_open = True
        memory = os.memfd_create("arrivals", os.MFD_CLOEXEC)
        self._given = [memory]
        """What the process gets, until it is started."""
        try:
            os.truncate(memory, SIZE)
            self._memory = mmap.mmap(memory, SIZE)
            self._shared = memoryview(self._memory)[:COUNTED].cast("d")
            self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except BaseException:
            close_quietly(memory)
            raise
        self._given = [theirs.detach(), memory]
        self._connection.setblocking(False)
        self._loop.add_reader(self._connection, self._read)

    @property
    def given(self) -> Sequence[int]:
        """The descriptors that the process gets (``Arrivals``); ``forget`` must follow, in any thread."""
        return self._given

    def forget(self) -> None:
        """Close what the process got, or would have got."""
        while self._given:
            close_quietly(self._given.pop())

    def begin(self) -> _Place | None:
        """See ``receiving.Receiver``."""
        if not self._is_open or not self._process or not self.free:
            return None
        return _Place(self, self._memory, self.free.pop())

    async def receive(self, place: _Place, order: Order, body: BulkBody) -> Arrived | None:
        """See ``receiving.Reception``. The bodies are kept at ``place``."""
        ordered, number = _Ordered(place, order.sizes, body, self._loop.create_future()), place.number
        self._shared[COUNTS + number] = 0
        self._orders[number] = ordered
        try:
            several = number, order.requests, order.sizes, order.depth, list(order.patterns), STATUS_LINE.pattern
            message = marshal.dumps(several)
            socket.send_fds(self._connection, [message], [body.begin_elsewhere()])
        except OSError:  # it does not fit, or the process is gone
            del self._orders[number]
            body.end_elsewhere(0, None, b"", b"")
            return None
        if self._look is None:
            self._stored = self._busy()
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_at_all)
        return await asyncio.shield(ordered.arrived)

    def _read(self) -> None:
        try:
            message = self._connection.recv(MESSAGE)
            if not self._process:
                self._process = int(message)
                return
            number, *answer = marshal.loads(message)
            ordered = self._orders.pop(number)
        except BlockingIOError:
            return
        except (OSError, ValueError, EOFError, TypeError, KeyError):
            self._lose()
            return
        self._settle(ordered, *answer)

    def _settle(
        self,
        ordered: _Ordered,
        is_whole: bool,
        is_followed: bool,
        other_size: int,
        modified: list[str | None],
        etags: list[str | None],
        dates: list[str | None],
    ) -> None:
        place, start, bodies = ordered.place, COUNTED + ordered.place.number * PLACE, list[Held]()
        for size in ordered.sizes[: len(etags)]:
            bodies.append(Held(place, start, size))
            start += size
        ordered.body.end_elsewhere(int(self._shared[COUNTS + place.number]), 0, b"", b"")
        if not ordered.arrived.done():
            ordered.arrived.set_result(
                Arrived(
                    bodies=bodies,
                    modified=modified,
                    etags=etags,
                    dates=dates,
                    is_whole=is_whole,
                    is_followed=is_followed,
                    other_size=None if other_size < 0 else other_size,
                )
            )

    def _busy(self) -> float:
        stored, since = self._shared[STORED], self._shared[SINCE]
        return float(stored + (time.monotonic() - since if since else 0.0))

    def _look_at_all(self) -> None:
        """Tell all how much has arrived, and give the process up if it does not go on."""
        self._look, now = None, time.monotonic()
        before, self._stored = self._stored, self._busy()
        busy = max(0.0, self._stored - before)
        for number, each in tuple(self._orders.items()):
            if not each.body.arrived(int(self._shared[COUNTS + number]), busy):
                each.useless_since = min(each.useless_since, now - busy) if busy else min(each.useless_since, now)
        self._looks += 1
        is_late = not busy and any(now - each.useless_since >= _HURRY_SECONDS for each in self._orders.values())
        if is_late or (self._looks % 5 == 0 and is_stopped(self._process)):
            self._lose()
        elif self._orders:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_at_all)

    def _lose(self) -> None:
        self.close()
        orders, self._orders = self._orders, {}
        for each in orders.values():
            each.body.end_elsewhere(0, None, b"", b"")
            if not each.arrived.done():
                each.arrived.set_result(None)

    def close(self) -> None:
        """Receive nothing more. The process is ended by whoever has started it."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._connection)
            self._connection.close()
            if self._look is not None:
                self._look.cancel()
