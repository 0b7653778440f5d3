"""Handles the messages of workers while they work on shards: progress, pauses, log records, warnings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any

from crawler.http.credentials.keyring import Credentials
from crawler.http.pacing.gate import Gate
from crawler.model.errors import FetchError
from crawler.model.observer import Observer
from crawler.model.struct import Value
from crawler.model.values import Job, Result
from crawler.text.urls import Origin
from crawler.workers.cluster import shards
from crawler.workers.cluster.members import Pending
from crawler.workers.cluster.roster import Roster
from crawler.workers.cluster.shards import seal

_LOG = logging.getLogger("crawler")


class Callbacks(Value, frozen=True, kw_only=True):
    """Functions that are called on behalf of the workers."""

    observer: Observer
    doubt: Callable[[Collection[str]], Coroutine[Any, Any, None]]
    """Calls ``StateStore.doubt``."""
    warn: Callable[[str], None]
    credentials: Credentials
    """Those of the run."""
    announce_retry: Callable[[int, float, Exception], None]
    """Called with (number of the next attempt, seconds until it starts, error of the last attempt)."""


class Desk:
    """Receives the messages of all workers of a run."""

    def __init__(self, callbacks: Callbacks, gate: Gate, roster: Roster) -> None:
        self._callbacks, self._gate, self._roster = callbacks, gate, roster
        self._pending: dict[str, Pending] = {}
        """Path of a file → its job, which a worker has."""
        self._warned: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._early: Callable[[str, str, Sequence[Result]], None] = lambda _address, _name, _results: None
        self._handlers: dict[int, Callable[..., None]] = {
            shards.PROGRESS: self._on_progress,
            shards.PAUSE: self._on_pause,
            shards.DOUBT: self._on_doubt,
            shards.EARLY: self._on_early,
            shards.WANTED: self._on_wanted,
            shards.FITS: roster.fits,
            shards.LOG: self._on_log,
            shards.RETRY: self._on_retry,
            shards.WARN: self._on_warn,
            shards.REFUSED: self._on_refused,
        }
        """Kind of a worker's message → its handler; HEARD needs none."""

    def begin(self, early: Callable[[str, str, Sequence[Result]], None]) -> None:
        """From now on ``early`` is called for each EARLY, with the address of the worker and the values."""
        self._early = early

    def sent(self, pending: Sequence[Pending]) -> None:
        """Note that a worker has these jobs from now on."""
        self._pending.update((each.job.path, each) for each in pending)

    def ended(self, pending: Pending, result: Result | None) -> None:
        """Note that a job has a result, or that no worker has it any longer."""
        self._pending.pop(pending.job.path, None)
        if result is not None:
            self._report(pending, result.received - pending.reported)

    def warn(self, text: str) -> None:
        """Pass on a warning, once even if several workers report it."""
        if text not in self._warned:
            self._warned.add(text)
            self._callbacks.warn(text)

    def deliver(self, message: list[Any]) -> None:
        """Handle a message: its kind, the address of the worker, and its values."""
        kind, address, *values = message
        self._roster.heard(address)
        handle = self._handlers.get(kind)
        if handle is not None:
            handle(address, *values)

    def _on_progress(self, _address: str, sizes: Sequence[Any], resumed: Sequence[Any]) -> None:
        for path, size in sizes:
            pending = self._pending.get(path)
            if pending is not None:
                self._report(pending, size)
        for path, offset in resumed:
            pending = self._pending.get(path)
            if pending is not None:
                self._callbacks.observer.resumed(pending.job, offset)

    def _report(self, pending: Pending, size: int) -> None:
        observer = self._callbacks.observer
        if pending.begin():
            observer.started(pending.job)
        pending.report(size)
        observer.received(pending.job, size)

    def pause(self, url: str, seconds: float, *, but: str = "") -> None:
        """Tell all workers ``but`` one that the host of ``url`` has asked for a pause."""
        others = [one for one in self._roster.members if one != but]
        if others:
            self._roster.tell([shards.PAUSE, url, seconds], others)

    def _on_pause(self, address: str, url: str, seconds: float) -> None:
        self._gate.host(url).rest(seconds)
        self.pause(url, seconds, but=address)

    def _on_refused(self, address: str, reason: str) -> None:
        member = self._roster.members.get(address)
        if member is not None:
            self._roster.refuse(member, reason)

    def _on_doubt(self, address: str, number: int, paths: list[str]) -> None:
        task = asyncio.get_running_loop().create_task(self._callbacks.doubt(paths))
        self._tasks.add(task)
        task.add_done_callback(partial(self._doubted, address, number))

    def _doubted(self, address: str, number: int, task: asyncio.Task[None]) -> None:
        """Answer the worker. If the state failed, the run does."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._roster.fail(error)
        is_granted = error is None and not task.cancelled()
        self._roster.reply([shards.GRANTED, number, is_granted], address)

    def _on_wanted(self, address: str, number: int, where: Origin) -> None:
        found = seal(self._callbacks.credentials.of_origins([where]))
        self._roster.reply([shards.CREDENTIALS, number, found], address)

    def credentials_of(self, jobs: Sequence[Job]) -> Credentials:
        """What a worker needs to know to request ``jobs``."""
        return self._callbacks.credentials.of_urls([job.url for job in jobs])

    def _on_early(self, address: str, name: str, results: Sequence[Result]) -> None:
        self._early(address, name, results)

    def _on_log(self, _address: str, level: int, event: str, fields: dict[str, Any]) -> None:
        _LOG.log(level, event, extra={"fields": fields})

    def _on_retry(self, _address: str, attempt: int, wait: float, url: str, reason: str) -> None:
        self._callbacks.announce_retry(attempt, wait, FetchError(reason, url=url))

    def _on_warn(self, _address: str, text: str) -> None:
        self.warn(text)
