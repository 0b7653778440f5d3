"""Has processes that receive long bodies (``filler``) request series of files themselves, each into a part of its own.

To request each of them here, and to hand its connection over for one body, takes the event loop 0.4 ms.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from crawler.model import limits
from crawler.model.network.alike_responses import AlikeResponses
from crawler.model.network.receiving import Arrived, Order, Reception, StoredPart
from crawler.model.network.responses import BulkBody
from crawler.model.struct import Struct
from crawler.storage.directory.incoming.parts import PartStore
from crawler.text.http_fields import STATUS_LINE


class Series(Struct):
    """What has become of a series of files."""

    is_followed: bool
    """Whether anything has followed the last body."""
    heads: list[bytes]
    """The header sections; the last one may be unexpected."""
    digests: list[str]
    """SHA-256 of each complete body in hex, "" if none was wanted."""


class Process(Protocol):
    """A ``Filler``."""

    def reserve(self, count: int) -> None:
        """See ``Filler``."""

    def receive(
        self, names: Sequence[str], order: Order, body: BulkBody, *, is_hashed: bool
    ) -> Awaitable[Series | None]:
        """See ``Filler``."""


class SeriesReceiver:
    """Implements ``receiving.Receiver``. Belongs to the event loop."""

    stores = True
    files, size = 64, limits.SERIES_BODIES
    least, largest = 16 * limits.KIB, limits.SERIES_BODIES

    def __init__(self, pick: Callable[[], Process | None], parts: PartStore) -> None:
        """``pick`` returns a process that takes another series, and stores in ``parts``; None if there is none."""
        self._pick, self._parts = pick, parts

    def begin(self) -> _Series | None:
        """See ``receiving.Receiver``."""
        process = self._pick()
        return None if process is None else _Series(process, self._parts)


class _Series(Reception):
    """Has its place in a process until it is used, or nothing refers to it."""

    def __init__(self, process: Process, parts: PartStore) -> None:
        self._process, self._parts = process, parts
        self._is_reserved = True
        process.reserve(1)

    def _release(self) -> None:
        if self._is_reserved:
            self._is_reserved = False
            self._process.reserve(-1)

    __del__ = _release

    async def receive(self, order: Order, body: BulkBody) -> Arrived | None:
        """See ``receiving.Reception``."""
        self._release()
        parts = self._parts
        names = [parts.new_name() for _ in order.sizes]
        found = await self._process.receive(names, order, body, is_hashed=parts.are_hashed)
        if found is None:
            return None
        responses = AlikeResponses(order.patterns, STATUS_LINE.pattern, order.sizes)
        responses.add_heads(found.heads)
        count = min(len(responses), len(found.digests))
        for name in names[count:]:
            parts.remove(name)
        several = zip(names[:count], found.digests, strict=False)
        return Arrived(
            parts=[StoredPart(name, f"sha256:{digest}" if digest else None) for name, digest in several],
            modified=responses.modified[:count],
            etags=responses.etags[:count],
            dates=responses.dates[:count],
            is_whole=count == len(names),
            is_followed=found.is_followed,
            other_size=responses.other_size,
        )

    def drop(self, parts: Sequence[StoredPart]) -> None:
        """See ``receiving.Reception``."""
        for part in parts:
            self._parts.remove(part.name)
