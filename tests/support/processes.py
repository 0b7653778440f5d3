"""What Linux says about processes."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Process IDs of the children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    """Whether the process is running; a zombie is not, as its parent may be too busy to reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
