"""The planner: turns each entry of a page into a job if it is wanted and not current, otherwise into a result."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result
from crawler.pipeline.engine import Put
from crawler.pipeline.plan.checksum_files import by_digest, may_be_checksums, may_list_checksums, was_proven
from crawler.pipeline.plan.findings import Findings
from crawler.pipeline.plan.jobs import certain, guess, to_remember, without_place
from crawler.pipeline.plan.last_files import LastFiles
from crawler.pipeline.plan.long_directory import LongDirectory
from crawler.pipeline.plan.new_files import Rules, new_files, take_new_directories
from crawler.pipeline.plan.open_directory import OpenDirectory, OpenPage
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.rules.compare import Decision, Need, needs_fetch
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.robots import is_of_robots
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.rules.time_zones import ZoneLearner
from crawler.pipeline.rules.unusable_rows import count
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.text.names.places import place_of_entry
from crawler.text.urls import entry_path


class Planner:
    """Decides on every entry of the pages that the walker visits."""

    def __init__(
        self, destination: Destination, state: StateStore, observer: Observer, filters: Filters, policy: Policy,
        findings: Findings | None = None,
    ) -> None:  # fmt: skip
        self._destination, self._state = destination, state
        self._observer, self._filters = observer, filters
        self._policy, self._beside = policy, policy.neighbours
        last = LastFiles(policy.last)
        self._is_last = last.match
        self._open: dict[str, OpenDirectory] = {}
        self.findings = Findings() if findings is None else findings
        self._unlisted = self.findings.unlisted
        self._rules = Rules(destination, observer, filters, policy, self._unlisted, last)

    async def visit(self, page: DirectoryPage, put: Put, *, rows: Sequence[Entry] | None = None) -> bool:
        """Decide on the entries of one page. Returns False if the run needs no further pages.

        ``put`` queues a job for the workers. ``rows``: all entries of the page, if ``page.entries`` is only a part.
        """
        open_directory, policy = self._open.get(page.directory.path), self._policy
        if open_directory is None:
            if rows is None and page.last:
                return await self.visit_all([page], put)
            open_directory = self._begin(page, is_long=rows is None)
        open_directory.show(page)
        await self._meet_hosts(page)
        open_directory.weigh(page)
        # A disk that may be too small must be noticed before the first byte is saved.
        defers = not policy.allowance.is_limited and policy.room.may_overflow(certain(page.entries))
        open_page = OpenPage(
            directory=open_directory,
            page=page,
            put=put,
            zone=ZoneLearner(page.entries if rows is None else rows),
            waiting=[] if defers else None,
        )
        await self._note_checksums(page, open_page)
        self._unlisted.foresee(await open_directory.in_the_way())
        await self._decide_all(open_page)
        count(page.unusable, page.directory.path, page.url, self._filters, page.scope, self._observer)
        policy.room.check()
        for job in open_page.waiting or ():
            await put(job)
        if page.last:
            await self._close(page, open_directory)
        return not policy.allowance.spent

    async def visit_all(self, pages: Sequence[DirectoryPage], put: Put) -> bool:
        """``visit`` pages that are the only ones of their directories; those of new directories together."""
        for page in pages:
            self._begin(page, is_long=False)
        for page in await take_new_directories(self._rules, pages, self._open, put):
            if not await self.visit(page, put):
                return False
        return not self._policy.allowance.spent

    async def _decide_all(self, open_page: OpenPage) -> None:
        """Decide on each entry of a page; new files take the short way."""
        page, policy = open_page.page, self._policy
        directories = {entry.name for entry in page.entries if entry.kind is Kind.DIRECTORY and not entry.folder}
        new = await new_files(self._rules, open_page)
        at, entries = 0, [entry for entry in page.entries if entry.kind is not Kind.DIRECTORY]
        while at < len(entries):
            taken = at if new is None else await new.take(entries, at, open_page.put)
            if taken > at:
                at = taken
                continue
            entry = entries[at]
            at += 1
            if policy.allowance.spent:
                self._end(f"{page.directory.path}/{entry.name}".lstrip("/"), entry, Outcome.SKIPPED, Reason.BUDGET)
                continue
            await self._decide(page.directory, entry, open_page, clash=entry.name in directories and not entry.folder)

    def _begin(self, page: DirectoryPage, *, is_long: bool) -> OpenDirectory:
        path, destination, state = page.directory.path, self._destination, self._state
        if is_long:
            large = destination.large_directory(path)
            begun: OpenDirectory = LongDirectory(
                destination=destination, state=state, url=page.url, neighbours=self._beside, path=path, large=large
            )
        else:
            begun = OpenDirectory(destination=destination, state=state, url=page.url, neighbours=self._beside)
        return self._open.setdefault(path, begun)

    async def _close(self, page: DirectoryPage, open_directory: OpenDirectory) -> None:
        """Conclude a directory after its last page."""
        del self._open[page.directory.path]
        await self._compare(page.directory, open_directory, complete=page.complete)
        if self._policy.unchanged is not None and page.complete and page.version is not None:
            self._policy.unchanged.remember(page.directory.path, page.version, open_directory.digest)
        if self._policy.checksums:
            self._policy.checksums.leave({page.directory.path, *open_directory.local})

    async def _meet_hosts(self, page: DirectoryPage) -> None:
        """Fetch robots.txt of the other hosts to which files on this page lead, if --allow-host names them."""
        scope = page.scope
        for entry in page.entries if scope.hosts else ():
            if entry.kind is not Kind.DIRECTORY and scope.file(entry.url) is None:
                await self._policy.rules.check(entry.url)

    async def _note_checksums(self, page: DirectoryPage, open_page: OpenPage) -> None:
        """Note the checksum files of ``page`` before the first ``await``, and so before any directory below."""
        checksums = self._policy.checksums
        files: dict[str, Entry] = {}
        for entry in page.entries if checksums is not None and may_list_checksums(page.entries) else ():
            if entry.kind is not Kind.DIRECTORY and may_be_checksums(entry.name):
                path = entry_path(page.directory.path, f"{entry.folder}/{entry.name}" if entry.folder else entry.name)
                if isinstance(path, str) and self._forbidden(entry, open_page.scope) is None:
                    files[path] = entry
        if checksums is None or not files:
            return
        open_page.directory.digest.rule_out()
        for path in checksums.note(files, {entry.name for entry in page.entries}):
            if self._filters.rejects(path, files[path].name, files[path].size, files[path].modified) is None:
                local, known = await open_page.look(path, files[path])
                if needs_fetch(files[path], known, local, check=self._policy.check).need is not Need.NOTHING:
                    open_page.directory.doubted.add(path.rpartition("/")[0])

    async def _decide(self, directory: Directory, entry: Entry, open_page: OpenPage, *, clash: bool) -> None:
        """Decide on one entry: put a job for it, or report its result."""
        path = entry_path(directory.path, entry.path)
        if isinstance(path, Rejection):
            raw = place_of_entry(directory.path, entry.path)
            refused = self._filters.rejects(raw, entry.name, entry.size, entry.modified) or open_page.scope.file(
                entry.url
            )
            self._end(raw, entry, *without_place(path, refused))
            return
        refused = await self._refused(path, entry, open_page)
        if refused is not None:
            if not is_of_robots(refused):
                open_page.directory.digest.skip(entry, guess(entry), refused.reason)
            is_failure = refused.reason == Reason.ROBOTS_UNREADABLE
            ending = (Outcome.FAILED, refused.detail) if is_failure else (Outcome.SKIPPED, refused.reason)
            self._end(path, entry, *ending)
            return
        if (problem := self._destination.rejects(path)) is not None:
            self._end(path, entry, Outcome.FAILED, f"{entry.path!r} {problem}")
            return
        if open_page.directory.is_repeated(path, entry.url):  # a listing that changes between its pages may repeat rows
            self._observer.rejected(path, Rejection(Reason.DUPLICATE, entry.url))
            return
        if (clash and self._filters.prunes(path) is None) or path in open_page.directory.files:
            what = "a directory of the same name is listed too" if clash else "listed twice with different URLs"
            self._end(path, entry, Outcome.FAILED, f"{Reason.NAME_CLASH}: {what}")
            return
        open_page.directory.files[path] = entry.url
        await self._settle(path, entry, open_page)

    async def _settle(self, path: str, entry: Entry, open_page: OpenPage) -> None:
        """Decide on an entry that is wanted and whose ``path`` no other entry has."""
        parent = path.rpartition("/")[0]
        local, known = await open_page.look(path, entry)
        if (foreign := await open_page.directory.foreign(parent)) is not None:
            self._state.forget([path] if known is not None else [])  # the file there belongs to the other mirror
            self._end(path, entry, Outcome.FAILED, foreign)
            return
        decision = await self._needs(path, entry, known, local, open_page)
        published = None
        is_vouched = entry.digest is not None and self._policy.checksums is not None
        if self._policy.checksums and (decision.need is not Need.NOTHING or parent in open_page.directory.doubted):
            published = await self._policy.checksums.of(path)
            if published is not None:
                entry = replace(entry, digest=entry.digest or published.digest)
                is_vouched = is_vouched or published.is_vouched or was_proven(published, entry, known)
            if self._policy.check == "listing":
                decision = by_digest(decision, published, entry, known, local)
        self._observer.listed(path, guess(entry))
        is_current = decision.need is Need.NOTHING
        open_page.directory.digest.add(entry, local.size if is_current and local is not None else None)
        if is_current:
            assert local is not None
            proven = to_remember(path, entry, local, known, published.checked if published else None)
            self._state.remember([] if proven is None else [proven])
            self._observer.finished(
                Result(path=path, url=entry.url, outcome=Outcome.UNCHANGED, reason=decision.reason, size=local.size)
            )
        else:
            await self._give(open_page.job(decision, path, entry, is_vouched=is_vouched), open_page)

    async def _give(self, job: Job, open_page: OpenPage) -> None:
        """Put the job at once, or keep it until its page is complete or until all other jobs are done."""
        obstacle = self._unlisted.obstacle(job.path)
        if obstacle is not None:
            self._observer.finished(Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=obstacle))
            return
        if self._unlisted.is_replaced(job.path.rpartition("/")[0]):
            self.findings.blocked.append(job)
            return
        if self._policy.holds(job):
            return
        is_last = self._is_last(job.path.rpartition("/")[2])
        refused = None if is_last else await self._policy.allowance.book(job)
        if refused is not None:
            self._observer.finished(Result(path=job.path, url=job.url, outcome=Outcome.SKIPPED, reason=refused))
            return
        is_sure = job.size is not None and not job.probe and job.known is None
        is_sure = is_sure and not (is_last and self._policy.allowance.is_limited)  # it may not be fetched in this run
        if is_sure and not self._destination.has_part(job.path):  # a part may hold any amount of it
            assert job.size is not None
            old = job.local.size if job.local and job.local.kind is Kind.FILE else 0
            self._policy.room.book(job.size.low, replaced=old)
        if self._policy.checksums:
            self._policy.checksums.expect(job.path)
        if is_last:
            self.findings.held.append(job)
        elif open_page.waiting is not None:
            open_page.waiting.append(job)
        else:
            self._policy.room.check()
            await open_page.put(job)

    async def _needs(
        self, path: str, entry: Entry, known: Known | None, local: Local | None, open_page: OpenPage
    ) -> Decision:
        """Decide by the rules, with the times in UTC if possible and, under --check digest, by the local bytes."""
        decision = needs_fetch(entry, known, local, check=self._policy.check)
        if decision.need is Need.PROBE:  # with the zone known, the row may prove the copy current without a request
            timed = await open_page.timed(path, entry)
            decision = needs_fetch(timed, known, local, check=self._policy.check)
        if self._policy.check != "digest" or decision.need is Need.FETCH or known is None:
            return decision
        digest = await self._destination.digest(path)
        if known.digest is None and decision.need is Need.NOTHING and digest:
            self._state.remember([replace(known, digest=digest)])
        elif known.digest is not None and digest != known.digest:
            return Decision(Need.FETCH, "digest differs", is_disproved=True)
        return decision

    async def _refused(self, path: str, entry: Entry, open_page: OpenPage) -> Rejection | None:
        rejection = self._filters.rejects(path, entry.name, entry.size, entry.modified)
        if rejection is None and self._filters.needs_headers(entry.size, entry.modified):
            timed = await open_page.timed(path, entry)
            rejection = self._filters.rejects(path, entry.name, entry.size, timed.modified)
        return rejection or self._forbidden(entry, open_page.scope)

    def _forbidden(self, entry: Entry, scope: Scope) -> Rejection | None:
        return scope.file(entry.url) or self._policy.rules.rejection(entry.url)

    def _end(self, path: str, entry: Entry, outcome: Outcome, reason: str) -> None:
        self._observer.listed(path, guess(entry))
        self._observer.finished(Result(path=path, url=entry.url, outcome=outcome, reason=reason))

    async def _compare(self, directory: Directory, open_directory: OpenDirectory, *, complete: bool) -> None:
        """Note what the local directory holds that its complete listing does not show."""
        is_empty = complete and not open_directory.shown.directories
        if is_empty and self._unlisted.is_replaced(directory.path):
            self.findings.blocked_directories.append(directory)
        elif is_empty and directory.path and self._policy.make_directories:
            problem = await open_directory.foreign(directory.path) or await self._destination.make_folder(
                directory.path
            )
            if problem is not None:
                self._observer.listing_failed(directory.path, directory.url, problem)
        for parent in open_directory.shown.directories or [directory.path]:
            items, files = await open_directory.unlisted(parent)
            self.findings.count_local(files)
            if complete and items:
                self._unlisted.note(parent, items, doubt=open_directory.doubt, recalled=open_directory.recalled)
        if complete:
            for path in {directory.path, *open_directory.shown.directories}:
                self._unlisted.confirm(path)
            await open_directory.forget_gone(directory.path)
