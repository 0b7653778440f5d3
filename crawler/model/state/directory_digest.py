"""What is remembered of a directory that holds files alone: the digest of its rows, and the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from crawler.model.values import Validators


class StoredFile(NamedTuple):
    """What the state knows of a file. Sizes in bytes, ``mtime`` in nanoseconds, ``checked`` in seconds since 1970.

    ``last_modified`` is the header as received.
    """

    name: str
    url: str
    row: str
    size: int
    mtime: int
    checked: float
    last_modified: str | None = None


class RefusedEntry(NamedTuple):
    """An entry that a filter refuses."""

    name: str
    url: str
    size: int | None
    """The listing's guess in bytes."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDigest:
    """What is remembered of a page that showed files alone, all of them wanted or refused by a filter."""

    answered: str
    """The URL that answered, after redirects."""
    body_digest: str
    validators: Validators
    family: str
    wishes: str
    """``wishes`` of the run that saw it."""
    files: int
    """That were wanted; ``total`` is the sum of them."""
    total: int
    resolution: int
    """Seconds: the coarsest of their times."""
    newest: float
    """Seconds since the epoch: when the last of the times that name their zone has passed."""
    newest_local: float
    """The same of the others, at the latest; the Last-Modified of a file may tell it sooner."""
    skipped: tuple[RefusedEntry, ...]
