"""The state's record of a directory that contains only files: the digest of its rows, and its files."""

from __future__ import annotations

from crawler.model.struct import Value
from crawler.model.values import Validators


class StoredFile(Value, frozen=True, gc=False):
    """The state's record of a file in such a directory; see ``Known`` for the fields in common."""

    name: str
    """Name in its directory."""
    url: str
    """URL that it was fetched from."""
    row: str
    """Listing row as printed."""
    size: int
    """Size in bytes."""
    mtime: int
    """Local modification time in nanoseconds since the epoch."""
    checked: float
    """Same as ``Known.checked``."""
    last_modified: str | None = None
    """Last-Modified header as received."""
    version: str = ""
    """Version of the stored file, as in ``Known.version``."""


class RefusedEntry(Value, frozen=True, gc=False):
    """An entry that a filter refuses."""

    name: str
    """Name in its directory."""
    url: str
    """URL of the entry."""
    size: int | None
    """Estimated size in bytes, None if the listing does not show it."""
    reason: str
    """The filter that refuses it."""


class DirectoryDigest(Value, frozen=True, kw_only=True):
    """The state's record of a listing page that has only files, each wanted or refused by a filter."""

    answered: str
    """URL of the response, after redirects."""
    body_digest: str
    """SHA-256 of the page in hex."""
    validators: Validators
    """Validators of the page."""
    family: str
    """Recognised format of the page."""
    wishes: str
    """Digest of the filters and options of the run that read the page."""
    files: int
    """Number of wanted files."""
    total: int
    """Sum of the digests of the wanted files' rows, modulo 2**128."""
    resolution: int
    """Coarsest resolution of the listed times, in seconds."""
    newest: float
    """The moment at which the newest listed time with a zone has passed, in seconds since the epoch."""
    newest_local: float
    """The latest moment at which the newest listed time without a zone has passed, in seconds since the epoch; the
    Last-Modified of a file may prove an earlier one."""
    skipped: tuple[RefusedEntry, ...]
    """Entries that the filters refused."""
