"""Divides RLIMIT_NOFILE, which is 256 on some systems, among files, directories and connections."""

from __future__ import annotations

from crawler.model import limits

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_BATCH_WIDTH = 256
"""Maximum number of files held open between writing and flushing, so that one journal commit covers them all."""
_ORDER_FILES, _ORDER_DIRECTORIES = 512, 128
"""Maximum number of files that the process which stores new files gets at once, and of their directories."""
_FEW = 256
"""Limit below which a run may use all descriptors."""


def descriptor_budget(limit: int) -> tuple[int, int]:
    """(directories kept open in each of the two trees, files held open in a batch) for ``limit`` descriptors.

    Half of the limit is left for connections, the state and the standard streams.
    """
    directories = min(limits.OPEN_DIRECTORIES, max(2, (limit - 32) // 8))
    return directories, min(_BATCH_WIDTH, max(4, limit // 4))


def order_budget(limit: int) -> tuple[int, int]:
    """(files, directories) that another process may store together, for ``limit`` descriptors in each of the two.

    There all of them are open at once, here the directories, while they are passed on.
    """
    return min(_ORDER_FILES, max(4, limit * 3 // 8)), min(_ORDER_DIRECTORIES, max(2, limit // 4))


def connection_budget(limit: int) -> int:
    """Maximum number of connections for ``limit`` descriptors; each may need another one for its file."""
    return max(1, (limit - 32) // 4)


def are_few() -> bool:
    """True if a run may use up all descriptors, so that not even a module could be imported."""
    return descriptor_limit() < _FEW


def descriptor_limit() -> int:
    """The current soft limit of open files for this process."""
    if resource is None:
        return 256
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 20
