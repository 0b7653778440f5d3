"""Reports of a cluster worker to its client while a shard is in progress."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from crawler.model.observer import Observer
from crawler.model.values import Job, Result
from crawler.pipeline.attempts import announce_to
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import Host
from crawler.workers.cluster.shards import Settings

_REPORT_SECONDS = 0.5
"""How often bytes are reported: one message for all files. Small files are reported by their results."""
_LOG = logging.getLogger("crawler")
_retried: dict[int, Callable[[int, float, Exception], None]] = {}
"""Identifier of a thread → where the retries of the run in it are announced."""


class Reporter(Observer):
    """Reports to the client: how much of large bodies has arrived, log records, and retries.

    ``finished`` receives every result.
    """

    def __init__(self, host: Host, token: str, settings: Settings, finished: Callable[[Result], None]) -> None:
        self._host, self._token, self._pass_on = host, token, finished
        self._sizes: dict[str, int] = {}
        self._resumed: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.get_ident()
        _retried[self._thread] = self._retry
        announce_to(_announce)
        self._handler = None if host.is_in_client else _Forwarding(self._send, self._thread)
        if self._handler is not None:
            _LOG.addHandler(self._handler)
            _LOG.setLevel(settings.log_level)
            _LOG.propagate = False

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        _retried.pop(self._thread, None)
        if self._handler is not None:
            _LOG.removeHandler(self._handler)

    def _send(self, kind: int, *values: object) -> None:
        self._host.send(self._token, [kind, self._host.address, *values])

    def received(self, job: Job, count: int) -> None:
        self._sizes[job.path] = self._sizes.get(job.path, 0) + count
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_REPORT_SECONDS, self._report)

    def resumed(self, job: Job, offset: int) -> None:
        self._resumed[job.path] = offset

    def _report(self) -> None:
        self._timer = None
        sizes, self._sizes = self._sizes, {}
        resumed, self._resumed = self._resumed, {}
        if sizes or resumed:
            self._send(shards.PROGRESS, list(sizes.items()), list(resumed.items()))

    def finished(self, result: Result) -> None:
        self._sizes.pop(result.path, None)
        self._pass_on(result)

    def _retry(self, attempt: int, wait: float, error: Exception) -> None:
        self._send(shards.RETRY, attempt, wait, getattr(error, "url", ""), str(error))


def _announce(attempt: int, wait: float, error: Exception) -> None:
    tell = _retried.get(threading.get_ident())
    if tell is not None:
        tell(attempt, wait, error)


class _Forwarding(logging.Handler):
    """Sends the log records of one thread to the client."""

    def __init__(self, send: Callable[..., None], thread: int) -> None:
        super().__init__()
        self._send, self._of = send, thread

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._of:
            fields: dict[str, Any] = getattr(record, "fields", {})
            self._send(shards.LOG, record.levelno, record.getMessage(), fields)
