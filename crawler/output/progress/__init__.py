"""Progress displays: observers that show a run while it lasts. rich is imported only for bars."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TextIO

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Rejection, Result
from crawler.output.progress.silent import SilentDisplay


def choose_display(mode: str, stream: TextIO) -> SilentDisplay:
    """The display for ``--progress`` on ``stream``: a context manager and Observer with a ``write`` method for lines.

    ``auto`` means ``bars`` on a terminal that can move its cursor, else ``none``; ``bars`` on any other stream means
    ``plain``.
    """
    capable = stream.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown", ""}
    if mode == "auto":
        mode = "bars" if capable else "none"
    if mode == "bars" and capable:
        from crawler.output.progress.bars import Bars

        return Bars(stream)
    if mode == "none":
        return SilentDisplay(stream)
    from crawler.output.progress.plain import Plain

    return Plain(stream)


class Fanout(Observer):
    """Several observers as one, called in order. An event reaches only observers that override its method."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        def interested(*events: str) -> list[Observer]:
            return [
                each
                for each in observers
                if any(getattr(type(each), event) is not getattr(Observer, event) for event in events)
            ]

        self._listing_read = [each.listing_read for each in interested("listing_read")]
        self._listing_failed = [each.listing_failed for each in interested("listing_failed")]
        self._rejected = [each.rejected for each in interested("rejected")]
        self._listed = [each.listed for each in interested("listed")]
        self._walked = [each.walked for each in interested("walked")]
        self._started = [each.started for each in interested("started")]
        self._received = [each.received for each in interested("received")]
        self._all_started = [each.all_started for each in interested("started", "all_started")]
        self._all_received = [each.all_received for each in interested("received", "all_received")]
        self._resumed = [each.resumed for each in interested("resumed")]
        self._finished = [each.finished for each in interested("finished")]
        # An observer that does not override one of these methods receives the files one by one.
        self._all_listed = [each.all_listed for each in interested("listed", "all_listed")]
        self._all_saved = [each.all_saved for each in interested("finished", "all_saved")]
        of_unchanged = interested("listed", "finished", "all_unchanged")
        self._all_unchanged = [each.all_unchanged for each in of_unchanged]
        self._counts_unchanged = [each.counts_unchanged for each in of_unchanged]
        self._count_unchanged = [each.count_unchanged for each in of_unchanged]

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        for notify in self._listing_read:
            notify(path, url, entries, family=family, confidence=confidence)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        for notify in self._listing_failed:
            notify(path, url, reason)

    def rejected(self, path: str, rejection: Rejection) -> None:
        for notify in self._rejected:
            notify(path, rejection)

    def listed(self, path: str, size: int | None) -> None:
        for notify in self._listed:
            notify(path, size)

    def all_listed(self, files: Sequence[tuple[str, int | None]]) -> None:
        for notify in self._all_listed:
            notify(files)

    def all_saved(self, results: Sequence[Result]) -> None:
        for notify in self._all_saved:
            notify(results)

    def walked(self) -> None:
        for notify in self._walked:
            notify()

    def started(self, job: Job) -> None:
        for notify in self._started:
            notify(job)

    def all_started(self, jobs: Sequence[Job]) -> None:
        for notify in self._all_started:
            notify(jobs)

    def all_received(self, jobs: Sequence[Job], sizes: Sequence[int]) -> None:
        for notify in self._all_received:
            notify(jobs, sizes)

    def received(self, job: Job, count: int) -> None:
        for notify in self._received:
            notify(job, count)

    def resumed(self, job: Job, offset: int) -> None:
        for notify in self._resumed:
            notify(job, offset)

    def finished(self, result: Result) -> None:
        for notify in self._finished:
            notify(result)

    def counts_unchanged(self) -> bool:
        return all(counts() for counts in self._counts_unchanged)

    def count_unchanged(self, files: int, size: int) -> None:
        for notify in self._count_unchanged:
            notify(files, size)

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        for notify in self._all_unchanged:
            notify(directory, files, reason)
