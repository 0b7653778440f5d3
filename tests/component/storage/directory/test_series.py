"""Files that a process requests and stores one after the other: where they are, and what a fault of anybody costs."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from crawler.http.framing.header_section import parse_head
from crawler.http.framing.shape import Shapes
from crawler.model.network.receiving import Arrived, Order
from crawler.storage.directory.incoming import filler
from crawler.storage.directory.incoming.filler import Filler
from crawler.storage.directory.incoming.filler_process import BODIES
from crawler.storage.directory.incoming.part_threads import Fillers, Receiving
from crawler.storage.directory.incoming.parts import PartStore
from crawler.storage.directory.incoming.receiving.series import SeriesReceiver
from crawler.storage.executor import usable_processors
from tests.contract.destination import pattern, sha256

pytestmark = pytest.mark.skipif(usable_processors() < 2, reason="there is no processor for it")

_HEAD = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "%d"\r\n\r\n'
ENDING = 64 * 1024


def order(*sizes: int, depth: int = 32, request: bytes = b"GET\n") -> Order:
    shapes, head = Shapes(), _HEAD % (1, 1)
    shapes.learn(head, parse_head(head))
    return Order(
        requests=[request] * len(sizes), sizes=list(sizes), depth=depth, patterns=shapes.patterns(lambda _: True)
    )


class Connection:
    """Implements what ``Filler`` needs of ``BulkBody``, and is the server."""

    length = 0

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.ended: list[tuple[int, int | None]] = []
        self.is_wanted = True

    def begin_elsewhere(self) -> int:
        return self.near.fileno()

    def arrived(self, _count: int, _busy: float) -> bool:
        return self.is_wanted

    def end_elsewhere(self, count: int, error: int | None, _ending: bytes, _last: bytes) -> None:
        self.ended.append((count, error))
        self.near.close()

    def send(self, *data: bytes, is_end: bool = False) -> None:
        """In a thread of its own, because it may be more than fits into the buffers."""

        def sent() -> None:
            with suppress(OSError):  # the process has enough
                self.far.sendall(b"".join(data))
                if is_end:
                    self.far.shutdown(socket.SHUT_WR)

        threading.Thread(target=sent, daemon=True).start()


def response(body: bytes, number: int = 1) -> bytes:
    return _HEAD % (len(body), number) + body


class Made:
    """One process, and the parts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directory = os.open(path, os.O_RDONLY)
        self.parts = PartStore(self.directory, digests=True, flush=False)
        self.fillers = Fillers()
        self.filler = Filler(self.directory)
        self.fillers._fillers.append(self.filler)
        self.receiver = SeriesReceiver(self.fillers.pick, self.parts)
        self.connections: list[Connection] = []

    def connection(self) -> Connection:
        self.connections.append(Connection())
        return self.connections[-1]

    async def receive(self, wanted: Order, connection: Connection) -> Arrived | None:
        series = self.receiver.begin()
        assert series is not None
        return await asyncio.wait_for(series.receive(wanted, connection), 20)  # type: ignore[arg-type]

    def stored(self, arrived: Arrived) -> list[bytes]:
        return [(self.path / part.name).read_bytes() for part in arrived.parts]

    @property
    def names(self) -> list[str]:
        return os.listdir(self.path)


@pytest.fixture
async def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Made]:
    monkeypatch.setattr(filler, "_LOOK_SECONDS", 0.01)
    (tmp_path / "parts").mkdir()
    found = Made(tmp_path / "parts")
    yield found
    found.fillers.close()
    found.fillers.reap()
    for each in found.connections:
        each.near.close()
        each.far.close()
    os.close(found.directory)


@pytest.mark.parametrize("sizes", [[3], [1, 2, 3], [5, 70_000, 1, 3_000_000, 65_536, 65_537, 2]])
async def test_bodies_are_in_parts_of_their_own(made: Made, sizes: list[int]) -> None:
    bodies, connection = [pattern(size) for size in sizes], made.connection()
    connection.send(*(response(body, number) for number, body in enumerate(bodies)))
    arrived = await made.receive(order(*sizes), connection)
    assert arrived is not None
    assert (arrived.is_whole, arrived.is_followed, arrived.other_size) == (True, False, None)
    assert made.stored(arrived) == bodies
    assert [part.digest for part in arrived.parts] == [sha256(body) for body in bodies]
    assert list(arrived.etags) == [f'"{number}"' for number in range(len(bodies))]
    assert len(set(made.names)) == len(bodies)
    assert connection.ended == [(sum(len(response(body)) for body in bodies), 0)]
    made.parts.remove(arrived.parts[0].name)
    assert len(made.names) == len(bodies) - 1


@pytest.mark.parametrize("cut", range(1, 80, 7))
async def test_it_does_not_matter_where_what_arrives_is_divided(made: Made, cut: int) -> None:
    connection, data = made.connection(), response(b"abc") + response(b"defg")
    connection.far.send(data[:cut])
    task = asyncio.create_task(made.receive(order(3, 4), connection))
    while not made.filler._shared[2]:  # noqa: ASYNC110 - until that has arrived
        await asyncio.sleep(0.001)
    connection.far.send(data[cut:])
    arrived = await task
    assert arrived is not None
    assert made.stored(arrived) == [b"abc", b"defg"]


@pytest.mark.parametrize(
    ("sizes", "ahead"),
    [
        ([ENDING, 5, 6], 2),
        ([ENDING + 1, 5], 1),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 8),
        ([1, ENDING, 5], 2),
    ],
)
async def test_nothing_is_requested_while_more_than_the_looked_at_end_of_a_body_is_due(
    made: Made, sizes: list[int], ahead: int
) -> None:
    """So a response that fills the rest of a body that was sent short begins in that end."""
    connection = made.connection()
    task = asyncio.create_task(made.receive(order(*sizes, depth=8), connection))
    assert await asyncio.to_thread(connection.far.recv, 999) == b"GET\n" * ahead
    connection.far.shutdown(socket.SHUT_WR)
    arrived = await task
    assert arrived is not None
    assert (list(arrived.parts), arrived.is_whole, made.names) == ([], False, [])


STATUS = b"HTTP/1.1 404 "


@pytest.mark.parametrize(
    ("second", "other"),
    [
        (response(b"abcd"), 4),
        (_HEAD.replace(b"200", b"404") % (3, 1) + b"abc", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", None),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"abc"), None),
        (b"x" * 5000, None),
        (response(b"abc")[:-1], None),
        (response(b"abc")[:-5], None),
        (b"", None),
    ],
)
async def test_a_series_ends_with_the_first_response_that_is_unlike_the_others(
    made: Made, second: bytes, other: int | None
) -> None:
    connection = made.connection()
    connection.send(response(b"ab"), second, is_end=True)
    arrived = await made.receive(order(2, 3, 4), connection)
    assert arrived is not None
    assert (len(arrived.parts), arrived.is_whole, arrived.other_size) == (1, False, other)
    assert made.names == [part.name for part in arrived.parts], "nothing else is left"


@pytest.mark.parametrize(
    ("body", "is_taken"),
    [
        (STATUS + bytes(ENDING - len(STATUS)), False),
        (STATUS + bytes(ENDING - 6), True),
        (bytes(200_000) + STATUS, False),
        (STATUS + bytes(200_000), True),
    ],
)
async def test_a_body_that_may_hold_another_response_at_its_end_does_not_count(
    made: Made, body: bytes, *, is_taken: bool
) -> None:
    connection = made.connection()
    connection.send(response(body), response(b"x"))
    arrived = await made.receive(order(len(body), 1), connection)
    assert arrived is not None
    assert (len(arrived.parts), arrived.is_whole) == (2 * is_taken, is_taken)
    assert len(made.names) == 2 * is_taken


@pytest.mark.parametrize("more", [b"", b"H", response(b"abc")])
async def test_it_is_seen_whether_anything_follows(made: Made, more: bytes) -> None:
    connection = made.connection()
    connection.far.send(response(b"ab") + more)
    arrived = await made.receive(order(2), connection)
    assert arrived is not None
    assert (arrived.is_whole, arrived.is_followed) == (True, bool(more))


async def test_a_disk_that_fails_ends_the_series(made: Made) -> None:
    resource.prlimit(made.filler._process.number, resource.RLIMIT_FSIZE, (100, 100))
    connection = made.connection()
    connection.send(response(bytes(99)), response(bytes(200)))
    arrived = await made.receive(order(99, 200, 5), connection)
    assert arrived is not None
    assert (len(arrived.parts), arrived.is_whole) == (1, False)
    assert len(made.names) == 1


async def test_a_long_order_is_passed_in_memory(made: Made) -> None:
    connection = made.connection()
    connection.send(response(b"a"), response(b"bc"))
    arrived = await made.receive(order(1, 2, request=b"x" * 50_000), connection)
    assert arrived is not None
    assert made.stored(arrived) == [b"a", b"bc"]


async def _begun(made: Made, connection: Connection, count: int) -> asyncio.Task[Arrived | None]:
    """A series of which the first ``count`` bytes have been stored."""
    task = asyncio.create_task(made.receive(order(3, 9), connection))
    connection.send(response(b"abc"), response(b"123456789")[:-1])
    while len(made.names) < count:  # noqa: ASYNC110 - a file is no event
        await asyncio.sleep(0.001)
    return task


async def test_nothing_is_left_of_a_series_that_is_cancelled(made: Made) -> None:
    connection = made.connection()
    task = await _begun(made, connection, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    connection.near.shutdown(socket.SHUT_RD)  # as ``BulkReceiver.stop`` does
    while not connection.ended:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert made.names == []
    assert made.filler.is_able


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_nothing_is_left_of_a_series_whose_process_is_killed_or_stopped(made: Made, number: int) -> None:
    connection = made.connection()
    task = await _begun(made, connection, 2)
    os.kill(made.filler._process.number, number)
    assert await task is None
    assert (made.names, connection.ended[0][1]) == ([], None)
    assert made.receiver.begin() is None


async def test_nothing_is_left_of_a_series_that_is_still_going_on_at_the_end(made: Made) -> None:
    connection = made.connection()
    task = await _begun(made, connection, 2)
    made.fillers.close()
    made.fillers.reap()
    assert made.names == []
    task.cancel()


async def test_each_series_has_a_place_until_it_is_over(made: Made) -> None:
    places = [made.receiver.begin() for _ in range(BODIES + 1)]
    assert places.index(None) == BODIES
    places[0] = None
    assert made.receiver.begin() is not None
    places.clear()
    assert made.filler._reserved == 0


async def test_there_is_a_receiver_once_there_are_processes(made: Made) -> None:
    receiving, none = Receiving(), Fillers()
    assert receiving.receivers(none, made.parts) == []
    (found,) = receiving.receivers(made.fillers, made.parts)
    assert isinstance(found, SeriesReceiver)
    assert list(receiving.receivers(made.fillers, made.parts)) == [found], "always the same"
