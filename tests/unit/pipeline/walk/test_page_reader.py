"""Reading one page of a listing: the result, and what is stored in the state."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.values import Listing, Validators
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.unchanged_directories import EarlyComparison, UnchangedDirectories
from crawler.workers.page_parsers import PageParsers
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, MemoryState, Recorder, nothing_refused
from tests.support.misbehaving.pages import Row, nginx

URL = "http://h/pub/"
PAGE = nginx("/pub/", [Row(href=name, size=500, mtime=1735787040) for name in ("a.bin", "b.bin", "c.bin")])


class Reading:
    """A page reader over fakes."""

    def __init__(self, body: bytes, content_type: str = "text/html", etag: str = '"1"') -> None:
        self.requests: list[FakeRequest] = []
        self.response = FakeResponse(
            headers={"Content-Type": content_type, **({"ETag": etag} if etag else {})}, body=body
        )
        self.state, self.observer = MemoryState(), Recorder()
        self.unchanged: UnchangedDirectories | None = None
        self.status = 200
        """Status of the responses; 304 is only sent to conditional requests."""
        self.end_proven = True

    async def pieces(self) -> list[Listing]:
        def respond(request: FakeRequest) -> FakeResponse:
            self.requests.append(request)
            is_same = self.status == 304 and "If-None-Match" in request.headers
            return replace(self.response, status=304, body=b"") if is_same else self.response

        client = FakeClient(respond)
        client.end_proven = self.end_proven
        reader = PageReader(
            client=client,
            state=self.state,
            observer=self.observer,
            parse=PageParsers().pieces,
            attempts=1,
            unchanged=self.unchanged,
        )
        return [piece.listing async for piece in reader.read("", URL, nothing_refused)]


async def names(reading: Reading) -> list[str]:
    return [entry.name for piece in await reading.pieces() for entry in piece.entries]


async def test_a_whole_page_is_read_and_remembered() -> None:
    reading = Reading(PAGE)
    assert await names(reading) == ["a.bin", "b.bin", "c.bin"]
    assert await reading.state.listing(URL) is not None


@pytest.mark.parametrize(("etag", "is_kept"), [('"1"', True), ("", False)])
async def test_a_long_page_that_cannot_be_requested_with_a_condition_is_read_again(etag: str, is_kept: bool) -> None:
    rows = [Row(href=f"{number}.bin", size=500, mtime=1735787040) for number in range(limits.READ_AGAIN_ENTRIES + 1)]
    reading = Reading(nginx("/pub/", rows), etag=etag)
    assert len(await names(reading)) == len(rows)
    assert (await reading.state.listing(URL) is not None) == is_kept


@pytest.mark.parametrize("mark", [b'href="c.bin"', b"c.bin</a>", b"500"])
async def test_the_row_in_which_a_page_was_cut_says_nothing(mark: bytes) -> None:
    reading = Reading(PAGE[: PAGE.rindex(mark) + len(mark) // 2])
    pieces = await reading.pieces()
    assert not pieces[-1].complete
    found = [entry for piece in pieces for entry in piece.entries]
    assert "c.bin" not in [entry.name for entry in found]
    assert all(entry.size is not None and entry.size.low == 500 for entry in found)
    assert await reading.state.listing(URL) is None


@pytest.mark.parametrize(("end", "left"), [("<br>\n", 3), ("<br>", 3), ("", 2), ("  10", 2)])
async def test_a_page_whose_end_nothing_proves_is_not_complete(end: str, left: int) -> None:
    rows = "<br>\n".join(f'<a href="{name}.bin">{name}.bin</a>  2024-05-06 03:08  100' for name in "abc")
    reading = Reading(f"<h1>Index of /pub/</h1>\n{rows}{end}".encode())
    for is_proven in (False, True):
        reading.end_proven = is_proven
        pieces = await reading.pieces()
        assert pieces[-1].complete is is_proven
        assert sum(len(piece.entries) for piece in pieces) == (3 if is_proven else left)
        assert (await reading.state.listing(URL) is not None) is is_proven


async def test_a_page_that_closes_what_it_opened_needs_no_other_proof() -> None:
    reading = Reading(PAGE)
    reading.end_proven = False
    assert (await reading.pieces())[-1].complete


async def test_a_page_that_is_not_a_listing_yields_nothing() -> None:
    reading = Reading(b"<html><body><h1>Log in</h1><form>Name</form></body></html>")
    with pytest.raises(ListingError, match="not a directory listing"):
        await reading.pieces()


async def test_an_empty_array_is_requested_again_as_html() -> None:
    reading = Reading(b"[]", "application/json")
    with pytest.raises(ListingError):
        await reading.pieces()
    assert len(reading.requests) == 2


async def test_a_page_that_is_the_same_byte_for_byte_is_recalled() -> None:
    reading = Reading(PAGE)
    first = await names(reading)
    again = Reading(PAGE)
    again.state = reading.state
    assert await names(again) == first
    assert reading.observer.refused == [("", "parent")]
    assert again.observer.refused == []  # it was not parsed again


@pytest.mark.parametrize("bad", ["..%2fesc", "%2e%2e", "a%00b", "http://cdn.test/f.bin", "get.php?id=1"])
async def test_a_page_with_a_row_that_is_not_an_entry_is_read_and_reported_each_time(bad: str) -> None:
    reading = Reading(PAGE.replace(b'href="b.bin"', f'href="{bad}"'.encode()))
    for _ in range(2):
        pieces = await reading.pieces()
        assert [entry.name for piece in pieces for entry in piece.entries] == ["a.bin", "c.bin"]
        assert [each.subject for piece in pieces for each in piece.rejections if each.row] == [bad]
        assert await reading.state.listing(URL) is None
    assert ("", "bad-name") not in reading.observer.refused  # it is counted, and no link of the page


class FixedDigests(UnchangedDirectories):
    """Returns the configured result for each directory."""

    def __init__(self, leaf: DirectoryDigest, *, kept: bool) -> None:
        self._leaf, self._kept = leaf, kept
        self.requests = 0

    async def of(self, url: str) -> DirectoryDigest | None:
        assert url == URL
        return self._leaf

    async def is_kept(self, path: str, leaf: DirectoryDigest, early: EarlyComparison | None = None) -> bool:
        self.requests += 1
        return self._kept


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("is_remembered", [True, False])
@pytest.mark.parametrize("status", [200, 304])
async def test_an_unchanged_page_is_read_only_if_something_else_changed(
    status: int, is_remembered: bool, is_kept: bool
) -> None:
    reading = Reading(PAGE)
    assert await names(reading) == ["a.bin", "b.bin", "c.bin"]
    if not is_remembered:
        reading.state.memos.clear()
    leaf = DirectoryDigest(
        answered=URL, body_digest=hashlib.sha256(PAGE).hexdigest(), validators=Validators(etag='"1"'), family="nginx",
        wishes="", files=3, total=0, resolution=1, newest=0.0, newest_local=0.0, skipped=(),
    )  # fmt: skip
    reading.unchanged = digests = FixedDigests(leaf, kept=is_kept)
    reading.requests.clear()
    reading.status = status
    assert await names(reading) == ([] if is_kept else ["a.bin", "b.bin", "c.bin"])
    assert digests.requests == 1
    conditional = [request.headers.get("If-None-Match") for request in reading.requests]
    once_more = status == 304 and not is_kept and not is_remembered
    assert conditional == (['"1"', None] if once_more else ['"1"'])


async def test_a_page_with_other_bytes_is_compared_with_nothing() -> None:
    leaf = DirectoryDigest(
        answered=URL, body_digest="00", validators=Validators(), family="nginx", wishes="", files=3, total=0,
        resolution=1, newest=0.0, newest_local=0.0, skipped=(),
    )  # fmt: skip
    reading = Reading(PAGE)
    reading.unchanged = digests = FixedDigests(leaf, kept=True)
    assert await names(reading) == ["a.bin", "b.bin", "c.bin"]
    assert digests.requests == 0


async def test_a_304_confirms_the_version_that_was_requested_and_not_the_one_that_is_remembered_beside_it() -> None:
    """A page of files, another version, and the first again: the digest is of the first, the memo of the second."""
    reading = Reading(nginx("/pub/", [Row(href="other.bin", size=500, mtime=1735787040)]), etag='"2"')
    assert await names(reading) == ["other.bin"]
    first = Reading(PAGE)
    leaf = DirectoryDigest(
        answered=URL, body_digest=hashlib.sha256(PAGE).hexdigest(), validators=Validators(etag='"1"'), family="nginx",
        wishes="", files=3, total=0, resolution=1, newest=0.0, newest_local=0.0, skipped=(),
    )  # fmt: skip
    first.state = reading.state
    first.unchanged = FixedDigests(leaf, kept=False)
    first.status = 304
    assert await names(first) == ["a.bin", "b.bin", "c.bin"]
    assert [request.headers.get("If-None-Match") for request in first.requests] == ['"1"', None]
    memo = await first.state.listing(URL)
    assert memo is not None
    assert memo.validators.etag == '"1"', "and is the one that is remembered now"


async def test_a_304_about_another_version_of_a_page_is_not_believed() -> None:
    reading = Reading(PAGE)
    assert await names(reading) == ["a.bin", "b.bin", "c.bin"]
    other = nginx("/pub/", [Row(href="other.bin", size=500, mtime=1735787040)])
    reading.response = FakeResponse(headers={"Content-Type": "text/html", "ETag": '"2"'}, body=other)
    reading.status = 304
    assert await names(reading) == ["other.bin"]
