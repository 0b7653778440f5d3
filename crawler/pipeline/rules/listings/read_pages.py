"""The pages of one listing: which are still to be read, and whether they show all of it together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import TRUSTED, Claim, ClaimKind, Flaw, FlawKind, dead_end, is_total, unmet, worst_flaw
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field
from crawler.model.values import Entry, Listing
from crawler.pipeline.rules.listings.held_pages import HeldPages
from crawler.pipeline.rules.listings.page_links import (
    PAGED_BY_MARKER,
    PageQueue,
    following,
    is_absent,
    is_chain,
    is_gone,
    is_paged,
    next_of,
)
from crawler.pipeline.rules.listings.page_order import PageOrder, PlacedRows
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked
from crawler.text.url_parameters import is_first_number, order

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.several_pages import SeveralPages


class ReadPages(Struct):
    """The pages of a listing that have been read so far."""

    queue: PageQueue
    _trusts: bool = False
    """Whether links between pages are believed to be right, whatever is wrong with them (--trust-pages)."""
    believed: list[Flaw] = field(default_factory=list)
    """The flaws that the listing would have without that."""
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
    _order: PageOrder = field(default_factory=PageOrder)
    _says_next: bool = False
    """Whether the last page with rows of its own says that another one follows."""
    _held: HeldPages = field(default_factory=HeldPages)
    _dead_end: Flaw | None = None
    """The control for further entries that cannot be followed, unless it was there when the listing was whole."""
    _unsettled: Flaw | None = None
    """That a page after the last one was not found, which may never have been."""
    _was_alive: bool = False
    """Whether it has no URL, and its page led on when it was last read."""

    @property
    def todo(self) -> list[str]:
        """URLs of the pages to be read."""
        return self.queue.todo

    @property
    def is_first(self) -> bool:
        """Whether the current page is the first one."""
        return self.queue.is_first

    @property
    def is_former(self) -> bool:
        """Whether the current page is read only because one led there when it was last read."""
        return self.queue.is_former

    def begin(self) -> str:
        """Begin the next page. Returns its URL."""
        self._count = 0
        return self.queue.begin()

    def may_have_moved(self, listing: Listing) -> bool:
        """Whether a row of the directory may have moved from a page that was not read yet to one that had been."""
        return not self.is_first and listing.family not in PAGED_BY_MARKER

    def add(self, entries: Sequence[Entry]) -> None:
        """Note a piece of the current page."""
        self._count += len(entries)

    def end(
        self,
        listing: Listing,
        scope: Scope,
        known: ListingMemo | None = None,
        memo: ListingMemo | None = None,
        unlike: Flaw | None = None,
    ) -> list[ListingMemo]:
        """Note the last piece of the current page, which was ``known`` when the listing was last known to be whole.

        ``unlike``: what shows that it is not a page of this listing, if anything does.
        Returns the pages to be remembered now, as ``memo`` is at last. Raises ListingError if no page can follow.
        """
        queue = self.queue
        self.whole = self.whole and listing.complete
        self._held.know(known)
        self._note_dead_end(listing, known)
        self.flaws += listing.flaws
        if unlike is not None:
            self._fail(unlike)
        self.claims |= dict.fromkeys(listing.claims)
        rows = self._rows_of(listing, known, memo)
        is_numbered = listing.family not in PAGED_BY_MARKER and self._count == len(listing.entries)
        # A page that links to itself as the next one is the last, unless it is another one that was sent again.
        is_last = rows.is_new and is_numbered and queue.url in listing.linked
        self._note_order(rows, is_new=rows.is_new or (is_chain(listing) and not queue.is_former))
        goes_on = rows.is_new or is_chain(listing) or not self._order.has_ended
        if goes_on and not is_last and not queue.is_former:
            pages = following(listing, queue.done, scope)
            queue.follow(pages)
            if is_chain(listing) and is_paged(listing) and not pages:
                self._fail(Flaw(FlawKind.LOOP))
        queue.note_back(listing)
        if not queue.todo:
            self._look_for_others(scope)
        is_sound, is_over = self.whole and self._dead_end is None, not queue.todo
        is_whole = is_over and self._conclude()
        held = self._held.hold(memo, is_whole=is_whole, is_sound=is_sound)
        return held if self.together is None or not is_over else self.together.remembered(held, is_whole=is_whole)

    def _note_dead_end(self, listing: Listing, known: ListingMemo | None) -> None:
        """Note a control for further entries that cannot be followed, if nothing else leads on.

        If it was there, too, when the listing was last known to be whole, this server prints it on every page.
        """
        flaw = None if is_paged(listing) or self.is_former else dead_end(listing.claims)
        was = None if known is None else dead_end(known.claims)
        if flaw is None or (was is not None and was.kind is flaw.kind):
            return
        self._dead_end = flaw
        self._was_alive = flaw.kind is FlawKind.DEAD_END and is_paged(known)

    def _look_for_others(self, scope: Scope) -> None:
        """Go on with pages that do not follow any other: those before a page, and those that followed one formerly."""
        queue = self.queue
        if queue.may_stray:
            queue.go_back(self._order.before(queue.back), scope)
        if not queue.todo and self.together is not None:
            queue.go_to_former(self.together.former(queue.former_read), scope)

    def _conclude(self) -> bool:
        """Note what all pages show together. Returns whether they are all, as far as it is known."""
        unlike = None if self.together is None else self.together.flaw()
        for claim in self._held.standing(unmet(self.claims, self.rows, self.pages), self.rows):
            self._fail(claim.flaw)
        if unlike is not None:
            self._fail(unlike)
        # What is left of "Next" once the listing has become shorter: the page to which it led shows nothing new.
        has_shrunk = self._was_alive and self.queue.former_read and not self._has(FlawKind.UNPAGED)
        if self._dead_end is not None and not has_shrunk:
            self._fail(self._dead_end)
        is_whole = self.whole
        if self._unsettled is not None and self.together is not None:
            self._fail(self._unsettled)
            is_all = self.together.may_be_all or is_total(self.claims, self.rows, self.pages)
            is_whole = is_whole and is_all
        return is_whole

    def is_unsettled(self, error: FetchError | ListingError, known: ListingMemo | None, flaw: Flaw) -> bool:
        """Whether a page that was not found, and is not known, may never have been. If so, note this ``flaw``.

        The pages before it are remembered if they may be all, so that the next run knows what they were followed by.
        """
        if known is not None or self.together is None or self.todo:
            return False
        if not is_gone(error) or not self.queue.is_only_next:
            return False
        self._unsettled = flaw
        self._held.note_end()
        return True

    def may_be_the_end(self, error: FetchError | ListingError, known: ListingMemo | None) -> bool:
        """Whether a page that could not be read may be the one after the last, to which a page links all the same.

        ``known``: the page as it was. Only "Next" may lead there. It is believed if the page before is shorter than the
        first one, or shows nothing new; if the page led on, or repeated others; or if it was not there either when the
        same page or the same rows led there. Otherwise, and with any statement of how much there is, it is missing.
        """
        if self.is_former:
            return is_absent(error)
        if not is_gone(error) or self.is_first or self.todo or not self.queue.is_only_next:
            return False
        pages, queue = self.together, self.queue
        was_end = self._held.was_end(queue.url) or (pages is not None and pages.was_end)
        may_be = self._order.is_idle or self._order.is_short or was_end
        if known is not None:
            may_be = bool(next_of(known)) or not known.entries or (pages is not None and pages.repeated(known))
        if may_be:
            self._held.note_end()
        return may_be

    def _rows_of(self, listing: Listing, known: ListingMemo | None, memo: ListingMemo | None) -> PlacedRows:
        """Note the rows of the current page. Returns what they are among those of the other pages.

        A server that ignores the query sends the first page again. If that is all that comes after a page that says
        "Next", the next page is missing; numbers may have another meaning.
        """
        queue, rejected = self.queue, sum(bool(rejection.row) for rejection in listing.rejections)
        is_alone = self.is_first and not (is_paged(listing) or listing.claims or is_paged(known))
        if is_alone or listing.family in PAGED_BY_MARKER or self._count > len(listing.entries):
            self.rows, self.pages = self.rows + self._count + rejected, self.pages + 1
            return PlacedRows(is_new=True)
        if self.together is None:
            from crawler.pipeline.rules.listings.several_pages import SeveralPages  # imported only if needed

            self.together = SeveralPages(self._trusts)
        rows = self.together.add(queue.url, listing, known, memo, is_linked=queue.is_linked_by_several)
        is_new = self.is_first or bool(rows.new)
        if is_new:
            self.rows, self.pages = self.rows + rows.new + rejected, self.pages + 1
            self._order.measure(rows.new + rejected)
            self._says_next = any(claim.kind is ClaimKind.NEXT for claim in listing.claims)
        is_linked = not (queue.is_former or queue.is_stray)
        is_known = self.together.was_repeated or self.together.is_first_by_number(queue.url)
        is_again = rows.count and rows.is_of_first and not is_known
        if not is_new and is_again and is_linked and self._says_next:
            self._fail(Flaw(FlawKind.REPEATED))
        is_repeated = (queue.is_only_next and rows.is_of_before) or self.together.was_repeated
        is_lost = not is_repeated if rows.count else queue.is_linked_by_several and self._is_unordered()
        return PlacedRows(
            is_new=is_new,
            is_first_again=rows.is_first_again and not self.together.had_rows,
            is_misplaced=len(self._order.new) > 1 and is_lost,
        )

    def _is_unordered(self) -> bool:
        """Whether nothing tells where the current page belongs, and the first page does not link to it."""
        queue = self.queue
        return not queue.is_linked_by(self._order.new[0]) and self._order.is_unordered(queue.url, queue.todo)

    def _note_order(self, rows: PlacedRows, *, is_new: bool) -> None:
        """Note whether the current page has new rows. It must not come after one that has none.

        Such a page was not filled, or another one was sent in its place; at the end of a listing it is normal, but for
        one that repeats rows although several pages, or an earlier one, say that it exists.
        """
        url = self.queue.url
        self._order.count(is_new=is_new)
        if self.queue.is_former:
            if is_new or self._order.is_between(url, is_first_again=rows.is_first_again):
                self._fail(Flaw(FlawKind.UNPAGED, masked(url)))
            elif self.together is not None:
                self.together.withdraw()
            return
        if self.queue.is_stray:
            by = self.queue.back[url]
            if is_new or (order(url, by) == -1 and not is_first_number(url, by)):
                self._fail(Flaw(FlawKind.SKIPPED, masked(by)))
            return
        if not is_new and rows.is_first_again and self._is_unordered():
            return  # another URL of the first page, by a token
        if is_new:
            lost = self._order.passed_by(url)
        else:
            lost = url if self._order.is_passed(url, is_misplaced=rows.is_misplaced) else None
        if lost is not None and not self._has(FlawKind.SKIPPED):
            self._fail(Flaw(FlawKind.SKIPPED, masked(lost)))

    def believe_without(self, error: FetchError | ListingError, flaw: Flaw) -> bool:
        """Note the ``flaw`` that a page was not found, with ``error``. Returns whether the listing is believed."""
        if not is_gone(error) or self.is_first or not self._trusts:
            return False
        self._fail(flaw)
        return True

    def _has(self, kind: FlawKind) -> bool:
        return any(flaw.kind is kind for flaw in (*self.flaws, *self.believed))

    def _fail(self, flaw: Flaw) -> None:
        if self._trusts and flaw.kind in TRUSTED:
            self.believed.append(flaw)
            return
        self.whole = False
        self.flaws.append(flaw)

    def check(self) -> None:
        """Raise ListingError if anything is missing on the pages."""
        if not self.whole:
            raise ListingError(str(worst_flaw(self.flaws, is_incomplete=True)))


def pages_from(url: str, *, trusts: bool = False) -> ReadPages:
    """The pages of a listing of which the first, at ``url``, is to be read. ``trusts``: see --trust-pages."""
    return ReadPages(PageQueue([url]), trusts)
