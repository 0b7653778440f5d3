"""Requests files in two ranges whose rows do not tell them apart (see ``rules.responses.division``), if a host can."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model import limits
from crawler.model.network.pipelining import Sharing
from crawler.model.network.responses import WholeResponse
from crawler.model.struct import replace
from crawler.model.values import Job
from crawler.pipeline.rules.responses.division import are_one_file, may_divide, part_of, ranges_for
from crawler.pipeline.rules.responses.neighbours import Row
from crawler.text.http_fields import OVERLOAD_STATUS

_PAIR = 2
_TRIAL = 64 * limits.KIB
"""Maximum size in bytes of the two files of a trial: a host that ignores ranges sends each of them twice, in vain."""
_TRIALS = 100
"""Number of trials without a result after which no more files of a host are divided."""


class Divisions:
    """What each host of a run has shown about ranges. Until it has sent some, a batch divides two files at most."""

    def __init__(self) -> None:
        self._hosts: dict[str, bool] = {}
        """Origin → whether it has sent two ranges that could be joined, or something else instead."""
        self._trials: dict[str, int] = {}
        """Origin → number of batches that have shown nothing."""
        self._number = 0
        """Number of files that have been divided."""

    def begin(self, origin: str, *, is_able: bool | None = None) -> Division | None:
        """Start to divide files of ``origin``; None if that is not possible.

        ``is_able``: whether it can send ranges, as far as is known otherwise.
        """
        is_able = self._hosts.get(origin, is_able)
        return None if is_able is False else Division(self, origin, is_trial=is_able is None)

    def next(self) -> int:
        """The number of another file."""
        self._number += 1
        return self._number

    def conclude(self, origin: str, *, is_able: bool | None) -> None:
        """Note whether ``origin`` sends ranges that can be joined; None if a batch has not shown that."""
        if is_able is not None:
            self._hosts[origin] = is_able and self._hosts.get(origin, True)
        else:
            self._trials[origin] = trials = self._trials.get(origin, 0) + 1
            if trials >= _TRIALS:
                self._hosts[origin] = False


class Division:
    """The files of one batch that are divided."""

    def __init__(self, divisions: Divisions, origin: str, *, is_trial: bool) -> None:
        self._divisions, self._origin, self._is_trial = divisions, origin, is_trial
        self._paths = set[str]()
        """The paths of the files that are divided."""
        self._owners: list[int] = []
        """For each request, the place of its job."""
        self._complete = set[int]()
        """The places of the jobs of which all requests are sent."""
        self._is_refused = False

    def add(self, job: Job, alike: Sequence[Job]) -> bool:
        """Divide ``job`` and those that are ``alike``. False if that is not possible."""
        found = [job, *alike]
        paths = self._paths.union(each.path for each in found)
        if not all(map(may_divide, found)):
            return False
        if self._is_trial and (len(paths) > _PAIR or sum(each.size.high for each in found if each.size) > _TRIAL):
            return False
        self._paths = paths
        return True

    def requests(self, jobs: Sequence[Job], rows: Sequence[Row]) -> list[tuple[Job, Row]]:
        """The job of each request, and its row: two requests for each job that is divided."""
        found, used = list[tuple[Job, Row]](), set[str]()
        for place, (job, row) in enumerate(zip(jobs, rows, strict=True)):
            if job.path not in self._paths:
                self._owners.append(place)
                found.append((job, row))
                continue
            ranges = ranges_for(job, self._divisions.next())
            while ranges[0] in used:
                ranges = ranges_for(job, self._divisions.next())
            used.update(ranges)
            self._owners += [place, place]
            found += [(job, replace(row, part=part)) for part in ranges]
        return found

    def whole(self, places: Sequence[int]) -> list[int]:
        """The places of those requests at ``places`` of which none of the same job is missing."""
        found = set(places)
        missing = {owner for place, owner in enumerate(self._owners) if place not in found}
        return [place for place in places if self._owners[place] not in missing]

    def keep(self, places: Sequence[int]) -> set[int]:
        """Note that only the requests at ``places`` are sent. Returns the places of the jobs that are complete."""
        self._complete = {self._owners[place] for place in self.whole(places)}
        self._owners = [self._owners[place] for place in places]
        return self._complete

    def note(self, rows: Sequence[Row], responses: Sequence[WholeResponse | None]) -> None:
        """Note whether the host has sent something else instead of ranges."""
        self._is_refused = any(
            row.part is not None
            and reply is not None
            and reply.status not in OVERLOAD_STATUS
            and part_of(reply.status, reply.headers, reply.body) is None
            for row, reply in zip(rows, responses, strict=True)
        )

    def joined(self, sharing: Sharing, responses: Sequence[WholeResponse | None]) -> list[WholeResponse | None]:
        """The response for each job that is complete, from those that are proven to belong to its requests."""
        found: dict[int, list[WholeResponse | None]] = {}
        for owner, response in zip(self._owners, responses, strict=False):
            if owner in self._complete:
                found.setdefault(owner, []).append(response)
        whole, is_able = list[WholeResponse | None](), None
        for parts in found.values():
            first, second = parts[0], parts[-1]
            if len(parts) == 1 or first is None or second is None:
                whole.append(first if len(parts) == 1 else None)
                continue
            is_one = are_one_file(first, second)
            whole.append(sharing.joined(first, second) if is_one else None)
            is_able = is_one and is_able is not False
        if self._paths:
            self._divisions.conclude(self._origin, is_able=False if self._is_refused else is_able)
        return whole
