"""Selects and removes the files and directories that are gone upstream.

Only what the complete listing of a directory proves absent is a candidate (``extraneous.Unlisted.gone``). Whether a run
may delete at all, and how much, is decided in ``rules.deletion_limit``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crawler.model.errors import DestinationError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.struct import Value, field
from crawler.model.values import Kind, Outcome, Result
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.filters import Excluded, Filters
from crawler.text.names.places import directories_above


class Removals(Value, frozen=True, kw_only=True):
    """Files to be removed, then directories, deepest first."""

    files: tuple[str, ...]
    directories: tuple[str, ...]
    sizes: dict[str, int]
    uncounted: int
    """Number of files in directories that are gone upstream; compared with no listing, so not counted before."""
    spared: dict[str, str] = field(default_factory=dict)
    """Path of an entry that is never deleted, although its directory is gone upstream → what it is."""
    excluded: tuple[str, ...] = ()
    """Paths that the filters exclude; these stay, and so do the directories above them."""

    def blocker(self, directory: str) -> str:
        """A description of what keeps ``directory`` from being removed as a whole; "" if nothing does."""
        if directory in self.directories:
            return ""
        stays = (*self.spared, *self.excluded)
        path = next((path for path in stays if path == directory or path.startswith(f"{directory}/")), directory)
        what = self.spared.get(path, "excluded by the filters")
        return f"{path} stays ({what}): {'name a file elsewhere' if what.startswith('--') else 'move it away'}"


async def candidates(
    extraneous: Sequence[Extraneous], destination: Destination, filters: Filters, *, delete_excluded: bool
) -> Removals:
    """All that may be removed at or below ``extraneous``, except excluded files and their directories."""
    files: list[str] = []
    directories: list[str] = []
    sizes: dict[str, int] = {}
    kept: set[str] = set()
    spared: dict[str, str] = {}
    excluded: list[str] = []
    uncounted = 0
    for item in extraneous:
        found: Sequence[tuple[str, Kind, int]] = ()
        if item.kind is Kind.DIRECTORY:
            found = await destination.walk_local(item.path)
            left_out = destination.spared()
            spared.update(left_out)
            kept.update(above for path in left_out for above in (path, *directories_above(path)))
        uncounted += sum(kind is not Kind.DIRECTORY for _, kind, _ in found)
        for path, kind, size in [*found, (item.path, item.kind, item.size)]:  # the files of a directory precede it
            is_excluded = not delete_excluded and _is_excluded(path, kind, filters)
            if is_excluded or path in kept:
                kept.update(directories_above(path))
                excluded += [path] if is_excluded else []
            elif kind is Kind.DIRECTORY:
                directories.append(path)
            else:
                files.append(path)
                sizes[path] = size
    return Removals(
        files=tuple(files),
        directories=tuple(p for p in directories if p not in kept),
        sizes=sizes,
        uncounted=uncounted,
        spared=spared,
        excluded=tuple(excluded),
    )


def _is_excluded(path: str, kind: Kind, filters: Filters) -> bool:
    if kind is Kind.DIRECTORY:
        return filters.prunes(path) is not None
    return path in Excluded(filters)


async def remove(
    removals: Removals, destination: Destination, state: StateStore, observer: Observer
) -> tuple[list[tuple[str, str]], DestinationError | None]:
    """Remove everything in ``removals``, with a Result for each removed file.

    Returns (path, reason) of what stayed, and the error if the destination failed before it had tried to remove all.

    A directory that is not empty is not reported: its contents were to stay or are reported themselves.

    The records are removed first. If the program is killed in between, it leaves files without records, which the next
    run finds, and never records without files, which --verify would report forever.
    """
    state.forget(removals.files)
    for directory in removals.directories:
        state.forget_directory(directory)
    if removals.files:
        await state.file(removals.files[0])  # waits for the writes before it
    paths = [*removals.files, *removals.directories]
    outcomes: Mapping[str, str | None]
    failure: DestinationError | None = None
    try:
        outcomes = dict(zip(paths, await destination.delete(paths), strict=True))
    except DestinationError as error:
        outcomes, failure = error.outcomes, error
    for path in removals.files:
        if path in outcomes and outcomes[path] is None:
            size = removals.sizes[path]
            observer.finished(Result(path=path, url="", outcome=Outcome.DELETED, reason=Reason.GONE, old_size=size))
    stayed = [(path, reason) for path in removals.files if (reason := outcomes.get(path)) is not None]
    stayed += [
        (directory, reason)
        for directory in removals.directories
        if (reason := outcomes.get(directory)) is not None and reason != Reason.NOT_EMPTY
    ]
    return stayed, failure
