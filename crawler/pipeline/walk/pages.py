"""The values of a walk: directories to read, the pages of their listings, and the pieces of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crawler.model.flaws import Flaw
from crawler.model.struct import Value
from crawler.model.values import Entry, Listing, Rejection, Validators
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.walk.loops import Seen


class Directory(Value, frozen=True, kw_only=True):
    """A directory to walk: the URL of its listing, and its path under DIR."""

    path: str
    url: str
    depth: int = 0
    above: tuple[Seen, ...] = ()
    """The listings of its ancestors, topmost first."""


class PageVersion(Value, frozen=True, kw_only=True):
    """A page that is the whole listing of its directory, in the version that was read."""

    url: str
    """URL of the request."""
    answered: str
    """URL of the response."""
    body_digest: str
    validators: Validators
    family: str


class PagePiece(Value, frozen=True, kw_only=True):
    """Part of a page, as the parser delivers it."""

    listing: Listing
    version: PageVersion | None = None
    """On the last piece of a page whose directory can be recognised by its digest in the next run."""


class DirectoryPage(Value, frozen=True, kw_only=True):
    """One page of a directory's listing, or one piece of a long page."""

    directory: Directory
    url: str
    scope: Scope
    """Bounds of the mirror, which are known once the root has been read."""
    entries: tuple[Entry, ...]
    complete: bool
    """True on the last page of a listing that was read to its end: what it does not show is absent."""
    last: bool
    mentioned: frozenset[str] = frozenset()
    """As in ``Listing``; likewise ``conclusive``, ``flaws`` and ``recalled``."""
    conclusive: bool = True
    flaws: tuple[Flaw, ...] = ()
    recalled: bool = False
    unusable: tuple[Rejection, ...] = ()
    """Rows that are not entries and have to be counted."""
    version: PageVersion | None = None
    """As in ``PagePiece``."""


Visit = Callable[[DirectoryPage], Awaitable[bool]]
"""Handles one page of a walk. False ends the walk: no further listing is read."""
