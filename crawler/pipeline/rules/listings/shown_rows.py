"""The rows that the pages of a listing show: which of them no page before has shown."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry
from crawler.text.names.hashed import HashedTexts


class PageRows(Value, frozen=True, kw_only=True):
    """What the rows of a page are in comparison with those of the pages before it."""

    count: int
    new: int
    """Number of rows that no page before has shown."""
    is_first_again: bool
    """Whether they are those of the first page."""
    is_of_first: bool
    """Whether they are among those of the first page."""
    is_of_before: bool
    """Whether they are among those of the page that was read before."""


class ShownRows(Struct):
    """The rows of the pages that were read so far, of which only hashes are kept."""

    _shown: HashedTexts = field(default_factory=HashedTexts)
    """Paths of the rows of all pages."""
    _first: frozenset[int] | None = None
    """Hashes of the paths on the first page."""
    _before: frozenset[int] = frozenset()
    """Hashes of the paths on the page before."""

    def add(self, entries: Sequence[Entry]) -> PageRows:
        """Add the rows of a page."""
        paths, shown = {entry.path for entry in entries}, len(self._shown)
        for path in paths:
            self._shown.add(path)
        hashes = frozenset(map(hash, paths))
        first, before = self._first, self._before
        self._first, self._before = hashes if first is None else first, hashes
        return PageRows(
            count=len(paths),
            new=len(self._shown) - shown,
            is_first_again=bool(hashes) and hashes == first,
            is_of_first=first is not None and hashes <= first,
            is_of_before=first is not None and hashes <= before,
        )
