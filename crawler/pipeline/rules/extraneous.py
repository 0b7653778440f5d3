"""Finds extraneous local files by comparing a directory with its complete listing: only these may be deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from crawler.model import limits
from crawler.model.flaws import Flaw
from crawler.model.reasons import LINK
from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry, Kind, Local
from crawler.text.names.hashed import HashedNames

_OBSTACLES = {Kind.DIRECTORY: "a directory", Kind.SYMLINK: LINK}


def in_its_place(kind: Kind) -> str:
    """The reason why a file is fetched, or has failed, whose name is taken by a local entry of ``kind``."""
    return f"{_OBSTACLES.get(kind, 'something other than a regular file')} is in its place"


class Extraneous(Value, frozen=True, kw_only=True):
    """A local name that the complete listing of its directory does not show, or shows as another kind of entry."""

    path: str
    kind: Kind
    size: int
    """Size in bytes."""
    replaced: bool = False
    """True if the listing shows a directory where there is a local file, or a file where there is a local directory.

    A directory is proven once its own listing has been read, a file once it has been fetched: a listing may show a
    directory without its slash, so that it looks like a file.
    """
    mentioned: bool = False
    """True if the page shows the name in a link that is not an entry, so that it is not proven absent."""
    spared: str = ""
    """What the local entry is, if it must stay (see ``Local.spared``); "" if it may be deleted."""


class Unlisted(Struct):
    """The local files and directories that are not listed, grouped by what may happen to them."""

    gone: list[Extraneous] = field(default_factory=list)
    """Files and directories that are proven absent and may be deleted."""
    unproven: list[Extraneous] = field(default_factory=list)
    """Files and directories that are not listed, while the pages prove nothing absent."""
    mentioned: list[str] = field(default_factory=list)
    """Paths that stay because their pages still mention them."""
    doubted: dict[str, Flaw] = field(default_factory=dict)
    """Directory whose pages prove nothing absent → the reason."""
    replaced: dict[str, Extraneous] = field(default_factory=dict)
    """Path → the local file where a listing shows a directory, as known since the page that shows it."""
    read: set[str] = field(default_factory=set)
    """Those paths of ``replaced`` whose own listing was read completely."""
    shown: set[str] = field(default_factory=set)
    """Those paths of ``replaced`` whose parent's listing was read completely, and shows a directory and no file; or
    whose URLs have turned out to be those of directories."""
    spared: dict[str, str] = field(default_factory=dict)
    """Path of an unlisted entry that is never deleted → what it is."""
    obstacles: dict[str, str] = field(default_factory=dict)
    """Path of an entry that is never deleted, although a listing shows a directory there → what it is."""
    recalled: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path → its directory and the URL of the directory's listing, if that has to be read again before a deletion."""
    obstructing: dict[str, Extraneous] = field(default_factory=dict)
    """Path → the local directory where a listing shows a file."""

    occupied: dict[str, str] = field(default_factory=dict)
    """Path of a directory that is never deleted, although a listing shows a file there → what it is."""

    def note(
        self, directory: str, items: list[Extraneous], *, doubt: Flaw | None, recalled: tuple[str, str] | None = None
    ) -> None:
        """Note the ``items`` in ``directory`` that its complete listing does not show.

        ``doubt``: the reason why this does not prove them absent; None if it does.
        """
        if recalled is not None:
            self.recalled.update((item.path, recalled) for item in items)
        if doubt is not None and any(not (item.replaced or item.spared) for item in items):
            self.doubted[directory] = doubt
        for item in items:
            is_directory = item.replaced and item.kind is Kind.DIRECTORY
            if item.spared and is_directory:
                self.occupied[item.path] = item.spared
            elif item.spared:
                (self.obstacles if item.replaced else self.spared)[item.path] = item.spared
            elif is_directory:
                self.obstructing[item.path] = item
            elif item.replaced:  # proven by what the listing shows; doubts are about what it does not show
                self.replaced[item.path] = item
                self.shown.add(item.path)
                self._prove(item.path)
            elif doubt is not None:
                self.unproven.append(item)
            elif item.mentioned:
                self.mentioned.append(item.path)
            else:
                self.gone.append(item)

    def foresee(self, items: Iterable[Extraneous]) -> None:
        """Note local files where a page shows directories, which may be read before the rest of its listing."""
        for item in items:
            if item.spared:
                self.obstacles[item.path] = item.spared
            else:
                self.replaced[item.path] = item

    def turn_out(self, path: str, local: Local) -> None:
        """Note that ``path``, where ``local`` is, is a directory by the response from its URL: no listing shows it."""
        self.foresee([Extraneous(path=path, kind=local.kind, size=local.size, replaced=True, spared=local.spared)])
        if not local.spared:
            self.shown.add(path)

    def obstacle(self, path: str) -> str | None:
        """Name the entry that must stay and takes the place of a directory above ``path``, and what to do; or None."""
        for above, what in self.obstacles.items():
            if path == above or path.startswith(f"{above}/"):
                if what == LINK:
                    return f"{above} is {what}, never written through: replace it by a directory or mirror elsewhere"
                return f"{above} is {what}, and in the way of its directory: move it away"
        return None

    def is_replaced(self, path: str) -> bool:
        """Whether there is a local file where a listing shows the directory ``path`` or one above it."""
        return any(path == file or path.startswith(f"{file}/") for file in self.replaced)

    def confirm(self, directory: str) -> None:
        """Note that the listing of ``directory`` was read completely, so that the local file in its place may go."""
        if directory in self.replaced:
            self.read.add(directory)
            self._prove(directory)

    def _prove(self, path: str) -> None:
        """Add the local file at ``path`` to ``gone`` once both listings, in either order, have proven a directory."""
        if path in self.read and path in self.shown:
            self.shown.remove(path)
            self.gone.append(self.replaced[path])

    def withdraw(self, paths: Collection[str]) -> None:
        """Remove ``paths`` from ``gone``: they are not proven absent after all."""
        self.gone = [item for item in self.gone if item.path not in paths]

    def arrived(self, path: str) -> None:
        """Note that the file at ``path`` was fetched and checked, so that the local directory in its place may go."""
        if path in self.obstructing:
            self.gone.append(self.obstructing[path])


def useless(
    known: Iterable[str],
    local: Mapping[str, Local],
    shown: dict[str, bool | None] | HashedNames | None = None,
    mentioned: Collection[str] = (),
) -> list[str]:
    """Names of the ``known`` files of a directory that the state may forget.

    These are files that its complete listing does not show as files and that are not regular local files. Forgetting
    them loses nothing; otherwise --verify would report them as missing in every run. ``shown``: see
    ``ListedNames.directories``.
    """
    names, here = {} if shown is None else shown, {name for name, found in local.items() if found.kind is Kind.FILE}
    gone = [name for name in known if name not in here and (name not in names or names[name] is True)]
    return [name for name in gone if name not in mentioned]


class ListedNames(Struct):
    """The names that the pages of a listing have shown so far. A flat listing shows several directories."""

    directories: dict[str, dict[str, bool | None] | HashedNames] = field(default_factory=dict)
    """Directory → name → whether the name is that of a directory; None if the listing does not say."""
    clashing: set[tuple[str, str]] = field(default_factory=set)
    """(directory, name) of each entry that is listed both as a file and as a directory."""
    mentioned: set[str] = field(default_factory=set)
    """Names in links of the pages that are not entries and may lead anywhere."""
    new: dict[str, list[str]] = field(default_factory=dict)
    """Directory → the names of its subdirectories that were shown since the last call of ``take_new``."""

    def take_new(self) -> dict[str, list[str]]:
        """Return and clear ``new``."""
        taken, self.new = self.new, {}
        return taken

    def add(self, path: str, entries: Sequence[Entry]) -> None:
        """Note the names of ``entries``, and those of the directories between them and the directory at ``path``."""
        if not entries:
            return
        names, file = self.directories.setdefault(path, {}), Kind.FILE
        for entry in entries:
            if entry.folder or entry.kind is not file or names.setdefault(entry.name, False) is not False:
                self._add(path, entry)

    def _add(self, path: str, entry: Entry) -> None:
        for segment in entry.folder.split("/") if entry.folder else ():
            names = self.directories.setdefault(path, {})
            if segment not in names:
                self.new.setdefault(path, []).append(segment)
            names[segment] = True
            path = f"{path}/{segment}" if path else segment
        is_directory = None if entry.kind is Kind.UNKNOWN else entry.kind is Kind.DIRECTORY
        names = self.directories.setdefault(path, {})
        if is_directory:
            self.new.setdefault(path, []).append(entry.name)
        # A name that is both (x and x/) is a clash; that is reported elsewhere and proves nothing.
        if names.setdefault(entry.name, is_directory) != is_directory:
            names[entry.name] = None
            self.clashing.add((path, entry.name))

    def is_file(self, directory: str, name: str) -> bool:
        """Whether ``name`` is listed in ``directory``, as a file and as nothing else."""
        names = self.directories.get(directory, {})
        return name in names and names[name] is False

    def shorten(self, directory: str) -> None:
        """Keep only hashes of the names of ``directory`` if there are many."""
        names = self.directories.get(directory, {})
        if isinstance(names, dict) and len(names) > limits.EXACT_NAMES:
            self.directories[directory] = HashedNames(names)

    def mention(self, names: Collection[str]) -> None:
        """Note names that a page mentions in links that are not entries."""
        self.mentioned |= set(names)

    def lacks(self, item: Extraneous) -> bool:
        """Whether the pages prove that ``item`` is not listed, or that it is a directory now."""
        parent, _, name = item.path.rpartition("/")
        shown = self.directories.get(parent, {})
        if item.replaced:
            return name in shown and shown[name] is True
        return name not in shown and name not in self.mentioned

    def extraneous(self, parent: str, local: Mapping[str, Local]) -> list[Extraneous]:
        """The names in the local directory ``parent`` that are not listed, or seem to be of another kind."""
        shown = self.directories.get(parent, {})
        found = []
        for name, there in local.items():
            is_here = there.kind is Kind.DIRECTORY
            replaced = name in shown and (shown[name] is not True if is_here else shown[name] is True)
            replaced = replaced and (parent, name) not in self.clashing
            if name not in shown or replaced:
                path = f"{parent}/{name}" if parent else name
                mentioned = not replaced and name in self.mentioned
                found.append(
                    Extraneous(
                        path=path,
                        kind=there.kind,
                        size=there.size,
                        replaced=replaced,
                        mentioned=mentioned,
                        spared=there.spared,
                    )
                )
        return found
