"""``--verify``: compares the local files with the state, several at once, and repairs them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby

from crawler.model.columns.new_files import NewFiles
from crawler.model.errors import UnreadableDirectory
from crawler.model.reasons import Reason
from crawler.model.state.store import REPLACING
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Local, Outcome, Result, Span, Staged
from crawler.pipeline import engine
from crawler.pipeline.plan.single_path import look
from crawler.pipeline.rules.compare import is_intact
from crawler.pipeline.rules.extraneous import in_its_place
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.url_list import DownloadRun
from crawler.pipeline.save.committer import Committer


class VerifyRun(DownloadRun):
    """Verifies every file that the state knows.

    The outcome is UNCHANGED (as it was saved), SKIPPED (nothing to compare with), FAILED, or SAVED (repaired).
    """

    def __init__(self, parts: Components, *, repair: bool) -> None:
        super().__init__(parts)
        self._repair = repair
        self._bad: list[Job] = []

    async def verify(self) -> None:
        """Verify all files and, if wanted, repair them. Raises DestinationError."""
        await self.transfers.guarded(self._work)

    async def _work(self, committer: Committer) -> None:
        config = self.parts.config
        await engine.run(self._known, self._compare, self._note, workers=config.workers, backlog=config.backlog)
        if self._bad:
            await self.transfers.run(lambda put: self._again(self._bad, put), committer)
            await committer.drain()

    async def _known(self, put: engine.Put) -> None:
        """Put a job for each file in the state, together with the local file at its path."""
        parts = self.parts
        async for batch in parts.state.all_files():
            for directory, files in groupby(batch, key=lambda known: known.path.rpartition("/")[0]):
                there, problem = dict[str, Local](), ""
                try:
                    there = await parts.destination.scan(directory)
                except UnreadableDirectory as error:
                    problem = f"its directory cannot be read: {error.reason}"
                for known in files:
                    parts.observer.listed(known.path, known.size)
                    await put(_job(known, there.get(known.path.rpartition("/")[2]), problem))
        parts.observer.walked()

    async def _compare(self, job: Job) -> Result:
        """Compare one file with its record. Called by the engine's workers; sends no request."""
        observer, known = self.parts.observer, job.known
        assert known is not None
        began = time.monotonic()
        observer.started(job)
        outcome, reason = Outcome.FAILED, job.reason
        if not job.reason:
            outcome, reason = _compare_sizes(known, job.local, repairs=self._repair)
        if outcome is Outcome.UNCHANGED:
            digest = await self.parts.destination.digest(job.path)
            observer.received(job, known.size)
            if digest and known.digest is None:
                self.parts.state.remember([replace(known, digest=digest)])
                outcome, reason = Outcome.SKIPPED, Reason.DIGEST_NOTED
            elif digest != known.digest:
                outcome, reason = Outcome.FAILED, "digest differs" if digest else "cannot be read"
        return Result(
            path=job.path,
            url=job.url,
            outcome=outcome,
            reason=reason,
            size=job.local.size if job.local else 0,
            seconds=time.monotonic() - began,
        )

    async def _note(self, *done: Result | Staged | NewFiles) -> None:
        for each in done:
            assert isinstance(each, Result)
            if each.outcome is not Outcome.FAILED or not self._repair:
                self.parts.observer.finished(each)
            else:
                self._bad.append(Job(url=each.url, path=each.path, reason=each.reason))

    async def _again(self, bad: Sequence[Job], put: engine.Put) -> None:
        """Put a job for each damaged file that robots.txt still allows, so that the workers fetch it again."""
        for job in bad:
            problem = await self._forbidden(job.url)
            if problem is not None:
                self._fail(job.path, job.url, f"{job.reason}; {problem}")
                continue
            known = await self.parts.state.file(job.path)
            try:
                local = await look(self.parts.destination, job.path)
            except UnreadableDirectory:
                self._fail(job.path, job.url, job.reason)
                continue
            recorded = known if known is not None and known.digest != REPLACING else None
            await put(replace(job, row=known.row if known else "", local=local, recorded=recorded))


def _job(known: Known, local: Local | None, problem: str) -> Job:
    """The job to compare a file. ``problem``: why nothing is known of it; "" if ``local`` is what is there."""
    size = Span(known.size, known.size)
    return Job(url=known.url, path=known.path, reason=problem, size=size, known=known, local=local)


def _compare_sizes(known: Known, local: Local | None, *, repairs: bool) -> tuple[Outcome, str]:
    """Compare a file without reading it. UNCHANGED: its digest decides, or, if ``repairs``, will be recorded."""
    if local is not None and known.digest == REPLACING:  # the old or the new version, and nothing tells which
        return Outcome.FAILED, Reason.BEING_REPLACED
    if local is None:
        return Outcome.FAILED, "missing"
    if local.kind is not Kind.FILE:
        return Outcome.FAILED, in_its_place(local.kind)
    if local.size != known.size:
        return Outcome.FAILED, f"has {local.size} bytes, not {known.size}"
    is_to_be_read = known.digest or (repairs and is_intact(known, local))
    return (Outcome.UNCHANGED, "as saved") if is_to_be_read else (Outcome.SKIPPED, Reason.NO_DIGEST)
