"""The dask worker in which a task runs. All other uses of dask are on the client's side."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import distributed

_ALIVE = frozenset({"init", "running", "paused", "closing_gracefully"})
_WANTED = frozenset({"executing", "long-running"})


class DaskWorker:
    """A worker of a cluster."""

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
        """Whether the worker is a thread in the process of its client."""
        return self.address.startswith("inproc:")

    @property
    def is_running(self) -> bool:
        """Whether the worker still belongs to a scheduler."""
        return self._worker.status.name in _ALIVE

    def is_wanted(self, name: str) -> bool:
        """Whether the client still waits for the task ``name``; it does not if the client has ended."""
        task = self._worker.state.tasks.get(name)
        return task is not None and task.state in _WANTED

    def send(self, topic: str, message: list[Any]) -> None:
        """Send a message to the client, from any thread. The message is lost if there is no connection."""
        with suppress(OSError, RuntimeError):  # the connection has been closed in the meantime
            self._worker.log_event(topic, pickle.dumps(message))
