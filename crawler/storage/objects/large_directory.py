"""A directory of a store that may be too large for memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection

from crawler.model.interfaces import LargeDirectory
from crawler.model.values import Local

_MOST_AHEAD = 100_000
"""Number of objects that may lie between the names of one call, as if nearly all were gone upstream."""


class LargeObjectDirectory(LargeDirectory):
    """``interfaces.LargeDirectory``, given its content in ``pieces`` (``Destination.files_in_pieces``).

    Names have to be looked up in that order, too, as nearly all listings show them: then the list of the store is read
    once, and in pieces.
    """

    def __init__(self, pieces: AsyncGenerator[dict[str, Local], None]) -> None:
        self._pieces = pieces
        self._ahead: dict[str, Local] = {}
        """What was listed and is not yet passed by the names that were looked up."""
        self._passed: dict[str, Local] = {}
        """What was passed without being looked up."""
        self._looked_up = self._listed = ""
        """The last name that was looked up; the last one that the store has listed."""
        self._is_over = False
        self.files = 0

    async def find(self, names: Collection[str]) -> dict[str, Local] | None:
        """See ``interfaces.LargeDirectory``. None also for names that are not in order."""
        wanted = sorted(names)
        if not wanted:
            return {}
        if wanted[0] <= self._looked_up:
            return None
        self._looked_up = last = wanted[-1]
        while self._listed < last and not self._is_over:
            if not await self._read() or len(self._ahead) > len(wanted) + _MOST_AHEAD:
                return None
        found = {name: self._ahead[name] for name in wanted if name in self._ahead}
        self.files += len(found)
        for name in [name for name in self._ahead if name <= last]:
            local = self._ahead.pop(name)
            if name not in found:
                self._passed[name] = local
        return found

    async def _read(self) -> bool:
        """Read the next piece. Returns False if there is something that only a scan shows."""
        piece = await anext(self._pieces, None)
        if piece is None:
            self._is_over = True
        else:
            self._ahead.update(piece)
            self._listed = max(piece, default="")
        return piece is None or bool(piece)

    async def others(self, is_file: Callable[[str], bool]) -> AsyncGenerator[dict[str, Local], None]:
        """See ``interfaces.LargeDirectory``. Whatever is left of the list is read now."""
        while True:
            rest = self._passed | self._ahead
            self._passed, self._ahead = {}, {}
            found = {name: local for name, local in rest.items() if not is_file(name)}
            self.files += len(rest) - len(found)
            if found:
                yield found
            if self._is_over:
                return
            if not await self._read():
                yield {}
                return
