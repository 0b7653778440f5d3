"""--trust-pages: what is wrong with the links between pages is believed to be right, and nothing else is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from crawler.model.errors import ListingError
from crawler.model.flaws import MEANINGS, OF_PAGING, Claim, ClaimKind, Flaw, FlawKind
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


def unpaged() -> Iterator[Page]:
    site = PagedSite(files(20), 7, numbers)
    yield site.page
    yield lambda query: site.page(query) if query else PagedSite(files(7), 99, numbers).markup(1)


def unlike() -> Iterator[Page]:
    site = PagedSite(files(20), 7, numbers)
    yield site.page
    yield lambda query: (site.page(query) or "").replace('<a href="f002.zip">f002.zip</a>', "")


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
    FlawKind.UNPAGED: unpaged,
    FlawKind.UNLIKE: unlike,
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
        assert ("--trust-pages" in meaning.advice) is (kind in OF_PAGING)
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
def test_what_a_page_says_of_itself_is_never_trusted_away(kind: FlawKind, *, trusts: bool) -> None:
    assert read(Flaw(kind), trusts=trusts).whole is not MEANINGS[kind].is_incomplete


@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize("kind", [ClaimKind.ENTRIES, ClaimKind.PAGES, ClaimKind.OF])
def test_a_total_is_never_trusted_away(kind: ClaimKind, *, trusts: bool) -> None:
    pages = read(None, (Claim(kind, "2 of them", 2),), trusts=trusts)
    with pytest.raises(ListingError, match=r"'2 of them'"):
        pages.check()
    assert not pages.believed


@pytest.mark.parametrize("trusts", [False, True])
def test_a_loop_of_pages(*, trusts: bool) -> None:
    pages = pages_from(ROOT, trusts=trusts)
    for url, after in ((ROOT, TWO), (TWO, ROOT)):
        assert pages.begin() == url
        pages.end(Listing(url=url, family="x", confidence=1.0, is_listing=True, linked=(after,)), Scope(ROOT))
    assert not pages.todo
    assert pages.whole is trusts
    assert (pages.believed if trusts else pages.flaws) == [Flaw(FlawKind.LOOP)]


@pytest.mark.parametrize("control", ['<a href="#">Next</a>', '<a href="page/2/">Next</a>'])
@pytest.mark.parametrize("rest", ["not found", "first", "other rows"])
async def test_what_is_left_of_next_when_a_listing_has_shrunk_to_one_page(control: str, rest: str) -> None:
    site, state = PagedSite(files(14), 7, words("Next")), MemoryState()
    assert (await Reading(site.page, state).run()).is_complete
    shrunk = with_pager(files(5), control)
    others = {"not found": None, "first": shrunk, "other rows": site.markup(2)}
    for _ in range(2):
        now = await Reading(lambda query: others[rest] if query else shrunk, state).run()
        assert now.is_complete is ("#" in control and rest != "other rows")
    grown = await Reading(site.page, state).run()
    assert (grown.is_complete, grown.names) == (True, files(14))
