"""Maps the names on the server to the names stored in one directory, and back."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.text.names.windows import decoded, encoded, folded, spelled_out


class StoredNames:
    """The names that are stored in a directory. Names that differ only in case are stored under different names."""

    def __init__(self, stored: Iterable[str] = ()) -> None:
        self._stored: set[str] = set()
        self._folded: dict[str, int] = {}
        """Case-folded name → number of stored names that a file system which ignores case may confuse with it."""
        self.note(stored)

    def note(self, stored: Iterable[str]) -> None:
        """Note that these names are stored as well."""
        for name in stored:
            self._add(name)

    def _add(self, stored: str) -> None:
        if stored not in self._stored:
            self._stored.add(stored)
            self._folded[folded(stored)] = self._folded.get(folded(stored), 0) + 1

    def find(self, name: str) -> str:
        """The name under which ``name`` is or would be stored."""
        plain, spelled = encoded(name), spelled_out(name)
        if plain in self._stored or (spelled not in self._stored and folded(plain) not in self._folded):
            return plain
        return spelled

    def add(self, name: str) -> str:
        """Note that ``name`` is stored. Returns the name under which it is stored."""
        stored = self.find(name)
        self._add(stored)
        return stored

    def discard(self, stored: str) -> None:
        """Note that no file has the name ``stored`` any more."""
        if stored in self._stored:
            self._stored.discard(stored)
            self._folded[folded(stored)] -= 1
            if not self._folded[folded(stored)]:
                del self._folded[folded(stored)]

    def name_of(self, stored: str) -> str | None:
        """The server's name for ``stored``; None if this program would not store any file under that name."""
        name = decoded(stored)
        return name if name is not None and self.find(name) == stored else None
