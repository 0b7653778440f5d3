"""The state's record of a saved file."""

from __future__ import annotations

from crawler.model.struct import Value


class Validators(Value, frozen=True, kw_only=True, gc=False):
    """Validators of one version of a file (RFC 9110 section 8.8)."""

    etag: str | None = None
    """ETag header as received."""
    last_modified: str | None = None
    """Last-Modified header as received."""

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def unless(self) -> dict[str, str]:
        """Headers of a conditional request for any other version (RFC 9110 section 13.1)."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


UNCONFIRMED = -1.0
"""``Known.checked`` of a copy that the server has not confirmed to be the listed version."""
GONE = -1.5
"""``Known.checked`` of a copy whose file is gone upstream: no listing shows it, nor does the server have it."""
UNPROVEN = frozenset({UNCONFIRMED, GONE})
"""``Known.checked`` of a copy that may be another version than the one that a listing shows now."""


class Known(Value, frozen=True, kw_only=True, gc=False):
    """The state's record of one saved file."""

    path: str
    """Path under DIR."""
    url: str
    """URL from which the file was fetched."""
    row: str
    """Listing row of the file when it was fetched, as printed."""
    size: int
    """Size of the saved body in bytes."""
    mtime: int
    """Local modification time in nanoseconds since the epoch."""
    validators: Validators = Validators()
    """Validators of the saved version."""
    digest: str | None = None
    """``sha256:<hex>`` of the body, if it was computed."""
    version: str = ""
    """Version of the stored file, if the destination has versions; see ``Local.version``."""
    checked: float = 0.0
    """Server time when the copy was last confirmed as the listed version, in seconds since the epoch, or UNPROVEN."""
    adopted: bool = False
    """Whether the copy was in DIR before and only found current, so that another program may still write into it."""
