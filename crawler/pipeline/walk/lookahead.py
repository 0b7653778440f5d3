"""Looks ahead when a directory looks like its own ancestor, until this is proven or disproved; saves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing

from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.model.interfaces import Permit
from crawler.model.struct import Value
from crawler.model.values import Entry, Kind
from crawler.pipeline.rules.listings.loops import Fingerprint, Seen, loop, periods, seen
from crawler.pipeline.walk.page_reader import PageReader
from crawler.text.escape import masked


class Level(Value, frozen=True, kw_only=True):
    """The listing of a directory: its path under DIR, its fingerprint, and the URLs of its directories by name."""

    path: str
    mark: Fingerprint
    links: Mapping[str, str]


def directory_links(entries: Sequence[Entry]) -> dict[str, str]:
    """The URLs of the directories among ``entries`` by name."""
    return {entry.name: entry.url for entry in entries if entry.kind is Kind.DIRECTORY}


class Lookahead:
    """Reads listings ahead of the walk, without reporting them.

    A directory that may not be entered or cannot be read proves nothing; the walk reaches and reports it later.
    """

    def __init__(self, reader: PageReader, permit: Permit, enters: Callable[[str, str, int], bool]) -> None:
        """``enters``: whether the walk may enter a directory (path under DIR, URL, depth)."""
        self._reader = reader
        self._permit = permit
        self._enters = enters
        self._read: dict[str, Level | None] = {}

    async def refuse_loop(self, above: Sequence[Seen], start: Level) -> None:
        """Raise ListingError, with advice, if ``start`` is proven to be one of its ancestors again."""
        ancestor = await self._ancestor(above, start)
        if ancestor is not None:
            import glob
            import shlex

            way_out = shlex.quote(f"/{glob.escape(start.path)}/")
            raise ListingError(
                f"a loop: it repeats the listing of its ancestor {masked(ancestor)} again and again "
                f"(--exclude {way_out} leaves it out, --max-depth limits it)"
            )

    async def _ancestor(self, above: Sequence[Seen], start: Level) -> str | None:
        """The URL of the ancestor, one of ``above``, that ``start`` is proven to repeat; None if there is no proof."""
        proven = loop(above, start.mark)
        for period in periods(above, start.mark):
            if proven is None:
                proven = await self._follow(above, start, period)
        return proven

    async def _follow(self, above: Sequence[Seen], start: Level, period: int) -> str | None:
        """Descend as long as each level repeats the one ``period`` levels above. Returns the same as ``_ancestor``."""
        chain, level = list(above), start
        while period in periods(chain, level.mark):
            name = chain[-period].child
            chain.append(seen(level.mark, name))
            below = await self._level(level, name, len(chain))
            if below is None:
                return None
            proven = loop(chain, below.mark)
            if proven is not None:
                return proven
            level = below
        return None

    async def _level(self, above: Level, name: str, depth: int) -> Level | None:
        path, url = f"{above.path}/{name}", above.links.get(name)
        if url is None or not self._enters(path, url, depth):
            return None
        if url not in self._read:
            self._read[url] = await self._listing(path, url)
        return self._read[url]

    async def _listing(self, path: str, url: str) -> Level | None:
        mark, links = Fingerprint(url), dict[str, str]()
        try:
            async with aclosing(self._reader.read(path, url, self._permit)) as pieces:
                async for piece in pieces:
                    mark.add(piece.listing.entries)
                    mark.answered(piece.listing.url)
                    links |= directory_links(piece.listing.entries)
        except (FetchError, VerificationError, ListingError):
            return None
        return Level(path=path, mark=mark, links=links)
