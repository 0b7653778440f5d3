"""Splits the bytes that arrive on a lane into responses, by the rules of ``framing``."""

from __future__ import annotations

from crawler.http.framing.chunks import ChunkScanner
from crawler.http.framing.header_section import BodyEnd, BodyError, FramingError, Head
from crawler.http.framing.merged import MERGED, BodyTail
from crawler.http.framing.shape import Shapes
from crawler.http.framing.splitter import HeadScanner
from crawler.model import limits
from crawler.model.network.shapes import Alike

_OF_A_SHAPE = Head(200, b"", BodyEnd.LENGTH, 0, True, 1, ())
"""Stands for the header section of a response that ``take_alike`` has read."""


class ResponseReader:
    """Reads one response after another. Call ``begin`` before each."""

    __slots__ = (
        "_arrived",
        "_chunks",
        "_heads",
        "_is_alone",
        "_is_head",
        "_left",
        "_tail",
        "gathered",
        "head",
        "is_over",
        "pieces",
        "received",
    )

    def __init__(self, shapes: Shapes | None = None) -> None:
        """``shapes``: those of the host, if they are known."""
        self._heads = HeadScanner(shapes)
        self._chunks: ChunkScanner | None = None
        self._tail = BodyTail()
        self.begin(is_head=False)

    def begin(self, *, is_head: bool, is_alone: bool = False) -> None:
        """Expect the response to the next request; ``is_head``: that request is a HEAD; ``is_alone``: of no batch."""
        self._is_head, self._is_alone = is_head, is_alone
        self.head: Head | None = None
        self.is_over = False
        """Whether all of the response has arrived."""
        self.pieces: list[bytes] = []
        """The bytes of the body that ``body`` has not returned yet."""
        self.gathered = 0
        """Number of bytes in ``pieces``."""
        self._left = 0
        self._arrived = 0
        self.received = 0
        """Number of bytes of the body that have arrived."""
        self._chunks = None
        self._tail.clear()

    @property
    def has_begun(self) -> bool:
        """Whether a part of the response has arrived, interim responses aside."""
        return self.head is not None or self._heads.has_begun

    @property
    def awaits_body_alone(self) -> bool:
        """Whether nothing has arrived yet of a body that belongs to no batch and may be long.

        The end of one that is not is read with what follows it.
        """
        return self._is_alone and not self.received and (self.head is None or self.bulk >= limits.BULK_LEAST)

    def take(self, data: bytes, at: int, *, is_last: bool = True) -> int:
        """Read the response from offset ``at`` of ``data``. Returns how many bytes at the end of ``data`` follow it.

        ``is_last``: no other response is due. Raises FramingError, or BodyError if the header section was valid.
        """
        self._arrived += len(data) - at
        if self.head is None:
            found = self._heads.take(data, at, is_head=self._is_head)
            if found is None:
                self._check_share()
                return 0
            self.head, data, at = found.head, found.data, found.stop
            self._left = self.head.length
            if self.head.end is BodyEnd.CHUNKED:
                self._chunks = ChunkScanner()
        stop = self._take_body(data, at, self.head.end)
        if is_last and self.head.end is BodyEnd.LENGTH:
            self._check_tail(data, at, stop)
        if self._arrived > limits.FRAMING and not self.is_over:
            self._check_share()
        return len(data) - stop

    def take_alike(self, data: bytes, rest: int, most: int, count: int) -> tuple[list[Alike], int]:
        """Read responses like those before them from the last ``rest`` bytes of ``data``, as far as they are there.

        Returns at most ``count`` responses to GETs, with bodies of at most ``most`` bytes, and how many bytes follow;
        none: call ``take``.
        """
        heads = self._heads
        if self.head is not None or heads.has_begun or self._is_head:
            return [], rest
        found, stop = heads.shapes.responses(data, len(data) - rest, most, count)
        if found:
            self.head, self.is_over = _OF_A_SHAPE, True
        return found, len(data) - stop

    @property
    def bulk(self) -> int:
        """Number of bytes that a body with a length still lacks; 0 for any other response."""
        return self._left if self.head is not None and self.head.end is BodyEnd.LENGTH else 0

    @property
    def is_filled(self) -> bool:
        """Whether all of a body has been passed over, so that ``take`` completes the response, even with no data."""
        return not self._left and not self.is_over and self.head is not None and self.head.end is BodyEnd.LENGTH

    def pass_over(self, count: int, ending: bytes) -> None:
        """Count ``count`` bytes of a body with a length, at most ``bulk``, that were not given to ``take``.

        ``ending``: the last of them, at least DOUBTED or all; empty if nothing follows.
        """
        self._tail.add(ending)
        self._left -= count
        self._arrived += count
        self.received += count

    def body(self) -> bytes:
        """Return the bytes in ``pieces``, and forget them."""
        pieces = self.pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces = []
        self.gathered = 0
        return body

    def end(self) -> None:
        """Note that the connection ended in an orderly way, which completes a body without a length."""
        if self.head is not None and self.head.end is BodyEnd.CONNECTION:
            self.is_over = True

    def _take_body(self, data: bytes, at: int, end: BodyEnd) -> int:
        """Read the body from offset ``at``. Returns the offset in ``data`` where it ends, or ``len(data)``."""
        if end is BodyEnd.LENGTH:
            stop = min(len(data), at + self._left)
            self._left -= stop - at
            self.is_over = self._left == 0
            self._gather(data[at:stop])
        elif end is BodyEnd.CHUNKED:
            stop = self._take_chunks(data[at:], at)
        elif end is BodyEnd.CONNECTION:
            stop = len(data)
            self._gather(data[at:])
        else:
            stop = at
            self.is_over = True
        return stop

    def _take_chunks(self, data: bytes, at: int) -> int:
        assert self._chunks is not None
        decoded: list[bytes] = []
        stop = at + self._chunks.take(data, decoded)
        self.is_over = self._chunks.is_over
        self._gather(b"".join(decoded))
        return stop

    def _check_tail(self, data: bytes, start: int, stop: int) -> None:
        """Raise BodyError if ``data[start:stop]`` completes a body in which another response begins."""
        if not self.is_over:
            self._tail.add(self.pieces[-1] if stop > start else b"")
        elif stop < len(data) and self._tail.is_merged(data, start, stop):
            raise BodyError(MERGED)

    def _gather(self, piece: bytes) -> None:
        if piece:
            self.pieces.append(piece)
            self.gathered += len(piece)
            self.received += len(piece)

    def _check_share(self) -> None:
        """Raise FramingError or BodyError if a response consists of too much framing data."""
        if self._arrived > limits.FRAMING + limits.FRAMING_SHARE * self.received:
            text = "too much framing data without a body"
            raise FramingError(text) if self.head is None else BodyError(text)
