"""The guarded opener: folders below one root, each opened without ever following a link.

A path is walked from the root one segment at a time, each opened relative to its parent's descriptor with
O_DIRECTORY | O_NOFOLLOW, so that neither a planted link nor a race between looking and opening can lead outside
(CVE-2014-4877 of wget, CVE-2026-53785 of rsync are what happens otherwise). Names are encoded here, so the
locale has no say.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from crawler.model.errors import NO_DESCRIPTORS
from crawler.storage.directory.os_errors import UnusablePath, is_whole, item_reason
from crawler.text import urls

Identity = tuple[int, int]
"""Device and inode: what a descriptor is open on, whatever its name is by now."""

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def encoded(name: str) -> bytes:
    """One segment of a path as the bytes the system gets.

    Raises UnusablePath for what would lead out of its folder or into our own; other strange names may well lie
    there and have to be removed.
    """
    if name in {"", ".", "..", urls.STATE_DIRECTORY} or "/" in name or "\0" in name:
        raise UnusablePath(f"the name {urls.name_problem(name)}")
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnusablePath("the name holds half a character (a lone surrogate)") from None


def encoded_new(name: str) -> bytes:
    """The same for a name that is to be made. Raises UnusablePath also for what ``urls.name_problem`` refuses."""
    plain = encoded(name)
    problem = urls.name_problem(name)
    if problem:
        raise UnusablePath(f"the name {problem}")
    return plain


def decoded(name: str) -> str:
    """A name from the system as the program's own text, whatever the locale made of it."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "surrogateescape")


def split(path: str) -> tuple[str, str]:
    """``a/b/c`` → (``a/b``, ``c``). Raises UnusablePath for ``/c``, whose folder would look like DIR."""
    folder, slash, name = path.rpartition("/")
    if slash and not folder:
        raise UnusablePath("the path is absolute")
    return folder, name


def lstat(name: bytes, directory: int) -> os.stat_result | None:
    """What lies under ``name``, never following a link; None if nothing does."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def close_quietly(descriptor: int) -> None:
    """For descriptors that nothing was written to: whatever closing them reports, nothing is lost."""
    with suppress(OSError):
        os.close(descriptor)


def identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


@dataclass(slots=True)
class _OpenDirectory:
    descriptor: int
    identity: Identity
    epoch: int


class Tree:
    """Descriptors of folders below ``root``, the least recently used closed beyond ``capacity``.

    Not for use by more than one thread. ``root`` belongs to the caller. ``own`` is our own directory: it is
    recognised by device and inode, because a file system that folds case has more names for it. ``folds``
    says that this is one: there, a name that is answered but not listed belongs to another file. Folders may fold
    where DIR does not (a mounted FAT, ext4 with +F), so each is asked when it is opened.
    """

    def __init__(self, root: int, *, capacity: int, own: Identity | None = None, folds: bool = False) -> None:
        self._root = root
        self._capacity = capacity
        self._own = own
        self._folders: OrderedDict[str, _OpenDirectory] = OrderedDict()
        self._epoch = 0
        self._folds = folds
        self._listed: dict[str, set[bytes]] = {}
        self.changed: set[str] = set()
        """Folders in which this tree has made a folder, for the caller to flush and clear."""

    @property
    def root(self) -> int:
        return self._root

    def refresh(self) -> None:
        """From now on check once for each cached folder that its name still leads to it."""
        self._epoch += 1
        self._listed.clear()

    def check_spelling(self, folder: str, directory: int, name: bytes, *, unseen: bool = False) -> None:
        """For a name that exists: raise UnusablePath if it exists in another spelling only (README, readme).

        ``unseen``: the folder was looked at before, and did not list the name.
        """
        if not (self._folds or unseen):
            return
        if folder not in self._listed:
            self._listed[folder] = {os.fsencode(listed) for listed in os.listdir(directory)}
        if name not in self._listed[folder]:
            raise UnusablePath("this file system takes its name for that of another file or folder, which is kept")

    def folder(self, path: str, *, create: bool = False) -> int:
        """The descriptor of a folder, good until the next call; made with its parents if ``create``.

        Raises UnusablePath if a link, a file or an impossible name is in the way, FileNotFoundError if it is
        absent and not to be made, and OSError.
        """
        known = self._folders.get(path)
        if known is not None and known.epoch == self._epoch:
            self._folders.move_to_end(path)
            return known.descriptor
        descriptor, above = self._root, ""
        for segment in path.split("/") if path else ():
            here = f"{above}/{segment}" if above else segment
            descriptor = self._step(descriptor, segment, here, create=create)
            above = here
        return descriptor

    def make(self, path: str) -> str | None:
        """Make a folder and those above it. None, or the reason why it cannot be. Raises OSError if nothing can."""
        self.refresh()
        try:
            self.folder(path, create=True)
        except UnusablePath as unusable:
            return str(unusable)
        except OSError as error:
            if is_whole(error):
                raise
            return item_reason(error)
        return None

    def _step(self, parent: int, segment: str, here: str, *, create: bool) -> int:
        name = encoded(segment)
        known = self._folders.get(here)
        if known is not None and known.epoch != self._epoch:
            status = lstat(name, parent)
            if status is None or identity(status) != known.identity:
                self.forget(here)  # renamed or removed by someone else: files must not follow it there
                known = None
        if known is None:
            known = self._open(parent, name, here, create=create)
            self._folders[here] = known
        known.epoch = self._epoch
        self._folders.move_to_end(here)
        self._evict(self._capacity)
        return known.descriptor

    def _open(self, parent: int, name: bytes, here: str, *, create: bool) -> _OpenDirectory:
        above, plain = split(here)
        try:
            descriptor = self._descriptor(parent, name, here)
        except FileNotFoundError:
            if not create:
                raise
            encoded_new(plain)
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
            self.changed.add(above)
            self._listed.pop(above, None)
            descriptor = self._descriptor(parent, name, here)
        folder = None
        try:
            found = identity(os.fstat(descriptor))
            self.check_spelling(above, parent, name, unseen=_answers_to_another(name, parent, found))
            folder = _OpenDirectory(descriptor, found, self._epoch)
        finally:
            if folder is None or folder.identity == self._own:
                close_quietly(descriptor)
        if folder.identity == self._own:
            raise UnusablePath(f"{here} is our own directory")
        return folder

    def _descriptor(self, parent: int, name: bytes, here: str) -> int:
        try:
            return os.open(name, FOLDER_FLAGS, dir_fd=parent)
        except OSError as error:
            if error.errno in NO_DESCRIPTORS and len(self._folders) > 1:
                self.shrink()
                return os.open(name, FOLDER_FLAGS, dir_fd=parent)
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:  # which of the two depends on the system
                raise UnusablePath(_obstacle(parent, name, here)) from None
            raise

    def shrink(self) -> None:
        """Give descriptors back: half of them now, and never as many again."""
        self._capacity = max(1, len(self._folders) // 2)
        self._evict(self._capacity)

    def forget(self, path: str) -> None:
        """Close a folder and all below it: it has been removed or is no longer what it was."""
        for key in [key for key in self._folders if key == path or key.startswith(f"{path}/")]:
            close_quietly(self._folders.pop(key).descriptor)

    def close(self) -> None:
        self._evict(0)

    def _evict(self, keep: int) -> None:
        while len(self._folders) > keep:
            close_quietly(self._folders.popitem(last=False)[1].descriptor)


def other_spellings(name: str) -> set[str]:
    """What a file system that folds case, or that normalises Unicode, takes for the same name."""
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")} if not name.isascii() else set()
    return (forms | {name.swapcase()}) - {name}


def _answers_to_another(name: bytes, parent: int, itself: Identity) -> bool:
    """True if another spelling of ``name`` leads to the same thing."""
    for other in other_spellings(name.decode("utf-8", "surrogateescape")):
        with suppress(OSError, UnicodeEncodeError):
            status = lstat(other.encode("utf-8", "surrogateescape"), parent)
            if status is not None and identity(status) == itself:
                return True
    return False


def _obstacle(parent: int, name: bytes, here: str) -> str:
    status = lstat(name, parent)
    if status is not None and stat.S_ISLNK(status.st_mode):
        return f"{here} is a symbolic link: links in DIR are never written through"
    return f"{here} is not a folder here, but the listing has something below it"
