"""Decides whether a run may delete, and how much. Deletion is the most dangerous feature, so any doubt prevents it."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.model.flaws import FlawKind
from crawler.model.options.readers import MaxDelete
from crawler.model.struct import Value
from crawler.pipeline.rules.extraneous import Unlisted


def doubts(unlisted: Unlisted) -> Iterator[tuple[str, int]]:
    """Yield warnings, each with its exit code, about unlisted files that stay because no page proves them absent."""
    doubted, mentioned = unlisted.doubted, unlisted.mentioned
    by_kind: dict[FlawKind, list[str]] = {}
    for directory, flaw in doubted.items():
        by_kind.setdefault(flaw.kind, []).append(directory)
    for kind, directories in by_kind.items():
        more = len(directories) - 1
        also = f" (and {more} more {'directory' if more == 1 else 'directories'})" if more else ""
        code = 0 if kind is FlawKind.FALLBACK else 6  # this is no problem, and the next run may delete
        yield f"nothing was deleted in /{directories[0]}{also}: {doubted[directories[0]]}", code
    if mentioned:
        also = f" and {len(mentioned) - 1} more" if len(mentioned) > 1 else ""
        yield f"not deleted: {mentioned[0]}{also}: no longer listed, but a link on the page still shows the name", 0


class Circumstances(Value, frozen=True, kw_only=True):
    """Circumstances at the end of a run that decide whether it may delete."""

    wanted: bool
    """``--delete``."""
    gone: bool
    """Whether anything is proven absent."""
    doubts: tuple[tuple[str, int], ...] = ()
    """Warnings with their exit codes, from the function ``doubts``."""
    interrupted: bool = False
    limit_reached: bool = False
    """True if a limit such as ``--max-files`` ended the run, so that it has not seen everything."""
    failed: bool = False
    """True if any file or listing failed."""
    listings_failed: bool = False
    ignores_errors: bool = False
    is_fallback: bool = False
    """True if a listing came from an upstream other than URL."""
    count: int = 0
    """Number of files that would be removed, 0 until they are counted; ``total`` counts all local files."""
    total: int = 0
    limit: MaxDelete


class Judgement(Value, frozen=True):
    """The decision whether a run deletes, with warnings and their exit codes."""

    deletes: bool
    warnings: tuple[tuple[str, int], ...] = ()
    refusal: str | None = None
    """The text of the DeleteRefused that ends the run; None if deletion is not refused."""


def judge(case: Circumstances) -> Judgement:
    """Decide whether to delete. Doubts about some directories do not concern the others."""
    if not case.wanted:
        return Judgement(False)
    # Interruptions and limits are reported elsewhere, with their exit codes.
    if not case.gone or case.interrupted or case.limit_reached:
        return Judgement(False, case.doubts)
    if case.failed and not case.ignores_errors:
        code = 6 if case.listings_failed else 0
        told = ("nothing was deleted, because something failed (--ignore-errors deletes anyway)", code)
        return Judgement(False, (*case.doubts, told))
    if case.is_fallback:  # listings of different hosts prove nothing absent, not even with --ignore-errors
        told = ("nothing was deleted, because some listings came from a fallback", 0)
        return Judgement(False, (*case.doubts, told))
    refusal = excess(case.count, case.total, case.limit)
    return Judgement(refusal is None, case.doubts, refusal)


def excess(count: int, total: int, limit: MaxDelete) -> str | None:
    """Explain why ``count`` of ``total`` local files are more than ``limit`` allows; None if they are not."""
    share = max(limit.always, int(total * (limit.percent or 0.0) / 100))
    if count <= (share if limit.count is None else limit.count):
        return None
    return (
        f"{count} of {total} local files are gone upstream: more than --max-delete {limit} allows, "
        "so nothing was deleted (is the site complete? then run once with a higher --max-delete)"
    )
