"""The values that travel through the program: Entry → Job → Result.

They hold plain data only (no session, lock, callback or open file), so each of them can be printed,
stored, put into JSON and sent to another process. Nothing here reads a clock or touches a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from crawler.model.currency import Currency, Dating
from crawler.model.flaws import Flaw


class _Comparable(Protocol):
    def __le__(self, other: Any, /) -> bool: ...


T = TypeVar("T", bound=_Comparable)


class Kind(StrEnum):
    """What a listing says an entry is. UNKNOWN is legal: the fetch settles it."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a job ended. DIRECTORY is not an end: what looked like a file is a folder to walk."""

    SAVED = "saved"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    DELETED = "deleted"
    DIRECTORY = "directory"


LINK = "a symbolic link"
"""What ``Local.spared`` says of one."""


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """A closed interval that holds the true value: what a rounded size or a minute really says.

    ``low == high`` when the listing is exact. Sizes are in bytes; times are datetimes, aware when the
    zone is known and naive when they are in the server's own, unknown zone.
    """

    low: T
    high: T

    @property
    def exact(self) -> bool:
        """True when the span holds a single value."""
        return self.low == self.high

    def __contains__(self, value: T) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a listing."""

    name: str
    """Last path segment, percent-decoded exactly once (UTF-8 with surrogateescape), no slash."""
    kind: Kind
    url: str
    """Absolute; the bytes of the href are kept, the fragment is removed."""
    size: Span[int] | None = None
    """Bytes."""
    modified: Span[datetime] | None = None
    row: str = ""
    """Size and time exactly as printed: compared with the row of the last run."""
    folder: str = ""
    """Folders between the listing and the entry (decoded, ``a/b``), for flat listings such as S3's."""
    digest: str | None = None
    """``sha256:<hex>`` or ``md5:<hex>`` where the listing itself publishes one."""
    etag: str | None = None
    external: bool = False  # True when its URL has another origin than the listing


@dataclass(frozen=True, slots=True)
class Rejection:
    """A link, entry or path that is not taken, and why. A value, never an exception."""

    reason: str
    """One of the names in ``docs/listings.md`` (sort, parent, self, …) or a filter rule."""
    subject: str
    """The href, URL or path it is about, as received."""
    detail: str = ""
    row: str = ""
    """The name of a row that is no entry, which is counted as skipped or failed; "" for a link that is no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one listing page says."""

    url: str
    """The URL that answered; hrefs were resolved against it (or against its ``<base href>``)."""
    family: str
    """The shape it was recognised as, such as ``apache-pre`` or ``s3-xml``; ``none`` if it is no listing."""
    confidence: float  # 0 to 1
    is_listing: bool
    """True only by positive recognition: this bit decides whether local files may be deleted."""
    complete: bool = True
    """False when the page was cut: its closing marks are missing. Says nothing about further pages."""
    closed: bool = True
    """False when the page has no closing marks that could be missing: only its framing can prove that it is whole."""
    entries: tuple[Entry, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    next_pages: tuple[str, ...] = ()
    """URLs of the pages that continue this listing."""
    linked: tuple[str, ...] = ()  # the same by its Link header (RFC 8288), and as necessary
    mentioned: frozenset[str] = frozenset()
    """Names (decoded) that the page shows by links that are no entries: these are not proven absent."""
    conclusive: bool = True
    """False if that the page shows no entry of a name does not prove it absent."""
    flaws: tuple[Flaw, ...] = ()  # why it is not complete or not conclusive, where more is known than that
    recalled: bool = False  # True if the entries come from the state: nothing is deleted on their word


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server said of one version of a file (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None  # the header as received

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def unless(self) -> dict[str, str]:
        """Headers of a request that is answered only if there is another version (RFC 9110 section 13.1)."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the state remembers of one saved file."""

    path: str
    url: str
    row: str
    size: int
    """Exact size of the saved body in bytes."""
    mtime: int
    """Local modification time, nanoseconds since the epoch."""
    validators: Validators = Validators()
    digest: str | None = None
    checked: float = 0.0
    """When the server last confirmed this version as the listed one, seconds since the epoch by the server's clock;
    UNCONFIRMED if its last response contradicted the row: the next run asks again."""


UNCONFIRMED = -1.0
"""``Known.checked`` of a copy that the server has not confirmed as the version its listing shows."""


@dataclass(frozen=True, slots=True)
class Local:
    """What ``lstat`` says of a name under DIR."""

    kind: Kind
    size: int
    """Bytes."""
    mtime: int
    """Nanoseconds since the epoch."""
    spared: str = ""
    """What it is, if it must stay whatever a listing says (``--log-file``, a mount point); "" for all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to fetch. Plain data: it can be stored, or sent to another process."""

    url: str
    path: str
    """POSIX path under DIR."""
    reason: str
    """Why it is fetched: ``new``, ``row changed``, ``size differs``, …"""
    kind: Kind = Kind.FILE
    size: Span[int] | None = None
    modified: Span[datetime] | None = None
    row: str = ""
    digest: str | None = None
    """Published digest that the body must have, ``algorithm:hex``."""
    known: Known | None = None
    """Set when the local copy is intact: the request is then conditional on its validators."""
    local: Local | None = None
    """What lies at ``path`` now."""
    probe: bool = False
    """Ask with HEAD first: the local copy may already be the right one (no state to tell)."""
    copy: Known | None = None
    """What is known of the local copy if it is intact, whether or not the request is conditional on it."""
    moment: Span[datetime] | None = None
    """The row's time in UTC, where the zone of the listing has been learnt."""
    dating: Dating = Dating.UNKNOWN
    vouched: bool = False
    """``digest`` is the listing's own: a body that has it is the listed version, whatever its times say."""
    fresh: bool = False
    """Ask the origin server, past all caches (RFC 9111 section 5.2.1.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one entry ended. Failures are results, not exceptions."""

    path: str
    url: str
    outcome: Outcome
    reason: str = ""
    size: int = 0
    """Bytes of the local file after the job."""
    received: int = 0
    """Body bytes that came over the network, over all attempts."""
    seconds: float = 0.0
    attempts: int = 0
    digest: str | None = None
    old_size: int | None = None
    """Bytes of the copy that was replaced or deleted."""
    known: Known | None = None
    """What the state should remember from now on."""
    currency: Currency = Currency.UNKNOWN
    """Whether the local file is the listed version, by the server's last response."""
    dating: Dating = Dating.UNKNOWN
    """How far ``currency`` can be relied on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A complete, checked body that has no final name yet. ``Destination.commit`` gives it one."""

    job: Job
    part: str
    """Name of the part file, or "" when ``body`` holds all of it."""
    body: bytes
    size: int
    mtime: int | None
    """Modification time to set, nanoseconds since the epoch; None keeps the time of writing."""
    result: Result
    """What to report once the file has its name."""
