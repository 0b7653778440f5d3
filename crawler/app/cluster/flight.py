"""The shards that a worker has, and their results so far."""

from __future__ import annotations

from concurrent.futures import Future

from crawler.model.values import Result
from crawler.workers.cluster.shards import Shard


class Flight:
    """A shard on its way."""

    def __init__(self, name: str, shard: Shard) -> None:
        self.name, self.shard = name, shard
        self.left = {job.path for job in shard.jobs}
        self.results: list[Result] = []
        self.done: Future[None] = Future()
        """Has a result when there is one for each job, or none will come any more."""
        self._reported = 0

    def add(self, result: Result) -> None:
        """Note the result of a job, if it is one of this shard."""
        if result.path in self.left:
            self.left.discard(result.path)
            self.results.append(result)
            if not self.left:
                self.end()

    def early(self) -> list[Result]:
        """The results since the last call."""
        since, self._reported = self.results[self._reported :], len(self.results)
        return since

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
