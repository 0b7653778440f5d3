"""Deletes objects, many in one request if the store allows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import obstore

from crawler.model.reasons import Reason
from crawler.storage.objects import listing
from crawler.storage.objects.directories import Directories
from crawler.storage.objects.errors import FAILURES, MISSING, is_of_one, summary
from crawler.storage.objects.keys import unusable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

AT_ONCE = 1000


async def remove(store: ObjectStore, paths: Sequence[str], directories: Directories, prefix: str) -> list[str | None]:
    """Delete files and empty directories in order. Returns for each path None, or why it was not deleted.

    Raises the errors of obstore that mean that the store as a whole cannot be used.
    """
    reasons: dict[int, str | None] = {}
    files: dict[int, str] = {}
    for number, path in enumerate(paths):
        problem = unusable(path, prefix)
        owner = None if problem else directories.owner(path)
        if problem or owner:
            reasons[number] = problem or f"belongs to another mirror, the one in {owner}"
        elif path in directories.known or path in directories.made:
            reasons.update(await _delete_files(store, files))
            files = {}
            reasons[number] = await _remove_directory(store, path, directories)
        else:
            files[number] = path
    reasons.update(await _delete_files(store, files))
    return [reasons[number] for number in range(len(paths))]


async def _remove_directory(store: ObjectStore, path: str, directories: Directories) -> str | None:
    if any(made.startswith(f"{path}/") for made in directories.made) or await listing.is_directory(store, path):
        return Reason.NOT_EMPTY
    if await listing.has_mark(store, path):
        return f"it is {listing.MARK}"
    directories.emptied(path)
    return None


async def _delete_files(store: ObjectStore, files: dict[int, str]) -> dict[int, str | None]:
    reasons: dict[int, str | None] = {}
    numbers = list(files)
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        try:
            await obstore.delete_async(store, [files[number] for number in some])
            reasons.update((number, None) for number in some)
        except FAILURES:  # the error does not say which paths failed or were already gone: delete them one by one
            for number in some:
                reasons[number] = await _delete(store, files[number])
    return reasons


async def _delete(store: ObjectStore, path: str) -> str | None:
    try:
        await obstore.delete_async(store, path)
    except MISSING:
        return None
    except FAILURES as error:
        if is_of_one(error):
            return summary(error)
        raise
    return None
