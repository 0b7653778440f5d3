"""Progress: observers that show a run while it lasts. rich is imported only for the bars."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TextIO

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Rejection, Result
from crawler.output.progress.display import Silence


def choose(mode: str, stream: TextIO) -> Silence:
    """The display for ``--progress`` on ``stream``: a context manager, an Observer, and a way to ``write`` lines.

    ``auto`` is ``bars`` on a terminal that can move its cursor and ``none`` anywhere else; ``bars``
    without such a terminal are ``plain`` lines.
    """
    capable = stream.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown", ""}
    if mode == "auto":
        mode = "bars" if capable else "none"
    if mode == "bars" and capable:
        from crawler.output.progress.bars import Bars

        return Bars(stream)
    if mode == "none":
        return Silence(stream)
    from crawler.output.progress.plain import Plain

    return Plain(stream)


class Fanout(Observer):
    """Several observers as one, in their order. An event reaches only those that have a use for it."""

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
        self._finished = [each.finished for each in interested("finished")]
        # Who hears of each file is told of each of these, too, unless it has something better.
        self._all_unchanged = [each.all_unchanged for each in interested("listed", "finished", "all_unchanged")]

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        for tell in self._listing_read:
            tell(path, url, entries, family=family, confidence=confidence)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        for tell in self._listing_failed:
            tell(path, url, reason)

    def rejected(self, path: str, rejection: Rejection) -> None:
        for tell in self._rejected:
            tell(path, rejection)

    def listed(self, path: str, size: int | None) -> None:
        for tell in self._listed:
            tell(path, size)

    def walked(self) -> None:
        for tell in self._walked:
            tell()

    def started(self, job: Job) -> None:
        for tell in self._started:
            tell(job)

    def received(self, job: Job, count: int) -> None:
        for tell in self._received:
            tell(job, count)

    def finished(self, result: Result) -> None:
        for tell in self._finished:
            tell(result)

    def all_unchanged(self, folder: str, files: Sequence[StoredFile], reason: str) -> None:
        for tell in self._all_unchanged:
            tell(folder, files, reason)
