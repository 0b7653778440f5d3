"""Stores batches of bodies as objects, many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING

import obstore

from crawler.model.struct import replace
from crawler.model.values import Known, Staged
from crawler.storage.objects.attributes import MTIME, attributes
from crawler.storage.objects.directories import Directories
from crawler.storage.objects.errors import FAILURES, destination_error, is_of_one, summary
from crawler.storage.objects.keys import unusable
from crawler.storage.objects.large_body import ObjectPart
from crawler.storage.objects.listing import version_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from crawler.storage.objects.location import Location


class BatchCommit:
    """Stores complete bodies as objects. ``parts``: the open parts by name; stored ones are removed from it."""

    def __init__(
        self,
        store: ObjectStore,
        where: Location,
        parts: MutableMapping[str, ObjectPart],
        directories: Directories,
        turns: asyncio.Semaphore,
    ) -> None:
        self._store, self._where, self._parts, self._directories, self._turns = store, where, parts, directories, turns

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        """See ``Destination.commit``. Raises DestinationError."""
        outcomes: list[Known | str | None] = []
        try:
            await self._directories.check([item.job.path for item in batch if not self._unfit(item)])
        except FAILURES as error:
            raise destination_error(error, self._where, untouched=True) from error
        for item in batch:  # in order: if two items exclude each other, the first is stored
            outcomes.append(self._unfit(item) or self._directories.obstacle(item.job.path))
            if outcomes[-1] is None:
                self._directories.fill(item.job.path)
        waiting = [number for number, outcome in enumerate(outcomes) if outcome is None]
        done = await asyncio.gather(*[self._store_one(batch[number]) for number in waiting], return_exceptions=True)
        failure: Exception | None = None
        for number, result in zip(waiting, done, strict=True):
            if isinstance(result, FAILURES):
                failure = failure or result
                result = summary(result)
            elif isinstance(result, BaseException):
                raise result
            outcomes[number] = result
        if failure is not None:
            stored = [outcome for outcome in outcomes if isinstance(outcome, Known)]
            raise destination_error(failure, self._where, done=stored, untouched=True) from failure
        return [outcome for outcome in outcomes if outcome is not None]

    def _unfit(self, item: Staged) -> str | None:
        owner = self._directories.owner(item.job.path)
        if owner is not None:
            return f"belongs to another mirror, the one in {owner}"
        return unusable(item.job.path, self._where.prefix)

    async def _store_one(self, item: Staged) -> Known | str:
        """Store one body. Returns its record, or why this body cannot be stored. Raises what obstore raises."""
        path = item.job.path
        found = attributes(path, item.mtime, item.result.digest, self._where.scheme)
        async with self._turns:
            part = self._parts.pop(item.part, None) if item.part else None
            size = len(item.body) if part is None else part.offset
            if item.part and part is None:
                return "its body is gone"
            if size != item.size:
                if part is not None:
                    await part.discard()
                return f"its body has {size} bytes, expected {item.size}"
            try:
                if part is not None:
                    done = await part.store_as(found)
                else:
                    done = await obstore.put_async(self._store, path, item.body, attributes=found, use_multipart=False)
            except FAILURES as error:
                if is_of_one(error):
                    return summary(error)
                raise
        return self._known(item, version_of(done["e_tag"]), MTIME in found)

    def _known(self, item: Staged, version: str, is_timed: bool) -> Known:
        job, result = item.job, item.result
        mtime = item.mtime if is_timed and item.mtime is not None else time.time_ns()
        known = result.known or Known(path=job.path, url=job.url, row=job.row, size=0, mtime=0, digest=result.digest)
        return replace(known, size=item.size, mtime=mtime, version=version)
