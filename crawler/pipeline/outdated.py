"""Counts the files of a run whose local version is older than the one that is listed."""

from __future__ import annotations

from crawler.model.freshness import Currency, Dating
from crawler.model.values import Result
from crawler.text.escape import printable

_NAMED = 3
_LISTED, _OLDER = Currency.LISTED, Currency.OLDER  # a member of an enumeration takes 80 ns to look up


class Outdated:
    """Counts outdated files in the Results of a run."""

    def __init__(self) -> None:
        self._listed = self._older = 0
        self._is_sure = False
        self._names: list[str] = []

    def note(self, result: Result) -> None:
        currency = result.currency
        if currency is _LISTED:
            self._listed += 1
        if currency is not _OLDER or result.dating is Dating.UNRELIABLE:
            return
        self._older += 1
        self._is_sure |= result.dating is Dating.RELIABLE
        if len(self._names) < _NAMED:
            self._names.append(printable(result.path))

    def note_listed(self, count: int) -> None:
        """Note ``count`` files that are the listed version."""
        self._listed += count

    def warning(self) -> tuple[str, int] | None:
        """A warning about outdated files and its exit code; None if there are none.

        They count as a failure only if the server's times are reliable, judged by what is known of the directory, or
        else by the majority of files in this run. Otherwise a server that dates files and rows by different clocks
        would fail every run.
        """
        if not self._older:
            return None
        more = f" and {self._older - _NAMED:,} more" if self._older > _NAMED else ""
        text = "the server sent an older version than its listing shows (a cache that lags behind?)"
        is_failure = self._is_sure or self._listed > self._older
        return f"{text}; the next run asks again: {', '.join(self._names)}{more}", 5 if is_failure else 0
