"""Has small new files received by the process that will store them, if the host has shown how it answers.

Whatever is not as it was in the responses before, or not proven, is requested again by ``batches``, in the usual way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from crawler.model import limits
from crawler.model.freshness import Dating, Source
from crawler.model.network.pipelining import Findings
from crawler.model.network.receiving import Arrived, Receiver, Reception
from crawler.model.network.shapes import HeaderShape
from crawler.model.struct import Struct
from crawler.model.values import Job, Kind
from crawler.pipeline.backlog import Finish, PutBack, most_bytes
from crawler.pipeline.fetch.downloader import Downloader, Published
from crawler.pipeline.fetch.plain import files_of, parts_of
from crawler.pipeline.rules.responses.alike import proven_first
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL
from crawler.pipeline.rules.responses.neighbours import Row
from crawler.pipeline.seen_responses import is_fit
from crawler.text.hosts import origin_of

_FILE, _UNKNOWN, _FIRST = Kind.FILE, Dating.UNKNOWN, Source.FIRST  # a member of an enumeration takes 80 ns to look up
_DISAPPOINTMENTS = 4
"""Number of orders to an origin of which something was left, after which there are no more: it answers otherwise."""
_SECONDS = limits.TOGETHER_SECONDS / 2
"""How long an order should take at most; one from a near host needs no round trip more if it is shorter."""
_LEAST_FILES = 32
"""Smallest maximum number of files of an order."""
_FIRST_FILES = 2 * _LEAST_FILES
"""Maximum number of files of the first orders to an origin."""


def most_files(files: int, seconds: float) -> int:
    """Maximum number of files of the next order, if the responses for ``files`` of one took ``seconds``.

    More would take longer than _SECONDS, while other connections may have nothing left to do.
    """
    return max(_LEAST_FILES, int(files * _SECONDS / max(seconds, 1e-9)))


class Host(Struct):
    """What earlier orders to a host have shown."""

    disappointments: int = 0
    """Number of those of which something was left."""
    is_proven: bool = False
    """Whether the last one to end has left nothing. Until then there is one at a time."""
    is_tried: bool = False
    """Whether that one is under way."""
    room: int = _FIRST_FILES
    """Maximum number of files of the next one, see ``most_files``."""
    bytes: int = limits.TOGETHER_BODIES
    """Maximum total size of their bodies, see ``most_bytes``."""

    @property
    def takes_another(self) -> bool:
        """Whether there may be another order now."""
        return self.disappointments < _DISAPPOINTMENTS and not self.is_tried

    def begin(self) -> None:
        """Note that an order is under way."""
        self.is_tried = not self.is_proven

    def conclude(self, *, is_whole: bool) -> None:
        """Note that an order has ended. ``is_whole``: it has left nothing."""
        self.is_tried, self.is_proven = False, is_whole
        self.disappointments += not is_whole

    def withdraw(self) -> None:
        """Note that an order has not been carried out."""
        self.is_tried = False

    def note_time(self, files: int, size: int, seconds: float) -> None:
        """Note how long the responses for some files took, whose bodies have ``size`` bytes together."""
        self.room, self.bytes = most_files(files, seconds), most_bytes(size, seconds)


class Orders:
    """What has become of earlier orders."""

    def __init__(self, downloader: Downloader, published: Published) -> None:
        """For ``published`` see ``Batches``."""
        self.downloader, self.published = downloader, published
        self.left = set[str]()
        """The paths of the files that an order has left."""
        self.seen = downloader.seen
        self._hosts = dict[tuple[str, Receiver], Host]()

    def host(self, origin: str, receiver: Receiver) -> Host:
        """What orders for ``receiver`` have shown of the host of ``origin``, always the same value."""
        return self._hosts.setdefault((origin, receiver), Host(is_proven=receiver.stores))

    def begin(self, job: Job) -> FileOrder | None:
        """An order that begins with ``job``; None if that is not for another process."""
        sharing, origin = self.downloader.client.sharing, origin_of(job.url)
        for receiver in self.downloader.destination.receivers:
            if self.host(origin, receiver).takes_another:
                order, in_depth = FileOrder(self, receiver, origin, job.url), not receiver.stores
                is_able = order.add(job) and sharing.can_order(job.url, is_fit, receiver.files, in_depth=in_depth)
                if is_able and order.has_begun():
                    return order
        return None

    def conclude(self, origin: str, receiver: Receiver, left: Sequence[Job]) -> None:
        """Learn from an order to ``origin`` that has ``left`` files."""
        self.host(origin, receiver).conclude(is_whole=not left)
        self.left.update(job.path for job in left)
        if left:
            self.seen.disappoint(origin, left[0].path)


class FileOrder:
    """New files of one origin, of different sizes. Implements ``backlog.Batch`` and ``pipelining.Ordered``."""

    is_rest = is_undecided = False

    def __init__(self, orders: Orders, receiver: Receiver, origin: str, url: str) -> None:
        self._orders, self._receiver, self._origin, self.url = orders, receiver, origin, url
        self._host = orders.host(origin, receiver)
        self.room = min(receiver.files, self._host.room)
        self._most = min(receiver.size, self._host.bytes)
        """Maximum of ``_size``."""
        self._began = 0.0
        self._reception: Reception | None = None
        self._is_like = orders.seen.of(origin)
        self._jobs = list[Job]()
        self._sizes = set[int]()
        self._size = 0
        self._arrived: Arrived | None = None
        self._proven = 0
        """Number of the first responses that count."""

    def has_begun(self) -> bool:
        """Begin, if the receiver has room for the bodies; returns whether it has."""
        self._reception = self._receiver.begin()
        if self._reception is not None:
            self._host.begin()
        return self._reception is not None

    def add(self, job: Job) -> bool:
        return self.add_first([job]) == 1

    def add_first(self, jobs: Iterable[Job | None]) -> int:
        sizes, left, own, size, origin = self._sizes, self._orders.left, self._jobs, self._size, self._origin
        is_like, least, largest = self._is_like, self._receiver.least, self._receiver.largest
        before, most = len(own), self._most
        for job in jobs:
            if job is None or (span := job.size) is None:
                break
            low = span.low
            size += low
            is_apart = 0 < low == span.high <= largest and low not in sizes
            is_apart = is_apart and least * (len(own) + 1) <= size <= most
            is_new = job.known is None and job.local is None and job.copy is None and job.digest is None
            is_first = job.kind is _FILE and job.dating is _UNKNOWN and job.source is _FIRST
            if not (is_apart and is_new and is_first) or job.probe or job.fresh or job.path in left:
                break
            if not job.url.startswith(origin) or not is_like(job.path):
                break
            own.append(job)
            sizes.add(low)
            self._size = size
        return len(own) - before

    async def process(self, finish: Finish, put_back: PutBack) -> None:
        orders, jobs, shared, began = self._orders, self._jobs, self._orders.downloader, time.monotonic()
        if await orders.published(jobs) is not jobs:
            self._host.withdraw()
            orders.left.update(job.path for job in jobs)
            put_back(jobs)
            return
        reception, self._reception = self._reception, None
        assert reception is not None, "not begun"
        shared.connections.begin()
        try:
            await shared.client.sharing.order(self, reception)
        finally:
            shared.connections.end()
        arrived = self._arrived
        left: Sequence[int] = range(len(jobs))
        if arrived is not None:
            varying = zip(arrived.modified, arrived.etags, arrived.dates, strict=True)
            sizes = self.sizes[: self._proven]
            if self._receiver.stores:
                stored, left = parts_of(shared, jobs, zip(varying, arrived.parts, sizes, strict=False), began)
                reception.drop([arrived.parts[place] for place in left if place < len(arrived.parts)])
                await finish(*stored)
            else:
                files, left = files_of(shared, jobs, zip(varying, arrived.bodies, sizes, strict=False), began)
                await finish(files)
        remaining = [jobs[place] for place in left]
        orders.conclude(self._origin, self._receiver, remaining)
        if remaining:
            put_back(remaining)

    # --- what the client asks -----------------------------------------------------------------------

    @property
    def sizes(self) -> list[int]:
        return [job.size.low for job in self._jobs if job.size is not None]

    def requests(self) -> Sequence[tuple[str, Mapping[str, str]]]:
        self._orders.downloader.observer.all_started(self._jobs)
        self._began = time.monotonic()
        return [(job.url, UNCONDITIONAL) for job in self._jobs]

    def accepts(self, shape: HeaderShape) -> bool:
        return is_fit(shape)

    def judge(self, arrived: Arrived) -> Findings:
        self._arrived = arrived
        size = sum(self.sizes[: len(arrived.etags)])
        self._host.note_time(len(arrived.etags), size, time.monotonic() - self._began)
        rows = [Row(size=job.size, modified=job.moment or job.modified) for job in self._jobs]
        self._proven, findings = proven_first(rows, arrived)
        return findings
