"""Which folders the page shows: the tree of sums, cut down to a few dozen places of interest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from crawler.storage.state import FileTotals

CELLS = 30
"""Places on the map."""
CHILDREN = 10
"""Of one folder; the others are taken together."""
ROWS = 12
_WORTH_OPENING = 0.04
"""Share of the whole from which a place is shown by its folders."""
_VISIBLE = 0.0002
"""Share below which a place would not be seen."""
_DOMINANT = 0.5
"""Share from which the folders of a place are groups of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeItem:
    """A folder with all below it, or several of them, or the files that lie directly in one."""

    label: str
    files: int
    size: int
    """Bytes."""
    folder: str | None = None
    """Its path where the place is one whole folder."""
    group: int = 0
    """Places of one group lie together and share a colour."""


class SizeTree:
    """The sums of all folders, those below included. ``folders``: path → what lies directly in it."""

    def __init__(self, folders: Mapping[str, FileTotals]) -> None:
        self._own = folders
        self._totals: dict[str, list[int]] = {}
        self._below: dict[str, set[str]] = {}
        for path, held in folders.items():
            self._add(path, held)
        self.base = self._common_base()
        """The folder in which everything lies."""

    def _add(self, path: str, held: FileTotals) -> None:
        while True:
            total = self._totals.setdefault(path, [0, 0])
            total[0] += held.files
            total[1] += held.size
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
        """All of it."""
        files, size = self._totals.get("", (0, 0))
        return FileTotals(files, size)

    def places(self, folder: str, limit: int) -> list[SizeItem]:
        """What lies in ``folder``: its folders and its own files, at most ``limit``, the largest first."""
        found = [
            SizeItem(label=f"{path}/", folder=path, files=self._totals[path][0], size=self._totals[path][1])
            for path in self._below.get(folder, ())
        ]
        found.sort(key=lambda place: (-place.size, -place.files, place.label))
        above = f"{folder}/" if folder else ""
        if len(found) > limit:
            rest = found[limit - 1 :]
            found = [*found[: limit - 1], _together(f"{above}… {len(rest):,} more", rest)]
        if folder in self._own:
            own = self._own[folder]
            label = f"{above}… files" if found else above
            found.append(SizeItem(label=label or "files", files=own.files, size=own.size))
        return found

    def map(self) -> list[SizeItem]:
        """The places that show best where the bytes are: the largest is opened again and again."""
        whole = self.total().size
        cells = _grouped(self.places(self.base, CHILDREN), 0)
        groups = len(cells)
        while len(cells) < CELLS:
            inner = [cell for cell in cells if cell.folder in self._below and cell.size >= _WORTH_OPENING * whole]
            if not inner:
                break
            largest = min(inner, key=_by_size)
            cells.remove(largest)
            opened = self.places(largest.folder or "", min(CHILDREN, CELLS - len(cells)))
            if largest.size >= _DOMINANT * whole:
                cells += _grouped(opened, groups)
                groups += len(opened)
            else:
                cells += [replace(place, group=largest.group) for place in opened]
        return sorted((cell for cell in cells if cell.size > _VISIBLE * whole), key=_by_size)


def _by_size(place: SizeItem) -> tuple[int, str]:
    return -place.size, place.label


def _grouped(places: Iterable[SizeItem], first: int) -> list[SizeItem]:
    """Each of them a group, numbered from ``first``, the largest first."""
    return [replace(place, group=first + number) for number, place in enumerate(sorted(places, key=_by_size))]


def _together(label: str, places: Iterable[SizeItem]) -> SizeItem:
    several = list(places)
    return SizeItem(label=label, files=sum(one.files for one in several), size=sum(one.size for one in several))
