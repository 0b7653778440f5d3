"""Plans new files: listed files of which neither the destination nor the state has anything. Nearly all of a first run.

``Planner`` applies one rule after another to each entry. About a file that is new, has a plain name and meets no
option, they have nothing to decide, so this takes one short function for each. What it does not take is left to
``Planner``.

``Planner`` also notes what each page of a directory shows, to find out what the complete listing lacks. Where nothing
is here, nothing can be lacking: ``take_new_directory`` concludes a directory of one page with a few new files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crawler.model import limits
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.struct import Value
from crawler.model.values import Entry, Job, Kind
from crawler.pipeline.engine import Put
from crawler.pipeline.plan.checksum_files import may_list_checksums
from crawler.pipeline.plan.jobs import certain, guess
from crawler.pipeline.plan.open_directory import OpenDirectory, OpenPage
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.rules.extraneous import Unlisted
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.walk.pages import DirectoryPage
from crawler.text.patterns import PLAIN_NAME
from crawler.text.urls import in_scope

_MOST = 64
"""Number of jobs that are put into the queue together."""
_NEW = "new"
_FILE, _DIRECTORY = Kind.FILE, Kind.DIRECTORY  # a member of an enumeration takes 80 ns to look up


class Rules(Value, frozen=True):
    """The rules of a run that may decide on a new file."""

    destination: Destination
    observer: Observer
    filters: Filters
    policy: Policy
    unlisted: Unlisted
    is_last: Callable[[str], object]
    """Tells whether a name matches --last."""

    def have_a_say(self) -> bool:
        """Whether something is known now that any new file may depend on."""
        checksums, unlisted = self.policy.checksums, self.unlisted
        return bool(unlisted.obstacles or unlisted.replaced or (checksums is not None and not checksums.is_empty))

    def refuse(self, path: str, entry: Entry) -> bool:
        """Whether a filter or robots.txt may refuse ``entry``; only called if they refuse anything."""
        filters = self.filters
        if filters.rejects(path, entry.name, entry.size, entry.modified) is not None:
            return True
        return filters.needs_headers(entry.size, entry.modified) or self.policy.rules.rejection(entry.url) is not None


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
    policy.expect([entry.size for entry in page.entries])
    return NewFiles(rules, page, directory, open_page.put)


class NewFiles:
    """Takes the new files of one page, and puts their jobs into the queue by ``put``."""

    def __init__(self, rules: Rules, page: DirectoryPage, directory: OpenDirectory, put: Put) -> None:
        """``directory``: that of ``page``, which must have been looked at, and holds nothing that the state knows."""
        self._rules, self._put = rules, put
        self._above = f"{page.directory.path}/" if page.directory.path else ""
        self._base = page.scope.base
        self._files, self._digest = directory.files, directory.digest
        self._taken = {entry.name for entry in page.entries if entry.kind is _DIRECTORY}
        self._taken.update(directory.local[page.directory.path])
        self._refuses = not (rules.filters.refuse_nothing and rules.policy.rules.allow_all(page.url))

    async def take(self, entries: Sequence[Entry], at: int) -> int:
        """Plan the new files at ``at`` of ``entries`` and after it, and put their jobs into the queue.

        Returns the place of the first entry that is left: ``Planner`` has to decide on it, or there are enough jobs.
        Raises DestinationError.
        """
        rules = self._rules
        paths = [] if rules.have_a_say() else self._plan(entries[at : at + _MOST])
        if paths:
            await self._give(entries[at : at + len(paths)], paths)
        return at + len(paths)

    async def take_all(self, entries: Sequence[Entry]) -> bool:
        """``take`` for at most _MOST entries of a directory without others; False, and nothing, unless it takes all."""
        paths, files = self._plan(entries), self._files
        if len(paths) < len(entries):
            if isinstance(files, dict):
                files.clear()
            return False
        self._rules.policy.expect([entry.size for entry in entries])
        await self._give(entries, paths)
        return True

    async def _give(self, files: Sequence[Entry], paths: Sequence[str]) -> None:
        rules = self._rules
        jobs = [
            Job(url=entry.url, path=path, reason=_NEW, size=entry.size, modified=entry.modified, row=entry.row)
            for entry, path in zip(files, paths, strict=True)
        ]
        self._digest.add_new(files)
        rules.observer.all_listed([(path, guess(entry)) for entry, path in zip(files, paths, strict=True)])
        room = [job.size.low for job in jobs if job.size is not None]
        if rules.destination.has_parts():
            has_part = rules.destination.has_part
            room = [job.size.low for job in jobs if job.size is not None and not has_part(job.path)]
        rules.policy.room.book(sum(room))
        rules.policy.room.check()
        await self._put(*jobs)

    def _plan(self, entries: Sequence[Entry]) -> list[str]:
        """The paths of those new files that are the first of ``entries``."""
        rules, above, base, taken, files = self._rules, self._above, self._base, self._taken, self._files
        is_plain, is_last, rejects = PLAIN_NAME.fullmatch, rules.is_last, rules.destination.rejects
        longest, paths = limits.PATH_BYTES // 4, list[str]()
        for entry in entries:
            name, url = entry.name, entry.url
            path = above + name
            if entry.kind is not _FILE or entry.folder or entry.digest is not None or name in taken or path in files:
                break
            if is_plain(name) is None or len(path) > longest or not in_scope(url, base):
                break
            if is_last(name) or rejects(path) is not None or (self._refuses and rules.refuse(path, entry)):
                break
            files[path] = url
            paths.append(path)
        return paths


async def take_new_directory(rules: Rules, page: DirectoryPage, directory: OpenDirectory, put: Put) -> bool:
    """Decide on all entries of ``page``, the only one of ``directory``, if these are new files, and conclude it.

    Returns False, having changed nothing, if ``Planner`` has to decide. Raises DestinationError.
    """
    path, entries, policy = page.directory.path, page.entries, rules.policy
    if not 0 < len(entries) <= _MOST or not page.is_plain or policy.allowance.is_limited:
        return False
    checksums, room = policy.checksums, policy.room
    if (checksums is not None and may_list_checksums(entries)) or room.may_overflow(certain(entries)):
        return False
    if await directory.scan(path) or (directory.state.knew_files and await directory.knows(path)) or rules.have_a_say():
        return False
    if directory.neighbours is not None and directory.destination.owner(path) is not None:
        return False
    if not await NewFiles(rules, page, directory, put).take_all(entries):
        return False
    directory.digest.expect(len(entries), more=False)
    rules.unlisted.confirm(path)
    directory.state.visited(path, None)
    if policy.unchanged is not None and page.version is not None:
        policy.unchanged.remember(path, page.version, directory.digest)
    if checksums is not None:
        checksums.leave([path])
    return True
