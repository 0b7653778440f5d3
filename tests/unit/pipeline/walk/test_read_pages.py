"""All pages of a listing are read, whatever its pager looks like; what is not known to be whole is incomplete."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncGenerator, Callable
from functools import lru_cache
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing
from crawler.model import limits
from crawler.model.values import Listing
from crawler.pipeline.rules.scope import Bounds
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.walker import Walker
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, MemoryState, Recorder, permit_as
from tests.support.paged_mirror import PagedMirror, page_of
from tests.support.paged_site import KEYED, STYLES, PagedSite, Paging, all_numbers, numbers, words

ROOT = "http://h.test/pub/"
HTML = {"Content-Type": "text/html"}

NUMBERED = [
    Paging(),
    Paging(key="p"),
    Paging(key="page", first=0),
    Paging(key="start", first=0, step=7),
    Paging(key="offset", first=0, step=7, after="&limit=7"),
    Paging(key="seite"),
    Paging(key="blatt"),
    Paging(key="x", first=0, step=7, before="sort=name&"),
    Paging(key="page", before="dir=&", after="&lang=de"),
]
DATA = '<div class="pagination" data-total="{}"></div>'
PAGINGS = [*NUMBERED, Paging(key="marker", is_opaque=True), Paging(key="cursor", is_opaque=True)]


_parse = lru_cache(maxsize=256)(parse_listing)
"""Most pages are read several times."""


async def _parsed(body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
    yield _parse(body, url, content_type)


class Reading:
    """The outcome of reading a listing whose page ``page`` gives for a query."""

    def __init__(
        self,
        page: Callable[[str], str | None],
        state: MemoryState | None = None,
        *,
        trusts: bool = False,
        respond: Callable[[FakeRequest], FakeResponse] | None = None,
    ) -> None:
        """``respond``: responds to each request, instead of ``page``."""
        self._page = page
        self.client = FakeClient(respond or self._respond)
        self.state = state or MemoryState()
        self.observer = Recorder()
        self.visited: list[DirectoryPage] = []
        reader = PageReader(client=self.client, state=self.state, observer=self.observer, parse=_parsed, attempts=1)
        bounds = Bounds(trusts_pages=trusts)
        self.walker = Walker(reader, self.observer, bounds=bounds, permit_as=permit_as)

    def _respond(self, request: FakeRequest) -> FakeResponse:
        path, _, query = request.url.partition("?")
        markup = self._page(query) if path == ROOT else None
        if markup is None:
            return FakeResponse(status=404, headers=HTML)
        return FakeResponse(headers=HTML, body=markup.encode())

    async def visit(self, page: DirectoryPage) -> bool:
        self.visited.append(page)
        return True

    async def run(self, query: str = "") -> Reading:
        await self.walker.walk([Directory(path="", url=ROOT + query)], self.visit)
        return self

    @property
    def names(self) -> list[str]:
        """The names read, each once."""
        return sorted({entry.name for page in self.visited for entry in page.entries})

    @property
    def is_complete(self) -> bool:
        return self.visited[-1].complete and not self.observer.failed_listings

    @property
    def problem(self) -> str:
        ((_, problem),) = self.observer.failed_listings
        return problem


def files(count: int) -> list[str]:
    return [f"f{number:03d}.zip" for number in range(count)]


names_of_files = st.lists(
    st.one_of(
        st.from_regex(r"\A[a-z]{1,8}\.(?:zip|iso|txt)\Z"),
        st.sampled_from(["1", "2", "3", "next", "Next", "more", "last.txt", "2 of 30.txt", "page 2", "30 files.txt"]),
    ),
    min_size=1,
    max_size=16,
    unique=True,
)


@given(
    names=names_of_files,
    length=st.integers(2, 7),
    style=st.sampled_from([*STYLES, *KEYED]),
    paging=st.sampled_from(PAGINGS),
    total=st.sampled_from(["", "", "{} files", "Total: {} items", "{} total", "Total: {}", DATA]),
)
@settings(max_examples=30)
async def test_every_page_of_any_pager_is_read_once(
    names: list[str], length: int, style: str, paging: Paging, total: str
) -> None:
    if style in KEYED and paging.is_opaque:
        paging = Paging()
    if style == "form-select" and (paging.after or paging.is_opaque):
        paging = Paging(key="page")
    site = PagedSite(names, length, (STYLES | KEYED)[style], paging, total)
    read = await Reading(site.page).run()
    assert read.names == sorted(names)
    assert read.is_complete, read.observer.failed_listings
    pages = {
        "" if query == paging.href(1)[1:] else query for query in (url.partition("?")[2] for url in read.client.urls())
    }
    assert len(read.client.urls()) <= site.last + 1
    assert len(pages) == site.last


@pytest.mark.parametrize(
    ("style", "paging"),
    [*zip([*STYLES, *KEYED], cycle(NUMBERED)), *((style, each) for style in ("window", *KEYED) for each in NUMBERED)],
    ids=lambda value: value if isinstance(value, str) else value.href(2),
)
async def test_every_style_of_pager_is_followed(style: str, paging: Paging) -> None:
    if style == "form-select":
        paging = Paging()
    site = PagedSite(files(11), 2, (STYLES | KEYED)[style], paging)
    read = await Reading(site.page).run()
    assert (read.names, read.is_complete) == (files(11), True)
    assert len(read.client.urls()) == site.last


async def test_a_server_that_ignores_the_query_of_numbers_is_believed() -> None:
    site = PagedSite(files(20), 7, all_numbers)
    read = await Reading(lambda _query: site.markup(1)).run()
    assert (read.names, read.is_complete) == (files(7), True)


@pytest.mark.parametrize(
    ("site", "problem"),
    [
        (PagedSite(files(20), 7, words("Next")), "the first page again"),
        (PagedSite(files(20), 7, numbers, total="{} files"), "20 files"),
        (PagedSite(files(20), 7, numbers, total="Page 1 of 3"), "Page 1 of 3"),
        (PagedSite(files(20), 7, numbers, total=DATA), "data-total=20"),
    ],
    ids=["next", "total", "page of", "attribute"],
)
async def test_a_server_that_ignores_the_query_although_it_says_that_there_is_more(
    site: PagedSite, problem: str
) -> None:
    read = await Reading(lambda _query: site.markup(1)).run()
    assert not read.visited[-1].complete
    assert problem in read.problem


async def test_a_page_that_fails_makes_the_listing_incomplete() -> None:
    site = PagedSite(files(20), 7, numbers)
    read = await Reading(lambda query: None if query == "page=2" else site.page(query)).run()
    assert not any(page.complete for page in read.visited)
    assert "404" in read.problem


@pytest.mark.parametrize("after", ["empty", "last again"])
async def test_next_on_the_last_page_leads_to_an_empty_page_or_to_the_last_one_again(after: str) -> None:
    def endless(page: int, _last: int, href: Callable[[int], str]) -> str:
        return f'<a href="{href(page + 1)}">Next Page</a>'

    site = PagedSite(files(20), 7, endless)

    def page(query: str) -> str:
        number = int(query.partition("=")[2] or 1)
        return site.markup(number if after == "empty" else min(number, 3))

    read = await Reading(page).run()
    assert (read.names, read.visited[-1].complete) == (files(20), True)
    assert len(read.client.urls()) <= 5  # one page without new rows may be a fault


async def test_pages_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_PAGES", 5)
    site = PagedSite(files(1000), 7, words("Next"))
    read = await Reading(site.page).run()
    assert len(read.client.urls()) <= 6
    assert "more than 5 pages" in read.problem


async def test_totals_are_compared_with_the_rows_of_all_pages() -> None:
    site = PagedSite(files(20), 7, numbers, total="30 files")
    read = await Reading(site.page).run()
    assert not read.visited[-1].complete
    assert "30 files" in read.problem


async def test_a_row_that_slips_to_a_page_that_was_read_is_missed_by_the_total_and_not_deleted_otherwise() -> None:
    whole = PagedSite(files(20), 7, numbers, total="{} files")
    fewer = PagedSite(files(20)[1:], 7, numbers, total="{} files")
    read = await Reading(lambda query: (fewer if query else whole).page(query)).run()
    assert "f007.zip" not in read.names
    assert not read.visited[-1].complete

    whole, fewer = (PagedSite(site.names, 7, numbers) for site in (whole, fewer))
    read = await Reading(lambda query: (fewer if query else whole).page(query)).run()
    assert read.visited[-1].complete
    assert read.visited[-1].recalled  # read again before anything is deleted


@pytest.mark.parametrize(("total", "is_whole"), [("", True), ("20 files", True), ("30 files", False)])
async def test_pages_that_are_remembered_are_the_same_listing(total: str, is_whole: bool) -> None:
    site = PagedSite(files(20), 7, numbers, total=total)
    first = await Reading(site.page).run()
    again = await Reading(site.page, first.state).run()
    assert [page.recalled for page in again.visited] == [True, True, True]
    for read in (first, again):
        assert (read.names, read.visited[-1].complete) == (files(20), is_whole)
        assert bool(read.observer.failed_listings) is not is_whole


NUMBERS = ["numbers", "all-numbers", "window", "bootstrap", "select", "buttons", "form-select"]
"""Styles that tell from the first page on how many pages there are."""
BACK = ["next", "older", "arrow", "german", "chinese"]
"""Styles with a link to the page before."""


@given(
    count=st.integers(13, 40),
    style=st.sampled_from(sorted(STYLES)),
    is_opaque=st.booleans(),
    fault=st.sampled_from(["empty", "previous", "next", "last"]),
    place=st.integers(2, 9),
)
@settings(max_examples=40)
async def test_a_page_in_whose_place_another_one_is_sent_is_never_taken_for_the_whole(
    count: int, style: str, is_opaque: bool, fault: str, place: int
) -> None:
    paging = Paging(key="marker", is_opaque=True) if is_opaque and style != "form-select" else Paging()
    site = PagedSite(files(count), 4, STYLES[style], paging)
    page = 2 + place % (site.last - 2)  # in the middle
    if style not in NUMBERS and (fault != "last" or style not in BACK or page == site.last - 1):
        fault = "empty"  # otherwise "Next" may lead to the page itself, as on some last pages, or past the page
    sent = {"empty": page, "previous": page - 1, "next": page + 1, "last": site.last}[fault]
    wrong = site.markup(sent)
    if fault == "empty":
        wrong = re.sub(r"<tr><td><a .*?</tr>", "", wrong)
    query = paging.href(page)[1:]
    read = await Reading(lambda asked: wrong if asked == query else site.page(asked)).run()
    missing = set(files(count)) - set(read.names)
    assert not (missing and read.is_complete), (page, sent, read.client.urls())


def always_next(page: int, _last: int, href: Callable[[int], str]) -> str:
    return f'<a href="{href(page + 1)}">Next</a>'


@pytest.mark.parametrize(("count", "is_whole"), [(20, True), (21, False), (14, False)])
async def test_next_on_every_page_leads_to_a_page_that_is_not_found(count: int, is_whole: bool) -> None:
    read = await Reading(PagedSite(files(count), 7, always_next).page).run()
    assert bool(read.visited and read.visited[-1].complete) is is_whole  # by a last page that is shorter


async def test_an_empty_page_after_the_last_one_proves_names_absent() -> None:
    site = PagedSite(files(20), 7, always_next)
    read = await Reading(lambda query: site.markup(int(query.partition("=")[2] or 1))).run()
    assert all(page.complete is page.last and page.conclusive for page in read.visited)
    assert read.visited[-1].complete


@pytest.mark.parametrize("now", [7, 5, 0])
async def test_a_listing_that_has_shrunk_to_one_page_is_whole(now: int) -> None:
    first = await Reading(PagedSite(files(20), 7, numbers).page).run()
    shrunk = PagedSite(files(now), 99, numbers)
    second = await Reading(shrunk.page, first.state).run()
    assert (second.names, second.is_complete) == (files(now), True)
    assert second.client.urls() == [ROOT]


@pytest.mark.parametrize("style", ["numbers", "next", "load-more", "form"])
@pytest.mark.parametrize("place", [1, 2])
async def test_a_page_without_its_pager_is_never_taken_for_the_last_one(style: str, place: int) -> None:
    site = PagedSite(files(20), 7, STYLES[style])
    bare = PagedSite(files(20)[7 * (place - 1) : 7 * place], 99, numbers)
    queries = {"", "page=1"} if place == 1 else {"page=2"}
    mirror = PagedMirror(page_of(files(20), site.page))
    assert await mirror.runs(1) == "0"
    mirror.site = page_of(files(20), lambda query: bare.markup(1) if query in queries else site.page(query))
    assert await mirror.runs(3) == ("000" if style == "numbers" and place == 2 else "555"), "the first page names all"
    mirror.site = page_of(files(20), site.page)
    assert await mirror.runs(1) == "0"


async def test_a_listing_of_several_pages_that_shows_other_rows_on_a_single_one_is_read_again() -> None:
    first = await Reading(PagedSite(files(20), 7, numbers).page).run()
    second = await Reading(PagedSite(files(9), 9, numbers).page, first.state).run()
    assert (second.visited[-1].complete, second.visited[-1].recalled) == (True, True)


def with_link(site: PagedSite, link: Callable[[int], int]) -> Callable[[FakeRequest], FakeResponse]:
    """A server that sends the pages of ``site`` with a Link header."""

    def respond(request: FakeRequest) -> FakeResponse:
        page = int(request.url.partition("=")[2] or 1)
        target = link(page)
        url = "" if target == 1 else f"?page={target}"
        headers = HTML | {"Link": f'<{ROOT}{url}>; rel="next"'}
        return FakeResponse(headers=headers, body=site.markup(page).encode())

    return respond


@pytest.mark.parametrize(("count", "is_whole"), [(20, True), (21, False)])
async def test_a_total_is_that_of_all_pages_that_a_link_header_names(count: int, is_whole: bool) -> None:
    site = PagedSite(files(20), 7, lambda _page, _last, _href: "", total=f"{count} files")
    read = await Reading(site.page, respond=with_link(site, lambda page: min(page + 1, 3))).run()
    assert (read.names, read.is_complete) == (files(20), is_whole)


@pytest.mark.parametrize(("link", "is_whole"), [(1, True), (2, False)])
async def test_a_link_header_that_leads_from_the_only_page_to_itself_leads_nowhere(link: int, is_whole: bool) -> None:
    site = PagedSite(files(5), 7, lambda _page, _last, _href: "")
    respond = with_link(site, lambda _page: link)
    read = Reading(site.page, respond=lambda request: respond(dataclasses.replace(request, url=ROOT)))
    await read.run()
    assert (read.names, read.is_complete) == (files(5), is_whole)


EMPTY_PAGES = {
    "headed": "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1><ul></ul></body></html>",
    "paged": "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1>"
    '<a href="?page=2">[Prev]</a> <a href="?page=5">[Next]</a><ul></ul></body></html>',
    "login": "<html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>",
    "error": "<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>",
    "not found": None,
}


@pytest.mark.parametrize("count", [20, 21])
@pytest.mark.parametrize("kind", EMPTY_PAGES)
async def test_next_on_every_page_may_lead_to_what_is_no_listing_if_it_did_so_before(kind: str, count: int) -> None:
    site = PagedSite(files(count), 7, always_next)
    state, is_end = MemoryState(), kind in {"headed", "paged", "not found"}
    for is_known in (False, True):
        read = await Reading(lambda query: site.page(query) or EMPTY_PAGES[kind], state).run()
        assert read.names == files(count)
        assert read.is_complete is (is_end and (is_known or count == 20)), "a short page is the last one"
    shrunk = PagedSite(files(14), 7, always_next)
    read = await Reading(lambda query: shrunk.page(query) or EMPTY_PAGES[kind], state).run()
    assert (read.names, read.is_complete) == (files(14), is_end)


def clamped(site: PagedSite) -> Callable[[FakeRequest], FakeResponse]:
    """A server that sends the last page, whose Link header leads to itself, for all that come after it."""
    respond = with_link(site, lambda page: min(page + 1, site.last))

    def clamp(request: FakeRequest) -> FakeResponse:
        page = min(int(request.url.partition("=")[2] or 1), site.last)
        return respond(dataclasses.replace(request, url=f"{ROOT}?page={page}"))

    return clamp


async def test_a_page_of_a_chain_of_link_headers_to_which_none_leads_any_more_shows_nothing_new() -> None:
    state = MemoryState()
    for count in (20, 14, 14):
        site = PagedSite(files(count), 7, lambda _page, _last, _href: "")
        read = Reading(site.page, state)
        read.client = FakeClient(clamped(site))
        reader = PageReader(client=read.client, state=read.state, observer=read.observer, parse=_parsed, attempts=1)
        read.walker = Walker(reader, read.observer, bounds=Bounds(), permit_as=permit_as)
        await read.run()
        assert (read.names, read.is_complete) == (files(count), True), read.observer.failed_listings
