"""A large directory is compared while its page is on its way, with the same result as afterwards."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from crawler.model.errors import DestinationError
from crawler.model.interfaces import FetchedPage, Permit, Take
from crawler.model.state.directory_digest import DirectoryDigest, StoredFile
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.walk import unchanged_directories
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.unchanged_directories import EarlyComparison, Through, UnchangedDirectories
from crawler.workers.page_parsers import PageParsers
from tests.support.fakes import (
    FakeClient,
    FakeDestination,
    FakeRequest,
    FakeResponse,
    MemoryState,
    Recorder,
    leaf_of,
    nothing_refused,
)
from tests.support.misbehaving.pages import Row, nginx

URL = "http://h/pub/"
NAMES = ("a", "b", "c")
PAGE = nginx("/pub/", [Row(href=name, size=500, mtime=1735787040) for name in NAMES])
NOON = datetime(2025, 1, 2, 12, 4, tzinfo=UTC)


def record(name: str) -> Known:
    return Known(path=name, url=f"{URL}{name}", row=f"row {name}", size=500, mtime=7, checked=2e9)


def digest() -> DirectoryDigest:
    builder = DirectoryDigestBuilder()
    builder.expect(len(NAMES), more=False)
    for name in NAMES:
        time = Span(NOON, NOON + timedelta(seconds=59))
        kind = Kind.FILE
        builder.add(
            Entry(name=name, kind=kind, url=f"{URL}{name}", size=Span(500, 500), modified=time, row=f"row {name}"), None
        )
    return replace(leaf_of(builder), answered=URL, body_digest=hashlib.sha256(PAGE).hexdigest(), wishes="w")


class Watched(FakeDestination):
    """Tells when it is scanned."""

    def __init__(self) -> None:
        super().__init__({name: Local(Kind.FILE, 500, 7) for name in NAMES})
        self.scans, self.scanned = 0, asyncio.Event()
        self.problem: DestinationError | None = None

    async def scan(self, directory: str) -> dict[str, Local]:
        self.scans += 1
        self.scanned.set()
        if self.problem is not None:
            raise self.problem
        return await super().scan(directory)


class Late(FakeClient):
    """Sends no page before an event."""

    def __init__(self, respond: Callable[[FakeRequest], FakeResponse], event: asyncio.Event | None) -> None:
        super().__init__(respond)
        self._event = event

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
        if self._event is not None:
            await asyncio.wait_for(self._event.wait(), 60)
        return await super().fetch_page(url, validators=validators, permit=permit, html_only=html_only, most=most)


class Case:
    """One directory, what is known of it, and its copy."""

    def __init__(self) -> None:
        self.destination, self.observer = Watched(), Recorder()
        self.state = MemoryState(*map(record, NAMES))
        self.state.leaves[URL] = digest()
        yes = dict.fromkeys(("allows", "allows_below"), lambda _url: True)
        self.unchanged = UnchangedDirectories(self.destination, self.state, self.observer, wishes="w", **yes)

    async def names(self, body: bytes = PAGE, *, waits: bool = True) -> list[str]:
        """The entries of the pieces that are read of a page, which comes once the directory is being compared."""

        def respond(_request: FakeRequest) -> FakeResponse:
            return FakeResponse(headers={"Content-Type": "text/html"}, body=body)

        reader = PageReader(
            client=Late(respond, self.destination.scanned if waits else None),
            state=self.state,
            observer=self.observer,
            parse=PageParsers().pieces,
            attempts=1,
            unchanged=self.unchanged,
        )
        pieces = [piece.listing async for piece in reader.read("", URL, nothing_refused)]
        return [entry.name for piece in pieces for entry in piece.entries]


@pytest.fixture(autouse=True)
def _small_directories_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_directories, "_LARGE", 3)
    monkeypatch.setattr(unchanged_directories, "_PROMPT", 0.0)


async def test_a_directory_is_compared_before_its_page_has_come_and_then_reported() -> None:
    case = Case()
    assert await case.names() == []
    assert case.destination.scans == 1
    assert case.unchanged.files == 3


@pytest.mark.parametrize("change", ["local", "gone", "more", "state", "row"])
async def test_a_directory_that_has_changed_is_read_whenever_it_is_compared(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for least in (3, 4):
        monkeypatch.setattr(unchanged_directories, "_LARGE", least)
        case = Case()
        files, known = case.destination.files, case.state.files
        match change:
            case "local":
                files["a"] = Local(Kind.FILE, 500, 8)
            case "gone":
                del files["a"]
            case "more":
                files["d"] = Local(Kind.FILE, 500, 8)
            case "state":
                del known["a"]
            case _:
                known["a"] = replace(known["a"], row="another")
        assert await case.names(waits=least == 3) == list(NAMES)
        assert case.destination.scans == 1
        assert case.unchanged.files == 0


async def test_a_comparison_is_in_vain_if_the_page_is_another_one() -> None:
    case = Case()
    case.destination.problem = DestinationError("unreadable")
    assert await case.names(PAGE.replace(b"500", b"501")) == list(NAMES)
    assert not case.observer.results


async def test_an_error_of_the_comparison_counts_if_the_page_is_the_same() -> None:
    case = Case()
    case.destination.problem = DestinationError("unreadable")
    with pytest.raises(DestinationError, match="unreadable"):
        await case.names()


async def test_nothing_is_compared_before_a_page_that_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_directories, "_PROMPT", 60.0)
    case = Case()
    assert await case.names(PAGE.replace(b"500", b"501"), waits=False) == list(NAMES)
    assert case.destination.scans == 0
    assert await case.names(waits=False) == []
    assert case.destination.scans == 1


async def test_a_comparison_that_is_over_reads_no_further_records() -> None:
    found, begun = list[str](), asyncio.Event()

    async def compare(through: Through) -> list[StoredFile] | None:
        rows = [StoredFile(name, f"{URL}{name}", "", 500, 7, 2e9) for name in NAMES]
        for row in through(rows):
            found.append(row.name)
            begun.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        return None

    early = EarlyComparison(compare)
    await begun.wait()
    await early.close()
    assert found == ["a"]
