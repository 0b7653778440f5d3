"""What is at one path of the destination, for runs that do not compare whole directories."""

from __future__ import annotations

from crawler.model.interfaces import Destination
from crawler.model.values import Local


async def look(destination: Destination, path: str) -> Local | None:
    """What is at ``path``, with its time; None if nothing is. Raises DestinationError."""
    folder, _, name = path.rpartition("/")
    found = await destination.inspect(folder, [name])
    return (await destination.scan(folder) if found is None else found).get(name)
