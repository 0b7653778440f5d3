"""The files that the benchmarks fetch, created once per run."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import Access

KIB, MIB = 1024, 1024 * 1024
_SEED = 20_250_506
_BLOCK = random.Random(_SEED).randbytes(MIB)
_MODIFIED = 1_700_000_000
"""Modification time of every file: old enough to be trusted by every program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """One kind of work. ``make`` fills an empty directory."""

    name: str
    what: str
    make: Callable[[Path], None]
    access: Access = Access.PLAIN
    delay: float = 0.0
    """Round-trip time to the server in seconds."""
    rate: int = 0
    """Limit per connection in bytes per second; 0: none."""
    segments: int = 1
    """Connections per file, for programs that support several."""
    workers: int = 16
    size: int = 0
    """Total size in bytes, if it matters for the disk space."""
    again: bool = True
    """Whether a second run, in which nothing has changed, is measured too."""
    rounds: int = 9
    """Maximum number of rounds: long ones are not repeated."""
    quick: bool = True
    """Whether it is part of ``--quick``."""


def _write(path: Path, size: int, number: int = 0) -> None:
    """Write a file of ``size`` bytes whose content depends on ``number``."""
    with path.open("wb") as file:
        left = size
        while left > 0:
            shift = number % 4096 if left == size else 0
            file.write(_BLOCK[shift : shift + left])
            left -= min(left, MIB - shift)
    os.utime(path, (_MODIFIED, _MODIFIED))


def _flat(count: int, size: int) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for number in range(count):
            _write(root / f"file-{number:06}.bin", size, number)

    return make


def _varied(count: int) -> Callable[[Path], None]:
    """``count`` files of 2 to 6 KiB. As on real sites few sizes are equal: files that look alike are not pipelined."""

    def make(root: Path) -> None:
        chance = random.Random(_SEED)
        for number in range(count):
            _write(root / f"file-{number:06}.bin", chance.randint(2 * KIB, 6 * KIB), number)

    return make


def _tree(root: Path) -> None:
    """5,000 files of 1 to 8 KiB in 1,200 directories: 20 projects, 59 versions each."""
    chance = random.Random(_SEED)
    directories = []
    for project in range(20):
        top = root / f"project-{project:02}"
        directories.append(top)
        directories += [top / f"{version // 10}.{version % 10}" for version in range(59)]
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
    for number in range(5000):
        _write(directories[number % len(directories)] / f"part-{number:04}.txt", chance.randint(KIB, 8 * KIB), number)


def _mixed(root: Path) -> None:
    """400 files, 216 MB, sizes log-normal as in real archives."""
    chance = random.Random(_SEED)
    sizes = [chance.lognormvariate(11.5, 1.7) for _ in range(400)]
    scale = 216_000_000 / sum(sizes)
    for number, size in enumerate(sizes):
        _write(root / f"archive-{number:03}.tar.gz", int(size * scale), number)


def _folders(least: int, most: int) -> Callable[[Path], None]:
    """110 files of ``least`` to ``most`` bytes in the root and three directories."""

    def make(root: Path) -> None:
        chance = random.Random(_SEED)
        for name in ("", "a", "b", "c"):
            (root / name).mkdir(exist_ok=True)
        for number in range(110):
            path = root / ("", "a", "b", "c")[number % 4] / f"file-{number:03}.zip"
            _write(path, chance.randint(least, most), number)

    return make


CORPORA = (
    Corpus(name="small", what="10,000 files of 2 to 6 KiB on one page", make=_varied(10_000)),
    Corpus(name="small-4", what="the same, 4 connections", make=_varied(10_000), workers=4, quick=False),
    Corpus(
        name="small-brief",
        what="the same as small, 100 requests a connection",
        make=_varied(10_000),
        access=Access.BRIEF,
        quick=False,
    ),
    Corpus(name="tree", what="5,000 files in 1,200 directories", make=_tree),
    Corpus(name="mixed", what="400 files, 216 MB, sizes log-normal", make=_mixed, size=216 * MIB, again=False),
    Corpus(
        name="large", what="4 files of 512 MiB", make=_flat(4, 512 * MIB), size=2048 * MIB, again=False, quick=False
    ),
    Corpus(
        name="slow",
        what="one file of 32 MiB, 1 MiB/s per connection, 8 connections",
        make=_flat(1, 32 * MIB),
        rate=MIB,
        segments=8,
        workers=8,
        again=False,
        rounds=1,
        quick=False,
    ),
    Corpus(name="huge", what="100,000 empty files on one page", make=_flat(100_000, 0), rounds=1, quick=False),
    Corpus(
        name="distant",
        what="1,000 files of 2 to 6 KiB, 40 ms away",
        make=_varied(1000),
        delay=0.04,
        rounds=1,
        quick=False,
    ),
    Corpus(
        name="distant-tls",
        what="the same over TLS",
        make=_varied(1000),
        access=Access.TLS,
        delay=0.04,
        rounds=3,
        quick=False,
    ),
    Corpus(
        name="distant-4",
        what="1,000 files of 2 to 6 KiB, 40 ms away, 4 connections",
        make=_varied(1000),
        delay=0.04,
        workers=4,
        rounds=1,
        quick=False,
    ),
    Corpus(
        name="distant-brief",
        what="1,000 files of 2 to 6 KiB, 40 ms away, 100 requests a connection",
        make=_varied(1000),
        access=Access.BRIEF,
        delay=0.04,
        rounds=1,
        quick=False,
    ),
    Corpus(
        name="tree-distant",
        what="5,000 files in 1,200 directories, 40 ms away",
        make=_tree,
        delay=0.04,
        rounds=1,
        quick=False,
    ),
    Corpus(
        name="folders",
        what="110 files of one size and 3 directories, 40 ms away, 20 workers",
        make=_folders(20 * KIB, 20 * KIB),
        delay=0.04,
        workers=20,
        again=False,
    ),
    Corpus(
        name="folders-varied",
        what="110 files of 19 to 21 KiB and 3 directories, 40 ms away, 20 workers",
        make=_folders(19 * KIB, 21 * KIB),
        delay=0.04,
        workers=20,
        again=False,
        quick=False,
    ),
)


def contents(root: Path) -> dict[str, int]:
    """Path below ``root`` → size in bytes, without the files that programs keep for themselves."""
    found: dict[str, int] = {}
    levels = [""]
    while levels:
        prefix = levels.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != ".crawler":
                        levels.append(path + "/")
                elif not entry.name.startswith("index.html"):
                    found[path] = entry.stat(follow_symlinks=False).st_size
    return found


def differs(source: Path, mirror: Path, wanted: dict[str, int], *, read: bool) -> str:
    """How ``mirror`` differs from ``source``, in a few words; "" if it does not. ``read``: also compare the bytes."""
    found = contents(mirror)
    missing = len(wanted.keys() - found.keys())
    if missing:
        return f"{missing:,} missing"
    if found != wanted:
        return f"{len(found.items() - wanted.items()):,} wrong"
    bad = sum(not _same(source / path, mirror / path) for path in wanted) if read else 0
    return f"{bad:,} damaged" if bad else ""


def _same(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        while True:
            block = first.read(MIB)
            if block != second.read(MIB):
                return False
            if not block:
                return True
