"""The interface through which a run reports what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Rejection, Result


class Observer(Protocol):
    """Watches a run. The core neither prints nor knows who observes it.

    Derive from this class and override the methods of interest; the ones here do nothing. They are called from the
    event loop for every file of a run, so they must return quickly. If one raises, that is logged, and the observer
    receives only ``run_finished`` from then on. Paths are relative to DIR.
    """

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        """A listing was read completely.

        ``path``: its directory, "" for DIR. ``entries``: number of its entries. ``family``: the recognised format, such
        as ``apache-pre``. ``confidence``: 0 to 1.
        """
        return

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        """The listing of the directory ``path`` could not be read."""
        return

    def rejected(self, path: str, rejection: Rejection) -> None:
        """A link in the listing of the directory ``path`` was not taken as an entry."""
        return

    def listed(self, path: str, size: int | None) -> None:
        """An entry that will end as a Result was listed; ``size`` is the best estimate in bytes, None if unknown."""
        return

    def walked(self) -> None:
        """All listings have been read; no further entries will be listed."""
        return

    def started(self, job: Job) -> None:
        """A worker has begun to fetch the file of ``job``."""
        return

    def all_started(self, jobs: Sequence[Job]) -> None:
        """A worker has begun to fetch the files of ``jobs`` together. By default it calls ``started`` for each."""
        for job in jobs:
            self.started(job)

    def received(self, job: Job, count: int) -> None:
        """Another ``count`` bytes of the body of ``job`` have arrived."""
        return

    def all_received(self, jobs: Sequence[Job], sizes: Sequence[int]) -> None:
        """The bodies of ``jobs``, of these ``sizes``, have arrived. By default it calls ``received`` for each."""
        for job, size in zip(jobs, sizes, strict=True):
            self.received(job, size)

    def resumed(self, job: Job, offset: int) -> None:
        """The body of ``job`` continues after the ``offset`` bytes that are already stored; 0: it starts over.

        ``job.size`` is that of the response if no listing gave one; a large body is then announced by this, too.
        """
        return

    def finished(self, result: Result) -> None:
        """An entry or a deletion has ended; each listed entry ends exactly once."""
        return

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        """All ``files`` in ``directory`` were listed and are unchanged.

        Called instead of ``listed`` and ``finished`` for each file; by default it calls both.
        """
        above = f"{directory}/" if directory else ""
        for file in files:
            self.listed(above + file.name, file.size)
            self.finished(
                Result(path=above + file.name, url=file.url, outcome=Outcome.UNCHANGED, reason=reason, size=file.size)
            )

    def counts_unchanged(self) -> bool:
        """Whether ``count_unchanged`` does instead of ``all_unchanged``; not by default."""
        return False

    def count_unchanged(self, files: int, size: int) -> None:
        """All ``files`` in a directory, of ``size`` bytes in total, were listed and are unchanged.

        Called instead of ``all_unchanged`` if nobody needs to know which files they are.
        """
        return

    def all_listed(self, files: Sequence[tuple[str, int | None]]) -> None:
        """Several new entries were listed: (path, size) of each. By default it calls ``listed`` for each.

        Observers that a caller passes receive ``listed``; likewise with the next method.
        """
        for path, size in files:
            self.listed(path, size)

    def all_saved(self, results: Sequence[Result]) -> None:
        """Several entries were saved together. By default it calls ``finished`` with each of ``results``."""
        for result in results:
            self.finished(result)

    def run_finished(self) -> None:
        """The call of ``mirror`` or ``download`` is about to return or raise; no other method is called afterwards."""
        return


class Silent(Observer):
    """Ignores everything."""

    def counts_unchanged(self) -> bool:
        return True


def is_overridden(observer: Observer, event: str) -> bool:
    """Whether ``observer`` does something at ``event``, in its class or as an attribute of its own."""
    return getattr(getattr(observer, event), "__func__", None) is not getattr(Observer, event)
