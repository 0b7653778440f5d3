"""``--dry-run``: notes each step that a run would take, and its reason, instead of taking it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.report import Step
from crawler.model.values import Job, Outcome, Result, Span
from crawler.pipeline.save.removal import Removals


class DryRun:
    """Notes steps in ``steps``, in place of transfers and deletions."""

    def __init__(self, steps: list[Step], observer: Observer, unwritable: Callable[[str], str] | None) -> None:
        """``unwritable``: says why files in a directory could not be stored, or "". None if that cannot be known."""
        self._steps = steps
        self._observer = observer
        self._unwritable = unwritable
        self._reasons = dict[str, str]()
        """Directory → what ``unwritable`` says of it."""

    async def process(self, job: Job) -> Result:
        """Note the step for ``job``. The engine's workers call this instead of ``Downloader.process``.

        Raises DestinationError if no file could be stored.
        """
        self._observer.started(job)
        if reason := await self._reason(job.path.rpartition("/")[0]):
            return Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=reason)
        asks = job.probe or job.known is not None
        self._steps.append(
            Step(action="ask" if asks else "fetch", path=job.path, reason=job.reason, size=job.size, url=job.url)
        )
        return Result(path=job.path, url=job.url, outcome=Outcome.SKIPPED, reason=Reason.DRY_RUN)

    async def _reason(self, directory: str) -> str:
        """Why files in ``directory`` could not be stored. The disk is asked once for each, in a thread."""
        if self._unwritable is None:
            return ""
        if directory not in self._reasons:
            self._reasons[directory] = await asyncio.to_thread(self._unwritable, directory)
        return self._reasons[directory]

    def delete(self, removals: Removals) -> None:
        """Note the steps that remove files and directories; those of directories have no size."""
        for path in removals.files:
            size = removals.sizes[path]
            self._steps.append(Step(action="delete", path=path, reason=Reason.GONE, size=Span(size, size)))
        self._steps += [Step(action="delete", path=f"{path}/", reason=Reason.GONE) for path in removals.directories]
