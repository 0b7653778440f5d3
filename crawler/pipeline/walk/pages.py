"""The values of a walk: directories to read, pages of listings and their pieces; and who fetches pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol

from crawler.model.flaws import Flaw
from crawler.model.interfaces import FetchedPage, Permit, Take
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry, Listing, Rejection, Validators
from crawler.pipeline.rules.listings.loops import Seen
from crawler.pipeline.rules.scope import Scope


class Directory(Value, frozen=True, kw_only=True):
    """A directory to read: the URL of its listing, and its path under DIR."""

    path: str
    url: str
    depth: int = 0
    above: tuple[Seen, ...] = ()
    """The listings of the directory's ancestors, topmost first."""


class Shown(Struct):
    """The directories that a listing has shown so far."""

    urls: set[str] = field(default_factory=set)
    entered: dict[str, str] = field(default_factory=dict)
    """Path under DIR → URL."""


class PageVersion(Value, frozen=True, kw_only=True):
    """The version of a page that is the whole listing of its directory."""

    url: str
    """URL of the request."""
    answered: str
    """URL of the response."""
    body_digest: str
    validators: Validators
    family: str


class Elsewhere(Value, frozen=True, kw_only=True):
    """Facts about a listing that a fallback has served."""

    scope: Scope
    """The scope of the mirror on the host of the fallback."""
    base: str
    """The base of the mirror's scope on the first host."""
    same: frozenset[str] = frozenset()
    """Paths, relative to the listing, of files that are the same locally, whatever their rows look like."""


class PagePiece(Value, frozen=True, kw_only=True):
    """A piece of a page, as the parser delivers it."""

    listing: Listing
    version: PageVersion | None = None
    """The version of the page; only on the last piece, if the next run may recognise the directory by a digest."""
    known: ListingMemo | None = None
    """The page as it was when its listing was last known to be whole; only on the last piece, like the next one."""
    memo: ListingMemo | None = None
    """What takes the place of ``known``, once the listing is known to be whole."""
    elsewhere: Elsewhere | None = None
    """None for the host of URL. The directories of a fallback have the URLs of the first host, its files their own."""


async def only(piece: PagePiece) -> AsyncGenerator[PagePiece, None]:
    """Yield ``piece``."""
    yield piece


class DirectoryPage(Value, frozen=True, kw_only=True):
    """One page of a directory's listing, or one piece of a long page."""

    directory: Directory
    url: str
    scope: Scope
    """The scope of the mirror, which is known once the root has been read."""
    entries: tuple[Entry, ...]
    complete: bool
    """True on the last page of a listing that was read to its end: what it does not show is absent."""
    last: bool
    mentioned: frozenset[str] = frozenset()
    """Names in links that are not entries. This field and the next ones are as in ``Listing``."""
    conclusive: bool = True
    flaws: tuple[Flaw, ...] = ()
    recalled: bool = False
    """Whether the listing is read again before it justifies a deletion: its entries come from the state, or it has
    several pages, between which rows may have moved while they were read."""
    unusable: tuple[Rejection, ...] = ()
    """Rows that are not entries and have to be counted."""
    version: PageVersion | None = None
    """The version of the page, as in ``PagePiece``; likewise ``elsewhere``."""
    elsewhere: Elsewhere | None = None

    @property
    def is_plain(self) -> bool:
        """Whether this is the whole listing of its directory, of URL's host, about which there is nothing to say."""
        is_whole = self.last and self.complete and self.conclusive and not (self.recalled or self.unusable)
        return is_whole and self.elsewhere is None and not self.scope.hosts


class BegunPage(Value, frozen=True, kw_only=True):
    """The first page of a directory, fetched together with those of others, and what earlier runs know of it."""

    page: FetchedPage
    digest: DirectoryDigest | None
    """The digest that the directory had, if there is one; it is not unchanged."""
    memo: ListingMemo | None
    """The page as an earlier run saw it, if that is known and there was no digest."""


First = tuple[BegunPage | None, PagePiece | None]
"""The first page of a directory, if it has been fetched, and its only piece, if it has been read."""


class Pages(Protocol):
    """Fetches listing pages: the part of ``Client`` that a reader of listings needs."""

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page (see ``Client.fetch_page``)."""
        ...


class PageMemory(Protocol):
    """The memory of pages: the part of ``StateStore`` that a reader needs."""

    async def listing(self, url: str) -> ListingMemo | None: ...

    def visited(self, path: str, url: str | None) -> None: ...

    def remember_listing(self, memo: ListingMemo) -> None: ...


Share = Callable[[int, int], int]
"""(most, free) → number of pages to request together, from 1 to ``most``, while ``free`` other connections are free."""


class GroupedPages(Protocol):
    """Fetches the listing pages of several directories together."""

    def may_share(self, url: str) -> bool:
        """Whether pages of the host of ``url`` may be requested together now."""
        ...

    def is_quick(self, url: str) -> bool:
        """Whether the host of ``url`` is known to respond at once."""
        ...

    async def fetch_together(
        self, wanted: Sequence[tuple[str, Validators]], share: Share
    ) -> Sequence[FetchedPage | None]:
        """Fetch the first of several pages of one host, given as (URL, validators), with requests sent together.

        ``share`` says how many, once there is a connection. The result may have fewer items; each page without one, and
        each None, stands for a page that has to be fetched alone. Raises no FetchError.
        """
        ...


Source = Callable[[Directory, Scope], AsyncGenerator[PagePiece, None]]
"""Reads the whole listing of a directory, given the scope of the walk, as if it were a single page.

Raises the errors of ``PageReader.read``.

"""
Visit = Callable[[DirectoryPage], Awaitable[bool]]
"""Handles one page of a walk. If it returns False, the walk ends and no further listing is read."""
VisitAll = Callable[[Sequence[DirectoryPage]], Awaitable[bool]]
"""``Visit`` for pages that were requested together, each the whole listing of its directory, which shows only files."""


def one_by_one(visit: Visit) -> VisitAll:
    """Handle several pages with ``visit``."""

    async def visit_all(pages: Sequence[DirectoryPage]) -> bool:
        for page in pages:
            if not await visit(page):
                return False
        return True

    return visit_all
