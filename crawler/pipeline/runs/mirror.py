"""The run of a mirror: robots.txt, the walk, the transfers, the files held back, the deletions."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.errors import DeleteRefused
from crawler.model.interfaces import Redirects
from crawler.model.reasons import FOLDER_IN_THE_WAY
from crawler.model.values import Job, Outcome, Result
from crawler.pipeline import engine
from crawler.pipeline.allowance import BUDGET
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.neighbours import Neighbours
from crawler.pipeline.plan.planner import Planner, Policy
from crawler.pipeline.rules.budgets import Room
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.runs.base import Components, Run
from crawler.pipeline.runs.build import build_walker
from crawler.pipeline.save import absence
from crawler.pipeline.save.collecting import below_any, collect
from crawler.pipeline.save.deletion import Circumstances, Doomed, Excluded, candidates, doubts, judge, remove
from crawler.pipeline.save.obstructed import Obstructed
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories, wishes
from crawler.pipeline.walk.walker import Directory, DirectoryPage, Walker

FILE_IN_THE_WAY = "a file is in the way of its folder"
"""Why a file failed whose folder cannot be made."""
REMOVES, KEPT = "--delete removes it", "it stays until a run can delete it"
"""What becomes of that which is in the way: without --delete, and with it where nothing was deleted."""
HELD_BACK = "held back, because something before it failed"
"""Why a file that matches --last was skipped."""


class MirrorRun(Run):
    """Mirrors one listing and what is below it."""

    def __init__(self, parts: Components, url: str) -> None:
        super().__init__(parts)
        self._url = url
        self._walker: Walker
        self._producer: Planner
        plans = self.planner is not None
        self.results = self._obstructed = Obstructed(parts.observer, parts.allowance, plans=plans)

    async def run(self) -> None:
        """Raises ListingError, RobotsForbidden, DestinationError, DeleteRefused."""
        if not await self.guarded(self._transfer):
            return
        await self._collect()
        refusal = None
        try:
            has_room = await self._delete()
        except DeleteRefused as error:  # said at the end: what was waiting for the deletions has its account, too
            has_room, refusal = False, error
        if self._is_waiting() and not await self.guarded(lambda: self._finish_blocked(has_room=has_room)):
            return
        await self._clean_parts()
        if refusal is not None:
            raise refusal

    async def _transfer(self) -> None:
        parts, config = self.parts, self.parts.config
        await self.rules.enter(self._url)
        free = await parts.destination.free_space()
        room = Room(parts.tally.directory, free, keeps_old=config.trash is not None, strict=self.planner is None)
        if config.verify_digests:
            self.checksums = self._published()
        self._leaves = leaves = UnchangedDirectories(
            parts.destination, parts.state, parts.observer, allows=self.rules.allows, wishes=wishes(config, self._url)
        )
        policy = self._policy(room, leaves)
        self._producer = producer = Planner(parts.destination, parts.state, parts.observer, self.filters, policy)
        self._walker = walker = build_walker(
            config,
            parts.client,
            parts.state,
            parts.observer,
            parts.parser,
            rules=self.rules,
            refuse=producer.refuse,
            leaves=leaves,
        )
        producer.scope = lambda: walker.scope
        starts = [Directory(path="", url=self._url)]
        while starts:
            await self.engine(lambda put, starts=starts: self._produce(starts, put))  # type: ignore[misc]
            late, self.late = self.late, []
            starts = walker.late(late)
        await self.committer.drain()
        if not self._is_waiting():
            await self._finish_last()
        if room.problem is not None:
            parts.tally.warn(room.problem, 4)
        if config.delete and not parts.allowance.reached:
            await absence.prove(producer.missing, walker, parts.observer, self._may_go)

    def _published(self) -> Checksums:
        parts, attempts = self.parts, self.parts.config.attempts
        warn = parts.tally.warn
        return Checksums(parts.client, parts.destination, parts.state, self.permit, attempts=attempts, warn=warn)

    async def _may_go(self, item: Extraneous) -> bool:
        excluded = self.parts.config.delete_excluded
        doomed = await candidates([item], self.parts.destination, self.filters, delete_excluded=excluded)
        return bool(doomed.files or doomed.folders)

    def _policy(self, room: Room, leaves: UnchangedDirectories) -> Policy:
        config = self.parts.config
        return Policy(
            rules=self.rules,
            allowance=self.parts.allowance,
            room=room,
            last=config.last,
            check=config.check,
            checksums=self.checksums,
            make_folders=self.planner is None,
            leaves=leaves,
            neighbours=Neighbours(self.parts.destination, self.parts.url_of, lambda: self._url),
            holds=self._obstructed.holds,
        )

    async def _produce(self, starts: Sequence[Directory], put: engine.Put) -> None:
        producer, walker = self._producer, self._walker
        producer.put = put

        async def visit(page: DirectoryPage) -> None:
            await producer.visit(page)
            walker.stopped = self.parts.allowance.spent

        await walker.walk(starts, visit)
        self.parts.observer.walked()
        if self.parts.pool is not None:
            self.parts.pool.walked()

    def redirects(self) -> Redirects:
        return self._walker.scope

    def _is_waiting(self) -> bool:
        """Is there anything that a deletion has to make room for?"""
        producer = self._producer
        return bool(producer.blocked or producer.blocked_folders or self._obstructed.proven)

    async def _finish_blocked(self, *, has_room: bool) -> None:
        """What had to wait for a deletion, and after it the files that may name it."""
        producer, jobs = self._producer, list(self._obstructed.proven.values())
        self._obstructed.proven.clear()
        if has_room:
            for folder in producer.blocked_folders if self.planner is None else ():
                problem = await self.parts.destination.make_folder(folder.path)
                if problem is not None:
                    self.parts.observer.listing_failed(folder.path, folder.url, problem)
            await self._send([*producer.blocked, *jobs])
        elif self.parts.allowance.reached:
            self._give_up([*producer.blocked, *jobs], Outcome.SKIPPED, BUDGET)
        else:
            way_out = KEPT if self.parts.config.delete else REMOVES
            self._give_up(producer.blocked, Outcome.FAILED, f"{FILE_IN_THE_WAY}: {way_out}")
            self._give_up(jobs, Outcome.FAILED, f"{FOLDER_IN_THE_WAY}: {way_out}")
            for folder in producer.blocked_folders:
                reason = f"{FILE_IN_THE_WAY}: {way_out}"
                self.parts.observer.listing_failed(folder.path, folder.url, reason)
        await self._finish_last()

    async def _finish_last(self) -> None:
        """Files that match --last, which name others: only once all of those are here."""
        held = list(self._producer.held)
        self._producer.held.clear()
        if self.parts.tally.failed or self.parts.allowance.spent:
            reason = HELD_BACK if self.parts.tally.failed else BUDGET
            self._give_up(held, Outcome.SKIPPED, reason)
        else:
            await self._send(held)

    def _give_up(self, jobs: Sequence[Job], outcome: Outcome, reason: str) -> None:
        for job in jobs:
            self.parts.observer.finished(Result(path=job.path, url=job.url, outcome=outcome, reason=reason))

    async def _send(self, jobs: Sequence[Job]) -> None:
        """To the workers, and wait until all have their names."""

        async def produce(put: engine.Put) -> None:
            for job in jobs:
                refused = await self.parts.allowance.refuses(job)
                if refused is None:
                    await put(job)
                else:
                    self._give_up([job], Outcome.SKIPPED, refused)

        if jobs:
            await self.engine(produce)
            await self.committer.drain()

    async def _delete(self) -> bool:
        """What is gone upstream, if nothing casts doubt on that. True if it was removed, or would be."""
        parts, config, producer = self.parts, self.parts.config, self._producer
        for path in self._obstructed.proven:
            producer.missing.arrived(path)
        parts.tally.extraneous = len(producer.missing.gone)
        parts.tally.spared = producer.missing.spared
        if not self._may_delete():
            return False
        doomed = await candidates(
            producer.missing.gone, parts.destination, self.filters, delete_excluded=config.delete_excluded
        )
        parts.tally.extraneous = len(doomed.files)
        parts.tally.spared = producer.missing.spared | doomed.spared
        if self.planner is not None:
            self.planner.delete(doomed)
        if not self._may_delete(doomed):
            return False
        if self.planner is None:
            for path, reason in await remove(doomed, parts.destination, parts.state, parts.observer):
                parts.tally.warn(f"could not delete {path}: {reason}", 4)
        return True

    def _may_delete(self, doomed: Doomed | None = None) -> bool:
        """As things are now; ``doomed``: what would go, once it is known. Raises DeleteRefused."""
        parts, config, missing = self.parts, self.parts.config, self._producer.missing
        case = Circumstances(
            wanted=config.delete,
            gone=bool(missing.gone),
            doubts=tuple(doubts(missing)),
            interrupted=parts.stop.reason is not None,
            limit_reached=parts.allowance.reached,
            failed=bool(parts.tally.failed),
            listings_failed=bool(self._walker.failures),
            ignores_errors=config.ignore_errors,
            count=len(doomed.files) if doomed else 0,
            total=self._producer.local_files + self._leaves.files + doomed.uncounted if doomed else 0,
            limit=config.max_delete,
        )
        judgement = judge(case)
        for text, code in judgement.warnings:
            parts.tally.warn(text, code)
        if judgement.refusal is not None:
            raise DeleteRefused(judgement.refusal)
        return judgement.deletes

    async def _collect(self) -> None:
        """After a walk that missed nothing: what the state remembers and nobody will ask for again."""
        is_partial = self.parts.config.no_recursive or self.parts.allowance.reached or self._walker.failures
        if self.planner is None and not is_partial:
            spared = below_any(self._walker.refused | set(self._producer.missing.doubted))
            await collect(self.parts.destination, self.parts.state, spared, base=self._walker.scope.base)

    async def _clean_parts(self) -> None:
        """After a run that brought all there is, a part that is left belongs to a file that is gone upstream."""
        config = self.parts.config
        is_partial = config.no_recursive or config.max_depth is not None or self.parts.allowance.reached
        if self.planner is None and not is_partial and not self.parts.tally.failed:
            await self.parts.destination.clean_parts(Excluded(self.filters))
