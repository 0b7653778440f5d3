"""Fetches one large file in several streams, on connections that no other transfer uses (``--segments``).

The response to the request for the file is the first stream. Pieces of the rest are requested in parallel and wait in
memory for their turn; so the body comes out in order, and no other module has to know about the streams. The first
stream goes on until it reaches a piece that another stream is receiving.

This cannot deadlock, because no stream that holds a connection waits for one that needs a connection. The first stream
takes over pieces that have not begun to arrive, and each piece is read to its end before its turn, into memory that was
reserved before the request.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, Permit, Response
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import Job
from crawler.pipeline.attempts import persist
from crawler.pipeline.fetch.ranges import Whole, mismatch, piece_size
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.evidence import refused
from crawler.pipeline.rules.responses.verdict import interpret
from crawler.text.http_fields import RETRYABLE_STATUS, certain_length
from crawler.text.resuming import range_headers


class SegmentConnections(Struct):
    """The connections and the memory that the transfers of a run share."""

    most: int = 1
    """Maximum number of streams for one file."""
    free: int = 0
    """Number of unused connections. Negative if a transfer, which always gets one, begins while pieces use them all."""
    memory: int = limits.PIECES_AHEAD
    """Number of bytes that may still be requested ahead of their turn."""

    def begin(self) -> None:
        """Take the connection of a transfer that begins."""
        self.free -= 1

    def end(self) -> None:
        """Return the connection of a transfer that has ended."""
        self.free += 1


class SegmentOptions(Value, frozen=True, kw_only=True):
    """Options for fetching the pieces of one file."""

    client: Client
    permit: Permit
    job: Job
    attempts: int
    connections: SegmentConnections
    received: Callable[[int], None]
    """Called with the number of bytes of each chunk that arrives."""


class _Piece(Struct, eq=False):
    """The bytes [``start``, ``end``) of a file, requested in a stream of their own."""

    start: int
    end: int
    arrived: int
    """Offset in the file of the first byte that has not arrived."""
    chunks: deque[bytes] = field(default_factory=deque)
    """Bytes that have arrived and have not been taken yet."""
    has_begun: bool = False
    """Whether a response has begun and is the requested range."""
    is_repeated: bool = False
    """Whether the piece has been requested once more in its turn, with all attempts."""
    error: FetchError | VerificationError | None = None
    task: asyncio.Task[None] | None = None


class Segments:
    """The body of the version ``of`` from offset ``place`` on. ``first`` is the response that contains all of it."""

    def __init__(self, options: SegmentOptions, first: Response, of: Whole, place: int) -> None:
        self._options = options
        self._of = of
        self._url = first.url
        self._headers = request_headers(replace(options.job, known=None), None)
        self._first: Response | None = first
        self._body = self._counted(first.chunks())
        self._place = place
        """Offset in the file of the next byte to return."""
        self._pieces: deque[_Piece] = deque()
        """Requested pieces, without gaps; the first stream ends where they begin."""
        self._end = place
        """Offset in the file up to which pieces have been requested."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams = 1
        self._most = options.connections.most
        self._width = 2
        """Number of streams to use; it grows with each request that the server accepts."""
        self._urgent = False
        """True if the piece whose turn it is waits for another stream to end."""
        self._halted = False
        """True if no more pieces are requested."""
        self._changed = asyncio.Event()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in order; must be closed. Raises FetchError if the file must be requested again."""
        try:
            while self._place < self._of.length:
                self._refill()
                chunk = await (self._from_first() if self._first is not None else self._from_piece())
                self._place += len(chunk)
                if chunk:
                    yield chunk
        finally:
            await self._close()

    async def _from_first(self) -> bytes:
        problem = FetchError("the body was cut short", url=self._url)
        try:
            chunk = await anext(self._body, b"")
        except FetchError as error:
            chunk, problem = b"", error
        if not chunk:
            if not self._pieces or self._halted or self._options.attempts == 1:
                raise problem
            self._leave_first()  # a piece takes over
            self._claim(self._place, self._pieces[0].start, left=True)
            return b""
        while self._pieces and self._place + len(chunk) >= self._pieces[0].start:
            piece = self._pieces[0]
            if piece.has_begun and piece.error is None and not self._halted:
                self._leave_first()
                return chunk[: piece.start - self._place]
            self._drop()
        return chunk

    def _leave_first(self) -> None:
        assert self._first is not None
        self._first.release()
        self._first = None
        self._use(-1)

    async def _from_piece(self) -> bytes:
        piece = self._pieces[0] if self._pieces else None
        if piece is not None:
            if piece.chunks:
                return piece.chunks.popleft()
            if piece.arrived == piece.end:
                self._drop()
                return b""
            idle = piece.task is None or piece.task.done()
            self._urgent = idle and not self._request_again(piece)
        self._changed.clear()
        await self._changed.wait()  # for the piece, or for a stream that ends and returns its connection
        return b""

    def _request_again(self, piece: _Piece) -> bool:
        """Request the rest of a piece that failed again, because it is needed now. False if too many streams are open.

        Raises the error of the piece if another request would not help.
        """
        if piece.task is not None:
            piece.task.result()  # raises only in case of a bug
        error = piece.error
        if isinstance(error, VerificationError):
            raise FetchError(str(error), url=self._url)  # fetched in one stream, the file may still succeed
        if error is not None and (self._halted or piece.is_repeated or not error.retryable):
            raise error
        if self._streams >= self._most:
            return False
        self._start(
            piece, self._options.attempts - (piece.task is None)
        )  # the request in place of the first stream counts as an attempt
        piece.is_repeated = True
        return True

    async def _counted(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Count ``chunks``, and yield them; if an error ends them, without what may be another response."""
        end = b""
        try:
            async for chunk in chunks:
                self._options.received(len(chunk))
                end += chunk
                if len(end) >= 2 * limits.DOUBTED:
                    yield end[: -limits.DOUBTED]
                    end = end[-limits.DOUBTED :]
        except FetchError:
            if rest := end[: certain_length(end)]:
                yield rest
            raise
        if end:
            yield end

    # --- requests ahead of their turn ----------------------------------------------------------------

    def _refill(self) -> None:
        """Request the following pieces, as far as connections and memory allow."""
        length = self._of.length
        if self._first is not None and not self._pieces:
            self._end = max(self._end, self._place + piece_size(length - self._place, self._most))
        while not self._halted and self._end < length:
            size = piece_size(length - self._end, self._most)
            if not self._may_start(size):
                return
            self._start(self._claim(self._end, self._end + size), 1)

    def _may_start(self, size: int) -> bool:
        if self._streams == 0 and not self._pieces:
            return True
        connections = self._options.connections
        within = self._streams + self._urgent < self._width
        return within and (self._streams == 0 or connections.free > 0) and connections.memory >= size

    def _claim(self, start: int, end: int, *, left: bool = False) -> _Piece:
        piece = _Piece(start, end, arrived=start)
        self._options.connections.memory -= end - start
        if left:
            self._pieces.appendleft(piece)
        else:
            self._pieces.append(piece)
            self._end = end
        return piece

    def _drop(self) -> None:
        """Remove the piece whose turn it is, because it has been used up or is no longer needed."""
        piece = self._pieces.popleft()
        self._options.connections.memory += piece.end - piece.start
        if piece.task is not None and piece.arrived < piece.end:
            piece.task.cancel()

    def _use(self, change: int) -> None:
        """Count a stream that begins (1) or ends (-1). The first one uses the connection of the transfer itself."""
        before, self._streams = self._streams, self._streams + change
        self._options.connections.free += max(0, before - 1) - max(0, self._streams - 1)

    def _start(self, piece: _Piece, attempts: int) -> None:
        self._use(+1)
        piece.has_begun, piece.error = False, None
        piece.task = task = asyncio.create_task(
            self._fetch_with_retries(piece, attempts), name=f"piece at {piece.start}"
        )
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._ended(piece, task))

    async def _fetch_with_retries(self, piece: _Piece, attempts: int) -> None:
        try:
            await persist(lambda: self._fetch(piece), attempts)
        except (FetchError, VerificationError) as error:
            piece.error = error

    def _ended(self, piece: _Piece, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._use(-1)
        self._changed.set()
        if piece.error is not None and not piece.has_begun:  # the server accepts no more streams than are open now
            self._most = self._width = max(1, self._streams)
        self._refill()

    async def _fetch(self, piece: _Piece) -> None:
        options = self._options
        headers = self._headers | range_headers(piece.arrived, piece.end, self._of.validators)
        async with options.client.open("GET", self._url, headers=headers, permit=options.permit) as reply:
            self._judge(reply, piece)
            piece.has_begun = True
            self._width = min(self._most, self._width + 2)
            self._refill()
            async for chunk in self._counted(reply.chunks()):
                if piece.arrived + len(chunk) > piece.end:
                    self._give_up("longer than announced")
                piece.chunks.append(chunk)
                piece.arrived += len(chunk)
                self._changed.set()
        if piece.arrived < piece.end:
            raise FetchError("the body was cut short", url=self._url)

    def _judge(self, reply: Response, piece: _Piece) -> None:
        """Raise FetchError if the piece may be requested again, VerificationError if no piece may be."""
        if reply.status in RETRYABLE_STATUS:
            action = interpret(reply.status, reply.headers, self._options.job, None, time.time())
            raise refused(action, self._url, reply.status)
        problem = mismatch(reply.status, reply.headers, piece.arrived, piece.end, self._of)
        if problem is not None:
            self._give_up(problem)

    def _give_up(self, problem: str) -> None:
        self._halted = True
        raise VerificationError(problem, retryable=False)

    async def _close(self) -> None:
        self._halted = True
        while self._pieces:
            self._drop()
        if self._tasks:
            await asyncio.wait(self._tasks)
