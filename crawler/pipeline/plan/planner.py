"""The planner: each entry of a page becomes a job if it is wanted and not current, and a result otherwise."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.engine import Put
from crawler.pipeline.plan.checksum_files import Checksums, by_digest, may_be_checksums
from crawler.pipeline.plan.jobs import certain, guess, to_remember, without_place
from crawler.pipeline.plan.neighbours import Neighbours
from crawler.pipeline.plan.open_directory import OpenDirectory, OpenPage
from crawler.pipeline.rules.budgets import Room
from crawler.pipeline.rules.compare import Decision, Need, needs_fetch
from crawler.pipeline.rules.extraneous import Missing
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.robots import is_of_robots
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.rules.time_zones import ZoneLearner
from crawler.pipeline.rules.unusable_rows import count
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories
from crawler.text.urls import entry_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Inputs to the decisions other than the filters."""

    rules: RobotsTxt
    """robots.txt of each host."""
    room: Room
    allowance: Allowance = field(default_factory=Allowance)
    last: Collection[str] = ()
    """Globs of files to be done after all others."""
    check: str = "listing"
    checksums: Checksums | None = None
    """None: published digests are not consulted."""
    make_folders: bool = True
    """Create directories that are empty upstream. False for a run that changes nothing."""
    leaves: UnchangedDirectories | None = None
    neighbours: Neighbours | None = None
    holds: Callable[[Job], bool] = lambda _job: False
    """Called with each job before it is put; True if it must wait."""


class Planner:
    """Decides on every entry of the pages that the walker visits."""

    def __init__(
        self,
        destination: Destination,
        state: StateStore,
        observer: Observer,
        filters: Filters,
        policy: Policy,
    ) -> None:
        self._destination = destination
        self._state = state
        self._observer = observer
        self._filters = filters
        self._policy, self._beside = policy, policy.neighbours
        self._is_last = re.compile("|".join(map(fnmatch.translate, policy.last)) or "(?!)").match
        self._open: dict[str, OpenDirectory] = {}
        self.held: list[Job] = []
        """Jobs that match --last: to be done after all others."""
        self.blocked: list[Job] = []
        self.blocked_folders: list[Directory] = []
        """Jobs, and empty directories, that wait for the removal of a file where their directory belongs."""
        self.missing = Missing()
        self.local_files = 0
        """Files in the local directories that were compared."""

    async def visit(self, page: DirectoryPage, put: Put, *, rows: Sequence[Entry] | None = None) -> bool:
        """Decide on the entries of one page. False if the run needs no further pages.

        ``put`` hands a job to the workers. ``rows``: all entries of the page, if ``page.entries`` are only some.
        """
        directory, policy = self._open.get(page.folder.path) or self._begin(page), self._policy
        directory.show(page)
        await self._meet_hosts(page)
        directory.weigh(page)
        # Where the disk may be too small, that must be known before the first byte is saved.
        defers = not policy.allowance.is_limited and policy.room.may_overflow(certain(page.entries))
        opened = OpenPage(
            directory=directory,
            scope=page.scope,
            put=put,
            zone=ZoneLearner(page.entries if rows is None else rows),
            waiting=[] if defers else None,
        )
        await self._note_checksums(page, opened)
        folders = {entry.name for entry in page.entries if entry.kind is Kind.DIRECTORY and not entry.folder}
        for entry in page.entries:
            if entry.kind is Kind.DIRECTORY:
                continue
            if policy.allowance.spent:
                self._end(f"{page.folder.path}/{entry.name}".lstrip("/"), entry, Outcome.SKIPPED, Reason.BUDGET)
                continue
            await self._decide(page.folder, entry, opened, clash=entry.name in folders and not entry.folder)
        count(page.unusable, page.folder.path, page.url, self._filters, page.scope, self._observer)
        policy.room.check()
        for job in opened.waiting or ():
            await put(job)
        if page.last:
            await self._close(page, directory)
        return not policy.allowance.spent

    def _begin(self, page: DirectoryPage) -> OpenDirectory:
        opened = OpenDirectory(destination=self._destination, state=self._state, url=page.url, neighbours=self._beside)
        return self._open.setdefault(page.folder.path, opened)

    async def _close(self, page: DirectoryPage, directory: OpenDirectory) -> None:
        """Conclude a directory after its last page."""
        del self._open[page.folder.path]
        await self._compare(page.folder, directory, complete=page.complete)
        if self._policy.leaves is not None and page.complete and page.version is not None:
            self._policy.leaves.remember(page.folder.path, page.version, directory.digest)
        if self._policy.checksums:
            self._policy.checksums.leave(directory.local)

    async def _meet_hosts(self, page: DirectoryPage) -> None:
        """Fetch robots.txt of the other hosts with files on this page, as far as --allow-host names them."""
        scope = page.scope
        for entry in page.entries if scope.hosts else ():
            if entry.kind is not Kind.DIRECTORY and scope.file(entry.url) is None:
                await self._policy.rules.check(entry.url)

    async def _note_checksums(self, page: DirectoryPage, opened: OpenPage) -> None:
        """Note the checksum files of ``page`` before the first ``await``, before any directory below it is visited."""
        checksums = self._policy.checksums
        files: dict[str, Entry] = {}
        for entry in page.entries if checksums is not None else ():
            if entry.kind is not Kind.DIRECTORY and may_be_checksums(entry.name):
                path = entry_path(page.folder.path, f"{entry.folder}/{entry.name}" if entry.folder else entry.name)
                if isinstance(path, str) and self._forbidden(entry, opened.scope) is None:
                    files[path] = entry
        if checksums is None or not files:
            return
        opened.directory.digest.rule_out()
        for path in checksums.note(files, {entry.name for entry in page.entries}):
            if self._filters.rejects(path, files[path].name, files[path].size, files[path].modified) is None:
                parent, _, name = path.rpartition("/")
                local, known = await opened.directory.look(parent, name)
                if needs_fetch(files[path], known, local, check=self._policy.check).need is not Need.NOTHING:
                    opened.directory.doubted.add(parent)

    async def _decide(self, folder: Directory, entry: Entry, opened: OpenPage, *, clash: bool) -> None:
        """Decide on one entry: put a job, or report a result."""
        name = f"{entry.folder}/{entry.name}" if entry.folder else entry.name
        path = entry_path(folder.path, name)
        if isinstance(path, Rejection):
            raw = f"{folder.path}/{name}".lstrip("/")
            refused = self._filters.rejects(raw, entry.name, entry.size, entry.modified) or opened.scope.file(entry.url)
            self._end(folder.path or entry.name, entry, *without_place(path, refused))
            return
        refused = await self._refused(path, entry, opened)
        if refused is not None:
            if not is_of_robots(refused):
                opened.directory.digest.skip(entry, guess(entry), refused.reason)
            is_failure = refused.reason == Reason.ROBOTS_UNREADABLE
            ending = (Outcome.FAILED, refused.detail) if is_failure else (Outcome.SKIPPED, refused.reason)
            self._end(path, entry, *ending)
            return
        if opened.directory.files.get(path) == entry.url:  # a listing that changes between its pages shows rows again
            self._observer.rejected(path, Rejection(Reason.DUPLICATE, entry.url))
            return
        if (clash and self._filters.prunes(path) is None) or path in opened.directory.files:
            what = "a folder of the same name is listed too" if clash else "listed twice with different URLs"
            self._end(path, entry, Outcome.FAILED, f"{Reason.NAME_CLASH}: {what}")
            return
        opened.directory.files[path] = entry.url
        opened.directory.digest.add(entry)
        await self._settle(path, entry, opened)

    async def _settle(self, path: str, entry: Entry, opened: OpenPage) -> None:
        """Decide on an entry that is wanted and has ``path`` for itself."""
        parent, _, name = path.rpartition("/")
        local, known = await opened.directory.look(parent, name)
        if (foreign := await opened.directory.foreign(parent)) is not None:
            self._state.forget([path] if known is not None else [])  # what lies there belongs to the other mirror
            self._end(path, entry, Outcome.FAILED, foreign)
            return
        decision = await self._needs(path, entry, known, local, opened)
        published = None
        is_vouched = entry.digest is not None and self._policy.checksums is not None
        if self._policy.checksums and (decision.need is not Need.NOTHING or parent in opened.directory.doubted):
            published = await self._policy.checksums.of(path)
            if published is not None:
                entry = replace(entry, digest=entry.digest or published.digest)
            if self._policy.check == "listing":
                decision = by_digest(decision, published, entry, known, local)
        self._observer.listed(path, guess(entry))
        if decision.need is Need.NOTHING:
            assert local is not None
            proven = to_remember(path, entry, local, known, published.checked if published else None)
            self._state.remember([] if proven is None else [proven])
            self._observer.finished(
                Result(path=path, url=entry.url, outcome=Outcome.UNCHANGED, reason=decision.reason, size=local.size)
            )
        else:
            await self._give(await opened.job(decision, path, entry, is_vouched=is_vouched), opened)

    async def _give(self, job: Job, opened: OpenPage) -> None:
        """Put the job: now, after its page, or after all others."""
        obstacle = self.missing.obstacle(job.path)
        if obstacle is not None:
            self._observer.finished(Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=obstacle))
            return
        if self.missing.is_replaced(job.path):
            self.blocked.append(job)
            return
        if self._policy.holds(job):
            return
        is_last = self._is_last(job.path.rpartition("/")[2])
        refused = None if is_last else await self._policy.allowance.refuses(job)
        if refused is not None:
            self._observer.finished(Result(path=job.path, url=job.url, outcome=Outcome.SKIPPED, reason=refused))
            return
        is_sure = job.size is not None and not job.probe and job.known is None
        is_sure = is_sure and not (is_last and self._policy.allowance.is_limited)  # it may not be fetched in this run
        if is_sure and not self._destination.has_part(job.path):  # how much of it a part holds is not known here
            assert job.size is not None
            old = job.local.size if job.local and job.local.kind is Kind.FILE else 0
            self._policy.room.book(job.size.low, replaced=old)
        if self._policy.checksums:
            self._policy.checksums.expect(job.path)
        if is_last:
            self.held.append(job)
        elif opened.waiting is not None:
            opened.waiting.append(job)
        else:
            self._policy.room.check()
            await opened.put(job)

    async def _needs(
        self, path: str, entry: Entry, known: Known | None, local: Local | None, opened: OpenPage
    ) -> Decision:
        """The decision by the rules, with the server's zone, and with --check digest by the local bytes."""
        decision = needs_fetch(entry, known, local, check=self._policy.check)
        if decision.need is Need.PROBE:  # if the zone can be learnt, no request may be needed
            timed = await opened.timed(path, entry)
            decision = needs_fetch(timed, known, local, check=self._policy.check)
        if self._policy.check != "digest" or decision.need is Need.FETCH or known is None:
            return decision
        digest = await self._destination.digest(path)
        if known.digest is None and decision.need is Need.NOTHING and digest:
            self._state.remember([replace(known, digest=digest)])
        elif known.digest is not None and digest != known.digest:
            return Decision(Need.FETCH, "digest differs", is_disproved=True)
        return decision

    async def _refused(self, path: str, entry: Entry, opened: OpenPage) -> Rejection | None:
        rejection = self._filters.rejects(path, entry.name, entry.size, entry.modified)
        if rejection is None and self._filters.needs_headers(entry.size, entry.modified):
            timed = await opened.timed(path, entry)
            rejection = self._filters.rejects(path, entry.name, entry.size, timed.modified)
        return rejection or self._forbidden(entry, opened.scope)

    def _forbidden(self, entry: Entry, scope: Scope) -> Rejection | None:
        return scope.file(entry.url) or self._policy.rules.rejection(entry.url)

    def _end(self, path: str, entry: Entry, outcome: Outcome, reason: str) -> None:
        self._observer.listed(path, guess(entry))
        self._observer.finished(Result(path=path, url=entry.url, outcome=outcome, reason=reason))

    async def _compare(self, folder: Directory, directory: OpenDirectory, *, complete: bool) -> None:
        """Note what the local directory holds and its complete listing does not show."""
        is_empty = complete and not directory.shown.folders
        if is_empty and self.missing.is_replaced(folder.path):
            self.blocked_folders.append(folder)
        elif is_empty and folder.path and self._policy.make_folders:
            problem = await directory.foreign(folder.path) or await self._destination.make_folder(folder.path)
            if problem is not None:
                self._observer.listing_failed(folder.path, folder.url, problem)
        for parent in directory.shown.folders or [folder.path]:
            local = await directory.scan(parent)
            self.local_files += sum(not (found.kind is Kind.DIRECTORY or found.spared) for found in local.values())
            if complete:
                items = directory.shown.extraneous(parent, local)
                self.missing.note(parent, items, doubt=directory.doubt, recalled=directory.recalled)
        if complete:
            self.missing.confirm(folder.path)
            await directory.forget_gone(folder.path)
