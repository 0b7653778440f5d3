"""Holds back files whose name is taken by a directory, until everything else is here."""

from __future__ import annotations

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.values import Job, Kind, Outcome, Result
from crawler.pipeline.allowance import Allowance


class Obstructed(Observer):
    """An observer in front of the observer of results, which holds back failures that are only due to such a directory.

    The file was fetched and checked, so upstream has a file there, and not a directory whose slash the listing omits.
    """

    def __init__(self, observer: Observer, allowance: Allowance, *, plans: bool) -> None:
        """``plans``: nothing is fetched, so the listing is believed that it is a file."""
        self._observer = observer
        self._allowance = allowance
        self._plans = plans
        self._expected: dict[str, Job] = {}
        self.proven: dict[str, Job] = {}
        """Path → job, to be repeated once the directory is gone, or to fail."""

    def holds(self, job: Job) -> bool:
        """Called with each job before it is put. True if it is not to be put now."""
        if job.local is None or job.local.kind is not Kind.DIRECTORY:
            return False
        if self._plans and job.kind is not Kind.UNKNOWN:
            self.proven[job.path] = job
            return True
        self._expected[job.path] = job
        return False

    def finished(self, result: Result) -> None:
        job = self._expected.pop(result.path, None)
        if job is not None and result.outcome is Outcome.FAILED and result.reason == Reason.DIRECTORY_IN_THE_WAY:
            self.proven[job.path] = job
            self._allowance.finished(result)  # it was booked, and will be again
        else:
            self._observer.finished(result)
