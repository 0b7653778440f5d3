"""Drops what a complete run has shown to be gone from the state: records of files, and pages that were not visited."""

from __future__ import annotations

from collections.abc import Callable, Collection

from crawler.model.interfaces import Destination
from crawler.model.state.store import StateStore
from crawler.pipeline.rules.extraneous import useless


def below_any(directories: Collection[str]) -> Callable[[str], bool]:
    """Whether a path is one of ``directories`` or below one of them; "" is DIR, above everything."""

    def is_below(path: str) -> bool:
        pieces = path.split("/")
        return "" in directories or any("/".join(pieces[:count]) in directories for count in range(1, len(pieces) + 1))

    return is_below


async def collect(destination: Destination, state: StateStore, is_spared: Callable[[str], bool], *, base: str) -> None:
    """Forget files of unvisited directories unless a regular file is in DIR, and pages that were not visited.

    To be called at the end of a run that visited every listed directory it was allowed to enter. ``is_spared``: whether
    a path is one of the others. ``base``: URL of the tree; pages at other addresses are never spared.
    """
    for directory in await state.unvisited_directories():
        if is_spared(directory):
            continue
        local = await destination.scan(directory)
        above = f"{directory}/" if directory else ""
        stale = [above + name for name in useless(await state.directory(directory), local)]
        if stale:
            state.forget(stale)
    await state.forget_unvisited_pages(lambda path, url: url.startswith(base) and is_spared(path))
