"""Protects other mirrors inside DIR: nothing is written to them unless they mirror the same tree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crawler.model.interfaces import Destination
from crawler.text.ownership import is_subtree

UrlOf = Callable[[str], Awaitable[str | None]]
"""Looks up the URL that a directory in DIR with a state of its own mirrors; None if it is not known."""


class Neighbours:
    """Keeps mirrors of different URLs out of one directory: they would replace each other's files in every run."""

    def __init__(self, destination: Destination, url_of: UrlOf, base: Callable[[], str]) -> None:
        """``base``: the URL that DIR mirrors."""
        self._destination, self._url_of, self._base = destination, url_of, base
        self._refusals: dict[str, str | None] = {}

    async def refusal(self, directory: str) -> str | None:
        """The reason why nothing may be stored in ``directory``, which must have been scanned; None if files may be."""
        owner = self._destination.owner(directory)
        if owner is None:
            return None
        if owner not in self._refusals:
            self._refusals[owner] = refusal(owner, await self._url_of(owner), self._base())
        return self._refusals[owner]


def refusal(directory: str, url: str | None, base: str) -> str | None:
    """The reason why a mirror of ``base`` must not store files in ``directory``, which mirrors ``url``; None if it may.

    If DIR/a mirrors ``/pub/a/``, a mirror of ``/pub/`` in DIR stores the same files there, so the two agree. A mirror
    whose URL is not known may hold anything.
    """
    if url is not None and is_subtree(url, base, directory):
        return None
    advice = f"exclude it here ({directory}/), or move that mirror elsewhere"
    return f"belongs to another mirror, the one in {directory}: {advice}"
