"""The last stage of a mirror run: delete what is gone upstream, unless anything casts doubt on that."""

from __future__ import annotations

from crawler.model.errors import DeleteRefused
from crawler.pipeline.plan.planner import Planner
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.base import Components
from crawler.pipeline.save import absence
from crawler.pipeline.save.deletion import Circumstances, Doomed, candidates, doubts, judge, remove
from crawler.pipeline.save.obstructed import Obstructed
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories
from crawler.pipeline.walk.walker import Walker


class Deletions:
    """Deletes the local files and directories that a run has proven absent upstream."""

    def __init__(
        self,
        parts: Components,
        filters: Filters,
        planner: Planner,
        walker: Walker,
        unchanged: UnchangedDirectories,
        obstructed: Obstructed,
    ) -> None:
        self._parts = parts
        self._filters = filters
        self._planner = planner
        self._walker = walker
        self._unchanged = unchanged
        self._obstructed = obstructed
        self._dry_run = parts.dry_run

    async def prove(self) -> None:
        """Read again the pages that prove something absent and were not parsed in this run."""
        if self._parts.config.delete and not self._parts.allowance.reached:
            await absence.prove(self._planner.missing, self._walker, self._may_go)

    async def delete(self) -> bool:
        """True if everything that may go was removed, or would be in a run that is not dry. Raises DeleteRefused."""
        parts, missing = self._parts, self._planner.missing
        for path in self._obstructed.proven:
            missing.arrived(path)
        parts.tally.note_extraneous(len(missing.gone), missing.spared)
        if not self._may_delete():
            return False
        doomed = await self._candidates(missing.gone)
        parts.tally.note_extraneous(len(doomed.files), missing.spared | doomed.spared)
        if self._dry_run is not None:
            self._dry_run.delete(doomed)
        if not self._may_delete(doomed):
            return False
        if self._dry_run is None:
            for path, reason in await remove(doomed, parts.destination, parts.state, parts.observer):
                parts.tally.warn(f"could not delete {path}: {reason}", 4)
        return True

    async def _may_go(self, item: Extraneous) -> bool:
        doomed = await self._candidates([item])
        return bool(doomed.files or doomed.folders)

    async def _candidates(self, items: list[Extraneous]) -> Doomed:
        excluded = self._parts.config.delete_excluded
        return await candidates(items, self._parts.destination, self._filters, delete_excluded=excluded)

    def _may_delete(self, doomed: Doomed | None = None) -> bool:
        """Whether deleting is allowed now. ``doomed``: what would go, once that is known. Raises DeleteRefused."""
        parts, config, missing = self._parts, self._parts.config, self._planner.missing
        case = Circumstances(
            wanted=config.delete,
            gone=bool(missing.gone),
            doubts=tuple(doubts(missing)),
            interrupted=parts.stop.reason is not None,
            limit_reached=parts.allowance.reached,
            failed=bool(parts.tally.failed),
            listings_failed=bool(self._walker.failures),
            ignores_errors=config.ignore_errors,
            count=len(doomed.files) if doomed else 0,
            total=self._planner.local_files + self._unchanged.files + doomed.uncounted if doomed else 0,
            limit=config.max_delete,
        )
        judgement = judge(case)
        for text, code in judgement.warnings:
            parts.tally.warn(text, code)
        if judgement.refusal is not None:
            raise DeleteRefused(judgement.refusal)
        return judgement.deletes
