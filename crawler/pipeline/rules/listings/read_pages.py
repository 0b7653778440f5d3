"""The pages of one listing: which are still to be read, and whether they show all of it together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind, unmet, worst_flaw
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field
from crawler.model.values import Entry, Listing
from crawler.pipeline.rules.listings.page_links import (
    PAGED_BY_MARKER,
    back_links,
    following,
    is_absent,
    is_chain,
    is_gone,
    is_paged,
    next_of,
    with_next,
)
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked
from crawler.text.url_parameters import is_alike, is_first_number, order

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.several_pages import SeveralPages

_IDLE = 2
"""Number of pages in a row without new rows after which no further link is followed.

One alone may be a page that the server has failed to fill, so the page after it is read, too.
"""
_MOST_HELD = 20_000
"""Maximum number of rows on pages that are remembered only once the listing is known to be whole."""


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
    together: SeveralPages | None = None
    """What the pages show together, if there are several or were."""
    _count: int = 0
    """Number of rows of the current page so far."""
    _url: str = ""
    """URL of the current page."""
    _read_before: str = ""
    """URL of the page that was read before it."""
    _is_first_again: bool = False
    """Whether the current page shows the rows of the first one, and is not known to have had others."""
    _is_misplaced: bool = False
    """Whether the current page, if it has no new rows, is not the end. That is the "Next" of another one alone, and
    repeats it; if it is empty, the first page or one alone links to it, or a number tells its place."""
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
    _recalled: set[str] = field(default_factory=set)
    """URLs of pages that are read only because one led there when it was last read."""
    _is_known: bool = False
    """Whether the first page was known."""
    _held: list[ListingMemo] = field(default_factory=list)
    """Pages that are to be remembered once the listing is known to be whole."""

    def begin(self) -> str:
        """Begin the next page. Returns its URL."""
        self._read_before, self._url = self._url, self.todo.pop(0)
        self.done.add(self._url)
        self._count = 0
        return self._url

    @property
    def is_former(self) -> bool:
        """Whether the current page is read only because one led there when it was last read."""
        return self._url in self._recalled

    @property
    def is_first(self) -> bool:
        """Whether the current page is the first one."""
        return len(self.done) == 1

    def may_have_moved(self, listing: Listing) -> bool:
        """Whether a row of the directory may have moved from a page that was not read yet to one that had been."""
        return not self.is_first and listing.family not in PAGED_BY_MARKER

    def add(self, entries: Sequence[Entry]) -> None:
        """Note a piece of the current page."""
        self._count += len(entries)

    def end(
        self, listing: Listing, scope: Scope, known: ListingMemo | None = None, memo: ListingMemo | None = None
    ) -> list[ListingMemo]:
        """Note the last piece of the current page, which was ``known`` when the listing was last known to be whole.

        Returns the pages that are to be remembered now; ``memo`` is to be, sooner or later. Raises ListingError if the
        pages after it cannot be read.
        """
        self.whole = self.whole and listing.complete
        self._is_known = self._is_known or known is not None
        self.flaws += listing.flaws
        self.claims |= dict.fromkeys(listing.claims)
        is_new = self._note_rows(listing, known)
        is_numbered = listing.family not in PAGED_BY_MARKER and self._count == len(listing.entries)
        # A page that links to itself as the next one is the last, unless it is another one that was sent again.
        is_last = is_new and is_numbered and self._url in listing.linked
        self._note_order(is_new=is_new or (is_chain(listing) and self._url not in self._recalled))
        if not is_last and (is_new or is_chain(listing) or self._idle_row < _IDLE) and not self.is_former:
            self._note_links(following(listing, self.done, scope))
        self._back |= {url: self._url for url in back_links(listing) if url not in self._back}
        if not self.todo:
            self._look_for_others(scope)
        if not self.todo:
            self._conclude()
        return self._hold(memo)

    def _look_for_others(self, scope: Scope) -> None:
        """Go on with pages that do not follow any other: those before a page, and those that followed one formerly."""
        self.todo = [url for url in self._unread_before() if scope.listing(url) is None][:1]
        self._stray |= set(self.todo)
        if not self.todo and self.together is not None:
            former = self.together.former(len(self._recalled))
            self.todo = [url for url in former if url not in self.done and scope.listing(url) is None][:1]
            self._recalled |= set(self.todo)

    def _conclude(self) -> None:
        unlike = None if self.together is None else self.together.flaw()
        if (flaw := unmet(self.claims, self.rows, self.pages) or unlike) is not None:
            self._fail(flaw)

    def _hold(self, memo: ListingMemo | None) -> list[ListingMemo]:
        """Note that ``memo`` is to be remembered, if any. Returns what is to be remembered now.

        What was known of the pages of a listing that is not whole is kept, so that the next run can tell, too.
        """
        if memo is not None and sum(len(each.entries) for each in self._held) <= _MOST_HELD:
            self._held.append(memo)
        if self._is_known and (self.todo or not self.whole):
            return []
        found, self._held = self._held, []
        return found

    def unsettled(self, error: FetchError | ListingError) -> list[ListingMemo]:
        """What is to be remembered now, because a page that follows another one was not found, and may never have been.

        That is the page before, as it was, and the link, so that the next run knows that it has been there. To be asked
        only if no known row is missing: otherwise, pages with these rows have followed.
        """
        if not is_gone(error) or not self._is_only_next():
            return []
        known = None if self.together is None else self.together.known_before
        return [with_next(page, self._url) for page in (self._held[-1:] if known is None else [known])]

    def may_be_the_end(self, error: FetchError | ListingError, known: ListingMemo | None) -> bool:
        """Whether a page that could not be read may be the one after the last, to which a page links all the same.

        ``known``: the page as it was. Only "Next" may lead there. It is believed if the page before is shorter than the
        first one, or shows nothing new; if the page led on; or if it was not there either when the link was last read.
        Otherwise, and with any statement of how much there is, it is a page that is missing.
        """
        if self.is_former:
            return is_absent(error)
        if not is_gone(error) or self.is_first or self.todo or not self._is_only_next():
            return False
        if known is not None:
            return bool(next_of(known)) or not known.entries
        is_short = len(self._lengths) > 1 and self._lengths[-1] < self._lengths[0]
        before = None if self.together is None else self.together.known_before
        return self._idle_row > 0 or is_short or (before is not None and self._url in next_of(before))

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

    def _is_only_next(self) -> bool:
        """Whether only the page that was read before the current one links to it, as "Next" on every page does."""
        return self._linked_by.get(self._url) == (self._read_before,)

    def _note_order(self, *, is_new: bool) -> None:
        """Note whether the current page has new rows. It must not come after one that has none.

        Such a page was not filled, or another one was sent in its place; at the end of a listing it is normal, but for
        one that repeats rows although several pages, or an earlier one, say that it exists.
        """
        self._idle_row = 0 if is_new else self._idle_row + 1
        if self._url in self._recalled:
            is_between = any(order(self._url, page) == -1 for page in (*self._new, *self._idle))
            if is_new or is_between or (self.together is not None and self.together.withdraw()):
                self._fail(Flaw(FlawKind.UNPAGED, masked(self._url)))
            return
        if self._url in self._stray:
            by = self._back[self._url]
            if is_new or (order(self._url, by) == -1 and not is_first_number(self._url, by)):
                self._fail(Flaw(FlawKind.SKIPPED, masked(by)))
            return
        if not is_new and self._is_first_again and self._is_unordered():
            return  # another URL of the first page, by a token
        if is_new:
            self._new.append(self._url)
            lost = next(filter(self._is_passed, self._idle), None)
        else:
            self._idle.append(self._url)
            is_before = any(order(self._url, page) == -1 for page in self._new)
            is_of_pager = any(is_alike(self._url, page) for page in self._new[1:])  # other views have other parameters
            lost = self._url if is_before or (self._is_misplaced and is_of_pager) else None
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
            if page not in self.done and is_alike(page, by) and not self._is_first(page, by)
        ]

    def _is_first(self, page: str, by: str) -> bool:
        """Whether the number of a page that ``by`` links to is that of the first one: less than that of all others."""
        return is_first_number(page, by) and all(order(page, other) == -1 for other in self._new[1:])

    def _note_rows(self, listing: Listing, known: ListingMemo | None) -> bool:
        """Note the rows of the current page. Returns whether it is the first one, or shows any that were not shown.

        A server that ignores the query sends the first page again. If that is all that comes after a page that says
        "Next", the next page is missing; numbers may have another meaning.
        """
        rejected = sum(bool(rejection.row) for rejection in listing.rejections)
        is_alone = self.is_first and not (listing.next_pages or listing.linked or listing.claims or is_paged(known))
        if is_alone or listing.family in PAGED_BY_MARKER or self._count > len(listing.entries):
            self.rows, self.pages = self.rows + self._count + rejected, self.pages + 1
            return True
        if self.together is None:
            from crawler.pipeline.rules.listings.several_pages import SeveralPages  # imported only if needed

            self.together = SeveralPages()
        is_linked = len(self._linked_by.get(self._url, ())) > 1
        rows = self.together.add(self._url, listing, known, is_linked=is_linked)
        is_lost = not (self._is_only_next() and rows.is_of_before) if rows.count else is_linked and self._is_unordered()
        self._is_misplaced = len(self._new) > 1 and is_lost
        self._is_first_again = rows.is_first_again and not self.together.had_rows
        is_again = rows.count and rows.is_of_first and not self.together.is_first_by_number(self._url)
        is_new = self.is_first or bool(rows.new)
        if is_new:
            self.rows, self.pages = self.rows + rows.new + rejected, self.pages + 1
            self._lengths.append(rows.new + rejected)
            self._says_next = any(claim.kind is ClaimKind.NEXT for claim in listing.claims)
        elif is_again and self._says_next and self._url not in self._recalled | self._stray:
            self._fail(Flaw(FlawKind.REPEATED))
        return is_new

    def _fail(self, flaw: Flaw) -> None:
        self.whole = False
        self.flaws.append(flaw)

    def check(self) -> None:
        """Raise ListingError if anything is missing on the pages."""
        if not self.whole:
            raise ListingError(str(worst_flaw(self.flaws, is_incomplete=True)))
