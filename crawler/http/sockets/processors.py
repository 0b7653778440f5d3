"""What the processors of this machine have done, and how long they have kept programs waiting."""

from __future__ import annotations

import time
from pathlib import Path

from crawler.model.struct import Value

_PRESSURE = Path("/proc/pressure/cpu")


class Moment(Value, frozen=True):
    """A point in time, and what this machine has done until then, in seconds."""

    now: float
    worked: float
    """Processor time of this process."""
    waited: float | None
    """See ``waited``."""


def waited() -> float | None:
    """Seconds since the machine started in which some task waited for a processor; None if the system does not count.

    Linux weights each processor by the time for which it was in use (Documentation/accounting/psi.rst).
    """
    try:
        total = _PRESSURE.read_bytes().partition(b"total=")[2].split(b"\n", 1)[0]
    except OSError:
        return None
    return int(total) / 1e6 if total.isdigit() else None


def moment(now: float) -> Moment:
    """The moment at which the clock of the event loop, the monotonic one, shows ``now``."""
    return Moment(now, time.process_time(), waited())
