"""Removes from the state what a complete run has shown to be gone: records of files, and unvisited pages."""

from __future__ import annotations

from collections.abc import Callable, Collection

from crawler.model.interfaces import Destination
from crawler.model.state.store import StateStore
from crawler.pipeline.rules.extraneous import useless


def below_any(directories: Collection[str]) -> Callable[[str], bool]:
    """Make a test whether a path is in ``directories`` or below one of them. All paths are below "", which is DIR."""

    def is_below(path: str) -> bool:
        pieces = path.split("/")
        return "" in directories or any("/".join(pieces[:count]) in directories for count in range(1, len(pieces) + 1))

    return is_below


async def collect(destination: Destination, state: StateStore, is_spared: Callable[[str], bool], *, base: str) -> None:
    """Forget unvisited pages, and files of unvisited directories unless they are regular files in DIR.

    Must only be called at the end of a run that visited every listed directory that it was allowed to enter.
    ``is_spared``: whether a path belongs to a directory that it was not allowed to enter. ``base``: URL of the tree;
    pages at other addresses are never spared.
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
