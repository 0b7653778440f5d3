"""Decides when to report a failure: at once if it is new or follows a successful run, then once a day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from crawler.model.report import Report
from crawler.model.struct import Value

AGAIN = 23 * 3600.0
"""Seconds after which the same failure is reported again: a day less an hour, because a nightly run may start a little
earlier than the night before."""
KINDS_KEPT = 100
"""Maximum number of different failures that are remembered."""
_NUMBER = re.compile(r"(?<!HTTP )\d+")


class Failure(Value, frozen=True):
    """The way in which a run failed. Failures with equal values are the same failure."""

    code: int
    """The exit code."""
    reasons: frozenset[str]
    """The reasons of all problems, without files and without numbers that are different in each run."""

    @property
    def key(self) -> str:
        """A short text that identifies this failure."""
        text = "\n".join(sorted(self.reasons)).encode("utf-8", "surrogatepass")
        return f"{self.code} {hashlib.sha256(text).hexdigest()[:32]}"


class Trouble(Value, frozen=True):
    """The record that is kept from the first failed run until the next successful one."""

    since: float
    """End of the first failed run, in seconds since the epoch."""
    runs: int
    """Number of failed runs."""
    told: Mapping[str, float]
    """Key of each failure that was reported → when, in seconds since the epoch."""


class Notice(Value, frozen=True):
    """The status of a run as it is passed to the commands."""

    status: str
    """``ok``, ``failed``, or ``recovered`` (the first successful run after a failed one)."""
    is_due: bool
    """Whether a failure is to be reported now."""
    since: float | None
    """End of the first failed run in seconds since the epoch; None if there was none."""
    runs: int
    """Number of failed runs, including this one."""


def failure_of(report: Report) -> Failure | None:
    """The failure of the run; None if it ended with exit code 0."""
    if not report.exit_code:
        return None
    reasons = {item.reason for item in report.failures}
    reasons |= {item.reason for item in report.listing_failures}
    reasons |= set(report.warnings)
    return Failure(report.exit_code, frozenset(_NUMBER.sub("#", reason) for reason in reasons))


def decide(before: Trouble | None, failure: Failure | None, now: float) -> tuple[Notice, Trouble | None]:
    """What to report about a run that ended at ``now``, and what to remember if that succeeds.

    ``before``: what earlier runs have left. After a successful run nothing is remembered. A failure is due if it was
    not reported within AGAIN seconds; setting the clock back does not silence it.
    """
    if failure is None:
        if before is None:
            return Notice("ok", is_due=False, since=None, runs=0), None
        return Notice("recovered", is_due=False, since=before.since, runs=before.runs), None
    before = before or Trouble(since=now, runs=0, told={})
    recent = {key: when for key, when in before.told.items() if 0 <= now - when < AGAIN}
    is_due = failure.key not in recent
    told = {**recent, failure.key: now} if is_due else recent
    newest = sorted(told.items(), key=lambda item: item[1])[-KINDS_KEPT:]
    after = Trouble(since=before.since, runs=before.runs + 1, told=dict(newest))
    return Notice("failed", is_due=is_due, since=after.since, runs=after.runs), after


def untold(after: Trouble, failure: Failure) -> Trouble:
    """``after``, but without ``failure``, which could not be reported: so the next run tries again."""
    told = {key: when for key, when in after.told.items() if key != failure.key}
    return Trouble(since=after.since, runs=after.runs, told=told)
