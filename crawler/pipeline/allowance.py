"""What --max-files and --max-total-size still allow: consulted before a file is fetched, told how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Result
from crawler.pipeline.rules.budgets import Booking, Budget


class Allowance(Observer):
    """The budget of a run, as an observer of its results. Without limits it allows everything."""

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        stopped_at: Callable[[str], None] = lambda _option: None,
        warn: Callable[[str], None] = lambda _text: None,
        plans: bool = False,
    ) -> None:
        """``stopped_at`` is called with the option that ended the run. ``plans``: a dry run, which saves nothing."""
        self._budget = budget or Budget()
        self._stopped_at = stopped_at
        self._warn = warn
        self._plans = plans
        self._certain: set[str] = set()
        """In a dry run: paths that would be fetched without asking."""
        self._settled = asyncio.Event()
        self.spent = False
        """True once a file was refused because the budget is spent."""
        self.reached = False
        """True once any file was refused, also one that is too large."""

    @property
    def is_limited(self) -> bool:
        return self._budget.is_limited

    async def refuses(self, job: Job) -> str | None:
        """Why ``job`` is not done in this run, or None; in that case ``finished`` must be called with its result.

        Waits while that depends on files that are being fetched.
        """
        if not self.is_limited:
            return None
        if self._plans and job.known is None and not job.probe:
            self._certain.add(job.path)
        answer = await self._booked(job)
        if answer is Booking.TAKEN:
            return None
        if answer is Booking.TOO_LARGE:
            if not self.reached:
                self._warn(f"{job.path} is {Reason.LARGER_THAN_BUDGET}: no run will save it")
            self._stopped_at("--max-total-size")
        else:
            self.spent = True
            self._settled.set()
            self._stopped_at(self._budget.option)
        self.reached = True
        return Reason.LARGER_THAN_BUDGET if answer is Booking.TOO_LARGE else Reason.BUDGET

    async def _booked(self, job: Job) -> Booking:
        while not self.spent:
            answer = self._budget.book(job.path, _size(job))
            if answer is not Booking.WAIT:
                return answer
            self._settled.clear()
            await self._settled.wait()
        return Booking.SPENT

    def finished(self, result: Result) -> None:
        is_saved = result.outcome is Outcome.SAVED or (
            result.outcome is Outcome.SKIPPED and result.path in self._certain
        )
        size = self._budget.booked.get(result.path) if self._plans else result.size
        self._budget.settle(result.path, (size or 0) if is_saved else None)
        self._settled.set()

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        return  # they were never booked


def _size(job: Job) -> int | None:
    """Bytes that ``job`` will save, if it saves anything: the size in its row, or the former size."""
    if job.size is not None:
        return (job.size.low + job.size.high) // 2
    return job.known.size if job.known is not None else None
