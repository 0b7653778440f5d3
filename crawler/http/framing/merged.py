"""Recognises a body that was sent short, so that the beginning of another response fills the rest."""

from __future__ import annotations

from crawler.model import limits
from crawler.text.http_fields import STATUS_LINE, Tail, response_stop

MERGED = "it is shorter than announced, and another response begins in it"
"""The reason for a BodyError about a body that was sent short, so that a response to something else fills the rest."""
_LONGEST_START = len(b"HTTP/1.1 200") - 1
"""Maximum number of bytes of a status line that are needed behind the end of a body to recognise it."""
_PADDING = b"\r\n\0 "


class BodyTail:
    """The end of a body with a length, as far as it has arrived: it may come in any number of pieces."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = Tail(limits.DOUBTED)

    def clear(self) -> None:
        """Expect another body."""
        self._tail.clear()

    def add(self, piece: bytes) -> None:
        """``piece`` follows, and is not the last one."""
        self._tail.add(piece)

    def is_merged(self, data: bytes, start: int, end: int) -> bool:
        """Add ``data[start:end]`` to the body. Whether a response begins near its end and goes on in ``data[end:]``."""
        if end == len(data):
            self._tail.add(data[start:end])
            return False
        if not self._tail or end - start >= limits.DOUBTED:
            return is_merged(data, start, end)
        before = self._tail.joined()
        return is_merged(before + data[start:], 0, len(before) + end - start)


def is_merged(data: bytes, start: int, end: int) -> bool:
    """Whether a response begins in ``data[start:end]``, the last part of a body, and goes on behind it.

    A server may send fewer bytes than it announced and go on (RFC 9112 section 8), for example with a 408 for an idle
    connection. Curl and wget take the beginning of that response for the end of the body.
    """
    if not data[end:].strip(_PADDING):  # nothing, or what some servers send behind every body
        return False
    found = list(STATUS_LINE.finditer(data, max(start, end - limits.DOUBTED), end + _LONGEST_START))
    if not found:
        return False
    stop = response_stop(data, found[-1].start())
    return stop is None or stop > end
