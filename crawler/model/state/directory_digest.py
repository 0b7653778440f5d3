"""The state's records of a directory that contains only files: the digests of its rows and of its copies; its files.

Both digests are sums over the files, so that neither side needs an order.
"""

from __future__ import annotations

from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.model.versions.hashing import blake2b

SUM = (1 << 128) - 1
"""Sums of digests are taken modulo this number plus one."""


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


class CopiesDigest(Value, frozen=True, gc=False):
    """The state's record of the copies in a directory with a ``DirectoryDigest``: a digest of what was saved there.

    It is kept only while the files that the state knows there have the sum of that digest, are proven by their rows,
    and have URLs below that of the page. So if the copies have the sum ``total``, nothing else has to be compared.
    """

    basis: str
    """``basis_of`` the digest of the directory."""
    total: int
    """Sum of the digests of names, sizes and times, modulo 2**128."""
    size: int
    """Total size of the files in bytes."""


def basis_of(digest: DirectoryDigest) -> str:
    """All in ``digest`` on which the judgement about the known files of its directory depends."""
    times = f"{digest.resolution} {digest.newest!r} {digest.newest_local!r}"
    return f"{digest.files} {digest.total:x} {times} {digest.answered}"


def url_above(url: str) -> str:
    """``url`` up to the last slash of its path: with the URL of the page, that of the files that it shows."""
    plain = url.partition("?")[0]
    return plain[: plain.rfind("/") + 1]


def row_digest(name: str, url: str, row: str, size: int) -> int:
    """The digest of a listed file. ``url``: without its query, which may change."""
    text = f"{name}\0{url}\0{row}\0{size}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def copy_digest(name: str, size: int, mtime: int) -> int:
    """The digest of a copy on disk."""
    text = f"{name}\0{size}\0{mtime}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
