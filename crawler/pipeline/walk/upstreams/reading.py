"""Reads a listing from one upstream completely before any of it is used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.interfaces import Permit, Response
from crawler.model.observer import Observer
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.model.values import Entry, Kind, Listing, Rejection
from crawler.pipeline.rules.single_file import Look
from crawler.pipeline.rules.upstreams.roots import counterpart
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.page_reader import Root as RootFile
from crawler.pipeline.walk.pages import BegunPage, Directory, Elsewhere, PagePiece
from crawler.pipeline.walk.peeked_response import BegunResponse
from crawler.pipeline.walk.walker import Walker


class Reading(Struct):
    """The outcome of reading a listing."""

    pieces: list[PagePiece] = field(default_factory=list)
    """The pieces in the order in which they were read; none if the first upstream shows that all is unchanged."""
    error: FetchError | VerificationError | ListingError | None = None
    """The reason why the listing is incomplete; None if it is complete."""
    events: Events = field(default_factory=lambda: Events())

    def fail(self, error: FetchError | VerificationError | ListingError) -> None:
        """Note why the listing cannot be used as it is."""
        self.error = error

    @property
    def entries(self) -> Iterator[Entry]:
        return (entry for piece in self.pieces for entry in piece.listing.entries)

    @property
    def is_listing(self) -> bool:
        """Whether at least one page was recognised as a listing."""
        return any(piece.listing.is_listing for piece in self.pieces)

    def as_one_page(self, elsewhere: Elsewhere | None = None) -> Iterator[PagePiece]:
        """Yield the pieces as if all of them were on one page, which is complete if the listing is.

        ``elsewhere``: set for a fallback, whose listing proves nothing absent.
        """
        last = len(self.pieces) - 1
        for number, piece in enumerate(self.pieces):
            listing = replace(piece.listing, is_listing=False, next_pages=(), linked=(), claims=())
            if number == last:
                listing = replace(listing, is_listing=True, complete=self.error is None)
            if elsewhere is not None:
                listing = _of_fallback(listing, elsewhere)
            version = piece.version if number == last and elsewhere is None and self.error is None else None
            yield PagePiece(listing=listing, version=version, elsewhere=elsewhere)


class Events(Observer):
    """Keeps the events that a reader reports until its listing is used."""

    def __init__(self) -> None:
        self._kept: list[Callable[[Observer], None]] = []

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self._kept.append(lambda to: to.listing_read(path, url, entries, family=family, confidence=confidence))

    def rejected(self, path: str, rejection: Rejection) -> None:
        self._kept.append(lambda to: to.rejected(path, rejection))

    def report(self, observer: Observer) -> None:
        """Pass everything that was kept to ``observer``."""
        for event in self._kept:
            event(observer)


class Forgetful:
    """Implements ``page_reader.PageMemory``: the pages of a fallback are neither known nor remembered."""

    async def listing(self, url: str) -> ListingMemo | None:
        return None

    def visited(self, path: str, url: str | None) -> None:
        """Do nothing."""

    def remember_listing(self, memo: ListingMemo) -> None:
        """Do nothing."""


class NoFile:
    """Implements ``page_reader.Root``: a file at the URL of a fallback is not read, but noted at ``root``."""

    is_taken = False

    def __init__(self, url: str, root: RootFile | None) -> None:
        self._url = url
        self._root = root
        self.may_be_file = False

    async def take(self, reply: Response) -> bytes | None:
        look, body = await BegunResponse(reply).judge(self._url)
        self.may_be_file = look is Look.UNDECIDED
        if look is not Look.PAGE:
            self.found_at_fallback()
        return b"" if look is Look.FILE else body

    def found_at_fallback(self) -> None:
        """See ``page_reader.Root``."""
        if self._root is not None:
            self._root.found_at_fallback()


class RecordingReader(PageReader, frozen=True, kw_only=True):
    """A reader that keeps the pieces that it delivers in ``into``."""

    into: list[PagePiece] = field(default_factory=list)

    async def read(
        self, path: str, url: str, permit: Permit, begun: BegunPage | None = None, *, is_first: bool = True
    ) -> AsyncGenerator[PagePiece, None]:
        async with aclosing(PageReader.read(self, path, url, permit, begun, is_first=is_first)) as pieces:
            async for piece in pieces:
                self.into.append(piece)
                yield piece


def recording(reader: PageReader, reading: Reading, url: str, *, is_fallback: bool) -> RecordingReader:
    """A copy of ``reader`` that keeps its results in ``reading``; for a fallback at ``url``, without a memory."""
    return RecordingReader(
        client=reader.client,
        state=Forgetful() if is_fallback else reader.state,
        observer=reading.events,
        parse=reader.parse,
        attempts=reader.attempts,
        unchanged=None if is_fallback else reader.unchanged,
        is_new=reader.is_new and not is_fallback,
        root=NoFile(url, reader.root) if is_fallback else reader.root,
        anew=is_fallback,
        into=reading.pieces,
    )


async def read_whole(walker: Walker, directory: Directory, reading: Reading) -> None:
    """Have ``walker``, whose reader records in ``reading``, read all pages of ``directory``. Records failures, too."""

    async def visit(_page: object) -> bool:
        return True

    try:
        await walker.read_one(directory, visit)
    except (FetchError, VerificationError, ListingError) as error:
        reading.fail(error)


def _of_fallback(listing: Listing, elsewhere: Elsewhere) -> Listing:
    def first(entry: Entry) -> Entry:
        url = counterpart(entry.url, elsewhere.scope.base, elsewhere.base)
        return entry if url is None or entry.kind is not Kind.DIRECTORY else replace(entry, url=url)

    flaws = (*listing.flaws, Flaw(FlawKind.FALLBACK))
    return replace(listing, entries=tuple(map(first, listing.entries)), conclusive=False, flaws=flaws, recalled=False)
