"""--trust-pages: links between pages, and what pages state of themselves, are not believed to tell that rows lack."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest

from crawler.model.errors import ListingError
from crawler.model.flaws import MEANINGS, OF_PAGING, TRUSTED, Claim, ClaimKind, Flaw, FlawKind
from crawler.model.values import Listing
from crawler.pipeline.rules.listings.read_pages import ReadPages, pages_from
from crawler.pipeline.rules.scope import Scope
from tests.support.fakes import MemoryState
from tests.support.paged_site import PagedSite, numbers, words
from tests.unit.pipeline.walk.test_read_pages import ROOT, Reading, files

Page = Callable[[str], str | None]
TWO = f"{ROOT}?page=2"


def repeated() -> Iterator[Page]:
    yield lambda _query: PagedSite(files(20), 7, words("Next")).markup(1)


def with_pager(names: list[str], control: str) -> str:
    """A page with ``control`` below its rows."""
    return PagedSite(names, 99, numbers).markup(1).replace("</table>", f"</table>{control}")


def with_control(control: str) -> Callable[[], Iterator[Page]]:
    def pages() -> Iterator[Page]:
        yield lambda _query: with_pager(files(7), control)

    return pages


def not_found() -> Iterator[Page]:
    site = PagedSite(files(20), 7, numbers)
    yield lambda query: None if query == "page=2" else site.page(query)


def skipped() -> Iterator[Page]:
    site = PagedSite(files(20), 7, numbers)
    yield lambda query: site.page("" if query == "page=2" else query)


SITES: dict[FlawKind, Callable[[], Iterator[Page]]] = {
    FlawKind.REPEATED: repeated,
    FlawKind.DEAD_END: with_control('<a href="#">Next</a>'),
    FlawKind.OTHER_PATH: with_control('<a href="page/2/">Next</a>'),
    FlawKind.NOT_FOUND: not_found,
    FlawKind.SKIPPED: skipped,
}
"""Kind of flaw → the pages of a site in one run after the other, of which the last ones have it."""
LASTING = {FlawKind.SKIPPED, FlawKind.NOT_FOUND}
"""What is compared with nothing that was known, so that the option is needed in each run."""


def test_every_flaw_of_paging_has_a_site_and_a_message_that_names_the_option() -> None:
    assert SITES.keys() | {FlawKind.LOOP} == OF_PAGING
    for kind, meaning in MEANINGS.items():
        assert ("--trust-pages" in meaning.advice) is (kind in TRUSTED)
        assert meaning.is_incomplete or kind not in OF_PAGING


@pytest.mark.parametrize("kind", SITES)
async def test_a_listing_that_is_trusted_is_whole(kind: FlawKind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "crawler")
    state, (*before, page) = MemoryState(), SITES[kind]()
    for earlier in before:
        assert (await Reading(earlier, state).run()).is_complete
    for _ in range(2):
        wrong = Reading(page, state)
        await wrong.run()
        assert not any(visited.complete for visited in wrong.visited)
        assert MEANINGS[kind].text in wrong.problem
        assert "--trust-pages" in wrong.problem
    assert not caplog.records
    trusted = await Reading(page, state, trusts=True).run()
    assert trusted.is_complete
    assert set(trusted.names) >= set(wrong.names)
    assert [record.getMessage() for record in caplog.records] == ["trusted"]
    again = await Reading(page, state).run()
    assert (again.visited[-1].complete and not again.observer.failed_listings) is (kind not in LASTING)


async def test_one_run_is_enough_where_the_last_page_leads_to_the_first_one_again() -> None:
    site = PagedSite(files(20), 7, words("Next"))

    def page(query: str) -> str | None:
        markup = site.page(query)
        if query == "page=4":
            return site.page("")
        return (
            markup.replace("</table>", "</table><a href='?page=4'>Next</a>") if query == "page=3" and markup else markup
        )

    state = MemoryState()
    assert not (await Reading(page, state).run()).is_complete
    assert (await Reading(page, state, trusts=True).run()).is_complete
    for _ in range(2):
        assert (await Reading(page, state).run()).is_complete


def read(flaw: Flaw | None, claims: tuple[Claim, ...] = (), *, trusts: bool) -> ReadPages:
    """A listing of one page."""
    pages = pages_from(ROOT, trusts=trusts)
    pages.begin()
    is_whole = flaw is None or not flaw.is_incomplete
    flaws = () if flaw is None else (flaw,)
    page = Listing(url=ROOT, family="x", confidence=1.0, is_listing=True, complete=is_whole, flaws=flaws, claims=claims)
    pages.end(page, Scope(ROOT))
    return pages


@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in FlawKind if kind not in OF_PAGING])
def test_what_a_response_proves_is_never_trusted_away(kind: FlawKind, *, trusts: bool) -> None:
    assert read(Flaw(kind), trusts=trusts).whole is not MEANINGS[kind].is_incomplete


@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize("kind", [ClaimKind.ENTRIES, ClaimKind.PAGES, ClaimKind.OF])
def test_a_total_may_be_that_of_something_else(kind: ClaimKind, *, trusts: bool) -> None:
    pages = read(None, (Claim(kind, "2 of them", 2),), trusts=trusts)
    if trusts:
        pages.check()
    else:
        with pytest.raises(ListingError, match=r"'2 of them'"):
            pages.check()
    assert pages.believed == [Flaw(FlawKind.PART, "2 of them")] * trusts


def json_of(names: list[str], **beside: object) -> str:
    return json.dumps({"files": [{"name": name, "type": "file", "size": 1} for name in names], **beside})


def html_of(names: list[str], text: str) -> str:
    return with_pager(names, f"<p>{text}</p>")


STATED: dict[str, tuple[Callable[[list[str], int], str], bool]] = {
    "count": (lambda names, day: json_of(names, count=9 + day), True),
    "pages": (lambda names, day: json_of(names, page=1, pages=2 + day), True),
    "more": (lambda names, _: json_of(names, has_more=True), False),
    "warning": (lambda names, day: json_of(names, warning=f"deprecated {day}"), True),
    "xml": (lambda names, _: xml_of(names, "<warning>deprecated</warning>"), False),
    "error": (
        lambda names, day: html_of(
            names, f"<b>Warning</b>: opendir(/m{day}): Failed to open directory in <b>/x.php</b> on line 3"
        ),
        True,
    ),
    "part": (lambda names, _: html_of(names, "List truncated"), False),
    "total": (lambda names, day: html_of(names, f"{9 + day} files"), True),
}
"""What a healthy page states against itself → the page with names on a day, and whether that changes with the day."""


def xml_of(names: list[str], beside: str) -> str:
    rows = "".join(f'<file name="{name}" href="{name}"/>' for name in names)
    return f'<?xml version="1.0"?><svn version="1.14">{beside}<index rev="5" path="/pub">{rows}</index></svn>'


@pytest.mark.parametrize("kind", STATED)
async def test_a_statement_that_is_misread_is_believed_to_be_once_it_was_trusted(kind: str) -> None:
    page, changes = STATED[kind]
    state = MemoryState()

    async def run(count: int, day: int = 0, *, trusts: bool = False) -> bool:
        reading = await Reading(lambda _: page(files(count), day), state, trusts=trusts).run()
        assert (
            reading.is_complete or "if the listing is complete as it is, run once with --trust-pages" in reading.problem
        )
        return reading.is_complete

    assert [await run(5), await run(5)] == [False, False], "also if it is remembered"
    assert await run(5, trusts=True)
    assert [await run(5), await run(6)] == [True, True], "also on another version of the page"
    assert await run(6, 1) is not changes, "only what was said then"
    assert await run(6, 1, trusts=True)
    assert await run(4, 1), "the server is asked for the files that are listed no more"


async def test_a_page_without_rows_is_not_trusted_to_be_whole() -> None:
    state = MemoryState()
    assert (await Reading(lambda _: json_of(files(3), count=3), state).run()).is_complete
    empty = html_of([], "Error reading directory").replace("<title>", "<title>Index of /pub/ ")
    assert not (await Reading(lambda _: empty, state, trusts=True).run()).is_complete


async def test_a_total_of_several_pages_is_believed_to_be_of_something_else_once_it_was_trusted() -> None:
    state, site = MemoryState(), PagedSite(files(20), 7, numbers)

    def page(query: str) -> str | None:
        markup = site.page(query)
        return markup and markup.replace("</table>", "</table><p>30 files</p>")

    assert [(await Reading(page, state).run()).is_complete for _ in range(2)] == [False, False]
    assert (await Reading(page, state, trusts=True).run()).is_complete
    assert (await Reading(page, state).run()).is_complete
    site = PagedSite(files(18), 7, numbers)
    assert (await Reading(page, state).run()).is_complete, "the server is asked for the files that are listed no more"


@pytest.mark.parametrize("trusts", [False, True])
def test_a_loop_of_pages(*, trusts: bool) -> None:
    pages = pages_from(ROOT, trusts=trusts)
    for url, after in ((ROOT, TWO), (TWO, ROOT)):
        assert pages.begin() == url
        pages.end(Listing(url=url, family="x", confidence=1.0, is_listing=True, linked=(after,)), Scope(ROOT))
    assert not pages.todo
    assert pages.whole is trusts
    assert (pages.believed if trusts else pages.flaws) == [Flaw(FlawKind.LOOP)]
