"""Reads the pages of listings, each where it can do no harm: at once, in a thread, or in a process that can be killed.

What a server prints row by row is read by its grammar, in time that grows with the page. A tree costs many times more,
and hostile markup can make it cost a thousand times more: seconds for each megabyte that nothing ends, since a thread
cannot be stopped. So a long page that no grammar fits goes to a process with a budget of time and memory
(``parser_process``). A page that exceeds it, or that brings the process down, is an error of its folder, and the next
page gets a new process.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from crawler.listings import parse_without_grammar, pieces_by_grammar, without
from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.values import Listing
from crawler.workers import listing_codec as packing
from crawler.workers.spawn import Spawned

T = TypeVar("T")
_MAX_FRAME = 64 * limits.MIB
_DYING_SECONDS, _GLANCE_SECONDS = 2.0, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserLimits:
    """What reading a page may cost."""

    large_page: int = limits.LARGE_PAGE
    """Bytes above which a page is read in a process of its own."""
    seconds: float = limits.PARSER_SECONDS
    seconds_per_mib: float = limits.PARSER_SECONDS_PER_MIB
    memory: int = limits.PARSER_MEMORY
    """Bytes of the process."""

    def seconds_for(self, body: bytes) -> float:
        """How long the process may take for a page."""
        return min(self.seconds + self.seconds_per_mib * len(body) / limits.MIB, limits.PARSER_SECONDS_MOST)


class Parsers:
    """Reads pages. Its process is started when a page needs it, and is gone when the context is left."""

    def __init__(self, warn: Callable[[str], None] = lambda _: None, budget: ParserLimits | None = None) -> None:
        """``warn`` is told once if no process can be started."""
        self._warn = warn
        self._budget = budget or ParserLimits()
        self._turn = asyncio.Lock()
        self._child: _ParserProcess | None = None
        self._can_start = bool(sys.executable) and not getattr(sys, "frozen", False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    async def pieces(self, body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
        """As ``listings.parse_listing_pieces``. Raises ListingError for a page that takes too much time or memory."""
        take = _at_once if len(body) <= limits.SMALL_PAGE else asyncio.to_thread
        seen: set[str] = set()
        pieces = pieces_by_grammar(body, url, content_type, seen)
        while (piece := await take(next, pieces, None)) is not None:
            yield piece
            if piece.is_listing:
                return
        if len(body) > self._budget.large_page:
            listing = await self._parse_apart(body, url, content_type)
        else:
            listing = await take(parse_without_grammar, body, url, content_type)
        yield without(seen, listing)

    async def is_listing(self, body: bytes, url: str, content_type: str) -> bool:
        """Whether a page is a listing. Raises ListingError as ``pieces`` does."""
        return [piece.is_listing async for piece in self.pieces(body, url, content_type)][-1]

    async def _parse_apart(self, body: bytes, url: str, content_type: str) -> Listing:
        async with self._turn:
            child, self._child = self._child or self._start(), None
            if child is None:
                return await asyncio.to_thread(parse_without_grammar, body, url, content_type)
            try:
                frames = await child.parse(body, url, content_type, self._budget.seconds_for(body))
            except BaseException:
                child.kill()
                raise
            self._child = child
        try:
            return await asyncio.to_thread(packing.unpack, frames)
        except (ValueError, TypeError, LookupError):
            raise ListingError("the process that read its page went wrong") from None

    def _start(self) -> _ParserProcess | None:
        """A new process; None where none can be started: then a thread has to do, whatever it takes."""
        if self._can_start:
            try:
                return _ParserProcess(self._budget.memory)
            except OSError as error:
                self._can_start = False
                self._warn(f"no process could be started to read long listings ({error.strerror}): nothing limits them")
        return None


class _ParserProcess:
    """One process, which runs where nothing of the mirror is. Raises OSError when it cannot be started."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._spawned = Spawned("crawler.workers.page_parser_process", str(memory), directory="/")

    async def parse(self, body: bytes, url: str, content_type: str, seconds: float) -> list[bytes]:
        """The frames of the page's listing. Raises ListingError; the process is of no use then."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(body, json.dumps([url, content_type, seconds, len(body)]).encode())
        except TimeoutError:
            raise ListingError(f"its page took longer than {seconds:.0f} s to read") from None
        except (OSError, EOFError):
            raise ListingError(await self._how_it_ended(seconds)) from None

    async def _exchange(self, body: bytes, head: bytes) -> list[bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._spawned.connection)
        reader, writer = self._streams
        writer.write(head + b"\n")
        for start in range(0, len(body), limits.BODY_CHUNK):
            writer.write(body[start : start + limits.BODY_CHUNK])
            await writer.drain()
        frames: list[bytes] = []
        while not frames or not packing.is_last(frames[-1]):
            size = int.from_bytes(await reader.readexactly(4))
            if size > _MAX_FRAME:
                raise EOFError
            frames.append(await reader.readexactly(size))
        return frames

    async def _how_it_ended(self, seconds: float) -> str:
        for _ in range(int(_DYING_SECONDS / _GLANCE_SECONDS)):
            if self._spawned.process.poll() is not None:
                break
            await asyncio.sleep(_GLANCE_SECONDS)
        status = self._spawned.process.returncode
        if status == packing.OUT_OF_MEMORY:
            return f"its page takes more than {self._memory // limits.MIB} MiB to read"
        if status == -signal.SIGXCPU:
            return f"its page took longer than {seconds:.0f} s to read"
        if status is None or status >= 0:
            return f"the process that read its page ended with status {status}"
        return f"the process that read its page died of signal {-status}"

    def kill(self) -> None:
        """At once."""
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._spawned.kill()


async def _at_once(call: Callable[..., T], *args: object) -> T:
    return call(*args)
