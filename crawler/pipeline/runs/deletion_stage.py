"""The last stage of a mirror run: delete what is gone upstream, unless anything casts doubt on that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.model.errors import DeleteRefused
from crawler.model.struct import replace
from crawler.model.values import GONE, Known, Rejection
from crawler.pipeline.plan.findings import Findings
from crawler.pipeline.rules.deletion_limit import Circumstances, doubts, judge
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.filters import Excluded, Filters
from crawler.pipeline.runs.components import Components
from crawler.pipeline.save.collecting import below_any
from crawler.pipeline.save.obstructed import Obstructed
from crawler.pipeline.walk.pages import Directory
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories
from crawler.pipeline.walk.walker import Walker

if TYPE_CHECKING:
    from crawler.pipeline.save.removal import Removals


class Deletions:
    """Deletes the local files and directories that a run has proven absent upstream."""

    def __init__(
        self,
        parts: Components,
        filters: Filters,
        findings: Findings,
        walker: Walker,
        unchanged: UnchangedDirectories,
        obstructed: Obstructed,
        *,
        forbids: Callable[[str], Awaitable[Rejection | None]],
        is_fallback: Callable[[], bool],
    ) -> None:
        """``forbids``: the rule of robots.txt for a URL. ``is_fallback``: whether an upstream other than URL has served
        a listing of this run.
        """
        self._parts = parts
        self._filters = filters
        self._findings = findings
        self._walker = walker
        self._unchanged = unchanged
        self._obstructed = obstructed
        self._forbids = forbids
        self._is_fallback = is_fallback
        self._dry_run = parts.dry_run

    async def prove(self) -> None:
        """Ask the server for the files that listings do not show any more. Where it still has one, the listing failed.

        With ``--delete``, all that would be deleted is asked for, after the pages that prove it absent but were not
        parsed in this run have been read again; otherwise each file once, also where no page proves it absent.
        """
        parts, unlisted = self._parts, self._findings.unlisted
        unproven = () if parts.config.delete else unlisted.unproven
        if (
            not (unlisted.gone or unproven)
            or parts.allowance.reached
            or parts.stop.reason is not None
            or self._is_fallback()
        ):
            return
        if parts.config.delete:
            from crawler.pipeline.save.absence import prove  # imported only if needed

            await prove(unlisted, self._walker, self._may_go)
        absent = [item for item in unlisted.gone if not item.replaced]
        items = sorted([*absent, *unproven], key=lambda item: item.path)
        if not parts.config.delete:
            from crawler.pipeline.save.presence import listed_before

            excluded = Excluded(self._filters)
            known = [each for each in await listed_before(items, parts.state) if each.path not in excluded]
            if known and parts.config.trust_pages:
                self._note_gone(known)
            elif known:
                await self._inquire(items, {each.path: each.size for each in known})
        elif not parts.config.trust_pages:
            removals = await self._candidates(items)
            if judge(self._circumstances(removals)).deletes:
                await self._inquire(items, removals.sizes)

    async def _inquire(self, items: list[Extraneous], files: Mapping[str, int]) -> None:
        """Ask the server for ``files`` (path → size in bytes), which are among ``items`` or below them."""
        from crawler.pipeline.save import presence

        parts, scope, spelt = self._parts, self._walker.scope, dict[str, str]()
        by_path = {item.path: item for item in items}
        by_parent = presence.by_parent(by_path)
        for parent, paths in by_parent.items():
            there = await parts.destination.scan(parent)
            spelt |= presence.spellings([by_path[path] for path in paths], there)
        inquiry = presence.Inquiry(
            client=parts.client,
            state=parts.state,
            attempts=parts.config.attempts,
            base=scope.base,
            forbids=self._forbids,
            url_of=lambda known: known.url if not parts.config.fallback and scope.file(known.url) is None else None,
        )
        answers = await inquiry.ask(files, spelt)
        refuted = presence.by_listing(answers.doubtful, items)
        for parent, found in refuted.items():
            url = scope.base + quote(f"{parent}/" if parent else "", errors="surrogateescape")
            self._walker.fail(Directory(path=parent, url=url), presence.explanation(found))
        withdrawn = {path for parent in refuted for path in by_parent[parent]}
        self._findings.unlisted.withdraw(withdrawn)
        is_doubtful = below_any(withdrawn)
        self._note_gone([known for known in answers.gone if not is_doubtful(known.path)])

    def _note_gone(self, files: Sequence[Known]) -> None:
        """Note that ``files`` are gone upstream, so that they are not asked for again while they stay here."""
        if self._dry_run is None and not self._parts.config.delete:
            self._parts.state.remember([replace(known, checked=GONE) for known in files])

    async def immovable(self, paths: Collection[str]) -> dict[str, str]:
        """Those ``paths`` of fetched files at which a directory stands that cannot be removed as a whole → the reason.

        If such a file cannot be saved, nothing in the directory may be deleted. Also the files that stay although a
        listing shows a directory in their place.
        """
        unlisted, found = self._findings.unlisted, dict[str, str]()
        for path in paths:
            if path in unlisted.occupied:
                found[path] = f"{path} is {unlisted.occupied[path]}: move it away"
            elif path in unlisted.obstructing:
                blocker = (await self._candidates([unlisted.obstructing[path]])).blocker(path)
                found |= {path: blocker} if blocker else {}
        proven = {item.path for item in unlisted.gone}
        for path, item in unlisted.replaced.items():
            if path not in (await self._candidates([item])).files:
                found[path] = f"{path} stays (excluded by the filters): move it away"
            elif path not in proven and self._parts.config.delete and not self._parts.allowance.reached:
                found[path] = f"{path} stays until complete listings show that it is a directory now"
        return found

    async def delete(self) -> bool:
        """Delete what may go. Returns whether all of it has gone, or would in a real run.

        Raises DeleteRefused, and DestinationError once everything that was deleted has its Result.
        """
        parts, unlisted = self._parts, self._findings.unlisted
        for path in self._obstructed.proven:
            unlisted.arrived(path)
        parts.tally.note_extraneous(len(unlisted.gone), unlisted.spared)
        if not self._may_delete():
            return False
        removals = await self._candidates(unlisted.gone)
        parts.tally.note_extraneous(len(removals.files), unlisted.spared | removals.spared)
        if self._dry_run is not None:
            self._dry_run.delete(removals)
        if not self._may_delete(removals):
            return False
        if self._dry_run is None:
            await self._remove(removals)
        return True

    async def _remove(self, removals: Removals) -> None:
        from crawler.pipeline.save.removal import remove

        parts = self._parts
        stayed, failure = await remove(removals, parts.destination, parts.state, parts.observer)
        for path, reason in stayed:
            parts.tally.warn(f"could not delete {path}: {reason}", 4)
        if failure is not None:
            raise failure

    async def _may_go(self, item: Extraneous) -> bool:
        removals = await self._candidates([item])
        return bool(removals.files or removals.directories)

    async def _candidates(self, items: list[Extraneous]) -> Removals:
        from crawler.pipeline.save.removal import candidates  # imported only if needed

        excluded = self._parts.config.delete_excluded
        return await candidates(items, self._parts.destination, self._filters, delete_excluded=excluded)

    def _may_delete(self, removals: Removals | None = None) -> bool:
        """Whether the run may delete. ``removals``: what would go, once that is known. Raises DeleteRefused."""
        parts = self._parts
        judgement = judge(self._circumstances(removals))
        for text, code in judgement.warnings:
            parts.tally.warn(text, code)
        if judgement.refusal is not None:
            raise DeleteRefused(judgement.refusal)
        return judgement.deletes

    def _circumstances(self, removals: Removals | None) -> Circumstances:
        parts, config, unlisted = self._parts, self._parts.config, self._findings.unlisted
        return Circumstances(
            wanted=config.delete,
            gone=bool(unlisted.gone),
            doubts=tuple(doubts(unlisted)),
            interrupted=parts.stop.reason is not None,
            limit_reached=parts.allowance.reached,
            failed=bool(parts.tally.failed),
            listings_failed=bool(self._walker.failures),
            is_fallback=self._is_fallback(),
            ignores_errors=config.ignore_errors,
            count=len(removals.files) if removals else 0,
            total=self._findings.local_files + self._unchanged.files + removals.uncounted if removals else 0,
            limit=config.max_delete,
        )
