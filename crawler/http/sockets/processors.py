"""How long this machine has kept programs waiting for a processor."""

from __future__ import annotations

from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


def waited() -> float | None:
    """Seconds since the machine started in which some task waited for a processor; None if the system does not count.

    Linux weights each processor by the time for which it was in use (Documentation/accounting/psi.rst).
    """
    try:
        total = _PRESSURE.read_bytes().partition(b"total=")[2].split(b"\n", 1)[0]
    except OSError:
        return None
    return int(total) / 1e6 if total.isdigit() else None
