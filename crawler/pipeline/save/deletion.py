"""Deletes what is gone upstream: the most dangerous feature, so any doubt ends it.

Only what the complete listing of a directory proves absent is a candidate (``extraneous.Unlisted.gone``). Deletion is
the last act of a run, and its limit is checked before the first file is removed.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from crawler.model.flaws import FlawKind
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.options.values import MaxDelete
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.struct import Value, field
from crawler.model.values import Kind, Outcome, Result
from crawler.pipeline.rules.extraneous import Extraneous, Unlisted
from crawler.pipeline.rules.filters import Filters


class Removals(Value, frozen=True, kw_only=True):
    """Files to be removed, then directories, deepest first."""

    files: tuple[str, ...]
    folders: tuple[str, ...]
    sizes: dict[str, int]
    uncounted: int
    """Files in directories that are gone upstream: no listing was compared with them, so nothing has counted them."""
    spared: dict[str, str] = field(default_factory=dict)
    """Path → what it is; never deleted, although its directory is gone upstream."""


async def candidates(
    extraneous: Sequence[Extraneous], destination: Destination, filters: Filters, *, delete_excluded: bool
) -> Removals:
    """Everything at or below ``extraneous`` that may be removed: not what the filters exclude, nor its directories."""
    files: list[str] = []
    folders: list[str] = []
    sizes: dict[str, int] = {}
    kept: set[str] = set()
    spared: dict[str, str] = {}
    uncounted = 0
    for item in extraneous:
        found: Sequence[tuple[str, Kind, int]] = ()
        if item.kind is Kind.DIRECTORY:
            found = await destination.walk_local(item.path)
            left_out = destination.spared()
            spared.update(left_out)
            kept.update(above for path in left_out for above in (path, *_parents(path)))
        uncounted += sum(kind is not Kind.DIRECTORY for _, kind, _ in found)
        for path, kind, size in [*found, (item.path, item.kind, item.size)]:  # files before their directory
            if (not delete_excluded and _is_excluded(path, kind, filters)) or path in kept:
                kept.update(_parents(path))
            elif kind is Kind.DIRECTORY:
                folders.append(path)
            else:
                files.append(path)
                sizes[path] = size
    return Removals(
        files=tuple(files),
        folders=tuple(p for p in folders if p not in kept),
        sizes=sizes,
        uncounted=uncounted,
        spared=spared,
    )


def _is_excluded(path: str, kind: Kind, filters: Filters) -> bool:
    if kind is Kind.DIRECTORY:
        return filters.prunes(path) is not None
    return _is_excluded_file(path, filters)


def _is_excluded_file(path: str, filters: Filters) -> bool:
    return filters.rejects(path, path.rpartition("/")[2], None, None) is not None


class Excluded(Container[str]):
    """The paths of files that the filters exclude: neither they nor their parts are deleted."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and _is_excluded_file(path, self._filters)


def _parents(path: str) -> list[str]:
    return [path[:at] for at, character in enumerate(path) if character == "/"]


def doubts(unlisted: Unlisted) -> Iterator[tuple[str, int]]:
    """Warnings, each with its exit code, of what is not listed and stays because its pages do not prove it absent."""
    doubted, mentioned = unlisted.doubted, unlisted.mentioned
    by_kind: dict[FlawKind, list[str]] = {}
    for folder, flaw in doubted.items():
        by_kind.setdefault(flaw.kind, []).append(folder)
    for folders in by_kind.values():
        more = len(folders) - 1
        also = f" (and {more} more {'folder' if more == 1 else 'folders'})" if more else ""
        yield f"nothing was deleted in /{folders[0]}{also}: {doubted[folders[0]]}", 6
    if mentioned:
        also = f" and {len(mentioned) - 1} more" if len(mentioned) > 1 else ""
        yield f"not deleted: {mentioned[0]}{also}: no longer listed, but a link on the page still shows the name", 0


class Circumstances(Value, frozen=True, kw_only=True):
    """Circumstances at the end of a run that decide whether it may delete."""

    wanted: bool
    """``--delete``."""
    gone: bool
    """Something is proven absent."""
    doubts: tuple[tuple[str, int], ...] = ()
    """As ``doubts`` yields them."""
    interrupted: bool = False
    limit_reached: bool = False
    """``--max-files`` and the like ended the run, so it has not seen everything."""
    failed: bool = False
    """True if any file or listing failed."""
    listings_failed: bool = False
    ignores_errors: bool = False
    count: int = 0
    """Files that would be removed, 0 before they are counted; ``total`` counts all local files."""
    total: int = 0
    limit: MaxDelete


class Judgement(NamedTuple):
    """Whether a run deletes, and its warnings, each with its exit code."""

    deletes: bool
    warnings: tuple[tuple[str, int], ...] = ()
    refusal: str | None = None
    """Text of the DeleteRefused that ends the run."""


def judge(case: Circumstances) -> Judgement:
    """Decide whether to delete. Doubts about some directories do not concern the others."""
    if not case.wanted:
        return Judgement(False)
    if (
        not case.gone or case.interrupted or case.limit_reached
    ):  # the latter two are reported elsewhere, with their exit codes
        return Judgement(False, case.doubts)
    if case.failed and not case.ignores_errors:
        code = 6 if case.listings_failed else 0
        told = ("nothing was deleted, because something failed (--ignore-errors deletes nevertheless)", code)
        return Judgement(False, (*case.doubts, told))
    refusal = excess(case.count, case.total, case.limit)
    return Judgement(refusal is None, case.doubts, refusal)


def excess(count: int, total: int, limit: MaxDelete) -> str | None:
    """Why ``count`` of ``total`` local files are more than ``limit`` allows, or None."""
    share = max(limit.always, int(total * (limit.percent or 0.0) / 100))
    if count <= (share if limit.count is None else limit.count):
        return None
    return (
        f"{count} of {total} local files are gone upstream: more than --max-delete {limit} allows, "
        "so nothing was deleted (is the site complete? then run once with a higher --max-delete)"
    )


async def remove(
    removals: Removals, destination: Destination, state: StateStore, observer: Observer
) -> list[tuple[str, str]]:
    """Remove everything in ``removals``, with a Result for each removed file. Returns (path, reason) of what stayed.

    A directory that is not empty is not reported: it holds what was not to be removed, or what is reported itself.

    The records are removed first: if the program is killed here, it leaves files without a record, which the next run
    finds, and never records without a file, which --verify would report forever.
    """
    stayed: list[tuple[str, str]] = []
    state.forget(removals.files)
    for folder in removals.folders:
        state.forget_folder(folder)
    if removals.files:
        await state.file(removals.files[0])  # returns only after the writes before it
    paths = [*removals.files, *removals.folders]
    reasons = dict(zip(paths, await destination.delete(paths), strict=True))
    for path in removals.files:
        if (reason := reasons[path]) is not None:
            stayed.append((path, reason))
            continue
        size = removals.sizes[path]
        observer.finished(Result(path=path, url="", outcome=Outcome.DELETED, reason=Reason.GONE, old_size=size))
    stayed += [
        (folder, reason)
        for folder in removals.folders
        if (reason := reasons[folder]) is not None and reason != Reason.NOT_EMPTY
    ]
    return stayed
