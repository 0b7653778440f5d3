"""Lists the content of DIR without following links."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress

from crawler.model.errors import NO_DESCRIPTORS, DestinationError
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.other_file_systems import is_leftover
from crawler.storage.directory.boundaries.spared import ProtectedNames, Spared
from crawler.storage.directory.os_errors import NAME_REFUSED, UnusablePath
from crawler.storage.directory.reading.places import KINDS, Places, is_absent, reading_error
from crawler.storage.directory.tree import Tree, decoded, encoded, identity, split
from crawler.text import urls

_FORMAT = 0o170000
"""The bits of a mode that ``stat.S_IFMT`` returns."""
_FILE, _OTHER = Kind.FILE, Kind.OTHER  # a member of an enumeration takes 80 ns to look up


class Scan:
    """Scans directories of a tree. For one thread only. Without ``spared`` nothing is spared."""

    def __init__(self, tree: Tree, spared: Spared | None = None) -> None:
        self._tree = tree
        self._spared = spared
        self.places = Places(tree, spared)

    def close(self) -> None:
        """Close the descriptors of the tree."""
        self._tree.close()

    def owner(self, path: str) -> str | None:
        """The other mirror in DIR that the directory ``path`` belongs to, as far as scanned; None if there is none."""
        return self._spared.seen_owner(path) if self._spared is not None else None

    def take_leftovers(self) -> list[str]:
        """Return and forget the leftovers seen so far, for the caller to remove."""
        return self.places.take_leftovers()

    def scan_all(self, paths: Sequence[str]) -> list[dict[str, Local] | BaseException]:
        """The result of ``scan`` for each of several directories, or the exception that it raised."""
        self.places.refresh()
        found: list[dict[str, Local] | BaseException] = []
        for path in paths:
            try:
                found.append(self.scan(path, is_current=True))
            except (OSError, DestinationError) as error:
                found.append(error)
        return found

    def scan(self, path: str, *, is_current: bool = False) -> dict[str, Local]:
        """The content of a directory by name; {} if it is absent, behind a link, or its name is impossible.

        ``is_current``: that open directories and mounts are current was just checked. Raises OSError; DestinationError
        if it may not be read, because its files would otherwise appear to be gone.
        """
        if not is_current:
            self.places.refresh()
        return self._read(path, self._scan)

    def inspect(self, path: str, names: Collection[str]) -> dict[str, Local]:
        """What ``scan`` returns, of ``names`` only, without reading the rest of the directory. Raises the same."""
        self.places.refresh()
        return self._read(path, lambda path: self._inspect(path, names))

    def _read(self, path: str, read: Callable[[str], dict[str, Local]]) -> dict[str, Local]:
        """``read(path)``, or what ``scan`` says about a directory that cannot be read."""
        try:
            found = read(path)
        except UnusablePath:
            return {}
        except OSError as error:
            if is_absent(path, error):
                return {}
            if (problem := reading_error(path, error)) is not None:
                raise problem from error
            raise
        if not path:
            found.pop(urls.STATE_DIRECTORY, None)
        return found

    def _scan(self, path: str) -> dict[str, Local]:
        found: dict[str, Local] = {}
        spared, owner, device, protected = self._spared, None, 0, None
        if spared is not None and path:  # this comes first, because an absent directory may have an owner too
            owner = spared.owner(self._tree, path.rpartition("/")[0])
        directory = self._tree.directory(path)
        if spared is not None:
            place = self._tree.identity_of(path) or identity(os.fstat(directory))
            device, protected = place[0], spared.protected_names(directory, place)
        directory, names = self._names(path, directory)
        if spared is not None and path:
            owner = spared.owner_of(self._tree, path, names) if owner is None else owner
        is_plain = owner is None and protected is None
        for name in names:
            try:
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                continue
            kind = _FILE if status.st_mode & _FORMAT == stat.S_IFREG else KINDS.get(status.st_mode & _FORMAT, _OTHER)
            if kind is _FILE and is_leftover(name):
                self.places.leftovers.add(f"{path}/{name}" if path else name)
                continue
            why = ""
            if owner is not None:
                why = f"part of another mirror, the one in {owner}"
            elif spared is not None and not (is_plain and kind is _FILE):
                why = spared.reason(os.fsencode(name), status, directory, protected, device=device)
            plain = name if name.isascii() else decoded(name)
            found[plain] = Local(kind, status.st_size, status.st_mtime_ns, why)
        return found

    def _names(self, path: str, directory: int) -> tuple[int, list[str]]:
        """The names in the directory ``path``, open as ``directory``, and its descriptor. Raises OSError."""
        try:
            return directory, os.listdir(directory)  # needs a descriptor of its own
        except OSError as error:
            if error.errno not in NO_DESCRIPTORS:
                raise
            self._tree.shrink()
            directory = self._tree.directory(path)
            return directory, os.listdir(directory)

    def _inspect(self, path: str, names: Collection[str]) -> dict[str, Local]:
        from crawler.storage.directory.spellings import answers_to_another  # imported only if needed

        found: dict[str, Local] = {}
        place, is_exact = self.places.open(path), False
        for name in names:
            try:
                plain = encoded(name)
                status = os.stat(plain, dir_fd=place.directory, follow_symlinks=False)
            except (FileNotFoundError, UnusablePath):
                continue
            except OSError as error:
                if error.errno in NAME_REFUSED:
                    continue
                raise
            if not (is_exact and name.isascii()):  # where names fold, a file may have another name than this
                if answers_to_another(plain, place.directory, identity(status)):
                    return {listed: local for listed, local in self._scan(path).items() if listed in names}
                is_exact = is_exact or (name.isascii() and name.swapcase() != name)
            local = self.places.item(place, name, status)
            if local is not None:
                found[name] = local
        return found

    def _reason(self, path: str) -> str:
        """Why the directory ``path`` as a whole is spared; "" if it is not, or is absent. Raises OSError."""
        if self._spared is None or not path:
            return ""
        self.places.refresh()
        with suppress(FileNotFoundError, UnusablePath):
            above, name = split(path)
            directory, plain = self._tree.directory(above), encoded(name)
            status = os.stat(plain, dir_fd=directory, follow_symlinks=False)
            device, protected = os.fstat(directory).st_dev, self._spared.protected_names(directory)
            return self._spared.reason(plain, status, directory, protected, device=device)
        return ""

    def _content(self, path: str) -> dict[str, Local]:
        """The content of a directory by name, with the files of options (``--summary``) that will be written there."""
        found, own = self.scan(path), ProtectedNames()
        if self._spared is not None:
            with suppress(FileNotFoundError, UnusablePath):
                own = self._spared.protected_names(self._tree.directory(path)) or own
        names = {decoded(os.fsdecode(name)): file.what for name, file in own.names.items()}
        expected = {name: Local(Kind.FILE, 0, 0, what) for name, what in names.items() if what.startswith("--")}
        return expected | found

    def walk(self, path: str) -> Iterator[tuple[str, Local]]:
        """Everything below a directory, children before their directory, without following links.

        A spared path is included, but nothing below it; ``path`` itself may be spared. A file that the program will
        write at the end of the run is included too, although it is not there yet.

        Raises OSError, DestinationError.
        """
        if why := self._reason(path):  # it may have become spared since it was listed
            yield path, Local(Kind.DIRECTORY, 0, 0, why)
            return
        levels = [(path, Local(Kind.DIRECTORY, 0, 0), iter(self._content(path).items()))]
        while levels:
            directory, itself, rest = levels[-1]
            found = next(rest, None)
            if found is None:
                levels.pop()
                if levels:
                    yield directory, itself
                continue
            name, local = found
            below = f"{directory}/{name}" if directory else name
            if local.kind is not Kind.DIRECTORY or local.spared:
                yield below, local
                continue
            levels.append((below, local, iter(self._content(below).items())))
