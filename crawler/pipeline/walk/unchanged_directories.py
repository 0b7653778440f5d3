"""Folders that hold files alone, from run to run: summed up as they are read, compared before the next time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from crawler.model.config import Config
from crawler.model.interfaces import Destination, FetchedPage
from crawler.model.observer import Observer
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import StateStore
from crawler.model.values import Listing, Outcome, Result
from crawler.model.version import __version__
from crawler.pipeline.rules.compare import SAME_ROW
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder, kept


class UnchangedDirectories:
    """What ``reading`` asks before it parses a page, and ``producer`` tells when it has decided about one."""

    def __init__(
        self,
        destination: Destination,
        state: StateStore,
        observer: Observer,
        *,
        allows: Callable[[str], bool],
        wishes: str | None,
    ) -> None:
        """``allows``: may this URL be asked for? ``wishes``: see below; None if every page is to be read."""
        self._destination, self._state, self._observer = destination, state, observer
        self._allows, self._wishes = allows, wishes
        self._gathered: dict[str, DirectoryDigestBuilder] = {}
        self.files = 0
        """Files in folders that were as they had been."""

    async def of(self, url: str) -> DirectoryDigest | None:
        """What an earlier run with the same wishes has seen at ``url``."""
        leaf = await self._state.leaf(url) if self._wishes is not None else None
        return leaf if leaf is not None and leaf.wishes == self._wishes else None

    async def is_kept(self, path: str, leaf: DirectoryDigest) -> bool:
        """Is the folder ``path``, whose page has come again byte for byte, as it was? Then all of it is reported."""
        local = await self._destination.scan(path)
        if self._destination.owner(path) is not None:  # another mirror may be there: its page tells what is not stored
            return False
        rows = await self._state.rows(path, lambda rows: kept(leaf, rows, local, self._allows), None)
        if rows is None:
            return False
        self.files += len(rows)
        self._observer.all_unchanged(path, rows, SAME_ROW)
        above = f"{path}/" if path else ""
        for each in leaf.skipped:
            self._observer.listed(above + each.name, each.size)
            self._observer.finished(
                Result(path=above + each.name, url=each.url, outcome=Outcome.SKIPPED, reason=each.reason)
            )
        return True

    def decided(self, path: str, gathering: DirectoryDigestBuilder) -> None:
        """All entries of the folder ``path`` were decided about."""
        if self._wishes is not None and gathering.is_worth_it:
            self._gathered[path] = gathering

    def remember(self, path: str, url: str, page: FetchedPage, listing: Listing) -> None:
        """The page at ``url`` was all there is to read of the folder ``path``."""
        seen = self._gathered.pop(path, None)
        if seen is None or self._wishes is None:
            return
        leaf = DirectoryDigest(
            answered=listing.url,
            body_digest=page.digest,
            validators=page.validators,
            family=listing.family,
            wishes=self._wishes,
            files=seen.files,
            total=seen.total,
            resolution=seen.resolution,
            newest=seen.newest,
            newest_local=seen.newest_local,
            skipped=tuple(seen.skipped),
        )
        self._state.remember_leaf(url, path, leaf)


def wishes(config: Config, url: str) -> str | None:
    """What a run at ``url`` wants, as a digest: what another run has decided is of use if it wanted the same.

    None if an entry may be decided about in another way each time, and for a run that only looks.
    """
    bounds = (config.newer_than, config.older_than, config.max_files, config.max_total_size)
    if config.dry_run or config.check != "listing" or any(bound is not None for bound in bounds):
        return None
    values = (
        __version__, url, config.ext, config.rules, config.min_size, config.max_size, config.verify_digests,
        config.allow_host,
    )  # fmt: skip
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()
