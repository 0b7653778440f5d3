"""Digests of directories that hold only files: while the digest stays the same, no row has to be compared.

The digest is a sum over the name, URL, row and size of each file. If a page is the same byte for byte, and the files
that the state knows in the directory have the same sum as the files of that page, then the state knows each of them
with its present row and a size that it shows, and none is missing. Only the local copies remain to be compared. The
rules are those of ``compare.needs_fetch``; in case of doubt the page is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from crawler.model.state.directory_digest import (
    SUM,
    CopiesDigest,
    DirectoryDigest,
    RefusedEntry,
    StoredFile,
    basis_of,
    copy_digest,
    row_digest,
    url_above,
)
from crawler.model.values import Entry, Kind, Known, Local, Span
from crawler.model.versions.hashing import blake2b
from crawler.pipeline.rules.racy import passed_by_header, passed_by_row, resolution_of
from crawler.text.urls import without_query

LEAST = 1
"""Minimum number of files in a directory that gets a digest: an empty one must be looked for in each run."""
SKIPPED = 1000
"""Maximum number of refused entries in a directory with a digest; each of them is reported in every run."""

_FILE = Kind.FILE  # a member of an enumeration takes 80 ns to look up


class DirectoryDigestBuilder:
    """Builds the digest of a directory, entry by entry, while the entries are decided on."""

    def __init__(self) -> None:
        self.is_plain = True
        """False once no digest is possible, because of an entry or a call of ``rule_out``."""
        self.entries = 0
        """Number of entries of any kind, whatever was decided on them."""
        self.files = self.total = 0
        self._latest: dict[tuple[bool, timedelta], Span[datetime]] = {}
        """Whether the zone of a time is known, and the length of its span → the latest such time of a file."""
        self.skipped: list[RefusedEntry] = []

    def rule_out(self) -> None:
        """Prevent a digest of this directory, because something in it must be examined in every run."""
        self.is_plain = False

    def expect(self, entries: int, *, more: bool) -> None:
        """Announce ``entries`` more entries. ``more``: yet others will follow."""
        self.entries += entries
        if not more and self.entries < LEAST:
            self.is_plain = False

    def add(self, entry: Entry, size: int | None) -> None:
        """Add a wanted file to the digest. ``size``: of its copy in bytes, if that was found current; otherwise None.

        A copy whose size is not the listed one is fetched in every run, so the digest covers the size: the listed one
        if it is exact, otherwise that of the copy, which is known in the run after the one that fetches it.
        """
        expected = _expected_size(entry.size, size)
        if entry.modified is None or entry.folder or expected is None:  # without a time a row does not prove anything
            self.is_plain = False
        if not self.is_plain or entry.modified is None or expected is None:
            return
        self.files += 1
        self.total = (self.total + row_digest(entry.name, without_query(entry.url), entry.row, expected)) & SUM
        span = entry.modified
        kind = (span.low.tzinfo is not None, span.high - span.low)
        latest = self._latest.get(kind)
        if latest is None or latest.low < span.low:
            self._latest[kind] = span

    def add_new(self, entries: Sequence[Entry]) -> list[int | None]:
        """``add`` for wanted files without copies, in few calls for those of which nothing is to be found out.

        Returns the marks of their jobs.
        """
        marks, seen = list[int | None](), None
        for entry in entries:
            size, span = entry.size, entry.modified
            is_new = span is None or span is not seen or entry.folder or not self.is_plain
            if is_new or size is None or size.low != size.high:
                self.add(entry, None)
                seen = span
                marks.append(None)
                continue
            self.files += 1
            url = entry.url
            marks.append(row_digest(entry.name, without_query(url) if "?" in url else url, entry.row, size.low))
        self.total = (self.total + sum(filter(None, marks))) & SUM
        return marks

    @property
    def resolution(self) -> int:
        """The longest time in seconds during which a row of the directory stays the same."""
        return max(map(resolution_of, self._latest.values()), default=0)

    @property
    def newest(self) -> float:
        """The largest ``passed_by_row`` of the times whose zone is known; 0 if there is none."""
        return self._passed(has_zone=True)

    @property
    def newest_local(self) -> float:
        """The largest ``passed_by_row`` of the times without a zone; 0 if there is none."""
        return self._passed(has_zone=False)

    def _passed(self, *, has_zone: bool) -> float:
        spans = [span for (is_zoned, _), span in self._latest.items() if is_zoned is has_zone]
        return max([0.0, *map(passed_by_row, spans)])

    def skip(self, entry: Entry, size: int | None, reason: str) -> None:
        """Add a file that a filter refuses; it is reported in every run."""
        if entry.folder or len(self.skipped) == SKIPPED:
            self.is_plain = False
        if self.is_plain:
            self.skipped.append(RefusedEntry(entry.name, entry.url, size, reason))

    @property
    def is_worth_it(self) -> bool:
        """Whether to keep the digest: there are enough files, and each entry is a wanted or a filtered file."""
        return self.is_plain and self.files >= LEAST and self.files + len(self.skipped) == self.entries


def _expected_size(listed: Span[int] | None, found: int | None) -> int | None:
    """The size in bytes that a current copy has; None if it is not known."""
    if listed is not None and listed.exact:
        return listed.low
    return found if found is not None and (listed is None or found in listed) else None


def is_as_saved(known: Known | StoredFile, local: Local) -> bool:
    """True if ``local`` is the file that was saved, judged by its size and its version or, if it has none, its time.

    The version of an object changes with its content; so its time, which would take a request, is not needed.
    """
    if local.kind is not Kind.FILE or known.size != local.size:
        return False
    return known.version == local.version if local.version else known.mtime == local.mtime


def unchanged_files(
    digest: DirectoryDigest, rows: Iterable[StoredFile], local: Mapping[str, Local], allows: Callable[[str], bool]
) -> list[StoredFile] | None:
    """The files of ``digest``, if ``local`` holds exactly these files, as they were saved; otherwise None.

    ``rows``: the files that the state knows in the directory. ``local``: its local files by name. ``allows``: whether
    robots.txt allows a URL.
    """
    if len(local) != digest.files:
        return None
    unchanged = _unchanged(digest, rows, local, allows)
    if unchanged is None:
        return None
    found, total = unchanged
    return found if (len(found), total & SUM) == (digest.files, digest.total) else None


class PiecewiseComparison:
    """``unchanged_files`` for a directory that is compared in pieces. ``allows``: whether robots.txt allows a URL."""

    def __init__(self, digest: DirectoryDigest, allows: Callable[[str], bool]) -> None:
        self._digest, self._allows = digest, allows
        self._files = self._total = 0

    def passes(self, rows: Iterable[StoredFile], local: Mapping[str, Local]) -> bool:
        """Whether ``local``, the files of a piece, are those that the state knows there, as they were saved."""
        unchanged = _unchanged(self._digest, rows, local, self._allows)
        if unchanged is None:
            return False
        found, total = unchanged
        self._files, self._total = self._files + len(found), self._total + total
        return len(found) == len(local)

    @property
    def is_same(self) -> bool:
        """Whether the files of all pieces are those of the digest."""
        return (self._files, self._total & SUM) == (self._digest.files, self._digest.total)


def _unchanged(
    digest: DirectoryDigest, rows: Iterable[StoredFile], local: Mapping[str, Local], allows: Callable[[str], bool]
) -> tuple[list[StoredFile], int] | None:
    """(``rows``, the sum of their marks); None if the local file of one is not as it was saved or must be examined."""
    found, total, newest = list[StoredFile](), 0, max(digest.newest, digest.newest_local)
    there, keep, number, digest_of = local.get, found.append, int.from_bytes, blake2b
    for row in rows:
        name, url, size, copy = row.name, row.url, row.size, there(row.name)
        # The first three are all that ``is_as_saved`` asks of nearly every file.
        if copy is None or (
            (copy.size != size or copy.mtime != row.mtime or copy.kind is not _FILE or copy.version)
            and not is_as_saved(row, copy)
        ):
            return None
        if (row.checked <= newest and _may_be_racy(digest, row)) or not allows(url):
            return None
        keep(row)
        plain = without_query(url) if "?" in url else url
        text = f"{name}\0{plain}\0{row.row}\0{size}".encode("utf-8", "surrogatepass")
        total += number(digest_of(text, digest_size=16).digest(), "big")
    return found, total


def _may_be_racy(digest: DirectoryDigest, row: StoredFile) -> bool:
    """Whether the file may be racy; False only if ``racy.is_racy`` is False for each row that it may have had."""
    if row.checked <= digest.newest:
        return True
    return row.checked <= digest.newest_local and row.checked <= passed_by_header(row.last_modified, digest.resolution)


def copies_digest(digest: DirectoryDigest, rows: Iterable[StoredFile]) -> CopiesDigest | None:
    """The digest of the copies in the directory of ``digest``, given that ``unchanged_files`` has returned ``rows``.

    None if it would not say enough: an object has a version instead of a time, and which URLs below another directory
    robots.txt allows has to be asked in each run.
    """
    above, total, size = url_above(digest.answered), 0, 0
    for row in rows:
        if row.version or not row.url.startswith(above):
            return None
        total += copy_digest(row.name, row.size, row.mtime)
        size += row.size
    return CopiesDigest(basis_of(digest), total & SUM, size)


def are_saved_copies(copies: CopiesDigest, digest: DirectoryDigest, local: Mapping[str, Local]) -> bool:
    """Whether ``local`` holds exactly the files of ``digest``, as they were saved according to ``copies``.

    If so, ``unchanged_files`` would return the records of these files, unless robots.txt forbids one of them.
    """
    total = 0
    for name, copy in local.items():
        if copy.kind is not _FILE or copy.version:
            return False
        total += copy_digest(name, copy.size, copy.mtime)
    return are_saved(copies, digest, (len(local), total))


def are_saved(copies: CopiesDigest, digest: DirectoryDigest, counted: tuple[int, int]) -> bool:
    """The result of ``are_saved_copies`` for regular files, of which number and sum are ``counted``."""
    files, total = counted
    return files == digest.files and copies.basis == basis_of(digest) and total & SUM == copies.total
