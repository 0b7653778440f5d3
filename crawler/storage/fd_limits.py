"""How many files and folders may be open at once: RLIMIT_NOFILE is 256 on some systems, and connections need some."""

from __future__ import annotations

from crawler.model import limits

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_BATCH_WIDTH = 256
"""Files held open between writing and flushing: enough for one journal commit to carry them all."""
_FEW = 256


def descriptor_budget(limit: int) -> tuple[int, int]:
    """(folders kept open in each of the two trees, files held open in a batch) for ``limit`` descriptors in all.

    Half of the limit stays for connections, the state and the standard streams.
    """
    folders = min(limits.OPEN_DIRECTORIES, max(2, (limit - 32) // 8))
    return folders, min(_BATCH_WIDTH, max(4, limit // 4))


def connection_budget(limit: int) -> int:
    """Connections for ``limit`` descriptors in all: each may need one more for the file that it fills."""
    return max(1, (limit - 32) // 4)


def are_few() -> bool:
    """True if all may be in use at some moment of a run: not even a module can be read then."""
    return descriptor_limit() < _FEW


def descriptor_limit() -> int:
    """What the system allows this process now."""
    if resource is None:
        return 256
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 20
