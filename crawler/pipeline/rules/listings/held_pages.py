"""Pages that are remembered only once all of their listing is known to be whole."""

from __future__ import annotations

from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field

_MOST_HELD = 20_000
"""Maximum number of rows on the pages that are held."""


class HeldPages(Struct):
    """Pages that are to be remembered once their listing is known to be whole."""

    _held: list[ListingMemo] = field(default_factory=list)
    _is_known: bool = False
    """Whether any page of the listing was known."""

    def know(self, known: ListingMemo | None) -> None:
        """Note that a page was ``known``: then what was known is kept until all of it may be replaced."""
        self._is_known = self._is_known or known is not None

    def hold(self, memo: ListingMemo | None, *, is_whole: bool, is_sound: bool) -> list[ListingMemo]:
        """Note that ``memo`` is to be remembered, if any. Returns what is to be remembered now.

        ``is_whole``: whether the listing is known to be. What was known of the pages of one that is not is kept, so
        that the next run can tell, too. ``is_sound``: whether its links are; otherwise the next run would take what
        is wrong with them for what this server always does.
        """
        if memo is not None and sum(len(each.entries) for each in self._held) <= _MOST_HELD:
            self._held.append(memo)
        if not is_whole and (self._is_known or not is_sound):
            return []
        found, self._held = self._held, []
        return found

    @property
    def last(self) -> list[ListingMemo]:
        """The page that was noted last, if there is any."""
        return self._held[-1:]
