"""What an order to the process that stores new files is about, and what the state remembers of it afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.columns.new_files import NewFiles, SavedFiles
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import Known, Staged
from crawler.storage.directory.incoming.pending import PendingFile, known_of
from crawler.storage.directory.incoming.saver_process import DIGEST
from crawler.storage.directory.os_errors import NO_FLUSH
from crawler.text.names.places import directories_above
from crawler.text.patterns import PLAIN_NAME

if TYPE_CHECKING:
    from crawler.model.network.receiving import HeldBody

BODIES = 2 * limits.MIB
"""Total size of the bodies of one order."""


class Together(Struct):
    """Files that the process can store together: in memory, with plain names, in a few directories."""

    items: Sequence[Staged]
    names: list[str] = field(default_factory=list)
    """The name of each in its directory."""
    places: list[int] = field(default_factory=list)
    """For each the number of its directory."""
    parents: list[str] = field(default_factory=list)
    """The paths of the directories."""
    directories: list[tuple[int, str]] = field(default_factory=list)
    """For each of the first directories the number of a descriptor, and the name of a directory to be created there; ""
    if the descriptor is that of the directory."""

    def cut(self, length: int) -> Together:
        """The first ``length`` files."""
        return Together(self.items[:length], self.names[:length], self.places[:length], self.parents, self.directories)

    def new_directories(self, files: int) -> list[str]:
        """The paths of the directories that have to be created for the first ``files``."""
        return [self.parents[place] for place in sorted(set(self.places[:files])) if self.directories[place][1]]


class Stored(Value, frozen=True):
    """What became of an order."""

    records: Sequence[Known] = ()
    """The records of the first files, which are stored."""
    made: Sequence[str] = ()
    """The paths of the directories that the process has created for them, and flushed."""
    unflushed: Sequence[int] = ()
    """The error numbers of those of them that could not be flushed."""

    def check_flushed(self) -> None:
        """Raise OSError if a new directory could not be flushed."""
        for number in sorted(set(self.unflushed) - NO_FLUSH):
            raise OSError(number, os.strerror(number))


def together(items: Sequence[Staged], most: tuple[int, int]) -> Together:
    """The first of ``items`` that the process can store together. ``most``: maximum number of files, of directories."""
    found, is_plain, total = Together(items[: most[0]]), PLAIN_NAME.fullmatch, 0
    names, places, numbers, paths = found.names, found.places, dict[str, int](), set[str]()
    for path, size in _fit(found.items):
        parent, _, name = path.rpartition("/")
        total += size
        if total > BODIES or is_plain(name) is None:
            break
        if (place := numbers.get(parent)) is None:
            place = len(numbers)
            # If the path of a file is also that of a directory, which comes first, wins.
            if place == most[1] or not paths.isdisjoint(directories_above(path)):
                break
            numbers[parent] = place
        paths.add(path)
        names.append(name)
        places.append(place)
    found.parents = list(numbers)
    return found.cut(len(places))


def _fit(items: Sequence[Staged]) -> Iterator[tuple[str, int]]:
    """(Path, size) of each of the first ``items``, as long as their bodies are in memory and their times are known."""
    if isinstance(items, NewFiles):
        yield from zip(items.columns.paths, items.columns.sizes, strict=True)
        return
    for item in items:
        if item.part or item.mtime is None or len(item.body) != item.size:
            return
        yield item.job.path, item.size


Bodies = tuple[Sequence["bytes | HeldBody"], list[int], list[int] | list[int | None], bool]


def bodies_of(items: Sequence[Staged]) -> Bodies:
    """(The bodies of ``items``, their sizes, their modification times, whether any lacks its digest)."""
    if isinstance(items, NewFiles):
        return items.bodies, items.columns.sizes, items.columns.mtimes, True
    bodies = [item.body for item in items]
    return bodies, list(map(len, bodies)), [item.mtime for item in items], is_hashed(items)


def is_hashed(items: Sequence[Staged]) -> bool:
    """Whether the process is to add the digest of any of ``items``."""
    return isinstance(items, NewFiles) or any(item.lacks_digest for item in items)


def records_of(items: Sequence[Staged], digests: bytes) -> Sequence[Known]:
    """What the state should remember about ``items``, which are stored as they were to be.

    ``digests``: of those that lack one, and of the others between them.
    """
    found, texts = list[Known](), digests.hex()
    if isinstance(items, NewFiles):
        ends = range(2 * DIGEST, 2 * DIGEST * len(items) + 1, 2 * DIGEST)
        return SavedFiles(items.columns, ["sha256:" + texts[end - 2 * DIGEST : end] for end in ends])
    for place, item in enumerate(items):
        known, mtime, digest = item.result.known, item.mtime or 0, None
        if item.lacks_digest:
            start = 2 * DIGEST * place
            digest = "sha256:" + texts[start : start + 2 * DIGEST]
            if known is not None and (item.size, mtime) == (known.size, known.mtime):
                found.append(replace(known, digest=digest))
                continue
        elif known is not None and known.digest and (item.size, mtime) == (known.size, known.mtime):
            found.append(known)
            continue
        found.append(known_of(PendingFile(item, "", -1, item.size, mtime, digest=digest)))
    return found
