"""A thread that receives a part of a body, on a connection of TCP: what it writes, reports and returns."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest

from crawler.http.lane.bulk import receiver
from crawler.http.lane.bulk.receiver import BulkReceiver, Loan, Taken
from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import End, Ending
from crawler.model import limits

PATIENT = Patience(30)


class Lent:
    """A connection that is lent to a receiver. Implements ``Lender``."""

    def __init__(self, length: int, patience: Patience, pieces: tuple[bytes, ...] = (), *, is_rest: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.far = socket.create_connection(server.getsockname())
            self.near, _ = server.accept()
        self.near.setblocking(False)
        deadline, now = Deadline(patience), time.monotonic()
        deadline.received(0, now - 100)
        deadline.pause(now)
        self.counts: list[int] = []
        self.written: list[bytes] = []
        self.returned: list[tuple[Taken, End | None]] = []
        self.is_back = asyncio.Event()
        loan = Loan(self, self.near, length, is_rest, 0, deadline, patience)
        self.receiver = BulkReceiver(loan, pieces, self.counts.append)

    def take_back(self, taken: Taken, end: End | None) -> None:
        self.returned.append((taken, end))
        self.is_back.set()

    async def arrived(self, count: int) -> None:
        """Wait until ``count`` bytes have been received."""
        while self.receiver.count < count:  # noqa: ASYNC110 - in a thread, which reports only some times a second
            await asyncio.sleep(0)

    async def receive(self, write: Callable[[bytes], None] = lambda _data: None) -> None:
        def noted(data: bytes | memoryview) -> None:
            self.written.append(bytes(data))
            write(self.written[-1])

        await asyncio.to_thread(self.receiver.receive, noted, memoryview(bytearray(limits.BULK_PIECE)))
        await self.is_back.wait()


@pytest.fixture
async def lend() -> AsyncIterator[Callable[..., Lent]]:
    made: list[Lent] = []

    def make(
        length: int, *, patience: Patience = PATIENT, pieces: tuple[bytes, ...] = (), is_rest: bool = True
    ) -> Lent:
        made.append(Lent(length, patience, pieces, is_rest=is_rest))
        return made[-1]

    yield make
    for lent in made:
        assert lent.near.fileno() == -1, "the receiver closes its socket"
        lent.far.close()


@pytest.mark.parametrize("behind", [b"", b"HTTP/1.1"])
@pytest.mark.parametrize("is_rest", [False, True])
async def test_it_takes_as_many_bytes_as_it_is_lent_and_tells_what_follows_a_body(
    lend: Callable[..., Lent], behind: bytes, is_rest: bool
) -> None:
    lent = lend(10, pieces=(b"ab", b"c"), is_rest=is_rest)
    lent.far.send(b"0123456789" + behind)
    rest = lent.near.dup()
    await lent.receive()
    assert lent.written == [b"ab", b"c", b"0123456789"]
    told = Taken(10, behind, b"0123456789") if behind and is_rest else Taken(10)
    assert (lent.returned, sum(lent.counts)) == ([(told, None)], 13)
    assert (lent.receiver.ending, lent.receiver.is_whole) == (b"0123456789", is_rest and not behind)
    lent.far.send(b"later")
    with rest:
        assert rest.recv(100) == (b"" if is_rest else behind) + b"later"


async def test_the_last_bytes_of_a_body_are_written_together(
    lend: Callable[..., Lent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_CHUNK", 4)
    monkeypatch.setattr(limits, "BULK_PIECE", 6)
    monkeypatch.setattr(limits, "DOUBTED", 5)
    lent = lend(20)
    lent.far.send(b"0123456789abcdefghij..")
    await lent.receive()
    assert lent.written == [b"012345", b"6789ab", b"cde", b"fghij"]
    assert lent.returned == [(Taken(20, b"..", b"fghij"), None)]


async def test_the_event_loop_never_waits_for_the_connection_afterwards(lend: Callable[..., Lent]) -> None:
    lent = lend(4)
    lent.far.send(b"0123")
    with lent.near.dup() as same:
        await lent.receive()
        assert not os.get_blocking(same.fileno())


async def test_packets_are_written_together(lend: Callable[..., Lent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "_MOMENT", 0.001)
    for name, size in {"BODY_CHUNK": 4, "BULK_PIECE": 6, "DOUBTED": 2}.items():
        monkeypatch.setattr(limits, name, size)
    lent = lend(11)
    receiving = asyncio.create_task(lent.receive())
    for number in range(11):
        lent.far.send(b"%d" % (number % 10))
        await lent.arrived(number + 1)
    await receiving
    assert lent.written == [b"0123", b"4567", b"8", b"90"]


async def test_what_arrived_before_the_end_is_written_and_the_lane_reads_the_end_itself(
    lend: Callable[..., Lent],
) -> None:
    lent = lend(10)
    lent.far.send(b"0123")
    lent.far.shutdown(socket.SHUT_WR)
    await lent.receive()
    assert (lent.written, lent.returned) == ([b"0123"], [(Taken(4), None)])


async def test_silence_ends_the_lane(lend: Callable[..., Lent]) -> None:
    lent = lend(10, patience=Patience(0.02))
    lent.far.send(b"0123")
    await lent.receive()
    assert (lent.written, lent.returned) == ([b"0123"], [(Taken(4), End(Ending.SILENT, ""))])


async def test_too_few_bytes_in_the_window_end_the_lane(lend: Callable[..., Lent]) -> None:
    patience = Patience(0.01, min_speed=1_000_000)
    lent = lend(10, patience=patience)
    lent.far.send(b"0123")
    await lent.receive()
    assert (lent.written, lent.returned) == ([b"0123"], [(Taken(4), End(Ending.SLOW, patience.too_slow))])


@pytest.mark.parametrize(
    ("stopped_by", "written"),
    [(None, [b"ab"]), (b"ab", [b"ab"]), (b"0123", [b"ab", b"0123", b"4567"])],
    ids=["before", "at once", "one piece later"],
)
async def test_it_stops_though_more_is_there(
    lend: Callable[..., Lent], monkeypatch: pytest.MonkeyPatch, stopped_by: bytes | None, written: list[bytes]
) -> None:
    for name, size in {"BODY_CHUNK": 4, "BULK_PIECE": 4, "DOUBTED": 1}.items():
        monkeypatch.setattr(limits, name, size)
    lent = lend(100, pieces=(b"ab",))
    lent.far.send(b"0123456789")
    if stopped_by is None:
        lent.receiver.stop()
    await lent.receive(lambda data: lent.receiver.stop() if data == stopped_by else None)
    assert lent.written == written
    assert lent.returned == [(Taken(sum(map(len, written[1:]))), None)]


async def test_it_stops_while_it_waits(lend: Callable[..., Lent]) -> None:
    lent = lend(10)
    receiving = asyncio.create_task(lent.receive())
    lent.far.send(b"0123")
    await lent.arrived(4)
    lent.receiver.stop()
    await receiving
    assert (lent.written, lent.returned) == ([b"0123"], [(Taken(4), None)])


async def test_an_error_of_the_disk_is_raised_and_the_connection_given_back(lend: Callable[..., Lent]) -> None:
    def fail(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    lent = lend(10)
    lent.far.send(b"0123456789")
    with pytest.raises(OSError, match="No space"):
        await lent.receive(fail)
    await lent.is_back.wait()
    assert lent.returned == [(Taken(10), None)]


# --- in another process, for which the test stands -------------------------------------------------------


async def test_a_body_is_received_elsewhere_from_a_connection_that_does_not_block(lend: Callable[..., Lent]) -> None:
    lent = lend(4, pieces=(b"ab",))
    lent.far.send(b"0123")
    descriptor = lent.receiver.begin_elsewhere()
    assert not os.get_blocking(descriptor)
    assert os.read(descriptor, 4) == b"0123"
    assert lent.receiver.arrived(3, 0.0)
    assert not lent.receiver.is_followed()
    lent.receiver.end_elsewhere(4, 0, b"...0123", b"")
    assert (lent.counts, lent.returned) == ([2 + 3, 1], [(Taken(4), None)])
    assert (lent.receiver.is_whole, lent.receiver.ending) == (True, b"...0123")


@pytest.mark.parametrize("is_rest", [True, False])
async def test_what_has_arrived_behind_a_body_received_elsewhere_is_given_back(
    lend: Callable[..., Lent], is_rest: bool
) -> None:
    lent = lend(4, is_rest=is_rest)
    lent.far.send(b"0123more")
    assert os.read(lent.receiver.begin_elsewhere(), 4) == b"0123"
    assert lent.receiver.is_followed()
    lent.receiver.end_elsewhere(4, 0, b"...0123", b"0123")
    assert lent.returned == [(Taken(4, b"more", b"0123") if is_rest else Taken(4), None)]
    assert not lent.receiver.is_whole


SLOW = Patience(0.02, min_speed=1_000_000)
MANY = 200_000_000
"""Enough bytes for the 100 seconds since the header section."""


@pytest.mark.parametrize(
    ("patience", "counts", "busy", "ending"),
    [
        (Patience(0.02), [3, 3], 0.0, Ending.SILENT),
        (Patience(0.02), [3, 3], 9.0, None),
        (Patience(0.02), [3, 4], 0.0, None),
        (SLOW, [MANY, MANY + 4], 0.0, Ending.SLOW),
        (SLOW, [MANY, MANY + 4], 9.0, None),
        (SLOW, [MANY, 2 * MANY], 0.0, None),
    ],
    ids=["silent", "silent, not read", "more", "slow", "slow, not read", "fast"],
)
async def test_silence_and_slowness_end_a_connection_that_is_read_elsewhere_unless_nobody_reads(
    lend: Callable[..., Lent], patience: Patience, counts: list[int], busy: float, ending: Ending | None
) -> None:
    lent = lend(3 * MANY, patience=patience)
    descriptor = lent.receiver.begin_elsewhere()
    assert lent.receiver.arrived(counts[0], 0.0)
    time.sleep(0.03)
    assert lent.receiver.arrived(counts[1], busy) is (ending is None)
    if ending is not None:
        assert os.read(descriptor, 1) == b"", "the process sees the end of the connection"
    lent.receiver.end_elsewhere(counts[1], 0, b"", b"")
    assert [end and end.ending for _, end in lent.returned] == [ending]


@pytest.mark.parametrize(
    ("error", "ending"), [(0, None), (104, Ending.RESET), (None, Ending.RECEIVER_LOST)], ids=["end", "reset", "gone"]
)
async def test_why_no_more_is_received_elsewhere_decides_about_the_lane(
    lend: Callable[..., Lent], error: int | None, ending: Ending | None
) -> None:
    lent = lend(4)
    lent.receiver.begin_elsewhere()
    lent.receiver.end_elsewhere(3, error, b"", b"")
    ((taken, end),) = lent.returned
    assert (taken, end and end.ending) == (Taken(3), ending)


async def test_a_lane_that_ends_ends_a_body_that_is_received_elsewhere(lend: Callable[..., Lent]) -> None:
    lent = lend(4)
    descriptor = lent.receiver.begin_elsewhere()
    lent.receiver.stop()
    assert os.read(descriptor, 1) == b""
    assert not lent.receiver.arrived(0, 0.0)
    lent.receiver.end_elsewhere(0, 0, b"", b"")
    assert lent.returned == [(Taken(0), None)]


async def test_a_server_is_not_silent_whose_bytes_another_process_has_yet_to_read(lend: Callable[..., Lent]) -> None:
    lent = lend(4, patience=Patience(0.02))
    descriptor = lent.receiver.begin_elsewhere()
    lent.far.send(b"0")
    time.sleep(0.03)
    assert lent.receiver.arrived(0, 0.0)
    assert os.read(descriptor, 4) == b"0"
    assert lent.receiver.arrived(1, 0.0)
    time.sleep(0.03)
    assert not lent.receiver.arrived(1, 0.0)
    lent.receiver.end_elsewhere(1, 0, b"", b"")
    assert [end and end.ending for _, end in lent.returned] == [Ending.SILENT]
