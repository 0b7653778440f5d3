"""What a run tells those who watch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Rejection, Result


class Observer(Protocol):
    """Watches a run. The core neither prints nor knows who listens.

    Derive from it and override what is of interest: the bodies here do nothing. The methods are called
    from the event loop for every file of a run, so they must be quick, and they must not raise.
    """

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        return

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        return

    def rejected(self, path: str, rejection: Rejection) -> None:
        return

    def listed(self, path: str, size: int | None) -> None:
        """An entry that will end as a Result was seen; ``size`` is the listing's best guess in bytes."""
        return

    def walked(self) -> None:
        """Every listing has been read: what was listed is all there is."""
        return

    def started(self, job: Job) -> None:
        return

    def received(self, job: Job, count: int) -> None:
        return

    def finished(self, result: Result) -> None:
        return

    def all_unchanged(self, folder: str, files: Sequence[StoredFile], reason: str) -> None:
        """All of these files of ``folder`` were listed, and have ended unchanged: in place of two calls for each."""
        above = f"{folder}/" if folder else ""
        for file in files:
            self.listed(above + file.name, file.size)
            self.finished(
                Result(path=above + file.name, url=file.url, outcome=Outcome.UNCHANGED, reason=reason, size=file.size)
            )


class Silent(Observer):
    """For what nobody is to hear of, or has heard of before."""
