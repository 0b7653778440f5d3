"""Reading one page of a listing: what comes out, what is remembered."""

from __future__ import annotations

import pytest

from crawler import limits
from crawler.errors import ListingError
from crawler.models import Listing
from crawler.parsers import Parsers
from crawler.reading import Reader
from tests.faulty.pages import Row, nginx
from tests.unit.fakes import Answer, Asked, FakeClient, MemoryState, Recorder, nothing_refused

URL = "http://h/pub/"
PAGE = nginx("/pub/", [Row(href=name, size=500, mtime=1735787040) for name in ("a.bin", "b.bin", "c.bin")])


class Reading:
    """A page, read through fakes."""

    def __init__(self, body: bytes, content_type: str = "text/html", etag: str = '"1"') -> None:
        self.asked: list[Asked] = []
        self.answer = Answer(headers={"Content-Type": content_type, **({"ETag": etag} if etag else {})}, body=body)
        self.state, self.observer = MemoryState(), Recorder()

    async def pieces(self) -> list[Listing]:
        def answer(asked: Asked) -> Answer:
            self.asked.append(asked)
            return self.answer

        reader = Reader(
            client=FakeClient(answer),
            state=self.state,
            observer=self.observer,
            parse=Parsers().pieces,
            attempts=1,
        )
        return [piece async for piece in reader.read("", URL, nothing_refused)]


async def names(reading: Reading) -> list[str]:
    return [entry.name for piece in await reading.pieces() for entry in piece.entries]


async def test_a_whole_page_is_read_and_remembered() -> None:
    reading = Reading(PAGE)
    assert await names(reading) == ["a.bin", "b.bin", "c.bin"]
    assert await reading.state.listing(URL) is not None


@pytest.mark.parametrize(("etag", "is_kept"), [('"1"', True), ("", False)])
async def test_a_long_page_that_cannot_be_asked_for_with_a_condition_is_read_again(etag: str, is_kept: bool) -> None:
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


async def test_a_page_that_is_no_listing_yields_nothing() -> None:
    reading = Reading(b"<html><body><h1>Log in</h1><form>Name</form></body></html>")
    with pytest.raises(ListingError, match="not a directory listing"):
        await reading.pieces()


async def test_an_empty_array_is_asked_for_again_as_html() -> None:
    reading = Reading(b"[]", "application/json")
    with pytest.raises(ListingError):
        await reading.pieces()
    assert len(reading.asked) == 2


async def test_a_page_that_is_the_same_byte_for_byte_is_recalled() -> None:
    reading = Reading(PAGE)
    first = await names(reading)
    again = Reading(PAGE)
    again.state = reading.state
    assert await names(again) == first
    assert reading.observer.refused == [("", "parent")]
    assert again.observer.refused == []  # it was not parsed again
