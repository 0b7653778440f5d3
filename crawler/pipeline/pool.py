"""The interface of the workers of a run, as the pipeline uses them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from crawler.model.interfaces import Redirects
from crawler.model.values import Job, Result, Staged


class WorkerPool(Protocol):
    """Workers that fetch and save files."""

    @property
    def capacity(self) -> int:
        """Number of jobs in flight that keeps all processes busy."""
        ...

    def walked(self) -> None:
        """Note that all listings have been read."""

    async def process(
        self,
        job: Job,
        *,
        redirects: Callable[[], Redirects],
        fallback: Callable[[Job], Awaitable[Result | Staged]],
    ) -> Result | Staged:
        """Have a worker process do ``job``, or call ``fallback`` if none is left. Raises DestinationError.

        A saved file has its final name on return. ``redirects`` returns the rules for redirects that apply now.
        """
        ...

    def check(self) -> None:
        """Raise DestinationError if one of the processes failed because of the destination."""

    async def watch(self) -> None:
        """Wait until the processes cannot be used any longer, and raise the error of ``check``."""

    async def stop(self) -> Sequence[Result]:
        """Stop all processes and keep complete files. Returns the results that ``process`` has not returned."""
        ...
