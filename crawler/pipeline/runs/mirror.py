"""The run of a mirror, stage by stage: robots.txt, the walk and the transfers, deletions, waiting files.

If URL turns out to be a file, that file alone is saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from crawler.model.errors import DeleteRefused, ListingError, innermost
from crawler.model.interfaces import Redirects
from crawler.model.values import Kind
from crawler.pipeline import engine
from crawler.pipeline.plan.findings import Findings
from crawler.pipeline.rules.budgets import Room
from crawler.pipeline.rules.filters import Excluded, Filters
from crawler.pipeline.runs.build import (
    admitted,
    build_reader,
    build_unchanged,
    build_upstreams,
    build_walker,
    expected_requests,
    names_directory,
    refuse_by,
)
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.deletion_stage import Deletions
from crawler.pipeline.runs.transfers import Transfers
from crawler.pipeline.runs.waiting import WaitingJobs
from crawler.pipeline.save.collecting import below_any, collect
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.save.obstructed import Obstructed
from crawler.pipeline.walk.admission import CONNECTIONS, beside
from crawler.pipeline.walk.page_reader import Root
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from crawler.pipeline.plan.build import Planning

_ON_ITS_WAY = 0.01
"""Seconds after which a page that has not arrived yet is on its way for longer than its parser takes to be imported."""


class RootOfRun(Root, Protocol):
    """Handling of the response to a run's URL until it is known to be a listing."""

    async def refuse_if_bound(self, base: str) -> None:
        """Raise ConfigError if DIR holds files of other sources than the listing at ``base``."""


class MirrorRun:
    """Mirrors the listing at ``url`` and everything below it."""

    def __init__(
        self, parts: Components, url: str, rules: RobotsTxt, *, free: int, root: RootOfRun | None = None
    ) -> None:
        """``free``: free space at the destination in bytes. ``root``: in a run that may find a file at ``url``."""
        config, self._parts, self._url, self._root, self._rules = parts.config, parts, url, root, rules
        self._filters = Filters(config, datetime.now(UTC))
        self._unchanged = build_unchanged(parts, url, rules)
        reader = build_reader(
            config, parts.client, parts.state, parts.observer, parts.parser, unchanged=self._unchanged, root=root
        )
        reader = admitted(reader, self._rules, parts.client)
        self._upstreams = build_upstreams(config, url, reader, self._rules, parts.state, parts.observer)
        self._walker = build_walker(
            config,
            reader,
            parts.observer,
            rules=self._rules,
            refuse=refuse_by(self._filters, self._rules if self._upstreams is None else self._upstreams),
            source=None if self._upstreams is None else self._upstreams.read,
        )
        self._room = Room(parts.tally.directory, free, keeps_old=config.trash is not None, strict=not config.dry_run)
        self._obstructed = held = Obstructed(parts.observer, parts.allowance, plans=config.dry_run)
        self._findings = findings = Findings()
        self._built: Planning | None = None
        self._transfers = transfers = Transfers(
            parts,
            self._filters,
            self._rules,
            self._redirects,
            results=held,
            checksums=lambda: self._planning.checksums,
            upstreams=self._upstreams,
        )
        self._waiting = WaitingJobs(parts, transfers, findings, held)
        by = self._filters, findings, self._walker, self._unchanged, held
        self._deletions = Deletions(parts, *by, forbids=rules.check, is_fallback=self._is_from_fallback)

    async def run(self) -> None:
        """Run all stages. Raises ListingError, RobotsForbidden, DestinationError, DeleteRefused."""
        is_whole = await self._transfers.guarded(self._mirror)
        if self._upstreams is not None and (problem := self._upstreams.problem()) is not None:
            self._parts.tally.warn(problem)
        if not is_whole:
            return
        await self._forget_unvisited()
        refusal = None
        self._waiting.fail_blocked(await self._deletions.immovable(self._waiting.proven))
        self._waiting.postpone()
        try:
            has_room = await self._deletions.delete()
        except DeleteRefused as error:  # raised at the end, once the files that waited for deletions have their results
            has_room, refusal = False, error
        if self._waiting.is_unfinished and not await self._transfers.guarded(
            lambda committer: self._waiting.finish_blocked(committer, has_room=has_room)
        ):
            return
        await self._clean_parts()
        if refusal is not None:
            raise refusal

    async def _mirror(self, committer: Committer) -> None:
        """Read all listings and fetch what they show; then find out what may be deleted."""
        starts, parts = [Directory(path="", url=self._url)], self._parts
        if not parts.state.knew_files and names_directory(self._url):
            asyncio.get_running_loop().call_later(_ON_ITS_WAY, self._prepare)
        if parts.pool is None and self._upstreams is None:
            parts.client.sharing.open_ahead(self._url, expected_requests(parts.config, self._url, parts.state))
        if self._is_page_beside():
            starts = await beside(self._rules.enter(self._url), self._walk_from(starts, committer))
        else:
            await (self._rules if self._upstreams is None else self._upstreams).enter(self._url)
        while starts:
            starts = await self._walk_from(starts, committer)
        await committer.drain()
        if not self._waiting.is_blocked:
            await self._waiting.finish_last(committer)
        if self._room.problem is not None:
            self._parts.tally.warn(self._room.problem, 4)
        await self._deletions.prove()

    async def _walk_from(self, starts: Sequence[Directory], committer: Committer) -> list[Directory]:
        """Read the listings at ``starts`` and below, and fetch what they show. Returns the files that are directories.

        A local file in the place of one of those makes room for it, as if the listing had shown it as a directory.
        """
        found = await self._transfers.run(self._walk(starts), committer)
        for parent, name in (each.path.rpartition("/")[::2] for each in found if each.old_size is not None):
            local = (await self._parts.destination.scan(parent)).get(name)
            if local is not None and local.kind is not Kind.DIRECTORY:
                self._findings.unlisted.turn_out(f"{parent}/{name}" if parent else name, local)
        return self._walker.admit((each.path, each.url) for each in found)

    def _prepare(self) -> None:
        """Import what the first page needs, while it is on its way."""
        self._parts.parser.prepare()
        self._planning  # noqa: B018 - builds it

    @property
    def _planning(self) -> Planning:
        """Built when there is a page to decide on: most runs find every page unchanged."""
        if self._built is None:
            from crawler.pipeline.plan.build import build_planning

            parts = self._parts
            self._built = build_planning(
                parts.config,
                self._url,
                parts,
                parts.state,
                self._filters,
                self._findings,
                rules=self._rules,
                permit=self._rules.permit(lambda source, target: self._redirects().file_redirect(source, target)),
                warn=parts.tally.warn,
                allowance=parts.allowance,
                room=self._room,
                unchanged=self._unchanged,
                url_of=parts.url_of,
                holds=self._obstructed.holds,
                has_processes=parts.pool is not None,
            )
        return self._built

    def _walk(self, starts: Sequence[Directory]) -> engine.Produce:
        """The engine's producer, which walks from ``starts`` and puts the jobs of the planner."""

        async def produce(put: engine.Put) -> None:
            async def visit(page: DirectoryPage) -> bool:
                if self._root is not None and not page.directory.path:
                    await self._root.refuse_if_bound(page.scope.base)
                return await self._planning.planner.visit(page, put)

            async def visit_all(pages: Sequence[DirectoryPage]) -> bool:
                return await self._planning.planner.visit_all(pages, put)

            await self._walker.walk(starts, visit, visit_all)
            self._parts.observer.walked()
            if self._parts.pool is not None:
                self._parts.pool.walked()

        return produce

    async def _forget_unvisited(self) -> None:
        """After a complete walk, drop the records that no later run will need."""
        config, walker = self._parts.config, self._walker
        is_partial = config.no_recursive or self._parts.allowance.reached or walker.failures
        is_partial = is_partial or self._is_from_fallback()
        if not config.dry_run and not is_partial:
            spared = below_any(walker.refused | set(self._findings.unlisted.doubted))
            await collect(self._parts.destination, self._parts.state, spared, base=walker.scope.base)

    async def _clean_parts(self) -> None:
        """After a run that fetched everything, remove the parts that are left: their files are gone upstream."""
        config = self._parts.config
        is_partial = config.no_recursive or config.max_depth is not None or self._parts.allowance.reached
        is_partial = is_partial or self._is_from_fallback()
        if not config.dry_run and not is_partial and not self._parts.tally.failed:
            await self._parts.destination.clean_parts(Excluded(self._filters))

    def _is_page_beside(self) -> bool:
        """Whether the first page is requested while robots.txt is on its way. What may be a large file is not."""
        if self._upstreams is not None or self._rules.has_read(self._url) or not names_directory(self._url):
            return False
        needed = CONNECTIONS - 1 if self._rules.is_being_read(self._url) else CONNECTIONS
        return self._parts.client.sharing.spare(self._url) >= needed

    # --- rules ------------------------------------------------------------------------------------

    def _redirects(self) -> Redirects:
        return self._walker.scope if self._upstreams is None else self._upstreams

    def _is_from_fallback(self) -> bool:
        """Whether an upstream other than URL has served a listing, which proves nothing absent."""
        return self._upstreams is not None and self._upstreams.has_fallback_listings


async def mirror_or_file(parts: Components, url: str, rules: RobotsTxt, *, free: int) -> None:
    """Mirror the listing at ``url``, or save the file there. ``free``: free space at the destination in bytes.

    ``rules`` may already be fetching the robots.txt of the host.

    Raises the errors of ``MirrorRun.run`` and ``DownloadRun.run``.
    """
    root = None
    if not parts.is_mirror:
        from crawler.pipeline.runs.root_response import RootResponse

        root = RootResponse(parts, url, rules)
    if root is not None and await root.is_known_file():
        await root.finish()
        return
    try:
        await MirrorRun(parts, url, rules, free=free, root=root).run()
    except (ListingError, BaseExceptionGroup) as error:
        found = innermost(error)
        if not isinstance(found, ListingError):
            raise
        if root is not None:
            await root.take_from_fallback()
        if root is None or not await root.is_file():
            if parts.is_mirror and parts.config.moved and found.content_type:
                place = parts.tally.directory
                raise ListingError(f"{found}: save it to a directory other than the mirror {place}") from None
            raise
        await root.finish()
