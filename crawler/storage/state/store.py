"""The state: what earlier runs learned, in SQLite. It is a cache, without which runs are slower, never wrong.

One thread owns the connection. Reads are awaited; writes go to a buffer, which that thread writes in batches. Errors of
the file never reach a caller: they become one line in ``problem``, and the run continues with a new state or none.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest
from crawler.model.state.host_limits import HostLimits
from crawler.model.state.store import Judge, ListingMemo, Names
from crawler.model.values import Known
from crawler.storage.executor import BriefExecutor
from crawler.storage.state import records, runs, tables, visits
from crawler.storage.state.database import Database
from crawler.storage.state.digests import copies, leaves
from crawler.storage.state.hosts import store_hosts
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord
from crawler.storage.state.small_state import SmallState, read_others, read_start
from crawler.storage.state.tables import Pending

T = TypeVar("T")
_FEW_ROWS = 1000
"""Maximum number of rows that are judged in the event loop, in a few milliseconds."""


class SqliteState:
    """Implements ``StateStore`` in the file ``path``. An async context manager; outside it nothing is remembered.

    The directory of ``path`` must exist. Symbolic links in ``path`` are followed. ``is_brief``: only a few questions
    will be asked, so that a small state need not be copied.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False, is_brief: bool = False) -> None:
        self._is_brief, self._database = is_brief, Database(path, read_only=read_only) if path else None
        self._thread: ThreadPoolExecutor | None = None
        self._executor: BriefExecutor | None = None
        self._writes, self._pending = list[Future[object]](), Pending()
        self._small: SmallState | None = None
        self._new: copies.NewCopies | None = None
        self.knew_files = self._knows_digests = False
        """Whether any files were known when the state was opened; likewise ``_knows_digests``."""
        self.known_pages, self.has_news = 0, False  # news: more than visits, hosts and one more run like the last
        self.hosts, self.counts = dict[str, HostLimits](), dict[str, int]()
        """Host name → limits found by earlier runs; likewise path of a directory with digests → number of its files."""

    @property
    def problem(self) -> str | None:
        """What went wrong with the state file, in one line; None if nothing did."""
        return self._database.problem if self._database else None

    async def __aenter__(self) -> Self:
        if self._database:
            self._thread = ThreadPoolExecutor(1, "state")
            self._executor = BriefExecutor(self._thread)
            opening = partial(read_start, self._database, copies=not self._is_brief)
            known = await asyncio.get_running_loop().run_in_executor(self._thread, opening)
            self._small, self.hosts, self.knew_files = known.small, known.hosts, known.has_files
            self._knows_digests, self.known_pages, self.counts = known.digests > 0, known.pages, known.counts
            self._new = None if self.knew_files or known.has_copies else copies.NewCopies()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._thread and self._database:
            self.flush(pages=True)
            closing = self._thread.submit(self._database.close)
            self._thread.shutdown(wait=False)
            self._thread = self._executor = None
            await asyncio.wrap_future(closing)
            self._raise_bugs()

    async def directory(self, path: str, names: Collection[str] | None = None) -> dict[str, Known]:
        """The known files directly in ``path`` ("" is DIR), by name. ``names``: only these."""
        if names is None and (small := await self._copied(path)) is not None:
            with suppress(ValueError):  # a damaged record: the query below handles it
                if (found := small.directory(path)) is not None:
                    return found
        if path in self._pending.changes.directories:
            self.flush(pages=True)
        return await self._ask(partial(tables.read_directory, path, names), {})

    async def listed_below(self, path: str) -> list[Known]:
        """The known files in the directory ``path`` and below it, except those that are known to be gone upstream."""
        return await self._ask_all(partial(tables.read_listed_below, path), [])

    async def file(self, path: str) -> Known | None:
        """The known file at ``path``, or None."""
        if path in self._pending.changes.files or self._pending.changes.new:
            self.flush(pages=True)
        return await self._ask(partial(tables.read_file, path), None)

    async def saved_from(self, urls: Sequence[str]) -> Known | None:
        """A known file directly in DIR that was saved from one of ``urls``, or None."""
        return await self._ask_all(partial(tables.read_saved_from, urls), None)

    async def listing(self, url: str) -> ListingMemo | None:
        """The remembered listing page that was requested as ``url``, or None."""
        with suppress(ValueError):
            is_known, memo = (False, None) if self._small is None else self._small.listing(url)
            if is_known:
                return memo
        if url in self._pending.changes.memos:
            self.flush(pages=True)
        return await self._ask(partial(tables.read_listing, url), None)

    async def directory_digest(self, url: str) -> DirectoryDigest | None:
        """The digest of the page that was requested as ``url``; None unless the page showed only files."""
        if self._small is not None:
            return self._small.digest(url)
        return await self._ask(partial(leaves.read_leaf, url), None) if self._knows_digests else None

    async def rows(self, path: str, judge: Judge[T], default: T, names: Names | None = None) -> T:
        """The result of ``judge`` for the known files directly in ``path``; ``default`` without a state."""
        if names is None and (small := await self._copied(path)) is not None:
            with suppress(ValueError):  # a damaged record: the query below handles it
                if (rows := small.rows(path)) is not None and len(rows) <= _FEW_ROWS:
                    return judge(leaves.stored_files(rows))
        if path in self._pending.changes.directories:
            self.flush(pages=True)
        return await self._ask(partial(leaves.read_rows, path, names, judge), default)

    async def copies(self, paths: Collection[str]) -> dict[str, CopiesDigest]:
        """The digests of the copies in ``paths``, by path, unless records of the files there have changed."""
        if not self._knows_digests:
            return {}
        if self._small is not None:
            return self._small.copies(paths)
        return await self._ask(partial(copies.read_copies, set(paths) - self._pending.changes.directories), {})

    def remember_copies(self, path: str, found: CopiesDigest) -> None:
        if self._thread and path not in self._pending.changes.directories:
            self._pending.changes.copies[path] = found
            self._buffered(1)

    def remember_directory_digest(self, url: str, path: str, digest: DirectoryDigest) -> None:
        if self._thread:
            self._pending.changes.add_digest(url, path, digest)
            self._buffered(1 + len(digest.skipped) // 10)

    async def count_files(self) -> int:
        """Number of known files."""
        return await self._ask_all(tables.count_files, 0)

    async def knows_below(self, path: str) -> bool:
        """True if any file in the directory ``path`` ("" is DIR) or below it is known."""
        return await self._ask_all(partial(tables.has_files_below, path), False)

    async def all_files(self) -> AsyncIterator[list[Known]]:
        """All known files, in batches, ordered by directory and name."""
        batch: list[Known] = await self._ask_all(partial(tables.read_batch, (b"", b"")), [])
        while batch:
            yield batch
            batch = await self._ask(partial(tables.read_batch, records.split_path(batch[-1].path)), [])

    async def directories(self, depth: int) -> dict[str, FileTotals]:
        """Directory → totals of the files directly in it; levels below ``depth`` count for their ancestor there."""
        return await self._ask_all(partial(tables.read_totals, depth), {})

    async def largest(self, limit: int) -> list[Known]:
        """The largest files, the largest first."""
        return await self._ask_all(partial(tables.read_largest, limit), [])

    async def runs(self, limit: int) -> list[RunRecord]:
        """The last runs, newest first."""
        return await self._ask(partial(runs.read_runs, limit), [])

    async def told(self) -> frozenset[str]:
        return await self._ask(runs.read_told, frozenset())

    async def begin_run(self, url: str) -> int:
        """Record that a run starts now. Returns its number, or 0 without a state."""
        if not self._thread or not self._database:
            return 0
        action = partial(runs.begin_run, url, time.time())
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._database.write, action, 0)

    def end_run(self, number: int, figures: Figures, *, is_list: bool = False) -> None:
        """Record how run ``number`` ended, with the totals of DIR. ``is_list``: DIR does not mirror its URL."""

        def end(connection: sqlite3.Connection) -> None:
            self.has_news |= runs.end_run(number, figures, is_list, connection)

        self.flush(pages=True)
        self._write(end)

    def remember_hosts(self, learnt: Mapping[str, HostLimits]) -> None:
        """Record the limits that this run found for hosts."""
        if learnt:
            self._write(partial(store_hosts, learnt, time.time()))

    def remember(self, known: Sequence[Known]) -> None:
        if self._thread:
            self._change(self._pending.changes.add_files(known))
            self._buffered(len(known))

    async def doubt(self, paths: Collection[str]) -> None:
        """Mark the records of files that are about to be replaced as unproven; on return this is written."""
        if self._executor and self._database:
            self._change(paths)
            self.flush(pages=True)
            await self._executor.run(self._database.write, partial(tables.doubt, list(paths), self._new), None)

    def visited(self, path: str, url: str | None) -> None:
        """Record that this run has read the listing of directory ``path``, from its page at ``url`` or elsewhere."""
        if self._thread:
            self._pending.visits.add(path, url)
            self._buffered(0)

    async def unvisited_directories(self) -> list[str]:
        """Directories with known files that this run has not visited. Empty if the state had to be replaced."""
        if self.problem or self._has_seen_all():
            return []
        self.flush(visits=True)
        found: list[str] = await self._ask(visits.unvisited_directories, [])
        return [] if self.problem else found

    async def forget_unvisited_pages(self, is_spared: Callable[[str, str], bool]) -> None:
        """Drop all pages that this run has not visited, except where ``is_spared``: (directory, URL) → bool."""
        if not (self.problem or self._has_seen_all()):
            self.flush(visits=True)
            self._write(partial(visits.forget_unvisited_pages, is_spared))

    def remember_listing(self, memo: ListingMemo) -> None:
        if self._thread:
            self._pending.changes.memos[memo.url] = memo
            if self._small is not None:
                self._small.drop(memo.url)
            self._buffered(1 + len(memo.entries) // 10)

    def forget(self, paths: Collection[str]) -> None:
        """Drop the records of these files, which no longer exist."""
        if self._thread:
            self._pending.changes.files.update(dict.fromkeys(paths))
            self._change(paths)
            self._buffered(len(paths))

    def forget_directory(self, path: str) -> None:
        """Drop the records of the directory ``path`` ("" is DIR): its listing, and everything below it."""
        self._small, self._new, self.has_news = None, None, True
        self.flush(pages=True)
        self._write(partial(tables.delete_directory, path))

    def _has_seen_all(self) -> bool:
        """Whether this run has visited all that the state knows, as far as it can be told without asking it."""
        self.flush(pages=True)
        return self._small is not None and self._small.is_within(self._pending.visits)

    def _change(self, paths: Iterable[str]) -> None:
        directories = self._pending.change(paths)
        if self._small is not None:
            self._small.drop_all(directories)

    async def _copied(self, path: str) -> SmallState | None:
        """The copy of a small state, with the files in ``path``; None if the state is not small."""
        if (small := self._small) is not None and small.lacks(path):
            small.add(await self._ask(read_others, None))
        return small

    async def _ask(self, question: Callable[[sqlite3.Connection], T], default: T) -> T:
        if not self._executor or not self._database:
            return default
        return await self._executor.run(self._database.ask, question, default)

    async def _ask_all(self, question: Callable[[sqlite3.Connection], T], default: T) -> T:
        self.flush(pages=True)
        return await self._ask(question, default)

    def _buffered(self, rows: int) -> None:
        if self._pending.is_due(rows):
            self.flush()

    def flush(self, *, visits: bool = False, pages: bool = False) -> None:
        """Start to write pending records in the background; ``visits``, ``pages``: see ``Pending.take``."""
        changes = self._pending.take(visits=visits, pages=pages)
        if not changes.is_empty:
            self.has_news |= changes.has_records
            if self._small is not None and self._pending.visits.are_all_here:
                self._small.note_written(changes)
            self._write(partial(tables.store, changes, self._new))

    def _write(self, action: Callable[[sqlite3.Connection], None]) -> None:
        self._raise_bugs()
        if self._executor and self._database:
            self._writes.append(self._executor.start(self._database.write, action, None))

    def _raise_bugs(self) -> None:
        """Raise errors of finished writes that are not database errors: these are bugs and must not be hidden."""
        while self._writes and self._writes[0].done():
            self._writes.pop(0).result()
