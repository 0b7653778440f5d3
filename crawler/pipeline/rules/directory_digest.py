"""A digest over the rows of a directory that holds only files: if it is the same, no row has to be compared.

The digest is a sum over the name, URL and row of each file. If a page is the same byte for byte, and the files that the
state knows in the directory have the same sum as the files of that page, then the state knows each of them with its
present row, and none is missing. Only the local copies remain to be compared. The rules are those of
``compare.needs_fetch``; in case of doubt the page is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile
from crawler.model.values import Entry, Local
from crawler.pipeline.rules.compare import is_as_saved
from crawler.pipeline.rules.racy import passed_by_header, passed_by_row, resolution_of
from crawler.text.urls import without_query

LEAST = 500
"""Number of files from which on a directory is worth a digest."""
SKIPPED = 1000
"""Most refused entries of a directory with a digest: each of them is reported in every run."""

_MASK = (1 << 128) - 1


class DirectoryDigestBuilder:
    """Adds up the entries of a listing while they are decided on."""

    def __init__(self) -> None:
        self.is_plain = True
        """False once ``rule_out`` was called, or an entry had the same effect."""
        self.entries = 0
        """Entries of any kind, whatever became of them."""
        self.files = self.total = self.resolution = 0
        self.newest = self.newest_local = 0.0
        self.skipped: list[RefusedEntry] = []

    def rule_out(self) -> None:
        """Something needs a look in every run, so no digest can stand for this directory."""
        self.is_plain = False

    def expect(self, entries: int, *, more: bool) -> None:
        """``entries`` more will be decided on. ``more``: others will follow them."""
        self.entries += entries
        if not more and self.entries < LEAST:
            self.is_plain = False

    def add(self, entry: Entry) -> None:
        """Add a file that is wanted."""
        if entry.modified is None or entry.folder:  # without a time no row proves that a file is unchanged
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
        """Add a file that a filter refuses."""
        if entry.folder or len(self.skipped) == SKIPPED:
            self.is_plain = False
        if self.is_plain:
            self.skipped.append(RefusedEntry(entry.name, entry.url, size, reason))

    @property
    def is_worth_it(self) -> bool:
        """Whether to keep the digest: every entry is a file, and either wanted or refused by a filter."""
        return self.is_plain and self.files >= LEAST and self.files + len(self.skipped) == self.entries


def _mark(name: str, url: str, row: str) -> int:
    text = f"{name}\0{without_query(url)}\0{row}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def unchanged_files(
    digest: DirectoryDigest, rows: Iterable[StoredFile], local: Mapping[str, Local], allows: Callable[[str], bool]
) -> list[StoredFile] | None:
    """The files of ``digest``, if ``local`` holds all of them as they were saved, and nothing else; otherwise None.

    ``rows``: the files that the state knows in the directory. ``local``: its local files by name. ``allows``: whether
    robots.txt allows a URL.
    """
    if len(local) != digest.files:
        return None
    found, total = list[StoredFile](), 0
    for row in rows:
        there = local.get(row.name)
        if there is None or not is_as_saved(row, there):
            return None
        if _may_be_racy(digest, row) or not allows(row.url):
            return None
        found.append(row)
        total += _mark(row.name, row.url, row.row)
    return found if (len(found), total & _MASK) == (digest.files, digest.total) else None


def _may_be_racy(digest: DirectoryDigest, row: StoredFile) -> bool:
    """False only if ``racy.is_racy`` is False for each row that ``digest`` may have shown of this file."""
    if row.checked <= digest.newest:
        return True
    return row.checked <= digest.newest_local and row.checked <= passed_by_header(row.last_modified, digest.resolution)
