"""Decides whether the pages of a listing fit together as they did when the listing was last known to be whole.

A page that is empty, cut to half, without its pager, or in whose place another one is sent, may still look like a page
of its listing. Healthy listings have the same peculiarities: an empty last page, pages of different lengths, a
"Previous" on the first page that leads to itself. So nothing is wrong by itself; but if rows that were known are on no
page, and a page has become peculiar since they were seen, they are not gone: they were not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.struct import Value, replace
from crawler.pipeline.rules.listings.shown_rows import OwnRows
from crawler.text.escape import masked
from crawler.text.url_parameters import has_number, order


class Look(Value, frozen=True, kw_only=True):
    """What a page looks like among the other pages of its listing."""

    key: int
    """Hash of its rows."""

    rows: int
    """Number of its rows, or 0 if they are those of the page before it, or of the first one."""
    leads_on: bool
    """Whether it links to pages after it."""
    branches: bool
    """Whether it links to several of them."""
    leads_back_to_itself: bool
    """Whether the page before it, according to its links, is itself; of the first page, whether there is any."""
    has_links: bool
    """Whether it links to other pages of the listing at all, or says which one it is."""
    place: int
    """Which page it is, as it says; 0 if it does not say so."""
    has_back: bool = False
    """Whether it links to pages before it, or says which one it is."""
    has_previous: bool = False
    """Whether it says that a page precedes it, in words or by a relation."""


class SeenPage(Value, frozen=True, kw_only=True):
    """A page of a listing: as it is now, and as it was."""

    url: str
    now: Look
    known: Look | None
    """None if the page was not known."""
    is_linked: bool = False
    """Whether several pages link to it as one that follows."""
    overlaps: bool = False
    """Whether some of its rows, but not all, were on pages that were read before."""


def look_of(url: str, own: OwnRows, pages: Iterable[str], claims: Sequence[Claim], first: str) -> Look:
    """The look of the page at ``url`` with ``own`` rows and ``claims``, which links to ``pages`` as pages after it.

    ``first``: URL of the first page, which follows none whatever links say.
    """
    back = [claim.quote for claim in claims if claim.kind is ClaimKind.BACK]
    places = [claim.number for claim in claims if claim.kind is ClaimKind.PLACE]
    following = {page for page in pages if page not in {url, first}}
    return Look(
        key=own.key,
        rows=own.count,
        leads_on=bool(following),
        branches=len(following) > 1,
        leads_back_to_itself=bool(back) if url == first else url in back,
        has_links=bool(following or back or places),
        place=places[0] if len(places) == 1 else 0,
        has_back=bool(back or places),
        has_previous=any(claim.kind is ClaimKind.PREVIOUS for claim in claims),
    )


def is_replaced(page: SeenPage, by: SeenPage, *, is_first: bool, is_familiar: bool) -> bool:
    """Whether ``by``, which was read later, was sent in place of ``page``, whose known rows are on no page any more.

    ``is_first``: whether ``page`` is the first one. ``is_familiar``: whether ``by`` shows any row that was known, on
    whichever page.
    """
    if by.known is None or not by.known.rows:
        return False
    # All files may be new; then the number of a page after the last one may lead to that, a token to the first one.
    if not (is_familiar or (is_first and by.now.has_back and has_number(by.url))):
        return False
    if by.now.rows or not page.now.rows or by.now.key != page.now.key:
        return False
    if by.known.has_back and not by.now.has_links:
        return False  # it is not what it was either: what a server sends for a page after the last one
    # Where a link back leads shows whether a page is where it belongs: see _change. Before the first one there is none.
    return is_first or not (page.now.has_back or by.now.has_back)


def is_beyond(url: str, other: str, pages: Sequence[SeenPage], known_next: Mapping[str, Collection[str]]) -> bool:
    """Whether the page at ``url``, to which none of ``pages`` leads any more, comes after the last of them.

    Pages but the one at ``other`` tell: by their numbers, of which none leads there, or by the links that they had.
    ``known_next``: URL of a page → those to which it is known to have led.
    """
    if any(page.now.branches for page in pages if page.url != other):
        return True
    ends = [page.url for page in pages[1:] if page.now.rows and not page.now.leads_on and page.url != other]
    found = list(ends)
    for page in found:
        found += [after for after in known_next.get(page, ()) if after not in found]
    return url in found[len(ends) :]


def as_copy(page: SeenPage) -> SeenPage:
    """``page`` without known rows of its own."""
    return page if page.known is None else replace(page, known=replace(page.known, rows=0))


def unlike(
    pages: Sequence[SeenPage],
    *,
    is_lossy: bool,
    had_end: bool,
    had_overlaps: bool = False,
    precedes: bool | None = None,
) -> Flaw | None:
    """The flaw of a listing of which a page does not look as it did; None if there is none.

    ``pages``: in the order in which they were read. ``is_lossy``: whether rows that were known are on none of them.
    ``had_end``: whether the last page of the known ones was known not to lead on, so that no page without rows did
    follow it. ``had_overlaps``: whether any of its rows were known to be on two pages. ``precedes``: whether the known
    pages that are not found said that one precedes them; None if there is none.
    """
    if not is_lossy:
        return None
    for number, page in enumerate(pages):
        if page.known is not None:
            # An empty page without a pager may follow the last one, but no page besides that links there.
            is_end = (
                number == len(pages) - 1 if number == 0 else not (had_end or (page.is_linked and _is_bare(page.now)))
            )
            why = _change(page.now, page.known, is_first=number == 0, may_be_empty=is_end)
            if why is not None:
                return Flaw(FlawKind.UNLIKE, f"{masked(page.url)}: {why}")
    if (bare := stripped(pages[1:]) or _bare_end(pages, precedes=precedes)) is not None:
        return Flaw(FlawKind.UNLIKE, f"{masked(bare)}: its links to other pages are gone")
    overlapping = next((page.url for page in pages if page.overlaps), None)
    if overlapping is not None and not had_overlaps:
        return Flaw(FlawKind.UNLIKE, f"{masked(overlapping)}: some of its rows are on another page, too")
    lengths = {page.now.rows for page in pages if page.now.rows}
    # Such a page may be read before others: the number in its URL may be smaller.
    empty = [page.url for page in pages[1:] if page.known is None and not page.now.rows]
    if had_end and empty and (len(lengths) == 1 or is_odd_end(pages)):
        return Flaw(FlawKind.UNLIKE, f"{masked(empty[-1])}: it has no rows of its own")
    short = _shortened(pages)
    return None if short is None else Flaw(FlawKind.UNLIKE, f"{masked(short)}: fewer rows than there were on a page")


def is_odd_end(pages: Sequence[SeenPage]) -> bool:
    """Whether the last of ``pages`` was not known, and repeats the one before, which leads on, without doing so."""
    if len(pages) < 2 or pages[-1].known is not None or pages[-1].now.rows:
        return False
    before, last = pages[-2].now, pages[-1].now
    return before.key == last.key and before.leads_on and not last.leads_on


def is_open_end(pages: Sequence[SeenPage]) -> bool:
    """Whether the last of ``pages`` was not known, and is as long as the first one: its links may be missing."""
    if len(pages) < 2 or pages[-1].known is not None:
        return False
    return not pages[-1].now.leads_on and pages[-1].now.rows >= pages[0].now.rows


def stripped(later: Sequence[SeenPage]) -> str | None:
    """The URL of the page with rows of its own that alone has lost its links back, and all others; None if none has.

    If no page has them any more, pages are made in another way now; unless it was the only one, and said "Previous".
    """
    had = [page for page in later if page.known is not None and page.known.has_back]
    lost = [page for page in had if not page.now.has_back]
    if len(lost) != 1 or not lost[0].now.rows or lost[0].now.has_links:
        return None
    (only,) = lost
    was_said = len(had) == 1 and only.known is not None and only.known.has_previous
    return only.url if was_said or any(page.now.has_back for page in later) else None


def _bare_end(pages: Sequence[SeenPage], *, precedes: bool | None) -> str | None:
    """The URL of the last of ``pages`` if it is new, and has rows, but no links, and all that were known had them.

    What follows it may not be shown, if all pages that were known after the first one said that one precedes them, and
    those that are found still do.
    """
    later = [page for page in pages if page.now.key != pages[0].now.key]  # not other URLs of the first page
    if not later or later[-1].known is not None:
        return None
    found = [(page.known, page.now) for page in later if page.known is not None]
    said = [was.has_previous and now.has_previous for was, now in found] + ([] if precedes is None else [precedes])
    now = later[-1].now
    return later[-1].url if said and all(said) and now.rows and not (now.has_links or now.has_previous) else None


def _is_bare(look: Look) -> bool:
    return not (look.rows or look.has_links)


def _change(now: Look, known: Look, *, is_first: bool, may_be_empty: bool) -> str | None:
    """Why a page does not look as it did, without regard to the lengths of others."""
    # A listing that was a single page and has grown may have a pager now, but then its first page leads on.
    had_links = known.leads_on or not now.leads_on if is_first else known.has_links
    if known.rows and now.leads_back_to_itself and not known.leads_back_to_itself and had_links:
        return "it has the links of another page"
    has_place = known.place or (is_first and now.place > 1)  # the first page may have been the only one
    if has_place and now.place and now.place != known.place:
        return "it has the number of another page"
    if not now.rows and known.rows and not may_be_empty:
        return "it has no rows of its own"
    return None


def _shortened(pages: Sequence[SeenPage]) -> str | None:
    """The URL of a page other than the last one that has fewer rows than all had but the last one; None if none has.

    If all pages but the last one are shorter than before, the server prints shorter pages; a single one proves nothing.
    """
    known = [(page.url, page.known) for page in pages if page.known is not None and page.known.rows]
    now = [(page.url, page.now) for page in pages if page.now.rows]
    if not known or _short(known) is not None:
        return None
    if len(now) == 2 and _is_last(1, now) and now[0][1].rows < max(look.rows for _, look in known):
        return now[0][0]
    return _short(now)


def _short(pages: Sequence[tuple[str, Look]]) -> str | None:
    """The URL of a page, other than the last one, with fewer rows than another; None if there is none."""
    longest = max((look.rows for _, look in pages), default=0)
    short = [number for number, (_, look) in enumerate(pages) if look.rows < longest]
    return None if not short or (len(short) == 1 and _is_last(short[0], pages)) else pages[short[0]][0]


def _is_last(number: int, pages: Sequence[tuple[str, Look]]) -> bool:
    """Whether a page is the last one: by its links, by the number of each page or, if each leads to a single one, in
    the order in which they were read. Otherwise it may be.
    """
    url, look = pages[number]
    if not look.leads_on or number == 0:
        return not look.leads_on
    places = [order(url, other) for other, _ in pages[1:] if other != url]
    if None in places:
        return number == len(pages) - 1 or any(each.branches for _, each in pages)
    return all(place == 1 for place in places)
