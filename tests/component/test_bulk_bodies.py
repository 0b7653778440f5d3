"""Long bodies that a thread receives and stores, compared with the same bodies that arrive in pieces."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import resource
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import stamina
import uvloop
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.http.client import ClientOptions, HttpClient
from crawler.http.lane import exchange
from crawler.http.lane.bulk.receiver import BulkReceiver
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model import limits
from crawler.model.errors import DestinationError
from crawler.model.values import Job, Span, Staged, Validators
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.fetch.segments import SegmentConnections
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.incoming import part_threads
from crawler.storage.directory.incoming.filler import Filler
from crawler.storage.directory.incoming.part_file import PartFile
from crawler.storage.directory.incoming.part_threads import PartThreads
from crawler.storage.directory.incoming.part_writer import LocalPart
from crawler.storage.directory.incoming.parts import PartStore
from tests.contract.destination import pattern, sha256
from tests.support import scratch
from tests.support.fakes import Recorder, nothing_refused
from tests.support.misbehaving.behaviours import Sending, Wire
from tests.support.misbehaving.responses import Response
from tests.support.misbehaving.server import Site

KIB = limits.KIB
FIRST_READ = 256 * KIB
"""What the event loop reads at once."""
ALONE = 16 * KIB
"""The same at first, for a response that belongs to no batch."""
SILENCE = 1.0
FILLED = 20
"""Number of bytes of another response that fill the rest of a body."""
EXTRA = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script(Sending):
    """Sends the first ``count`` bytes of a body in ``pieces`` of these sizes, and then does what ``fault`` says."""

    count: int
    pieces: Sequence[int] = (1 << 20,)
    fault: str = ""
    stop: Callable[[], None] = lambda: None
    is_stored: Callable[[int], bool] = lambda _count: True
    """Whether nearly so many bytes are on the disk."""

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        place, count = 0, min(self.count, len(response.body)) - (FILLED if self.fault == "merged" else 0)
        for size in itertools.cycle(self.pieces):
            if place >= count:
                break
            await wire.body(response.body[place : min(count, place + size)], response)
            place += size
            await asyncio.sleep(0)
        match self.fault:
            case "reset":
                await wire.reset()
            case "silence":
                await wire.gone()
            case "stop":
                while not self.is_stored(count):  # noqa: ASYNC110 - a file is no event
                    await asyncio.sleep(0.001)
                self.stop()
                await wire.gone()
            case "excess" | "merged":
                await wire.raw(EXTRA)
        return self.fault in {"", "excess", "merged"}


class Case(NamedTuple):
    """A body and what happens to it in the first response; later ones are right."""

    length: int
    at: float = 1.0
    """The part of the body that is sent."""
    pieces: Sequence[int] = (1 << 20,)
    fault: str = ""
    disk: int = 0
    """errno of the first write after half of the body; 0: none fails."""
    is_listed: bool = True
    """Whether the listing shows the size."""
    attempts: int = 2
    has_idle_processor: bool = True
    """Whether pieces are hashed and written in threads of their own."""


class Found(NamedTuple):
    """What became of a file."""

    how: str
    digest: str | None
    ranges: list[str | None]
    """The Range of each request."""
    is_fully_counted: bool
    """Whether the observer saw all bytes of the body, once."""
    connections: int


class Counted(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def received(self, job: Job, count: int) -> None:
        assert count > 0
        self.count += count


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Limits that need no long bodies. Attempts follow each other at once."""
    sizes = {"BULK_LEAST": 32, "BULK_PIECE": 64, "BULK_STAGED": 32, "BODY_CHUNK": 17, "SMALL_BODY": 8, "DOUBTED": 20}
    for name, size in sizes.items():
        monkeypatch.setattr(limits, name, size * KIB)
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 200 * KIB)
    monkeypatch.setattr(limits, "SEGMENTED_BODY", 100 * KIB)
    monkeypatch.setattr(exchange, "_ENOUGH", KIB)  # the event loop reads only once before a thread begins
    with stamina.set_testing(True, attempts=99, cap=True):
        yield


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(scope="module", params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as made:
        yield made


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[BulkReceiver]:
    """The receivers that were used."""
    receivers: list[BulkReceiver] = []
    receive = BulkReceiver.receive

    def noted(self: BulkReceiver, write: Any, memory: memoryview) -> None:
        receivers.append(self)
        receive(self, write, memory)

    monkeypatch.setattr(BulkReceiver, "receive", noted)
    return receivers


async def fetched(
    site: Site,
    case: Case,
    directory: Path,
    *,
    rates: RateLimits | None = None,
    segments: int = 1,
    script: Script | None = None,
) -> Found:
    """Fetch the file of ``case``, and once more if the run was stopped or the disk failed.

    ``script``: what happens first, instead of what ``case`` says.
    """
    body = pattern(case.length)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    stop = lambda: loop.call_soon_threadsafe(task.cancel) and None  # noqa: E731
    site.log.clear()
    before = site.connections

    def is_stored(count: int) -> bool:
        sizes = [part.stat().st_size for part in (directory / ".crawler/parts").glob("*.part")]
        return not sizes or sizes[0] >= count - 2 * limits.BODY_CHUNK

    count = int(case.length * case.at)
    own = Script(count=count, pieces=case.pieces, fault=case.fault, stop=stop, is_stored=is_stored, times=1)
    site.file("big.bin", body, script or own)
    observer = Counted()
    size = Span(case.length, case.length) if case.is_listed else None
    job = Job(url=f"{site.url}big.bin", path="big.bin", reason="new", size=size, row="r")
    options = ClientOptions(user_agent="t", read_timeout=SILENCE if case.fault == "silence" else 60.0)
    how, done = "", None
    while done is None:
        async with (
            LocalDestination(directory, fsync="none") as destination,
            HttpClient(options, Gate(4, rates)) as client,
        ):
            await destination.acquire(0)
            downloader = Downloader(
                client=client,
                destination=destination,
                observer=observer,
                permit=nothing_refused,
                attempts=case.attempts,
                connections=SegmentConnections(most=segments, free=4),
                is_listing=lambda *_: asyncio.sleep(0, False),
            )
            try:
                done = await downloader.process(job)
            except asyncio.CancelledError:
                task.uncancel()
                how += "stopped, "
            except DestinationError as error:
                how += f"{str(error).partition(': ')[2]}, "
            check_part(directory, body[: -FILLED if case.fault == "merged" else None])
    result = done.result if isinstance(done, Staged) else done
    how += f"{result.outcome} {result.reason}"
    if isinstance(done, Staged):
        assert (directory / ".crawler/parts" / done.part).read_bytes() == body
    ranges = [request.headers.get("range") for request in site.log]
    is_counted = observer.count == (case.length if result.digest else result.received)
    return Found(how, result.digest, ranges, is_counted, site.connections - before)


def check_part(directory: Path, body: bytes) -> None:
    """Assert that what is left is proven by a note, and is the beginning of ``body``, or all of it and other bytes.

    A later run goes on before what may be another response at the end of a part. A note about such bytes no longer
    proves the part if this run has gone on there.
    """
    for note in (directory / ".crawler/parts").glob("*.json"):
        told = json.loads(note.read_text())
        part = note.with_suffix("").read_bytes()
        assert part[: told["offset"]][: len(body)] == body[: told["offset"]]
        if told["offset"] <= len(body):
            assert sha256(part[: told["offset"]]) == f"sha256:{told['digest']}"


class Disk:
    """Fails one write of a part, once ``after`` bytes have been written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, after: int) -> None:
        self._left, self._number, self._write = after, number, os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self._number and len(data) > KIB:
            self._left -= len(data)
            if self._left < 0:
                number, self._number = self._number, 0
                raise OSError(number, os.strerror(number))
        return self._write(descriptor, data)


def all_ways(site: Site, runner: asyncio.Runner, case: Case) -> list[Found]:
    """What becomes of the file of ``case`` in a process, in a thread, and in pieces."""
    found = []
    for least, is_processed in ((limits.BULK_LEAST, True), (limits.BULK_LEAST, False), (1 << 60, False)):
        may_fail = case.disk == errno.EFBIG and case.is_listed and case.length > 2 * limits.BULK_LEAST
        if is_processed and case.disk and not may_fail:
            continue  # no such error can be had there
        with pytest.MonkeyPatch.context() as patch, scratch.directory() as directory:
            patch.setattr(limits, "BULK_LEAST", least)
            patch.setattr(PartThreads, "has_idle_processor", case.has_idle_processor)
            if is_processed:
                use_processes(patch, most=case.length // 2 if case.disk else 1 << 40)
            elif case.disk:
                Disk(patch, case.disk, case.length // 2)
            found.append(runner.run(fetched(site, case, directory)))
    return found


def use_processes(patch: pytest.MonkeyPatch, *, most: int = 1 << 40) -> list[Filler]:
    """Have a process receive all bodies, of which it can write ``most`` bytes; returns what has been started."""
    started: list[Filler] = []
    real = LocalPart._may_go_elsewhere

    def start(self: LocalPart) -> bool:
        while self._fillers._before > 0:
            self._fillers.note(self._store.directory)
            started[:] = self._fillers._fillers
            for each in started:
                resource.prlimit(each._process.number, resource.RLIMIT_FSIZE, (most, most))
        return real(self)

    patch.setattr(limits, "BULK_STAGED", 1 << 40)
    patch.setattr(part_threads, "_PROCESSES", 1)
    patch.setattr(LocalPart, "_may_go_elsewhere", start)
    return started


LENGTHS = [
    FIRST_READ, FIRST_READ + 36 * KIB - 1, FIRST_READ + 36 * KIB, FIRST_READ + 36 * KIB + 1, FIRST_READ + 100_001,
    3 * FIRST_READ, 700_001, ALONE, ALONE + 36 * KIB - 1, ALONE + 36 * KIB,
]  # fmt: skip
CASES = st.builds(
    Case,
    length=st.sampled_from(LENGTHS),
    at=st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.99, 0.999999]),
    pieces=st.lists(st.sampled_from([1000, 16 * KIB, 70_000, FIRST_READ, 1 << 20]), min_size=1, max_size=3),
    fault=st.sampled_from(["", "", "end", "end", "reset", "stop", "stop", "excess", "merged", "silence"]),
    disk=st.sampled_from([0, 0, 0, errno.ENOSPC, errno.EIO, errno.EFBIG]),
    is_listed=st.booleans(),
    attempts=st.sampled_from([1, 2, 2]),
    has_idle_processor=st.booleans(),
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(CASES)
@example(Case(700_001))
@example(Case(700_001, 0.8, fault="end", has_idle_processor=False))
@example(Case(700_001, fault="excess"))
@example(Case(700_001, fault="merged"))
@example(Case(FIRST_READ, pieces=[1000], fault="merged", attempts=1))
@example(Case(700_001, 0.8, fault="silence"))
@example(Case(700_001, 0.8, fault="silence", attempts=1))
@example(Case(700_001, 0.8, fault="reset"))
@example(Case(700_001, 0.8, fault="reset", attempts=1))
@example(Case(700_001, 0.8, fault="stop"))
@example(Case(700_001, disk=errno.ENOSPC))
@example(Case(700_001, disk=errno.EFBIG, has_idle_processor=False))
def test_a_process_and_a_thread_make_the_same_of_any_body(site: Site, runner: asyncio.Runner, case: Case) -> None:
    if (
        case.disk
    ):  # of two reasons for a failure, the first one is a matter of chance, and so is the size of small writes
        case = case._replace(fault="", pieces=[FIRST_READ])
    if case.fault in {"", "excess", "merged"}:
        case = case._replace(at=1.0)
    found = all_ways(site, runner, case)
    if case.fault in {"reset", "stop", "merged"} or case.disk:  # how much was read or stored is a matter of chance
        found = [each._replace(ranges=[], connections=0, is_fully_counted=False) for each in found]
    assert found == len(found) * [found[-1]]
    assert found[-1].is_fully_counted or case.disk or case.fault in {"reset", "stop", "merged"}


@pytest.mark.parametrize(
    ("options", "is_used"),
    [({}, True), ({"rates": RateLimits.per_second(None, 1 << 40)}, False), ({"segments": 2}, False)],
    ids=["plain", "with a limit of the rate", "in segments"],
)
async def test_a_body_that_is_read_in_another_way_is_left_to_it(
    site: Site, tmp_path: Path, used: list[BulkReceiver], options: dict[str, Any], is_used: bool
) -> None:
    found = await fetched(site, Case(700_001), tmp_path, **options)
    assert (found.digest, bool(used)) == (sha256(pattern(700_001)), is_used)


@pytest.mark.parametrize(("has_idle_processor", "pieces"), [(False, 1), (True, 4)])
async def test_what_threads_have_written_is_noted_again_and_again(
    site: Site,
    tmp_path: Path,
    used: list[BulkReceiver],
    monkeypatch: pytest.MonkeyPatch,
    has_idle_processor: bool,
    pieces: int,
) -> None:
    """So a killed run loses no more than the last part of a body, and pieces that are being hashed or written."""
    monkeypatch.setattr(PartThreads, "has_idle_processor", has_idle_processor)
    noted: list[int] = []
    write_note = PartStore.write_note

    def note(self: PartStore, name: str, file: PartFile, job: Job, validators: Validators) -> bool:
        noted.append(file.written)
        return write_note(self, name, file, job, validators)

    monkeypatch.setattr(PartStore, "write_note", note)
    await fetched(site, Case(4 * FIRST_READ), tmp_path)
    assert used
    assert noted
    largest = max(later - earlier for earlier, later in itertools.pairwise([0, *noted, 4 * FIRST_READ]))
    assert largest <= limits.CHECKPOINT_BYTES + pieces * limits.BULK_PIECE + 36 * KIB


def test_the_number_of_threads_that_receive_is_limited() -> None:
    with PartThreads() as threads:
        reserved = [thread for _ in range(100) if (thread := threads.reserve()) is not None]
        assert len(reserved) == len(set(reserved)) == 16
        assert not threads.has_idle_processor
        threads.free(reserved[3])
        assert [threads.reserve(), threads.reserve()] == [reserved[3], None]


async def test_without_more_threads_a_body_arrives_in_pieces(
    site: Site, tmp_path: Path, used: list[BulkReceiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("destination-fill"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    found = await fetched(site, Case(700_001), tmp_path)
    assert (found.digest, used) == (sha256(pattern(700_001)), [])
