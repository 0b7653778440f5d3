"""The order of the pages of a listing: where a page belongs by its URL, and whether one before it was not filled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from crawler.model.struct import Struct, Value, field
from crawler.text.url_parameters import is_alike, is_first_number, order

_IDLE = 2
"""Number of pages in a row without new rows after which no further link is followed.

One alone may be a page that the server has failed to fill, so the page after it is read, too.
"""


class PlacedRows(Value, frozen=True, kw_only=True):
    """What the rows of a page are among those of the other pages."""

    is_new: bool
    """Whether it is the first page, or shows any row that was not shown before."""
    is_first_again: bool = False
    """Whether it shows the rows of the first one, and is not known to have had others."""
    is_misplaced: bool = False
    """Whether the page, if it has no new rows, is not the end. That is the "Next" of another one alone, and
    repeats it; if it is empty, the first page or one alone links to it, or a number tells its place."""


class PageOrder(Struct):
    """The pages that have been read, in their order: those with rows that no page before has shown, and the others."""

    new: list[str] = field(default_factory=list)
    """URLs of the pages with new rows."""
    _idle: list[str] = field(default_factory=list)
    """URLs of the pages without."""
    _idle_row: int = 0
    """Number of pages without new rows in a row, up to the current one."""
    _lengths: list[int] = field(default_factory=list)
    """Number of new rows of each page that has any, as far as it is known."""

    @property
    def is_idle(self) -> bool:
        """Whether the last page has shown nothing new."""
        return self._idle_row > 0

    @property
    def has_ended(self) -> bool:
        """Whether so many pages have shown nothing new that no further link is followed."""
        return self._idle_row >= _IDLE

    @property
    def is_short(self) -> bool:
        """Whether the last page with new rows has fewer of them than the first one."""
        return len(self._lengths) > 1 and self._lengths[-1] < self._lengths[0]

    def measure(self, rows: int) -> None:
        """Note the number of new rows of a page that has any."""
        self._lengths.append(rows)

    def count(self, *, is_new: bool) -> None:
        """Note whether the current page has new rows."""
        self._idle_row = 0 if is_new else self._idle_row + 1

    def passed_by(self, url: str) -> str | None:
        """Add the page at ``url``, which has new rows. Returns a page without any that comes before it; None if none.

        That one was not filled, or another one was sent in its place.
        """
        self.new.append(url)
        return next((page for page in self._idle if is_alike(page, url) and order(page, url) != 1), None)

    def is_passed(self, url: str, *, is_misplaced: bool) -> bool:
        """Add the page at ``url``, which has no new rows. Returns whether it cannot be the end of the listing.

        It comes before a page with new rows; or it is misplaced, and not another view, which has other parameters.
        """
        self._idle.append(url)
        is_before = any(order(url, page) == -1 for page in self.new)
        return is_before or (is_misplaced and any(is_alike(url, page) for page in self.new[1:]))

    def is_unordered(self, url: str, others: Collection[str]) -> bool:
        """Whether nothing tells where the page at ``url`` belongs among those with new rows and ``others``."""
        return all(order(url, page) is None for page in (*self.new, *others))

    def before(self, back: Mapping[str, str]) -> Iterator[str]:
        """The pages of ``back`` (URL of a page → one that links to it as one before it), but no other first page.

        If one of them was not read, the page that links to it was not the one that was requested.
        """
        return (page for page, by in back.items() if is_alike(page, by) and not self._is_first(page, by))

    def _is_first(self, page: str, by: str) -> bool:
        """Whether the number of a page that ``by`` links to is that of the first one: less than that of all others."""
        return is_first_number(page, by) and all(order(page, other) == -1 for other in self.new[1:])
