"""Large sets of names and URLs, of which only hashes are kept."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping

_BUCKETS = 4096


class HashedTexts:
    """A set of texts that takes 9 bytes for each, instead of 150, and cannot return them.

    Two texts have the same hash of 64 bits once in 40 million sets of a million, so a text that seems to be in the set
    may be a new one; one that does not seem to be in it is new.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._buckets: list[array[int] | None] = [None] * _BUCKETS
        self._count = 0
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Add ``text``."""
        value = hash(text)
        bucket = self._buckets[value % _BUCKETS]
        if bucket is None:
            self._buckets[value % _BUCKETS] = bucket = array("q")
        place = bisect_left(bucket, value)
        if place == len(bucket) or bucket[place] != value:
            bucket.insert(place, value)
            self._count += 1

    def __contains__(self, text: str) -> bool:
        value = hash(text)
        bucket = self._buckets[value % _BUCKETS] or ()
        place = bisect_left(bucket, value)
        return place < len(bucket) and bucket[place] == value

    def __len__(self) -> int:
        """Number of different texts."""
        return self._count


class HashedNames:
    """A dictionary of names, nearly all with the value False, that cannot return the names."""

    def __init__(self, names: Mapping[str, bool | None]) -> None:
        self._false = HashedTexts(name for name, value in names.items() if value is False)
        self._others = {name: value for name, value in names.items() if value is not False}

    def __contains__(self, name: str) -> bool:
        return name in self._others or name in self._false

    def __getitem__(self, name: str) -> bool | None:
        return self._others.get(name, False)

    def __setitem__(self, name: str, value: bool | None) -> None:
        self._others.pop(name, None)
        if value is False:
            self._false.add(name)
        else:
            self._others[name] = value

    def setdefault(self, name: str, value: bool | None) -> bool | None:
        """The value of ``name``, which is set to ``value`` if it has none."""
        if name in self:
            return self[name]
        self[name] = value
        return value


class HashedPaths:
    """A set of paths with a URL each, neither of which it can return."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._paths, self._pairs = HashedTexts(), HashedTexts()
        for path, url in urls.items():
            self[path] = url

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def __setitem__(self, path: str, url: str) -> None:
        self._paths.add(path)
        self._pairs.add(f"{path}\n{url}")

    def has(self, path: str, url: str) -> bool:
        """Whether ``path`` is in the set, with ``url``."""
        return f"{path}\n{url}" in self._pairs
