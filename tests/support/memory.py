"""Peak memory of another process."""

from __future__ import annotations

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def peak(process: int) -> int:
    """Largest resident size so far in bytes, without the memory of the parent before exec, which wait4 includes.

    0 if the process has ended or the system is not Linux.
    """
    try:
        found = _PEAK.search(Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
