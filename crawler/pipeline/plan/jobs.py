"""Derives what can be known of an entry before anything is fetched: its size, its outcome, its record."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.model.state.store import BY_ROW
from crawler.model.struct import replace
from crawler.model.values import Entry, Known, Local, Outcome, Rejection, Validators


def guess(entry: Entry) -> int | None:
    """The size of ``entry`` in bytes: exact, or the middle of the listed span; None if no size is listed."""
    return None if entry.size is None else (entry.size.low + entry.size.high) // 2


def certain(entries: Iterable[Entry]) -> int:
    """The minimum total size of ``entries`` in bytes."""
    return sum(entry.size.low for entry in entries if entry.size)


def without_place(problem: Rejection, refused: Rejection | None) -> tuple[Outcome, str]:
    """The outcome of an entry that cannot be stored under DIR, and the reason.

    ``refused``: the reason why the entry is not wanted anyway, if there is one.
    """
    if refused is not None:
        return Outcome.SKIPPED, refused.reason
    return Outcome.FAILED, f"{problem.subject!r} {problem.detail}"


def to_remember(path: str, entry: Entry, local: Local, known: Known | None, vouched: float | None) -> Known | None:
    """The record of a copy that needs no request; None if the state has the same record already.

    ``vouched``: when a published digest proved the copy current, in seconds since the epoch.
    """
    if known is None:
        size, mtime, version = local.size, local.mtime, local.version
        return Known(
            path=path,
            url=entry.url,
            row=entry.row,
            size=size,
            mtime=mtime,
            version=version,
            checked=BY_ROW,
            adopted=True,
        )
    if known.row == entry.row:
        return None
    checked = known.checked if vouched is None else max(known.checked, vouched)
    # The validators belong to the version of the old row, perhaps on another server.
    return replace(known, row=entry.row, url=entry.url, validators=Validators(), checked=checked)
