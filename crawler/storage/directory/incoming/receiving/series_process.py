"""Requests files on one connection, and stores each in a part of its own: in a process (``filler_process``).

Nothing is decided here but where a body begins and ends. The first response that does not announce exactly the size
that was ordered ends the series, and so does a body that may hold another response. What the header sections mean is
for the parent to judge, which gets them all.
"""

from __future__ import annotations

from _socket import socket

from crawler.storage.directory.incoming.receiving.part_stream import ENDING, PartStream
from crawler.storage.life_line import COUNTS, acknowledge, has_more

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    SeriesOrder = tuple[int, list[str], list[bytes], list[int], int, bool]
    """What to receive: (number of the series, names of the parts, requests, sizes of the bodies, how many requests may
    be in flight, whether digests are wanted)."""

    SeriesOutcome = tuple[int, int, bool, list[bytes], list[str]]
    """(Number of the series, how many bytes were received, whether anything has followed the last body, the header
    sections, the last of which may be unexpected, and of each complete body SHA-256 in hex or "")."""

_LONGEST = 4096
"""Number of bytes after which the end of a header section is no longer waited for."""
_BLANK = b"\r\n\r\n"


class Series:
    """Files that are being received."""

    def __init__(self, order: SeriesOrder, source: int, parts: int, shared: memoryview[float]) -> None:
        """``source``: the connection, which does not block, and is closed at the end; ``parts``: the directory."""
        self._number, self._names, self._requests, self._sizes, self._depth, self._is_hashed = order
        self.source, self._parts, self._shared = source, parts, shared
        self._connection = socket(fileno=source)
        self._connection.setblocking(False)
        self._part: PartStream | None = None
        """That of the body that is arriving."""
        self._heads, self._digests = list[bytes](), list[str]()
        self._count = self._sent = 0
        self._due = 0
        """Number of bytes of requested bodies that have not arrived."""
        self._rest = b""
        """The beginning of a header section."""
        self.is_over = self._is_followed = False
        """Whether all has arrived or nothing more can."""
        shared[COUNTS + self._number] = 0
        self._send()

    def _send(self) -> None:
        """Send the requests for which it is time.

        None while more is due than the end of a part: what fills the rest of a body that was sent short begins there.
        """
        data, most = list[bytes](), min(len(self._requests), len(self._digests) + self._depth)
        while self._sent < most and self._due <= ENDING:
            data.append(self._requests[self._sent])
            self._due += self._sizes[self._sent]
            self._sent += 1
        if data:
            whole = b"".join(data)
            try:
                self.is_over = self._connection.send(whole) != len(whole)
            except OSError:
                self.is_over = True

    def receive(self, memory: memoryview) -> None:
        """Store what has arrived."""
        if self.is_over:
            return
        before = len(self._rest)
        memory[:before] = self._rest
        try:
            count = self._connection.recv_into(memory[before:])
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self._count += count
        self._shared[COUNTS + self._number] = self._count
        try:
            self.is_over = not count or not self._take(memory[: before + count])
        except OSError:  # of the disk: the parent will find out why
            self.is_over = True
        if len(self._digests) == len(self._requests):
            self.is_over, self._is_followed = True, bool(self._rest) or has_more(self._connection)
        elif not self.is_over:
            self._send()
            acknowledge(self._connection)

    def _take(self, data: memoryview) -> bool:
        """Store what is in ``data``. Returns False if the series is over before its end."""
        at, end, total = 0, len(data), len(self._sizes)
        while at < end and len(self._digests) < total:
            size = self._sizes[len(self._digests)]
            if self._part is None:
                self._rest = head = bytes(data[at : at + _LONGEST])
                stop = head.find(_BLANK) + len(_BLANK)
                if stop < len(_BLANK):
                    return len(head) < _LONGEST
                if not self._begin(head[:stop], size):
                    return False
                at += stop
            if (part := self._part) is None:
                return False
            count = min(size - part.size, end - at)
            part.store(data[at : at + count])
            self._due -= count
            at += count
            if part.size == size and not self._complete(part):
                return False
        self._rest = bytes(data[at:])
        return True

    def _begin(self, head: bytes, size: int) -> bool:
        """Create the part of the body behind ``head``. False if that has not ``size``."""
        self._heads.append(head)
        if b"\r\ncontent-length: %d\r\n" % size not in head.lower():
            return False
        name = self._names[len(self._digests)]
        self._part = PartStream(name, self._parts, self._shared, is_hashed=self._is_hashed)
        return True

    def _complete(self, part: PartStream) -> bool:
        """Close ``part``, which has its size. False if another response may have filled its end."""
        if part.ending().rfind(b"HTTP/1.") >= 0:
            return False
        self._part = None
        part.close()
        self._digests.append(part.digest)
        return True

    def outcome(self) -> SeriesOutcome:
        """What has become of it. Closes its files."""
        self._connection.close()
        if self._part is not None:
            self._part.close()
        return self._number, self._count, self._is_followed, self._heads, self._digests
