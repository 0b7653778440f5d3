"""The values that travel through the program: Entry → Job → Result.

They hold plain data only (no session, lock, callback or open file), so each can be stored or sent to another process.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from crawler.model.flaws import Claim, Flaw
from crawler.model.freshness import Currency, Dating, Source
from crawler.model.struct import Brief, Record, Value, html_table, replace
from crawler.model.versions.known import GONE as GONE
from crawler.model.versions.known import UNCONFIRMED as UNCONFIRMED
from crawler.model.versions.known import UNPROVEN as UNPROVEN
from crawler.model.versions.known import Known as Known
from crawler.model.versions.known import Validators as Validators


class _Comparable(Protocol):
    def __le__(self, other: Any, /) -> bool: ...


T = TypeVar("T", bound=_Comparable)


class Kind(StrEnum):
    """The kind of an entry according to its listing."""

    FILE = "file"
    """A regular file."""
    DIRECTORY = "directory"
    """A directory, with a listing of its own."""
    SYMLINK = "symlink"
    """A symbolic link."""
    OTHER = "other"
    """A device, socket or the like."""
    UNKNOWN = "unknown"
    """The listing does not say; fetching the entry settles it."""


class Outcome(StrEnum):
    """The outcome of a job."""

    SAVED = "saved"
    """Fetched and saved."""
    UNCHANGED = "unchanged"
    """The local file is current."""
    SKIPPED = "skipped"
    """Refused by a filter, a limit or scope."""
    FAILED = "failed"
    """Could not be fetched or saved."""
    DELETED = "deleted"
    """The local file was deleted."""
    DIRECTORY = "directory"
    """What looked like a file is a directory, and its listing is read next; not an end."""


class Span(Value, Generic[T], frozen=True, gc=False):
    """A closed interval that contains the true value, because listings round sizes and times.

    Sizes are in bytes. Times are aware if their zone is known, naive if they are in the server's own, unknown zone.
    """

    low: T
    """Smallest possible value."""
    high: T
    """Largest possible value; equal to ``low`` if the listing is exact."""

    @property
    def exact(self) -> bool:
        """True if the span contains a single value."""
        return self.low == self.high

    def __contains__(self, value: T) -> bool:
        return self.low <= value <= self.high


class Entry(Record, frozen=True, kw_only=True, gc=False):
    """One row of a listing."""

    name: str
    """Last path segment, percent-decoded exactly once (UTF-8 with surrogateescape), without a slash."""
    kind: Kind
    """What the listing says the entry is."""
    url: str
    """Absolute URL with the bytes of the href, without fragment."""
    size: Span[int] | None = None
    """Size in bytes; None if the listing does not show it."""
    modified: Span[datetime] | None = None
    """Modification time; None if the listing does not show it."""
    row: str = ""
    """Size and time as printed, compared with the row of the previous run."""
    folder: str = ""
    """Directories between the listing and the entry (decoded, ``a/b``), in flat listings such as those of S3."""
    digest: str | None = None
    """``sha256:<hex>`` or ``md5:<hex>`` if the listing publishes one."""
    etag: str | None = None
    """ETag if the listing shows one."""
    external: bool = False
    """True if the URL has another origin than the listing."""
    _columns: ClassVar = "path name folder kind size.low size.high modified.low modified.high digest etag url external"

    @property
    def path(self) -> str:
        """``folder`` and ``name``: the path relative to the listing or, in a ``walk``, to the URL of the walk."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Rejection(Value, frozen=True, gc=False):
    """A link, entry or path that is not taken, and why. A value, never an exception."""

    reason: str
    """A reason from ``docs/listings.md`` (sort, parent, self, …) or a filter rule."""
    subject: str
    """The href, URL or path, as received."""
    detail: str = ""
    """Further explanation, if any."""
    row: str = ""
    """Name of the rejected row, which counts as skipped or failed; "" for a link outside of rows."""


class Listing(Brief, frozen=True, kw_only=True):
    """The content of one listing page."""

    url: str
    """URL of the response; hrefs were resolved against it, or against the page's ``<base href>``."""
    family: str
    """Recognised format, such as ``apache-pre`` or ``s3-xml``; ``none`` if the page is not a listing."""
    confidence: float
    """Confidence in the recognition, 0 to 1."""
    is_listing: bool
    """True only if the page was positively recognised; without it nothing may be deleted."""
    complete: bool = True
    """False if the page was truncated: its closing marks are missing. Says nothing about further pages."""
    closed: bool = True
    """False if the format has no closing marks, so that only the response framing can prove the page complete."""
    entries: tuple[Entry, ...] = ()
    """Entries in the order of the page."""
    rejections: tuple[Rejection, ...] = ()
    """Links that were not taken as entries."""
    next_pages: tuple[str, ...] = ()
    """URLs of the pages that continue this listing."""
    linked: tuple[str, ...] = ()
    """URLs of continuing pages from the response's Link header (RFC 8288), equally required."""
    claims: tuple[Claim, ...] = ()
    """What the page says about the number of entries and pages, if all its pages together have to meet it."""
    mentioned: frozenset[str] = frozenset()
    """Decoded names that the page mentions by links that are not entries; they are not proven absent."""
    conclusive: bool = True
    """False if a name that is missing from the entries is not thereby proven absent."""
    flaws: tuple[Flaw, ...] = ()
    """Why the listing is incomplete or inconclusive, as far as known."""
    recalled: bool = False
    """True if the entries come from the state; they never justify a deletion."""
    is_blank: bool = False
    """Whether the page was not recognised, but shows nothing but what servers print for an empty directory."""

    def _repr_html_(self) -> str:
        return html_table(f"{self.url}: {self.family}", self.entries)


class Local(Value, frozen=True, gc=False):
    """The properties of a path under DIR, according to ``lstat`` or the listing of an object store."""

    kind: Kind
    """Kind of the item at the path."""
    size: int
    """Size in bytes."""
    mtime: int
    """Modification time in nanoseconds since the epoch."""
    spared: str = ""
    """What the item is (``--log-file``, a mount point) if it must never be deleted; "" otherwise."""
    version: str = ""
    """ETag of an object, which changes with its content; "" for a file on disk, identified by size and time instead."""


class Job(Value, frozen=True, kw_only=True, gc=False):
    """One file to fetch."""

    url: str
    """URL of the file."""
    path: str
    """POSIX path under DIR."""
    reason: str
    """Why it is fetched: ``new``, ``row changed``, ``size differs``, …"""
    kind: Kind = Kind.FILE
    """Kind according to the listing."""
    size: Span[int] | None = None
    """Listed size in bytes."""
    modified: Span[datetime] | None = None
    """Listed modification time."""
    row: str = ""
    """Listing row as printed."""
    digest: str | None = None
    """Published digest that the body must match, ``algorithm:hex``."""
    known: Known | None = None
    """The record of the local copy if that is intact: the request is then conditional on its validators."""
    local: Local | None = None
    """What is at ``path`` now; None if nothing is."""
    probe: bool = False
    """Whether to send HEAD first, because the local copy may be right although the state does not know it."""
    copy: Known | None = None
    """What is known about an intact local copy, whether or not the request is conditional."""
    recorded: Known | None = None
    """The record of the file if what is at ``path`` now is not what was saved: damaged, replaced or missing."""
    moment: Span[datetime] | None = None
    """Listed modification time in UTC, if the zone of the listing was inferred."""
    dating: Dating = Dating.UNKNOWN
    """How far Last-Modified and listing rows agree in this directory."""
    vouched: bool = False
    """True if ``digest`` was published with the listing: a matching body is then that version whatever its times."""
    fresh: bool = False
    """Whether to bypass all caches (RFC 9111 section 5.2.1.4)."""
    source: Source = Source.FIRST
    """How far the host of ``url`` is trusted, if several hosts have the tree."""
    mirrors: tuple[str, ...] = ()
    """Other URLs of the same file, in the order in which they are tried."""
    spent: int = 0
    """Number of attempts that have been made already; they count towards --attempts."""
    is_listed: bool = True
    """Whether a listing shows the file; False if its URL was named instead."""
    mark: int | None = None
    """``row_digest`` of the file, if it has been computed: that of ``url``, ``row`` and an exact ``size``."""


class Result(Record, frozen=True, kw_only=True, gc=False):
    """The outcome of one entry. Failures are results, not exceptions."""

    path: str
    """Path under DIR."""
    url: str
    """URL of the entry."""
    outcome: Outcome
    """How the entry ended."""
    reason: str = ""
    """Why it ended that way, in words."""
    size: int = 0
    """Size of the local file afterwards, in bytes."""
    received: int = 0
    """Body bytes received over the network, over all attempts."""
    seconds: float = 0.0
    """Duration of the job in seconds."""
    attempts: int = 0
    """Number of attempts; 0 if no request was sent."""
    digest: str | None = None
    """``sha256:<hex>`` of the body, if it was computed."""
    old_size: int | None = None
    """Size in bytes of the copy that was replaced or deleted."""
    known: Known | None = None
    """What the state should remember from now on."""
    currency: Currency = Currency.UNKNOWN
    """Whether the local file is the listed version, according to the last response."""
    dating: Dating = Dating.UNKNOWN
    """How far ``currency`` can be relied on."""
    upstream: str = ""
    """Which of several upstreams served the file: its URL, or the host of one that a list names; "" if there is one."""
    _columns: ClassVar = "path outcome reason size old_size received seconds attempts digest url"


class Staged(Value, frozen=True, kw_only=True, gc=False):
    """A complete, verified body without a final name; ``Destination.commit`` gives it one."""

    job: Job
    """The job that the body belongs to."""
    part: str
    """Name of the part file that holds the body; "" if ``body`` holds all of it."""
    body: bytes
    """The body, if it was small enough to be kept in memory."""
    size: int
    """Size of the body in bytes."""
    mtime: int | None
    """Modification time to set, in nanoseconds since the epoch; None to keep the time of writing."""
    result: Result
    """The result to report once the file has its name."""
    lacks_digest: bool = False
    """Whether ``commit`` must add the digest of ``body`` to the record, see ``Destination.adds_digests``."""


def result_of(done: Result | Staged) -> Result:
    """The result of a job, whose file may still be without its name."""
    return done if isinstance(done, Result) else done.result


def with_result(done: Result | Staged, result: Result) -> Result | Staged:
    """``done`` with another ``result``."""
    return result if isinstance(done, Result) else replace(done, result=result)
