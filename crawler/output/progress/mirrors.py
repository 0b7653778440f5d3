"""Shows several mirrors on one display."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.struct import replace
from crawler.model.values import Job, Result
from crawler.output.progress.counters import Counters
from crawler.output.progress.silent import SilentDisplay


class MirrorObserver(Observer):
    """Observes one of several mirrors; this base class shows nothing."""

    def ended(self) -> None:
        """Note that the run of the mirror has ended, complete or not."""
        return


class _CountingMirrorObserver(MirrorObserver):
    """Adds one mirror to the totals. Paths are prefixed with its name, because mirrors may have equal paths."""

    def __init__(self, totals: Counters, name: str, walking: set[str]) -> None:
        """``walking``: names of the mirrors whose listings are still being read, shared by all observers."""
        self._totals = totals
        self._name = name
        self._walking = walking

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self._totals.listing_failed(path, url, reason)

    def listed(self, path: str, size: int | None) -> None:
        self._totals.listed(f"{self._name}/{path}", size)

    def walked(self) -> None:
        self._walking.discard(self._name)
        if not self._walking:
            self._totals.walked()

    def started(self, job: Job) -> None:
        self._totals.started(self._named(job))

    def received(self, job: Job, count: int) -> None:
        self._totals.received(self._named(job), count)

    def resumed(self, job: Job, offset: int) -> None:
        self._totals.resumed(self._named(job), offset)

    def finished(self, result: Result) -> None:
        self._totals.finished(replace(result, path=f"{self._name}/{result.path}"))

    def counts_unchanged(self) -> bool:
        return True

    def count_unchanged(self, files: int, size: int) -> None:
        self._totals.count_unchanged(files, size)

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        self._totals.all_unchanged(f"{self._name}/{directory}", files, reason)

    def _named(self, job: Job) -> Job:
        return replace(job, path=f"{self._name}/{job.path}")

    def ended(self) -> None:
        self.walked()
        self._totals.mirror_finished()


def mirror_observers(display: SilentDisplay, names: Sequence[str]) -> list[MirrorObserver]:
    """An observer for each name; ``display`` shows their totals."""
    if not isinstance(display, Counters):
        return [MirrorObserver() for _ in names]
    walking = set(names)
    display.mirrors_added(len(names))
    return [_CountingMirrorObserver(display, name, walking) for name in names]
