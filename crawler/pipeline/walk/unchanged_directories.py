"""Recognises unchanged directories of files by their digests, before their pages are parsed again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest, StoredFile
from crawler.model.state.store import Names, StateStore
from crawler.model.struct import Value
from crawler.model.values import Local, Outcome, Result
from crawler.model.versions.hashing import sha256_hex
from crawler.pipeline.rules.directory_digest import (
    DirectoryDigestBuilder,
    PiecewiseComparison,
    are_saved,
    are_saved_copies,
    copies_digest,
    unchanged_files,
)
from crawler.pipeline.walk.pages import PageVersion
from crawler.version import __version__

Through = Callable[[Iterable[StoredFile]], Iterable[StoredFile]]
"""What records pass on their way from the state."""
_LARGE = 5000
"""Minimum number of files in a directory that is compared before its page has arrived."""
_PROMPT = 0.01
"""Seconds that a page may take without such a comparison. It would delay the request, and be useless for a change."""


class Kept(Value, frozen=True):
    """The files of an unchanged directory."""

    size: int
    """Total size in bytes; 0 if ``rows`` are known."""
    rows: list[StoredFile] | None = None
    """Their records; None if only their number and size are known."""


class EarlyComparison:
    """Compares a large directory with the state while its page is on its way.

    A server takes long to list 100,000 files, and this program takes as long to compare them. If the page turns out to
    be another one, the comparison was in vain; ``close`` ends it.
    """

    def __init__(self, compare: Callable[[Through], Coroutine[Any, Any, Kept | None]]) -> None:
        """``compare``: compares the records after they have passed the function that it receives."""
        self._compare = compare
        self._is_over, self._is_due = False, asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> Kept | None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_due.wait(), _PROMPT)
        return await self._compare(self._until_over)

    def _until_over(self, rows: Iterable[StoredFile]) -> Iterator[StoredFile]:
        for row in rows:
            if self._is_over:
                return
            yield row

    async def result(self) -> Kept | None:
        """The result of the comparison. Raises DestinationError."""
        self._is_due.set()
        return await self._task

    async def close(self) -> None:
        """End the comparison, and ignore how."""
        self._is_over = True
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class UnchangedDirectories:
    """Recognises directories in which nothing has changed since an earlier run, without parsing their pages."""

    def __init__(
        self,
        destination: Destination,
        state: StateStore,
        observer: Observer,
        *,
        allows: Callable[[str], bool],
        allows_below: Callable[[str], bool],
        wishes: str | None,
    ) -> None:
        """``allows``: whether a URL may be requested. ``allows_below``: whether all that begin with a URL may be.

        ``wishes``: see ``wishes``; None if every page is to be read.
        """
        self._destination, self._state, self._observer = destination, state, observer
        self._allows, self._allows_below, self._wishes = allows, allows_below, wishes
        self._counts = observer.counts_unchanged()
        """Whether the files of an unchanged directory need not be known, only how many there are."""
        self._differing: dict[str, DirectoryDigest] = {}
        """Path of a directory that was not as its digest says, until its entries have been decided on → the digest."""
        self.files = 0
        """Number of files in the directories that were recognised as unchanged."""

    async def of(self, url: str) -> DirectoryDigest | None:
        """The digest of the directory at ``url`` by an earlier run with the same wishes; None if there is none."""
        digest = await self._state.directory_digest(url) if self._wishes is not None else None
        return digest if digest is not None and digest.wishes == self._wishes else None

    def begin(self, path: str, digest: DirectoryDigest) -> EarlyComparison | None:
        """Compare the local directory ``path`` while its page is on its way; None if it is too small, or too large."""
        if not _LARGE <= digest.files <= limits.FILES_AT_ONCE:
            return None

        return EarlyComparison(partial(self._compared, path, digest))

    async def is_kept(self, path: str, digest: DirectoryDigest, early: EarlyComparison | None = None) -> bool:
        """Whether the local directory ``path`` is unchanged, given that its page is. If so, reports all its files.

        ``early``: the result of ``begin`` for it.
        """
        if early is not None:
            return self._reported(path, digest, await early.result())
        pieces = self._destination.files_in_pieces(path) if digest.files > limits.FILES_AT_ONCE else None
        is_kept = None if pieces is None else await self._is_as_saved_in_pieces(path, digest, pieces)
        return await self._is_kept(path, digest) if is_kept is None else self._noted(path, digest, is_kept=is_kept)

    async def kept(self, digests: Mapping[str, DirectoryDigest]) -> set[str]:
        """The paths of those local directories for which ``is_kept`` is True; they are scanned together."""
        large = {path for path, digest in digests.items() if digest.files > limits.FILES_AT_ONCE}
        others = {path: digest for path, digest in digests.items() if path not in large} if large else digests
        copies = await self._state.copies(others)
        found: dict[str, Kept | None] = {**await self._counted(others, copies)}
        if len(found) < len(others):
            rest = [path for path in others if path not in found]
            together = self._destination.scan_all(rest)
            scans = await (asyncio.gather(*map(self._destination.scan, rest)) if together is None else together)
            for path, local in zip(rest, scans, strict=True):
                found[path] = await self._as_saved(path, others[path], local, copies.get(path))
        kept = {path for path, digest in others.items() if self._reported(path, digest, found[path])}
        return kept | {path for path in large if await self.is_kept(path, digests[path])}

    async def _is_kept(self, path: str, digest: DirectoryDigest) -> bool:
        """``is_kept`` for a directory that is scanned at once."""
        return self._reported(path, digest, await self._compared(path, digest))

    async def _compared(self, path: str, digest: DirectoryDigest, through: Through = iter) -> Kept | None:
        """The files in the directory ``path``, if it is as ``digest`` says."""
        copies = await self._state.copies([path])
        if (kept := (await self._counted({path: digest}, copies)).get(path)) is not None:
            return kept
        return await self._as_saved(path, digest, await self._destination.scan(path), copies.get(path), through)

    async def _counted(
        self, digests: Mapping[str, DirectoryDigest], copies: Mapping[str, CopiesDigest]
    ) -> dict[str, Kept]:
        """The files in those directories that number and sum of their copies prove to be unchanged, by path.

        Of these ``_as_saved`` would say the same.
        """
        provable = [path for path in copies if self._is_usable(digests[path])]
        counting = self._destination.counted(provable) if provable else None
        if counting is None:
            return {}
        return {
            path: Kept(copies[path].size)
            for path, counted in zip(provable, await counting, strict=True)
            if counted is not None and are_saved(copies[path], digests[path], counted)
        }

    def _is_usable(self, digest: DirectoryDigest) -> bool:
        """Whether the digest of the copies in a directory says all about its files."""
        return self._counts and self._allows_below(digest.answered)

    def _as_before(
        self, path: str, digest: DirectoryDigest, local: Mapping[str, Local], copies: CopiesDigest | None
    ) -> Kept | None:
        """What ``_as_saved`` returns if ``copies``, the digest of the copies in ``path``, proves it; otherwise None."""
        is_usable = copies is not None and self._is_usable(digest) and self._destination.owner(path) is None
        return Kept(copies.size) if is_usable and copies and are_saved_copies(copies, digest, local) else None

    async def _as_saved(
        self,
        path: str,
        digest: DirectoryDigest,
        local: Mapping[str, Local],
        copies: CopiesDigest | None,
        through: Through = iter,
    ) -> Kept | None:
        """The files in ``local``, if it is the content of the directory ``path`` with ``digest``; otherwise None."""
        if (kept := self._as_before(path, digest, local, copies)) is not None:
            return kept
        if self._destination.owner(path) is not None:  # in another mirror not all of the directory may be stored
            return None
        rows = await self._state.rows(
            path, lambda rows: unchanged_files(digest, through(rows), local, self._allows), None
        )
        if rows is None:
            return None
        found = copies_digest(digest, rows)
        if found is not None and found != copies:
            self._state.remember_copies(path, found)
        return Kept(0, rows)

    def _reported(self, path: str, digest: DirectoryDigest, kept: Kept | None) -> bool:
        """Report the files in the directory ``path`` if it is unchanged. Returns whether it is."""
        if kept is not None and kept.rows is None:
            self._observer.count_unchanged(digest.files, kept.size)
        elif kept is not None and kept.rows is not None:
            self._observer.all_unchanged(path, kept.rows, Reason.SAME_ROW)
        return self._noted(path, digest, is_kept=kept is not None)

    async def _is_as_saved_in_pieces(
        self, path: str, digest: DirectoryDigest, pieces: AsyncGenerator[dict[str, Local], None]
    ) -> bool | None:
        """``_is_as_saved`` for a large directory, without holding it in memory; None if ``pieces`` do not tell."""
        comparison, after, seen = PiecewiseComparison(digest, self._allows), "", list[Names]()
        async with aclosing(pieces):
            async for local in pieces:
                if not local:
                    return None
                names = (after, after := max(local))
                passes = partial(comparison.passes, local=local)
                if not await self._state.rows(path, passes, default=False, names=names):
                    return False
                seen.append(names)
        if self._destination.owner(path) is not None or not comparison.is_same:
            return False
        for names in seen:  # only now, because nothing may be reported that the walk may decide differently
            self._observer.all_unchanged(path, await self._state.rows(path, list, [], names), Reason.SAME_ROW)
        return True

    def _noted(self, path: str, digest: DirectoryDigest, *, is_kept: bool) -> bool:
        """Note whether the directory ``path`` is as its digest says, and report what the filters skip there."""
        if not is_kept:
            self._differing[path] = digest
            return False
        self.files += digest.files
        above = f"{path}/" if path else ""
        for each in digest.skipped:
            self._observer.listed(above + each.name, each.size)
            self._observer.finished(
                Result(path=above + each.name, url=each.url, outcome=Outcome.SKIPPED, reason=each.reason)
            )
        return True

    def remember(self, path: str, version: PageVersion, entries: DirectoryDigestBuilder) -> None:
        """Keep the digest of the directory ``path``, once all of its ``entries`` have been decided on."""
        before = self._differing.pop(path, None)
        if self._wishes is None or not entries.is_worth_it:
            return
        digest = DirectoryDigest(
            answered=version.answered,
            body_digest=version.body_digest,
            validators=version.validators,
            family=version.family,
            wishes=self._wishes,
            files=entries.files,
            total=entries.total,
            resolution=entries.resolution,
            newest=entries.newest,
            newest_local=entries.newest_local,
            skipped=tuple(entries.skipped),
        )
        if digest != before:
            self.keep(path, version.url, digest)

    def keep(self, path: str, url: str, digest: DirectoryDigest) -> None:
        """Keep ``digest`` of the directory ``path``, whose page is at ``url``."""
        self._state.remember_directory_digest(url, path, digest)


def wishes(config: Config, url: str) -> str | None:
    """A digest of the options that affect the decisions of a run at ``url``; runs with the same digest can reuse them.

    None if an entry may be decided differently in each run, and for a run that changes nothing.
    """
    bounds = (config.newer_than, config.older_than, config.max_files, config.max_total_size)
    if config.dry_run or config.check != "listing" or any(bound is not None for bound in bounds):
        return None
    values = (
        __version__, url, config.ext, config.rules, config.min_size, config.max_size, config.verify_digests,
        config.allow_host,
    )  # fmt: skip
    return sha256_hex(repr(values).encode("utf-8", "surrogatepass"))
