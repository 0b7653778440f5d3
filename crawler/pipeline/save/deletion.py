"""Deleting what is gone upstream: the most dangerous feature, so each doubt ends it.

Only what the complete listing of a folder proves absent is a candidate (``comparison.Missing.gone``). Deletion is
the last act of a run, and its limit is checked before the first file goes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.model.flaws import FlawKind
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.options.values import MaxDelete
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.values import Kind, Outcome, Result
from crawler.pipeline.rules.extraneous import Extraneous, Missing
from crawler.pipeline.rules.filters import Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """What is to be removed: files first, then folders, deepest first."""

    files: tuple[str, ...]
    folders: tuple[str, ...]
    sizes: dict[str, int]
    uncounted: int
    """Files in folders that are gone upstream: no listing was compared with them, so nobody has counted them yet."""
    spared: dict[str, str] = field(default_factory=dict)
    """What stays in folders that are gone upstream, because no listing has a say in it: path → what it is."""


async def candidates(
    extraneous: Sequence[Extraneous], destination: Destination, filters: Filters, *, delete_excluded: bool
) -> Doomed:
    """Everything at or below ``extraneous`` that may go. What the filters exclude is not ours, nor is its folder."""
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
        for path, kind, size in [*found, (item.path, item.kind, item.size)]:  # files before their folder
            if (not delete_excluded and _is_excluded(path, kind, filters)) or path in kept:
                kept.update(_parents(path))
            elif kind is Kind.DIRECTORY:
                folders.append(path)
            else:
                files.append(path)
                sizes[path] = size
    return Doomed(
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
    """The paths of files that the filters exclude: not ours to delete, nor are their parts."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and _is_excluded_file(path, self._filters)


def _parents(path: str) -> list[str]:
    return [path[:at] for at, character in enumerate(path) if character == "/"]


def doubts(missing: Missing) -> Iterator[tuple[str, int]]:
    """What is not listed and stays, because a page that was read to its end does not prove it absent.

    Each as a warning and its exit code.
    """
    doubted, mentioned = missing.doubted, missing.mentioned
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Of a run that has looked at everything, what says if it may delete."""

    wanted: bool
    """``--delete``."""
    gone: bool
    """Something is proven absent."""
    doubts: tuple[tuple[str, int], ...] = ()
    """As ``doubts`` yields them."""
    interrupted: bool = False
    limit_reached: bool = False
    """``--max-files`` and the like: the run did not look at everything."""
    failed: bool = False
    """Any file or listing."""
    listings_failed: bool = False
    ignores_errors: bool = False
    count: int = 0
    """Files that would go, 0 as long as they are not counted; ``total`` is that of all local files."""
    total: int = 0
    limit: MaxDelete


class Judgement(NamedTuple):
    """Whether a run deletes, and what it has to say, each text with its exit code."""

    deletes: bool
    warnings: tuple[tuple[str, int], ...] = ()
    refusal: str | None = None
    """The text of the DeleteRefused that ends the run."""


def judge(case: Circumstances) -> Judgement:
    """What stands in the way of deleting, if anything does. Doubts about some folders do not concern the others."""
    if not case.wanted:
        return Judgement(False)
    if not case.gone or case.interrupted or case.limit_reached:  # the latter two are told, and have their exit codes
        return Judgement(False, case.doubts)
    if case.failed and not case.ignores_errors:
        code = 6 if case.listings_failed else 0
        told = ("nothing was deleted, because something failed (--ignore-errors would)", code)
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
    doomed: Doomed, destination: Destination, state: StateStore, observer: Observer
) -> list[tuple[str, str]]:
    """Remove them; a Result for each file that is gone. Returns (path, reason) of what stayed.

    A folder that is not empty is none of those: it holds what nobody asked to remove, or what is named itself.

    They are forgotten first: whatever ends the program here leaves files without a row, which the next run finds
    again, and never rows without a file, which --verify would miss for ever.
    """
    stayed: list[tuple[str, str]] = []
    state.forget(doomed.files)
    for folder in doomed.folders:
        state.forget_folder(folder)
    if doomed.files:
        await state.file(doomed.files[0])  # comes back only after what was written before it
    paths = [*doomed.files, *doomed.folders]
    reasons = dict(zip(paths, await destination.delete(paths), strict=True))
    for path in doomed.files:
        if (reason := reasons[path]) is not None:
            stayed.append((path, reason))
            continue
        size = doomed.sizes[path]
        observer.finished(Result(path=path, url="", outcome=Outcome.DELETED, reason=Reason.GONE, old_size=size))
    stayed += [
        (folder, reason)
        for folder in doomed.folders
        if (reason := reasons[folder]) is not None and reason != Reason.NOT_EMPTY
    ]
    return stayed
