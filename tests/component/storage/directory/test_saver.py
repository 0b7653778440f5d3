"""The process that stores new files: what it stores, what it leaves, and what happens when it is killed or stopped."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crawler.model import limits
from crawler.model.columns.new_files import SavedFiles
from crawler.model.errors import DestinationError
from crawler.model.struct import replace
from crawler.model.values import Known, Staged
from crawler.storage import life_line
from crawler.storage import processes as helpers
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.incoming import new_files, saver, saver_process
from crawler.storage.directory.incoming.orders import Together
from crawler.storage.directory.os_errors import HELPER_LOST
from crawler.storage.executor import finished, usable_processors
from tests.component.storage.directory.test_new_files import batch, stored, unbroken
from tests.contract.destination import staged
from tests.support.new_files import plain_files as new_columns
from tests.support.processes import wait_until_gone

pytestmark = pytest.mark.skipif(usable_processors() < 2, reason="there is no processor for it")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process stores the first files already, and is waited for."""
    monkeypatch.setattr(limits, "BATCH_FILES", 1)
    monkeypatch.setattr(saver, "_START_SECONDS", 20.0)


def files(count: int, *, above: str = "") -> list[Staged]:
    """New files with their records."""
    items = [staged(f"{above}{number}.bin", b"body of %d" % number) for number in range(count)]
    return [replace(item, result=replace(item.result, known=_record(item))) for item in items]


def _record(item: Staged) -> Known:
    assert item.mtime is not None
    return Known(
        path=item.job.path, url=item.job.url, row="", size=item.size, mtime=item.mtime, digest="sha256:00", checked=1.0
    )


def are_all_here(directory: Path, items: list[Staged]) -> bool:
    """Whether ``directory`` holds exactly ``items``, and no part is left."""
    found = {
        path: path.read_bytes() for path in directory.rglob("*") if path.is_file() and ".crawler" not in path.parts
    }
    wanted = {directory / item.job.path: item.body for item in items}
    times = [(directory / item.job.path).stat().st_mtime_ns == item.mtime for item in items]
    return found == wanted and all(times) and not list((directory / ".crawler" / "parts").iterdir())


async def commit_all(directory: Path, items: Sequence[Staged], *, fsync: str = "batch") -> Sequence[Known | str]:
    async with LocalDestination(directory, fsync=fsync) as destination:
        await destination.acquire(0)
        return await destination.commit(items)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("fsync", ["batch", "none"])
async def test_the_process_stores_files_with_their_times_and_returns_their_records(
    tmp_path: Path, processes: list[int], fsync: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(os, "write", lambda *_: pytest.fail("this process stored it"))
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(os.readlink(f"/proc/self/fd/{number}")))
    items = [*files(300), *files(2, above="sub/deep/")]
    found = await commit_all(tmp_path, items, fsync=fsync)
    assert found == [item.result.known for item in items]
    assert all(one is item.result.known for one, item in zip(found, items, strict=True))
    monkeypatch.undo()
    assert are_all_here(tmp_path, items)
    assert len(processes) == 1
    directories = {str(tmp_path), str(tmp_path / "sub"), str(tmp_path / "sub" / "deep")}
    assert set(flushed) == (directories if fsync == "batch" else set()), "names are flushed here, after all files"


@pytest.mark.usefixtures("at_once", "processes")
@pytest.mark.parametrize("seed", range(8))
def test_it_stores_what_the_long_way_stores(seed: int) -> None:
    items, fsync = batch(random.Random(seed)), ("batch", "none")[seed % 2]
    assert stored(items, unbroken, short=True, fsync=fsync) == stored(items, unbroken, short=False, fsync=fsync)


@pytest.mark.usefixtures("at_once", "processes")
@pytest.mark.parametrize("seed", range(4))
def test_columns_are_stored_like_the_files_one_by_one(seed: int) -> None:
    """Also if something is in the place of one of them, so that it and what follows takes the long way."""
    chance = random.Random(seed)
    above = [chance.choice(["", "sub/", "d/e/"]) for _ in range(chance.choice([3, 40, 600]))]
    paths = [f"{directory}{number}.bin" for number, directory in enumerate(above)]
    paths[chance.randrange(len(paths))] = ["file", "sub/a", "link/x", "sub/log"][seed]
    one_by_one = stored(list(new_columns(*paths)), unbroken, short=True, fsync="batch")
    for short in (True, False):
        assert stored(new_columns(*paths), unbroken, short=short, fsync="batch") == one_by_one


@pytest.mark.usefixtures("at_once")
async def test_columns_stay_columns_when_all_are_stored_in_several_orders(
    tmp_path: Path, processes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few that are left after an order for most of them are worth another one."""
    files, orders = new_columns(*[f"{number}.bin" for number in range(520)]), orders_in(monkeypatch)
    monkeypatch.setattr(new_files, "_LEAST", 9)
    found = await commit_all(tmp_path, files)
    assert isinstance(found, SavedFiles)
    assert orders == [512, 8]
    assert found.digests == ["sha256:" + sha256(body).hexdigest() for body in files.bodies]
    assert list(found.columns.paths) == files.columns.paths
    assert are_all_here(tmp_path, list(files))
    assert len(processes) == 1


@pytest.mark.parametrize(
    ("count", "joins", "started"), [(127, False, 0), (128, False, 1), (128, True, 0)], ids=["few", "many", "joined"]
)
async def test_it_is_started_once_for_full_batches_of_the_process_that_has_the_lock(
    tmp_path: Path, processes: list[int], count: int, joins: bool, started: int
) -> None:
    """The others are worker processes, of which there are as many as there are processors."""
    assert limits.BATCH_FILES == 128
    async with LocalDestination(tmp_path) as destination:
        await (destination.join() if joins else destination.acquire(0))
        for above in ("a/", "b/"):
            await destination.commit(files(count, above=above))
        assert len(processes) == started


@pytest.mark.parametrize(
    ("counts", "joins", "started"),
    [([511], False, 0), ([512, 512], False, 1), ([512], True, 0), ([4] * 127, False, 0), ([4] * 129, False, 1)],
    ids=["few", "many", "joined", "few directories", "many directories"],
)
async def test_it_is_started_once_many_files_are_expected(
    tmp_path: Path, processes: list[int], counts: list[int], joins: bool, started: int
) -> None:
    """So it is ready when the first of them arrive, and the event loop need not wait while these are stored."""
    async with LocalDestination(tmp_path) as destination:
        destination.expect([None] * 512, in_bulk=False)  # too early: nothing may be written before the lock
        await (destination.join() if joins else destination.acquire(0))
        for count in counts:
            destination.expect([None] * count, in_bulk=False)
        await destination.commit(files(1))  # after all that is under way in the thread
        assert len(processes) == started


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("limit", "directories", "each", "wanted"),
    [
        (4096, 1, 200, [200]),
        (4096, 1, 600, [512, 88]),
        (4096, 128, 4, [512]),
        (4096, 140, 2, [256, 24]),
        (1024, 128, 4, [384, 128]),
        (256, 70, 2, [96, 44]),
        (256, 70, 1, [64, 6]),
    ],
)
async def test_one_order_is_for_files_of_many_directories(
    tmp_path: Path,
    processes: list[int],
    limit: int,
    directories: int,
    each: int,
    wanted: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A way to the process and back for each directory would take longer than storing its few files."""
    batch = [item for number in range(directories) for item in files(each, above=f"{number}/")]
    orders, descriptors = orders_in(monkeypatch), set(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(limits, "OPEN_DIRECTORIES", 3)  # fewer than an order needs
    monkeypatch.setattr(new_files, "descriptor_limit", lambda: limit)
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        found = await destination.commit(batch)
    assert found == [item.result.known for item in batch]
    assert are_all_here(tmp_path, batch)
    assert orders == wanted
    assert len(processes) == 1
    assert set(os.listdir("/proc/self/fd")) <= descriptors


@pytest.mark.usefixtures("at_once", "processes")
async def test_of_a_file_and_a_directory_with_the_same_path_the_first_is_stored(tmp_path: Path) -> None:
    batch = [*files(40, above="d/"), staged("x"), *files(2, above="x/y/"), *files(2, above="z/"), staged("z")]
    found = await commit_all(tmp_path, batch)
    failed = [item.job.path for item, known in zip(batch, found, strict=True) if isinstance(known, str)]
    assert failed == ["x/y/0.bin", "x/y/1.bin", "z"]


@pytest.mark.usefixtures("at_once", "processes")
@pytest.mark.parametrize("left", [0, 1, 5])
async def test_an_order_is_shorter_if_not_all_of_its_directories_can_be_open(
    tmp_path: Path, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = os.dup, 0

    def dup(descriptor: int) -> int:
        nonlocal count
        count += 1
        if count > left:
            raise OSError(errno.EMFILE, "too many open files")
        return real(descriptor)

    batch = [item for number in range(10) for item in files(4, above=f"{number}/")]
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        monkeypatch.setattr(os, "dup", dup)
        orders = orders_in(monkeypatch)
        await destination.commit(batch)
        monkeypatch.undo()
    assert are_all_here(tmp_path, batch)
    assert orders[:1] == ([4 * left] if left else [])


@pytest.mark.usefixtures("at_once", "processes")
async def test_the_answer_to_a_commit_that_was_cancelled_is_not_taken_for_that_to_the_next(tmp_path: Path) -> None:
    first, second = ([item for at in range(9) for item in files(4, above=f"{above}{at}/")] for above in "ab")
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(files(1))
        assert destination._writer is not None
        committer = destination._writer.committer
        cancelled = committer.commit(first, "")
        next(cancelled)
        assert finished(committer.commit(second, "")) == [item.result.known for item in second]
        cancelled.close()
    assert are_all_here(tmp_path, [*files(1), *first, *second])


def orders_in(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of files of each order from now on."""
    orders, begin = list[int](), saver.Saver.begin

    def noted(self: saver.Saver, batch: Together, directories: Sequence[int]) -> None:
        orders.append(len(batch.items))
        begin(self, batch, directories)

    monkeypatch.setattr(saver.Saver, "begin", noted)
    return orders


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("few", [31, 32])
async def test_orders_for_few_files_are_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: list[int], few: int
) -> None:
    batch = files(few, above="a/")
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(files(1))
        monkeypatch.setattr(limits, "BATCH_FILES", 128)
        orders = orders_in(monkeypatch)
        await destination.commit(batch)
        assert len(processes) == 1
    assert orders == ([few] if few == 32 else [])
    assert are_all_here(tmp_path, [*files(1), *batch])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("lack", ["processor", "program", "shared memory", "flush of each file"])
async def test_files_are_stored_where_there_can_be_no_process(
    tmp_path: Path, processes: list[int], lack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(errno.EPERM, "refused")

    if lack == "processor":
        monkeypatch.setattr(saver, "usable_processors", lambda: 1)
    if lack == "program":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    if lack == "shared memory":
        monkeypatch.setattr(os, "memfd_create", refused)
    items, before = files(4), set(os.listdir("/proc/self/fd"))
    await commit_all(tmp_path, items, fsync="file" if lack.startswith("flush") else "batch")
    assert are_all_here(tmp_path, items)
    assert set(os.listdir("/proc/self/fd")) == before
    assert not processes


@pytest.mark.usefixtures("at_once")
async def test_a_process_that_cannot_do_its_work_is_done_without(
    tmp_path: Path, processes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another interpreter than expected, or one whose modules are not where they should be."""
    monkeypatch.setattr(helpers, "_ROOT", "/nowhere")
    items = files(4)
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        assert await destination.commit(items) == [item.result.known for item in items]
        assert destination.lacks == set(), "it never began"
    assert are_all_here(tmp_path, items)
    assert processes


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_batch_whose_process_is_killed_or_stopped_is_stored_without_it(
    tmp_path: Path, processes: list[int], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saver, "_LOOK_SECONDS", 0.05)
    items = files(40)
    async with LocalDestination(tmp_path, trash_seconds=60) as destination:
        await destination.acquire(0)
        await destination.commit(items[:10])
        os.kill(processes[0], number)
        assert destination.lacks == set()
        assert await destination.commit(items[10:20]) == [item.result.known for item in items[10:20]]
        await destination.commit(items[20:])
        assert destination.lacks == {HELPER_LOST}
    assert are_all_here(tmp_path, items)
    assert len(processes) == 1, "it is not started again"


async def test_its_memory_is_closed_once(tmp_path: Path) -> None:
    """Its number may be that of another file by then."""
    parts = os.open(tmp_path, os.O_RDONLY)
    made = saver.begin(parts, lambda: "x", is_flushed=False, is_ending=lambda: False)
    assert made is not None
    memory = made._memory
    made.close()
    os.dup2(parts, memory)
    made.close()
    os.close(memory)
    os.close(parts)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("is_ending", [False, True])
async def test_a_process_that_does_not_answer_is_waited_for_only_briefly_when_the_run_is_to_end(
    tmp_path: Path, processes: list[int], is_ending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the disk may be slow. Nothing that it has not confirmed counts as stored."""
    monkeypatch.setattr(saver, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(saver, "_HURRY_SECONDS", 0.2)
    monkeypatch.setattr(saver, "is_stopped", lambda _number: False)  # as if a system call took long
    items, told = files(40), False
    async with LocalDestination(tmp_path, is_ending=lambda: told) as destination:
        await destination.acquire(0)
        await destination.commit(items[:10])
        monkeypatch.setattr(saver, "_SILENCE", 3600.0 if is_ending else 0.5)
        os.kill(processes[0], signal.SIGSTOP)
        told = is_ending
        if is_ending:
            with pytest.raises(DestinationError, match="the disk did not respond") as raised:
                await destination.commit(items[10:20])
            assert not raised.value.done
            assert not raised.value.untouched
        else:
            assert await destination.commit(items[10:20]) == [item.result.known for item in items[10:20]]
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(items[10 if is_ending else 20 :])
    assert are_all_here(tmp_path, items)


@pytest.mark.usefixtures("at_once")
async def test_signals_that_end_a_run_leave_the_process_to_its_parent(
    tmp_path: Path, processes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd sends them to all processes of a service, and a terminal to all that are in the foreground."""
    items = files(20)
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(items[:10])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(processes[0], number)
        assert os.getpgid(processes[0]) != os.getpgid(0)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda *_: pytest.fail("this process stored it"))
            await destination.commit(items[10:])
    assert are_all_here(tmp_path, items)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("seed", range(2))
async def test_a_process_may_be_killed_at_any_time(
    tmp_path: Path, processes: list[int], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some files have their names by then: they are the same afterwards as if nothing had happened."""
    items, chance = files(250), random.Random(seed)
    name = tmp_path / items[chance.randrange(250)].job.path

    def kill() -> None:
        until = time.monotonic() + 60
        while not name.exists() and time.monotonic() < until:
            time.sleep(0)
        os.kill(processes[0], signal.SIGKILL)

    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(files(1, above="first/"))
        killer = Thread(target=kill)
        killer.start()
        found = await destination.commit(items)
        killer.join()
    assert found == [item.result.known for item in items]
    assert are_all_here(tmp_path, [*files(1, above="first/"), *items])


@pytest.mark.usefixtures("at_once", "processes")
async def test_what_a_killed_process_has_done_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some files have their names, of some there are parts, and a directory was listed before."""

    def half_done(self: saver.Saver, batch: Together, directories: Sequence[int]) -> None:
        for number, item in enumerate(batch.items):
            place = (str(number), directories[0]) if number < 2 else (f"{number:x}.{self._end}", self._parts)
            descriptor = os.open(place[0], os.O_CREAT | os.O_WRONLY, dir_fd=place[1])
            os.write(descriptor, item.body)
            os.close(descriptor)
            if number < 2:
                os.rename(str(number), item.job.path, src_dir_fd=directories[0], dst_dir_fd=directories[0])
        raise EOFError

    def nothing_done(_self: saver.Saver) -> saver_process.Answer:
        monkeypatch.setattr(saver.Saver, "_order", half_done)
        return 0, 0, b"", ()

    monkeypatch.setattr(saver.Saver, "_order", lambda *_: None)
    monkeypatch.setattr(saver.Saver, "_outcome", nothing_done)
    items = files(260)
    tmp_path.joinpath(items[0].job.path).write_text("in the way of the first 256, whose directory is therefore listed")
    assert await commit_all(tmp_path, items) == [item.result.known for item in items]
    assert are_all_here(tmp_path, items)


@pytest.mark.usefixtures("at_once")
async def test_a_process_that_leaves_something_again_and_again_is_ended(tmp_path: Path, processes: list[int]) -> None:
    """As on a file system that rounds times: all files would be written twice."""
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        for number in range(saver._DISAPPOINTMENTS):
            (tmp_path / f"{number}.bin").write_text("in the way")
            await destination.commit(files(number + 1)[number:])
        with pytest.raises(ProcessLookupError):
            os.kill(processes[0], 0)
    assert (tmp_path / "0.bin").read_text() == "body of 0"


_PARENT = """
import asyncio, os, signal, sys
from pathlib import Path
from crawler.model import limits
from crawler.storage import processes
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.incoming import saver
from tests.component.storage.directory.test_saver import files
limits.BATCH_FILES, saver._START_SECONDS = 1, 20.0
real, started = processes.started, []
processes.started = lambda *args: started.append(real(*args)) or started[0]
async def run():
    async with LocalDestination(Path(sys.argv[1])) as destination:
        await destination.acquire(0)
        await destination.commit(files(3))
        os.kill(started[0], signal.SIGSTOP)
        print(started[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(run())
"""


def test_it_ends_with_its_parent_even_when_stopped_and_has_no_lock(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PARENT, str(tmp_path)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with (tmp_path / ".crawler" / "lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    wait_until_gone(int(done.stdout))


def test_the_kernel_kills_it_at_once_whatever_it_is_doing() -> None:
    """So nothing is renamed by a process whose parent, and with it the lock, is gone."""
    theirs, life = os.pipe()
    program = f"from {life_line.__name__} import end_with; end_with(0, 9); print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", program], stdin=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        assert process.stdout is not None
        assert process.stdout.readline()
        assert process.poll() is None
        os.close(life)
        assert process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("is_there", [True, False])
def test_a_parent_that_ended_before_it_could_be_watched_is_noticed(is_there: bool) -> None:
    """Of that, the kernel sends no signal."""
    theirs, life = os.pipe()
    if not is_there:
        os.close(life)
    try:
        assert life_line.end_with(theirs, 0) == is_there
    finally:
        os.close(theirs)
        if is_there:
            os.close(life)


# --- what the process does, in this one ---------------------------------------------------------------


def ordered(
    directory: Path, count: int = 4, *, sizes: list[int] | None = None, above: Sequence[str] = ("",)
) -> tuple[int, int, tuple[int, ...]]:
    """The result of ``store`` for some files in ``directory``, without their digests, which are checked.

    ``above``: the names of directories to create there for the files, in turn; "" for ``directory``.
    """
    (directory / "parts").mkdir(exist_ok=True)
    bodies = [b"body of %d" % number for number in range(count)]
    names, mtimes = [f"{number}.bin" for number in range(count)], [1_700_000_000_000_000_000] * count
    parts, place = (os.open(path, os.O_RDONLY) for path in (directory / "parts", directory))
    places, new = [number % len(above) for number in range(count)], [(0, name) for name in above]
    views, sizes = list(map(memoryview, bodies)), sizes or list(map(len, bodies))
    order = "end.part", names, places, new, sizes, [-1] * count, mtimes, True, True
    before = set(os.listdir("/proc/self/fd"))
    try:
        stored, failed, digests, unflushed = saver_process.store(parts, [place], order, views, saver_process.Names())
        assert digests.startswith(b"".join(sha256(body).digest() for body in bodies[:stored]))
        return stored, failed, unflushed
    finally:
        assert set(os.listdir("/proc/self/fd")) == before, "a descriptor is left open"
        assert not list((directory / "parts").iterdir())
        os.close(parts)
        os.close(place)


@pytest.mark.parametrize(
    ("call", "number", "result"),
    [
        ("open", errno.ENOSPC, (1, 0)),
        ("write", errno.ENOSPC, (1, 0)),
        ("utime", errno.EPERM, (1, 0)),
        ("fstat", errno.EIO, (1, 0)),
        ("posix_fadvise", errno.EINVAL, (4, 0)),
        ("fsync", errno.EIO, (0, errno.EIO)),
        ("close", errno.EDQUOT, (0, errno.EDQUOT)),
        ("stat", errno.EACCES, (1, 0)),
        ("rename", errno.ENOENT, (1, 0)),
    ],
)
def test_the_first_failing_call_ends_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, result: tuple[int, int]
) -> None:
    """What is stored before it is complete; a failed flush leaves nothing that has a name."""
    monkeypatch.setattr(saver_process, "os", Failing(call, number))
    if call in ("stat", "rename"):
        monkeypatch.setattr(saver_process, "_renaming", lambda: None)
    assert ordered(tmp_path) == (*result, ())
    assert sorted(path.name for path in tmp_path.glob("*.bin")) == [f"{place}.bin" for place in range(result[0])]
    assert all(path.read_text() == f"body of {path.stem}" for path in tmp_path.glob("*.bin"))


class Failing:
    """``os``, whose function ``call`` fails the second time, or the time ``at``."""

    def __init__(self, call: str, number: int, at: int = 2) -> None:
        self.call, self.number, self.at, self.count = call, number, at, 0

    def __getattr__(self, name: str) -> Any:
        real: Callable[..., Any] = getattr(os, name)
        return self._failing if name == self.call else real

    def _failing(self, *arguments: Any, **options: Any) -> Any:
        self.count += 1
        if self.count == self.at:
            if self.call == "close":
                os.close(arguments[0])
            raise OSError(self.number, os.strerror(self.number))
        return getattr(os, self.call)(*arguments, **options)


@pytest.mark.parametrize("fails", [None, 0, errno.EINVAL, errno.ENOSYS, errno.EPERM])
@pytest.mark.parametrize("name", ["0.bin", "2.bin", "3.bin"])
def test_a_name_that_exists_ends_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fails: int | None
) -> None:
    """Whether the system renames without replacing (0), does not do so in this place, or has no such call (None)."""
    real, asked = saver_process._renaming(), list[bytes]()
    assert real is not None

    def rename(parts: int, part: bytes, directory: int, name: bytes) -> int:
        asked.append(name)
        return fails or real(parts, part, directory, name)

    monkeypatch.setattr(saver_process, "_renaming", lambda: None if fails is None else rename)
    (tmp_path / name).symlink_to("nowhere")
    assert ordered(tmp_path) == (int(name[0]), 0, ())
    assert (tmp_path / name).is_symlink()
    assert len(asked) == (0 if fails is None else 1 if fails else int(name[0]) + 1), "asked again in vain"


def test_a_short_write_ends_an_order(tmp_path: Path) -> None:
    assert ordered(tmp_path, 2, sizes=[9, 90]) == (1, 0, ())


@pytest.mark.parametrize("there", ["", "file", "link", "directory"])
def test_new_directories_are_created_unless_anything_has_their_name(tmp_path: Path, there: str) -> None:
    """Only of what it has created itself does it know that nobody else has anything in it."""
    place = tmp_path / "b"
    if there == "link":
        place.symlink_to(tmp_path)
    elif there:
        place.mkdir() if there == "directory" else place.touch()
    assert ordered(tmp_path, 6, above=["a", "b", ""]) == (1 if there else 6, 0, ())
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.bin")}
    assert found == ({"a/0.bin"} if there else {"a/0.bin", "b/1.bin", "2.bin", "a/3.bin", "b/4.bin", "5.bin"})


@pytest.mark.parametrize(
    ("call", "count", "number", "result"),
    [
        ("mkdir", 2, errno.ENOSPC, (1, 0, ())),
        ("open", 6, errno.EMFILE, (1, 0, ())),
        ("fsync", 6, errno.EIO, (4, 0, (errno.EIO,))),
        ("fsync", 5, errno.EINVAL, (4, 0, (errno.EINVAL,))),
    ],
)
def test_the_first_directory_that_cannot_be_created_ends_an_order(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    count: int,
    number: int,
    result: tuple[int, int, tuple[int, ...]],
) -> None:
    """That one cannot be flushed is told: its files have their names by then."""
    monkeypatch.setattr(saver_process, "os", Failing(call, number, count))
    assert ordered(tmp_path, above=["a", "b"]) == result
    assert len(list(tmp_path.rglob("*.bin"))) == result[0]


@pytest.mark.usefixtures("at_once", "processes")
@pytest.mark.parametrize("fsync", ["batch", "none"])
async def test_directories_that_cannot_exist_yet_are_created_and_flushed_by_the_process(
    tmp_path: Path, fsync: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed, made, real = list[str](), list[str](), os.mkdir

    def mkdir(name: Any, *rest: Any, **options: Any) -> None:
        made.append(os.fsdecode(name))
        real(name, *rest, **options)

    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(os.readlink(f"/proc/self/fd/{number}")))
    monkeypatch.setattr(os, "mkdir", mkdir)
    first = [item for number in range(20) for item in files(2, above=f"p/{number}/")]
    second = [item for number in range(10, 30) for item in files(4, above=f"p/{number}/")[2:]]
    async with LocalDestination(tmp_path, fsync=fsync) as destination:
        await destination.acquire(0)
        made.clear()
        for batch in (first, second):
            assert await destination.commit(batch) == [item.result.known for item in batch]
    monkeypatch.undo()
    assert are_all_here(tmp_path, [*first, *second])
    assert made == ["p", "0"], "the process creates the others"
    here = {"", "/p", "/p/0", *[f"/p/{number}" for number in range(10, 20)]}
    assert set(flushed) == ({f"{tmp_path}{path}" for path in here} if fsync == "batch" else set())


@pytest.mark.usefixtures("at_once", "processes")
@pytest.mark.parametrize("there", ["file", "directory"])
async def test_what_appears_where_a_directory_is_to_be_created_is_found_by_the_long_way(
    tmp_path: Path, there: str
) -> None:
    batch = [item for number in range(20) for item in files(2, above=f"p/{number}/")]
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        await destination.commit(batch[:2])
        path = tmp_path / "p" / "5"
        path.write_text("mine") if there == "file" else path.mkdir()
        found = await destination.commit(batch[2:])
    failed = [item.job.path for item, known in zip(batch[2:], found, strict=True) if isinstance(known, str)]
    assert failed == (["p/5/0.bin", "p/5/1.bin"] if there == "file" else [])
    if there == "file":
        assert path.read_text() == "mine"
        path.unlink()
    assert are_all_here(tmp_path, [item for item in batch if item.job.path not in failed])


@pytest.mark.usefixtures("at_once", "processes")
async def test_a_new_directory_that_cannot_be_flushed_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are stored; a file system that cannot flush directories is none of that."""
    batch = [item for number in range(20) for item in files(2, above=f"p/{number}/")]
    real = saver.Saver._outcome
    for number, is_fatal in ((errno.EINVAL, False), (errno.EIO, True)):
        monkeypatch.setattr(saver.Saver, "_outcome", lambda self, number=number: (*real(self)[:3], (number,)))
        above = tmp_path / str(number)
        above.mkdir()
        if not is_fatal:
            assert len(await commit_all(above, batch)) == 40
            continue
        with pytest.raises(DestinationError, match="input/output error") as raised:
            await commit_all(above, batch)
        assert [known.path for known in raised.value.done] == [item.job.path for item in batch]


@pytest.mark.usefixtures("at_once", "processes")
async def test_a_flush_that_fails_in_the_process_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saver.Saver, "_outcome", lambda _: (0, errno.EIO, b"", ()))
    with pytest.raises(DestinationError, match="input/output error") as raised:
        await commit_all(tmp_path, files(3))
    assert not raised.value.done
    monkeypatch.setattr(saver.Saver, "_outcome", lambda _: (0, errno.EOPNOTSUPP, b"", ()))
    assert len(await commit_all(tmp_path, files(3))) == 3, "the long way knows what it means"
