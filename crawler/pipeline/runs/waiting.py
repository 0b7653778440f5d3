"""Jobs that wait until all others are done: files of --last, and files that need a deletion to make room."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crawler.model.reasons import Reason
from crawler.model.values import Job, Outcome, Result
from crawler.pipeline import engine
from crawler.pipeline.plan.findings import Findings
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.transfers import Transfers
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.save.obstructed import Obstructed

REMOVES, KEPT = "--delete removes it", "it stays until a run can delete it"
"""What the user is told about the obstacle: in a run without --delete, and in a run with it that deleted nothing."""


class WaitingJobs:
    """Finishes the jobs that the planner (``findings``) and ``obstructed`` hold back."""

    def __init__(self, parts: Components, transfers: Transfers, findings: Findings, obstructed: Obstructed) -> None:
        self._parts = parts
        self._transfers = transfers
        self._findings = findings
        self._obstructed = obstructed

    @property
    def is_blocked(self) -> bool:
        """Whether any file or directory needs a deletion to make room."""
        return bool(self._findings.blocked or self._findings.blocked_directories or self._obstructed.proven)

    @property
    def is_unfinished(self) -> bool:
        """Whether any job has no result yet: what is blocked, or held for the end by --last."""
        return self.is_blocked or bool(self._findings.held)

    @property
    def proven(self) -> Collection[str]:
        """Paths of fetched files whose places are taken by directories."""
        return self._obstructed.proven.keys()

    def fail_blocked(self, blocked: Mapping[str, str]) -> None:
        """Report what is blocked as failed before anything is deleted.

        ``blocked``: path → why the directory there stays, or the file where a listing shows a directory.
        """
        for path, blocker in blocked.items():
            job = self._obstructed.proven.pop(path, None)
            if job is not None:
                self._give_up([job], Outcome.FAILED, f"{Reason.DIRECTORY_IN_THE_WAY}: {blocker}")
            else:
                self._fail_below(path, f"{Reason.FILE_IN_THE_WAY}: {blocker}")

    def _fail_below(self, path: str, reason: str) -> None:
        """Report the directory ``path`` and everything below it as failed."""
        findings, below = self._findings, f"{path}/"
        jobs = [job for job in findings.blocked if job.path.startswith(below)]
        findings.blocked[:] = [job for job in findings.blocked if not job.path.startswith(below)]
        self._give_up(jobs, Outcome.FAILED, reason)
        for directory in list(findings.blocked_directories):
            if directory.path == path or directory.path.startswith(below):
                findings.blocked_directories.remove(directory)
                self._parts.observer.listing_failed(directory.path, directory.url, reason)

    def postpone(self) -> None:
        """Leave what is blocked to the next run if the budget of this one has no room for it.

        The limit counts as reached, so nothing is deleted.
        """
        jobs = [*self._findings.blocked, *self._obstructed.proven.values()]
        if self._parts.config.delete and jobs:
            self._parts.allowance.postpones([*jobs, *self._findings.held])

    async def finish_blocked(self, committer: Committer, *, has_room: bool) -> None:
        """Fetch the files that waited for a deletion, or report them as failed; then finish the files of --last.

        ``has_room``: the obstacles have been deleted.
        """
        findings, jobs = self._findings, list(self._obstructed.proven.values())
        self._obstructed.proven.clear()
        if has_room:
            for directory in findings.blocked_directories if self._parts.dry_run is None else ():
                problem = await self._parts.destination.make_folder(directory.path)
                if problem is not None:
                    self._parts.observer.listing_failed(directory.path, directory.url, problem)
            await self._fetch([*findings.blocked, *jobs], committer)
        elif self._parts.allowance.reached:
            self._give_up([*findings.blocked, *jobs], Outcome.SKIPPED, Reason.BUDGET)
        else:
            way_out = KEPT if self._parts.config.delete else REMOVES
            self._give_up(findings.blocked, Outcome.FAILED, f"{Reason.FILE_IN_THE_WAY}: {way_out}")
            self._give_up(jobs, Outcome.FAILED, f"{Reason.DIRECTORY_IN_THE_WAY}: {way_out}")
            for directory in findings.blocked_directories:
                self._parts.observer.listing_failed(
                    directory.path, directory.url, f"{Reason.FILE_IN_THE_WAY}: {way_out}"
                )
        await self.finish_last(committer)

    async def finish_last(self, committer: Committer) -> None:
        """Fetch the files that match --last. They may refer to other files, so only if none of those is missing."""
        held = list(self._findings.held)
        self._findings.held.clear()
        if self._parts.tally.failed or self._parts.allowance.spent:
            reason = Reason.HELD_BACK if self._parts.tally.failed else Reason.BUDGET
            self._give_up(held, Outcome.SKIPPED, reason)
        else:
            await self._fetch(held, committer)

    def _give_up(self, jobs: Sequence[Job], outcome: Outcome, reason: str) -> None:
        for job in jobs:
            self._parts.observer.finished(Result(path=job.path, url=job.url, outcome=outcome, reason=reason))

    async def _fetch(self, jobs: Sequence[Job], committer: Committer) -> None:
        """Have the workers do ``jobs``, and wait until all files have their final names."""

        async def produce(put: engine.Put) -> None:
            for job in jobs:
                refused = await self._parts.allowance.book(job)
                if refused is None:
                    await put(job)
                else:
                    self._give_up([job], Outcome.SKIPPED, refused)

        if jobs:
            await self._transfers.run(produce, committer)
            await committer.drain()
