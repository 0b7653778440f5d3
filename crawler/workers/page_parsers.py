"""Parses index pages where they can do no harm: on the event loop, in a thread, or in a process that can be killed.

A grammar reads the pages of known servers in time proportional to their length. A tree takes many times longer, and
with hostile markup a thousand times longer: seconds per megabyte, which cannot be interrupted in a thread. So a long
page that no grammar matches goes to a process with limits on time and memory (``page_parser_process``). A page that
exceeds them, or crashes the process, is an error of its directory; the next page gets a new process.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from typing import Self, TypeVar

from crawler.listings import parse_without_grammar, pieces_by_grammar, without
from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.model.struct import Value
from crawler.model.values import Listing
from crawler.workers.child_process import ChildProcess
from crawler.workers.frames import FrameDecoder, FrameError, frame, frame_header
from crawler.workers.listing_codec import OUT_OF_MEMORY, decode_listing, is_last

T = TypeVar("T")
_MAX_FRAME = 64 * limits.MIB
_EXIT_SECONDS, _POLL_SECONDS = 2.0, 0.02
"""How long a process that closed its connection may take to exit, and the polling interval, in seconds."""


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
        self._process: _ParserProcess | None = None
        self._can_start = bool(sys.executable) and not getattr(sys, "frozen", False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    async def pieces(self, body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
        """See ``interfaces.Parser``. Raises ListingError for a page that takes too much time or memory."""
        run = _run_here if len(body) <= limits.SMALL_PAGE else asyncio.to_thread
        seen: set[str] = set()
        pieces = pieces_by_grammar(body, url, content_type, seen)
        while (piece := await run(next, pieces, None)) is not None:
            yield piece
            if piece.is_listing:
                return
        if len(body) > self._budget.large_page:
            listing = await self._parse_in_process(body, url, content_type)
        else:
            listing = await run(parse_without_grammar, body, url, content_type)
        yield without(seen, listing)

    async def is_listing(self, body: bytes, url: str, content_type: str) -> bool:
        """See ``interfaces.Parser``. Raises ListingError for a page that takes too much time or memory."""
        return [piece.is_listing async for piece in self.pieces(body, url, content_type)][-1]

    async def _parse_in_process(self, body: bytes, url: str, content_type: str) -> Listing:
        async with self._lock:
            process, self._process = self._process or self._start(), None
            if process is None:
                return await asyncio.to_thread(parse_without_grammar, body, url, content_type)
            try:
                frames = await process.parse(body, url, content_type, self._budget.seconds_for(body))
            except BaseException:
                process.kill()
                raise
            self._process = process
        try:
            return await asyncio.to_thread(decode_listing, frames)
        except (ValueError, TypeError, LookupError):
            raise ListingError("the parser process sent an invalid result") from None

    def _start(self) -> _ParserProcess | None:
        """A new process; None if none can be started, so that a thread must parse the page without limits."""
        if self._can_start:
            try:
                return _ParserProcess(self._budget.memory)
            except OSError as error:
                self._can_start = False
                self._warn(f"cannot start a parser process ({error.strerror}): long listings are parsed without limits")
        return None


class _ParserProcess:
    """One parser process, which runs in ``/``. Raises OSError if it cannot be started."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        """The connection to the process; opened with the first page."""
        self._child = ChildProcess("crawler.workers.page_parser_process", str(memory), directory="/")

    async def parse(self, body: bytes, url: str, content_type: str, seconds: float) -> list[bytes]:
        """The frames of the page's listing. Raises ListingError, after which the process must be killed."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(json.dumps([url, content_type, seconds]).encode(), body)
        except TimeoutError:
            raise ListingError(f"its page took longer than {seconds:.0f} s to read") from None
        except (OSError, EOFError, FrameError):
            raise ListingError(await self._explain_end(seconds)) from None

    async def _exchange(self, head: bytes, body: bytes) -> list[bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._child.connection)
        reader, writer = self._streams
        writer.write(frame(head) + frame_header(len(body)))
        for start in range(0, len(body), limits.BODY_CHUNK):
            writer.write(body[start : start + limits.BODY_CHUNK])
            await writer.drain()
        decoder, frames = FrameDecoder(_MAX_FRAME), list[bytes]()
        while not frames or not is_last(frames[-1]):
            data = await reader.read(limits.BODY_CHUNK)
            if not data:
                raise EOFError
            frames.extend(decoder.feed(data))
        return frames

    async def _explain_end(self, seconds: float) -> str:
        """Why the process ended, as the reason of a ListingError."""
        for _ in range(int(_EXIT_SECONDS / _POLL_SECONDS)):
            if self._child.process.poll() is not None:
                break
            await asyncio.sleep(_POLL_SECONDS)
        status = self._child.process.returncode
        if status == OUT_OF_MEMORY:
            return f"its page takes more than {self._memory // limits.MIB} MiB to read"
        if status == -signal.SIGXCPU:
            return f"its page took longer than {seconds:.0f} s to read"
        if status is None or status >= 0:
            return f"the parser process ended with status {status}"
        return f"the parser process was killed by signal {-status}"

    def kill(self) -> None:
        """Kill the process, whatever its state."""
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._child.kill()


async def _run_here(call: Callable[..., T], *args: object) -> T:
    return call(*args)
