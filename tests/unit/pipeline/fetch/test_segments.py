"""A large file in several streams: the body stays in order, whatever a server does to the ranges."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest
import stamina
from multidict import CIMultiDict

from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.interfaces import FetchedPage, Permit, Take
from crawler.model.values import Job, Outcome, Result, Span, Staged, Validators
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.fetch.segments import SegmentConnections
from tests.support.fakes import FakeDestination, Recorder, nothing_refused

KIB = limits.KIB
SIZE = 40 * KIB
"""Ten times the smallest body that is fetched in ranges."""
MEMORY = 16 * KIB
PIECE = 1000
"""Number of bytes that arrive at once."""


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything in KiB instead of MiB; retries happen at once."""
    for name, value in (("SMALL_BODY", 1), ("SEGMENTED_BODY", 4), ("PIECE_LEAST", 1), ("PIECES_AHEAD", 16)):
        monkeypatch.setattr(limits, name, value * KIB)
    monkeypatch.setattr(limits, "DOUBTED", 64)
    with stamina.set_testing(True, attempts=99, cap=True):
        yield


@cache
def body(size: int, version: int = 1) -> bytes:
    return random.Random(f"{size}/{version}").randbytes(size)


@dataclass(slots=True, kw_only=True)
class Request:
    """One request, and how its response is used."""

    url: str
    start: int
    end: int
    ranged: bool
    bounded: bool
    """Whether the requested range ends, or may end, before the file does."""
    number: int
    """Number of this request among those for its URL, from 0."""
    beside: int
    """Number of other streams of this URL."""
    status: int | None = None
    cut: int | None = None
    """Number of bytes after which the body is cut; None: complete."""
    silent: bool = False
    """Whether the cut looks like the regular end."""
    refused: bool = False
    pace: int = 1
    """Iterations of the event loop for each chunk and for the end."""
    sent: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    shift: int = 0
    """Number of bytes by which the range starts too early."""


class Response:
    """Implements ``interfaces.Reply``."""

    turn = None

    def __init__(
        self, request: Request, status: int, headers: Mapping[str, str], data: bytes, leave: Callable[[], None]
    ):
        self.status, self.url, self.headers = status, request.url, CIMultiDict(headers)
        self.release = leave
        self._request, self._data = request, data

    async def read(self, limit: int) -> bytes:
        raise AssertionError("no body here is small")

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._data), PIECE):
            await self._pause()
            chunk = self._data[start : start + PIECE]
            self._request.sent += len(chunk)
            yield chunk
        await self._pause()
        if self._request.cut is not None and not self._request.silent:
            raise FetchError("the body was cut short", url=self.url)

    def bulk(self, most: int, received: Callable[[int], None]) -> None:
        """The body comes in chunks."""

    async def _pause(self) -> None:
        for _ in range(self._request.pace):
            await asyncio.sleep(0)


class Network:
    """Implements ``interfaces.Client``: files of ``size`` bytes, ranges, and no more connections than it has.

    ``trouble`` may change a request; ``version`` is the current version on the server.
    """

    def __init__(self, size: int = SIZE, connections: int = 16) -> None:
        self.size = size
        self.version = 1
        self.headers = {"Accept-Ranges": "bytes"}
        self.trouble: Callable[[Request], None] = lambda request: None
        self.slow: Callable[[Request], int] = lambda request: 0
        """Iterations of the event loop before a request gets its response."""
        self.requests: list[Request] = []
        self.open_streams: list[str] = []
        self.most = self.most_of_one = 0
        self._connections = asyncio.Semaphore(connections)

    @asynccontextmanager
    async def open(
        self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit
    ) -> AsyncIterator[Response]:
        assert method == "GET"
        await self._connections.acquire()
        self.open_streams.append(url)
        self.most = max(self.most, len(self.open_streams))
        self.most_of_one = max(self.most_of_one, self.open_streams.count(url))
        holding = True

        def leave() -> None:
            nonlocal holding
            if holding:
                holding = False
                self.open_streams.remove(url)
                self._connections.release()

        try:
            request = self._record(url, headers)
            self.trouble(request)
            for _ in range(self.slow(request) + 1):
                await asyncio.sleep(0)
            if request.refused:
                raise FetchError("cannot connect", url=url, connection=True)
            yield self._response(request, headers, leave)
        finally:
            leave()

    def _record(self, url: str, headers: Mapping[str, str]) -> Request:
        ranged = "Range" in headers
        first, _, last = headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        number = sum(other.url == url for other in self.requests)
        request = Request(
            url=url,
            start=int(first),
            end=int(last) + 1 if last else self.size,
            ranged=ranged,
            bounded=bool(last),
            number=number,
            beside=self.open_streams.count(url) - 1,
        )
        self.requests.append(request)
        return request

    def _response(self, request: Request, headers: Mapping[str, str], leave: Callable[[], None]) -> Response:
        whole = body(self.size, self.version)
        valid = request.ranged and headers["If-Range"] == f'"{self.version}"'
        status = request.status or (206 if valid else 200)
        start, end = (request.start - request.shift, request.end - request.shift) if status == 206 else (0, self.size)
        data = whole[start:end] if status in (200, 206) else b""
        given = self.headers | {"ETag": f'"{self.version}"', "Content-Length": str(len(data))}
        if status == 206:
            given["Content-Range"] = f"bytes {start}-{end - 1}/{self.size}"
        return Response(request, status, given | request.headers, data[: request.cut], leave)

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        most: int | None = None,
        take: Take | None = None,
    ) -> FetchedPage:
        raise AssertionError("nobody reads listings here")


async def no_listing(_body: bytes, _url: str, _content_type: str) -> bool:
    return False


class Run:
    """Transfers over ``network``, ``workers`` at once."""

    def __init__(
        self, network: Network, *, segments: int = 4, workers: int = 16, attempts: int = 3, memory: int = MEMORY
    ) -> None:
        self.network = network
        self.workers, self.memory = workers, memory
        self.destination = FakeDestination()
        self.observer = Recorder()
        self.connections = SegmentConnections(most=segments, free=workers, memory=memory)
        self.downloader = Downloader(
            client=network,
            destination=self.destination,
            observer=self.observer,
            permit=nothing_refused,
            attempts=attempts,
            is_listing=no_listing,
            connections=self.connections,
        )

    async def fetch(self, *names: str) -> list[Result | Staged]:
        size = self.network.size
        jobs = asyncio.Queue[Job]()
        for name in names or ("a.bin",):
            jobs.put_nowait(Job(url=f"http://h/{name}", path=name, reason="new", size=Span(size, size)))
        done: list[Result | Staged] = []

        async def worker() -> None:
            while not jobs.empty():
                done.append(await self.downloader.process(jobs.get_nowait()))

        async with asyncio.timeout(60):
            await asyncio.gather(*(worker() for _ in range(self.workers)))
        self.check()
        return done

    def check(self) -> None:
        """Assert that all resources have been released."""
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert self.network.open_streams == []
        assert (self.connections.free, self.connections.memory) == (self.workers, self.memory)

    async def saved(self) -> bytes:
        """The body of the only file."""
        (done,) = await self.fetch()
        assert isinstance(done, Staged), done
        return self.destination.finished[done.part]

    @property
    def wasted(self) -> int:
        return sum(request.sent for request in self.network.requests) - self.network.size


async def test_a_large_body_comes_over_several_connections_and_in_its_order() -> None:
    network = Network()
    assert await Run(network, segments=4).saved() == body(SIZE)
    assert network.most_of_one == 4
    first, *others = network.requests
    assert not first.ranged
    assert first.sent < SIZE // 2
    assert all(request.ranged and request.end - request.start <= MEMORY for request in others)


async def test_every_byte_that_arrives_is_counted_when_it_arrives() -> None:
    network = Network()
    run = Run(network)
    (done,) = await run.fetch()
    assert isinstance(done, Staged)
    assert done.result.received == sum(request.sent for request in network.requests) >= SIZE


@pytest.mark.parametrize(
    ("headers", "size", "segments"),
    [
        ({"Accept-Ranges": "bytes"}, SIZE, 1),
        ({"Accept-Ranges": "bytes"}, 3 * KIB, 8),
        ({"Accept-Ranges": "none"}, SIZE, 8),
        ({}, SIZE, 8),
        ({"Accept-Ranges": "bytes", "ETag": 'W/"1"'}, SIZE, 8),
    ],
    ids=["not asked for", "small", "no ranges", "not a word of ranges", "weak ETag"],
)
async def test_everything_else_comes_in_one_stream(headers: dict[str, str], size: int, segments: int) -> None:
    network = Network(size)
    network.headers = {"Accept-Ranges": headers.get("Accept-Ranges", "")}
    network.trouble = lambda request: request.headers.update(headers)
    assert await Run(network, segments=segments).saved() == body(size)
    assert len(network.requests) == 1


async def test_only_a_truncated_range_is_requested_again() -> None:
    network = Network()

    def trouble(request: Request) -> None:
        if request.number == 2:
            request.cut = 1500

    network.trouble = trouble
    run = Run(network)
    assert await run.saved() == body(SIZE)
    cut = network.requests[2]
    again = [request for request in network.requests if request.end == cut.end and request is not cut]
    assert [request.start for request in again] == [cut.start + 1500]
    assert sum(not request.ranged for request in network.requests) == 1
    assert run.wasted <= 2 * PIECE


async def test_a_truncated_first_stream_is_replaced_by_a_range() -> None:
    network = Network()

    def trouble(request: Request) -> None:
        if request.number == 0:
            request.cut = 2000

    network.trouble = trouble
    run = Run(network)
    assert await run.saved() == body(SIZE)
    assert sum(request.start == 2000 for request in network.requests) == 1
    assert run.wasted == 0


def fails_at(place: int) -> Callable[[Request], None]:
    """Ranges that contain the byte at ``place`` get a 500."""

    def trouble(request: Request) -> None:
        if request.bounded and request.start <= place < request.end:
            request.status = 500

    return trouble


async def test_a_range_that_never_comes_is_requested_so_many_times_and_then_the_rest_in_one_stream() -> None:
    network = Network()
    network.trouble = fails_at(SIZE // 2)
    assert await Run(network, attempts=3).saved() == body(SIZE)
    assert sum(request.status == 500 for request in network.requests) == 1 + 3
    last = network.requests[-1]
    assert last.ranged
    assert not last.bounded
    assert last.start == min(request.start for request in network.requests if request.status == 500)


async def test_with_one_attempt_a_range_that_never_comes_fails_the_file() -> None:
    network = Network()
    network.trouble = fails_at(SIZE // 2)
    (done,) = await Run(network, attempts=1).fetch()
    assert isinstance(done, Result)
    assert (done.outcome, done.reason) == (Outcome.FAILED, "HTTP 500")
    assert sum(request.status == 500 for request in network.requests) == 2


async def test_a_server_that_allows_two_connections_is_soon_left_alone_with_two() -> None:
    network = Network(400 * KIB)

    def trouble(request: Request) -> None:
        if request.beside > 1:
            request.status = 503

    network.trouble = trouble
    assert await Run(network, segments=8).saved() == body(network.size)
    assert network.requests[0].sent < network.size // 2
    assert sum(request.status == 503 for request in network.requests) < 8


LIES = {
    "ignores the range": lambda request: setattr(request, "status", 200),
    "refuses the range": lambda request: setattr(request, "status", 416),
    "an earlier range": lambda request: setattr(request, "shift", 100),
    "another total": lambda request: request.headers.update(
        {"Content-Range": f"bytes {request.start}-{request.end - 1}/{SIZE + 1}"}
    ),
    "another version": lambda request: request.headers.update({"ETag": '"x"'}),
    "no version": lambda request: request.headers.update({"ETag": ""}),
    "an encoded piece": lambda request: request.headers.update({"Content-Encoding": "gzip"}),
    "too long a piece": lambda request: request.headers.update({"Content-Length": "99999"}),
    "gone": lambda request: setattr(request, "status", 404),
}


@pytest.mark.parametrize("from_number", [1, 4])
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_response_that_is_not_exactly_the_range_leads_to_one_stream(
    lie: Callable[[Request], None], from_number: int
) -> None:
    network = Network()

    def trouble(request: Request) -> None:
        if request.number >= from_number and request.bounded:
            lie(request)

    network.trouble = trouble
    run = Run(network)
    assert await run.saved() == body(SIZE)
    assert sum(request.bounded for request in network.requests) <= from_number + 3, "and no more pieces"
    assert not any(request.sent for request in network.requests if request.bounded and request.number >= from_number)


@pytest.mark.parametrize("from_number", range(1, 12))
async def test_a_file_that_is_replaced_meanwhile_is_the_old_one_or_the_new_one(from_number: int) -> None:
    network = Network()

    def trouble(request: Request) -> None:
        network.version = 1 + (request.number >= from_number)

    network.trouble = trouble
    run = Run(network)
    (done,) = await run.fetch()
    assert isinstance(done, Staged)
    assert done.result.known is not None
    version = 1 if done.result.known.validators.etag == '"1"' else 2
    assert run.destination.finished[done.part] == body(SIZE, version)


async def test_a_first_stream_is_not_left_for_ranges_once_one_of_them_was_of_another_version() -> None:
    network = Network()

    def trouble(request: Request) -> None:
        network.version = 1 + (request.number >= 2)
        request.pace = 50 if request.number == 0 else 1

    network.trouble = trouble
    assert await Run(network).saved() == body(SIZE, 1)
    assert network.requests[0].sent == SIZE


@pytest.mark.parametrize(("workers", "segments", "connections"), [(1, 8, 1), (2, 8, 2), (4, 8, 2), (3, 2, 1)])
async def test_transfers_that_all_want_more_connections_than_there_are_do_not_wait_for_each_other(
    workers: int, segments: int, connections: int
) -> None:
    network = Network(connections=connections)
    run = Run(network, segments=segments, workers=workers)
    names = [f"{number}.bin" for number in range(6)]
    done = await run.fetch(*names)
    assert sorted(one.path if isinstance(one, Result) else one.job.path for one in done) == names
    assert all(found == body(SIZE) for found in run.destination.finished.values())
    assert len(run.destination.finished) == len(names)
    assert network.most <= min(workers, connections)


async def test_ranges_use_connections_that_no_transfer_wants() -> None:
    network = Network()
    run = Run(network, segments=4, workers=4)
    await run.fetch("a", "b", "c", "d", "e")
    assert [request.bounded for request in network.requests[:4]] == [False] * 4
    assert network.most == 4


async def test_what_arrives_before_its_turn_is_bounded() -> None:
    network = Network(400 * KIB)
    least = MEMORY

    def look(request: Request) -> None:
        nonlocal least
        least = min(least, run.connections.memory)
        if not request.ranged:
            request.pace = 1000

    network.trouble = look
    run = Run(network, segments=8)
    assert await run.saved() == body(network.size)
    assert 0 <= least <= KIB, "and all of it is used, if that helps"


@pytest.mark.parametrize("pace", [1, 70], ids=["before its turn", "in its turn"])
async def test_a_range_that_is_requested_again_takes_the_place_of_the_next_stream_that_ends(pace: int) -> None:
    network = Network(400 * KIB)

    def trouble(request: Request) -> None:
        request.pace = 20 if request.ranged else 1
        if request.number == 2:
            request.pace, request.cut = pace, 0

    network.trouble = trouble
    assert await Run(network, segments=4, memory=4 * MEMORY).saved() == body(network.size)
    assert network.most_of_one == 4
    number, again = (request.number for request in network.requests if request.start == network.requests[2].start)
    assert number == 2
    assert again <= (6 if pace == 1 else 9)


async def test_a_first_stream_takes_over_what_does_not_begin_to_arrive() -> None:
    network = Network()
    network.slow = lambda request: 10_000 if request.ranged else 0
    run = Run(network)
    assert await run.saved() == body(SIZE)
    assert run.wasted == 0
    assert network.requests[0].sent == SIZE


@pytest.mark.parametrize("turns", range(1, 60, 3))
async def test_a_transfer_that_is_cancelled_leaves_nothing_behind(turns: int) -> None:
    network = Network()
    chance = random.Random(turns)
    network.slow = lambda request: chance.randrange(12)
    run = Run(network)
    job = Job(url="http://h/a.bin", path="a.bin", reason="new", size=Span(SIZE, SIZE))
    task = asyncio.create_task(run.downloader.process(job))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    run.check()
    kept, _ = run.destination.parts.get("a.bin", (b"", None))
    assert body(SIZE).startswith(kept)


FAULTS: tuple[Callable[[Request, random.Random], None], ...] = (
    lambda request, chance: setattr(request, "cut", chance.randrange(3000)),
    lambda request, chance: (setattr(request, "cut", chance.randrange(3000)), setattr(request, "silent", True)),  # type: ignore[func-returns-value]
    lambda request, chance: setattr(request, "refused", True),
    lambda request, chance: setattr(request, "status", chance.choice([500, 503, 429, 404])),
    lambda request, chance: request.bounded and chance.choice(list(LIES.values()))(request),
)


@pytest.mark.parametrize("seed", range(150))
async def test_whatever_happens_a_file_is_right_or_its_failure_is_reported(seed: int) -> None:
    chance = random.Random(seed)
    network = Network(chance.randrange(2 * KIB, 90 * KIB), connections=chance.randrange(1, 9))
    often = chance.choice([0, 0.05, 0.2, 0.5])
    changes = chance.choice([0, 0, 0.05])
    network.slow = lambda request: chance.randrange(chance.choice([1, 5, 50]))

    def trouble(request: Request) -> None:
        network.version += chance.random() < changes
        if chance.random() < often:
            chance.choice(FAULTS)(request, chance)

    network.trouble = trouble
    workers = chance.randrange(1, 7)
    run = Run(network, segments=chance.randrange(2, 9), workers=workers, attempts=chance.randrange(1, 5))
    names = [f"{number}.bin" for number in range(chance.randrange(1, 5))]
    done = await run.fetch(*names)
    assert len(done) == len(names)
    for one in done:
        if isinstance(one, Result):
            assert one.outcome is Outcome.FAILED
            assert one.reason
            continue
        assert one.result.known is not None
        version = int((one.result.known.validators.etag or "").strip('"'))
        assert run.destination.finished[one.part] == body(network.size, version)
    assert network.most_of_one <= run.connections.most
    assert often or changes or len(run.destination.finished) == len(names)
