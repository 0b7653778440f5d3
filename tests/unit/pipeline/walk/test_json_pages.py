"""Pages of JSON that name only the next one: the last of them may be empty, and hide nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.errors import ListingError
from tests.support.fakes import FakeRequest, FakeResponse, MemoryState
from tests.support.paged_mirror import SIZE, PagedMirror
from tests.support.paged_mirror import page_of as listed
from tests.unit.pipeline.walk.test_read_pages import ROOT, Reading, files

Pages = Sequence[tuple[Sequence[str], Mapping[str, Any]]]
"""For each page its rows, and the fields beside them."""
STYLES = ("array", "next", "Link")


def page_of(pages: Pages, style: str, query: str) -> FakeResponse:
    """One of ``pages``, which name the next one in a field, or a Link header."""
    number = int(query.removeprefix("page=") or 1)
    if number > len(pages):
        return FakeResponse(status=404)
    names, beside = pages[number - 1]
    rows = [{"name": name, "type": "file", "size": SIZE} for name in names]
    is_last = number == len(pages) or not names
    headers, url = {"Content-Type": "application/json"}, f"{ROOT}?page={number + 1}"
    document: Any = {"files": rows, "next": None if is_last else url, **beside}
    if style != "next":
        document = rows if style == "array" else {"files": rows, **beside}
        headers |= {} if is_last else {"Link": f'<{url}>; rel="next"'}
    return FakeResponse(headers=headers, body=json.dumps(document).encode())


class JsonReading(Reading):
    """The outcome of reading a listing of JSON ``pages``."""

    def __init__(self, pages: Pages, state: MemoryState, style: str) -> None:
        super().__init__(lambda _query: None, state)
        self._pages, self._style = pages, style

    def _respond(self, request: FakeRequest) -> FakeResponse:
        path, _, query = request.url.partition("?")
        return page_of(self._pages, self._style, query) if path == ROOT else FakeResponse(status=404)


class JsonMirror(PagedMirror):
    """A mirror of a site that has ``names``, with a listing of JSON ``pages``."""

    def __init__(self, names: list[str], pages: Pages, style: str) -> None:
        super().__init__(listed(names, lambda _query: None))
        self.pages, self._style = pages, style

    def listing(self, query: str) -> FakeResponse:
        self.shown.update(name for names, _ in self.pages for name in names)
        return page_of(self.pages, self._style, query)


async def read(pages: Pages, state: MemoryState, style: str) -> list[str] | None:
    """The names on ``pages``; None if they are not known to be whole."""
    reading = JsonReading(pages, state, style)
    try:
        await reading.run()
    except ExceptionGroup as group:
        assert isinstance(group.exceptions[0], ListingError)
        return None
    return reading.names if reading.is_complete else None


def chain(names: Sequence[str], length: int, *, is_open: bool) -> list[tuple[Sequence[str], Mapping[str, Any]]]:
    """Pages of ``length`` rows with ``names``; at last an empty one if ``is_open`` and the one before it is full."""
    parts = [names[at : at + length] for at in range(0, len(names), length)]
    return [(part, {}) for part in (*parts, *([[]] if is_open and len(parts[-1]) == length else []))]


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=30)
@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=4), length=st.integers(1, 4))
async def test_an_empty_page_after_the_last_full_one_is_the_end(style: str, counts: list[int], length: int) -> None:
    state = MemoryState()
    for count in sorted(counts):  # one in place of a page that was not full is doubted
        assert await read(chain(files(count), length, is_open=True), state, style) == files(count)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_an_empty_page_in_place_of_one_with_rows_is_not_the_end(style: str, number: int) -> None:
    whole = chain(files(8), 3, is_open=True)
    mirror = JsonMirror(files(8), whole, style)
    assert await mirror.runs(1) == "0"
    mirror.pages = [*whole[: number - 1], ([], {}), *whole[number:]]
    assert await mirror.runs(2) == "55"
    mirror.pages = whole
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(files(8))


@pytest.mark.parametrize("beside", [{"error": "disk offline"}, {"count": 9}, {"hasMore": True}])
async def test_an_empty_page_that_states_more_is_not_the_end(beside: dict[str, Any]) -> None:
    assert await read([(files(3), {}), ([], beside)], MemoryState(), "next") is None


async def test_a_first_page_that_is_an_empty_array_proves_nothing() -> None:
    assert await read([([], {})], MemoryState(), "next") is None
