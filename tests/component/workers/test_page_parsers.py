"""Hostile pages: the event loop keeps running, the page fails or is parsed, and no process is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from crawler.listings import parse_listing
from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.values import Listing
from crawler.workers.frames import frame
from crawler.workers.listing_codec import OUT_OF_MEMORY
from crawler.workers.page_parsers import PageParsers, ParserLimits
from tests.support.misbehaving.pages import Row, nginx

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

URL = "http://host.test/pub/"
HEAD = b"<title>Index of /pub/</title><h1>Index of /pub/</h1>"
TABLES = b"<table><tr><td><a href=x>x</a><td>1<td>2" * 24_000
"""One megabyte of HTML that takes ten seconds to parse."""
HOSTILE = {
    "nested tables": TABLES,
    "tags without end": b"<a " * 60_000,
    "100,000 levels": b"<div>" * 100_000 + b"<a href=x>x</a>",
    "one gigantic attribute": b'<a href="' + b"x" * 3_000_000 + b'">x</a>',
    "a million tiny links": b"<a href=a>" * 1_000_000,
    "rows without end": b"<tr><td><a href=x>x" * 60_000,
    "items in items": b"<ul><li><a href=x>x</a>" * 40_000,
    "no two rows alike": b"".join(b"<tr class=c%d><td><a href=%d>x</a></tr>" % (n, n) for n in range(30_000)),
    "an array in an array": b"[" * 3_000_000,
    "an element in an element": b"<?xml version='1.0'?>" + b"<list>" * 300_000,
}  # fmt: skip


def themed(rows: int) -> bytes:
    row = b'<tr><td><a href="f%d.bin">f%d.bin</a></td><td>2024-03-01 10:11</td><td>%d</td></tr>\n'
    return HEAD + b"<table>" + b"".join(row % (n, n, n) for n in range(rows)) + b"</table>"


_OTHERS: set[int] = set()
"""Child processes that existed before the test: servers of other tests."""


def descendants() -> set[int]:
    """Child processes started during the test, zombies included."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == os.getpid():
                    found.add(int(entry.name))
    return found - _OTHERS


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    _OTHERS.clear()
    _OTHERS.update(descendants())
    yield
    assert not descendants()


class Pulse:
    """Counts iterations of the event loop."""

    def __init__(self) -> None:
        self.beats = 0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()

    async def _beat(self) -> None:
        while True:
            self.beats += 1
            await asyncio.sleep(0.01)


async def read(parsers: PageParsers, body: bytes) -> Listing:
    pieces = [piece async for piece in parsers.pieces(body, URL, "")]
    return pieces[-1]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_page_ends_while_the_loop_goes_on(name: str) -> None:
    pulse = Pulse()
    async with PageParsers(budget=ParserLimits(seconds=0.5, seconds_per_mib=0)) as parsers, pulse.beating():
        with suppress(ListingError):
            assert not (await read(parsers, HOSTILE[name])).entries
        assert pulse.beats > 3
        assert (await read(parsers, themed(40))).is_listing


async def test_a_page_that_takes_too_long_is_an_error_and_the_next_one_is_read() -> None:
    async with PageParsers(budget=ParserLimits(seconds=0.6, seconds_per_mib=0)) as parsers:
        with pytest.raises(ListingError, match=r"^its page took longer than 1 s to read$"):
            await read(parsers, TABLES)
    async with PageParsers() as parsers:
        assert len((await read(parsers, themed(3000))).entries) == 3000


async def test_a_page_that_takes_too_much_memory_is_an_error_and_the_next_one_is_read() -> None:
    async with PageParsers(budget=ParserLimits(memory=100 * limits.MIB)) as parsers:
        with pytest.raises(ListingError, match=r"^its page takes more than 100 MiB to read$"):
            await read(parsers, TABLES)
        assert len((await read(parsers, themed(3000))).entries) == 3000


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
async def test_a_process_that_dies_fails_its_own_page_only(number: signal.Signals) -> None:
    async with PageParsers() as parsers:
        await read(parsers, themed(3000))
        (process,) = descendants()
        reading = asyncio.create_task(read(parsers, TABLES))
        await asyncio.sleep(0)
        os.kill(process, number)
        with pytest.raises(ListingError, match="took longer than" if number == signal.SIGXCPU else f"signal {number}$"):
            await reading
        assert len((await read(parsers, themed(3000))).entries) == 3000


async def test_cancelling_leaves_no_process_and_no_descriptor() -> None:
    before = descriptors()
    async with PageParsers() as parsers:
        reading = asyncio.create_task(read(parsers, TABLES))
        while not descendants():  # noqa: ASYNC110 - a process is no event
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert not descendants()
    await asyncio.sleep(0)  # the event loop closes aborted transports
    assert descriptors() <= before + 1  # the first thread of the pool has its own


async def test_one_process_reads_one_page_after_the_other() -> None:
    async with PageParsers() as parsers:
        for _ in range(3):
            await read(parsers, themed(3000))
            assert len(descendants()) == 1
        listings = await asyncio.gather(*(read(parsers, themed(2000 + number)) for number in range(6)))
        assert [len(listing.entries) for listing in listings] == [2000 + number for number in range(6)]
        assert len(descendants()) == 1


@pytest.mark.parametrize("body", [themed(50), themed(3000), TABLES[:140_000], b"[]" + b" " * 200_000])
async def test_a_page_gives_the_same_listing_wherever_it_is_parsed(body: bytes) -> None:
    async with PageParsers() as parsers:
        assert await read(parsers, body) == parse_listing(body, URL, "")


async def test_a_printed_page_that_deviates_is_read_on_without_repeating_an_entry() -> None:
    rows = [Row(href=f"f{number}.bin", size=number, mtime=1735787040) for number in range(4000)]
    body = nginx("/pub/", rows).replace(b"</pre>", b'<a href="odd">odd</a> of late\n</pre>')
    async with PageParsers() as parsers:
        pieces = [piece async for piece in parsers.pieces(body, URL, "text/html")]
    names = [entry.name for piece in pieces for entry in piece.entries]
    assert sorted(names) == sorted({*names})
    assert {"f0.bin", "f3999.bin", "odd"} <= {*names}
    assert pieces[-1].is_listing


async def test_if_no_process_can_be_started_a_thread_parses_and_a_warning_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    problem = "cannot start a parser process (No such file or directory): long listings are parsed without limits"
    warnings: list[str] = []
    async with PageParsers(warnings.append) as parsers:
        for _ in range(2):
            assert len((await read(parsers, themed(3000))).entries) == 3000
    assert warnings == [problem]


FORBIDDEN = """
import resource, sys
from crawler.workers import page_parser_process

def forbid(*_limit):
    raise ValueError("not allowed to raise maximum limit")

resource.setrlimit = forbid
page_parser_process.main(sys.argv[1])
"""


def test_a_process_that_may_not_set_limits_watches_its_own_memory() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", FORBIDDEN, str(100 * limits.MIB)]
    with ours, theirs, subprocess.Popen(command, stdin=theirs.fileno()) as process:
        ours.sendall(frame(json.dumps([URL, "", 60.0]).encode()) + frame(TABLES))
        assert process.wait() == OUT_OF_MEMORY


ORPHAN = """
import asyncio, sys
from crawler.workers.page_parsers import PageParsers

async def main():
    async with PageParsers() as parsers:
        await anext(parsers.pieces(sys.stdin.buffer.read(), "http://host.test/pub/", ""))

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is not ours")
def test_a_process_whose_parent_was_killed_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        parent.stdin.write(TABLES)
        parent.stdin.close()
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        while not (found := children.read_text().split()):
            assert parent.poll() is None
        watched = os.pidfd_open(int(found[0]))
        try:
            parent.kill()
            parent.wait()
            assert select.select([watched], [], [], 8)[0], "it reads on without its parent"
        finally:
            os.close(watched)
