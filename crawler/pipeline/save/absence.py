"""Proves that what is to be deleted is absent upstream, by pages that were parsed in this run.

A page that is unchanged since the last run is not parsed; its entries come from the state. That is good enough for
anything that can be repaired, but not for a deletion: before one, the page is fetched unconditionally and parsed. The
same goes for a listing of several pages: if a row is removed while they are read, another one may move from a page that
was still to be read to one that had been read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.pipeline.rules.extraneous import Extraneous, ListedNames, Unlisted
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.walker import Walker

_CONTRADICTED = "read again before deleting, it differs from what was read before; the next run reads it anew"


async def prove(unlisted: Unlisted, walker: Walker, may_go: Callable[[Extraneous], Awaitable[bool]]) -> None:
    """Read such listings again, and remove from ``unlisted.gone`` what they do not prove absent now.

    ``may_go``: whether an entry would be deleted at all. A directory that cannot be read, or whose page contradicts
    what is remembered, is reported as failed.
    """
    by_directory: dict[tuple[str, str], list[Extraneous]] = {}
    for item in unlisted.gone:
        origin = unlisted.recalled.get(item.path)
        if origin is not None and await may_go(item):
            by_directory.setdefault(origin, []).append(item)
    unproven: set[str] = set()
    for (path, url), items in by_directory.items():
        directory = Directory(path=path, url=url)
        problem = await _contradiction(directory, items, walker)
        if problem is not None:
            walker.fail(directory, problem)
            unproven.update(item.path for item in items)
    unlisted.withdraw(unproven)


async def _contradiction(directory: Directory, items: list[Extraneous], walker: Walker) -> str | None:
    """Explain why the current listing of ``directory`` does not prove ``items`` absent; None if it does."""
    shown, conclusive = ListedNames(), True

    async def visit(page: DirectoryPage) -> bool:
        nonlocal conclusive
        shown.add(directory.path, page.entries)
        shown.mention(page.mentioned)
        conclusive = conclusive and page.conclusive
        return True

    try:
        await walker.read_anew(directory, visit)
    except (FetchError, VerificationError, ListingError) as error:
        return f"cannot be read again before deleting: {error}"
    return None if conclusive and all(shown.lacks(item) for item in items) else _CONTRADICTED
