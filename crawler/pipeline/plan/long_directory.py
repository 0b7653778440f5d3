"""A directory whose listing comes in several pieces and may be too long for memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from functools import partial

from crawler.model.interfaces import LargeDirectory
from crawler.model.struct import field
from crawler.model.values import Kind, Known, Local
from crawler.pipeline.plan.open_directory import OpenDirectory, count_files
from crawler.pipeline.rules.extraneous import Extraneous, useless
from crawler.pipeline.walk.pages import DirectoryPage


class LongDirectory(OpenDirectory, kw_only=True):
    """Holds the local files and the records of the current piece of a listing only.

    Everything else in the directory is looked at once its listing has been read to the end. Of subdirectories, which a
    flat listing shows, all is held, as by ``OpenDirectory``.
    """

    path: str
    large: LargeDirectory | None
    """The local directory; None if it has to be scanned as a whole."""
    names: list[str] = field(default_factory=list)
    """The names of the files and subdirectories of the current piece."""
    replaced: dict[str, Local] = field(default_factory=dict)
    """What was in the places of subdirectories when their pieces were current."""
    local_files: set[str] = field(default_factory=set)
    """The names of local files that are not listed as such, once ``unlisted`` has been called for ``path``."""

    def show(self, page: DirectoryPage) -> None:
        super().show(page)
        self.names = [entry.name for entry in page.entries if entry.kind is not Kind.DIRECTORY and not entry.folder]
        self.names += self.shown.new.get(self.path, ())
        self.known.pop(self.path, None)
        if self.large is not None:
            self.local.pop(self.path, None)
        self.shorten(self.path)

    async def scan(self, parent: str) -> dict[str, Local]:
        """The contents of a local directory; of ``path`` only what the current piece shows."""
        if parent == self.path and parent not in self.local and self.large is not None:
            found = await self.large.find(self.names)
            if found is not None:
                self.local[parent] = found
            else:
                self.large = None
        return await super().scan(parent)

    async def _records(self, parent: str) -> dict[str, Known]:
        if parent != self.path:
            return await super()._records(parent)
        return await self.state.directory(parent, self.names) if self.state.knew_files else {}

    def _undated(self, parent: str) -> Iterable[str]:
        return self.names if parent == self.path else super()._undated(parent)

    async def in_the_way(self) -> list[Extraneous]:
        found, local = await super().in_the_way(), self.local.get(self.path, {})
        names = [item.path.rpartition("/")[2] for item in found if item.path.rpartition("/")[0] == self.path]
        self.replaced.update((name, local[name]) for name in names)
        return found

    async def unlisted(self, parent: str) -> tuple[list[Extraneous], int]:
        if parent != self.path:
            return await super().unlisted(parent)
        items, files = list[Extraneous](), 0
        async for local in self._others():
            if local is None:  # there is something that only a scan shows, so this begins again
                items, files, self.large = [], 0, None
                self.local_files.clear()
                continue
            files += count_files(local)
            items += self.shown.extraneous(parent, local)
            self.local_files |= {
                name for name, there in local.items()
                if there.kind is Kind.FILE and not self.shown.is_file(parent, name)
            }  # fmt: skip
        seen = {item.path.rpartition("/")[2] for item in items}  # of some directories what was found is not seen again
        unseen = {name: local for name, local in self.replaced.items() if name not in seen}
        items += self.shown.extraneous(parent, unseen)
        self.local_files |= {name for name, local in unseen.items() if local.kind is Kind.FILE}
        return items, files + (self.large.files if self.large is not None else 0)

    async def _others(self) -> AsyncIterator[dict[str, Local] | None]:
        """What is in the directory, in pieces, without files that are listed as such; all that is there after None."""
        if self.large is not None:
            async with aclosing(self.large.others(partial(self.shown.is_file, self.path))) as pieces:
                async for piece in pieces:
                    if not piece:
                        yield None
                        self.local.pop(self.path, None)
                        break
                    yield piece
        if self.large is None:
            yield await self.scan(self.path)

    async def _useless(self, parent: str) -> list[str]:
        if parent != self.path:
            return await super()._useless(parent)
        if not self.state.knew_files:  # all records are of this run, of files that the listing shows
            return []
        shown = self.shown
        known: list[str] = await self.state.rows(
            parent, lambda rows: [row.name for row in rows if not shown.is_file(parent, row.name)], []
        )
        gone = [name for name in known if name not in self.local_files]
        return useless(gone, {}, shown.directories.get(parent), shown.mentioned)
