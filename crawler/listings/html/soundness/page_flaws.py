"""Finds what a page says about its listing outside the rows: rows without links, errors, scripts, further pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from crawler.listings.html.pager.attributes import attribute_claims, attribute_controls
from crawler.listings.html.pager.controls import controls_in
from crawler.listings.html.pager.labels import Says
from crawler.listings.html.pager.pages import Continuation, continuation
from crawler.listings.html.pager.place import place_of
from crawler.listings.html.soundness import diagnostics, unlinked_rows
from crawler.listings.html.soundness.claims import claims_in, say_last
from crawler.listings.html.soundness.dead_pager import shows_one_page
from crawler.listings.html.soundness.empty_page import unknown_in
from crawler.listings.html.soundness.heading import another_heading
from crawler.listings.html.soundness.passages import Passage, split_passages, visible
from crawler.listings.html.soundness.scripts import adds_rows
from crawler.listings.values.hrefs import Resolver
from crawler.listings.values.mentioned_names import last_name
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind, unmet
from crawler.model.reasons import Reason
from crawler.model.struct import Value, replace
from crawler.model.values import Listing, Rejection
from crawler.text.urls import resolve_any, stripped

_LONGEST_EMPTY = 50_000
"""Number of characters beyond which a page is not that of an empty directory."""


class _Unlinked(Value, frozen=True):
    """Names of files that a page shows without a link."""

    rows: dict[int, str]
    """``id`` of a passage that is a row of the listing → the name that it shows."""
    aside: list[str]
    """Names in lines outside the listing that may be files of the directory."""


def with_flaws(listing: Listing, markup: str, resolver: Resolver) -> Listing:
    """``listing`` with its flaws, its rows without a link and its next pages, by its whole page, ``markup``."""
    if not listing.is_listing:
        return replace(listing, is_blank=_is_blank(markup, listing.url))
    shown, names = visible(markup), {entry.name for entry in listing.entries}
    passages = list(split_passages(shown))
    regions = unlinked_rows.listing_regions(passages, names)
    known = names | {rejection.row for rejection in listing.rejections if rejection.row}
    unlinked = _unlinked(passages, regions, names, known)
    lost = {name: None for name in unlinked.rows.values() if name.removesuffix("/") not in known}
    rows = _linked(passages, regions, known) | set(unlinked.rows)
    is_empty = not listing.entries and not lost
    more = _continuation(listing, shown, resolver, known, claims_in(passages, rows, names, listing.url))
    rejections = (*_without_pages(listing.rejections, more, resolver), *_unlisted(lost))
    is_alone = not more.links and "?" not in listing.url  # otherwise all pages together have to meet the claims
    short = unmet(more.claims, len(names) + sum(bool(each.row) for each in rejections)) if is_alone else []
    flaws = tuple(filter(None, (
        Flaw(FlawKind.CUT) if not listing.complete else None,
        _stated(passages, regions, rows, is_empty=is_empty, is_paged=bool(more.links)),
        diagnostics.part_in(passages, rows, is_empty=is_empty, has_more=bool(more.next_pages)),
        None if _is_dead(more) and _is_end(markup, passages, rows, listing) else more.flaw,
        short[0].flaw if short else None,
        diagnostics.error_after(shown, max(p.at for p in passages if p.region in regions)) if regions else None,
        Flaw(FlawKind.ELSEWHERE) if not listing.conclusive else None,
        Flaw(FlawKind.SCRIPT) if adds_rows(markup) else None,
        Flaw(FlawKind.UNLINKED, unlinked.aside[0]) if unlinked.aside else None,
        another_heading(markup, listing.url) if is_empty else None,
        _unknown(listing, markup, shown, passages, is_alone=is_alone) if is_empty else None,
    )))  # fmt: skip
    return replace(
        listing,
        complete=not any(flaw.is_incomplete for flaw in flaws),
        conclusive=all(flaw.is_incomplete for flaw in flaws),
        flaws=flaws,
        next_pages=more.next_pages,
        claims=more.claims if not is_alone or short else tuple(_positions(more.claims)),
        rejections=rejections,
        mentioned=_mentioned(listing, more.labels) | {name.removesuffix("/") for name in lost} | set(unlinked.aside),
    )


def _stated(
    passages: Sequence[Passage], regions: set[int], rows: set[int], *, is_empty: bool, is_paged: bool
) -> Flaw | None:
    """What the page says of an error, or of rows that are missing; "more" beside a pager is on its other pages."""
    found = diagnostics.error_in(passages, regions, rows, is_empty=is_empty)
    return found if found is not None or is_empty else diagnostics.stated_beside(passages, rows, has_more=is_paged)


def _is_blank(markup: str, url: str) -> bool:
    """Whether the page at ``url``, which was not recognised, shows nothing but what one of an empty directory does."""
    if len(markup) > _LONGEST_EMPTY or adds_rows(markup) or another_heading(markup, url) is not None:
        return False
    passages = list(split_passages(visible(markup)))
    return bool(passages) and unknown_in(markup, passages, url, "") is None


def _mentioned(listing: Listing, labels: Collection[str]) -> frozenset[str]:
    """The names that links mention. The ``labels`` of links to other pages are none, unless other links show them."""
    return listing.mentioned.difference(set(labels).difference(last_name(each.subject) for each in listing.rejections))


def _positions(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Those of ``claims`` that tell the place of the page among others; what it says of its length is settled."""
    return (claim for claim in claims if claim.kind in {ClaimKind.BACK, ClaimKind.PLACE})


def _linked(passages: Iterable[Passage], regions: Collection[int], names: Collection[str]) -> set[int]:
    """``id`` of the passages in ``regions`` that have a link, and of those that show nothing but one of ``names``."""
    return {
        id(each)
        for each in passages
        if (each.region in regions and not unlinked_rows.lacks_usable_link(each)) or each.text.rstrip("/") in names
    }


def _is_dead(more: Continuation) -> bool:
    """Whether no control for further entries has a URL: on the last page, that is what is left of "Next"."""
    return more.flaw is not None and more.flaw.kind is FlawKind.DEAD_END


def _is_end(markup: str, passages: Sequence[Passage], rows: Collection[int], listing: Listing) -> bool:
    """Whether "Next" without a URL leads nowhere because of what else the page shows."""
    names = {entry.name for entry in listing.entries}
    return say_last(passages, rows, names, listing.url) or shows_one_page(markup, passages, rows)


def _continuation(
    listing: Listing, markup: str, resolver: Resolver, known: Collection[str], claims: tuple[Claim, ...]
) -> Continuation:
    """How the listing goes on, with the ``claims`` of its texts and those of its elements."""
    urls = {entry.url for entry in listing.entries}
    controls = (*controls_in(markup), *attribute_controls(markup))
    found = continuation(controls, place_of(resolver), known, urls)
    return _with_claims(found, (*claims, *attribute_claims(markup)))


def _unknown(listing: Listing, markup: str, shown: str, passages: Iterable[Passage], *, is_alone: bool) -> Flaw | None:
    """What is not that of an empty directory; the labels of links to other pages of the listing explain themselves."""
    texts = [each.text for each in controls_in(shown) if each.label.says is not Says.OTHER and each.href]
    labels = () if is_alone else {*texts, " ".join(texts)}
    return unknown_in(markup, passages, listing.url, listing.family, labels)


def _unlisted(names: Iterable[str]) -> Iterator[Rejection]:
    return (Rejection(Reason.NO_LINK, name, "", name) for name in names)


def _without_pages(rejections: Iterable[Rejection], more: Continuation, resolver: Resolver) -> Iterator[Rejection]:
    """``rejections``; a link to another page that looks like a row is none."""
    for each in rejections:
        is_page = bool(each.row and more.links) and resolve_any(resolver.base, stripped(each.subject)) in more.links
        yield Rejection(Reason.PAGE, each.subject) if is_page else each


def _with_claims(more: Continuation, claims: tuple[Claim, ...]) -> Continuation:
    back = (Claim(ClaimKind.BACK, url) for url in sorted(more.links.difference(more.next_pages)))
    return replace(more, claims=(*claims, *more.claims, *back))


def _unlinked(
    passages: Sequence[Passage], regions: Collection[int], names: Collection[str], known: Collection[str]
) -> _Unlinked:
    rows: dict[int, str] = {}
    inside = sorted((passage for passage in passages if passage.region in regions), key=lambda passage: passage.region)
    for _, group in groupby(inside, key=lambda passage: passage.region):
        rows.update(unlinked_rows.names_without_link(group))
    lines = unlinked_rows.lines_without_link(passages, regions)
    if not names or any(unlinked_rows.is_row_outside(passage, regions, names) for passage in passages):
        rows.update(lines)
    aside = {name.removesuffix("/") for name in lines.values()}
    return _Unlinked(rows, sorted(aside.difference(known, rows.values())))
