"""The names in one directory: as they are stored, and as the server has them."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.text.names.windows import decoded, encoded, folded, spelled_out


class StoredNames:
    """The names that are stored in a directory. Names that differ in case alone are distinguished."""

    def __init__(self, stored: Iterable[str] = ()) -> None:
        self._stored: set[str] = set()
        self._folded: dict[str, int] = {}
        """Folded name → how many names are stored that a file system which ignores case may take for one."""
        self.note(stored)

    def note(self, stored: Iterable[str]) -> None:
        """These names are stored, too."""
        for name in stored:
            self._add(name)

    def _add(self, stored: str) -> None:
        if stored not in self._stored:
            self._stored.add(stored)
            self._folded[folded(stored)] = self._folded.get(folded(stored), 0) + 1

    def find(self, name: str) -> str:
        """The name under which ``name`` is stored, or would be."""
        plain, spelled = encoded(name), spelled_out(name)
        if plain in self._stored or (spelled not in self._stored and folded(plain) not in self._folded):
            return plain
        return spelled

    def add(self, name: str) -> str:
        """Store ``name`` if it is not stored yet. Returns the name under which it is."""
        stored = self.find(name)
        self._add(stored)
        return stored

    def discard(self, stored: str) -> None:
        """Nothing is stored as ``stored`` any more."""
        if stored in self._stored:
            self._stored.discard(stored)
            self._folded[folded(stored)] -= 1
            if not self._folded[folded(stored)]:
                del self._folded[folded(stored)]

    def name_of(self, stored: str) -> str | None:
        """The name that is stored as ``stored``; None if it is not one under which this program stores anything."""
        name = decoded(stored)
        return name if name is not None and self.find(name) == stored else None
