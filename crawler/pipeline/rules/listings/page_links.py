"""The links between the pages of a listing, and the errors that say that there is no page where they lead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.model.values import Listing
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked

PAGED_BY_MARKER = {"s3-xml", "azure-blob", "swift"}
"""Families whose pages link only to the next one, and name the row after which it begins.

Pages of HTML link to all pages, including those already read, and are numbered: rows move from one to another.
"""
_CHAINED = PAGED_BY_MARKER | {"json-generic", "embedded-json-generic"}
"""Families whose pages name only the next one."""
_MOST_STRAY = 2
"""Maximum number of pages that are read only because others link to them as pages before them."""
_GONE = {404, 410}


def is_gone(error: FetchError | ListingError) -> bool:
    """Whether a page was not found, or has the heading of a listing and no rows."""
    return error.is_empty if isinstance(error, ListingError) else error.status in _GONE


def is_chain(listing: Listing) -> bool:
    """Whether each page names only the next one, so that the chain is followed also over pages without rows."""
    return bool(listing.linked) or listing.family in _CHAINED


def back_links(listing: Listing) -> list[str]:
    """The pages to which ``listing`` links as pages before it."""
    return [claim.quote for claim in listing.claims if claim.kind is ClaimKind.BACK]


def is_bare(listing: Listing) -> bool:
    """Whether a page shows nothing but that no row is on it, so that it may only be the one after the last."""
    return not listing.entries and listing.complete and listing.family in _CHAINED


def following(listing: Listing, done: Collection[str], scope: Scope) -> list[str]:
    """The pages that continue ``listing`` and may be read; ``done`` have been read. Raises ListingError."""
    found = dict.fromkeys(next_of(listing))
    for page in listing.linked:
        rejection = scope.listing(page)
        if rejection is not None:
            raise ListingError(f"it continues at {masked(page)}, which is not read: {rejection.detail}")
    pages = [page for page in found if page not in done and scope.listing(page) is None]
    if pages and len(done) >= limits.LISTING_PAGES:
        raise ListingError(f"the listing has more than {limits.LISTING_PAGES} pages")
    return pages


def next_of(page: Listing | ListingMemo) -> Sequence[str]:
    """The pages to which ``page`` links as pages after it."""
    return (*page.next_pages, *page.linked)


def is_paged(page: Listing | ListingMemo | None) -> bool:
    """Whether ``page`` links to pages after it; not if it was not known."""
    return page is not None and bool(page.next_pages or page.linked)


def is_end(memo: ListingMemo | None) -> bool:
    """Whether no page was there to which the page of ``memo`` leads on; not if it was not known."""
    return memo is not None and any(claim.kind is ClaimKind.END for claim in memo.claims)


def as_end(memo: ListingMemo, *, is_end: bool = True) -> ListingMemo:
    """``memo`` with or without the note that no page was there to which its page leads on."""
    claims = tuple(claim for claim in memo.claims if claim.kind is not ClaimKind.END)
    return replace(memo, claims=(*claims, Claim(ClaimKind.END)) if is_end else claims)


class PageQueue(Struct):
    """The pages that are to be read, in their order, and why: which pages link to them."""

    todo: list[str]
    """URLs of the pages to be read."""
    done: set[str] = field(default_factory=set)
    """URLs of the pages that have been requested."""
    first: str = ""
    """URL of the first page."""
    url: str = ""
    """URL of the current page."""
    _read_before: str = ""
    """URL of the page that was read before it."""
    _linked_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """URL of a page that was to be read → up to two pages that link to it as one that follows."""
    back: dict[str, str] = field(default_factory=dict)
    """URL of a page to which others link as one before them → the first that does so."""
    _stray: set[str] = field(default_factory=set)
    """Those that are read only because of such a link."""

    def begin(self) -> str:
        """Begin the next page. Returns its URL."""
        self._read_before, self.url = self.url, self.todo.pop(0)
        self.first = self.first or self.url
        self.done.add(self.url)
        return self.url

    @property
    def is_first(self) -> bool:
        """Whether the current page is the first one."""
        return len(self.done) == 1

    @property
    def is_stray(self) -> bool:
        """Whether the current page is read only because one links to it as a page before it."""
        return self.url in self._stray

    @property
    def may_stray(self) -> bool:
        """Whether one more page may be read only because one links to it as a page before it."""
        return sum(page in self.done for page in self._stray) < _MOST_STRAY

    @property
    def is_linked_by_several(self) -> bool:
        """Whether several pages link to the current one as one that follows."""
        return len(self._linked_by.get(self.url, ())) > 1

    @property
    def is_only_next(self) -> bool:
        """Whether only the page that was read before the current one links to it, as "Next" on every page does."""
        return self._linked_by.get(self.url) == (self._read_before,)

    def is_linked_by(self, page: str) -> bool:
        """Whether ``page`` links to the current one as one that follows, unless two pages before it did so."""
        return page in self._linked_by.get(self.url, ())

    def follow(self, pages: Sequence[str]) -> None:
        """Note that the current page links to ``pages`` as pages that follow it, and are to be read."""
        for page in pages:
            self._linked_by[page] = (*self._linked_by.get(page, ()), self.url)[:2]
        self.todo += [page for page in pages if page not in self.todo]

    def note_back(self, listing: Listing) -> None:
        """Note the pages to which the current one links as pages before it."""
        self.back |= {url: self.url for url in back_links(listing) if url not in self.back}

    def go_back(self, pages: Iterable[str], scope: Scope) -> None:
        """Go on with the first of ``pages``, which come before another one, that was not read and may be."""
        self.todo = [url for url in pages if url not in self.done and scope.listing(url) is None][:1]
        self._stray |= set(self.todo)
