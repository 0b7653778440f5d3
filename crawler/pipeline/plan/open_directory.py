"""What is held of a folder while its listing is decided about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from crawler.model.currency import Dating
from crawler.model.flaws import Flaw, worst_flaw
from crawler.model.interfaces import Destination
from crawler.model.state.store import StateStore
from crawler.model.values import Entry, Job, Known, Local
from crawler.pipeline.plan.neighbours import Neighbours
from crawler.pipeline.rules.compare import NOT_CONFIRMED, Decision, Need, is_intact
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.rules.extraneous import Shown, useless
from crawler.pipeline.rules.time_zones import ZoneLearner


@dataclass(slots=True, kw_only=True)
class OpenDirectory:
    """A folder whose pages are still coming in."""

    destination: Destination
    state: StateStore
    url: str
    """Of its first page."""
    neighbours: Neighbours | None = None
    shown: Shown = field(default_factory=Shown)
    conclusive: bool = True
    """False once a page does not prove absent what it does not show."""
    flaws: list[Flaw] = field(default_factory=list)
    """Why the pages so far are not conclusive."""
    recalled: tuple[str, str] | None = None
    """The folder and the URL of its listing, once the entries of a page came from the state."""
    gathering: DirectoryDigestBuilder = field(default_factory=DirectoryDigestBuilder)
    files: dict[str, str] = field(default_factory=dict)
    """Paths that are taken → URL."""
    local: dict[str, dict[str, Local]] = field(default_factory=dict)
    known: dict[str, dict[str, Known]] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    """Folders whose checksum files have changed: then they are asked about files with unchanged rows too."""
    waiting: list[Job] | None = None
    """Jobs that are put once the whole page is decided about; None: each at once."""
    zone: ZoneLearner = field(default_factory=ZoneLearner)
    """Of the page that is being decided about."""

    def weigh(self, flaws: Iterable[Flaw], *, conclusive: bool) -> None:
        """Note whether a page proves absent what it does not show, and why not."""
        self.conclusive &= conclusive
        self.flaws += flaws

    @property
    def doubt(self) -> Flaw | None:
        """Why the pages so far prove nothing absent; None if they do."""
        return None if self.conclusive else worst_flaw(self.flaws, is_incomplete=False)

    async def look(self, parent: str, name: str) -> tuple[Local | None, Known | None]:
        """What lies at that name, and what is known of it."""
        if parent not in self.known:
            await self.scan(parent)
            self.known[parent] = await self.state.folder(parent)
        return self.local[parent].get(name), self.known[parent].get(name)

    async def timed(self, path: str, entry: Entry) -> Entry:
        """``entry`` with its time in UTC if the server's zone can be learnt. For limits and unknown copies only."""
        parent, _, name = path.rpartition("/")
        await self.look(parent, name)
        return self.zone.timed(entry, self.known[parent])

    async def foreign(self, parent: str) -> str | None:
        """Why nothing may be stored in the folder ``parent``, because another mirror is there, or None."""
        await self.scan(parent)
        return await self.neighbours.refusal(parent) if self.neighbours is not None else None

    async def job(self, decision: Decision, path: str, entry: Entry, *, is_vouched: bool) -> Job:
        """What a worker needs to know of an entry that ``decision`` is about.

        ``is_vouched``: its digest is the listing's own, and the body will be checked against it.
        """
        parent, _, name = path.rpartition("/")
        local, known = await self.look(parent, name)
        timed = self.zone.timed(entry, self.known[parent]).modified
        dating = self.zone.dating(entry, self.known[parent])
        return Job(
            url=entry.url,
            path=path,
            reason=decision.reason,
            kind=entry.kind,
            size=entry.size,
            modified=entry.modified,
            row=entry.row,
            digest=entry.digest,
            known=known if decision.need is Need.CONFIRM else None,
            local=local,
            probe=decision.need is Need.PROBE,
            copy=known if is_intact(known, local) and not decision.is_disproved else None,
            moment=None if timed is entry.modified else timed,
            dating=dating,
            vouched=is_vouched,
            fresh=decision.reason == NOT_CONFIRMED and dating is not Dating.UNRELIABLE,
        )

    async def forget_gone(self, folder: str) -> None:
        """Once all of ``folder`` is listed: forget the records that are of no use: see ``comparison.useless``."""
        if not self.conclusive:
            return
        for parent in {folder, *self.shown.folders}:
            self.state.visited(parent, None)
            local = await self.scan(parent)
            known = self.known.get(parent)
            if known is None:
                known = await self.state.folder(parent)
            listed = self.shown.folders.get(parent, {})
            above = f"{parent}/" if parent else ""
            gone = useless(known, local, listed, self.shown.mentioned)
            if gone:
                self.state.forget([above + name for name in gone])

    async def scan(self, parent: str) -> dict[str, Local]:
        """What lies in the folder ``parent``, by name."""
        if parent not in self.local:
            self.local[parent] = await self.destination.scan(parent)
        return self.local[parent]
