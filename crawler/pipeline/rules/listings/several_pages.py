"""What the pages of a listing that has several show together, compared with what was known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.model.flaws import DEAD_ENDS, ClaimKind, Flaw, FlawKind
from crawler.model.state.store import ListingMemo
from crawler.model.state.surroundings import UNKNOWN, Surroundings
from crawler.model.struct import Struct, field, replace
from crawler.model.values import ASIDE, Entry, Listing, Validators
from crawler.pipeline.rules.listings.frame import (
    Look,
    SeenPage,
    as_copy,
    is_beyond,
    is_odd_end,
    is_open_end,
    is_replaced,
    look_of,
    unlike,
)
from crawler.pipeline.rules.listings.page_heading import Headings
from crawler.pipeline.rules.listings.page_links import is_end, next_of
from crawler.pipeline.rules.listings.shown_rows import PageRows, ShownRows
from crawler.text.escape import masked
from crawler.text.url_parameters import number_of, order

_FORMER = 2
"""Number of pages to which none leads any more that are read: one alone may be a page that was not filled."""

_MOST_ODD = 2
"""Number of visits in succession after which pages that are not what they were are remembered, if no row is missing."""
_FEW_ODD = range(1, _MOST_ODD + 1)


class SeveralPages(Struct):
    """The pages of a listing that have been read."""

    _trusts: bool = False
    """Whether what the pages are now is believed to be right (--trust-pages)."""
    _former: dict[str, None] = field(default_factory=dict)
    """URLs of pages to which one led when it was last read, and perhaps none does now."""
    _rows: ShownRows = field(default_factory=ShownRows)
    _seen: list[SeenPage] = field(default_factory=list)
    _withdrawn: list[SeenPage] = field(default_factory=list)
    """Pages to which nothing leads."""
    _repeated: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    """URL of a page without rows of its own → its rows."""
    _led_to: set[str] = field(default_factory=set)
    """URLs of the pages to which the pages led, as they were known."""
    _unread: dict[str, bool] = field(default_factory=dict)
    """URL of a page to which pages led that were not read when they were noted → whether it was noted itself."""
    _leads_to: set[str] = field(default_factory=set)
    """Same, as they are now."""
    _known_next: dict[str, set[str]] = field(default_factory=dict)
    """URL of a page that is known to have had rows of its own → those to which it led."""
    _with_rows: set[str] = field(default_factory=set)
    """URLs of these pages."""
    _led_by: dict[str, set[int]] = field(default_factory=dict)
    """URL of a page → hashes of the rows of the pages that are known to have led to it."""
    _ends: set[int] = field(default_factory=set)
    """Hashes of the rows of the pages that are known to have led to one that was not there."""
    _known_first: int = 0
    """Hash of the rows that the first page had."""
    _aliases: set[str] = field(default_factory=set)
    """Other URLs of the first page, such as those with a token."""
    _said_next: bool = False
    """Whether the first page said that another one follows."""
    _doubts: list[tuple[Flaw, ListingMemo]] = field(default_factory=list)
    """What new text makes doubtful, and what is to be remembered of the page if rows are missing."""
    _precedes: bool | None = None
    """Whether all pages that were not read, but known with rows, said that one precedes them; None if there is none."""
    _headings: Headings = field(default_factory=Headings)
    unconfirmed: list[ListingMemo] = field(default_factory=list)
    """Pages that lead on by a Link header as they did, but to be read without a condition if the listing is not whole:
    the response that confirmed them need not repeat that header (RFC 9111 section 3.2), or say that it is gone.
    """
    _unplaced: ListingMemo | None = None
    """The rows that earlier visits have shown on pages that are not remembered; None if they are not known."""
    was_repeated: bool = False
    """Whether the page that was added last was the first one again, although that said "Next", in a whole listing."""

    def add(
        self, url: str, listing: Listing, known: ListingMemo | None, memo: ListingMemo | None = None, *, is_linked: bool
    ) -> PageRows:
        """Add the page at ``url``, which was ``known``. Returns what its rows are.

        ``memo``: what is to be remembered of it, if that is anything new. ``is_linked``: whether several pages link to
        it as one that follows.
        """
        rows, first = self._rows.add(listing.entries), self._seen[0].url if self._seen else url
        now = look_of(url, rows.own, next_of(listing), listing.claims, first)
        self.was_repeated = False
        was = None if known is None else self._add_known(url, known, now, first)
        self._leads_to.update(next_of(listing))
        self._note_texts(url, listing, known)
        if listing.entries and (page := memo or known) is not None:
            self._headings.note(url, UNKNOWN if known is None else known.surroundings, page.surroundings.heading)
        if known is not None and listing.recalled and listing.linked and listing.linked == known.linked:
            self.unconfirmed.append(replace(known, validators=Validators()))
        self._seen.append(SeenPage(url=url, now=now, known=was, is_linked=is_linked, overlaps=rows.overlaps))
        if not now.rows:
            self._repeated[url] = listing.entries
        return rows

    def _add_known(self, url: str, known: ListingMemo, now: Look, first: str) -> Look | None:
        """Add what was ``known`` of the page at ``url``. Returns its look; None if it was no page of the listing."""
        self._led_to.update(next_of(known))
        was = look_of(url, self._rows.add_known(known.entries), next_of(known), known.claims, first)
        self._note_led(was.key, known)
        if not self._seen:
            self._known_first = was.key
            self._said_next = any(claim.kind is ClaimKind.NEXT for claim in known.claims)
        if was.rows:
            self._with_rows.add(url)
            self._known_next[url] = {page for page in next_of(known) if page not in {url, first}}
        elif was.key == self._known_first:
            self._aliases.add(url)
            self.was_repeated = self._said_next
        if was.leads_on and (not now.leads_on or self._rows.is_lossy):
            self._former |= dict.fromkeys(next_of(known))
        # A page without rows of its own to which none led was read only because one had led there before.
        return None if not was.rows and url in self._leads_to - self._led_to else was

    def _note_led(self, key: int, known: ListingMemo) -> None:
        """Note where a page that was ``known``, with rows of this ``key``, led."""
        if is_end(known):
            self._ends.add(key)
        for page in next_of(known):
            if page != known.url:
                self._led_by.setdefault(page, set()).add(key)

    def _copies(self) -> set[str]:
        """URLs of pages that are known to have repeated one that led to them, which may not be read any more."""
        pages = (*self._seen, *self._withdrawn)
        return {page.url for page in pages if page.known and page.known.key in self._led_by.get(page.url, ())}

    def _note_texts(self, url: str, listing: Listing, known: ListingMemo | None) -> None:
        """Note new text on the page at ``url``; labels change with the place of a page among the others."""
        if known is None or not listing.texts or not listing.conclusive:
            return
        from crawler.pipeline.rules.listings.page_texts import judge, shown  # not needed for pages of known servers

        dead = {claim.quote for claim in listing.claims if claim.kind in DEAD_ENDS.values()}
        texts = [text for text in listing.texts if not text.startswith(ASIDE) and shown(text) not in dead]
        around = known.surroundings
        found = judge(around.texts, texts, is_lossy=True, doubts=around.doubts, names=listing.mentioned)
        if found.doubt is not None:
            memo = replace(known, surroundings=replace(around, doubts=around.doubts + 1))
            self._doubts.append((Flaw(FlawKind.UNLIKE, f"{masked(url)}: it says {found.doubt!r}"), memo))

    def remembered(self, held: Sequence[ListingMemo], *, is_whole: bool) -> list[ListingMemo]:
        """What is to be remembered, if ``held`` is by the pages themselves. ``is_whole``: whether the listing is.

        Of pages with new text, which may say why rows are missing, that is how often it was new.
        """
        if is_whole:
            return [] if self._odd in _FEW_ODD else [*held]
        return [*held, *self.unconfirmed, *(memo for _, memo in self._doubts if self._rows.is_lossy)]

    @property
    def _odd(self) -> int:
        """Number of visits in succession, up to this one, with a page that is not what it was, while no row is missing.

        Nothing but --trust-pages tells whether the server prints it like that now, or has failed to print all of it.
        """
        if self._unplaced is None or self._trusts or self._rows.is_lossy or not any(page.known for page in self._seen):
            return 0
        return 0 if self._unlike(is_lossy=True) is None else self._unplaced.surroundings.doubts + 1

    def expect(self, unplaced: ListingMemo) -> None:
        """Note rows that earlier visits have shown on pages that are not remembered, and how often pages were odd."""
        self._unplaced = unplaced
        self._rows.expect(unplaced.entries)

    def unplaced(self, *, is_whole: bool) -> ListingMemo | None:
        """What is to be remembered in place of that; None if nothing was or is. ``is_whole``: whether all is shown."""
        was = self._unplaced
        if was is None:
            return None
        odd = min(self._odd, _MOST_ODD + 1) if is_whole else was.surroundings.doubts
        rows = () if is_whole and odd not in _FEW_ODD else self._rows.unplaced()
        is_any = was.entries or was.surroundings.doubts or rows or odd
        return replace(was, entries=rows, surroundings=Surroundings(doubts=odd)) if is_any else None

    def withdraw(self) -> None:
        """Take back the page that was added last, as nothing leads to it."""
        self._withdrawn.append(self._seen.pop())
        self._doubts = [each for each in self._doubts if each[1].url != self._withdrawn[-1].url]

    def repeated(self, known: ListingMemo) -> bool:
        """Whether a page that was ``known`` had no rows but those that pages added so far had."""
        return self._rows.knew_all(known.entries)

    @property
    def was_end(self) -> bool:
        """Whether a page with the same rows as the last one is known to have led to one that was not there."""
        return self._seen[-1].now.key in self._ends and not self._has_lost_first

    @property
    def may_be_all(self) -> bool:
        """Whether no known row is missing that may be on a page after the last one."""
        return self._rows.may_be_all and not self._has_lost_first

    @property
    def _has_lost_first(self) -> bool:
        """Whether all rows of the first page are missing: the last one may have been sent in its place."""
        known = self._seen[0].known
        return known is not None and self._rows.is_gone(known.key, known.rows)

    @property
    def had_rows(self) -> bool:
        """Whether the page that was added last is known to have had rows of its own."""
        known = self._seen[-1].known
        return known is not None and known.rows > 0

    def former(self, read: int) -> Iterable[str]:
        """URLs of pages to which one led when it was last read; ``read`` pages of this kind have been read.

        No more than two are needed, unless the last one has to tell whether there was an end, or is one.
        """
        is_unsure = is_odd_end(self._seen) or (self._rows.is_lossy and is_open_end(self._seen))
        return self._former if read < _FORMER or is_unsure else ()

    def next_unread(self) -> str | None:
        """The URL of a page to which one led when it was last read, which was neither read nor noted; None if none."""
        todo = {url for url in self._led_to.union(self._unread) if not self._unread.get(url)}
        if todo:  # in a first run there is none, but there may be many pages
            todo.difference_update(page.url for page in self._seen)
        return min(todo, default=None)

    def note_unread(self, url: str, known: ListingMemo | None) -> None:
        """Note what is ``known`` of the page at ``url``, which has not been read: its rows may be missing."""
        self._unread[url] = True
        if known is not None:
            if known.entries:
                says = any(claim.kind is ClaimKind.PREVIOUS for claim in known.claims)
                self._precedes = says and self._precedes is not False
            self._note_led(self._rows.add_unread(known.entries), known)
            self._unread = dict.fromkeys(next_of(known), False) | self._unread

    def is_first_by_number(self, url: str) -> bool:
        """Whether the number of the page at ``url`` can only be that of the first one.

        0 can; so can 1 if the first page led to a greater one, and not to 1, when it was last read.
        """
        number, known = number_of(url, self._seen[0].url), self._seen[0].known
        if number != 1:
            return number == 0
        known_next = self._known_next[self._seen[0].url] if known is not None and known.rows else set[str]()
        return url not in known_next and any(order(page, url) == 1 for page in known_next)

    def flaw(self) -> Flaw | None:
        """What shows that the pages are not the whole listing, although rows that were known are on none of them."""
        is_lossy = self._rows.is_lossy
        if (found := self._unlike(is_lossy=is_lossy)) is not None or not is_lossy:
            return found
        if (other := self._headings.other(page.url for page in self._seen)) is not None:
            return Flaw(FlawKind.UNLIKE, f"{masked(other)}: its heading is another one")
        return self._doubts[0][0] if self._doubts else None

    def _unlike(self, *, is_lossy: bool) -> Flaw | None:
        """What shows that pages are not what they were. ``is_lossy``: whether rows are taken to be missing on them."""
        copies = self._copies()
        led_to = [pages - self._aliases for url, pages in self._known_next.items() if url not in copies]
        had_end = not all(led_to) or (bool(led_to) and all(pages <= self._with_rows - copies for pages in led_to))
        first, *others = (as_copy(page) if page.url in copies else page for page in self._seen)
        pages = [page for page in others if page.now.key != first.now.key or not self._is_alias(page)]
        if (replaced := self._replaced([first, *pages])) is not None:
            return Flaw(FlawKind.UNLIKE, f"{masked(replaced)}: it has the rows of another page")
        had_overlaps = self._rows.had_overlaps
        return unlike(
            [first, *pages], is_lossy=is_lossy, had_end=had_end, had_overlaps=had_overlaps, precedes=self._precedes
        )

    def _is_alias(self, page: SeenPage) -> bool:
        """Whether ``page``, which shows the first one again, can only be that: it is new, and none leads on to it."""
        return (page.known is None and page.url not in self._leads_to) or self.is_first_by_number(page.url)

    def _replaced(self, pages: Sequence[SeenPage]) -> str | None:
        """The URL of a page in whose place another one was sent; None if there is none."""
        by_rows = {page.now.key: page for page in pages if page.now.rows and page.known is not None}
        for other in (*pages, *self._withdrawn):
            page = None if other.now.rows else by_rows.get(other.now.key)
            if page is None or page.known is None or not self._rows.is_gone(page.known.key, page.known.rows):
                continue
            if other in self._withdrawn and is_beyond(other.url, page.url, pages, self._known_next):
                continue  # what is sent for a page after the last one is any other one
            is_familiar = self._rows.knew(self._repeated[other.url])
            if is_replaced(page, other, is_first=page is pages[0], is_familiar=is_familiar):
                return page.url
        return None
