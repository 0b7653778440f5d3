"""Plans new files: listed files of which neither the destination nor the state has anything. Nearly all of a first run.

``Planner`` applies one rule after another to each entry. About a file that is new, has a plain name and meets no
option, they have nothing to decide, so this takes one short function for each. What it does not take is left to
``Planner``.

``Planner`` also notes what each page of a directory shows, to find out what the complete listing lacks. Where nothing
is here, nothing can be lacking: ``take_new_directories`` concludes directories of one page with a few new files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crawler.model import limits
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.struct import Value
from crawler.model.values import Entry, Job, Kind
from crawler.pipeline.engine import Put
from crawler.pipeline.plan.checksum_files import may_list_checksums
from crawler.pipeline.plan.jobs import certain, guess
from crawler.pipeline.plan.last_files import LastFiles
from crawler.pipeline.plan.open_directory import OpenDirectory, OpenPage
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.rules.extraneous import Unlisted
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import all_in_scope
from crawler.pipeline.walk.pages import DirectoryPage
from crawler.text.patterns import PLAIN_NAME, PLAIN_NAMES
from crawler.text.urls import in_scope

_MOST = 64
"""Number of jobs that are put into the queue together."""
_LONGEST = limits.PATH_BYTES // 4
"""Maximum length of a path in characters: no encoding of a longer one needs to be counted."""
_NEW = "new"
_FILE, _DIRECTORY = Kind.FILE, Kind.DIRECTORY  # a member of an enumeration takes 80 ns to look up


class Rules(Value, frozen=True):
    """The rules of a run that may decide on a new file."""

    destination: Destination
    observer: Observer
    filters: Filters
    policy: Policy
    unlisted: Unlisted
    last: LastFiles

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
    await directory.scan(path)
    if await directory.knows(path) or await directory.foreign(path) is not None:
        return None
    policy.expect([entry.size for entry in page.entries])
    return NewFiles(rules, page, directory)


class NewFiles:
    """Takes the new files of one page."""

    def __init__(self, rules: Rules, page: DirectoryPage, directory: OpenDirectory) -> None:
        """``directory``: that of ``page``, which must have been looked at, and holds nothing that the state knows."""
        self._rules = rules
        self._above = f"{page.directory.path}/" if page.directory.path else ""
        self._base = page.scope.base
        self._files, self._digest = directory.files, directory.digest
        self._taken = {entry.name for entry in page.entries if entry.kind is _DIRECTORY}
        self._taken.update(directory.local[page.directory.path])
        self._refuses = not (rules.filters.refuse_nothing and rules.policy.rules.allow_all(page.url))

    async def take(self, entries: Sequence[Entry], at: int, put: Put) -> int:
        """Plan the new files at ``at`` of ``entries`` and after it, and put their jobs into the queue by ``put``.

        Returns the place of the first entry that is left: ``Planner`` has to decide on it, or there are enough jobs.
        Raises DestinationError.
        """
        rules = self._rules
        paths = [] if rules.have_a_say() else self.plan(entries[at : at + _MOST])
        if paths:
            files = entries[at : at + len(paths)]
            await _give(rules, files, paths, self._digest.add_new(files), put)
        return at + len(paths)

    def plan(self, entries: Sequence[Entry]) -> list[str]:
        """The paths of those new files that are the first of ``entries``."""
        rules, above, base, taken, files = self._rules, self._above, self._base, self._taken, self._files
        if isinstance(files, dict) and self._are_new(entries, files):
            paths = [above + entry.name for entry in entries]
            files.update(zip(paths, [entry.url for entry in entries], strict=True))
            return paths
        is_plain, is_last, rejects = PLAIN_NAME.fullmatch, rules.last.match, rules.destination.rejects
        longest, paths = _LONGEST, list[str]()
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

    def _are_new(self, entries: Sequence[Entry], files: Mapping[str, str]) -> bool:
        """Whether ``plan`` takes all of ``entries``, if that can be found out by looking at all of them together."""
        names, rules = [entry.name for entry in entries], self._rules
        paths, count, text = [self._above + name for name in names], len(names), "\n".join(names)
        if self._refuses or PLAIN_NAMES.fullmatch(text) is None or text.count("\n") >= count:
            return False
        is_free = files.keys().isdisjoint(paths) and self._taken.isdisjoint(names)
        if not (is_free and rules.last.cannot_match(text)):
            return False
        if len(self._above) + max(map(len, names)) > _LONGEST or len({*names}) < count:
            return False
        are_files = [entry.kind for entry in entries].count(_FILE) == count
        if not are_files or [entry.folder or entry.digest for entry in entries].count(None) < count:
            return False
        is_storable = list(map(rules.destination.rejects, paths)).count(None) == count
        return is_storable and all_in_scope([entry.url for entry in entries], self._base)


async def _give(
    rules: Rules, files: Sequence[Entry], paths: Sequence[str], marks: Sequence[int | None], put: Put
) -> None:
    """Put jobs for ``files``, which belong at ``paths`` and have ``marks``, into the queue. Raises DestinationError."""
    jobs = [
        Job(url=entry.url, path=path, reason=_NEW, size=entry.size, modified=entry.modified, row=entry.row, mark=mark)
        for entry, path, mark in zip(files, paths, marks, strict=True)
    ]
    rules.observer.all_listed([(path, guess(entry)) for entry, path in zip(files, paths, strict=True)])
    room = [job.size.low for job in jobs if job.size is not None]
    if rules.destination.has_parts():
        has_part = rules.destination.has_part
        room = [job.size.low for job in jobs if job.size is not None and not has_part(job.path)]
    rules.policy.room.book(sum(room))
    rules.policy.room.check()
    await put(*jobs)


async def take_new_directories(
    rules: Rules, pages: Sequence[DirectoryPage], opened: dict[str, OpenDirectory], put: Put
) -> list[DirectoryPage]:
    """Decide on all entries of pages of new directories, each the only page of its directory, and conclude these.

    ``opened``: path → directory; those that are concluded are removed. Returns the other pages, on which ``Planner``
    has to decide, and of which nothing has changed. Raises DestinationError.
    """
    simple, others = list[DirectoryPage](), list[DirectoryPage]()
    for page in pages:
        (simple if _is_simple(rules, page) else others).append(page)
    total = certain([entry for page in simple for entry in page.entries])
    if not simple or rules.policy.allowance.is_limited or rules.have_a_say() or rules.policy.room.may_overflow(total):
        return list(pages)
    await _scan(simple, opened, rules.destination)
    files, paths, new = list[Entry](), list[str](), list[DirectoryPage]()
    for page in simple:
        found = await _paths(rules, page, opened[page.directory.path])
        if len(found) < len(page.entries):
            others.append(page)
            continue
        new.append(page)
        files += page.entries
        paths += found
    if new:
        rules.policy.expect([entry.size for entry in files])
        marks = [mark for page in new for mark in opened[page.directory.path].digest.add_new(page.entries)]
        await _give(rules, files, paths, marks, put)
    for page in new:
        _conclude(rules, page, opened.pop(page.directory.path))
    return others


def _is_simple(rules: Rules, page: DirectoryPage) -> bool:
    """Whether ``page`` shows a few entries, about which there is nothing to say."""
    entries = page.entries
    if not 0 < len(entries) <= _MOST or not page.is_plain:
        return False
    return rules.policy.checksums is None or not may_list_checksums(entries)


async def _scan(pages: Sequence[DirectoryPage], opened: Mapping[str, OpenDirectory], destination: Destination) -> None:
    """Look at the directories of all ``pages`` together, if possible. Raises DestinationError."""
    paths = [page.directory.path for page in pages]
    if (together := destination.scan_all(paths)) is not None:
        for path, local in zip(paths, await together, strict=True):
            opened[path].local[path] = local


async def _paths(rules: Rules, page: DirectoryPage, directory: OpenDirectory) -> list[str]:
    """The paths of the files on ``page``; fewer if anything is in its ``directory`` or known of it, or not all are new.

    Raises DestinationError.
    """
    path = page.directory.path
    if await directory.scan(path) or (directory.state.knew_files and await directory.knows(path)):
        return []
    if directory.neighbours is not None and directory.destination.owner(path) is not None:
        return []
    found = NewFiles(rules, page, directory).plan(page.entries)
    if len(found) < len(page.entries) and isinstance(directory.files, dict):
        directory.files.clear()
    return found


def _conclude(rules: Rules, page: DirectoryPage, directory: OpenDirectory) -> None:
    """Conclude a directory whose files are all new, once their jobs are in the queue."""
    path, policy = page.directory.path, rules.policy
    directory.digest.expect(len(page.entries), more=False)
    directory.state.visited(path, None)
    if policy.unchanged is not None and page.version is not None:
        policy.unchanged.remember(path, page.version, directory.digest)
