"""The process that stores new small files for ``saver``, with an interpreter lock of its own.

Standard input is a socket to the parent. Each message names new files of some directories, whose bodies lie in shared
memory, and is answered when they are flushed and have their names. Directories that cannot exist yet are created here.
Only what needs no decision is done here: the first file about which anything is unusual, and all after it, are left to
the parent. The kernel kills the process when its parent ends, so that it never changes DIR without the parent's lock.
(One that is stopped while it starts stays until it continues, and then ends at once.)

It starts while files arrive, so it imports little beside modules that are written in C: with ``signal``, ``socket``,
``contextlib`` and ``collections.abc`` it would take 7 ms more.
"""

from __future__ import annotations

import errno
import marshal
import mmap
import os
import stat
from hashlib import sha256

from crawler.storage.life_line import MESSAGE, begun, received

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crawler.storage.directory.incoming.receiving.arrivals import Arrivals

    Directories = Sequence[tuple[int, str]]
    """For each directory the number of a descriptor, and the name of the directory to be created there; "" if the
    descriptor is that of the directory."""

    Order = tuple[
        str, Sequence[str], Sequence[int], Directories, Sequence[int], Sequence[int], Sequence[int], bool, bool
    ]
    """What to store: (the end of the names of its parts, then for each file its name and the number of its directory;
    the directories; for each file its size, where it begins among the arrivals, or -1, and its modification time in
    nanoseconds; whether to flush, whether digests are wanted)."""

    Answer = tuple[int, int, bytes, tuple[int, ...]]
    """(How many files have their names, error number of a flush that failed or 0, the digests of the files, the error
    numbers of new directories that could not be flushed after that)."""

READY = b"ready"
DIRECTORIES = 128
"""Maximum number of directories of an order, whose descriptors come with the message."""
FILES = 1024
"""Maximum number of files of an order."""
DIGEST = 32
"""Number of bytes of a digest of SHA-256."""
ANSWER = MESSAGE + FILES * DIGEST
"""Enough bytes for the answer to an order."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_REPLACE = 1
"""The flag RENAME_NOREPLACE of Linux."""


def main() -> None:
    """Serve until the parent closes the connection."""
    given = begun()
    if given is None:
        return
    connection, (memory, parts, *beside) = given
    connection.send(READY)
    shared = memoryview(mmap.mmap(memory, 0, prot=mmap.PROT_READ))
    arrivals, naming = _arrivals(beside), Names()
    while True:
        if arrivals is not None:
            arrivals.until_readable(connection)
        message, directories = received(connection, DIRECTORIES)
        if not message:
            return
        length = int(message)
        order = marshal.loads(shared[:length])
        if arrivals is not None:
            arrivals.storing(is_over=False)
        answer = store(parts, directories, order, _bodies(order, shared[length:], arrivals), naming)
        if arrivals is not None:
            arrivals.storing(is_over=True)
        connection.send(marshal.dumps(answer))
        for directory in directories:
            os.close(directory)


def _arrivals(beside: Sequence[int]) -> Arrivals | None:
    """What receives bodies, if there are descriptors for it."""
    if not beside:
        return None
    from crawler.storage.directory.incoming.receiving.arrivals import Arrivals  # takes as long as all other imports

    return Arrivals(*beside)


def _bodies(order: Order, given: memoryview, arrivals: Arrivals | None) -> list[memoryview]:
    """The bodies of ``order``: among ``arrivals``, or one after the other in ``given``."""
    sizes, starts = order[4:6]
    if arrivals is not None and min(starts) >= 0:
        return arrivals.bodies(starts, sizes)
    found, at = [], 0
    for start, size in zip(starts, sizes, strict=True):
        if arrivals is not None and start >= 0:
            found += arrivals.bodies([start], [size])
        else:
            found.append(given[at : at + size])
            at += size
    return found


def store(parts: int, given: Sequence[int], order: Order, bodies: Sequence[memoryview], naming: Names) -> Answer:
    """Store the first files of ``order``, which have ``bodies``, in open directories, ``given`` or new ones.

    ``parts``: the open directory in which they are written. A failed flush is final, as in ``new_files``, and then none
    has its name. New directories are flushed here, the given ones by the parent.
    """
    end, names, places, directories, sizes, _, mtimes, is_flushed, is_hashed = order
    written: list[int] = []
    opened = [-1 if name else given[number] for number, name in directories]
    made: list[int] = []
    stored = 0
    try:
        _write(parts, end, zip(bodies, sizes, mtimes, strict=True), written)
        if is_flushed:
            _start_writeback(written)
        digests = _digests(bodies[: len(written)]) if is_hashed else b""  # while the disk is busy
        try:
            _flush(written, is_flushed=is_flushed)
        except OSError as error:
            return 0, error.errno or 0, b"", ()
        for name, place in zip(names[: len(written)], places, strict=False):
            if opened[place] < 0 and not _make(opened, place, given, directories, made):
                break
            if not naming.give(f"{stored:x}.{end}", parts, name, opened[place]):
                break
            stored += 1
        return stored, 0, digests, _flush_names(made) if is_flushed else ()
    finally:
        for directory in made:
            os.close(directory)
        remove_parts(parts, end, range(stored, len(written) + 1))


def _write(parts: int, end: str, files: Iterable[tuple[memoryview, int, int]], written: list[int]) -> None:
    """Write each body to a new part and set its time; add the open descriptor to ``written`` if all is as expected.

    ``files``: the body of each, its size and its modification time. Stops before the first that is not, or that cannot
    be written.
    """
    descriptor = -1
    try:
        for place, (body, size, mtime) in enumerate(files):
            descriptor = os.open(f"{place:x}.{end}", _CREATE, 0o666, dir_fd=parts)
            count = os.write(descriptor, body)
            os.utime(descriptor, ns=(mtime, mtime))
            status = os.fstat(descriptor)
            is_expected = (count, status.st_size, status.st_mtime_ns, status.st_nlink) == (size, size, mtime, 1)
            if not is_expected or stat.S_IFMT(status.st_mode) != stat.S_IFREG:
                break
            written.append(descriptor)
            descriptor = -1
    except (OSError, OverflowError):
        pass
    if descriptor >= 0:
        os.close(descriptor)


def _start_writeback(descriptors: Sequence[int]) -> None:
    """Start to write all files to the disk before waiting for the first of them."""
    try:
        for descriptor in descriptors:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError:  # only a hint
        pass


def _digests(bodies: Sequence[memoryview]) -> bytes:
    """The digests of ``bodies``, one after the other."""
    return b"".join([sha256(body).digest() for body in bodies])


def _flush(descriptors: Sequence[int], *, is_flushed: bool) -> None:
    """Flush all files, if ``is_flushed``, and close them. Raises OSError of the first that fails."""
    failed = None
    for descriptor in descriptors:
        try:
            try:
                if is_flushed and failed is None:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)  # may report a write that failed late: NFS, quota
        except OSError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _make(opened: list[int], place: int, given: Sequence[int], directories: Directories, made: list[int]) -> bool:
    """Create and open a directory, unless anything has its name, or it fails. Returns whether it is open now.

    So nothing else is there: no other spelling of its name, no file of the program, no mount point.
    """
    number, name = directories[place]
    try:
        os.mkdir(name, dir_fd=given[number])
        made.append(os.open(name, _DIRECTORY, dir_fd=given[number]))
    except OSError:
        return False
    opened[place] = made[-1]
    return True


def _flush_names(directories: Sequence[int]) -> tuple[int, ...]:
    """Flush the names in the open ``directories``. Returns the error numbers of those that cannot be flushed."""
    failed = set()
    for directory in directories:
        try:
            os.fsync(directory)
        except OSError as error:
            failed.add(error.errno or 0)
    return tuple(failed)


class Names:
    """Gives parts their names, in one step if the system can do so without replacing anything."""

    def __init__(self) -> None:
        self._rename = _renaming()
        """None if a look has to come first."""

    def give(self, part: str, parts: int, name: str, directory: int) -> bool:
        """Give a part its name, unless anything has that name, or it fails. Returns whether it has it now."""
        if self._rename is not None:
            failed = self._rename(parts, part.encode(), directory, name.encode())
            if failed in (0, errno.EEXIST):
                return not failed
            self._rename = None  # not every file system offers it; whatever else is wrong is so the other way, too
        try:
            try:
                os.stat(name, dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                os.rename(part, name, src_dir_fd=parts, dst_dir_fd=directory)
                return True
        except OSError:
            pass
        return False


def _renaming() -> Callable[[int, bytes, int, bytes], int] | None:
    """What renames without replacing anything, and returns 0 or an error number; None if the system cannot."""
    try:
        import _ctypes  # ``ctypes`` takes five times as long

        class Function(_ctypes.CFuncPtr):
            _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO

        rename = Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "renameat2"))  # type: ignore[arg-type]
    except (ImportError, OSError, AttributeError):
        return None
    get_errno = _ctypes.get_errno
    return lambda parts, part, directory, name: get_errno() if rename(parts, part, directory, name, _NO_REPLACE) else 0


def remove_parts(parts: int, end: str, places: Sequence[int]) -> None:
    """Remove those parts of an order that have no final names."""
    for place in places:
        try:
            os.unlink(f"{place:x}.{end}", dir_fd=parts)
        except OSError:  # it is not there; or it is left to the next start, which removes it
            continue
