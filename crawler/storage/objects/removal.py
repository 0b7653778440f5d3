"""Deletes objects, many in one request if the store allows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import obstore

from crawler.model.reasons import Reason
from crawler.storage.objects import listing
from crawler.storage.objects.directories import Directories
from crawler.storage.objects.errors import FAILURES, MISSING, is_of_one_deletion, summary
from crawler.storage.objects.keys import unusable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

AT_ONCE = 1000
"""Maximum number of objects in one request."""
SINGLY = 32
"""Maximum number of requests for single objects in flight."""


async def remove(
    store: ObjectStore, paths: Sequence[str], directories: Directories, prefix: str, outcomes: dict[str, str | None]
) -> list[str | None]:
    """Delete files and empty directories in order. Returns for each path None, or why it was not deleted.

    The same is added to ``outcomes`` as soon as it is known. Raises the errors of obstore that mean that the store as
    a whole cannot be used.
    """
    files: list[str] = []
    for path in paths:
        problem = unusable(path, prefix)
        owner = None if problem else directories.owner(path)
        if problem or owner:
            outcomes[path] = problem or f"belongs to another mirror, the one in {owner}"
        elif path in directories.known or path in directories.made:
            await _delete_files(store, files, outcomes)
            files = []
            outcomes[path] = await _remove_directory(store, path, directories)
        else:
            files.append(path)
    await _delete_files(store, files, outcomes)
    return [outcomes[path] for path in paths]


async def _remove_directory(store: ObjectStore, path: str, directories: Directories) -> str | None:
    if any(made.startswith(f"{path}/") for made in directories.made) or await listing.is_directory(store, path):
        return Reason.NOT_EMPTY
    if await listing.has_mark(store, path):
        return f"it is {listing.MARK}"
    directories.emptied(path)
    return None


async def _delete_files(store: ObjectStore, paths: Sequence[str], outcomes: dict[str, str | None]) -> None:
    for start in range(0, len(paths), AT_ONCE):
        some = paths[start : start + AT_ONCE]
        try:
            await obstore.delete_async(store, some)
            outcomes.update(dict.fromkeys(some))
        except FAILURES:  # the error names one path at most, and others may be gone
            await _delete_rest(store, some, outcomes)


async def _delete_rest(store: ObjectStore, paths: Sequence[str], outcomes: dict[str, str | None]) -> None:
    """Find out which ``paths`` a failed request has left, and delete these one by one. Raises what obstore raises."""
    left: list[str] = []
    for start in range(0, len(paths), SINGLY):
        some = paths[start : start + SINGLY]
        found = await asyncio.gather(*[listing.look(store, path) for path in some], return_exceptions=True)
        outcomes.update((path, None) for path, there in zip(some, found, strict=True) if there is None)
        left += [path for path, there in zip(some, found, strict=True) if there is not None]
        if any(isinstance(there, BaseException) for there in found):  # the store does not say
            left += paths[start + SINGLY :]
            break
    for start in range(0, len(left), SINGLY):
        some = left[start : start + SINGLY]
        done = await asyncio.gather(*[_delete(store, path) for path in some], return_exceptions=True)
        outcomes.update((path, end) for path, end in zip(some, done, strict=True) if not isinstance(end, BaseException))
        failure = next((end for end in done if isinstance(end, BaseException)), None)
        if failure is not None:
            raise failure


async def _delete(store: ObjectStore, path: str) -> str | None:
    """Delete one object. Returns why that was refused. Raises the errors of obstore that are not about it alone."""
    try:
        await obstore.delete_async(store, path)
    except MISSING:
        return None
    except FAILURES as error:
        if is_of_one_deletion(error):
            return summary(error)
        raise
    return None
