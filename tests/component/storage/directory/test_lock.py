"""One run at a time in one DIR."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.model.errors import AlreadyRunning, DestinationError
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.lock import _left_behind, is_held
from tests.support.starvation import Stopwatch

HOLDER = """
import asyncio, sys
from pathlib import Path
from crawler.storage.directory.destination import LocalDestination

async def main():
    async with LocalDestination(Path(sys.argv[1]), fsync="none") as destination:
        await destination.acquire(0)
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def another_run(directory: Path, holder: str = HOLDER) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", holder, str(directory)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[4], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


async def test_the_refusal_names_the_run_that_holds_dir(tmp_path: Path) -> None:
    with another_run(tmp_path) as process:
        async with LocalDestination(tmp_path, fsync="none") as destination:
            with pytest.raises(AlreadyRunning) as caught:
                await destination.acquire(0)
    owner, _, rest = str(caught.value).partition(") holds ")
    assert re.fullmatch(rf"another run \(pid {process.pid}, since \d{{4}}-\d\d-\d\dT[\d:]{{8}}Z", owner)
    assert rest.startswith(f"{tmp_path}: ")
    assert "--lock-wait" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    with another_run(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / ".crawler/lock").exists()
        async with LocalDestination(tmp_path, fsync="none") as destination:
            await destination.acquire(0)
            assert (tmp_path / ".crawler/lock").read_text().startswith(f"pid {os.getpid()} since ")


async def test_a_stopped_process_that_a_killed_run_has_left_is_named(tmp_path: Path) -> None:
    """As a child process that has not yet executed its program."""
    stopping = 'if not os.fork(): os.kill(os.getpid(), 19)\n        os.waitpid(-1, os.WUNTRACED)\n        print("held"'
    holder = HOLDER.replace("import asyncio, sys", "import asyncio, os, sys").replace('print("held"', stopping)
    with another_run(tmp_path, holder) as process:
        (child,) = (int(number) for number in children_of(process.pid))
        process.kill()
        process.wait()
        try:
            with pytest.raises(AlreadyRunning) as caught:
                async with LocalDestination(tmp_path, fsync="none") as destination:
                    await destination.acquire(0)
        finally:
            os.kill(child, signal.SIGKILL)
        assert str(caught.value) == (
            f"a stopped process of a run that was killed holds {tmp_path}: end it with kill -9 {child}"
        )
        async with LocalDestination(tmp_path, fsync="none") as destination:
            await destination.acquire(3)


@pytest.mark.parametrize(
    ("holders", "stopped", "left"),
    [
        ([], {7, 8}, []),
        ([7], {7}, []),
        ([7, 8], {7, 8}, []),
        ([8], {8}, [8]),
        ([8, 9], {8, 9}, [8, 9]),
        ([8], set(), []),
        ([8, 9], {8}, []),
    ],
)
def test_only_stopped_processes_without_their_run_are_left_behind(
    holders: list[int], stopped: set[int], left: list[int]
) -> None:
    assert _left_behind(7, holders, stopped.__contains__) == left


def children_of(number: int) -> list[str]:
    return Path(f"/proc/{number}/task/{number}/children").read_text().split()


async def test_waiting_ends_with_the_other_run_and_does_not_block_the_loop(tmp_path: Path) -> None:
    first = LocalDestination(tmp_path, fsync="none")
    async with LocalDestination(tmp_path, fsync="none") as second:
        async with first:
            await first.acquire(0)
            waiting = asyncio.create_task(second.acquire(90))
            for _ in range(100):  # if it waited in the loop, it would have failed at the first return to it
                await asyncio.sleep(0.001)
            assert not waiting.done()
        async with asyncio.timeout(60):
            await waiting


async def test_waiting_is_limited(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="none") as first, LocalDestination(tmp_path, fsync="none") as second:
        await first.acquire(0)
        watch = Stopwatch()
        began, own = time.monotonic(), watch.now()
        with pytest.raises(AlreadyRunning):
            await second.acquire(0.25)
        assert time.monotonic() - began >= 0.25
        assert watch.now() - own < 30


async def test_the_next_run_gets_the_lock_when_one_has_left(tmp_path: Path) -> None:
    for _ in range(3):
        async with LocalDestination(tmp_path, fsync="none") as destination:
            await destination.acquire(0)


async def test_a_refused_run_touches_no_parts(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="none") as first, LocalDestination(tmp_path, fsync="none") as second:
        await first.acquire(0)
        theirs = tmp_path / ".crawler/parts/theirs.part"
        theirs.touch()
        with pytest.raises(AlreadyRunning):
            await second.acquire(0)
    assert theirs.exists()


async def test_a_symbolic_link_planted_as_the_lock_is_refused_and_its_target_stays(tmp_path: Path) -> None:
    victim, lock = tmp_path / "victim", tmp_path / "dir/.crawler/lock"
    victim.write_bytes(b"mine")
    lock.parent.mkdir(parents=True)
    lock.symlink_to(victim)
    async with LocalDestination(tmp_path / "dir", fsync="none") as destination:
        with pytest.raises(DestinationError, match=r"\.crawler/lock is a symbolic link, not a file: move"):
            await destination.acquire(0)
    assert victim.read_bytes() == b"mine"


async def test_a_hard_linked_lock_is_replaced_and_the_other_names_stay(tmp_path: Path) -> None:
    """The link is from ``cp -al DIR SNAPSHOT`` or planted: nothing is written through it; each has its own lock."""
    victim, lock = tmp_path / "victim", tmp_path / "dir/.crawler/lock"
    victim.write_bytes(b"mine")
    lock.parent.mkdir(parents=True)
    lock.hardlink_to(victim)
    (lock.parent / "lock.new").symlink_to(victim)
    async with (
        LocalDestination(tmp_path / "dir", fsync="none") as first,
        LocalDestination(tmp_path / "dir", fsync="none") as second,
    ):
        await first.acquire(0)
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
            await second.acquire(0)
    assert victim.read_bytes() == b"mine"
    assert victim.stat().st_nlink == lock.stat().st_nlink == 1
    assert sorted(path.name for path in lock.parent.iterdir()) == ["lock", "parts"]


async def test_a_hard_linked_lock_that_is_held_is_not_replaced(tmp_path: Path) -> None:
    with another_run(tmp_path):
        (tmp_path / "other").hardlink_to(tmp_path / ".crawler/lock")
        async with LocalDestination(tmp_path, fsync="none") as destination:
            with pytest.raises(AlreadyRunning):
                await destination.acquire(0)
        assert (tmp_path / "other").samefile(tmp_path / ".crawler/lock")


@pytest.mark.parametrize("text", [b"", b"garbage\x1b[2J", b"pid 1 since x\n", b"\xff" * 500])
async def test_a_damaged_lock_file_does_no_harm(tmp_path: Path, text: bytes) -> None:
    async with LocalDestination(tmp_path, fsync="none") as first, LocalDestination(tmp_path, fsync="none") as second:
        await first.acquire(0)
        (tmp_path / ".crawler/lock").write_bytes(text)
        with pytest.raises(AlreadyRunning) as caught:
            await second.acquire(0)
        assert str(caught.value).startswith(f"another run holds {tmp_path}")


async def test_whether_the_lock_is_held_can_be_checked_without_taking_it(tmp_path: Path) -> None:
    home = tmp_path / ".crawler"
    assert not is_held(home)
    with another_run(tmp_path):
        assert is_held(home)
        assert is_held(home)
    assert not is_held(home)
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        assert is_held(home)
    (home / "lock").unlink()
    (home / "lock").symlink_to(tmp_path)
    assert not is_held(home)


@pytest.mark.parametrize("before", ["nothing", "empty", "files", "home", "parts"])
async def test_a_withdrawn_run_leaves_dir_as_it_was(tmp_path: Path, before: str) -> None:
    directory = tmp_path / "mirror"
    if before != "nothing":
        directory.mkdir()
    if before == "files":
        (directory / "x").touch()
    if before in {"home", "parts"}:
        (directory / ".crawler").mkdir()
    async with LocalDestination(directory, fsync="none") as destination:
        await destination.acquire(0)
        if before == "parts":
            (directory / ".crawler" / "parts" / "p").touch()
        await destination.withdraw()
    assert (directory / ".crawler").exists() == (before in {"home", "parts"})
    assert directory.exists() == (before != "nothing")
    assert (directory / "x").exists() == (before == "files")
    async with LocalDestination(directory, fsync="none") as destination:
        await destination.acquire(0)


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_run_goes_on_where_the_one_before_has_withdrawn(tmp_path: Path, is_new: bool) -> None:
    """It has opened DIR and DIR/.crawler, which the other one then removes."""
    directory = tmp_path / "mirror"
    if not is_new:
        directory.mkdir()
    async with LocalDestination(directory, fsync="none") as first:
        await first.acquire(0)
        async with LocalDestination(directory, fsync="none") as second:
            with pytest.raises(AlreadyRunning):
                await second.acquire(0)
            await first.withdraw()
            assert directory.exists() == (not is_new)
            await second.acquire(0)
            assert_is_locked(directory)
            await second.withdraw()
            assert directory.exists() == (not is_new)


def assert_is_locked(directory: Path) -> None:
    home = directory / ".crawler"
    assert is_held(home)
    assert (home / "lock").read_text().startswith(f"pid {os.getpid()} since ")
    assert (home / "parts").is_dir()


MOMENTS = [(".crawler", "mkdir"), (".crawler", "open"), ("parts", "mkdir"), ("parts", "open"), ("lock", "open")]
"""Calls before which, or after which, another run may withdraw."""
REMOVED = [("",), (".crawler",), (".crawler/parts",), (".crawler/lock",), (".crawler/parts", ".crawler/lock")]


@contextmanager
def at(moment: tuple[str, str], is_before: bool, act: Callable[[], None], times: int) -> Iterator[None]:
    name, call = moment
    original = getattr(os, call)
    left = times

    def called(path: bytes, *args: object, **kwargs: object) -> object:
        nonlocal left
        is_it = path == name.encode() and left > 0
        left -= is_it
        if is_it and is_before:
            act()
        try:
            return original(path, *args, **kwargs)
        finally:
            if is_it and not is_before:
                act()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, called)
        yield
    assert left < times, "otherwise it was not called"


def remove(directory: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
@pytest.mark.parametrize("names", REMOVED, ids=" ".join)
async def test_what_is_withdrawn_while_it_is_opened_and_locked_is_made_anew(
    tmp_path: Path, names: tuple[str, ...], moment: tuple[str, str], is_before: bool
) -> None:
    directory = tmp_path / "mirror"
    async with LocalDestination(directory, fsync="none") as destination:
        with at(moment, is_before, lambda: remove(directory, names), times=1):
            await destination.acquire(0)
        assert_is_locked(directory)
        await destination.withdraw()
    assert not (directory / ".crawler").exists()


@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
async def test_attempts_to_lock_a_directory_that_always_disappears_are_limited(
    tmp_path: Path, moment: tuple[str, str]
) -> None:
    directory = tmp_path / "mirror"
    with at(moment, True, lambda: remove(directory, ("",)), times=1000):
        async with LocalDestination(directory, fsync="none") as destination:
            with pytest.raises((AlreadyRunning, DestinationError)):
                await destination.acquire(0)
