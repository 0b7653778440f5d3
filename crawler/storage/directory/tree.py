"""Opens directories below one root without ever following a link.

A path is walked from the root one segment at a time, each opened relative to its parent's descriptor with
O_DIRECTORY | O_NOFOLLOW, so that neither a planted link nor a race between checking and opening can lead outside
(as in CVE-2014-4877 of wget and CVE-2026-53785 of rsync). Names are encoded here, independently of the locale.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Iterable

from crawler.model.errors import NO_DESCRIPTORS
from crawler.model.struct import Struct
from crawler.storage.directory.os_errors import NO_FLUSH, UnusablePath, is_refused_name, is_whole, item_reason, obstacle
from crawler.text import urls

Identity = tuple[int, int]
"""Device and inode, which identify an open file whatever its name."""

DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
REOPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_NO_NAMES = frozenset({"", ".", "..", urls.STATE_DIRECTORY})


def encoded(name: str) -> bytes:
    """A path segment as bytes for the system.

    Raises UnusablePath for a name that leads out of its directory or into the program's own. Other unusual names may
    exist and may have to be deleted.
    """
    if name in _NO_NAMES or "/" in name or "\0" in name:
        raise UnusablePath(f"the name {urls.file_name_problem(name)}")
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnusablePath("the name contains a lone surrogate") from None


def encoded_new(name: str) -> bytes:
    """The bytes of a name to be created; raises UnusablePath for every problem of ``urls.file_name_problem``."""
    plain = encoded(name)
    problem = urls.file_name_problem(name)
    if problem:
        raise UnusablePath(f"the name {problem}")
    return plain


def decoded(name: str) -> str:
    """A name from the system as text, independently of the locale."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "surrogateescape")


def split(path: str) -> tuple[str, str]:
    """``a/b/c`` → (``a/b``, ``c``). Raises UnusablePath for ``/c``, whose directory would look like DIR."""
    directory, slash, name = path.rpartition("/")
    if slash and not directory:
        raise UnusablePath("the path is absolute")
    return directory, name


def lstat(name: bytes, directory: int) -> os.stat_result | None:
    """``lstat`` of ``name`` in the open ``directory``; None if it does not exist."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of ``data``; a single ``os.write`` may write less after a signal, at a limit or on a full disk."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def close_quietly(descriptor: int) -> None:
    """Close a descriptor that nothing was written to, ignoring errors."""
    try:  # noqa: SIM105 - takes a third of the time of ``suppress``, once for each directory
        os.close(descriptor)
    except OSError:
        pass


def identity(status: os.stat_result) -> Identity:
    """Device and inode of a file."""
    return status.st_dev, status.st_ino


class _OpenDirectory(Struct):
    descriptor: int
    identity: Identity
    epoch: int
    made: set[str] | None
    """The names of the directories that this run has created in it; None unless this tree has created it, so that what
    is below it does not exist before it is created, too."""


class Tree:
    """Descriptors of directories below ``root``; beyond ``capacity`` the least recently used are closed.

    For one thread only. ``root`` belongs to the caller. ``own`` identifies DIR/.crawler, which has several names on a
    file system that folds case. ``folds``: DIR folds case, so a name that exists but was not listed belongs to another
    file. Directories may fold case even if DIR does not (mounted FAT, ext4 with +F), so each is tested when opened.
    """

    def __init__(self, root: int, *, capacity: int, own: Identity | None = None, folds: bool = False) -> None:
        self._root = root
        self._capacity = capacity
        self._own = own
        self._directories: OrderedDict[str, _OpenDirectory] = OrderedDict()
        self._epoch = 0
        self._folds = folds
        self._listed: dict[str, set[bytes]] = {}
        self._root_identity: Identity | None = None
        self.changed: set[str] = set()
        """Directories in which this tree has created a directory, for the caller to flush and clear."""

    @property
    def root(self) -> int:
        """Descriptor of the root."""
        return self._root

    def refresh(self) -> None:
        """Make the next use of each cached directory check that its path still leads to it."""
        self._epoch += 1
        self._listed.clear()

    def check_spelling(self, parent: str, directory: int, name: bytes, *, unseen: bool = False) -> None:
        """Raise UnusablePath if the existing ``name`` exists only in another spelling (README, readme).

        ``unseen``: an earlier scan did not list the name.
        """
        if not (self._folds or unseen):
            return
        if name in self._listed.get(parent, ()):
            return
        names = self._listed[parent] = {os.fsencode(listed) for listed in os.listdir(directory)}  # it may be newer
        if name not in names:
            raise UnusablePath("on this file system its name equals that of another file or directory, which is kept")

    def directory(self, path: str, *, create: bool = False) -> int:
        """The descriptor of a directory, valid until the next call; created with its parents if ``create``.

        Raises UnusablePath if a link, a file or an impossible name is in the way, FileNotFoundError if it does not
        exist and ``create`` is False, and OSError.
        """
        known = self._directories.get(path)
        if known is not None and known.epoch == self._epoch:
            self._directories.move_to_end(path)
            return known.descriptor
        descriptor, above, rest = self._root, "", path
        parent, _, name = path.rpartition("/")
        known = self._directories.get(parent)
        if known is not None and known.epoch == self._epoch:
            descriptor, above, rest = known.descriptor, parent, name
            self._directories.move_to_end(parent)
        for segment in rest.split("/") if path else ():
            here = f"{above}/{segment}" if above else segment
            descriptor = self._step(descriptor, segment, here, create=create)
            above = here
        return descriptor

    def lacks(self, above: str, name: str) -> bool:
        """Whether this tree has created the directory ``above``, and this run has created no ``name`` in it."""
        known = self._directories.get(above)
        return known is not None and known.made is not None and name not in known.made

    def note_made(self, paths: Iterable[str]) -> None:
        """Note that these directories have just been created by this run, here or in another process."""
        for path in paths:
            above, _, name = path.rpartition("/")
            self.changed.add(above)
            if (known := self._directories.get(above)) is not None and known.made is not None:
                known.made.add(name)

    def identity_of(self, path: str) -> Identity | None:
        """What identifies the directory whose descriptor ``directory`` has just returned; None if not kept."""
        known = self._directories.get(path)
        if known is None and not path:
            if self._root_identity is None:
                self._root_identity = identity(os.fstat(self._root))
            return self._root_identity
        return None if known is None else known.identity

    def flush(self, directories: Iterable[str]) -> None:
        """Flush the names in ``directories``, and those of the directories created by this tree. Raises OSError."""
        for directory in sorted(self.changed.union(directories)):
            try:
                os.fsync(self.directory(directory))
            except UnusablePath:
                continue
            except OSError as error:
                if error.errno not in NO_FLUSH:
                    raise

    def make(self, path: str) -> str | None:
        """Create a directory and its parents. Returns None, or the reason why this directory cannot be created.

        Raises OSError if no directory can be created.
        """
        self.refresh()
        try:
            self.directory(path, create=True)
        except UnusablePath as unusable:
            return str(unusable)
        except OSError as error:
            if is_whole(error):
                raise
            return item_reason(error)
        return None

    def _step(self, parent: int, segment: str, here: str, *, create: bool) -> int:
        name = encoded(segment)
        known = self._directories.get(here)
        if known is not None and known.epoch != self._epoch:
            status = lstat(name, parent)
            if status is None or identity(status) != known.identity:
                self.forget(here)  # renamed or removed by another process: files must not follow it
                known = None
        if known is None:
            known = self._open(parent, name, here, create=create)
            self._directories[here] = known
        known.epoch = self._epoch
        self._directories.move_to_end(here)
        self._evict(self._capacity)
        return known.descriptor

    def _open(self, parent: int, name: bytes, here: str, *, create: bool) -> _OpenDirectory:
        above, plain = split(here)
        descriptor = -1
        if not (create and self.lacks(above, plain)):
            try:
                descriptor = self._descriptor(parent, name, here)
            except FileNotFoundError:
                if not create:
                    raise
        if is_new := descriptor < 0:
            encoded_new(plain)
            self._create(parent, name, plain)
            self.note_made([here])
            self._listed.pop(above, None)
            descriptor = self._descriptor(parent, name, here)
        from crawler.storage.directory.spellings import answers_to_another  # imported only if needed

        directory = None
        try:
            found = identity(os.fstat(descriptor))
            self.check_spelling(above, parent, name, unseen=answers_to_another(name, parent, found))
            directory = _OpenDirectory(descriptor, found, self._epoch, set() if is_new else None)
        finally:
            if directory is None or directory.identity == self._own:
                close_quietly(descriptor)
        if directory.identity == self._own:
            raise UnusablePath(f"{here} is crawler's own directory")
        return directory

    def _create(self, parent: int, name: bytes, plain: str) -> None:
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            return
        except OSError as error:
            if is_refused_name(error, plain):
                raise UnusablePath(item_reason(error, plain)) from error
            raise

    def _descriptor(self, parent: int, name: bytes, here: str) -> int:
        try:
            return os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
        except OSError as error:
            if error.errno in NO_DESCRIPTORS and len(self._directories) > 1:
                self.shrink()
                return os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:  # which of the two depends on the system
                status = lstat(name, parent)
                raise UnusablePath(obstacle(None if status is None else status.st_mode, here)) from None
            raise

    def shrink(self) -> None:
        """Close half of the descriptors, and keep fewer from now on."""
        self._capacity = max(1, len(self._directories) // 2)
        self._evict(self._capacity)

    def forget(self, path: str) -> None:
        """Close a directory and all those below it, because it was removed or replaced."""
        for key in [key for key in self._directories if key == path or key.startswith(f"{path}/")]:
            close_quietly(self._directories.pop(key).descriptor)

    def close(self) -> None:
        """Close all descriptors except the root."""
        self._evict(0)

    def _evict(self, keep: int) -> None:
        while len(self._directories) > keep:
            close_quietly(self._directories.popitem(last=False)[1].descriptor)
