"""A directory and its current page, while the planner decides on the entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from crawler.model import limits
from crawler.model.flaws import Flaw, worst_flaw
from crawler.model.freshness import Dating, Source
from crawler.model.interfaces import UNREAD, Destination
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import Entry, Job, Kind, Known, Local
from crawler.pipeline.engine import Put
from crawler.pipeline.plan.other_mirrors import Neighbours
from crawler.pipeline.rules.compare import Decision, Need, is_intact, lost
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder, is_as_saved
from crawler.pipeline.rules.extraneous import Extraneous, ListedNames, useless
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.rules.time_zones import ZoneLearner
from crawler.pipeline.walk.pages import DirectoryPage
from crawler.text.names.hashed import HashedPaths
from crawler.text.urls import without_query


def count_files(local: Mapping[str, Local]) -> int:
    """Number of files that may be deleted."""
    return sum(not (found.kind is Kind.DIRECTORY or found.spared) for found in local.values())


class OpenDirectory(Struct, kw_only=True):
    """A directory whose pages are still being read."""

    destination: Destination
    state: StateStore
    url: str
    """URL of the first page of the directory."""
    neighbours: Neighbours | None = None
    shown: ListedNames = field(default_factory=ListedNames)
    conclusive: bool = True
    """False once a page cannot prove that what it does not show is absent upstream."""
    flaws: list[Flaw] = field(default_factory=list)
    """The reasons why the pages read so far are not conclusive."""
    recalled: tuple[str, str] | None = None
    """Path of the directory and URL of its listing if that is to be read again before a deletion; otherwise None."""
    digest: DirectoryDigestBuilder = field(default_factory=DirectoryDigestBuilder)
    files: dict[str, str] | HashedPaths = field(default_factory=dict)
    """Path of each listed file → its URL."""
    local: dict[str, dict[str, Local]] = field(default_factory=dict)
    known: dict[str, dict[str, Known]] = field(default_factory=dict)
    dated: dict[str, int] = field(default_factory=dict)
    """Directory → how many of the names shown there, in their order, have had their times read."""
    refusals: dict[str, str | None] = field(default_factory=dict)
    """Directory → the result of ``foreign``."""
    doubted: set[str] = field(default_factory=set)
    """Directories whose checksum files have changed; these are consulted even about files with unchanged rows."""

    def show(self, page: DirectoryPage) -> None:
        """Note what ``page`` shows, and whether it proves everything else absent."""
        self.digest.expect(len(page.entries), more=not page.last)
        if page.url != self.url:
            self.digest.rule_out()
        self.shown.add(page.directory.path, page.entries)
        self.shown.mention(page.mentioned)

    def weigh(self, page: DirectoryPage) -> None:
        """Note whether ``page`` proves that what it does not show is absent, and if not, why."""
        self.conclusive &= page.conclusive
        self.flaws += page.flaws
        if page.recalled:
            self.recalled = (page.directory.path, page.directory.url)

    @property
    def doubt(self) -> Flaw | None:
        """The reason why the pages do not prove that what they do not show is absent; None if they do."""
        return None if self.conclusive else worst_flaw(self.flaws, is_incomplete=False)

    async def look(self, parent: str, name: str) -> tuple[Local | None, Known | None]:
        """The local file ``name`` of the directory ``parent``, and what the state knows of it."""
        if parent not in self.known:
            await self.scan(parent)
            await self.knows(parent)
        local = self.local[parent].get(name)
        if local is not None and local.mtime == UNREAD:
            local = await self._dated(parent, name)
        return local, self.known[parent].get(name)

    async def _dated(self, parent: str, name: str) -> Local | None:
        """The local file ``name`` with its time; reads the times of all other files that the page shows, too.

        A file whose version is as saved has the time that it was given then. Others are looked up in the destination.
        """
        local, known = self.local[parent], self.known[parent]
        to_ask = []
        for each in {name, *self._undated(parent)}:
            there, saved = local.get(each), known.get(each)
            if there is None or there.mtime != UNREAD:
                continue
            if saved is not None and is_as_saved(saved, there):
                local[each] = replace(there, mtime=saved.mtime)
            else:
                to_ask.append(each)
        if to_ask:
            asked = self.destination.inspect(parent, to_ask)
            found = await asked if asked is not None else {}
            for each in to_ask:
                if each in found:
                    local[each] = found[each]
                else:  # the file has been removed in the meantime
                    del local[each]
        return local.get(name)

    def _undated(self, parent: str) -> Iterable[str]:
        """The names that pages show in ``parent`` and whose times have not been asked for."""
        shown = self.shown.directories.get(parent, {})
        assert isinstance(shown, dict), "names that were not kept"
        new = islice(shown, self.dated.get(parent, 0), None)  # a long page comes in many pieces
        self.dated[parent] = len(shown)
        return new

    async def knows(self, parent: str) -> dict[str, Known]:
        """The records of the files that the state knows in the directory ``parent``, by name."""
        if parent not in self.known:
            self.known[parent] = await self._records(parent)
        return self.known[parent]

    async def _records(self, parent: str) -> dict[str, Known]:
        return await self.state.directory(parent)

    def shorten(self, parent: str) -> None:
        """Keep only hashes of the names in ``parent``, and of all paths, if there are many."""
        self.shown.shorten(parent)
        if isinstance(self.files, dict) and len(self.files) > limits.EXACT_NAMES:
            self.files = HashedPaths(self.files)

    def is_repeated(self, path: str, url: str) -> bool:
        """Whether a file with this path and URL has been listed already."""
        files = self.files
        return files.get(path) == url if isinstance(files, dict) else files.has(path, url)

    async def in_the_way(self) -> list[Extraneous]:
        """What is in the places of directories that the last page shows, and is none: the walk may enter them now."""
        found = list[Extraneous]()
        for parent, names in self.shown.take_new().items():
            local = await self.scan(parent)
            there = {name: local[name] for name in names if name in local and local[name].kind is not Kind.DIRECTORY}
            found += self.shown.extraneous(parent, there)
        return found

    async def unlisted(self, parent: str) -> tuple[list[Extraneous], int]:
        """(what is in the local directory ``parent`` and not listed there, the number of its files)."""
        local = await self.scan(parent)
        return self.shown.extraneous(parent, local), count_files(local)

    async def foreign(self, parent: str) -> str | None:
        """The reason why nothing may be stored in the directory ``parent``: another mirror is there. Otherwise None."""
        if parent not in self.refusals:
            await self.scan(parent)
            self.refusals[parent] = None if self.neighbours is None else await self.neighbours.refusal(parent)
        return self.refusals[parent]

    async def forget_gone(self, directory: str) -> None:
        """Forget the useless records of ``directory`` once all of it is listed (see ``rules.extraneous.useless``)."""
        if not self.conclusive:
            return
        for parent in {directory, *self.shown.directories}:
            self.state.visited(parent, None)
            above = f"{parent}/" if parent else ""
            gone = await self._useless(parent)
            if gone:
                self.state.forget([above + name for name in gone])

    async def _useless(self, parent: str) -> list[str]:
        local, known = await self.scan(parent), self.known.get(parent)
        if known is None:
            known = await self.state.directory(parent)
        return useless(known, local, self.shown.directories.get(parent), self.shown.mentioned)

    async def scan(self, parent: str) -> dict[str, Local]:
        """The contents of the local directory ``parent``: name → file or directory."""
        if parent not in self.local:
            self.local[parent] = await self.destination.scan(parent)
        return self.local[parent]


class OpenPage(Value, frozen=True, kw_only=True):
    """A page of a listing while its entries are being decided on."""

    directory: OpenDirectory
    page: DirectoryPage
    put: Put
    """Puts a job in the queue of the workers."""
    zone: ZoneLearner
    waiting: list[Job] | None
    """Jobs to be put once all entries of the page are decided on; None if each job is put at once."""

    @property
    def scope(self) -> Scope:
        return self.page.scope

    async def look(self, path: str, entry: Entry) -> tuple[Local | None, Known | None]:
        """The local file at ``path``, and its record in the state.

        If a fallback lists the same file, its row and URL replace those in the record.
        """
        parent, _, name = path.rpartition("/")
        local, known = await self.directory.look(parent, name)
        if known is not None and self.page.elsewhere is not None and entry.path in self.page.elsewhere.same:
            known = replace(known, url=entry.url, row=entry.row)
        return local, known

    async def timed(self, path: str, entry: Entry) -> Entry:
        """``entry`` with its time in UTC, if the server's zone can be learnt. For age limits and unknown copies."""
        parent, _, name = path.rpartition("/")
        await self.directory.look(parent, name)
        return self.zone.timed(entry, self.directory.known[parent])

    def job(self, decision: Decision, path: str, entry: Entry, *, is_vouched: bool) -> Job:
        """The job for an entry that needs a request according to ``decision``, after ``look`` has been called for it.

        ``is_vouched``: see ``Job.vouched``.
        """
        parent, _, name = path.rpartition("/")
        all_known = self.directory.known[parent]
        local, known = self.directory.local[parent].get(name), all_known.get(name)
        timed = self.zone.timed(entry, all_known).modified
        dating = self.zone.dating(entry, all_known)
        need, is_fallback = decision.need, self.page.elsewhere is not None
        if (
            need is Need.CONFIRM
            and is_fallback
            and not (known and without_query(known.url) == without_query(entry.url))
        ):
            need = Need.PROBE  # the validators are those of another host
        return Job(
            url=entry.url,
            path=path,
            reason=decision.reason,
            kind=entry.kind,
            size=entry.size,
            modified=entry.modified,
            row=entry.row,
            digest=entry.digest,
            known=known if need is Need.CONFIRM else None,
            local=local,
            probe=need is Need.PROBE,
            copy=known if is_intact(known, local) and not decision.is_disproved else None,
            recorded=lost(known, local, entry.url),
            moment=None if timed is entry.modified else timed,
            dating=dating,
            vouched=is_vouched,
            fresh=decision.reason == Reason.NOT_CONFIRMED and dating is not Dating.UNRELIABLE,
            source=Source.FALLBACK if is_fallback else Source.FIRST,
        )
