"""The tree that real servers list in these tests: awkward names, sizes at rounding edges, summer and winter times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.support.trees import AWKWARD_NAMES, DIRECTORY_NAMES, MOMENTS, SIZES

DIRECTORIES = ("names", "odd", "sizes", "times", "empty")
"""The directories at the top of the tree, all of which are listed."""

ODD_NAMES = (
    b"latin-\xe9.txt",
    b"cut utf-8 \xe6\x97.txt",
    b"new\nline.txt",
    b"tab\ttab.txt",
    b"carriage\rreturn.txt",
    b"escape\x1b[31m.txt",
    b"back\\slash.txt",
    b"..\\out.txt",
    b"C:\\drive.txt",
    b"next\xc2\x85line \xe2\x80\xa8separator.txt",
    b"right\xe2\x80\xaeto-left.txt",
    b"nobreak\xc2\xa0space.txt",
)
"""Legal on Linux; not text, or not printable, or a path elsewhere."""

TENTHS = (0.94, 0.95, 1, 1.05, 1.5, 1.95, 9.85, 9.949, 9.95, 9.96, 10, 10.5, 99.5, 100, 972.5, 973, 999.5, 1000, 1023.5)
EXTRA_SIZES = (972, 973, 974, 9999, 10000, 10_189, 99_999, 10_485_759, 10_485_760, 1_073_741_823, 1_073_741_824)
LARGEST = 1 << 40

EXTRA_MOMENTS = (
    "1970-01-01T12:00:00",
    "1980-01-01T00:00:00",
    "2024-03-10T06:59:59",  # New York: the last second of winter time
    "2024-03-10T07:00:00",
    "2024-11-03T05:30:00",  # 01:30 in New York, for the first time
    "2024-11-03T06:30:00",  # 01:30 in New York, for the second time
    "2024-12-31T18:29:59",  # the last second of the year in Kolkata
    "2024-06-30T23:59:59.999999",
    "2038-01-19T03:14:08",
)


def build(root: Path) -> Path:
    """Write the tree. Large files are sparse."""
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True)
    top = os.fsencode(root)
    for number, name in enumerate(AWKWARD_NAMES):
        _write(top, "names", name.encode(), 20 + number, f"2024-{number % 12 + 1:02}-11T08:09:{number % 60:02}")
    for name in DIRECTORY_NAMES:
        if "/" not in name:
            (root / "names" / name).mkdir()
    for number, raw in enumerate(ODD_NAMES):
        _write(top, "odd", raw, number, "2024-08-09T10:11:12")
    (root / "odd" / os.fsdecode(b"folder-\xff")).mkdir()
    for size in sizes():
        _write(top, "sizes", b"s-%d.bin" % size, size, "2023-11-12T13:14:15")
    for moment in MOMENTS + EXTRA_MOMENTS:
        _write(top, "times", f"{moment.replace(':', '.')}.txt".encode(), 5, moment)
        (root / "times" / f"d{moment.replace(':', '.')}").mkdir()
        _set_time(top + b"/times/d" + moment.replace(":", ".").encode(), moment)
    return root


def sizes() -> list[int]:
    """Sizes in bytes at the rounding edges of each unit, and one byte to either side."""
    edges = {int(tenth * unit) + more for unit in (1024, 1 << 20, 1 << 30) for tenth in TENTHS for more in (-1, 0, 1)}
    return sorted(edges | set(SIZES) | set(EXTRA_SIZES) | {LARGEST})


def entries(directory: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(name, entry) for the content of ``directory``; names are in the form that a listing's entries have."""
    with os.scandir(directory) as found:
        for entry in found:
            yield entry.name, entry


def _write(top: bytes, directory: str, name: bytes, size: int, moment: str) -> None:
    path = b"/".join((top, directory.encode(), name))
    with open(path, "wb") as file:
        file.truncate(size)
    _set_time(path, moment)


def _set_time(path: bytes, moment: str) -> None:
    since = datetime.fromisoformat(moment).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    os.utime(path, ns=(nanoseconds, nanoseconds))
