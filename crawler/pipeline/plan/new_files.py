"""Plans new files: listed files of which neither the destination nor the state has anything. Nearly all of a first run.

``Planner`` applies one rule after another to each entry. About a file that is new, has a plain name and meets no
option, they have nothing to decide, so this takes one short function for each. What it does not take is left to
``Planner``.
"""

from __future__ import annotations

from collections.abc import Callable

from crawler.model import limits
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.struct import Value
from crawler.model.values import Entry, Job, Kind
from crawler.pipeline.plan.jobs import guess
from crawler.pipeline.plan.open_directory import OpenPage
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.rules.extraneous import Unlisted
from crawler.pipeline.rules.filters import Filters
from crawler.text.patterns import PLAIN_NAME
from crawler.text.urls import in_scope

_MOST = 64
"""Number of jobs that are put into the queue together."""
_NEW = "new"


class Rules(Value, frozen=True):
    """The rules of a run that may decide on a new file."""

    destination: Destination
    observer: Observer
    filters: Filters
    policy: Policy
    unlisted: Unlisted
    is_last: Callable[[str], object]
    """Tells whether a name matches --last."""

    def have_no_say(self, path: str, entry: Entry) -> bool:
        """Whether none of the rules refuses ``entry``, holds it back or adds anything to it."""
        filters, unlisted, policy = self.filters, self.unlisted, self.policy
        if unlisted.obstacles or unlisted.replaced or self.is_last(entry.name):
            return False
        if policy.checksums is not None and not policy.checksums.is_empty:
            return False
        if filters.rejects(path, entry.name, entry.size, entry.modified) is not None:
            return False
        if filters.needs_headers(entry.size, entry.modified):
            return False
        return policy.rules.rejection(entry.url) is None and self.destination.rejects(path) is None


async def new_files(rules: Rules, open_page: OpenPage) -> NewFiles | None:
    """What takes the new files of ``open_page``; None if each of its entries is a case for ``Planner``."""
    page, directory = open_page.page, open_page.directory
    path, policy = page.directory.path, rules.policy
    if policy.allowance.is_limited or open_page.waiting is not None or page.elsewhere is not None:
        return None
    if not any(entry.kind is Kind.FILE and not entry.folder for entry in page.entries):
        return None
    await directory.look(path, "")
    if directory.known[path] or await directory.foreign(path) is not None:
        return None
    return NewFiles(rules, open_page)


class NewFiles:
    """Takes the new files of one page. ``jobs`` are those that have not been put into the queue."""

    def __init__(self, rules: Rules, open_page: OpenPage) -> None:
        """``open_page``: its own directory, which must have been looked at, holds nothing that the state knows."""
        page, directory = open_page.page, open_page.directory
        self._rules, self._open_page = rules, open_page
        self._above = f"{page.directory.path}/" if page.directory.path else ""
        self._base = page.scope.base
        self._files, self._digest = directory.files, directory.digest
        self._taken = {entry.name for entry in page.entries if entry.kind is Kind.DIRECTORY}
        self._taken.update(directory.local[page.directory.path])
        self.jobs: list[Job] = []

    def take(self, entry: Entry) -> bool:
        """Plan ``entry``, and return True; False if ``Planner`` has to decide on it."""
        name, url, size, rules = entry.name, entry.url, entry.size, self._rules
        path = self._above + name
        is_plain = entry.kind is Kind.FILE and not entry.folder and entry.digest is None and name not in self._taken
        if not is_plain or path in self._files or PLAIN_NAME.fullmatch(name) is None:
            return False
        if len(path) * 4 > limits.PATH_BYTES or not in_scope(url, self._base) or not rules.have_no_say(path, entry):
            return False
        self._files[path] = url
        self._digest.add(entry, None)
        rules.observer.listed(path, guess(entry))
        job = Job(url=url, path=path, reason=_NEW, size=size, modified=entry.modified, row=entry.row)
        if not rules.policy.holds(job):
            if size is not None and not rules.destination.has_part(path):
                rules.policy.room.book(size.low)
            self.jobs.append(job)
        return True

    @property
    def is_full(self) -> bool:
        """Whether it is time to put the jobs into the queue."""
        return len(self.jobs) >= _MOST

    async def put(self) -> None:
        """Put all jobs into the queue. Raises DestinationError."""
        jobs, self.jobs = self.jobs, []
        if jobs:
            self._rules.policy.room.check()
            await self._open_page.put(*jobs)
