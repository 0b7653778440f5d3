"""``mirror`` and ``download`` as a script calls them: without a loop, with options by name, with plain URLs."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crawler
from crawler.app.keywords import ACCEPTED, ALL, config_of
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.storage.directory.destination import LocalDestination
from tests.support.misbehaving.behaviours import HangUp, Silent, Status
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
    out, err = child.communicate(timeout=100)
    assert err == "interrupted\n", "no traceback, and no task that was left"
    assert out.splitlines()[-1] == "end"
    ended = {line for line in [*said, *out.split()] if "." in line}
    assert files(tmp_path / "m") == ended - {"broken.bin"}, "what is complete is kept"
    async with LocalDestination(tmp_path / "m") as destination:
        await destination.acquire(0)  # the lock is free


async def test_walk_says_what_to_write_if_it_is_not_used_in_async_with(site: Site) -> None:
    walk: Any = crawler.walk(site.url)
    uses: list[Callable[[], Any]] = [
        lambda: aiter(walk), lambda: anext(walk), lambda: iter(walk), walk.__enter__, lambda: list(walk),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(TypeError, match=r"write 'async with crawler\.walk\(\.\.\.\) as entries:', and in it"):
            use()
    with pytest.raises(TypeError, match="write 'async with"):
        await walk
    async with walk as entries:
        with pytest.raises(TypeError, match="write 'async for entry in entries:'"):
            iter(entries)
        assert [entry.path async for entry in entries]
        assert [entry async for entry in entries] == [], "the end is the end"
    with pytest.raises(RuntimeError, match="entered only once"):
        async with walk:
            pass


async def test_the_entries_of_a_walk_end_with_its_block(site: Site) -> None:
    async with crawler.walk(site.url) as entries:
        async for _ in entries:
            break
    for _ in range(2):
        with pytest.raises(RuntimeError, match="its 'async with' block has ended"):
            await anext(entries)
    site.on("sub/", Silent())
    async with crawler.walk(site.url) as entries:
        assert {(await anext(entries)).path for _ in range(3)} == {"a.zip", "b.txt", "sub"}
        waiting = asyncio.ensure_future(anext(entries))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task iterates"):
            await anext(entries)
    with pytest.raises(RuntimeError, match="its 'async with' block has ended"):
        await waiting


async def test_a_walk_raises_its_error_each_time(site: Site) -> None:
    site.on("sub/", Status(404))
    async with crawler.walk(f"{site.url}sub/", attempts=1) as entries:
        for _ in range(2):
            with pytest.raises(crawler.ListingError, match="HTTP 404"):
                await anext(entries)


async def test_errors_and_warnings_name_keyword_arguments(site: Site, tmp_path: Path) -> None:
    """The command line's names of options are for the command line alone."""
    directory = tmp_path / "m"
    report = await crawler.mirror(site.url, directory, exclude="*.iso")
    assert report.notes or report.warnings
    assert "--" not in "".join([*report.notes, *report.warnings])
    site.on("login/", Status(401, (("WWW-Authenticate", "Basic"),)))
    calls: list[tuple[Coroutine[Any, Any, Any], str]] = [
        (crawler.mirror(f"{site.url}sub/", directory), "add moved=True if the site has moved to this URL"),
        (crawler.mirror(site.url, tmp_path / "n", ca_file=tmp_path / "no.pem"), f"ca_file {tmp_path}/no.pem: No such"),
        (crawler.mirror(site.url, tmp_path / "n", header="@no"), "header @no: No such file"),
        (crawler.mirror(site.url, tmp_path / "n", state="no/x"), "state no/x: no directory no"),
        (crawler.mirror(site.url, tmp_path / "n", fallback=site.url), f"fallback {site.url}: named twice"),
        (crawler.mirror(f"{site.url}login/", tmp_path / "n", attempts=1), r'netrc=True, or header="@FILE"'),
        (crawler.mirror(site.url, tmp_path / "n", max_delete=5), "mirror: max_delete has no effect without delete"),
        (crawler.mirror(site.url, tmp_path / "n", proxy=""), "mirror: proxy: '': expected a value"),
        (crawler.mirror(site.url, tmp_path / "n", objects={"region": "x"}), "objects: has no effect: directory is not"),
        (
            crawler.download(f"{site.url}a.zip", tmp_path / "n", crawler.Config(objects={"region": "x"})),
            "has no effect",
        ),
        (crawler.download(f"{site.url}a.zip", tmp_path / "d", cookies="no"), "cookies no: No such file"),
        (enter(crawler.walk(f"{site.url}login/", attempts=1)), r'netrc=True, or header="@FILE"'),
        (enter(crawler.walk(site.url, cookies="no")), "cookies no: No such file"),
    ]
    for call, said in calls:
        with pytest.raises(crawler.CrawlerError, match=re.escape(said)) as error:
            await call
        assert "--" not in str(error.value)


async def enter(walk: AbstractAsyncContextManager[AsyncIterator[crawler.Entry]]) -> None:
    async with walk as entries:
        await anext(entries)


async def test_a_path_that_cannot_be_is_explained(site: Site, tmp_path: Path) -> None:
    items: list[str | tuple[str, str]] = [
        f"{site.url}sub/", (f"{site.url}a.zip", "/etc/x"), (f"{site.url}a.zip", "../x"), (f"{site.url}a.zip", "x/"),
        (f"{site.url}a.zip", "x//y"), (f"{site.url}a.zip", "x\ty"), (f"{site.url}b.txt", ".crawler/x"),
    ]  # fmt: skip
    report = await crawler.download(items, tmp_path / "d")
    assert [(failure.path, failure.reason) for failure in report.failures] == [
        ("", "its URL ends in a slash, so it names a directory: mirror that, or give the file a path"),
        ("/etc/x", "'/etc/x' is an absolute path: paths are relative to DIR"),
        ("../x", "'../x' contains '..': files are saved in DIR alone"),
        ("x/", "'x/' is the path of a directory: add the name of the file"),
        ("x//y", "'x//y' contains an empty segment or '.': write the path without it"),
        ("x\ty", "'x\\ty' contains a control character"),
        (".crawler/x", "'.crawler/x' is the name of crawler's own directory"),
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=3) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.none() | st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=60)
@given(st.sampled_from([(function, key) for function in ACCEPTED for key in sorted(ALL)]), VALUES)
def test_any_value_of_an_option_is_accepted_or_refused_by_its_name(call: tuple[str, str], value: Any) -> None:
    function, key = call
    try:
        assert isinstance(config_of(function, None, {key: value}), Config)
        assert key in ACCEPTED[function]
    except ConfigError as error:
        assert str(error).startswith((f"{function}: {key}", f"{function}: config.{key}"))
        assert "\n" not in str(error)
