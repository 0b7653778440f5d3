"""The pages of one listing: which are still to be read, and whether they show all of it together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind, unmet, worst_flaw
from crawler.model.struct import Struct, field
from crawler.model.values import Entry, Listing
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked
from crawler.text.names.hashed import HashedTexts
from crawler.text.url_parameters import is_alike, order
from crawler.text.urls import without_query

_PAGED_BY_MARKER = {"s3-xml", "azure-blob", "swift"}
"""Families whose pages link only to the next one, and name the row after which it begins.

Pages of HTML link to all pages, including those already read, and are numbered: rows move from one to another.
"""

_IDLE = 2
"""Number of pages in a row without new rows after which no further link is followed.

One alone may be a page that the server has failed to fill, so the page after it is read, too.
"""
_GONE = {404, 410}


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
    _url: str = ""
    """URL of the current page."""
    _read_before: str = ""
    """URL of the page that was read before it."""
    _shown: HashedTexts | None = None
    """URLs of the rows of all pages; None if none had to be noted."""
    _first: frozenset[int] = frozenset()
    """Hashes of the URLs on the first page."""
    _before: frozenset[int] = frozenset()
    """Hashes of the URLs on the page before."""
    _is_first_again: bool = False
    """Whether the current page shows the rows of the first one."""
    _is_misplaced: bool = False
    """Whether the current page, if its rows are not new, is not the end: it is linked as "Next" of another one alone,
    and repeats that one."""
    _lengths: list[int] = field(default_factory=list)
    """Number of new rows of each page that has any."""
    _new: list[str] = field(default_factory=list)
    """URLs of the pages with new rows."""
    _idle: list[str] = field(default_factory=list)
    """URLs of the pages without."""
    _idle_row: int = 0
    """Number of such pages in a row, up to the current one."""
    _linked_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """URL of a page that was to be read → up to two pages that link to it as one that follows."""
    _back: dict[str, str] = field(default_factory=dict)
    """URL of a page to which others link as one before them → the first that does so."""
    _stray: set[str] = field(default_factory=set)
    """Those that are read only because of such a link."""
    _says_next: bool = False
    """Whether the last page with rows of its own says that another one follows."""

    def begin(self) -> str:
        """Begin the next page. Returns its URL."""
        self._read_before, self._url = self._url, self.todo.pop(0)
        url = self._url
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
        is_numbered = listing.family not in _PAGED_BY_MARKER and self._count == len(listing.entries)
        # A page that links to itself as the next one is the last, unless it is another one that was sent again.
        is_last = is_new and not self.is_first and is_numbered and self._url in listing.linked
        self._note_order(is_new=is_new or is_chain(listing))
        if not is_last and (is_new or is_chain(listing) or self._idle_row < _IDLE):
            self._note_links(following(listing, self.done, scope))
        self._back |= {url: self._url for url in back_links(listing) if url not in self._back}
        if not self.todo:
            self.todo = [url for url in self._unread_before() if scope.listing(url) is None][:1]
            self._stray |= set(self.todo)
        flaw = None if self.todo else unmet(self.claims, self.rows, self.pages)
        if flaw is not None:
            self._fail(flaw)

    def may_be_the_end(self, error: FetchError) -> bool:
        """Whether a page that could not be read may be the one after the last, to which a page links all the same.

        That is so after a page without new rows; or if the page before alone says "Next", and is shorter than the
        first one. Otherwise, and with any statement of how much there is, it is a page that is missing.
        """
        if error.status not in _GONE or self.is_first or self.todo or not self._is_only_next():
            return False
        is_short = len(self._lengths) > 1 and self._lengths[-1] < self._lengths[0]
        return self._idle_row > 0 or (is_short and self._says_next)

    def _note_links(self, pages: Sequence[str]) -> None:
        for page in pages:
            self._linked_by[page] = (*self._linked_by.get(page, ()), self._url)[:2]
        self.todo += [page for page in pages if page not in self.todo]

    def _is_unordered(self) -> bool:
        """Whether nothing tells where the current page belongs, and the first page does not link to it."""
        is_linked = self._new[0] in self._linked_by.get(self._url, ())
        return not is_linked and all(order(self._url, page) is None for page in (*self._new, *self.todo))

    def _is_passed(self, page: str) -> bool:
        """Whether ``page``, which was read before, also comes before the current one in the order of the pager."""
        return is_alike(page, self._url) and order(page, self._url) != 1

    def _is_of_the_pager(self) -> bool:
        """Whether the current page has the parameters of one with new rows; links to other views have others."""
        return any(is_alike(self._url, page) for page in self._new[1:])

    def _is_only_next(self) -> bool:
        """Whether only the page that was read before the current one links to it, as "Next" on every page does."""
        return self._linked_by.get(self._url) == (self._read_before,)

    def _note_order(self, *, is_new: bool) -> None:
        """Note whether the current page has new rows. It must not come after one that has none.

        Such a page was not filled, or another one was sent in its place; at the end of a listing it is normal, but for
        one that repeats rows although several pages, or an earlier one, say that it exists.
        """
        self._idle_row = 0 if is_new else self._idle_row + 1
        if self._url in self._stray:
            if is_new:
                self._fail(Flaw(FlawKind.SKIPPED, masked(self._back[self._url])))
            return
        if not is_new and self._is_first_again and self._is_unordered():
            return  # another URL of the first page, by a token
        if is_new:
            self._new.append(self._url)
            lost = next(filter(self._is_passed, self._idle), None)
        else:
            self._idle.append(self._url)
            is_before = any(order(self._url, page) == -1 for page in self._new)
            lost = self._url if is_before or (self._is_misplaced and self._is_of_the_pager()) else None
        if lost is not None and not any(flaw.kind is FlawKind.SKIPPED for flaw in self.flaws):
            self._fail(Flaw(FlawKind.SKIPPED, masked(lost)))

    def _unread_before(self) -> list[str]:
        """Pages that others link to as pages before them, and that were not read.

        Unless it is another URL of the first page, the page that links to it was not the one that was requested.
        """
        if sum(page in self.done for page in self._stray) >= _IDLE:
            return []
        return [
            page
            for page, by in self._back.items()
            if page not in self.done and is_alike(page, by) and not self._precedes_all(page)
        ]

    def _precedes_all(self, page: str) -> bool:
        """Whether the number of a page is less than those of all pages that were read, but for the first."""
        return all(order(page, other) == -1 for other in self._new[1:])

    def _note_rows(self, listing: Listing) -> bool:
        """Note the rows of the current page. Returns whether it is the first one, or shows any that were not shown.

        A server that ignores the query sends the first page again. If that is all that comes after a page that says
        "Next", the next page is missing; numbers may have another meaning.
        """
        rejected = sum(bool(rejection.row) for rejection in listing.rejections)
        is_alone = self.is_first and not (listing.next_pages or listing.linked or listing.claims)
        if is_alone or listing.family in _PAGED_BY_MARKER or self._count > len(listing.entries):
            self.rows, self.pages = self.rows + self._count + rejected, self.pages + 1
            return True
        self._shown = self._shown or HashedTexts()
        urls = {entry.url for entry in listing.entries}
        new = {url for url in urls if url not in self._shown}
        for url in new:
            self._shown.add(url)
        hashes = frozenset(map(hash, urls))
        is_end = self._is_only_next() and hashes <= self._before
        self._is_misplaced = bool(urls) and len(self._new) > 1 and not is_end
        self._is_first_again = bool(urls) and hashes == self._first
        is_new = self.is_first or bool(new)
        if is_new:
            self.rows, self.pages = self.rows + len(new) + rejected, self.pages + 1
            self._lengths.append(len(new) + rejected)
            self._says_next = any(claim.kind is ClaimKind.NEXT for claim in listing.claims)
        elif urls and hashes <= self._first and self._says_next:
            self._fail(Flaw(FlawKind.REPEATED))
        self._first = hashes if self.is_first else self._first
        self._before = hashes
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


def lost_pages(before: Sequence[Entry], now: Sequence[Entry]) -> Flaw | None:
    """The flaw of a page without links to others, that was the first of several when it was last read.

    ``before``, ``now``: the rows of that page. If it shows no others, only its pager may be missing; a listing that has
    become shorter is believed in the next run. If it does, None.
    """
    known = {entry.url for entry in before}
    return Flaw(FlawKind.UNPAGED) if all(entry.url in known for entry in now) else None
