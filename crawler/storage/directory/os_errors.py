"""Classifies operating system errors by whether they affect one file or all, with messages for the user."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from crawler.model.errors import DestinationError
from crawler.model.reasons import Reason
from crawler.model.values import Known
from crawler.text.advice.scarcity import LACKS
from crawler.text.urls import STATE_DIRECTORY

_FULL = "free some space, then run again; complete files were kept"
_GONE = "the file system is gone: mount it again"

HELPER_LOST = "a helper process of this run was killed or stopped (is memory short?): its work was done without it"
"""Said once if a process that had started is gone, for which neither a server nor a file is to blame."""
WHOLE: dict[int, str] = {
    errno.ENOSPC: f"the disk is full (no space left on device): {_FULL}",
    errno.EDQUOT: f"the disk quota is used up: {_FULL}",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.EIO: "input/output error: check the disk and the kernel's log",
    **LACKS,
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.ENOTCONN: _GONE,
    errno.ESTALE: _GONE,
    errno.ETIMEDOUT: _GONE,
}
"""errno of an error that affects all files → message with advice."""


_ITEM: dict[int, str] = {
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.EEXIST: "something else has that name",
    errno.EISDIR: Reason.DIRECTORY_IN_THE_WAY,
    errno.ENOTDIR: "a file blocks one of its directories",
    errno.ENOTEMPTY: Reason.NOT_EMPTY,
    errno.ELOOP: "a symbolic link is in the way: links in DIR are never written through",
    errno.ENAMETOOLONG: "the name is too long for this file system",
    errno.EINVAL: "this file system refuses the name",
    errno.EILSEQ: "this file system refuses the name",
    errno.EFBIG: "too large for this file system or for the limit of file sizes (ulimit -f)",
    errno.ENOENT: "disappeared while it was being stored",
    errno.EBUSY: "in use: it may be a mount point",
}

_KINDS = {
    stat.S_IFLNK: "symbolic link",
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
}
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
NO_PLACE = "no files can be created there: choose another directory"
_OWN_DIRECTORY: dict[int, str] = {
    errno.EACCES: "permission denied: it and its .crawler must be writable by this user",
    errno.ENOENT: "its .crawler directory has disappeared: do not remove it during a run",
    errno.ENOSYS: NO_PLACE,
}
"""errno of an error in DIR/.crawler, which stops the run → message."""


_MAY_MEAN_NAME = frozenset({errno.EINVAL, errno.EILSEQ, errno.EPERM, errno.ENOENT})
"""errno values that may mean that the file system refuses a name: ENOENT on exFAT, EPERM on FAT, both with FUSE."""
NAME_REFUSED = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
"""errno values of a file system that cannot store a name."""
NOT_OFFERED = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
"""errno values of a file system that does not support a call."""
NO_FLUSH = NOT_OFFERED | {errno.ENOENT}
"""Errors ignored when flushing a directory: some network file systems do not support it, or it was removed."""


_WITHOUT_EFFECT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""errno values of calls that have changed nothing; after an input/output error, say, a rename may have happened."""


class UnsupportedOperation(OSError):
    """A call that is needed to store files is impossible here; ``strerror`` says why and what to do."""


class Unresponsive(OSError):
    """The disk does not answer, and the run has been told to end."""

    def __str__(self) -> str:
        return "the disk did not respond when the run was to end: what is not recorded is checked by the next run"


def flush(descriptor: int) -> None:
    """Call fsync. Raises OSError; UnsupportedOperation if the file system does not support it."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_OFFERED:
            raise
        cause = os.strerror(error.errno or 0).lower()
        text = f"this file system cannot flush (fsync: {cause}): use --fsync none"
        raise UnsupportedOperation(error.errno, text) from None


class UnusablePath(Exception):
    """One path cannot be used; ``str(error)`` is the reason for the user. Never raised to callers of a destination."""


def is_whole(error: OSError) -> bool:
    """True if other files would fail the same way, so that the run should end."""
    return isinstance(error, UnsupportedOperation) or error.errno in WHOLE


def is_refused_name(error: OSError, name: str) -> bool:
    """Whether ``error`` means that the file system cannot hold ``name``, which Windows could not hold either."""
    if error.errno not in _MAY_MEAN_NAME:
        return False
    from crawler.text.names.windows import is_refused  # imported only if needed

    return is_refused(name)


def item_reason(error: OSError, name: str = "") -> str:
    """Explain to the user why a file could not be stored. ``name``: the last segment of its path, if it was refused."""
    number = error.errno or 0
    if is_refused_name(error, name):
        return "this file system refuses the name: --names windows stores the file under another one"
    return _ITEM.get(number) or os.strerror(number).lower()


def destination_error(error: OSError, directory: str, done: Sequence[Known] = ()) -> DestinationError:
    """The error for the user, which says which directory is affected, what is wrong and what to do."""
    number = error.errno or 0
    if isinstance(error, Unresponsive):
        return DestinationError(f"cannot store files in {directory}: {error}", done=done)
    if isinstance(error, UnsupportedOperation):
        return DestinationError(f"cannot store files in {directory}: {error.strerror}", done=done)
    text = WHOLE.get(number) or _OWN_DIRECTORY.get(number) or item_reason(error)
    if number in _FORBIDDEN:
        from crawler.storage.access import first_unwritable  # imported only if needed

        place = Path(directory)
        if (reason := first_unwritable(place, place / STATE_DIRECTORY)) is not None:
            text = f"permission denied: {reason}"
    is_clean = number in _WITHOUT_EFFECT
    return DestinationError(f"cannot store files in {directory}: {text}", done=done, untouched=is_clean)


def of_another_kind(mode: int, wanted: str) -> str:
    """What is in place of something that belongs to the program, a ``wanted``, by its ``mode``, and what to do."""
    return f"is a {_KINDS.get(stat.S_IFMT(mode), 'device')}, not a {wanted}: move it away"


def obstacle(mode: int | None, here: str) -> str:
    """The reason why ``here``, which has this mode if it still exists, cannot be opened as a directory."""
    if mode is not None and stat.S_ISLNK(mode):
        return f"{here} is a symbolic link: links in DIR are never written through"
    return f"{here} is not a directory here, but the listing has entries below it"


def in_the_way(mode: int) -> str:
    """The reason why a file cannot get its name: what has the name is not a file, but of this ``mode``."""
    return Reason.DIRECTORY_IN_THE_WAY if stat.S_ISDIR(mode) else "a device, FIFO or socket of that name is in the way"
