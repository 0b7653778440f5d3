"""The file trees that real servers serve in the tests, and the comparison of a tree with its mirror."""

from __future__ import annotations

import filecmp
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

AWKWARD_NAMES = (
    "plain.txt",
    "with space.txt",
    " leading and trailing ",
    "hash#tag.txt",
    "question?.txt",
    "100%.txt",
    "not%20decoded.txt",
    "twice%2525.txt",
    "%2e%2e",
    "plus+plus.txt",
    "a&b.txt",
    "&amp;.txt",
    "it's.txt",
    "semi;colon.txt",
    "colon:colon.txt",
    'quo"te.txt',
    "<b>bold<b>.txt",
    "(round) [square] {curly}.txt",
    "star*pipe|caret^tilde~.txt",
    "equals=at@comma,dollar$bang!.txt",
    "`backtick`.txt",
    "?C=N;O=D",
    ".hidden",
    "..two dots",
    "...",
    "-rf",
    "--delete",
    "-",
    "Name",
    "Parent Directory",
    "no extension",
    "archive.tar.gz",
    "page.html.gz",
    "styles.css",
    "UPPER.TXT",
    "upper.txt",
    "Räksmörgås.txt",
    "caf\u00e9 composed.txt",
    "cafe\u0301 composed.txt",
    "日本語 メモ.txt",
    "Ελληνικά-русский.txt",
    "🦊.txt",
    "long " + "x" * 220 + ".txt",
    "ü" * 110 + ".txt",
)
"""File names that servers quote, truncate or sort in their own ways. All of them are legal on Linux."""

DIRECTORY_NAMES = (
    "sub",
    "sub/deeper",
    "sub/deeper/deepest",
    "dir with space",
    "v1.0",
    "looks-like-a-file.txt",
    "dir#hash?query%25;semi&amp",
    ".dotted",
    "-rf directory",
    "目录",
    "l" * 201,
)

SIZES = (0, 1, 999, 1023, 1024, 1025, 1535, 1536, 10188, 999_999, 1_048_575, 1_048_576)
"""Sizes in bytes at the boundaries of rounding."""

MOMENTS = (
    "1999-12-31T23:59:59",
    "2024-02-29T12:00:01",
    "2024-03-31T00:59:59",  # the last second of winter time in Europe
    "2024-03-31T01:00:00",
    "2024-07-15T10:20:30",
    "2024-10-27T00:30:00",  # 02:30 in Berlin, for the first time
    "2024-10-27T01:30:00",  # 02:30 in Berlin, for the second time
    "2025-01-15T10:20:30",
)
"""Modification times in UTC, on both sides of daylight saving time."""


@dataclass(frozen=True, slots=True)
class Count:
    """Number of files, directories (including the root) and bytes."""

    directories: int
    files: int
    size: int
    """Total bytes of all files."""


def build(root: Path, *, dotted: bool = True) -> Path:
    """Write the standard tree: awkward names, rounding sizes, winter and summer times.

    It is the same on every call. Without ``dotted``, no name begins with a dot, as some servers never list such names.
    """
    root.mkdir(parents=True)
    for number, name in enumerate(AWKWARD_NAMES):
        if name.startswith(".") and not dotted:
            continue
        _set_time(write(root / name, 20 + number), f"2024-{number % 12 + 1:02}-11T08:09:{number % 60:02}")
    for number, name in enumerate(DIRECTORY_NAMES):
        if name.startswith(".") and not dotted:
            continue
        _set_time(write(root / name / "inside.txt", 33 + number), "2023-06-07T08:09:10")
    for size in SIZES:
        _set_time(write(root / "sizes" / f"s-{size}.bin", size), "2023-11-12T13:14:15")
    for moment in MOMENTS:
        _set_time(write(root / "times" / f"{moment.replace(':', '.')}.txt", 5), moment)
    (root / "empty directory").mkdir()
    return root


def build_many(root: Path, *, files: int, size: int = 100, directories: int = 1) -> Path:
    """Write ``files`` files of ``size`` bytes each, spread evenly over ``directories`` sub-directories."""
    for number in range(files):
        path = root / f"d{number % directories:04}" / f"file-{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{number:0{size}}".encode())
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return root


def write(path: Path, size: int) -> Path:
    """Write a file of ``size`` bytes, determined by its name, with an old date; parents are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(random.Random(path.name).randbytes(size))
    _set_time(path, "2020-09-13T12:26:40")
    return path


def write_large(path: Path, size: int) -> Path:
    """Write ``size`` bytes cheaply: random blocks at the start, in the middle and at the end, with holes between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    block = random.Random(path.name).randbytes(1 << 16)
    with path.open("wb") as file:
        for position in (0, size // 2 + 1, size - len(block)):
            file.seek(position)
            file.write(block)
    os.utime(path, (1_650_000_001, 1_650_000_001))
    return path


def count(root: Path) -> Count:
    """Count the directories (``root`` too), files and bytes below ``root``."""
    below = list(_below(root))
    files = [path for path in below if not path.is_dir()]
    return Count(1 + len(below) - len(files), len(files), sum(path.stat().st_size for path in files))


def differences(tree: Path, mirror: Path) -> list[str]:
    """How ``mirror`` differs from ``tree`` in names, kinds, bytes and times (to the second), except ``.crawler``."""
    wanted, found = ({os.fspath(path.relative_to(top)): path for path in _below(top)} for top in (tree, mirror))
    lost = [f"missing: {name!r}" for name in sorted(wanted.keys() - found.keys())]
    extra = [f"extra: {name!r}" for name in sorted(found.keys() - wanted.keys())]
    both = sorted(wanted.keys() & found.keys())
    return lost + extra + [problem for name in both for problem in _compare(name, wanted[name], found[name])]


def assert_same(tree: Path, mirror: Path) -> None:
    """Fail with the list of differences unless ``mirror`` equals ``tree``."""
    found = differences(tree, mirror)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:40])


def parts(mirror: Path) -> list[str]:
    """Names of the incomplete downloads in ``mirror``."""
    directory = mirror / ".crawler" / "parts"
    return sorted(path.name for path in directory.rglob("*") if not path.is_dir()) if directory.exists() else []


def _compare(name: str, wanted: Path, found: Path) -> Iterator[str]:
    if found.is_symlink() or wanted.is_dir() != found.is_dir():
        yield f"another kind of file: {name!r}"
    elif not wanted.is_dir():
        expected, actual = wanted.stat(), found.stat()
        if not filecmp.cmp(wanted, found, shallow=False):
            yield f"other bytes: {name!r}, {actual.st_size} instead of {expected.st_size}"
        if int(actual.st_mtime) != int(expected.st_mtime):
            yield f"other time: {name!r}, {actual.st_mtime} instead of {expected.st_mtime}"


def _below(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        if Path(directory) == root and ".crawler" in names:
            names.remove(".crawler")
        for name in names + files:
            yield Path(directory, name)


def _set_time(path: Path, moment: str) -> None:
    seconds = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    os.utime(path, (seconds, seconds))
