"""The links of a page to other pages of its listing, and the errors that say that there is no page where they lead."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import ClaimKind
from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
from crawler.model.values import Listing, Validators
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked

PAGED_BY_MARKER = {"s3-xml", "azure-blob", "swift"}
"""Families whose pages link only to the next one, and name the row after which it begins.

Pages of HTML link to all pages, including those already read, and are numbered: rows move from one to another.
"""
_GONE = {404, 410}
_ABSENT = {*range(400, 500)} - {401, 403, 407, 408, 421, 425, 429}


def is_gone(error: FetchError | ListingError) -> bool:
    """Whether a page was not found, or has the heading of a listing and no rows."""
    return error.is_empty if isinstance(error, ListingError) else error.status in _GONE


def is_absent(error: FetchError | ListingError) -> bool:
    """Whether there is no page at a URL to which nothing leads any more: it may not even be understood."""
    return isinstance(error, ListingError) or error.status in _ABSENT


def is_chain(listing: Listing) -> bool:
    """Whether each page names only the next one, so that the chain is followed also over pages without rows."""
    return bool(listing.linked) or listing.family in PAGED_BY_MARKER


def back_links(listing: Listing) -> list[str]:
    """The pages to which ``listing`` links as pages before it."""
    return [claim.quote for claim in listing.claims if claim.kind is ClaimKind.BACK]


def following(listing: Listing, done: Collection[str], scope: Scope) -> list[str]:
    """The pages that continue ``listing`` and may be read; ``done`` have been read. Raises ListingError."""
    found = dict.fromkeys((*listing.next_pages, *listing.linked))
    for page in listing.linked:
        rejection = scope.listing(page)
        if rejection is not None:
            raise ListingError(f"it continues at {masked(page)}, which is not read: {rejection.detail}")
    pages = [page for page in found if page not in done and scope.listing(page) is None]
    if found and not pages and is_chain(listing):
        raise ListingError("its pages link to each other in a loop")
    if pages and len(done) >= limits.LISTING_PAGES:
        raise ListingError(f"the listing has more than {limits.LISTING_PAGES} pages")
    return pages


def next_of(page: Listing | ListingMemo) -> Sequence[str]:
    """The pages to which ``page`` links as pages after it."""
    return (*page.next_pages, *page.linked)


def is_paged(known: ListingMemo | None) -> bool:
    """Whether a page that was ``known`` led to others."""
    return known is not None and bool(known.next_pages or known.linked)


def with_next(memo: ListingMemo, page: str) -> ListingMemo:
    """``memo`` with a link to ``page``: if it had none, it is not what its bytes say, which are to be read again."""
    if page in next_of(memo):
        return memo
    return replace(memo, next_pages=(*memo.next_pages, page), body_digest="", validators=Validators())
