"""Enforces --max-files and --max-total-size: a file is booked before it is fetched and settled by its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Result
from crawler.pipeline.rules.budgets import Booking, Budget, expected_size


class Allowance(Observer):
    """Books files in the budget of a run; as an observer of the run, it settles them by their results."""

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
        """In a dry run: paths of files that would certainly be fetched, because there is no local copy."""
        self._settled = asyncio.Event()
        self._has_warned = False
        self.spent = False
        """True once a file has been refused because the budget is spent."""
        self.reached = False
        """True once any file has been refused, even if only because it is larger than the whole budget."""

    @property
    def is_limited(self) -> bool:
        return self._budget.is_limited

    async def book(self, job: Job) -> str | None:
        """Book ``job`` if the budget allows it. Returns None, or the reason why the run must not fetch it.

        Waits while the decision depends on files that are being fetched. The result of a booked job must be passed to
        ``finished``.
        """
        if not self.is_limited:
            return None
        if self._plans and job.known is None and not job.probe:
            self._certain.add(job.path)
        answer = await self._booked(job)
        if answer is Booking.TAKEN:
            return None
        if answer is Booking.TOO_LARGE:
            self._warn_of(job)
            self._stopped_at("--max-total-size")
        else:
            self.spent = True
            self._settled.set()
            self._stopped_at(self._budget.option)
        self.reached = True
        return Reason.LARGER_THAN_BUDGET if answer is Booking.TOO_LARGE else Reason.BUDGET

    def postpones(self, jobs: Sequence[Job]) -> bool:
        """Whether ``jobs``, for which something must be deleted first, have to wait; then the limit was reached."""
        if not self.is_limited or not self._budget.postpones([expected_size(job) for job in jobs]):
            return False
        for job in jobs:
            if self._budget.is_too_large(expected_size(job)):
                self._warn_of(job)
        self.reached = True
        self._stopped_at(self._budget.option)
        return True

    def _warn_of(self, job: Job) -> None:
        """Name the first file that is larger than the whole budget."""
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"{job.path} is {Reason.LARGER_THAN_BUDGET}: no run will save it")

    async def _booked(self, job: Job) -> Booking:
        while not self.spent:
            answer = self._budget.book(job.path, expected_size(job))
            if answer is not Booking.WAIT:
                return answer
            self._settled.clear()
            await self._settled.wait()
        return Booking.SPENT

    def all_saved(self, results: Sequence[Result]) -> None:
        if self.is_limited:
            super().all_saved(results)

    def finished(self, result: Result) -> None:
        is_saved = result.outcome is Outcome.SAVED or (
            result.outcome is Outcome.SKIPPED and result.path in self._certain
        )
        size = self._budget.booked.get(result.path) if self._plans else result.size
        self._budget.settle(result.path, (size or 0) if is_saved else None)
        self._settled.set()

    def counts_unchanged(self) -> bool:
        return True

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        return  # unchanged directories are reported as a whole and never booked
