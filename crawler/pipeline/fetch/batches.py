"""Fetches several small files over one connection by sending their requests together (pipelining).

A response is used only if its listing row proves that it belongs to its request. Every other file is then fetched
alone, in the ordinary way and with all of its attempts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.freshness import Dating
from crawler.model.network.pipelining import Carried, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.values import Job, Kind, Result, Staged
from crawler.pipeline.backlog import Batch, Finish, PutBack, most_bytes
from crawler.pipeline.fetch.downloader import Downloader, Published, nothing_published
from crawler.pipeline.fetch.plain import hashed, new_files, plain_file
from crawler.pipeline.rules.responses import alike
from crawler.pipeline.rules.responses.alike import is_like, sizes_of
from crawler.pipeline.rules.responses.carried import followers
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL, request_headers
from crawler.pipeline.rules.responses.neighbours import Row, all_facts, are_apart, is_empty, is_plain, row_of
from crawler.pipeline.rules.responses.pipelined import verdict
from crawler.text.hosts import origin_of

if TYPE_CHECKING:
    from crawler.pipeline.fetch.divisions import Division, Divisions
    from crawler.pipeline.fetch.receiving.order import Orders

_FILE, _UNKNOWN = Kind.FILE, Dating.UNKNOWN  # a member of an enumeration takes 80 ns to look up


class Batches:
    """Starts batches of small files.

    ``is_trusted``: the user asserts that servers respond in order, so rows need not tell the files of a batch apart.
    ``workers``: number of first jobs that try nothing, because a host may refuse some of the requests of a first burst.
    """

    def __init__(
        self,
        downloader: Downloader,
        *,
        is_trusted: bool = False,
        published: Published = nothing_published,
        workers: int = 0,
    ) -> None:
        self.downloader = downloader
        self.is_trusted = is_trusted
        self.published = published
        self._first = workers
        """Number of the first jobs that are still to come."""
        self.put_back = set[str]()
        """The paths of the jobs that a batch has put back for another one."""
        self.alone = set[str]()
        """The paths of those that it has put back because they have to be done alone."""
        self.unlike_empty = set[str]()
        """The origins whose responses to empty files differed although their rows did not."""
        self.sizes = dict[str, int]()
        """Origin → maximum size in bytes of all bodies that are requested from it together, see ``most_bytes``."""

    def may_divide(self, url: str) -> bool | None:
        """Whether dividing files of the origin ``url`` would gain anything; None as long as that is not known."""
        is_near = self.downloader.client.sharing.is_near(url)
        if is_near:
            return False
        return None if is_near is None or self._first >= 0 else True

    def begin_division(self, url: str) -> Division | None:
        """Start to divide files of the origin ``url``; None if that is not possible."""
        return self.divisions.begin(url, is_able=self.downloader.client.sharing.announces_ranges(url) or None)

    @cached_property
    def orders(self) -> Orders:
        """What starts orders to another process."""
        from crawler.pipeline.fetch.receiving.order import Orders  # imported only if needed

        return Orders(self.downloader, self.published)

    @cached_property
    def divisions(self) -> Divisions:
        """What hosts have shown about ranges."""
        from crawler.pipeline.fetch.divisions import Divisions  # imported only if needed

        return Divisions()

    def begin(self, job: Job) -> Batch | None:
        """Start a batch with ``job``. Returns None if the job has to be done alone."""
        shared, is_small = self.downloader, is_plain(job)
        if job.path in self.alone or shared.destination.has_part(job.path) or not shared.asks(job.url):
            return None
        self._first -= is_small
        if shared.destination.receivers and (order := self.orders.begin(job)) is not None:
            return order
        depth = shared.client.sharing.depth(job.url) if is_small else 1
        return FileBatch(self, job, depth) if depth > 1 else None


class FileBatch:
    """Small files of one origin that are requested together. Implements ``backlog.Batch`` and ``sharing.Together``."""

    are_small = True

    def __init__(self, batches: Batches, job: Job, room: int) -> None:
        self._batches = batches
        self.room, self.url = room, job.url
        self._jobs = [job]
        self._rows = [row_of(job)]
        """The rows of the jobs; from the call of ``requests`` on, one for each request."""
        self._sizes = sizes_of(self._rows)
        """The result of ``sizes_of`` for the rows."""
        self._origin = origin_of(job.url)
        self._most = batches.sizes.get(self._origin, limits.SMALL_BODY)
        """Maximum of ``_size``."""
        self._empty: Row | None = None
        """The row of an empty file with which others may be interchangeable; None if there is none."""
        self._note_empty(self._rows[0])
        self._size = job.size.high if job.size else 0
        """Maximum size of all bodies together, in bytes."""
        self._division: Division | None = None
        """Requests files in two ranges that rows do not tell apart; None while there are none."""
        self._put_back: PutBack | None = None
        self.is_rest = job.path in batches.put_back
        self.is_undecided = self._is_sent = False

    def add(self, job: Job) -> bool:
        """Add ``job`` if its response can be told from all others of the batch and the total size stays small."""
        listed, sizes, batches = job.size, self._sizes, self._batches
        if listed is None or not is_plain(job) or not job.url.startswith(self._origin):
            return False
        low, high = listed.low, listed.high
        if self._size + high > self._most or job.path in batches.alone:
            return False
        if batches.downloader.destination.has_part(job.path):
            return False
        row = row_of(job)
        is_told = sizes is not None and low == high and (low not in sizes or is_like(row, self._empty))
        if not (is_told or batches.is_trusted):
            alike = [place for place, other in enumerate(self._rows) if not are_apart(row, other)]
            if alike and not self._divides(job, alike):
                return False
        self._jobs.append(job)
        self._rows.append(row)
        self._size += high
        if sizes is not None and is_told:
            sizes.add(low)
        else:
            self._sizes = None
        self._note_empty(row)
        return True

    def add_first(self, jobs: Iterable[Job | None]) -> int:
        """``add`` the first of ``jobs`` that are new files of exact sizes which no other one has."""
        sizes, batches = self._sizes, self._batches
        if sizes is None or batches.downloader.destination.has_parts():
            return 0
        before, own, rows, size = len(self._jobs), self._jobs, self._rows, self._size
        for job in jobs:
            if job is None or (span := job.size) is None:
                break
            low = span.low
            size += low
            is_apart = low == span.high and low not in sizes and low > 0 and size <= limits.SMALL_BODY
            is_new = job.known is None and job.digest is None and job.kind is _FILE and job.dating is _UNKNOWN
            is_like = is_apart and is_new and not (job.probe or job.fresh or job.path in batches.alone)
            if not (is_like and job.url.startswith(self._origin)):
                break
            own.append(job)
            rows.append(Row(size=span, modified=job.moment or job.modified))
            sizes.add(low)
            self._size = size
        return len(own) - before

    def _note_empty(self, row: Row) -> None:
        if row.size is not None and not row.size.high and is_empty(row):
            self._empty = None if self._origin in self._batches.unlike_empty else row

    def _divides(self, job: Job, alike: Sequence[int]) -> bool:
        """Whether ``job`` and those at the places ``alike``, which rows do not tell apart, are requested in ranges."""
        if self._division is None:
            may = self._batches.may_divide(self._origin)
            self.is_undecided = may is None
            self._division = self._batches.begin_division(self._origin) if may else None
        return self._division is not None and self._division.add(job, [self._jobs[place] for place in alike])

    async def process(self, finish: Finish, put_back: PutBack) -> None:
        """Request all files together and save those whose responses are proven; fetch the first of the others alone.

        The rest of these, and jobs whose requests are not sent, are passed to ``put_back``. Raises DestinationError.
        """
        self._put_back = put_back
        shared, began = self._batches.downloader, time.monotonic()
        jobs = await self._batches.published(self._jobs)
        if jobs is not self._jobs:
            self._jobs, self._rows = jobs, [row_of(job) for job in jobs]
        shared.connections.begin()
        try:
            replies = await shared.client.sharing.send(self)
        finally:
            shared.connections.end()
        if replies and shared.doubts.is_first_doubtful(replies[0]):
            replies = [None, *replies[1:]]
        if shared.destination.receivers:
            shared.seen.note(self._origin, self._jobs, replies)
        received = sum([len(reply.body) for reply in replies if reply is not None])
        self._batches.sizes[self._origin] = most_bytes(received, time.monotonic() - began, limits.TOGETHER_BODIES)
        if self._division is not None:
            replies = self._division.joined(shared.client.sharing, replies)
        if not self._is_sent:
            self._batches.downloader.observer.all_started(self._jobs)
        files, others = new_files(shared, self._jobs, replies, began)
        await (finish(files) if shared.destination.adds_digests else finish(*map(hashed, files)))
        alone = list[Job]()
        for job, reply in others:
            done: Result | Staged | None = None
            if reply is not None:
                done = plain_file(shared, job, reply, began) or await shared.use(job, reply, began)
            if done is None:
                alone.append(job)
            else:
                await finish(done)
        if alone:
            self._batches.alone.update(job.path for job in alone)
            put_back(alone[1:])
            await finish(await shared.fetch(alone[0]))

    def _leave(self, jobs: Sequence[Job]) -> None:
        assert self._put_back is not None, "not being processed"
        self._batches.put_back.update(job.path for job in jobs)
        self._put_back(jobs)

    @property
    def size(self) -> int:
        """See ``Together``."""
        return len(self._jobs)

    def requests(self, most: int, free: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """See ``Together``. A file that is requested in two ranges counts once."""
        if len(self._rows) > most:
            self._leave(self._jobs[most:])
            del self._rows[most:], self._jobs[most:]
            self._sizes = sizes_of(self._rows)
        if self._division is None:
            return [(job.url, _headers_for(job)) for job in self._jobs]
        found = self._division.requests(self._jobs, self._rows)
        self._rows, self._sizes = [row for _, row in found], None
        return [(job.url, _headers_for(job, row.part)) for job, row in found]

    def following(self, carried: Carried) -> Sequence[int]:
        """See ``Together``."""
        if alike.may_follow(self._rows, self._sizes, carried):
            return range(len(self._rows))
        found = followers(self._rows, carried)
        return found if self._division is None else self._division.whole(found)

    def keep(self, places: Sequence[int]) -> None:
        """See ``Together``. What is not sent is left for another batch."""
        complete = set(places) if self._division is None else self._division.keep(places)
        if len(places) < len(self._rows):
            self._leave([job for place, job in enumerate(self._jobs) if place not in complete])
            self._jobs = [job for place, job in enumerate(self._jobs) if place in complete]
            self._rows = [self._rows[place] for place in places]
            self._sizes = None if self._division else sizes_of(self._rows)
        self._is_sent = True
        self._batches.downloader.observer.all_started(self._jobs)

    def judge(self, responses: Sequence[WholeResponse | None], carried: Carried | None, *, is_ended: bool) -> Verdict:
        """See ``Together``."""
        rows = self._rows
        if self._division is not None:
            self._division.note(rows, responses)
        plain = alike.verdict(rows, self._sizes, responses, carried)
        if plain is not None:
            return plain
        facts, is_trusted = all_facts(rows, responses), self._batches.is_trusted
        judged = verdict(rows, facts, carried, is_trusted=is_trusted, is_ended=is_ended)
        is_answered = all(response is not None and response.status == 200 for response in responses)
        if is_answered and any(
            is_empty(row) and not is_proven for row, is_proven in zip(rows, judged.proven, strict=True)
        ):
            self._batches.unlike_empty.add(self._origin)
        return judged


def _headers_for(job: Job, part: str | None = None) -> Mapping[str, str]:
    """The headers of a request for the file of ``job``, or for one range of it."""
    if part is not None:
        return {**UNCONDITIONAL, "Range": f"bytes={part}"}
    return UNCONDITIONAL if job.known is None and not job.fresh else request_headers(job, None)
