"""The rows that the pages of a listing show: which are new, and which of those that were known are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry, Kind
from crawler.text.names.hashed import HashedTexts

_MOST_UNPLACED = 20_000
"""About the maximum number of rows of which more than a hash is kept."""
_ORDERS: tuple[Callable[[Entry], tuple[bool, str]], ...] = (
    lambda row: (False, row.path),
    lambda row: (row.kind is not Kind.DIRECTORY, row.path.casefold()),
)
"""Orders by name: in these, the place of a row among others never changes."""


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
    is_part: bool
    """Whether they are on pages that were read before, but no page has all of these rows and no others."""

    @property
    def overlaps(self) -> bool:
        """Whether pages before have shown some of them: the others are new, or those pages have others, too."""
        return self.is_part or 0 < self.new < self.count


class ShownRows(Struct):
    """The rows of the pages that were read so far. Only the hashes of known ones are kept."""

    _shown: HashedTexts = field(default_factory=HashedTexts)
    """Paths of the rows of all pages."""
    _known: HashedTexts = field(default_factory=HashedTexts)
    """Paths of the rows that all pages had."""
    _keys: set[int] = field(default_factory=set)
    """Hashes of the rows of each page."""
    _known_keys: set[int] = field(default_factory=set)
    """Same, of the rows that each page had."""
    had_overlaps: bool = False
    """Whether the known rows of a page overlapped with those of pages before it."""
    _first: frozenset[int] | None = None
    """Hashes of the paths on the first page."""
    _before: frozenset[int] = frozenset()
    """Hashes of the paths on the page before."""
    _unplaced: dict[str, Entry] = field(default_factory=dict)
    """Path → row that was on none of the pages that were known; only of the first page if none was."""
    _expected: dict[str, Entry] = field(default_factory=dict)
    """Path → row that earlier visits have shown, and that was on no page that is remembered."""
    _last: Entry | None = None
    """The last row of the last page that has shown new ones."""
    _orders: tuple[int, ...] = tuple(range(len(_ORDERS)))
    """The orders in which all pages have shown their rows."""
    _known_last: dict[int, list[Entry]] = field(default_factory=dict)
    """Key of a known page with rows that no page had shown when it was added → the last of these in each order."""
    _missing: dict[int, int] = field(default_factory=dict)
    """Hashes of the paths of known rows that no page has shown so far → key of the page that had them."""

    @property
    def is_lossy(self) -> bool:
        """Whether rows that were known are on no page."""
        return bool(self._missing)

    @property
    def may_be_all(self) -> bool:
        """Whether no known row is missing that may come after the last one: rows are shown in the order of names."""
        last, missing = self._last, {*self._missing.values()}
        return not missing or any(
            last is not None
            and all(_ORDERS[order](self._known_last[key][order]) < _ORDERS[order](last) for key in missing)
            for order in self._orders
        )

    def is_gone(self, key: int, count: int) -> bool:
        """Whether all ``count`` rows that the known page with this ``key`` had are on no page."""
        return 0 < count == sum(each == key for each in self._missing.values())

    def knew(self, entries: Iterable[Entry]) -> bool:
        """Whether a page that was added is known to have had any of ``entries``."""
        return any(entry.path in self._known for entry in entries)

    def knew_all(self, entries: Iterable[Entry]) -> bool:
        """Whether all of ``entries`` are known to have been on pages that were added."""
        return all(entry.path in self._known for entry in entries)

    def expect(self, entries: Sequence[Entry]) -> None:
        """Note rows that earlier visits have shown on pages that are not remembered: they may be missing, too."""
        self._expected = {entry.path: entry for entry in entries}
        self.add_unread(entries)

    def unplaced(self) -> tuple[Entry, ...]:
        """The rows that are on no page that was known, those that were expected included.

        If no page was known, none: nothing could tell what hides them.
        """
        return tuple((self._expected | (self._unplaced if self._known else {})).values())

    def add(self, entries: Sequence[Entry]) -> PageRows:
        """Add the rows of a page."""
        paths = {entry.path for entry in entries}
        if (self._first is None or self._known) and len(self._unplaced) <= _MOST_UNPLACED:
            self._unplaced |= {entry.path: entry for entry in entries if entry.path not in self._known}
        new = _add_to(self._shown, paths)
        if new:
            rows = entries if self._last is None else (self._last, *entries)
            self._orders = tuple(order for order in self._orders if _is_sorted(map(_ORDERS[order], rows)))
            self._last = entries[-1]
        hashes = frozenset(map(hash, paths))
        for path in hashes & self._missing.keys():
            del self._missing[path]
        key = hash(hashes)
        first, before = self._first, self._before
        self._first, self._before = hashes if first is None else first, hashes
        is_part = _is_part(self._keys, key, new, len(paths))
        return PageRows(
            own=OwnRows(key, len(paths) if new else 0),
            count=len(paths),
            new=new,
            is_first_again=bool(hashes) and hashes == first,
            is_of_first=first is not None and hashes <= first,
            is_of_before=first is not None and hashes <= before,
            is_part=is_part,
        )

    def add_known(self, entries: Sequence[Entry]) -> OwnRows:
        """Add the rows that the page had."""
        paths = {entry.path for entry in entries}
        new = _add_to(self._known, paths)
        own = OwnRows(hash(frozenset(map(hash, paths))), len(paths) if new else 0)
        is_part = _is_part(self._known_keys, own.key, new, len(paths))
        self.had_overlaps = self.had_overlaps or is_part or 0 < new < len(paths)
        self._miss(entries, own.key)
        for path in paths & self._unplaced.keys():
            del self._unplaced[path]
        return own

    def add_unread(self, entries: Sequence[Entry]) -> int:
        """Add the rows that a page had which has not been read, and perhaps is not read any more. Returns their key."""
        paths = {entry.path for entry in entries}
        key = hash(frozenset(map(hash, paths)))
        self._miss(entries, key)
        return key

    def _miss(self, entries: Sequence[Entry], key: int) -> None:
        """Note that the known page with this ``key`` had ``entries``."""
        missing = [entry for entry in entries if entry.path not in self._shown]
        for entry in missing:
            self._missing.setdefault(hash(entry.path), key)
        if missing:
            self._known_last[key] = [max(missing, key=order) for order in _ORDERS]


def _is_sorted(keys: Iterable[tuple[bool, str]]) -> bool:
    return all(one <= other for one, other in pairwise(keys))


def _is_part(keys: set[int], key: int, new: int, count: int) -> bool:
    """Add the ``key`` of a page to ``keys``. Returns whether its rows, ``new`` of ``count``, are parts of others."""
    is_again = key in keys
    keys.add(key)
    return not (new or is_again) and count > 0


def _add_to(texts: HashedTexts, more: Iterable[str]) -> int:
    """Add ``more`` to ``texts``. Returns how many of them are new."""
    count = len(texts)
    for text in more:
        texts.add(text)
    return len(texts) - count
