"""Counts the attempts, bytes and seconds that a job takes, and builds its Result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from crawler.model.errors import FetchError, VerificationError
from crawler.model.freshness import Currency
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Outcome, Result, Span, Staged
from crawler.pipeline.retry import next_delay
from crawler.pipeline.rules.responses.evidence import Proof, Unwanted


class Ended(NamedTuple):
    """The outcome of the attempts at one job."""

    done: Result | Staged
    error: FetchError | VerificationError | None = None
    """The error of the last attempt; None if it succeeded."""
    headers: Mapping[str, str] | None = None
    """The headers of the last response with a body, which may name other copies of the file."""

    @property
    def is_failed(self) -> bool:
        return isinstance(self.done, Result) and self.done.outcome is Outcome.FAILED


class Effort:
    """Counts the attempts, bytes and seconds of ``job``, and reports bytes to the observer as they arrive.

    ``began``: when the job began, as given by ``time.monotonic``; None means now.
    """

    def __init__(self, job: Job, observer: Observer, began: float | None = None) -> None:
        self._job = job
        self._observer = observer
        self._began = time.monotonic() if began is None else began
        self._received = 0
        self.attempts = job.spent

    def begin_attempt(self) -> None:
        self.attempts += 1

    def count(self, received: int) -> None:
        """Count ``received`` more bytes of the body, and report them."""
        self._received += received
        self._observer.received(self._job, received)

    def continues(self, offset: int, length: int | None) -> None:
        """Report that the body continues after ``offset`` bytes, received in this run or an earlier one.

        ``length``: that of the whole file in bytes, if the response states it. That of a new body is reported if no
        listing has shown it.
        """
        job = self._job
        if offset or self._received or (job.size is None and length is not None):
            sized = job if job.size is not None or length is None else replace(job, size=Span(length, length))
            self._observer.resumed(sized, offset)

    def result(
        self, outcome: Outcome, reason: str, *, size: int = 0, known: Known | None = None, proof: Proof | None = None
    ) -> Result:
        """The Result of the job. ``known``: the record for the state. ``proof``: what the last response proves."""
        job, local = self._job, self._job.local
        if outcome is Outcome.DIRECTORY and local is not None and local.kind is Kind.DIRECTORY:
            local = None  # it is what it is upstream
        return Result(
            path=job.path,
            url=job.url,
            outcome=outcome,
            reason=reason,
            size=size,
            received=self._received,
            seconds=time.monotonic() - self._began,
            attempts=self.attempts,
            digest=known.digest if known and outcome is Outcome.SAVED else None,
            old_size=local.size if local else None,
            known=known,
            currency=proof.currency if proof else Currency.UNKNOWN,
            dating=job.dating,
        )

    def ended_by(self, error: FetchError | VerificationError, *, most: int | None) -> Result | None:
        """The Result if ``error`` is final, else None.

        ``most``: how many attempts the job gets; None: its response may be that to another request, so none is final.
        """
        is_last = most is not None and (self.attempts >= most or next_delay(error) is False)
        is_final = isinstance(error, Unwanted) or is_last
        return self.failed(error) if is_final else None

    def failed(self, error: FetchError | VerificationError) -> Result:
        """The Result of a job whose attempts are used up, or that turns out not to be a file."""
        rejection = error.rejection if isinstance(error, FetchError) else None
        if rejection is not None and rejection.reason == Reason.DIRECTORY:
            return replace(self.result(Outcome.DIRECTORY, "redirected to a directory"), url=rejection.subject)
        if rejection is not None and rejection.reason == Reason.ROBOTS:
            return self.result(Outcome.SKIPPED, Reason.ROBOTS)
        if isinstance(error, Unwanted):
            return self.result(Outcome.SKIPPED, str(error))
        return self.result(Outcome.FAILED, str(error))
