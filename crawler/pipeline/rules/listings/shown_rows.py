"""The rows that the pages of a listing show: which are new, and which of those that were known are missing."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry
from crawler.text.names.hashed import HashedTexts


class OwnRows(Value, frozen=True):
    """The rows of a page that does not only repeat others."""

    key: int
    """Hash of its rows, whichever they are."""
    count: int
    """Number of its rows; 0 if pages before it have shown all of them."""


class PageRows(Value, frozen=True, kw_only=True):
    """What the rows of a page are in comparison with those of the pages before it."""

    own: OwnRows
    count: int
    new: int
    """Number of rows that no page before has shown."""
    is_first_again: bool
    """Whether they are those of the first page."""
    is_of_first: bool
    """Whether they are among those of the first page."""
    is_of_before: bool
    """Whether they are among those of the page that was read before."""

    @property
    def overlaps(self) -> bool:
        """Whether some of them are new, and pages before have shown the others."""
        return 0 < self.new < self.count


class ShownRows(Struct):
    """The rows of the pages that were read so far. Only their hashes are kept."""

    _shown: HashedTexts = field(default_factory=HashedTexts)
    """Paths of the rows of all pages."""
    _known: HashedTexts = field(default_factory=HashedTexts)
    """Paths of the rows that all pages had."""
    had_overlaps: bool = False
    """Whether the known rows of a page were in part those of pages before it."""
    _first: frozenset[int] | None = None
    """Hashes of the paths on the first page."""
    _before: frozenset[int] = frozenset()
    """Hashes of the paths on the page before."""
    _missing: dict[int, int] = field(default_factory=dict)
    """Hashes of the paths of known rows that no page has shown so far → key of the page that had them."""

    @property
    def is_lossy(self) -> bool:
        """Whether rows that were known are on no page."""
        return bool(self._missing)

    def is_gone(self, key: int, count: int) -> bool:
        """Whether all ``count`` rows that the known page with this ``key`` had are on no page."""
        return 0 < count == sum(each == key for each in self._missing.values())

    def knew(self, entries: Iterable[Entry]) -> bool:
        """Whether a page that was added is known to have had any of ``entries``."""
        return any(entry.path in self._known for entry in entries)

    def knew_all(self, entries: Iterable[Entry]) -> bool:
        """Whether all of ``entries`` are known to have been on pages that were added."""
        return all(entry.path in self._known for entry in entries)

    def show(self, entries: Iterable[Entry]) -> bool:
        """Whether the pages have shown all of ``entries``."""
        return all(entry.path in self._shown for entry in entries)

    def add(self, entries: Iterable[Entry]) -> PageRows:
        """Add the rows of a page."""
        paths = {entry.path for entry in entries}
        new = _add_to(self._shown, paths)
        hashes = frozenset(map(hash, paths))
        for path in hashes & self._missing.keys():
            del self._missing[path]
        first, before = self._first, self._before
        self._first, self._before = hashes if first is None else first, hashes
        return PageRows(
            own=OwnRows(hash(hashes), len(paths) if new else 0),
            count=len(paths),
            new=new,
            is_first_again=bool(hashes) and hashes == first,
            is_of_first=first is not None and hashes <= first,
            is_of_before=first is not None and hashes <= before,
        )

    def add_known(self, entries: Iterable[Entry]) -> OwnRows:
        """Add the rows that the page had."""
        paths = {entry.path for entry in entries}
        new = _add_to(self._known, paths)
        self.had_overlaps = self.had_overlaps or 0 < new < len(paths)
        own = OwnRows(hash(frozenset(map(hash, paths))), len(paths) if new else 0)
        for path in paths:
            if path not in self._shown:
                self._missing.setdefault(hash(path), own.key)
        return own


def _add_to(texts: HashedTexts, more: Iterable[str]) -> int:
    """Add ``more`` to ``texts``. Returns how many of them are new."""
    count = len(texts)
    for text in more:
        texts.add(text)
    return len(texts) - count
