"""Naming finished bodies in batches within limits; each of them is reported once, whatever happens."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.columns.new_files import NewFiles, SavedFiles
from crawler.model.errors import DestinationError
from crawler.model.values import Job, Kind, Known, Local, Outcome, Result, Staged
from crawler.pipeline.save.committer import Committer
from tests.support.fakes import FakeDestination, MemoryState, Recorder
from tests.support.new_files import plain_files


def staged(path: str, body: bytes = b"x") -> Staged:
    job = Job(url=f"http://h/{path}", path=path, reason="new")
    known = Known(path=path, url=job.url, row="", size=len(body), mtime=0)
    result = Result(path=path, url=job.url, outcome=Outcome.SAVED, reason="new", size=len(body), known=known)
    return Staged(job=job, part="", body=body, size=len(body), mtime=7, result=result)


class SlowDestination(FakeDestination):
    """A disk that accepts a batch only when a test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = asyncio.Event()
        self.ready = asyncio.Event()

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        self.busy.set()
        await self.ready.wait()
        return await super().commit(batch)


class Stage:
    """A committer and its collaborators."""

    def __init__(self, destination: FakeDestination | None = None) -> None:
        self.destination = destination or FakeDestination()
        self.state = MemoryState()
        self.observer = Recorder()
        self.committer = Committer(self.destination, self.state, self.observer)
        self.run = asyncio.create_task(self.committer.run())

    async def end(self) -> None:
        self.committer.close()
        await self.run


async def test_everything_taken_has_its_name_at_the_end() -> None:
    stage = Stage()
    for number in range(10):
        await stage.committer.put(staged(str(number)))
    await stage.end()
    names = {str(number) for number in range(10)}
    assert stage.destination.files.keys() == stage.state.files.keys() == names
    assert stage.observer.outcomes() == dict.fromkeys(names, "saved")
    assert stage.state.files["0"].mtime == 7, "what is remembered is what lies on the disk"


async def test_new_files_are_named_reported_and_recorded_with_all_others() -> None:
    stage = Stage()
    failed = replace(staged("f").result, outcome=Outcome.FAILED, known=None)
    await stage.committer.put(plain_files("a", "b"), failed, staged("x"), plain_files("d/c"))
    await stage.committer.drain()
    assert stage.destination.batches == [["a", "b", "d/c"], ["x"]], "new ones together, all others after them"
    await stage.end()
    assert stage.destination.files.keys() == stage.state.files.keys() == {"a", "b", "d/c", "x"}
    assert stage.observer.outcomes() == dict.fromkeys(("a", "b", "d/c", "x"), "saved") | {"f": "failed"}
    assert stage.state.doubted == []


async def test_records_of_new_files_are_doubted_if_any_file_was_known() -> None:
    stage = Stage()
    stage.state.files["old"] = Known(path="old", url="", row="", size=1, mtime=1)
    await stage.committer.put(plain_files("a", "b"))
    await stage.end()
    assert stage.state.doubted == ["a", "b"]


async def test_new_files_that_gathered_while_a_batch_was_lost_fail_too() -> None:
    stage = Stage(slow := SlowDestination())
    slow.full_at = "b"
    await stage.committer.put(plain_files("a", "b"), staged("x"))
    await asyncio.wait_for(slow.busy.wait(), 60)
    await stage.committer.put(plain_files("c"))
    slow.ready.set()
    with pytest.raises(DestinationError):
        await stage.run
    assert stage.observer.outcomes() == {"a": "saved", "b": "failed", "c": "failed", "x": "failed"}


async def test_columns_of_records_are_recorded_and_reported_as_they_are() -> None:
    class WithColumns(FakeDestination):
        async def commit(self, batch: Sequence[Staged]) -> Sequence[Known | str]:
            await super().commit(batch)
            assert isinstance(batch, NewFiles)
            return SavedFiles(batch.columns, [f"sha256:{place}" for place in range(len(batch))])

    stage = Stage(WithColumns())
    await stage.committer.put(plain_files("a", "b"))
    await stage.end()
    assert [known.digest for known in stage.state.files.values()] == ["sha256:0", "sha256:1"]
    assert stage.observer.outcomes() == {"a": "saved", "b": "saved"}


async def test_bodies_that_are_stored_leave_memory_before_they_are_recorded() -> None:
    """Others need the room, and the next batch may take long."""

    class Body:
        start = 0

        def read(self) -> bytes:
            return b"x"

    class Looking(SlowDestination):
        async def commit(self, batch: Sequence[Staged]) -> Sequence[Known | str]:  # type: ignore[override]
            kept.append((body() is not None, len(stage.observer.results)))
            await super().commit(batch)
            assert isinstance(batch, NewFiles)
            return SavedFiles(batch.columns, ["sha256:0"] * len(batch))

    kept, first = list[tuple[bool, int]](), NewFiles(plain_files("a").columns, [Body()])
    body = weakref.ref(first.bodies[0])
    stage = Stage(slow := Looking())
    await stage.committer.put(first)
    del first
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    await stage.committer.put(plain_files(*map(str, range(limits.BATCH_FILES))))
    slow.ready.set()
    await draining
    await stage.end()
    assert kept == [(True, 0), (False, 0)]


async def test_nothing_is_reported_before_it_has_its_name() -> None:
    slow = SlowDestination()
    stage = Stage(slow)
    await stage.committer.put(staged("a"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    assert stage.observer.results == []
    assert stage.state.files == {}
    slow.ready.set()
    await draining
    await stage.end()
    assert stage.observer.outcomes() == {"a": "saved"}


async def test_while_one_batch_is_written_the_next_gathers() -> None:
    slow = SlowDestination()
    stage = Stage(slow)
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    for number in range(5):
        await stage.committer.put(staged(str(number)))
    slow.ready.set()
    await draining
    await stage.end()
    assert slow.batches == [["first"], ["0", "1", "2", "3", "4"]]


async def test_a_batch_is_recorded_while_the_next_is_written() -> None:
    class Looking(SlowDestination):
        async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
            before.append(len(stage.observer.results))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            meanwhile.append(len(stage.observer.results))
            return await super().commit(batch)

    before, meanwhile = list[int](), list[int]()
    stage = Stage(slow := Looking())
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    await stage.committer.put(*(staged(f"{number}") for number in range(limits.BATCH_FILES)))
    slow.ready.set()
    await draining
    await stage.end()
    assert (before, meanwhile) == ([0, 0], [0, 1])
    assert stage.state.files.keys() == {"first", *map(str, range(limits.BATCH_FILES))}


@pytest.mark.parametrize("closes", [False, True])
async def test_the_last_batch_is_recorded_even_if_the_end_is_announced_while_it_is_written(closes: bool) -> None:
    slow = SlowDestination()
    stage = Stage(slow)
    await stage.committer.put(*(staged(f"{number}") for number in range(limits.BATCH_FILES)))
    await slow.busy.wait()
    if closes:
        stage.committer.close()
    else:
        draining = asyncio.create_task(stage.committer.drain())
        await asyncio.sleep(0)
    slow.ready.set()
    if not closes:
        await draining
    await stage.end()
    assert len(stage.observer.results) == len(stage.state.files) == limits.BATCH_FILES


async def test_a_record_that_is_doubted_was_written_before() -> None:
    """A file may be replaced twice in one run."""
    stage = Stage(slow := SlowDestination())
    steps = list[str]()
    stage.state.files["old"] = Known(path="old", url="http://h/old", row="", size=1, mtime=0)
    assert stage.state.knew_files
    doubt, remember = stage.state.doubt, stage.state.remember

    async def doubting(paths: Collection[str]) -> None:
        steps.append(f"doubt {min(paths)}")
        await doubt(paths)

    def remembering(known: Sequence[Known]) -> None:
        steps.append(f"remember {min(each.path for each in known)}")
        remember(known)

    stage.state.doubt, stage.state.remember = doubting, remembering  # type: ignore[method-assign]
    await stage.committer.put(*(staged(f"0{number}") for number in range(limits.BATCH_FILES)))
    await slow.busy.wait()
    await stage.committer.put(*(staged(f"1{number}") for number in range(limits.BATCH_FILES)))
    slow.ready.set()
    await stage.committer.drain()
    await stage.end()
    assert steps == ["doubt 00", "remember 00", "doubt 10", "remember 10"]


async def test_the_digest_that_the_destination_has_added_is_reported() -> None:
    class Adding(FakeDestination):
        async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
            found = await super().commit(batch)
            return [replace(known, digest="sha256:01") if isinstance(known, Known) else known for known in found]

    stage = Stage(Adding())
    stage.destination.stays["bad"] = "a folder is in its place"
    lacking = [replace(staged(path), lacks_digest=True) for path in ("a", "bad")]
    await stage.committer.put(*lacking, staged("b"))
    await stage.end()
    digests = {result.path: (result.digest, result.known and result.known.digest) for result in stage.observer.results}
    assert digests == {"a": ("sha256:01", "sha256:01"), "bad": (None, None), "b": (None, "sha256:01")}
    assert {path: known.digest for path, known in stage.state.files.items()} == {"a": "sha256:01", "b": "sha256:01"}


async def test_a_result_without_a_body_passes_at_once() -> None:
    stage = Stage(SlowDestination())
    known = Known(path="same", url="http://h/same", row="", size=1, mtime=1)
    await stage.committer.put(Result(path="bad", url="http://h/bad", outcome=Outcome.FAILED, reason="HTTP 404"))
    await stage.committer.put(Result(path="same", url=known.url, outcome=Outcome.UNCHANGED, known=known))
    assert stage.observer.outcomes() == {"bad": "failed", "same": "unchanged"}
    assert stage.state.files == {"same": known}
    await stage.end()


@pytest.mark.parametrize(
    ("count", "size"), [(limits.PENDING_FILES, 0), (4, limits.PENDING_BYTES // 4)], ids=["files", "bytes"]
)
async def test_a_slow_disk_slows_the_workers_down(count: int, size: int) -> None:
    slow = SlowDestination()
    stage = Stage(slow)
    body = bytes(size)
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    for number in range(count):
        await stage.committer.put(staged(str(number), body))
    one_more = asyncio.create_task(stage.committer.put(staged("more")))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not one_more.done()
    slow.ready.set()
    await one_more
    await draining
    await stage.end()
    assert len(stage.observer.results) == count + 2


async def test_one_body_that_cannot_be_stored_fails_alone() -> None:
    stage = Stage()
    stage.destination.stays["bad"] = "a folder is in its place"
    for path in ("good", "bad", "fine"):
        await stage.committer.put(staged(path))
    await stage.end()
    assert stage.observer.outcomes() == {"good": "saved", "bad": "failed", "fine": "saved"}
    assert {result.reason for result in stage.observer.results if result.path == "bad"} == {"a folder is in its place"}
    assert stage.state.files.keys() == {"good", "fine"}


async def test_of_a_lost_batch_what_was_named_is_saved_and_the_rest_failed() -> None:
    stage = Stage()
    stage.destination.full_at = "b"
    for path in ("a", "b", "c"):
        await stage.committer.put(staged(path))
    with pytest.raises(DestinationError, match="disk is full"):
        await stage.committer.drain()
    with pytest.raises(DestinationError):
        await stage.end()
    assert stage.observer.outcomes() == {"a": "saved", "b": "failed", "c": "failed"}
    assert stage.state.files.keys() == {"a"}


@pytest.mark.parametrize("field", ["known", "copy", "recorded", ""])
@pytest.mark.parametrize("failure", ["refused alone", "untouched", "unclear"])
async def test_the_record_of_a_file_that_was_not_replaced_is_no_longer_in_doubt(field: str, failure: str) -> None:
    class Failing(FakeDestination):
        async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
            if failure == "refused alone":
                return ["not permitted"]
            raise DestinationError("not permitted", untouched=failure == "untouched")

    before = Known(path="a", url="http://h/a", row="", size=1, mtime=0, digest="sha256:00")
    body, stage = staged("a"), Stage(Failing())
    body = replace(body, job=replace(body.job, local=Local(Kind.FILE, 1, 0), **({field: before} if field else {})))
    await stage.committer.put(body)
    with suppress(DestinationError):
        await stage.committer.drain()
    with suppress(DestinationError):
        await stage.end()
    kept = {"a": before} if field and failure != "unclear" else {}
    assert (stage.state.doubted, stage.state.files) == (["a"], kept)
    [result] = stage.observer.results
    assert (result.outcome, result.reason, result.known) == (Outcome.FAILED, "not permitted", kept.get("a"))


async def test_after_a_lost_batch_each_further_body_fails_and_says_why() -> None:
    stage = Stage()
    stage.destination.full_at = "a"
    await stage.committer.put(staged("a"))
    with pytest.raises(DestinationError):
        await stage.committer.drain()
    for path in ("b", "c"):
        with pytest.raises(DestinationError, match="disk is full"):
            await stage.committer.put(staged(path))
    with suppress(DestinationError):
        await stage.run
    assert stage.observer.outcomes() == {"a": "failed", "b": "failed", "c": "failed"}


async def test_what_gathered_while_a_batch_was_lost_is_reported_too() -> None:
    slow = SlowDestination()
    slow.full_at = "first"
    stage = Stage(slow)
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    await stage.committer.put(staged("second"))
    slow.ready.set()
    with pytest.raises(DestinationError):
        await draining
    with pytest.raises(DestinationError):
        await stage.end()
    assert stage.observer.outcomes() == {"first": "failed", "second": "failed"}


async def test_a_worker_that_waits_for_room_learns_of_the_lost_batch() -> None:
    slow = SlowDestination()
    slow.full_at = "first"
    stage = Stage(slow)
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    for number in range(4):
        await stage.committer.put(staged(str(number), bytes(limits.PENDING_BYTES // 4)))
    waiting = asyncio.create_task(stage.committer.put(staged("late")))
    await asyncio.sleep(0)
    slow.ready.set()
    ended = await asyncio.gather(waiting, draining, stage.run, return_exceptions=True)
    assert [type(error) for error in ended] == [DestinationError] * 3
    assert stage.observer.outcomes()["late"] == "failed"


async def test_draining_nothing_takes_no_time() -> None:
    stage = Stage(SlowDestination())
    async with asyncio.timeout(60):
        await stage.committer.drain()
        await stage.end()


async def test_draining_waits_for_the_batch_in_work() -> None:
    slow = SlowDestination()
    stage = Stage(slow)
    await stage.committer.put(staged("a"))
    draining = asyncio.create_task(stage.committer.drain())
    await slow.busy.wait()
    assert not draining.done()
    slow.ready.set()
    await draining
    assert stage.observer.outcomes() == {"a": "saved"}
    await stage.committer.put(staged("b"))
    await stage.committer.drain()
    assert stage.observer.outcomes() == {"a": "saved", "b": "saved"}
    await stage.end()


@given(
    st.lists(st.sampled_from(["body", "result", "turn", "drain"]), max_size=30),
    st.none() | st.integers(0, 20),
    st.sets(st.integers(0, 20), max_size=3),
)
async def test_each_thing_taken_is_reported_once(steps: list[str], full_at: int | None, refused: set[int]) -> None:
    stage = Stage()
    stage.destination.full_at = None if full_at is None else str(full_at)
    stage.destination.stays = {str(number): "no" for number in refused}
    taken = 0
    with suppress(DestinationError):
        for number, step in enumerate(steps):
            if step == "body":
                taken += 1
                await stage.committer.put(staged(str(number)))
            elif step == "result":
                taken += 1
                await stage.committer.put(Result(path=str(number), url="", outcome=Outcome.SKIPPED))
            elif step == "drain":
                await stage.committer.drain()
            else:
                await asyncio.sleep(0)
    with suppress(DestinationError):
        await stage.end()
    assert len(stage.observer.results) == len(stage.observer.outcomes()) == taken
    saved = {path for path, outcome in stage.observer.outcomes().items() if outcome == "saved"}
    assert saved == stage.destination.files.keys() == stage.state.files.keys()


@pytest.mark.parametrize("knew", [False, True])
async def test_before_a_name_is_given_what_is_known_of_it_is_doubted(knew: bool) -> None:
    """With an empty state, only paths that exist on disk are queried, so a first run pays nothing."""
    stage = Stage()
    stage.state.remember([Known(path="old", url="http://h/old", row="", size=1, mtime=0)] if knew else [])
    seen = staged("seen")
    seen = replace(seen, job=replace(seen.job, local=Local(Kind.FILE, 1, 0)))
    for each in (staged("unseen"), seen):
        await stage.committer.put(each)
    await stage.end()
    assert stage.state.doubted == (["seen", "unseen"] if knew else ["seen"])


async def test_the_records_of_files_that_others_saved_are_written_with_the_message_that_brought_them() -> None:
    stage = Stage()
    for path in "ab":
        await stage.committer.put(staged(path).result)
    assert stage.state.flushes == 0, "one transaction for both"
    await asyncio.sleep(0)
    assert stage.state.flushes == 1
    await stage.end()


class BrokenDestination(SlowDestination):
    """A custom destination with a bug."""

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        await super().commit(batch)
        raise TypeError("a bug")


async def test_nobody_waits_for_a_committer_that_met_a_bug() -> None:
    broken = BrokenDestination()
    stage = Stage(broken)
    await stage.committer.put(staged("first"))
    draining = asyncio.create_task(stage.committer.drain())
    await broken.busy.wait()
    await stage.committer.put(staged("large", bytes(limits.PENDING_BYTES)))
    waiting = asyncio.create_task(stage.committer.put(staged("late")))
    await asyncio.sleep(0)
    broken.ready.set()
    for task in (draining, waiting):
        with pytest.raises(RuntimeError, match="the committer has ended"):
            await asyncio.wait_for(task, 60)
    with pytest.raises(RuntimeError, match="the committer has ended"):
        await stage.committer.put(staged("later"))
    with pytest.raises(TypeError, match="a bug"):
        await stage.end()


@pytest.mark.parametrize(("is_here", "is_large"), [(False, False), (False, True), (True, False), (True, True)])
async def test_only_a_large_body_that_frees_the_space_of_another_file_does_not_wait(
    is_here: bool, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BATCH_SECONDS", 3600)
    stage, body = Stage(), staged("a")
    local = Local(Kind.FILE, 3, 0) if is_here else None
    await stage.committer.put(replace(body, job=replace(body.job, local=local), part="p" if is_large else ""))
    for _ in range(9):
        await asyncio.sleep(0)
    assert bool(stage.observer.results) is (is_here and is_large)
    await stage.end()
    assert len(stage.observer.results) == 1


async def test_bodies_that_are_put_together_all_fail_after_a_lost_batch() -> None:
    stage = Stage()
    stage.destination.full_at = "a"
    with suppress(DestinationError):
        await stage.committer.put(staged("a"))
        await stage.committer.drain()
    with pytest.raises(DestinationError):
        await stage.committer.put(staged("b"), Result(path="c", url="", outcome=Outcome.SKIPPED), staged("d"))
    assert [result.path for result in stage.observer.results] == ["a", "c", "b", "d"]
    with suppress(DestinationError):
        await stage.run
