"""Cuts bodies out of responses whose header sections have a known pattern.

A process that receives them for another one does this, so nothing is imported that takes long.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.model.network.receiving import HeadPattern

LONGEST = 4096
"""Number of bytes after which the end of a header section is no longer waited for: none with a pattern is longer."""
_ENDS = b"\r\n\r\n", b"\n\n", b"\n\r\n"
"""How a header section ends, also one that is not quite right."""


class AlikeResponses:
    """Complete responses, in the order of their requests: each with a header section like the others."""

    __slots__ = ("_matches", "_sizes", "_status_line", "dates", "etags", "is_unexpected", "modified", "other_size")

    def __init__(self, patterns: Sequence[HeadPattern], status_line: bytes, sizes: Sequence[int]) -> None:
        """``sizes``: those of the bodies. ``status_line``: a regular expression for what no body may hold."""
        self._matches = [(re.compile(expression).match, groups) for expression, groups in patterns]
        self._status_line, self._sizes = re.compile(status_line), sizes
        self.modified: list[str | None] = []
        """Last-Modified of each, as received; likewise its ETag and its Date."""
        self.etags: list[str | None] = []
        self.dates: list[str | None] = []
        self.is_unexpected = False
        """Whether the bytes that follow cannot be a response like the others to the next request."""
        self.other_size: int | None = None
        """The size of its body, if only that is unexpected."""

    def __len__(self) -> int:
        """Number of responses that have been read."""
        return len(self.etags)

    def read(self, data: bytes | bytearray, end: int) -> tuple[list[tuple[int, int]], int]:
        """Read the responses with which ``data`` begins, up to ``end``, if they are complete and none is unexpected.

        Returns where the body of each starts and stops, and the offset behind the last one.
        """
        found: list[tuple[int, int]] = []
        at, place = 0, len(self.etags)
        last_modified = last_date = None  # many have the values of the one before
        modified_text = date_text = None
        while place < len(self._sizes) and at < end:
            (match, groups), size = self._matches[0], self._sizes[place]
            if (head := match(data, at, end)) is None:
                if self._fits_another(data, at, end):
                    continue
                break
            length, modified, etag, date = head.group(*groups)
            start = head.end()
            stop = start + size
            if int(length) != size:
                self.is_unexpected, self.other_size = True, int(length)
                break
            if stop > end:
                break
            if data.rfind(b"HTTP/1.", start, stop) >= 0 and self._status_line.search(data, start, stop) is not None:
                self.is_unexpected = True
                break
            if modified != last_modified:
                last_modified, modified_text = modified, None if modified is None else modified.decode()
            if date != last_date:
                last_date, date_text = date, None if date is None else date.decode()
            self.modified.append(modified_text)
            self.etags.append(None if etag is None else etag.decode())
            self.dates.append(date_text)
            found.append((start, stop))
            at, place = stop, place + 1
        return found, at

    def add_heads(self, heads: Sequence[bytes]) -> None:
        """Note header sections whose bodies are elsewhere, up to the first one that is unexpected."""
        for head, size in zip(heads, self._sizes, strict=False):
            found = (match(head) for match, _ in self._matches)
            place, known = next(((place, each) for place, each in enumerate(found) if each is not None), (0, None))
            if known is None or known.end() < len(head):
                return
            length, *varying = known.group(*self._matches[place][1])
            if int(length) != size:
                self.other_size = int(length)
                return
            modified, etag, date = [None if value is None else value.decode() for value in varying]
            self.modified.append(modified)
            self.etags.append(etag)
            self.dates.append(date)

    def _fits_another(self, data: bytes | bytearray, at: int, end: int) -> bool:
        """Whether another pattern fits at ``at``, which is tried first from now on. Otherwise it may be unexpected."""
        for place, (match, _) in enumerate(self._matches):
            if match(data, at, end) is not None:
                self._matches.insert(0, self._matches.pop(place))
                return True
        self.is_unexpected = end - at > LONGEST or any(data.find(blank, at, end) >= 0 for blank in _ENDS)
        return False
