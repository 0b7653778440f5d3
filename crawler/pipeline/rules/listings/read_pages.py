"""The pages of one listing: which are still to be read, and whether they show all of it together."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.errors import ListingError
from crawler.model.flaws import TRUSTED, Claim, ClaimKind, Flaw, FlawKind, dead_end, unmet, worst_flaw
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.model.values import Entry, Listing, Validators
from crawler.pipeline.rules.listings.held_pages import HeldPages
from crawler.pipeline.rules.listings.page_links import (
    PAGED_BY_MARKER,
    PageQueue,
    following,
    is_chain,
    is_paged,
)
from crawler.pipeline.rules.listings.page_order import PageOrder, PlacedRows
from crawler.pipeline.rules.listings.shown_rows import ShownRows
from crawler.pipeline.rules.scope import Scope
from crawler.text.escape import masked
from crawler.text.url_parameters import is_first_number, number_of, order


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
    unconfirmed: list[ListingMemo] = field(default_factory=list)
    """Pages that lead on by a Link header as they did, but to be read without a condition if the listing is not whole:
    the response that confirmed them need not repeat that header (RFC 9111 section 3.2), or say that it is gone.
    """
    _shown: ShownRows | None = None
    """The rows of the pages, if any may be on several."""
    _known_first: frozenset[str] = frozenset()
    """Paths of the rows that the first page had when the listing was last known to be whole."""
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

    @property
    def todo(self) -> list[str]:
        """URLs of the pages to be read."""
        return self.queue.todo

    @property
    def is_first(self) -> bool:
        """Whether the current page is the first one."""
        return self.queue.is_first

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
    ) -> list[ListingMemo]:
        """Note the last piece of the current page, which was ``known`` when the listing was last known to be whole.

        Returns the pages to be remembered now, as ``memo`` is at last. Raises ListingError if no page can follow.
        """
        queue = self.queue
        self.whole = self.whole and listing.complete
        self._note_known(listing, known)
        self.flaws += listing.flaws
        self.claims |= dict.fromkeys(listing.claims)
        rows = self._rows_of(listing, known)
        is_numbered = listing.family not in PAGED_BY_MARKER and self._count == len(listing.entries)
        # A page that links to itself as the next one is the last, unless it is another one that was sent again.
        is_last = rows.is_new and is_numbered and queue.url in listing.linked
        self._note_order(rows, is_new=rows.is_new or is_chain(listing))
        goes_on = rows.is_new or is_chain(listing) or not self._order.has_ended
        if goes_on and not is_last:
            pages = following(listing, queue.done, scope)
            queue.follow(pages)
            if is_chain(listing) and is_paged(listing) and not pages:
                self._fail(Flaw(FlawKind.LOOP))
        queue.note_back(listing)
        if not queue.todo and queue.may_stray:
            queue.go_back(self._order.before(queue.back), scope)
        is_sound, is_over = self.whole and self._dead_end is None, not queue.todo
        is_whole = is_over and self._conclude()
        held = self._held.hold(memo, known, is_whole=is_whole, is_sound=is_sound)
        return [*held, *self.unconfirmed] if is_over and not is_whole else held

    def _note_known(self, listing: Listing, known: ListingMemo | None) -> None:
        """Note what was ``known`` of the current page, and a control for further entries that cannot be followed.

        That is a flaw if nothing else leads on. If it was there, too, when the listing was last known to be whole, this
        server prints it on every page.
        """
        self._held.know(known)
        if known is not None and listing.recalled and listing.linked and listing.linked == known.linked:
            self.unconfirmed.append(replace(known, validators=Validators()))
        flaw = None if is_paged(listing) else dead_end(listing.claims)
        was = None if known is None else dead_end(known.claims)
        if flaw is not None and (was is None or was.kind is not flaw.kind):
            self._dead_end = flaw

    def _conclude(self) -> bool:
        """Note what all pages show together. Returns whether they are all, as far as it is known."""
        for claim in self._held.standing(unmet(self.claims, self.rows, self.pages)):
            self._fail(claim.flaw)
        if self._dead_end is not None:
            self._fail(self._dead_end)
        is_whole = self.whole
        if self._unsettled is not None:
            self._fail(self._unsettled)
        return is_whole

    def may_be_missing(self, flaw: Flaw) -> bool:
        """Whether the listing may go on without the current page, which was not found; otherwise it has this ``flaw``.

        It may be the one after the last, to which a page links all the same: only "Next" may lead there. It is if the
        page before is shorter than the first one, or shows nothing new, or if there was none after the last one either
        when the listing was read before. Otherwise the listing is not whole this time, but that none followed is noted.
        """
        if not self.todo and self.queue.is_only_next:
            is_end = self._held.had_end or self._order.is_idle or self._order.is_short
            if is_end or self._shown is not None:
                self._held.note_end()
                self._unsettled = None if is_end else flaw
                return True
        if self._trusts:
            self._fail(flaw)
        return self._trusts

    def _rows_of(self, listing: Listing, known: ListingMemo | None) -> PlacedRows:
        """Note the rows of the current page. Returns what they are among those of the other pages.

        A server that ignores the query sends the first page again. If that is all that comes after a page that says
        "Next", the next page is missing; numbers may have another meaning.
        """
        queue, rejected = self.queue, sum(bool(rejection.row) for rejection in listing.rejections)
        is_alone = self.is_first and not (is_paged(listing) or listing.claims)
        if is_alone or listing.family in PAGED_BY_MARKER or self._count > len(listing.entries):
            self.rows, self.pages = self.rows + self._count + rejected, self.pages + 1
            return PlacedRows(is_new=True)
        self._shown = self._shown or ShownRows()
        rows, was_repeated = self._shown.add(listing.entries), self._was_repeated(known)
        is_new = self.is_first or bool(rows.new)
        if is_new:
            self.rows, self.pages = self.rows + rows.new + rejected, self.pages + 1
            self._order.measure(rows.new + rejected)
            self._says_next = any(claim.kind is ClaimKind.NEXT for claim in listing.claims)
        is_known = was_repeated or number_of(queue.url, queue.first) == 0
        is_again = rows.count and rows.is_of_first and not is_known
        if not is_new and is_again and not queue.is_stray and self._says_next:
            self._fail(Flaw(FlawKind.REPEATED))
        is_repeated = (queue.is_only_next and rows.is_of_before) or was_repeated
        is_lost = not is_repeated if rows.count else queue.is_linked_by_several and self._is_unordered()
        return PlacedRows(
            is_new=is_new,
            is_first_again=rows.is_first_again,
            is_misplaced=len(self._order.new) > 1 and is_lost,
        )

    def _was_repeated(self, known: ListingMemo | None) -> bool:
        """Whether the current page, as it was ``known`` when the listing was whole, was the first one again."""
        paths = frozenset[str]() if known is None else frozenset(entry.path for entry in known.entries)
        if self.is_first:
            self._known_first = paths
        return not self.is_first and bool(paths) and paths == self._known_first

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
