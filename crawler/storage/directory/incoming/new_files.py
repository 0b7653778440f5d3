"""Stores new small files in loops: the steps of ``commit`` for files about which there is nothing to decide.

Nearly every file of a first run is small, has a plain name, and nothing is in its place. Each function here does one
step for as many files as possible and stops at the first one that is different, which it leaves as it was: ``commit``,
which has the rules for every case, goes on from there. ``Helper`` has a process do them if there are many.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.columns.new_files import NewFiles
from crawler.model.values import Known, Staged
from crawler.storage.directory.incoming.pending import PendingFile, known_of
from crawler.storage.directory.os_errors import Unresponsive, flush
from crawler.storage.directory.tree import close_quietly
from crawler.storage.fd_limits import descriptor_limit, order_budget
from crawler.text.patterns import PLAIN_NAME

if TYPE_CHECKING:
    from crawler.storage.directory.incoming.orders import Stored, Together
    from crawler.storage.directory.incoming.saver import Saver

_LEAST = 32
"""Minimum number of files that are worth the way to the process and back."""
_LEAST_REST = 4
"""The same for the rest of a batch that did not fit into the orders before: in a thread, each waits for the loop."""
PlaceOf = Callable[[str], tuple[int | None, str]]
"""Where a directory is, by its path: (its descriptor, ""), or (that of the one above it, its name) if it has to be
created there. The next call may close the descriptor; None if its files must be stored in another way."""
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_bodies(
    items: Sequence[Staged], parts: int, name: Callable[[], str], pending: list[PendingFile | str]
) -> None:
    """Write each of ``items`` to a new part in the open directory ``parts``, set its time, and add it to ``pending``.

    Stops before the first item whose body is not in memory, or whose part is not as expected. ``name`` returns a new
    name. Raises OSError for the first item that cannot be written.
    """
    for item in items:
        if item.part or item.mtime is None:
            return
        part = name()
        descriptor = os.open(part, CREATE_FLAGS, 0o666, dir_fd=parts)
        try:
            written = os.write(descriptor, item.body)
            if written != item.size:
                return
            try:
                os.utime(descriptor, ns=(item.mtime, item.mtime))
            except (OSError, OverflowError):
                return
            status = os.fstat(descriptor)
            if status.st_size != written or status.st_nlink != 1 or stat.S_IFMT(status.st_mode) != stat.S_IFREG:
                return
            pending.append(PendingFile(item, part, descriptor, written, status.st_mtime_ns))
            descriptor = -1
        finally:
            if descriptor >= 0:
                close_quietly(descriptor)
                with suppress(OSError):
                    os.unlink(part, dir_fd=parts)


def start_writeback(files: Sequence[PendingFile]) -> None:
    """Start to write all of ``files`` to the disk, without waiting, as dpkg does. Only a hint: failures are ignored."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            for file in files:
                os.posix_fadvise(file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def flush_and_close(files: Sequence[PendingFile], *, is_flushed: bool) -> None:
    """Flush all of ``files`` to the disk, if ``is_flushed``, and close them. Raises OSError.

    A failed flush is final: the kernel may have dropped the pages (fsyncgate).
    """
    for file in files:
        if is_flushed:
            flush(file.descriptor)
        descriptor, file.descriptor = file.descriptor, -1
        os.close(descriptor)  # may report a write that failed late: NFS, quota


def name_files(
    files: Sequence[PendingFile | str], parts: int, above: str, directory: int, outcomes: list[Known | str]
) -> None:
    """Give each of ``files`` its name in the open ``directory``, and add what is now on disk to ``outcomes``.

    ``above``: the path of the directory with a final slash; "" for DIR. No name in it may be protected. Stops before
    the first file that belongs to another directory, or whose name is not plain or exists. Raises OSError for the first
    file that cannot be renamed.
    """
    start = len(above)
    for file in files:
        if isinstance(file, str) or file.item.part or not file.timed:
            return
        item = file.item
        path = item.job.path
        name = path[start:]
        if not path.startswith(above) or PLAIN_NAME.fullmatch(name) is None:
            return
        try:
            os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(file.part, name, src_dir_fd=parts, dst_dir_fd=directory)
        else:
            return
        file.placed = True
        known = item.result.known
        is_as_expected = known is not None and known.digest and (file.size, file.mtime) == (known.size, known.mtime)
        outcomes.append(known if known is not None and is_as_expected else known_of(file))


def _duplicate(descriptor: int | None) -> int | None:
    """Another descriptor, which stays open; None if there is none, or no more can be open."""
    try:
        return None if descriptor is None else os.dup(descriptor)
    except OSError:
        return None


def _begins(items: Sequence[Staged], ordered: Sequence[Staged]) -> bool:
    """Whether ``ordered`` are the first of ``items``."""
    if isinstance(items, NewFiles) and isinstance(ordered, NewFiles):
        return items.columns.jobs[0] is ordered.columns.jobs[0]
    return type(items) is type(ordered) and ordered[0] is items[0]


class Helper:
    """The process that stores new files beside this one, while there is one. For one thread only.

    ``parts``, ``name``, ``is_ending``: see ``Saver``. ``fsync``: as for ``LocalDestination``; there is no process for
    ``file``.
    """

    def __init__(self, parts: int, name: Callable[[], str], fsync: str, *, is_ending: Callable[[], bool]) -> None:
        self.name = name
        self._parts, self._fsync, self._is_ending = parts, fsync, is_ending
        self._is_wanted = fsync != "file"
        """Whether the process is to be started when many files arrive."""
        self._most = order_budget(descriptor_limit())
        """Maximum number of files, and of directories, of an order."""
        self._saver: Saver | None = None
        self._ordered: Sequence[Staged] = ()
        """The files that the process is storing, if its answer is still to come."""
        self.has_lost = False
        """Whether the process was given up after it had started."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a process that accepts files. May be read by any thread."""
        saver = self._saver
        return saver is not None and saver.is_ready

    def forgo(self) -> None:
        """Never start the process: this one is one of several that already keep the processors busy."""
        self._is_wanted = False

    def note_batch(self, files: int, beside: Sequence[int] = ()) -> None:
        """Start the process if so many files are the first full batch, or will soon be: as many will follow.

        For ``beside`` see ``Saver``.
        """
        if self._is_wanted and files >= limits.BATCH_FILES:
            self._is_wanted = False
            from crawler.storage.directory.incoming.saver import begin  # imported only if needed

            is_flushed = self._fsync != "none"
            self._saver = begin(self._parts, self.name, beside, is_flushed=is_flushed, is_ending=self._is_ending)

    def begin(
        self,
        items: Sequence[Staged],
        place_of: PlaceOf,
        lost: Callable[[], None],
        *,
        is_rest: bool,
    ) -> None:
        """Order the process to store the first of ``items``, if these are new files; ``store`` should follow.

        ``lost`` is called if the process is gone; it may have named some of ``items``. ``is_rest``:
        others of their batch are stored already; then even few are worth the way. Raises the errors of
        ``Saver.stored`` if an earlier order is still to be waited for.
        """
        if (saver := self._saver) is None:
            return
        from crawler.storage.directory.incoming.orders import together
        from crawler.storage.directory.incoming.saver import LostSaver

        try:
            if self._ordered:  # a commit was cancelled meanwhile
                self._ordered = ()
                saver.stored()
            batch = together(items, self._most)
            least = _LEAST_REST if is_rest else min(_LEAST, limits.BATCH_FILES)
            if len(batch.items) >= least and saver.has_started():
                self._order(saver, batch, place_of)
        except LostSaver:
            self._lose(saver)
            lost()
        except Unresponsive:
            self._saver = None
            raise

    def _order(self, saver: Saver, batch: Together, place_of: PlaceOf) -> None:
        descriptors, numbers = list[int](), dict[str, int]()
        try:
            for place, parent in enumerate(batch.parents):
                directory, name = place_of(parent)
                of = parent.rpartition("/")[0] if name else parent
                if (number := numbers.get(of)) is None:
                    if (descriptor := _duplicate(directory)) is None:
                        batch = batch.cut(batch.places.index(place))
                        break
                    number = numbers[of] = len(descriptors)
                    descriptors.append(descriptor)
                batch.directories.append((number, name))
            if batch.items:
                saver.begin(batch, descriptors)
                self._ordered = batch.items
        finally:
            for descriptor in descriptors:
                close_quietly(descriptor)

    def store(self, items: Sequence[Staged], lost: Callable[[], None]) -> Stored | None:
        """Wait for the process, if ``begin`` was called with ``items`` last, and return what it has stored.

        None if that is nothing. For ``lost`` see ``begin``. Raises the errors of ``Saver.stored``.
        """
        ordered, saver = self._ordered, self._saver
        if saver is None or not ordered or not _begins(items, ordered):
            return None
        from crawler.storage.directory.incoming.saver import LostSaver

        self._ordered = ()
        try:
            stored = saver.stored()
        except LostSaver:
            self._lose(saver)
            lost()
            return None
        except Unresponsive:
            self._saver = None
            raise
        if not saver.is_worth_while:
            self.close()
        return stored if stored.records else None

    def _lose(self, saver: Saver) -> None:
        self._saver, self.has_lost = None, saver.is_ready

    def close(self) -> None:
        """End the process."""
        if self._saver is not None:
            self._saver.close()
            self._saver = None
