"""Looks at a single path of the destination, for runs that do not compare whole directories."""

from __future__ import annotations

from crawler.model.interfaces import Destination
from crawler.model.values import Local


async def look(destination: Destination, path: str) -> Local | None:
    """The file or directory at ``path``, with its time; None if nothing is there. Raises DestinationError."""
    directory, _, name = path.rpartition("/")
    asked = destination.inspect(directory, [name])
    return (await destination.scan(directory) if asked is None else await asked).get(name)
