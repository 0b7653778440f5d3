"""What a run does about a local file or directory that no listing shows any more: deletes it, or why it stays."""

from __future__ import annotations

from crawler.model.struct import Value
from crawler.pipeline.plan.open_directory import OpenDirectory
from crawler.pipeline.plan.single_path import look
from crawler.pipeline.rules.extraneous import Extraneous, Unlisted
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.components import Components
from crawler.pipeline.save.absence import prove
from crawler.pipeline.save.removal import Removals, candidates
from crawler.pipeline.walk.pages import DirectoryPage
from crawler.pipeline.walk.walker import Walker
from crawler.text.escape import printable


class LocalEntry(Value, frozen=True, kw_only=True):
    """A local entry that no listing shows, and what is known of it."""

    path: str
    item: Extraneous
    """The entry itself, or the directory above it that its listing does not show."""
    doubt: str = ""
    """Why the listing proves nothing absent; "" if it does."""
    is_proven: bool = True
    """Whether ``item`` is among those that may be deleted."""
    removals: Removals
    """What of ``item`` would go with --delete, if that is proven absent."""


def fate(entry: LocalEntry, *, deletes: bool, ignores_errors: bool) -> str:
    """What a run does about ``entry``. ``deletes``: --delete. ``ignores_errors``: --ignore-errors."""
    item, removals, path = entry.item, entry.removals, entry.path
    if item.spared:
        return f"nothing: no listing shows it, but {printable(item.path)} is {item.spared}, which is never deleted"
    if not deletes:
        return "nothing: no listing shows it, but only --delete removes local files"
    if entry.doubt:
        return f"nothing: it stays: {entry.doubt}"
    if item.mentioned:
        return "nothing: it stays: no longer listed, but a link on the page still shows the name"
    if not entry.is_proven:
        return "unknown: the listing could not be read again to prove it absent"
    if path in removals.files or path in removals.directories:
        failing = "" if ignores_errors else "something fails, or "
        return f"delete: gone upstream (unless {failing}more would be deleted than --max-delete allows)"
    if path in removals.spared:
        return f"nothing: it stays: it is {removals.spared[path]}"
    if path in removals.excluded:
        return "nothing: it stays: excluded by the filters (--delete-excluded removes it)"
    return f"nothing: {removals.blocker(path).partition(': ')[0]}"


class UnlistedEntries:
    """Compares the local directories on the way to an entry with their listings, as a run does."""

    def __init__(self, parts: Components, filters: Filters) -> None:
        self._parts, self._filters = parts, filters
        self._open = dict[str, OpenDirectory]()
        self._unlisted = Unlisted()
        self._items = list[Extraneous]()

    async def note(self, page: DirectoryPage) -> None:
        """Compare the directory of ``page`` with its listing once this is its last page."""
        path, parts = page.directory.path, self._parts
        begun = self._open.setdefault(
            path, OpenDirectory(destination=parts.destination, state=parts.state, url=page.url)
        )
        begun.show(page)
        begun.weigh(page)
        for parent in begun.shown.directories or [path] if page.complete else ():
            items = [item for item in (await begun.unlisted(parent))[0] if not item.replaced]
            self._unlisted.note(parent, items, doubt=begun.doubt, recalled=begun.recalled)
            self._items += items

    async def decision(self, path: str, walker: Walker) -> str:
        """What a run does about the local entry at ``path``; "" if nothing is there, or its listing was not compared.

        Pages that come from the state are read again, as before a deletion.
        """
        config, unlisted = self._parts.config, self._unlisted
        item = next((each for each in self._items if f"{path}/".startswith(f"{each.path}/")), None)
        if item is None or await look(self._parts.destination, path) is None:
            return ""
        unlisted.withdraw({each.path for each in unlisted.gone} - {item.path})
        if config.delete:
            await prove(unlisted, walker, self._may_go)
        doubt = unlisted.doubted.get(item.path.rpartition("/")[0])
        entry = LocalEntry(
            path=path,
            item=item,
            doubt="" if doubt is None else str(doubt),
            is_proven=bool(unlisted.gone),
            removals=await self._removals(item),
        )
        return fate(entry, deletes=config.delete, ignores_errors=config.ignore_errors)

    async def _may_go(self, item: Extraneous) -> bool:
        removals = await self._removals(item)
        return bool(removals.files or removals.directories)

    async def _removals(self, item: Extraneous) -> Removals:
        excluded = self._parts.config.delete_excluded
        return await candidates([item], self._parts.destination, self._filters, delete_excluded=excluded)
