"""What a complete listing shows, held against what lies in the folder: the only source of deletions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from crawler.model.flaws import Flaw
from crawler.model.values import LINK, Entry, Kind, Local

_OBSTACLES = {Kind.DIRECTORY: "a directory", Kind.SYMLINK: LINK}


def in_its_place(kind: Kind) -> str:
    """What is said of a file where something of another ``kind`` lies."""
    return f"{_OBSTACLES.get(kind, 'something that is no regular file')} is in its place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraneous:
    """A local name that the complete listing of its folder does not show, or shows as something else."""

    path: str
    kind: Kind
    size: int
    """Bytes."""
    replaced: bool = False
    """True if upstream seems to have the other kind of that name, a folder for a file or a file for a folder.

    The former is proven once that folder's own listing was read, the latter once the file itself has come: what looks
    like a file in a listing may be a folder without its slash.
    """
    mentioned: bool = False
    """True if the page shows the name all the same, by a link that is no entry: then it is not proven absent."""
    spared: str = ""
    """As in ``Local``: what it is, if it must stay."""


@dataclass(slots=True)
class Missing:
    """What lies in the folders of a run and is not listed, by what follows from that."""

    gone: list[Extraneous] = field(default_factory=list)
    """Proven absent: what may be deleted."""
    mentioned: list[str] = field(default_factory=list)
    """Paths that stay, because their pages mention them all the same."""
    doubted: dict[str, Flaw] = field(default_factory=dict)
    """Folder whose pages prove nothing absent → why."""
    replaced: dict[str, Extraneous] = field(default_factory=dict)
    """Files where a listing shows a folder, by path."""
    spared: dict[str, str] = field(default_factory=dict)
    """What is not listed and stays, because the listing has no say in it: path → what it is."""
    obstacles: dict[str, str] = field(default_factory=dict)
    """What is spared and lies where a listing shows a folder: path → what it is."""
    recalled: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path → the folder and the URL of its listing, where the state alone says what that listing shows."""
    obstructing: dict[str, Extraneous] = field(default_factory=dict)
    """Folders where a listing shows a file, by path."""

    def note(
        self, folder: str, items: list[Extraneous], *, doubt: Flaw | None, recalled: tuple[str, str] | None = None
    ) -> None:
        """``items`` of ``folder``, whose listing was read to its end, are not listed.

        ``doubt``: why that does not prove them absent; None if it does.
        """
        if recalled is not None:
            self.recalled.update((item.path, recalled) for item in items)
        if doubt is not None and any(not (item.replaced or item.spared) for item in items):
            self.doubted[folder] = doubt
        for item in items:
            is_folder = item.replaced and item.kind is Kind.DIRECTORY
            if item.spared and is_folder:
                continue  # the file cannot be stored, and says so
            if item.spared:
                (self.obstacles if item.replaced else self.spared)[item.path] = item.spared
            elif item.replaced:  # by what is shown, so no doubt concerns it
                (self.obstructing if is_folder else self.replaced)[item.path] = item
            elif doubt is None and item.mentioned:
                self.mentioned.append(item.path)
            elif doubt is None:
                self.gone.append(item)

    def obstacle(self, path: str) -> str | None:
        """Why nothing can be stored at ``path``, or None: something in place of one of its folders must stay."""
        for above, what in self.obstacles.items():
            if path == above or path.startswith(f"{above}/"):
                if what == LINK:
                    return f"{above} is {what}, never written through: replace it by a directory or mirror elsewhere"
                return f"{above} is {what}, and in the way of its folder: move it away"
        return None

    def is_replaced(self, path: str) -> bool:
        """True if a file lies where a listing shows the folder ``path``, or one above it."""
        return any(path == file or path.startswith(f"{file}/") for file in self.replaced)

    def confirm(self, folder: str) -> None:
        """The listing of ``folder`` itself was read to its end: what lies in its place may go."""
        if folder in self.replaced:
            self.gone.append(self.replaced[folder])

    def withdraw(self, paths: Collection[str]) -> None:
        """These are not proven absent after all."""
        self.gone = [item for item in self.gone if item.path not in paths]

    def arrived(self, path: str) -> None:
        """The file at ``path`` was fetched and checked: the folder in its place may go."""
        if path in self.obstructing:
            self.gone.append(self.obstructing[path])


def useless(
    known: Iterable[str],
    local: Mapping[str, Local],
    shown: Mapping[str, bool | None] | None = None,
    mentioned: Collection[str] = (),
) -> list[str]:
    """Which of the files that are ``known`` in a folder, by name, need not be remembered any more.

    They are those that its complete listing does not show as files, and where no regular file lies: to forget them
    costs nothing, and otherwise --verify would miss them in every run. ``shown`` is as in ``Shown.folders``.
    """
    shown = shown or {}
    here = {name for name, found in local.items() if found.kind is Kind.FILE}
    files = {name for name, is_folder in shown.items() if is_folder is not True}
    return [name for name in known if name not in here and name not in files and name not in mentioned]


@dataclass(slots=True)
class Shown:
    """What the pages of a listing have shown so far, whatever became of it. Flat listings show several folders."""

    folders: dict[str, dict[str, bool | None]] = field(default_factory=dict)
    """Folder → name → is it a folder? None where the listing does not say."""
    clashing: set[tuple[str, str]] = field(default_factory=set)
    """(folder, name) of what is listed as more than one kind."""
    mentioned: set[str] = field(default_factory=set)
    """Names that the pages mention in other links, which may lead anywhere."""

    def add(self, path: str, entry: Entry) -> None:
        """Note the name of ``entry`` and of the folders between it and the folder at ``path``."""
        for segment in entry.folder.split("/") if entry.folder else ():
            self.folders.setdefault(path, {})[segment] = True
            path = f"{path}/{segment}" if path else segment
        is_folder = None if entry.kind is Kind.UNKNOWN else entry.kind is Kind.DIRECTORY
        names = self.folders.setdefault(path, {})
        # A name that is both (x and x/) is a clash, which is reported elsewhere and proves nothing.
        if names.setdefault(entry.name, is_folder) != is_folder:
            names[entry.name] = None
            self.clashing.add((path, entry.name))

    def mention(self, names: Collection[str]) -> None:
        """Note names that a page mentions in links that are not entries."""
        self.mentioned |= set(names)

    def lacks(self, item: Extraneous) -> bool:
        """Whether the pages prove that ``item`` is not listed, or that it is a folder now."""
        parent, _, name = item.path.rpartition("/")
        shown = self.folders.get(parent, {})
        return shown.get(name) is True if item.replaced else name not in shown and name not in self.mentioned

    def extraneous(self, parent: str, local: Mapping[str, Local]) -> list[Extraneous]:
        """What of ``local``, the content of the folder ``parent``, is not listed or seems to be a folder now."""
        shown = self.folders.get(parent, {})
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
