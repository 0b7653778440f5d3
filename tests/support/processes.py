"""What Linux says about processes."""

from __future__ import annotations

import time
from pathlib import Path


def children(pid: int) -> list[int]:
    """Process IDs of the children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    """Whether the process is running; a zombie is not, as its parent may be too busy to reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pid: int, patience: float = 60.0) -> None:
    """Wait for the end of a process that is not a child of this one; fail after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while is_there(pid):
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.01)
