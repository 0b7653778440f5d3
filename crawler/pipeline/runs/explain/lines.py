"""The lines of an explanation, as (subject, statement)."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.model.reasons import Reason
from crawler.model.state.store import BY_ROW
from crawler.model.values import GONE, UNCONFIRMED, Job, Known, Local, Outcome, Result, Span
from crawler.pipeline.rules.budgets import Budget, expected_size
from crawler.pipeline.rules.responses.conditional_requests import request_headers

Line = tuple[str, str]
_UNDATED = {
    UNCONFIRMED: str(Reason.NOT_CONFIRMED),
    GONE: "gone upstream when it was last asked for",
    BY_ROW: "was here before the first run",
}
"""``Known.checked`` that is no time → what it means."""
"""A line of the explanation: (subject, statement)."""
_PLAIN_HEADERS = {"Accept", "Accept-Encoding"}
HELD = {True: "matches", False: "does not match", None: "the listing does not tell, the response headers will"}


def size_text(size: Span[int] | None) -> str:
    """A listed size."""
    if size is None:
        return "unknown"
    return f"{size.low} bytes" if size.exact else f"{size.low} to {size.high} bytes"


def time_text(modified: Span[datetime] | None) -> str:
    """A listed time."""
    if modified is None:
        return "unknown"
    zone = "" if modified.low.tzinfo else ", in a zone that is not known"
    return f"{modified.low}{zone}" if modified.exact else f"{modified.low} to {modified.high}{zone}"


def _moment(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(sep=" ")


def known_text(known: Known | None, row: str | None) -> str:
    """What the state has recorded. ``row``: the present row; None for a file that is in no listing."""
    if known is None:
        return "nothing is known"
    words = [f"{known.size} bytes, {_moment(known.mtime)}"]
    if row is not None:
        words.insert(0, "the same row" if known.row == row else f"another row, {known.row!r}")
    validators = known.validators
    words += [text for text in (validators.etag, validators.last_modified, known.digest) if text]
    if known.checked in _UNDATED:
        return ", ".join([*words, _UNDATED[known.checked]])
    checked = datetime.fromtimestamp(known.checked, UTC).isoformat(sep=" ", timespec="seconds")
    return ", ".join([*words, f"confirmed {checked}"])


def local_text(local: Local | None) -> str:
    """What is on disk."""
    if local is None:
        return "nothing is there"
    return f"a {local.kind}, {local.size} bytes, {_moment(local.mtime)}"


def job_lines(job: Job, budget: Budget, *, held: bool) -> list[Line]:
    """The decision to fetch a file, or to ask about it, or to do neither because of ``budget``, that of a new run.

    ``held``: whether it waits for all others (--last).
    """
    if budget.is_too_large(expected_size(job)):
        return [("decision", f"skipped: {Reason.LARGER_THAN_BUDGET}: no run will save it")]
    if job.probe:
        decision = "HEAD, to learn whether the local copy is current; if not, fetch"
    else:
        decision = "conditional request" if job.known else "fetch"
    conditions = [
        f"{name}: {value}" for name, value in request_headers(job, None).items() if name not in _PLAIN_HEADERS
    ]
    lines = [("decision", f"{decision}: {job.reason}")]
    if job.digest:
        lines.append(("digest", f"must be {job.digest}"))
    if held:
        lines.append(("order", "after everything else (--last)"))
    if budget.files is not None:
        lines.append(("limit", f"--max-files {budget.files}: after that many files, the others are left to later runs"))
    if budget.size is not None:
        lines.append(("limit", f"--max-total-size {budget.size}: what no longer fits into it is left to later runs"))
    return [*lines, ("request", " ".join(["HEAD" if job.probe else "GET", job.url, *conditions]))]


def result_text(result: Result) -> str:
    """The decision not to request a file."""
    words = {Outcome.UNCHANGED: "unchanged, no request", Outcome.SKIPPED: "skipped", Outcome.FAILED: "failed"}
    return f"{words.get(result.outcome, result.outcome)}: {result.reason}"
