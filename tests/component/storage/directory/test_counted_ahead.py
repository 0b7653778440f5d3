"""The process that counts directories ahead: what is believed of what it says, and that it always ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crawler.model.values import Kind
from crawler.storage import processes as helpers
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.reading import counted_ahead, reader
from crawler.storage.directory.reading.counted import counted
from crawler.storage.directory.reading.counted_ahead import CountedAhead, begin
from crawler.storage.directory.reading.counting_process import GROUP
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.executor import usable_processors
from tests.contract.destination import staged
from tests.support.processes import wait_until_gone
from tests.support.starvation import Stopwatch

pytestmark = pytest.mark.skipif(usable_processors() < 2, reason="there is no processor for it")
PATHS = [f"d{number}" for number in range(GROUP + 5)]


@pytest.fixture
def processes(processes: list[int]) -> Iterator[list[int]]:
    """The numbers of all processes that are started, which leave no descriptor open."""
    before = set(os.listdir("/proc/self/fd"))
    yield processes
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number, path in enumerate(PATHS):
        (tmp_path / path).mkdir()
        (tmp_path / path / "one").write_bytes(b"1" * number)
    (tmp_path / PATHS[2] / "link").symlink_to("one")
    return tmp_path


@pytest.fixture
def root(tree: Path) -> Iterator[int]:
    descriptor = os.open(tree, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def wait(process: int) -> None:
    """Wait until the process has ended, without reaping it."""
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)


@pytest.mark.usefixtures("tree")
def test_it_says_what_would_be_counted_here_once(root: int, processes: list[int]) -> None:
    paths = [*PATHS, "missing"]
    ahead = CountedAhead(root, dict.fromkeys(paths, 1))
    wait(processes[0])
    expected = dict(zip(paths, counted(root, paths), strict=True))
    found = ahead.take(paths[:3]) | ahead.take([*paths[3:], "other"])
    assert found == {path: seen for path, seen in expected.items() if seen is not None}
    assert len(found) == len(PATHS) - 1
    assert ahead.take(paths) == {}
    with pytest.raises(ProcessLookupError):  # it does not stay until the run ends
        os.kill(processes[0], 0)
    ahead.close()


def test_what_a_run_changes_is_not_known_ahead(root: int, processes: list[int]) -> None:
    ahead = CountedAhead(root, dict.fromkeys(PATHS, 1))
    ahead.forget(PATHS[:1])
    wait(processes[0])
    assert not ahead.take(PATHS[:1]) and ahead.take(PATHS[1:2])
    ahead.forget(PATHS[3:4])
    assert list(ahead.take(PATHS[:6])) == PATHS[4:6]
    ahead.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_nobody_waits_for_one_that_is_killed_or_stopped(root: int, processes: list[int], number: int) -> None:
    ahead = CountedAhead(root, dict.fromkeys(PATHS, 1))
    os.kill(processes[0], number)
    watch = Stopwatch()
    began = watch.now()
    for _ in range(2):
        assert len(ahead.take(PATHS)) <= len(PATHS)  # it may have said something before
    assert watch.now() - began < 30
    ahead.close()


@pytest.mark.parametrize("number", [0, signal.SIGKILL, signal.SIGSTOP])
async def test_a_large_directory_is_waited_for_for_a_moment(
    root: int, processes: list[int], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_ahead, "_FILE", 1e-4 if number == signal.SIGSTOP else 1e-2)
    ahead = CountedAhead(root, dict.fromkeys(PATHS, 1) | {PATHS[-1]: 1000})
    if number:
        os.kill(processes[0], number)
    watch = Stopwatch()
    began, own = time.monotonic(), watch.now()
    assert len(await ahead.found(PATHS[-2:])) == (0 if number else 2)
    assert watch.now() - own < 30
    assert time.monotonic() - began >= 0.1 or number != signal.SIGSTOP
    assert await ahead.found(PATHS[-2:]) == {}
    assert not ahead._large, "it is waited for once"
    ahead.close()


@pytest.mark.parametrize("lack", ["processors", "memory", "package"])
async def test_directories_are_counted_without_it_where_there_can_be_none(
    tree: Path, root: int, processes: list[int], monkeypatch: pytest.MonkeyPatch, lack: str
) -> None:
    def refused(*_args: object) -> int:
        raise OSError

    monkeypatch.setattr(reader, "_WORTH_A_PROCESS", 1e-9)
    if lack == "processors":
        monkeypatch.setattr(counted_ahead, "usable_processors", lambda: 1)
    elif lack == "memory":
        monkeypatch.setattr(os, "memfd_create", refused)
    else:
        monkeypatch.setattr(helpers, "_ROOT", "/nowhere")
    async with LocalDestination(tree) as destination:
        destination.count_ahead(dict.fromkeys(PATHS, 1))
        for process in processes:
            wait(process)
        counting = destination.counted(PATHS)
        assert counting is not None and await counting == list(counted(root, PATHS))
    assert len(processes) == (lack == "package")
    assert lack == "package" or begin(root, dict.fromkeys(PATHS, 1)) is None


async def test_a_destination_counts_again_what_it_has_changed(
    tree: Path, root: int, processes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_WORTH_A_PROCESS", 1e-9)
    hops: list[list[str]] = []
    count = LocalDestination._count

    def noted(destination: LocalDestination, groups: list[list[str]]) -> object:
        hops.extend(groups)
        return count(destination, groups)

    monkeypatch.setattr(LocalDestination, "_count", noted)
    async with LocalDestination(tree) as destination:
        await destination.acquire(0)
        destination.count_ahead(dict.fromkeys(PATHS, 1))
        wait(processes[0])
        await destination.commit([staged(f"{PATHS[5]}/new", b"new")])
        await destination.make_folder(f"{PATHS[6]}")
        local = (await destination.scan(PATHS[7]))["one"]
        assert local.kind is Kind.FILE
        await destination.set_time(f"{PATHS[7]}/one", local, 10**18)
        counting = destination.counted(PATHS)
        assert counting is not None and await counting == list(counted(root, PATHS))
    assert hops == [[PATHS[2], *PATHS[5:8]]]


@pytest.mark.parametrize("change", ["", "commit", "delete", "own", "dies"])
async def test_what_contains_directories_is_listed_ahead_unless_this_run_may_change_it(
    tmp_path: Path, processes: list[int], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(reader, "_WORTH_A_PROCESS", 1e-9)
    for path in ("a/b/c/f", "a/e/f", "a/f", "g/h/f"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    scanned: list[str] = []
    scan_all = Scan.scan_all

    def noted(scan: Scan, paths: Sequence[str]) -> object:
        scanned.extend(paths)
        return scan_all(scan, paths)

    monkeypatch.setattr(Scan, "scan_all", noted)
    own = [OwnFile("--summary", tmp_path / "a" / "summary")] if change == "own" else []
    async with LocalDestination(tmp_path, own=own) as destination:
        await destination.acquire(0)
        if change == "dies":
            monkeypatch.setattr(helpers, "_ROOT", "/nowhere")
        destination.count_ahead({"a/b/c": 1, "a/e": 1, "g/h": 1})
        wait(processes[0])
        await destination.scan("g/h")  # by now, it is known here what has been found
        if change == "commit":
            await destination.commit([staged("a/new/f", b"new")])
        elif change == "delete":
            await destination.delete(["a/e/f", "a/e"])
        found = [await destination.scan(path) for path in ("", "a", "a/b", "g")]
        ahead = {"": ["", "a", "a/b", "g"], "own": ["", "a/b", "g"], "dies": []}.get(change, ["a/b", "g"])
        assert [path for path in ("", "a", "a/b", "g") if path not in scanned] == ahead
        again = [await destination.scan(path) for path in ("", "a", "a/b", "g")]
        assert found == again and scanned[-4:] == ["", "a", "a/b", "g"]


async def test_few_directories_are_not_worth_a_process(tree: Path, processes: list[int]) -> None:
    async with LocalDestination(tree) as destination:
        destination.count_ahead(dict.fromkeys(PATHS, 1))
        assert not processes
        destination.count_ahead(dict.fromkeys(PATHS, 1000))
        assert len(processes) == 1
        destination.count_ahead(dict.fromkeys(PATHS, 1000))
        assert len(processes) == 1


_PARENT = """
import os, signal, sys, time
from crawler.storage import processes
from crawler.storage.directory.reading import counted_ahead
real, started = processes.started, []
processes.started = lambda *args: started.append(real(*args)) or started[0]
root, missing = os.open(sys.argv[1], os.O_RDONLY), {f"d0/{each}": 1 for each in range(100_000)}
ahead = counted_ahead.CountedAhead(root, {"d0": 1} | missing)
while not ahead.take(["d0"]):
    time.sleep(0.001)
os.kill(started[0], signal.SIGSTOP)
print(started[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_with_its_parent_even_when_stopped(tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PARENT, str(tree)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until_gone(int(done.stdout))
