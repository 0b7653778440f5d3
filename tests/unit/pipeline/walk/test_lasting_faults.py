"""A page of several that stays wrong never makes its listing look whole, and healthy listings are whole again soon.

The oracle is the site. Some faults cannot be told from a healthy listing that has changed: they are named here.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.html.pager.parameters import is_known
from crawler.model.errors import CrawlerError
from crawler.pipeline.rules.listings.page_texts import DOUBTS
from crawler.pipeline.walk.pages import Directory
from tests.support.fakes import MemoryState
from tests.support.faulty_site import FAULTS, FORWARD, FaultySite, faulty_site
from tests.unit.pipeline.walk.test_read_pages import PAGINGS, ROOT, Reading, files

ONLY_FORWARD = FORWARD | {"bare-words", "own-next"}
"""Styles in which no link is known to lead back: "Back" may lead anywhere."""
NEVER_BACK = ONLY_FORWARD | {"dead-next"}
"""Styles without links that the first page alone lacks."""
NUMBERS = {"numbers", "all-numbers", "window", "select", "buttons", "bootstrap"}
"""Styles in which numbers alone lead back."""
RUNS = 2
"""Number of runs that meet the fault."""


class Mirror:
    """What a mirror of a site holds, if it deletes what a listing proves absent."""

    def __init__(self, site: FaultySite) -> None:
        self._site = site
        self.names = set[str]()
        self.first = set[str]()
        """The rows of the first page when the listing was complete for the last time."""
        self._state = MemoryState()

    async def run(self, *, trusts: bool = False) -> bool:
        """Mirror the site again. Returns whether its listing was complete."""
        read = Reading(self._site.page, self._state, trusts=trusts)
        self._state.pages.clear()
        try:
            await read.run()
        except BaseExceptionGroup as group:
            assert group.subgroup(CrawlerError), group
            return False
        fails = not self.names.union(self._site.names).issuperset(read.names)
        self.names |= set(read.names).intersection(self._site.names)
        if read.is_complete:
            self.names &= self.names if fails else set(read.names) | await self._read_again(read)
            self.first = {entry.name for entry in read.visited[0].entries}
            await self._state.forget_unvisited_pages(lambda *_: False)
        return read.is_complete

    async def _read_again(self, read: Reading) -> set[str]:
        """What is not deleted because it is shown when the pages are read again before a deletion."""
        if not read.visited[-1].recalled:
            return set()
        before, read.visited = len(read.visited), []
        try:
            await read.walker.read_anew(Directory(path="", url=ROOT), read.visit)
        except CrawlerError:
            return self.names
        assert before
        return {entry.name for page in read.visited for entry in page.entries}


def cannot_be_told(site: FaultySite, *, count: int, has_changed: bool, known: set[str], first: set[str]) -> bool:
    """Whether a healthy site may look as ``site`` does with its fault. ``count``: number of files before it.

    ``known``: what the mirror held before this run. ``first``: what the first page had when the listing was whole.
    """
    if count <= site.length or site.last == 1:  # nothing tells how long a page is
        return True
    if site.was_last and (site.is_endless or site.fault == "half"):  # the rows may be gone
        return True
    if site.paging.is_opaque and site.fault == "half":  # no order tells which page is the last
        return True
    # The page may be the last one still, as it was, and the rows that have moved to new pages after it may be gone.
    is_bare = site.fault == "bare" and site.style in ONLY_FORWARD
    if is_bare and has_changed and site.place == -(-count // site.length):
        return True
    if site.fault == "stale":  # without a row that is on another page now, too, those that are nowhere may be gone
        return not any({*site.sent_rows(site.place)}.intersection(rows) for rows in site.other_rows(site.place))
    if site.place == 1 and site.sends_later and (site.style in NEVER_BACK or has_no_pager(site, site.last)):
        sent = set(site.sent_rows(1))
        # The first page may have been sorted anew; or all files are new, and an old token leads to the first page.
        if sent & first or (site.paging.is_opaque and not sent & known):
            return True
    # The rows of a page may be gone, and those of the next one in their place, if links only lead forward, and neither
    # numbers nor the other pages show that nothing has moved.
    is_forward = site.style in ONLY_FORWARD and site.sends_later
    return is_forward and (site.paging.is_opaque or (has_changed and site.place == site.last - 1))


def has_no_pager(site: FaultySite, pages: int) -> bool:
    """Whether the number beside that of the current one of ``pages`` is no pager: its parameter may mean anything."""
    return pages == 2 and site.style in NUMBERS and not is_known(site.paging.key)


def cannot_be_told_from_a_fault(site: FaultySite, pages: int, *, count: int, fault: str, was_last: bool) -> bool:
    """Whether ``site``, which had up to so many ``pages``, is healthy now, but may look as if it were not.

    ``count``: number of files before the fault. ``fault``: what was wrong with a page. ``was_last``: whether that was
    the last one.
    """
    is_full = len(site.names) % site.length == 0
    if site.is_endless and site.beyond == "not-found" and is_full and site.last > -(-count // site.length):
        return True  # "Next" leads to a page that is not there, from a page of full length that was not known
    if site.is_endless and was_last:
        # The last page looked as if it had no "Next", or had other rows. So one of full length that has it, or one that
        # is not there any more, may be a fault.
        return True
    if site.last == pages or not (site.beyond == "last" or (site.beyond == "first" and site.last == 1)):
        return False
    if site.is_endless and site.last == 1:
        return True  # the same page for every query: a cache may ignore it
    # The last page may have been sent for the one before it, if no links back tell which one it is.
    # It had none either while its links were missing, which was believed if no file was.
    is_forward = site.is_endless or site.style in ONLY_FORWARD or fault == "bare"
    is_forward = is_forward or (site.last == 1 and has_no_pager(site, pages))
    return is_forward or (site.paging.is_opaque and site.last == 1)


@given(seed=st.integers(0, 10**9))
@settings(max_examples=6)
async def test_a_lasting_fault_of_a_page_deletes_nothing_and_is_forgotten_once_it_is_over(seed: int) -> None:
    random = Random(seed)
    site = faulty_site(random, PAGINGS)
    mirror = Mirror(site)
    while site.is_endless and site.beyond == "last" and site.last == 1:
        site.names.append(f"m{len(site.names):03d}.zip")
    assert any([await mirror.run(), await mirror.run()])
    assert mirror.names == set(site.names)
    count, pages, has_changed = len(site.names), site.last, random.random() < 0.5
    site.begin(random.choice(FAULTS), random.randint(1, site.last), random.randint(1, site.last))
    if has_changed:
        site.change(random)
        pages = max(pages, site.last)
    is_told = True
    for _ in range(RUNS):
        known, first = set(mirror.names), mirror.first
        is_complete = await mirror.run()
        if is_complete and cannot_be_told(site, count=count, has_changed=has_changed, known=known, first=first):
            is_told = False  # what is remembered is wrong now, so later runs do not see it either
        if is_told:
            assert not known.intersection(site.names).difference(mirror.names), site
        if random.random() < 0.3:
            site.change(random)
            pages, has_changed = max(pages, site.last), True
    fault, was_last = site.fault, site.was_last
    site.begin("", 0)
    # A pager in words that are not known is doubted like other new text (``page_texts.DOUBTS``).
    is_complete = any([await mirror.run() for _ in range(DOUBTS + (site.style == "relation"))])
    if not is_complete and cannot_be_told_from_a_fault(site, pages, count=count, fault=fault, was_last=was_last):
        is_complete = await mirror.run(trusts=True)
    assert is_complete, site
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("style", ["next", "older", "relations", "icons", "dead-next"])
async def test_the_second_of_two_pages_is_not_the_last_one_because_its_links_are_gone(style: str) -> None:
    site = FaultySite(names=files(14), length=7, style=style)
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin("bare", 2)
    site.names = ["new.zip", *reversed(site.names)]
    assert [await mirror.run(), await mirror.run()] == [False, False]
    site.begin("", 0)
    assert await mirror.run()
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("style", ["next", "older", "relations", "icons", "dead-next"])
async def test_a_last_page_that_loses_its_links_before_rows_are_hidden_is_remembered_as_it_was(style: str) -> None:
    site = FaultySite(names=files(14), length=7, style=style)
    mirror = Mirror(site)
    assert await mirror.run()
    for _ in range(2):
        site.begin("bare", 2)
        assert await mirror.run(), "no row is missing"
        names, site.names = site.names, ["new.zip", *reversed(site.names)]
        assert not await mirror.run()
        site.names = names
        site.begin("", 0)
        assert await mirror.run()


async def test_a_page_that_is_remembered_as_it_was_is_not_recognised_by_what_it_is() -> None:
    site = FaultySite(names=files(14), length=7, style="relations")
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin("bare", 2)
    assert await mirror.run()
    site.names = ["new.zip", *site.names[1:], site.names[0]]  # the second page is unchanged, the third one hidden
    assert not await mirror.run()


async def test_links_back_that_stay_away_belong_to_the_page_no_more() -> None:
    site = FaultySite(names=files(13), length=7, style="relations")
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin("bare", 2)
    assert [await mirror.run() for _ in range(3)] == [True, True, True]
    site.names.pop()
    assert await mirror.run()
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("left", [3, 6])
async def test_pages_that_are_gone_are_not_compared_with_what_they_were(left: int) -> None:
    site = FaultySite(names=files(9), length=3, style="next", is_endless=True, beyond="not-found")
    mirror = Mirror(site)
    assert any([await mirror.run(), await mirror.run()])
    site.names = site.names[-left:]
    assert [await mirror.run(), await mirror.run()] == [True, True]
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("fault", ["half", "not-found"])
async def test_a_row_that_only_an_incomplete_visit_has_shown_is_missing_if_a_page_hides_it(fault: str) -> None:
    site = FaultySite(names=files(10), length=4, style="numbers")
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin(fault, 2)
    site.names.insert(0, "new.zip")
    for _ in range(2):
        assert not await mirror.run()
    site.begin("half", 2)
    site.names = [*files(5), "new.zip", "f005.zip", "other.zip", *files(10)[6:]]
    for _ in range(2):
        assert not await mirror.run()
    site.begin("", 0)
    assert await mirror.run()
    assert mirror.names == set(site.names)


async def test_a_row_that_only_an_incomplete_visit_has_shown_is_gone_once_a_whole_listing_lacks_it() -> None:
    site = FaultySite(names=files(10), length=4, style="numbers")
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin("not-found", 2)
    site.names.insert(0, "new.zip")
    assert not await mirror.run()
    assert "new.zip" in mirror.names
    site.begin("", 0)
    site.names.remove("new.zip")
    assert await mirror.run()
    assert mirror.names == set(site.names)


@pytest.mark.parametrize(("visits", "is_known"), [(1, False), (2, False), (3, True)])
async def test_a_page_that_hides_rows_first_when_all_of_them_are_new_is_remembered_as_it_was(
    visits: int, *, is_known: bool
) -> None:
    site = FaultySite(names=files(10), length=4, style="numbers")
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin("half", 2)
    site.names = [*files(5), "new.zip", "f005.zip", "other.zip", *files(10)[6:]]
    for _ in range(visits):
        assert await mirror.run(), "no row is missing"
    site.names = [*files(10), "new.zip", "other.zip"]
    assert await mirror.run() == is_known


@pytest.mark.parametrize("style", ["window", "numbers", "next"])
@pytest.mark.parametrize("fault", ["emptied", "emptied-bare", "previous"])
async def test_a_new_page_without_rows_of_its_own_is_not_the_end_whenever_it_is_read(style: str, fault: str) -> None:
    site = FaultySite(names=files(20), length=4, style=style)
    mirror = Mirror(site)
    assert await mirror.run()
    site.begin(fault, 6)
    site.names.insert(0, "new.zip")  # so the last row has moved to a new page
    assert [await mirror.run(), await mirror.run()] == [False, False]
    site.begin("", 0)
    assert await mirror.run()
    assert mirror.names == set(site.names)
