"""The session of a run in an object store: its lock, its state with the copy in the store, and the destination."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crawler.model.errors import ConfigError, DestinationError
from crawler.model.struct import replace
from crawler.storage.objects import listing
from crawler.storage.objects.connect import connect
from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.errors import FAILURES, destination_error
from crawler.storage.objects.keys import parents
from crawler.storage.objects.own.lock import Lock, is_marked, mark, unmark
from crawler.storage.objects.own.state_copy import StateCopy
from crawler.text.urls import STATE_DIRECTORY, STATE_FILE

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from crawler.model.config import Config
    from crawler.storage.objects.location import Location

T = TypeVar("T")


class Session:
    """An async context manager for one run at ``where``.

    Entering takes the lock, and fetches the copy of the state if it is newer than the state on this machine. At the
    end, once the state is closed, the copy is updated and the lock released. With ``read_only`` nothing is changed,
    neither in the store nor on this machine.
    """

    def __init__(
        self,
        where: Location,
        config: Config,
        *,
        read_only: bool,
        is_unused: Callable[[], bool] = lambda: False,
        has_news: Callable[[], bool] = lambda: True,
    ) -> None:
        """If ``config`` names a state file, that state is used and has no copy in the store. Raises ConfigError.

        ``is_unused``: whether the run has got nothing, so that a prefix that was new shall be so again.
        ``has_news``: whether the run has recorded anything that other machines should know. Both are asked at the end.
        """
        self._where, self._config, self._read_only = where, config, read_only
        self._store: ObjectStore = connect(where, config.objects)
        self._has_copy = config.state is None
        self._is_unused, self._has_news = is_unused, has_news
        self._is_new = False
        """Whether this run has marked the prefix as a mirror, of which nothing was known."""
        self.state = where.state if config.state is None else Path(config.state)
        """Path of the state to use; final once the session was entered."""
        self._copy = StateCopy(self._store, self.state)
        is_locked = config.lock != "none" and not read_only
        self._lock = Lock(self._store, where, where.home / "lock.token") if is_locked else None
        self._until = time.monotonic()
        self._stack = AsyncExitStack()
        self.destination = ObjectDestination(self._store, where, self._check)
        self.problem = ""
        """Why the copy of the state could not be renewed; "" if it was. Set at the end of the session."""

    def _check(self) -> None:
        """Raise DestinationError if nothing may be written any longer."""
        if self._lock is not None:
            self._lock.check()

    def waiting(self, seconds: float) -> Self:
        """This session, made to wait at most ``seconds`` from now for another run to end."""
        self._until = time.monotonic() + seconds
        return self

    @property
    def unknown(self) -> ConfigError:
        """The error for a place of which there is no state."""
        return ConfigError(
            f"{self._where} is not a crawler mirror: there is no {self.state}, nor a copy of it in the store"
        )

    async def check_known(self) -> None:
        """Raise ``unknown`` if there is neither a state nor a copy, before a lock marks the prefix as a mirror."""
        if not self.state.is_file() and not (self._has_copy and await self._guarded(self._copy.is_newer())):
            raise self.unknown

    async def __aenter__(self) -> Self:
        try:
            if not (self._config.moved or self.state.is_file()):
                await self._refuse_enclosing()
            if self._lock is not None:
                self._stack.push_async_callback(self._lock.release)
                await self._lock.acquire(max(0.0, self._until - time.monotonic()))
            is_new = self._lock is not None and self._lock.is_new
            if self._lock is None and not self._read_only:
                is_new = await self._guarded(mark(self._store))
            self._is_new = is_new and not self.state.is_file()
            if self._has_copy:
                await self._guarded(self._fetch_state())
                self._is_new = self._is_new and self._copy.is_missing
            await self._stack.enter_async_context(self.destination)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work`` and return its result. Turns the errors of obstore into DestinationError."""
        try:
            return await work
        except FAILURES as error:
            raise destination_error(error, self._where) from error

    async def _refuse_enclosing(self) -> None:
        """Raise ConfigError if the prefix has objects, is not yet a mirror, and lies in the prefix of another mirror.

        These objects may belong to the other mirror, and --delete would remove them.
        """
        if not self._where.prefix or await self._guarded(listing.is_directory(self._store, STATE_DIRECTORY)):
            return
        if not await self._guarded(listing.is_directory(self._store, "")):
            return
        bucket = connect(replace(self._where, prefix=""), self._config.objects)
        for above in (*parents(self._where.prefix), ""):
            if await self._guarded(is_marked(bucket, above)):
                raise ConfigError(
                    f"{self._where} is not empty and lies in another mirror, the one in "
                    f"{replace(self._where, prefix=above)}, whose files these may be: choose another prefix, or accept "
                    "this one with --moved"
                )

    async def _fetch_state(self) -> None:
        if not await self._copy.is_newer():
            if not self._read_only:
                self._copy.drop_note_without_copy()
        elif self._read_only:
            home = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="crawler-"))
            copy = Path(home) / STATE_FILE
            if await self._copy.fetch(copy):
                self.state = copy
        else:
            await self._copy.fetch(self.state)
        if not self._read_only:
            self._copy.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._is_new and self._is_unused():
                await self._withdraw()
            elif self._has_copy and not self._read_only:
                await self._save_state()
        finally:
            await self._stack.__aexit__(kind, error, traceback)

    async def _withdraw(self) -> None:
        """Remove the lock, or the mark in its place: the only object of a run that got nothing."""
        with suppress(DestinationError):
            await self._guarded(unmark(self._store) if self._lock is None else self._lock.remove())
            self._copy.end()

    async def _save_state(self) -> None:
        try:
            self._check()
            problem = await self._copy.save(has_news=self._has_news())
        except DestinationError as error:
            problem = str(error)
        if problem:
            self.problem = f"the copy of the state in {self._where} was not renewed: {problem}"
