"""Several mirrors on one display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Result
from crawler.output.progress.counters import Counters
from crawler.output.progress.display import Silence


class Share(Observer):
    """Watches one of several mirrors. This one shows nothing."""

    def ended(self) -> None:
        """Its run is over, whether or not it came to its end."""
        return


class _Counted(Share):
    """Counts for the whole. Two mirrors may have the same paths, so the name goes before them."""

    def __init__(self, whole: Counters, name: str, walking: set[str]) -> None:
        """``walking`` holds the mirrors whose listings are still being read."""
        self._whole = whole
        self._name = name
        self._walking = walking

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self._whole.listing_failed(path, url, reason)

    def listed(self, path: str, size: int | None) -> None:
        self._whole.listed(f"{self._name}/{path}", size)

    def walked(self) -> None:
        self._walking.discard(self._name)
        if not self._walking:
            self._whole.walked()

    def started(self, job: Job) -> None:
        self._whole.started(self._named(job))

    def received(self, job: Job, count: int) -> None:
        self._whole.received(self._named(job), count)

    def finished(self, result: Result) -> None:
        self._whole.finished(replace(result, path=f"{self._name}/{result.path}"))

    def all_unchanged(self, folder: str, files: Sequence[StoredFile], reason: str) -> None:
        self._whole.all_unchanged(f"{self._name}/{folder}", files, reason)

    def _named(self, job: Job) -> Job:
        return replace(job, path=f"{self._name}/{job.path}")

    def ended(self) -> None:
        self.walked()
        done, mirrors = self._whole.mirrors or (0, 0)
        self._whole.mirrors = done + 1, mirrors


def divide(display: Silence, names: Sequence[str]) -> list[Share]:
    """One observer for each of several mirrors, whose sums ``display`` shows."""
    if not isinstance(display, Counters):
        return [Share() for _ in names]
    walking = set(names)
    display.mirrors = 0, len(names)
    return [_Counted(display, name, walking) for name in names]
