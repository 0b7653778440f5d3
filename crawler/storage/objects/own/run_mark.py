"""The object by which the workers of a run know that they reach the same place in the same store as its client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import obstore

from crawler.storage.objects.connect import connect
from crawler.storage.objects.errors import CONFLICT, FAILURES, MISSING, destination_error, summary

if TYPE_CHECKING:
    from crawler.model.config import Config
    from crawler.storage.objects.location import Location

_KEY = ".crawler/cluster-"


@asynccontextmanager
async def marked(where: Location, config: Config, token: str) -> AsyncIterator[str]:
    """Yield the name of a new object below ``where``, which exists only meanwhile. Raises DestinationError.

    A run that is killed leaves it: an empty object, which ``--delete`` never counts as a file.
    """
    store, key = connect(where, config.objects), f"{_KEY}{token}"
    try:
        with suppress(*CONFLICT):
            await obstore.put_async(store, key, b"", mode="create")
    except FAILURES as error:
        raise destination_error(error, where) from error
    try:
        yield key
    finally:
        with suppress(*FAILURES):
            await obstore.delete_async(store, key)


async def why_unseen(where: Location, config: Config, key: str) -> str | None:
    """Why this process does not reach the object ``key``, in one clause; None if it does."""
    try:
        await obstore.head_async(connect(where, config.objects), key)
    except MISSING:
        return f"what it finds at {where} is not what this run finds there"
    except FAILURES as error:
        return f"it cannot use {where}: {summary(error)}"
    return None
