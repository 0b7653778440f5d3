"""Parses index pages where they can do no harm: on the event loop, in a thread, or in a process that can be killed.

A grammar reads the pages of known servers in time proportional to their length. A tree takes many times longer, and
with hostile markup a thousand times longer: seconds per megabyte, which cannot be interrupted in a thread. So a long
page that no grammar matches goes to a process with limits on time and memory (``page_parser_process``). A page that
exceeds them, or crashes the process, is an error of its directory; the next page gets a new process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Self, TypeVar

from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.struct import Value
from crawler.model.values import Listing

if TYPE_CHECKING:
    from crawler.listings.html.siblings import SiblingPages
    from crawler.workers.parser_process import ParserProcess

T = TypeVar("T")


class ParserLimits(Value, frozen=True, kw_only=True):
    """Limits on parsing a page."""

    large_page: int = limits.LARGE_PAGE
    """Size in bytes above which a page is parsed in the parser process."""
    seconds: float = limits.PARSER_SECONDS
    seconds_per_mib: float = limits.PARSER_SECONDS_PER_MIB
    memory: int = limits.PARSER_MEMORY
    """Memory limit of the process in bytes."""

    def seconds_for(self, body: bytes) -> float:
        """The time that the process may take for a page, in seconds."""
        return min(self.seconds + self.seconds_per_mib * len(body) / limits.MIB, limits.PARSER_SECONDS_MOST)


class PageParsers:
    """Implements ``interfaces.Parser``. Its process starts with the first page that needs it and ends with the context.

    ``warn`` is called once if no process can be started.
    """

    def __init__(self, warn: Callable[[str], None] = lambda _: None, budget: ParserLimits | None = None) -> None:
        self._warn = warn
        self._budget = budget or ParserLimits()
        self._lock = asyncio.Lock()
        self._process: ParserProcess | None = None
        self._siblings: SiblingPages | None = None
        """Reads short pages; None as long as there were none."""
        self._can_start = bool(sys.executable) and not getattr(sys, "frozen", False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def prepare(self) -> None:
        import crawler.listings.html.siblings  # noqa: F401

    def whole(self, body: bytes, url: str, content_type: str) -> Listing | None:
        """See ``interfaces.Parser``: the listing of a short page that a grammar matches."""
        if len(body) > limits.SMALL_PAGE or not body.startswith(b"<"):
            return None
        if self._siblings is None:
            from crawler.listings.html.siblings import SiblingPages  # nothing to parse: no import

            self._siblings = SiblingPages()
        return self._siblings.read(body, url, content_type)

    async def pieces(self, body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
        """See ``interfaces.Parser``. Raises ListingError for a page that takes too much time or memory."""
        from crawler.listings import (  # nothing to parse: no import
            parse_without_grammar,
            pieces_by_grammar,
            without_first,
        )

        run = _run_here if len(body) <= limits.SMALL_PAGE else asyncio.to_thread
        count, pieces = 0, pieces_by_grammar(body, url, content_type)
        while (piece := await run(next, pieces, None)) is not None:
            yield piece
            count += len(piece.entries)
            if piece.is_listing:
                return
        if len(body) > self._budget.large_page:
            listing = await self._parse_in_process(body, url, content_type)
        else:
            listing = await run(parse_without_grammar, body, url, content_type)
        yield await run(without_first, count, listing, body, url, content_type) if count else listing

    async def is_listing(self, body: bytes, url: str, content_type: str) -> bool:
        """See ``interfaces.Parser``. Raises ListingError for a page that takes too much time or memory."""
        return [piece.is_listing async for piece in self.pieces(body, url, content_type)][-1]

    async def _parse_in_process(self, body: bytes, url: str, content_type: str) -> Listing:
        async with self._lock:
            process, self._process = self._process or self._start(), None
            if process is None:
                from crawler.listings import parse_without_grammar

                return await asyncio.to_thread(parse_without_grammar, body, url, content_type)
            try:
                frames = await process.parse(body, url, content_type, self._budget.seconds_for(body))
            except BaseException:
                process.kill()
                raise
            self._process = process
        from crawler.workers.listing_codec import decode_listing

        try:
            return await asyncio.to_thread(decode_listing, frames)
        except (ValueError, TypeError, LookupError):
            raise ListingError("the parser process sent an invalid result") from None

    def _start(self) -> ParserProcess | None:
        """A new process; None if none can be started, so that a thread must parse the page without limits."""
        if self._can_start:
            from crawler.workers.parser_process import ParserProcess

            try:
                return ParserProcess(self._budget.memory)
            except OSError as error:
                self._can_start = False
                self._warn(f"cannot start a parser process ({error.strerror}): long listings are parsed without limits")
        return None


async def _run_here(call: Callable[..., T], *args: object) -> T:
    return call(*args)
