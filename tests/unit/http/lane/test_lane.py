"""A lane on a transport in memory: the outcome of each request, whatever a server sends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crawler.http.lane.deadline import Patience
from crawler.http.lane.lane import Lane
from crawler.http.lane.loss import Ending, Loss
from crawler.model import limits
from tests.support.memory_transport import MemoryTransport
from tests.unit.http.lane.recorder import Outcome, Recorder

OK = b"HTTP/1.1 200 OK\r\n"


def response(body: bytes, more: bytes = b"", status: bytes = OK) -> bytes:
    return status + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Wire:
    """A lane with its transport and its receiver."""

    def __init__(self, patience: Patience) -> None:
        self.progress: list[int] = []
        """Requests in flight whenever the lane reported progress."""
        self.lane = Lane(patience, lambda lane: self.progress.append(lane.in_flight))
        self.near, self.far = socket.socketpair()
        self.transport = MemoryTransport(self.lane, {"socket": self.near})
        self.receiver = Recorder()

    def send(self, *names: str, gathered: int = 100, is_head: bool = False) -> list[Outcome]:
        requests = [self.receiver.request(name, gathered=gathered, is_head=is_head) for name in names]
        self.lane.send(requests)
        return [self.receiver.outcomes[request] for request in requests]

    def endings(self) -> list[tuple[str, Ending | None]]:
        return [(each.name, each.loss.ending if each.loss else None) for each in self.receiver.ends]


@asynccontextmanager
async def wired(patience: Patience) -> AsyncIterator[Wire]:
    made = Wire(patience)
    yield made
    made.lane.close()
    await asyncio.sleep(0)
    made.near.close()
    made.far.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired(Patience(60)) as made:
        yield made


async def test_a_batch_is_one_write_and_its_responses_come_in_order(wire: Wire) -> None:
    a, b, c = wire.send("a", "b", "c")
    assert wire.transport.written.count(b"GET /") == 3
    wire.transport.arrive([response(b"one") + response(b"", b"ETag: x\r\n") + response(b"three")[:-1]])
    assert ([a.body, b.body, c.head], wire.progress) == ([b"one", b"", None], [1])
    assert a.head is not None
    assert b.head is not None
    assert (a.head.status, b.head.fields[0]) == (200, ("ETag", "x"))
    wire.transport.arrive([b"e"])
    assert (c.body, wire.progress, wire.lane.in_flight) == (b"three", [1, 0], 0)
    assert [each.is_complete for each in (a, b, c)] == [True] * 3
    assert (wire.lane.sent, wire.lane.answered) == (3, 3)
    assert wire.lane.is_quiet()


class Noting(socket.socket):
    """Counts the options that are set."""

    count = 0

    def setsockopt(self, *_arguments: object) -> None:  # type: ignore[override]
        self.count += 1


@pytest.mark.parametrize(
    ("gathered", "pieces", "counts"),
    [
        (100, [response(b"one") + response(b"two")], [0]),
        (100, [response(b"one"), response(b"two")], [1, 1]),
        (100, [response(b"one") + b"HTTP/", response(b"two")[5:]], [1, 1]),
        (100, [response(b"one")[:-1], b"e" + response(b"two")], [1, 1]),
        (0, [response(b"one")[:-2], b"n", b"e" + response(b"two")], [1, 1, 1]),
    ],
)
async def test_what_is_not_all_is_acknowledged_at_once_but_not_each_piece_of_a_long_body(
    gathered: int, pieces: list[bytes], counts: list[int]
) -> None:
    near, far = socket.socketpair()
    with far, Noting(fileno=near.detach()) as noting:
        lane = Lane(Patience(60), lambda _lane: None)
        transport, receiver = MemoryTransport(lane, {"socket": noting}), Recorder()
        lane.send([receiver.request(name, gathered=gathered) for name in "ab"])
        for piece, count in zip(pieces, counts, strict=True):
            transport.arrive([piece])
            assert noting.count == count
        assert [each.loss for each in receiver.ends] == [None, None]
        lane.close()


async def test_head_has_no_body_behind_get_and_before_it(wire: Wire) -> None:
    (get,) = wire.send("a")
    (head,) = wire.send("b", is_head=True)
    (last,) = wire.send("c")
    wire.transport.arrive([response(b"one") + OK + b"Content-Length: 9\r\n\r\n" + response(b"three")])
    assert (get.body, head.body, last.body) == (b"one", b"", b"three")


async def test_bytes_behind_the_last_response_close_the_lane_and_count_as_nothing(wire: Wire) -> None:
    (a,) = wire.send("a")
    wire.transport.arrive([response(b"one") + response(b"stray")])
    assert (a.body, a.is_complete, wire.progress) == (b"one", True, [])
    assert wire.transport.is_aborted
    assert not wire.lane.is_quiet()
    (b,) = wire.send("b")
    assert b.loss == Loss(Ending.FOLLOWED, "", is_broken=False, is_free=True)


async def test_bytes_before_the_first_request_are_not_a_response(wire: Wire) -> None:
    wire.transport.arrive([response(b"stray")])
    (a,) = wire.send("a")
    assert a.loss == Loss(Ending.UNREQUESTED, "", is_broken=False, is_free=False)
    assert wire.transport.written == b""


async def test_bytes_on_an_idle_lane_close_it(wire: Wire) -> None:
    wire.send("a")
    wire.transport.arrive([response(b"one")])
    wire.transport.arrive([b"\r\n"])
    assert wire.transport.is_aborted


async def test_unread_bytes_make_a_lane_unfit(wire: Wire) -> None:
    assert wire.lane.is_quiet()
    wire.far.send(b"x")
    assert not wire.lane.is_quiet()
    wire.near.recv(1)
    assert wire.lane.is_quiet()
    wire.send("a")
    assert not wire.lane.is_quiet(), "a request is in flight"
    wire.transport.arrive([response(b"")])
    wire.near.close()
    assert not wire.lane.is_quiet()


@pytest.mark.parametrize(
    ("sent", "error", "endings"),
    [
        (b"", None, [Ending.CLOSED] * 3),
        (b"", ConnectionResetError(104, "Connection reset by peer"), [Ending.RESET] * 3),
        (OK, None, [Ending.CLOSED] * 3),
        (response(b"one"), None, [None, Ending.CLOSED, Ending.CLOSED]),
        (response(b"one") + OK, ConnectionResetError(104, "x"), [None, Ending.RESET, Ending.RESET]),
        (response(b"one")[:-1], None, [Ending.CUT] * 3),
        (response(b"one", b"Connection: close\r\n"), None, [None, Ending.ANNOUNCED, Ending.ANNOUNCED]),
        (response(b"one", status=b"HTTP/1.0 200 OK\r\n"), None, [None, Ending.ANNOUNCED, Ending.ANNOUNCED]),
        (OK + b"\r\nall" + response(b"two"), None, [None, Ending.ANNOUNCED, Ending.ANNOUNCED]),
        (OK + b"\r\nall", ConnectionResetError(104, "x"), [Ending.RESET] * 3),
        (b"220 ready\r\n", None, [Ending.INVALID] * 3),
        (response(b"one") + b"\x00\x01", None, [None, Ending.GARBLED, Ending.GARBLED]),
        (response(b"one") + b"garbage" + response(b"two"), None, [None, Ending.GARBLED, Ending.GARBLED]),
        (OK + b"Content-Length: 1, 2\r\n\r\n", None, [Ending.INVALID] * 3),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", None, [Ending.DAMAGED] * 3),
        (response(b"one") + response(b"x", status=b"HTTP/1.1 408 Late\r\n"), None,
         [None, Ending.TIMED_OUT, Ending.TIMED_OUT]),
        (response(b"one") + response(b"x", status=b"HTTP/1.1 400 Bad\r\n"), None,
         [None, Ending.BAD_REQUEST, Ending.BAD_REQUEST]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 1 << 16])
async def test_how_a_lane_ends(
    wire: Wire, sent: bytes, error: Exception | None, endings: list[Ending | None], step: int
) -> None:
    found = wire.send("a", "b", "c")
    wire.transport.arrive(sent[at : at + step] for at in range(0, len(sent), step))
    wire.transport.end(error)
    assert wire.endings() == list(zip("abc", endings, strict=True))
    for place, outcome in enumerate(found):
        assert outcome.is_complete is (outcome.loss is None)
        assert outcome.loss is None or place == 0 or outcome.loss.is_free or outcome.loss.ending is not Ending.CLOSED
    (late,) = wire.send("late")
    assert late.loss is not None, "nothing can be sent any more"


async def test_an_end_that_was_announced_is_none_if_bytes_follow(wire: Wire) -> None:
    wire.send("a", "b")
    wire.transport.arrive([response(b"one", b"Connection: close\r\n") + b"more"])
    assert wire.endings() == [("a", None), ("b", Ending.EXCESS)]


async def test_a_400_to_a_request_that_was_alone_is_its_response(wire: Wire) -> None:
    wire.send("a")
    wire.transport.arrive([response(b"one")])
    (alone,) = wire.send("c")
    wire.transport.arrive([response(b"no", status=b"HTTP/1.1 400 Bad\r\n")])
    assert (alone.is_complete, alone.body) == (True, b"no")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_large_body_comes_in_pieces_and_the_next_response_behind_it(wire: Wire, framing: str) -> None:
    small, large, last = wire.send("small", "large", "last", gathered=10)
    body = b"0123456789abcdef"
    coded = {
        "length": response(body),
        "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\na\r\n6789abcdef\r\n0\r\n\r\n",
        "close": OK + b"X: y\r\n\r\n" + body,
    }[framing]
    wire.transport.arrive([response(b"0123456789"), *(coded[at : at + 3] for at in range(0, len(coded), 3))])
    assert (small.is_streamed, small.body) == (False, b"0123456789")
    assert (large.is_streamed, large.body, len(large.pieces) > 1) == (True, body, True)
    assert large.is_complete is (framing != "close")
    if framing == "close":
        wire.transport.end()
        assert large.is_complete
        assert last.loss == Loss(Ending.ANNOUNCED, "", is_broken=False, is_free=True)
    else:
        wire.transport.arrive([response(b"last")])
        assert (last.is_streamed, last.body) == (False, b"last")


async def test_a_receiver_that_has_enough_stops_the_reading_until_it_resumes(wire: Wire) -> None:
    (a,) = wire.send("a", gathered=0)
    wire.transport.arrive([response(bytes(100))[:60]])
    wire.lane.pause()
    wire.lane.pause()
    assert wire.transport.is_paused
    wire.lane.resume()
    wire.lane.resume()
    assert not wire.transport.is_paused
    wire.lane.pause()
    wire.transport.arrive([response(bytes(100))[60:]])
    assert a.is_complete
    assert not wire.transport.is_paused, "it is not the next response that is too much"


async def test_a_lane_whose_last_piece_was_too_much_is_read_again(wire: Wire) -> None:
    receiver = Recorder(lambda _outcome: wire.lane.pause())
    for name in ("a", "b"):
        wire.lane.send([receiver.request(name)])
        wire.transport.arrive([response(b"12345")[:-1], b"5"])
        assert receiver.named(name).is_complete
        assert not wire.transport.is_paused


async def test_the_owner_may_close_a_lane_at_any_time(wire: Wire) -> None:
    a, b = wire.send("a", "b")
    wire.transport.arrive([response(b"one")[:-1]])
    wire.lane.close()
    assert a.loss == Loss(Ending.ABANDONED, "", is_broken=True, is_free=False)
    assert b.loss == Loss(Ending.ABANDONED, "", is_broken=False, is_free=True)
    wire.lane.data_received(b"e")
    assert not a.is_complete
    wire.lane.pause()
    wire.lane.resume()
    wire.lane.close()


async def test_a_receiver_may_close_the_lane_on_which_its_body_arrives(wire: Wire) -> None:
    receiver = Recorder(lambda _outcome: wire.lane.close())
    first, second = receiver.request("a"), receiver.request("b")
    wire.lane.send([first, second])
    wire.transport.arrive([response(b"12345")[:-1]])
    assert [outcome.loss.ending for outcome in receiver.ends if outcome.loss] == [Ending.ABANDONED] * 2


async def test_silence_ends_a_lane_and_interim_responses_are_silence() -> None:
    async with wired(Patience(0.05)) as wire:
        a, b = wire.send("a", "b")
        wire.transport.arrive([b"HTTP/1.1 100 Continue\r\n\r\n"])
        await wire.receiver.is_over.wait()
        assert a.loss == Loss(Ending.SILENT, "", is_broken=False, is_free=False)
        assert b.loss == Loss(Ending.SILENT, "", is_broken=False, is_free=True)
        assert wire.transport.is_aborted


async def test_bytes_that_wait_for_a_busy_event_loop_are_not_silence() -> None:
    loop = asyncio.get_running_loop()
    async with wired(Patience(0.05)) as wire:
        (a,) = wire.send("a")
        until = loop.time() + 0.06
        while loop.time() < until:
            """Busy."""
        loop.call_later(0, wire.transport.arrive, [response(b"one")])
        await wire.receiver.is_over.wait()
        assert a.is_complete


async def test_an_idle_lane_may_be_silent() -> None:
    async with wired(Patience(0.02)) as idle, wired(Patience(0.04)) as other:
        idle.send("a")
        idle.transport.arrive([response(b"one")])
        other.send("later")
        await other.receiver.is_over.wait()
        assert not idle.transport.is_closing()
        idle.receiver.is_over.clear()
        (b,) = idle.send("b")
        await idle.receiver.is_over.wait()
        assert b.loss is not None
        assert b.loss.ending is Ending.SILENT


async def test_a_tls_alert_instead_of_the_first_response_says_why(wire: Wire) -> None:
    (a,) = wire.send("a")
    error = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
    error.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    wire.transport.end(error)
    assert a.loss is not None
    assert a.loss.ending is Ending.REFUSED_BY_TLS
    assert "--client-cert" in a.loss.detail


async def test_nothing_sent_is_nothing_expected(wire: Wire) -> None:
    wire.lane.send([])
    wire.transport.end()
    assert wire.receiver.ends == []


ROW = [b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\nabc"]


@pytest.mark.parametrize(
    ("pieces", "most", "extra", "lent"),
    [
        (ROW, 1 << 40, {}, 3_000_000 - 3),
        (ROW, 2_000_000, {}, 2_000_000),
        (ROW, limits.BULK_LEAST, {}, limits.BULK_LEAST),
        (ROW, limits.BULK_LEAST - 1, {}, None),
        (ROW, -1, {}, None),
        (ROW, 1 << 40, {"ssl_object": object()}, None),
        ([*ROW, bytes(2_999_997 - limits.BULK_LEAST + 1)], 1 << 40, {}, None),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], 1 << 40, {}, None),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"], 1 << 40, {}, None),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 30"], 1 << 40, {}, None),
    ],
    ids=["long", "limited", "least", "less", "too long", "tls", "the end", "chunked", "until the end", "no head"],
)
async def test_a_lane_lends_its_connection_for_the_rest_of_a_long_body(
    pieces: list[bytes], most: int, extra: dict[str, object], lent: int | None
) -> None:
    near, far = socket.socketpair()
    with near, far:
        lane = Lane(Patience(60), lambda _lane: None)
        transport, receiver = MemoryTransport(lane, {"socket": near, **extra}), Recorder()
        lane.send([receiver.request("a"), receiver.request("b")])
        transport.arrive(pieces)
        counts: list[int] = []
        bulk = lane.lend([b"x"], most, counts.append)
        assert (bulk is not None, transport.is_paused) == (lent is not None,) * 2
        assert lane.lend([], most, counts.append) is None, "only once"
        if bulk is not None:
            sending = asyncio.create_task(asyncio.to_thread(far.sendall, bytes(lent or 0)))
            written: list[int] = []
            memory = memoryview(bytearray(limits.BULK_PIECE))
            await asyncio.to_thread(bulk.receive, lambda data: written.append(len(data)), memory)
            await sending
            await asyncio.sleep(0)
            assert (sum(written), sum(counts), transport.is_paused) == (1 + (lent or 0), 1 + (lent or 0), False)
            transport.arrive([bytes(3_000_000 - 3 - (lent or 0)), response(b"two")])
            assert [each.is_complete for each in receiver.ends] == [True, True]
        lane.close()


async def test_a_request_on_a_connection_that_is_failing_is_lost_for_the_reason_of_that(wire: Wire) -> None:
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    wire.transport.fail(alert)
    (outcome,) = wire.send("a")
    assert (outcome.loss, wire.transport.written) == (None, b"")
    await asyncio.sleep(0)
    assert outcome.loss is not None
    assert outcome.loss.ending is Ending.REFUSED_BY_TLS
    assert "--client-cert" in outcome.loss.detail


@pytest.mark.parametrize(
    ("gathered", "arrived", "is_little"),
    [
        (0, b"", True),
        (0, b"HTTP/1.1 200 OK\r\nContent-Length: 9", True),
        (0, response(bytes(limits.BULK_LEAST))[: -limits.BULK_LEAST], True),
        (0, response(bytes(limits.BULK_LEAST - 1))[: 1 - limits.BULK_LEAST], False),
        (0, response(b"abc")[:-1], False),
        (100, b"", False),
        (100, b"HTTP/1.1 200 OK\r\nContent-Length: 9", False),
    ],
)
async def test_a_lane_reads_little_at_first_of_a_response_that_may_be_long(
    wire: Wire, gathered: int, arrived: bytes, is_little: bool
) -> None:
    """So nearly all of a body that another thread receives is left to it."""
    wire.send("a", gathered=gathered)
    wire.transport.arrive([arrived] if arrived else [])
    assert (len(wire.lane.get_buffer(-1)) < 64 * limits.KIB) is is_little


async def test_what_a_lane_has_read_stays_as_it_was_when_another_one_reads_into_the_same_memory(wire: Wire) -> None:
    (first,) = wire.send("a")
    async with wired(Patience(60)) as other:
        (second,) = other.send("b")
        for lane, body in ((wire.lane, b"one"), (other.lane, b"two")):
            data = response(body)
            lane.get_buffer(-1)[: len(data)] = data
            lane.buffer_updated(len(data))
    assert (first.body, second.body) == (b"one", b"two")
