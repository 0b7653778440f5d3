"""Paths in DIR that are never replaced or deleted: the program's own files, other mirrors, mount points and links.

A path is identified by the device and inode of its directory and its name there, never by its text: ``DIR/log``,
``./DIR//log`` and a link to either are the same file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from crawler.model.config import Config
from crawler.model.reasons import CLAIM, LINK
from crawler.model.struct import Struct, Value, field
from crawler.paths import real_path
from crawler.storage.directory.boundaries.mounts import Mounts
from crawler.storage.directory.tree import Identity, Tree, decoded, identity, lstat
from crawler.text import urls
from crawler.text.patterns import pattern

_ROTATED = pattern(rb"[.-]\d[\d.T-]*(?:\.(?:gz|bz2|xz|zst))?")
"""Suffixes that logrotate and similar tools append to the name of a log."""
_BESIDE_STATE = pattern(rb"-(?:wal|shm|journal)|\.damaged-.*")
"""Suffixes of the files next to the state, see ``state.database``."""
_MAY_BE_STATE = pattern(r"[.\u0080-\U0010ffff]")
"""Names that a file system may take for that of a state directory: it may ignore case, or characters without width."""
MOUNT = "a mount point"
_OUTPUTS = ("log_file", "summary", "changes", "metrics", "report")


class OwnFile(Value, frozen=True):
    """A file that the user told this program to read or write."""

    what: str
    """The option that names it (``--summary``), or another description."""
    path: Path
    is_read: bool = False
    """Whether the program only reads it."""

    @property
    def key(self) -> str:
        """The key of the option, as in a configuration file: ``log_file``."""
        return self.what.removeprefix("--").replace("-", "_")

    @property
    def claim(self) -> str:
        """What is said after the path of an entry that would be stored in its place."""
        return f"{CLAIM} {self.what} file: choose another path for it"

    def is_companion(self, end: bytes) -> bool:
        """True if this name with ``end`` appended names a companion file: an old log, or a journal of the state."""
        pattern = {"--log-file": _ROTATED, "--state": _BESIDE_STATE}.get(self.what)
        return pattern is not None and pattern.fullmatch(end) is not None


def own_files(config: Config) -> tuple[OwnFile, ...]:
    """The files named by the options of a mirror."""
    written = [(f"--{key.replace('_', '-')}", getattr(config, key)) for key in (*_OUTPUTS, "state")]
    return (*(OwnFile(what, Path(path)) for what, path in written if path), *read_files(config))


def read_files(config: Config) -> tuple[OwnFile, ...]:
    """The files named by the options of a mirror that are only read."""
    named = [("--ca-file", config.ca_file), ("--client-cert", config.client_cert), ("--cookies", config.cookies)]
    named += [("--header", text[1:]) for text in config.header if text.startswith("@")]
    return tuple(OwnFile(what, Path(path), is_read=True) for what, path in named if path)


def redirected() -> tuple[OwnFile, ...]:
    """The files that standard output and standard error are redirected to, if /proc shows them."""
    found = []
    for descriptor, what in ((1, "standard output"), (2, "standard error")):
        with suppress(OSError):
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                found.append(OwnFile(what, Path(f"/proc/self/fd/{descriptor}").readlink()))
    return tuple(found)


def paths_of(file: Path) -> set[Path]:
    """The absolute paths of ``file``, which need not exist, without links among their directories.

    If it is a link, both the link and its target have one. A file system that folds case may store the name in another
    spelling than the given one.
    """
    found = set[Path]()
    for path in (file, real_path(file)):
        parent = real_path(path.parent)
        found.add(parent / path.name)
        with suppress(OSError):
            here = identity((parent / path.name).lstat())
            if path.name.swapcase() != path.name and identity((parent / path.name.swapcase()).lstat()) == here:
                names = os.listdir(parent)
                found |= {parent / name for name in names if identity((parent / name).lstat()) == here}
    return found


def claims(own: Sequence[OwnFile], directory: Path) -> dict[str, str]:
    """Path relative to ``directory`` of each file that the program writes there → its ``OwnFile.claim``."""
    base = decoded(str(real_path(directory))).rstrip("/") + "/"
    files = [(decoded(str(path)), file.claim) for file in own if not file.is_read for path in paths_of(file.path)]
    return {path.removeprefix(base): claim for path, claim in files if path.startswith(base)}


class ProtectedNames(Struct):
    """The names in one directory that are never replaced or deleted.

    These are mount points and the program's files. The latter are found by name, and by identity on file systems where
    a name has several spellings.
    """

    names: dict[bytes, OwnFile] = field(default_factory=dict)
    identities: dict[Identity, OwnFile] = field(default_factory=dict)
    mounted: frozenset[bytes] = frozenset()
    """Names of mount points, directories or files."""

    def exactly(self, name: bytes, status: os.stat_result | None) -> OwnFile | None:
        """The program's own file with this name, or None."""
        known = self.names.get(name)
        return known or (self.identities.get(identity(status)) if status is not None else None)

    def find(self, name: bytes, status: os.stat_result) -> OwnFile | None:
        """The program's own file with this name, or whose companion file has this name; None if there is none."""
        companions = (
            own for own_name, own in self.names.items()
            if name.startswith(own_name) and own.is_companion(name[len(own_name) :])
        )  # fmt: skip
        return self.exactly(name, status) or next(companions, None)


class Spared:
    """Decides what is spared in one DIR. Thread-safe, except ``owner`` and ``seen_owner``."""

    def __init__(self, own: Sequence[OwnFile] = (), directory: Path | None = None, *, links: bool = True) -> None:
        """``directory``: DIR, for ``claims``. ``links``: whether symbolic links are spared."""
        self.claims = {} if directory is None else claims(own, directory)
        """The result of ``claims`` for DIR."""
        self._own = own
        self._links = links
        self._mounts = Mounts()
        self._places: dict[Identity, dict[bytes, OwnFile]] | None = None
        self._owners: dict[str, str | None] = {}

    def refresh(self, root: int) -> None:
        """Reread the mounts below DIR, which is open as ``root``, if they changed."""
        self._mounts.refresh(root)

    def close(self) -> None:
        self._mounts.close()

    def protected_names(self, directory: int, place: Identity | None = None) -> ProtectedNames | None:
        """The protected names in the open ``directory``; None if there are none. ``place`` identifies it, if known."""
        if self._places is None:
            self._places = _places(self._own)
        place = place or identity(os.fstat(directory))
        names, mounted = self._places.get(place, {}), self._mounts.names(place)
        if not names and not mounted:
            return None
        found = ((lstat(name, directory), own) for name, own in names.items())
        identities = {identity(status): own for status, own in found if status is not None}
        return ProtectedNames(names, identities, mounted)

    def is_bare(self, place: Identity) -> bool:
        """Whether the directory has no protected names."""
        if self._places is None:
            self._places = _places(self._own)
        return place not in self._places and not self._mounts.names(place)

    def mount_points(self) -> list[str]:
        """The paths of the mount points below DIR."""
        return self._mounts.points()

    def moved(self, path: str) -> str | None:
        """Why a mount or unmount may have put another file at ``path`` since the scan; None if none has."""
        point = self._mounts.moved(path)
        return None if point is None else f"{point} was mounted or unmounted during the run"

    def reason(
        self, name: bytes, status: os.stat_result, directory: int, protected: ProtectedNames | None, *, device: int
    ) -> str:
        """Why ``name`` in the open ``directory`` is spared; "" if it is not.

        ``device`` is the device of the directory. Raises OSError.
        """
        if protected is not None and (own := protected.find(name, status)) is not None:
            return own.what
        if protected is not None and name in protected.mounted:
            return MOUNT
        if stat.S_ISLNK(status.st_mode):
            return LINK if self._links else ""
        if not stat.S_ISDIR(status.st_mode):
            return ""
        if status.st_dev != device:
            return MOUNT
        return "another mirror" if _is_mirror(name, directory) else ""

    def owner(self, tree: Tree, directory: str) -> str | None:
        """The result of ``other_mirror``, cached. Raises OSError, UnusablePath."""
        return other_mirror(tree, directory, self._owners)

    def owner_of(self, tree: Tree, directory: str, names: Iterable[str]) -> str | None:
        """The result of ``owner`` for a directory with these ``names``, whose parent has none."""
        if directory not in self._owners and not any(map(_MAY_BE_STATE.match, names)):
            self._owners[directory] = None
        return self.owner(tree, directory)

    def seen_owner(self, directory: str) -> str | None:
        """The cached owner of ``directory`` or its nearest known ancestor. No I/O."""
        while directory and directory not in self._owners:
            directory = directory.rpartition("/")[0]
        return self._owners.get(directory)


def _places(own: Sequence[OwnFile]) -> dict[Identity, dict[bytes, OwnFile]]:
    """Directory → name → file. For a symbolic link, both the link and its target are included."""
    places: dict[Identity, dict[bytes, OwnFile]] = {}
    for file in own:
        for path in (file.path, real_path(file.path)):
            try:
                parent = identity(path.parent.stat())
            except OSError:
                continue  # the directory does not exist, so the file does not either
            places.setdefault(parent, {}).setdefault(os.fsencode(path.name), file)
    return places


def _is_mirror(name: bytes, directory: int) -> bool:
    try:
        return lstat(name + b"/" + urls.STATE_DIRECTORY.encode(), directory) is not None
    except OSError:
        return False  # unreadable; scanning it will report that


def other_mirror(tree: Tree, directory: str, owners: dict[str, str | None]) -> str | None:
    """The directory below DIR that is ``directory`` or above it and has a state directory of its own, or None.

    ``owners`` caches the result for each directory. Raises OSError, UnusablePath.
    """
    if directory not in owners:
        path, owner = "", None
        for segment in directory.split("/") if directory else ():
            path = f"{path}/{segment}" if path else segment
            if path not in owners:
                own = owner is None and lstat(urls.STATE_DIRECTORY.encode(), tree.directory(path)) is not None
                owners[path] = path if own else owner
            owner = owners[path]
        owners[directory] = owner
    return owners[directory]
