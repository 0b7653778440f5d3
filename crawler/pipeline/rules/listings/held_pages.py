"""Pages that are remembered only once all of their listing is known to be whole."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.flaws import Claim, is_stated
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.pipeline.rules.listings.page_links import as_end, is_end

_MOST_HELD = 20_000
"""Maximum number of rows on the pages that are held."""


class HeldPages(Struct):
    """Pages that are to be remembered once their listing is known to be whole."""

    had_end: bool = False
    """Whether, when that was last the case, no page was there to which the last one leads on."""
    _has_end: bool = False
    """Same, now."""
    _held: list[ListingMemo] = field(default_factory=list)
    _known: ListingMemo | None = None
    """The last page of the listing that was known, as it was; None if none was."""
    _first: ListingMemo | None = None
    """The first page that is, or is to be, remembered."""
    _disproved: set[Claim] = field(default_factory=set)
    """Claims of the pages that their listing is not whole, when it was last known to be, by the user's word."""
    _claims: list[Claim] = field(default_factory=list)
    """Such claims now."""

    def know(self, known: ListingMemo | None) -> None:
        """Note that a page was ``known``: then what was known is kept until all of it may be replaced."""
        if known is not None:
            self._known = known
            self.had_end = self.had_end or is_end(known)
            self._disproved.update(claim for claim in known.claims if is_stated([claim]))

    def note_end(self) -> None:
        """Note that no page is there to which the last one leads on."""
        self._has_end = True

    def standing(self, claims: Sequence[Claim]) -> list[Claim]:
        """Those of ``claims``, that the listing is not whole, which are not known to mean something else.

        They are if the listing was believed in spite of them.
        """
        self._claims += claims
        return [each for each in claims if each not in self._disproved]

    def hold(
        self, memo: ListingMemo | None, known: ListingMemo | None, *, is_whole: bool, is_sound: bool
    ) -> list[ListingMemo]:
        """Note that ``memo``, if any, is to be remembered in place of ``known``. Returns what is to be remembered now.

        ``is_whole``: whether the listing is known to be. What was known of the pages of one that is not is kept.
        ``is_sound``: whether its links are; otherwise the next run would take what is wrong with them for what this
        server always does.
        """
        self._first = self._first or memo or known
        if memo is not None and sum(len(each.entries) for each in self._held) <= _MOST_HELD:
            self._held.append(memo)
        if not is_whole and (self._known is not None or not is_sound or self._is_stated()):
            return []
        found, self._held = self._held, []
        return self._with_claims(self._with_end(found)) if is_whole else found

    def _is_stated(self) -> bool:
        """Whether a page that is held says that the listing is not whole."""
        return any(is_stated(each.claims) for each in self._held)

    def _with_end(self, found: list[ListingMemo]) -> list[ListingMemo]:
        """``found``, which is to be remembered, with a note in the first page of whether any follows the last one."""
        first = self._first
        if first is None or is_end(first) is self._has_end:
            return found
        return [as_end(first, is_end=self._has_end), *(each for each in found if each.url != first.url)]

    def _with_claims(self, found: list[ListingMemo]) -> list[ListingMemo]:
        """``found``, which is to be remembered, or the last page that was known, with the claims that are disproved."""
        last = found[-1] if found else self._known
        more = [] if last is None else [claim for claim in self._claims if claim not in last.claims]
        return found if last is None or not more else [*found[:-1], replace(last, claims=(*last.claims, *more))]
