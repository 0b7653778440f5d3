"""The dask worker in which a task runs. All other uses of dask are on the client's side."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import distributed

_ALIVE = frozenset({"init", "running", "paused", "closing_gracefully"})
_WANTED = frozenset({"executing", "long-running"})


class DaskWorker:
    """Implements ``carrier.Host``: a worker of a dask cluster."""

    def __init__(self, worker: Any = None) -> None:
        """``worker``: by default the one that runs the current task."""
        self._worker = worker if worker is not None else distributed.get_worker()

    @property
    def identity(self) -> str:
        """A text that distinguishes this worker from all others, in this process and in others."""
        return str(self._worker.id)

    @property
    def address(self) -> str:
        return str(self._worker.address)

    @property
    def is_in_client(self) -> bool:
        return self.address.startswith("inproc:")

    @property
    def is_running(self) -> bool:
        return self._worker.status.name in _ALIVE

    def is_wanted(self, name: str) -> bool:
        task = self._worker.state.tasks.get(name)
        return task is not None and task.state in _WANTED

    def send(self, topic: str, message: list[Any]) -> None:
        with suppress(OSError, RuntimeError):  # the connection has been closed in the meantime
            self._worker.log_event(topic, pickle.dumps(message))
