"""Selects the directories that the report shows: a few dozen items of the tree of sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crawler.model.struct import Value, replace
from crawler.storage.state.records import FileTotals

CELLS = 30
"""Maximum number of items in the map."""
CHILDREN = 10
"""Maximum number of items for one directory; the rest is combined."""
ROWS = 12
"""Maximum number of rows in the table of directories."""
_WORTH_OPENING = 0.04
"""Minimum share of the total for an item to be split into its directories."""
_VISIBLE = 0.0002
"""Minimum share of the total for an item to be visible."""
_DOMINANT = 0.5
"""Minimum share of the total for an item whose directories become groups of their own."""


class SizeItem(Value, frozen=True, kw_only=True):
    """An item of the map: a directory with all below it, several of them combined, or the files directly in one."""

    label: str
    files: int
    size: int
    """Total size in bytes."""
    directory: str | None = None
    """Path of the directory, if the item is a single whole one; otherwise None."""
    group: int = 0
    """Items of one group are adjacent and share a colour."""


class SizeTree:
    """The total sizes of all directories, including their contents at any depth.

    ``directories``: path → totals of the files directly in the directory.
    """

    def __init__(self, directories: Mapping[str, FileTotals]) -> None:
        self._own = directories
        self._totals: dict[str, list[int]] = {}
        self._below: dict[str, set[str]] = {}
        for path, totals in directories.items():
            self._add(path, totals)
        self.base = self._common_base()
        """The deepest directory that contains all files."""

    def _add(self, path: str, totals: FileTotals) -> None:
        while True:
            total = self._totals.setdefault(path, [0, 0])
            total[0] += totals.files
            total[1] += totals.size
            if not path:
                return
            above = path.rpartition("/")[0]
            self._below.setdefault(above, set()).add(path)
            path = above

    def _common_base(self) -> str:
        base = ""
        while base not in self._own and len(self._below.get(base, ())) == 1:
            (base,) = self._below[base]
        return base

    def total(self) -> FileTotals:
        """Number and size of all files in the tree."""
        files, size = self._totals.get("", (0, 0))
        return FileTotals(files, size)

    def places(self, directory: str, limit: int) -> list[SizeItem]:
        """The directories in ``directory`` and its own files, at most ``limit`` items, largest first."""
        found = [
            SizeItem(label=f"{path}/", directory=path, files=self._totals[path][0], size=self._totals[path][1])
            for path in self._below.get(directory, ())
        ]
        found.sort(key=lambda place: (-place.size, -place.files, place.label))
        above = f"{directory}/" if directory else ""
        if len(found) > limit:
            rest = found[limit - 1 :]
            found = [*found[: limit - 1], _together(f"{above}… {len(rest):,} more", rest)]
        if directory in self._own:
            own = self._own[directory]
            label = f"{above}… files" if found else above
            found.append(SizeItem(label=label or "files", files=own.files, size=own.size))
        return found

    def map(self) -> list[SizeItem]:
        """The items of the map: the largest directory is split repeatedly."""
        whole = self.total().size
        cells = _grouped(self.places(self.base, CHILDREN), 0)
        groups = len(cells)
        while len(cells) < CELLS:
            inner = [cell for cell in cells if cell.directory in self._below and cell.size >= _WORTH_OPENING * whole]
            if not inner:
                break
            largest = min(inner, key=_by_size)
            cells.remove(largest)
            opened = self.places(largest.directory or "", min(CHILDREN, CELLS - len(cells)))
            if largest.size >= _DOMINANT * whole:
                cells += _grouped(opened, groups)
                groups += len(opened)
            else:
                cells += [replace(place, group=largest.group) for place in opened]
        return sorted((cell for cell in cells if cell.size > _VISIBLE * whole), key=_by_size)


def _by_size(place: SizeItem) -> tuple[int, str]:
    return -place.size, place.label


def _grouped(places: Iterable[SizeItem], first: int) -> list[SizeItem]:
    """``places``, each as a group of its own, numbered from ``first``, largest first."""
    return [replace(place, group=first + number) for number, place in enumerate(sorted(places, key=_by_size))]


def _together(label: str, places: Iterable[SizeItem]) -> SizeItem:
    several = list(places)
    return SizeItem(label=label, files=sum(one.files for one in several), size=sum(one.size for one in several))
