"""What is known of an entry before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.models import Entry, Outcome, Rejection


def guess(entry: Entry) -> int | None:
    """The listing's size in bytes: exact, or the middle of its span."""
    return None if entry.size is None else (entry.size.low + entry.size.high) // 2


def certain(entries: Iterable[Entry]) -> int:
    """Bytes that the entries of a listing have at least, together."""
    return sum(entry.size.low for entry in entries if entry.size)


def without_place(problem: Rejection, refused: Rejection | None) -> tuple[Outcome, str]:
    """How an entry ends whose name has no place under DIR, with the reason; ``refused`` if it is not wanted anyway."""
    if refused is not None:
        return Outcome.SKIPPED, refused.reason
    return Outcome.FAILED, f"{problem.subject!r} {problem.detail}"
