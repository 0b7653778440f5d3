"""The tree upstream: a number for each version of each file, from which everything served is derived.

No content is stored: size, bytes, time and validators follow from the number, on both sides of the network.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b

from tests.support.misbehaving import pages
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.site import OLD

KIB = 1024
SUFFIXES = (".bin", ".tar.gz", ".txt", ".deb", " ä&b.iso", "%41;x.zip", "'q'+.jar")
SMALL, LARGE_FROM, LARGE_TO = 4 * KIB, 260 * KIB, 1024 * KIB
"""Sizes in bytes: most files have at most SMALL; one in 500 is large enough to be streamed into a part."""
YEARS = 100_000_000
"""Seconds over which the times of the files are spread, all in the distant past."""


@cache
def _block() -> bytes:
    return random.Random("soak").randbytes(2 * LARGE_TO)


def _chance(number: int) -> tuple[int, int, int]:
    digest = blake2b(number.to_bytes(8, "big"), digest_size=12).digest()
    return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big"), int.from_bytes(digest[8:], "big")


def size_of(number: int) -> int:
    """Size of version ``number`` in bytes."""
    kind, size, _ = _chance(number)
    if kind % 500 == 0:
        return LARGE_FROM + size % (LARGE_TO - LARGE_FROM)
    return 0 if kind % 50 == 1 else 1 + size % SMALL


def mtime_of(number: int) -> int:
    """Last-Modified of version ``number`` in seconds since the epoch."""
    return int(OLD) - _chance(number)[2] % YEARS


def data_of(number: int) -> bytes:
    """The bytes of version ``number``."""
    start = _chance(number)[2] % LARGE_TO
    return _block()[start : start + size_of(number)]


class Tree:
    """Directory → name → number of the current version. Equal arguments make equal trees."""

    def __init__(self, files: int, directories: int, seed: int) -> None:
        self._seed = seed
        self._day = 0
        self._last = 0
        fan = 10 if directories >= 300 else 2
        self.directories: dict[str, dict[str, int]] = {"": {}}
        self._below: dict[str, list[str]] = {}
        inner = 1 + fan + fan * fan
        for number in range(max(1, directories - inner)):
            self._add_directory(f"s{number % fan}/g{number // fan % fan}/d{number:04}")
        self._leaves = [path for path in self.directories if path.count("/") == 2]
        for number in range(files):
            self._add(self._leaves[number % len(self._leaves)])

    def shape(self, directory: str) -> str:
        """The format of a directory's listing: exact sizes, or rounded sizes and no ETags."""
        return "apache" if directory[1:2] in tuple("13579") else "nginx"

    def version(self, directory: str, number: int) -> Version:
        """The response to GET for version ``number``."""
        etag = None if self.shape(directory) == "apache" else f'"{number:x}"'
        return Version(data=data_of(number), mtime=mtime_of(number), etag=etag)

    def page(self, directory: str) -> bytes:
        """The listing of ``directory``."""
        below = self._below.get(directory, ())
        rows = [pages.Row(href=f"{name}/", size=None, mtime=OLD) for name in below]
        for name, number in self.directories[directory].items():
            row = pages.Row(href=pages.nginx_href(name), size=size_of(number), mtime=mtime_of(number), text=name)
            rows.append(row)
        return pages.SHAPES[self.shape(directory)](f"/pub/{directory}/" if directory else "/pub/", rows)

    def files(self) -> dict[str, int]:
        """Path → number of the current version."""
        return {path: number for path, _, _, number in self._all()}

    def advance(self) -> None:
        """Simulate a day: one file in a hundred and one directory in a thousand is changed, renamed, removed or new."""
        self._day += 1
        chance = random.Random(f"{self._seed}/{self._day}")
        there = list(self._all())
        share = max(5, len(there) // 100)
        picked = chance.sample(there, min(len(there), share * 4 // 5))
        for index, (_, directory, name, number) in enumerate(picked):
            if index % 4 < 2:
                self._last += 1
                self.directories[directory][name] = self._last
                continue
            del self.directories[directory][name]
            if index % 4 == 2:
                self.directories[chance.choice(self._leaves)][f"renamed-{self._day}-{name}"] = number
        for _ in range(share // 5):
            self._add(chance.choice(self._leaves))
        for _ in range(max(1, len(self._leaves) // 1000)):
            self._replace_directory(chance)

    def _replace_directory(self, chance: random.Random) -> None:
        """Remove one directory with all its content, and add one."""
        gone = self._leaves.pop(chance.randrange(len(self._leaves)))
        del self.directories[gone]
        parent, _, name = gone.rpartition("/")
        self._below[parent].remove(name)
        path = f"{parent}/day{self._day}-{name}"
        self._add_directory(path)
        self._leaves.append(path)
        for _ in range(5):
            self._add(path)

    def _add_directory(self, path: str) -> None:
        if path in self.directories:
            return
        parent, _, name = path.rpartition("/")
        self._add_directory(parent)
        self._below.setdefault(parent, []).append(name)
        self.directories[path] = {}

    def _add(self, directory: str) -> None:
        self._last += 1
        self.directories[directory][f"f{self._last:07}{SUFFIXES[self._last % len(SUFFIXES)]}"] = self._last

    def _all(self) -> Iterator[tuple[str, str, str, int]]:
        """(path, directory, name, number) of every file."""
        for directory, names in self.directories.items():
            for name, number in names.items():
                yield f"{directory}/{name}" if directory else name, directory, name, number
