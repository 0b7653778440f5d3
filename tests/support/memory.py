"""Peak memory of another process."""

from __future__ import annotations

import re

from tests.support.processes import read

_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def peak(process: int) -> int:
    """Largest resident size so far in bytes, without the memory of the parent before exec, which wait4 includes.

    0 if the process has ended or the system is not Linux.
    """
    try:
        found = _PEAK.search(read(f"/proc/{process}/status"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
