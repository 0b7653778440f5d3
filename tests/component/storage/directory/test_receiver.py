"""Bodies that the process which stores new files receives: where they are, and what a fault of the process costs."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from crawler.http.framing.header_section import parse_head
from crawler.http.framing.shape import Shapes
from crawler.model.columns.new_files import NewFiles
from crawler.model.network.receiving import Arrived, HeadPattern, Order
from crawler.storage.directory.incoming import saver
from crawler.storage.directory.incoming.orders import together
from crawler.storage.directory.incoming.receiving import receiver
from crawler.storage.directory.incoming.receiving.arrivals import MESSAGE, PLACES
from crawler.storage.directory.incoming.receiving.receiver import Receiver
from crawler.storage.executor import usable_processors
from tests.support.new_files import plain_files

pytestmark = pytest.mark.skipif(usable_processors() < 2, reason="there is no processor for it")

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def _patterns() -> list[HeadPattern]:
    shapes, head = Shapes(), _HEAD % 1
    shapes.learn(head, parse_head(head))
    return shapes.patterns(lambda _: True)


def order(*sizes: int, request: bytes = b"GET\n", depth: int = 32) -> Order:
    return Order(requests=[request] * len(sizes), sizes=list(sizes), depth=depth, patterns=_patterns())


_MADE = list["Connection"]()


@pytest.fixture(autouse=True)
def _closed_connections() -> Iterator[None]:
    yield
    while _MADE:
        made = _MADE.pop()
        made.near.close()
        made.far.close()


class Connection:
    """Implements what ``Receiver`` needs of ``BulkBody``, and is the server."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.near, self.far = socket.socketpair()
        self.is_wanted = is_wanted
        self.ended: list[tuple[int, int | None]] = []
        self.counts = [0]
        _MADE.append(self)

    def begin_elsewhere(self) -> int:
        return self.near.fileno()

    def arrived(self, count: int, _busy: float) -> bool:
        self.counts.append(count)
        return self.is_wanted

    def end_elsewhere(self, count: int, error: int | None, _ending: bytes, _last: bytes) -> None:
        self.ended.append((count, error))
        self.near.close()

    def send(self, *bodies: bytes) -> None:
        self.far.send(b"".join(_HEAD % len(body) + body for body in bodies))


class Beside:
    """A receiver, and the process, which has started."""

    def __init__(self, parts: int) -> None:
        self.receiver = Receiver()
        made = saver.begin(parts, lambda: "x", self.receiver.given, is_flushed=False, is_ending=lambda: False)
        assert made is not None
        self.saver = made
        self.number = made._process.number
        self.receiver.forget()

    async def ready(self) -> None:
        while not self.receiver._process:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def receive(self, wanted: Order, connection: Connection) -> Arrived | None:
        place = self.receiver.begin()
        assert place is not None
        return await asyncio.wait_for(place.receive(wanted, connection), 60)  # type: ignore[arg-type]


@pytest.fixture
async def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Beside]:
    monkeypatch.setattr(receiver, "_LOOK_SECONDS", 0.01)
    parts = os.open(tmp_path, os.O_RDONLY)
    made = Beside(parts)
    await made.ready()
    yield made
    made.receiver.close()
    made.saver.close()
    os.close(parts)


async def test_bodies_are_in_memory_as_long_as_anything_refers_to_them(beside: Beside) -> None:
    """Then another order gets their place."""
    free, connection = list(beside.receiver.free), Connection()
    connection.send(b"abc", b"", b"de")
    arrived = await beside.receive(order(3, 0, 2), connection)
    assert arrived is not None
    assert (arrived.is_whole, arrived.is_followed, arrived.other_size) == (True, False, None)
    assert [body.read() for body in arrived.bodies] == [b"abc", b"", b"de"]
    assert connection.ended == [(len(_HEAD % 1) * 3 + 5, 0)]
    assert connection.far.recv(99) == b"GET\n" * 3
    assert connection.far.recv(9) == b"", "the connection is closed"
    assert beside.receiver.free == free[:-1]
    kept = arrived.bodies[2]
    del arrived
    assert beside.receiver.free == free[:-1]
    os.kill(beside.number, signal.SIGKILL)
    while beside.receiver.begin():  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert kept.read() == b"de", "the process is gone, but not what it has received"
    del kept
    assert beside.receiver.free == free


async def test_bodies_that_are_stored_are_no_longer_in_memory(beside: Beside, tmp_path: Path) -> None:
    free, connection = list(beside.receiver.free), Connection()
    connection.send(b"abc", b"de")
    arrived = await beside.receive(order(3, 2), connection)
    assert arrived is not None
    batch = together(NewFiles(plain_files("abc", "de").columns, list(arrived.bodies)), (9, 9))
    batch.directories.append((0, ""))
    del arrived
    while not beside.saver.has_started():  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    directory = os.open(tmp_path, os.O_RDONLY)
    beside.saver.begin(batch, [directory])
    os.close(directory)
    del batch
    assert beside.receiver.free == free[:-1]
    assert len(beside.saver.stored().records) == 2
    assert beside.receiver.free == free
    assert (tmp_path / "abc").read_bytes() == b"abc"


async def test_there_is_room_for_so_many_orders(beside: Beside) -> None:
    places = [beside.receiver.begin() for _ in range(PLACES + 1)]
    assert places.index(None) == PLACES
    del places[0]
    assert beside.receiver.begin() is not None


async def test_no_more_requests_are_in_flight_than_the_order_allows(beside: Beside) -> None:
    connection = Connection()
    receiving = asyncio.create_task(beside.receive(order(1, 2, 3, 4, 5, depth=2), connection))
    loop = asyncio.get_running_loop()
    connection.far.setblocking(False)
    assert await loop.sock_recv(connection.far, 99) == b"GET\n" * 2
    for size in (1, 2, 3):
        connection.send(b"x" * size)
        assert await loop.sock_recv(connection.far, 99) == b"GET\n"
    connection.send(b"xxxx", b"xxxxx")
    arrived = await receiving
    assert arrived is not None
    assert arrived.is_whole


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (_HEAD % 1 + b"x" + _HEAD % 2 + b"xx", (True, False, None, 2)),
        (_HEAD % 1 + b"x" + _HEAD % 2 + b"xxmore", (True, True, None, 2)),
        (_HEAD % 1 + b"x" + _HEAD % 3 + b"xxx", (False, False, 3, 1)),
        (_HEAD % 1 + b"x" + b"HTTP/1.1 404 x\r\n\r\n", (False, False, None, 1)),
        (_HEAD % 1 + b"x" + _HEAD % 2 + b"x", (False, False, None, 1)),
        (b"", (False, False, None, 0)),
    ],
    ids=["all", "more", "another size", "an error", "the end in a body", "the end"],
)
async def test_what_has_arrived_until_something_is_unusual(
    beside: Beside, sent: bytes, found: tuple[bool, bool, int | None, int]
) -> None:
    connection = Connection()
    connection.far.send(sent)
    connection.far.shutdown(socket.SHUT_WR)
    arrived = await beside.receive(order(1, 2), connection)
    assert arrived is not None
    assert (arrived.is_whole, arrived.is_followed, arrived.other_size, len(arrived.bodies)) == found
    assert [len(body.read()) for body in arrived.bodies] == [1, 2][: len(arrived.bodies)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_is_killed_or_stopped_is_given_up(beside: Beside, number: int) -> None:
    connection = Connection()
    receiving = asyncio.create_task(beside.receive(order(1, 2), connection))
    connection.send(b"x")
    while not connection.counts[-1]:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    os.kill(beside.number, number)
    assert await receiving is None
    assert connection.ended == [(0, None)]
    assert beside.receiver.begin() is None


async def test_a_process_that_does_not_end_an_order_that_nobody_waits_for_is_given_up(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "_HURRY_SECONDS", 0.05)
    assert await beside.receive(order(1), Connection(is_wanted=False)) is None
    assert beside.receiver.begin() is None


async def test_a_process_that_may_open_no_more_leaves_an_order_and_takes_the_next_one(beside: Beside) -> None:
    fewest = len(os.listdir(f"/proc/{beside.number}/fd"))
    before = resource.prlimit(
        beside.number, resource.RLIMIT_NOFILE, (fewest, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    arrived = await beside.receive(order(1), Connection())
    assert arrived is not None
    assert (arrived.is_whole, list(arrived.bodies)) == (False, [])
    resource.prlimit(beside.number, resource.RLIMIT_NOFILE, before)
    connection = Connection()
    connection.send(b"x")
    arrived = await beside.receive(order(1), connection)
    assert arrived is not None
    assert arrived.is_whole


async def test_an_order_that_is_too_long_for_a_message_is_not_carried_out(beside: Beside) -> None:
    connection = Connection()
    assert await beside.receive(order(1, 2, request=b"x" * MESSAGE), connection) is None
    assert connection.ended == [(0, None)]
    assert beside.receiver.begin() is not None


async def test_nothing_is_received_before_the_process_has_started_or_if_there_is_none() -> None:
    made = Receiver()
    assert made.begin() is None
    made.forget()
    await asyncio.sleep(0.01)
    assert made.begin() is None
    made.close()
