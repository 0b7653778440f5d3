"""A folder that holds files alone and is as it was: told from sums, and not by looking at each row of its page again.

What is summed of a file is its name, its URL and its row. If a page comes again byte for byte, and the files that the
state knows of its folder have the sum of those that the page showed, then each of them is known with the very row that
is there now, and none is missing. What is left is to compare each with its copy on the disk. The rules are those of
``plan.needs_fetch``; whoever has a doubt reads the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile
from crawler.model.values import Entry, Kind, Local
from crawler.pipeline.rules.racy import passed_by_header, passed_by_row, resolution_of
from crawler.text.urls import without_query

LEAST = 500
"""Files of a folder from which on it is worth remembering."""
SKIPPED = 1000
"""Entries that are not wanted, of a page that is remembered: each is reported in every run."""

_MASK = (1 << 128) - 1


class DirectoryDigestBuilder:
    """Sums up the entries of a listing while they are decided about."""

    def __init__(self) -> None:
        self.is_plain = True
        """False once ``rule_out`` was called, or an entry had the same effect."""
        self.entries = 0
        """Of any kind, whatever becomes of them."""
        self.files = self.total = self.resolution = 0
        self.newest = self.newest_local = 0.0
        self.skipped: list[RefusedEntry] = []

    def rule_out(self) -> None:
        """Something was there that needs a look in every run: no digest can stand for this directory."""
        self.is_plain = False

    def expect(self, entries: int, *, more: bool) -> None:
        """So many will be decided about; with ``more`` they are not the last ones."""
        self.entries += entries
        if not more and self.entries < LEAST:
            self.is_plain = False

    def add(self, entry: Entry) -> None:
        """A file that is wanted."""
        if entry.modified is None or entry.folder:  # without a time no row proves that a file is the same
            self.is_plain = False
        if not self.is_plain or entry.modified is None:
            return
        self.files += 1
        self.total = (self.total + _mark(entry.name, entry.url, entry.row)) & _MASK
        self.resolution = max(self.resolution, resolution_of(entry.modified))
        passed = passed_by_row(entry.modified)
        if entry.modified.low.tzinfo is not None:
            self.newest = max(self.newest, passed)
        else:
            self.newest_local = max(self.newest_local, passed)

    def skip(self, entry: Entry, size: int | None, reason: str) -> None:
        """A file that a filter refuses."""
        if entry.folder or len(self.skipped) == SKIPPED:
            self.is_plain = False
        if self.is_plain:
            self.skipped.append(RefusedEntry(entry.name, entry.url, size, reason))

    @property
    def is_worth_it(self) -> bool:
        """False also if there were folders, or something failed: then an entry is neither wanted nor refused."""
        return self.is_plain and self.files >= LEAST and self.files + len(self.skipped) == self.entries


def _mark(name: str, url: str, row: str) -> int:
    text = f"{name}\0{without_query(url)}\0{row}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def kept(
    leaf: DirectoryDigest, rows: Iterable[StoredFile], local: Mapping[str, Local], allows: Callable[[str], bool]
) -> list[StoredFile] | None:
    """The files of ``leaf``, if ``local`` holds all of them as they were left, and nothing else; else None.

    ``rows`` are those of its folder, ``local`` is what lies there; ``allows`` tells which URLs robots.txt allows.
    """
    if len(local) != leaf.files:
        return None
    found, total = list[StoredFile](), 0
    for row in rows:
        there = local.get(row.name)
        if there is None or there.kind is not Kind.FILE or (there.size, there.mtime) != (row.size, row.mtime):
            return None
        if _may_be_racy(leaf, row) or not allows(row.url):
            return None
        found.append(row)
        total += _mark(row.name, row.url, row.row)
    return found if (len(found), total & _MASK) == (leaf.files, leaf.total) else None


def _may_be_racy(leaf: DirectoryDigest, row: StoredFile) -> bool:
    """False only where ``racy.is_racy`` is False for each row that ``leaf`` may have shown of this file."""
    if row.checked <= leaf.newest:
        return True
    return row.checked <= leaf.newest_local and row.checked <= passed_by_header(row.last_modified, leaf.resolution)
