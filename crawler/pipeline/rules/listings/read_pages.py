"""The pages of one listing: which are still to be read, and whether they show all of it together."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind, unmet, worst_flaw
from crawler.model.struct import Struct, field
from crawler.model.values import Entry, Listing
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked
from crawler.text.urls import without_query

_PAGED_BY_MARKER = {"s3-xml", "azure-blob", "swift"}
"""Families whose pages link only to the next one, and name the row after which it begins.

Pages of HTML link to all pages, including those already read, and are numbered: rows move from one to another.

"""


class ReadPages(Struct):
    """The pages of a listing that have been read so far."""

    todo: list[str]
    """URLs of the pages to be read."""
    done: set[str] = field(default_factory=set)
    """URLs of the pages that have been requested."""
    whole: bool = True
    """False if anything is missing on the pages read so far, or missing at all once nothing is left to be read."""
    flaws: list[Flaw] = field(default_factory=list)
    claims: dict[Claim, None] = field(default_factory=dict)
    """What the pages say about all pages together."""
    rows: int = 0
    """Number of rows that no page before has shown."""
    pages: int = 0
    """Number of pages with such rows."""
    _count: int = 0
    """Number of rows of the current page so far."""
    _first: set[int] = field(default_factory=set)
    """Hashes of the URLs on the first page."""
    _before: set[int] = field(default_factory=set)
    """Hashes of the URLs on the page before."""
    _says_next: bool = False
    """Whether the last page with rows of its own says that another one follows."""

    def begin(self) -> str:
        """Begin the next page. Returns its URL."""
        url = self.todo.pop(0)
        self.done.add(url)
        self._count = 0
        return url

    @property
    def is_first(self) -> bool:
        """Whether the current page is the first one."""
        return len(self.done) == 1

    def may_have_moved(self, listing: Listing) -> bool:
        """Whether a row of the directory may have moved from a page that was not read yet to one that had been."""
        return not self.is_first and listing.family not in _PAGED_BY_MARKER

    def add(self, entries: Sequence[Entry]) -> None:
        """Note a piece of the current page."""
        self._count += len(entries)

    def end(self, listing: Listing, scope: Scope) -> None:
        """Note the last piece of the current page. Raises ListingError if the pages after it cannot be read."""
        self.whole = self.whole and listing.complete
        self.flaws += listing.flaws
        self.claims |= dict.fromkeys(listing.claims)
        is_new = self._note_rows(listing)
        if is_new or is_chain(listing):
            self.todo += [page for page in following(listing, self.done, scope) if page not in self.todo]
        flaw = None if self.todo else unmet(self.claims, self.rows, self.pages)
        if flaw is not None:
            self._fail(flaw)

    def _note_rows(self, listing: Listing) -> bool:
        """Note the rows of the current page. Returns whether it is the first one, or shows any that were not shown.

        A server that ignores the query sends the first page again. If that is all that comes after a page that says
        "Next", the next page is missing; numbers may have another meaning.
        """
        rejected = sum(bool(rejection.row) for rejection in listing.rejections)
        is_alone = self.is_first and not (listing.next_pages or listing.linked or listing.claims)
        if is_alone or is_chain(listing) or self._count > len(listing.entries):
            self.rows, self.pages = self.rows + self._count + rejected, self.pages + 1
            return True
        urls = {hash(entry.url) for entry in listing.entries}
        new = urls - self._first - self._before
        is_new = self.is_first or bool(new)
        if is_new:
            self.rows, self.pages = self.rows + len(new) + rejected, self.pages + 1
            self._says_next = any(claim.kind is ClaimKind.NEXT for claim in listing.claims)
        elif urls and urls <= self._first and self._says_next:
            self._fail(Flaw(FlawKind.REPEATED))
        self._first = urls if self.is_first else self._first
        self._before = urls
        return is_new

    def _fail(self, flaw: Flaw) -> None:
        self.whole = False
        self.flaws.append(flaw)

    def check(self) -> None:
        """Raise ListingError if anything is missing on the pages."""
        if not self.whole:
            raise ListingError(str(worst_flaw(self.flaws, is_incomplete=True)))


def is_later_page(url: str, first: str) -> bool:
    """Whether ``url`` is that of another page of the listing that begins at ``first``."""
    return url != first and without_query(url) == without_query(first)


def is_chain(listing: Listing) -> bool:
    """Whether each page names only the next one, so that the chain is followed also over pages without rows."""
    return bool(listing.linked) or listing.family in _PAGED_BY_MARKER


def following(listing: Listing, done: set[str], scope: Scope) -> list[str]:
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
