"""Pages that are remembered only once all of their listing is known to be whole."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.flaws import Claim, is_stated
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.pipeline.rules.listings.page_links import as_end, is_end, next_of

_MOST_HELD = 20_000
"""Maximum number of rows on the pages that are held."""


class HeldPages(Struct):
    """Pages that are to be remembered once their listing is known to be whole."""

    _held: list[ListingMemo] = field(default_factory=list)
    _known: ListingMemo | None = None
    """The last page of the listing that was known, as it was; None if none was."""
    _known_rows: int = 0
    """Number of rows on the pages as they were known."""
    _disproved: set[Claim] = field(default_factory=set)
    """Claims of the pages that their listing is not whole, when it was last known to be, by the user's word."""
    _claims: list[Claim] = field(default_factory=list)
    """Such claims now."""
    _was: ListingMemo | None = None
    """The page that was noted last, as it was; None if it was not known."""
    _now: ListingMemo | None = None
    """Same, as it is; None if it is not to be remembered."""

    def know(self, known: ListingMemo | None) -> None:
        """Note that a page was ``known``: then what was known is kept until all of it may be replaced."""
        self._was = known
        if known is not None:
            self._known = known
            self._known_rows += len(known.entries)
            self._disproved.update(claim for claim in known.claims if is_stated([claim]))

    def standing(self, claims: Sequence[Claim], rows: int) -> list[Claim]:
        """Those of ``claims``, that a listing of ``rows`` rows is not whole, not known to mean something else.

        They are if the listing was believed in spite of them; but a number that stays the same while rows vanish may be
        theirs after all.
        """
        self._claims += claims
        return [each for each in claims if each not in self._disproved or (each.number and rows < self._known_rows)]

    def hold(self, memo: ListingMemo | None, *, is_whole: bool, is_sound: bool) -> list[ListingMemo]:
        """Note that ``memo`` is to be remembered, if any. Returns what is to be remembered now.

        ``is_whole``: whether the listing is known to be. What was known of the pages of one that is not is kept, so
        that the next run can tell, too. ``is_sound``: whether its links are; otherwise the next run would take what
        is wrong with them for what this server always does.
        """
        before, self._now = self._now, memo or self._was
        if before is not None and is_end(before) and memo is not None and memo.entries:
            self._add(as_end(before, is_end=False))
        if memo is not None:
            self._add(memo)
        if not is_whole and (self._known is not None or not is_sound or self._is_stated()):
            return []
        found, self._held = self._held, []
        return found if not (is_whole and self._claims) else self._with_claims(found)

    def was_end(self, url: str) -> bool:
        """Whether there was no page at ``url`` either when the page that was noted last led there."""
        return self._was is not None and is_end(self._was) and url in next_of(self._was)

    def note_end(self) -> None:
        """Note that no page was there to which the one that was noted last leads on."""
        if self._now is not None and not is_end(self._now):
            if self._held and self._held[-1] is self._now:
                self._held.pop()
            self._add(as_end(self._now))

    def _add(self, memo: ListingMemo) -> None:
        if sum(len(each.entries) for each in self._held) <= _MOST_HELD:
            self._held.append(memo)

    def _is_stated(self) -> bool:
        """Whether a page that is held says that the listing is not whole."""
        return any(is_stated(each.claims) for each in self._held)

    def _with_claims(self, found: list[ListingMemo]) -> list[ListingMemo]:
        """``found``, which is to be remembered, or the last page that was known, with the claims that are disproved."""
        last = found[-1] if found else self._known
        more = [] if last is None else [claim for claim in self._claims if claim not in last.claims]
        return found if last is None or not more else [*found[:-1], replace(last, claims=(*last.claims, *more))]
