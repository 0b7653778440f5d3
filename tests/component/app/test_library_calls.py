"""``mirror`` and ``download`` as a script calls them: without a loop, with options by name, with plain URLs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import crawler
from crawler.storage.directory.destination import LocalDestination
from tests.support.misbehaving.behaviours import HangUp, Silent
from tests.support.misbehaving.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        for path in ("a.zip", "b.txt", "sub/c.zip"):
            running.file(path, path.encode())
        yield running


def files(directory: Path) -> set[str]:
    found = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith(".crawler")}


class Ends(crawler.Observer):
    """Notes the order of the events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def finished(self, result: crawler.Result) -> None:
        self.events.append(result.path)

    def run_finished(self) -> None:
        self.events.append("end")


def test_a_script_needs_no_event_loop(site: Site, tmp_path: Path) -> None:
    ends = Ends()
    report = crawler.mirror_sync(site.url, tmp_path / "m", ext="zip", workers=2, observers=[ends])
    assert (report.ok, report.saved, report.skipped) == (True, 2, 1)
    assert files(tmp_path / "m") == {"a.zip", "sub/c.zip"}
    assert ends.events[-1] == "end"
    assert len(ends.events) == 4
    report = crawler.mirror_sync(site.url, tmp_path / "m", crawler.Config(ext="zip", no_recursive=True), ext="txt")
    assert files(tmp_path / "m") == {"a.zip", "sub/c.zip", "b.txt"}, "the option replaces that of the Config"

    url = f"{site.url}b.txt"
    report = crawler.download_sync([url, (f"{site.url}a.zip", "x/y.zip")], tmp_path / "d")
    assert (report.ok, files(tmp_path / "d")) == (True, {"b.txt", "x/y.zip"})
    report = crawler.download_sync(url, tmp_path / "one")
    assert (report.saved, files(tmp_path / "one")) == (1, {"b.txt"})
    report = crawler.download_sync(iter([f"{site.url}nothing.txt"]), tmp_path / "d", attempts=1, observers=[ends])
    assert (report.ok, [failure.path for failure in report.failures]) == (False, ["nothing.txt"])
    with pytest.raises(crawler.ConfigError, match=r"not a mapping: pass its items\(\)"):
        crawler.download_sync({url: "x"}, tmp_path / "d")
    with pytest.raises(crawler.ListingError):
        crawler.mirror_sync(f"{site.url}nothing/", tmp_path / "n", attempts=1, observers=[ends])
    assert ends.events[-2:] == ["end", "end"]


async def test_a_call_that_would_block_a_running_loop_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"mirror_sync cannot wait .*write 'await crawler\.mirror\(\.\.\.\)'"):
        crawler.mirror_sync("http://127.0.0.1:9/", tmp_path / "m")
    with pytest.raises(RuntimeError, match=r"download_sync cannot wait .*write 'await crawler\.download\(\.\.\.\)'"):
        crawler.download_sync("http://127.0.0.1:9/a", tmp_path / "m")
    assert not (tmp_path / "m").exists()


async def test_walk_takes_options_by_name_and_gives_paths(site: Site) -> None:
    async with crawler.walk(site.url, no_recursive=True) as entries:
        assert {entry.path async for entry in entries} == {"a.zip", "b.txt", "sub"}
    async with crawler.walk(site.url) as entries:
        assert {entry.path async for entry in entries} == {"a.zip", "b.txt", "sub", "sub/c.zip"}
    with pytest.raises(crawler.ConfigError, match=r"did you mean max_depth\?"):
        async with crawler.walk(site.url, max_dept=1):  # type: ignore[call-arg]
            pass


SCRIPT = """\
import signal, sys, crawler
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
class Told(crawler.Observer):
    def finished(self, result): print(result.path, flush=True)
    def started(self, job):
        if job.path == "slow.bin": print("slow", flush=True)
    def run_finished(self): print("end", flush=True)
try:
    crawler.download_sync(sys.argv[1] + "broken.bin", sys.argv[2] + "2", attempts=2)  # a retry prints nothing
    crawler.mirror_sync(sys.argv[1], sys.argv[2], observers=[Told()], workers=1, attempts=1)
except KeyboardInterrupt:
    sys.exit("interrupted")
"""


async def test_ctrl_c_ends_a_call_without_a_loop(site: Site, tmp_path: Path) -> None:
    site.file("broken.bin", b"broken", HangUp())
    site.file("slow.bin", b"slow", Silent())
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, site.url, str(tmp_path / "m")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    assert child.stdout is not None
    said = [child.stdout.readline().strip()]
    while said[-1] != "slow":
        said.append(child.stdout.readline().strip())
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert err == "interrupted\n", "no traceback, and no task that was left"
    assert out.splitlines()[-1] == "end"
    ended = {line for line in [*said, *out.split()] if "." in line}
    assert files(tmp_path / "m") == ended - {"broken.bin"}, "what is complete is kept"
    async with LocalDestination(tmp_path / "m") as destination:
        await destination.acquire(0)  # the lock is free
