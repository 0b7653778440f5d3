"""What this machine may lack, whatever was being done: open files, memory, threads."""

from __future__ import annotations

import errno

_NO_THREADS = (
    "no more threads or processes can be started: raise the limit on these (ulimit -u), or that on memory (ulimit -v)"
)
_NOT_LOADED = (
    "a module of Python cannot be loaded into memory: raise the limit (ulimit -d, ulimit -v), or mount the file system "
    "of Python without noexec"
)
LACKS: dict[int, str] = {
    errno.EMFILE: "too many open files: raise the limit (ulimit -n) or use fewer workers",
    errno.ENFILE: "too many open files in the whole system",
    errno.ENOMEM: "out of memory: raise the limit (ulimit -v) or use fewer workers",
}
"""``errno`` → what is lacking, with advice."""


def lacking(error: BaseException) -> str | None:
    """What is lacking, with advice, if that is why ``error`` was raised; otherwise None.

    A lack may be noticed first by what has to end the work: then it is in the context of the error.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError):
            return LACKS[errno.ENOMEM]
        if isinstance(seen, ImportError) and "failed to map" in str(seen):
            return _NOT_LOADED
        if isinstance(seen, RuntimeError) and "start new thread" in str(seen):
            return _NO_THREADS
        if isinstance(seen, BlockingIOError) and seen.errno == errno.EAGAIN and "temporarily" in str(seen):
            return _NO_THREADS  # from fork
        if isinstance(seen, OSError) and seen.errno in LACKS:
            return LACKS[seen.errno]
        seen = seen.__cause__ or seen.__context__
    return None
