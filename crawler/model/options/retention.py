"""The retention of snapshots: how many are kept, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta

from crawler.model.options.readers import LONGEST, MAX_NUMBER, parse_duration
from crawler.model.struct import Value

_BAD = "expected a number of snapshots such as 7, a time such as 30d, or both: 7,30d"
_COUNT = r"[0-9]{1,19}"


class Retention(Value, frozen=True):
    """Which snapshots are kept: those that ``count`` or ``age`` keeps. At least one of the two is set."""

    count: int | None = None
    """Number of newest snapshots to keep."""
    age: timedelta | None = None
    """Keep the snapshots that were the newest one at any time within this period before now."""

    def __str__(self) -> str:
        days = None if self.age is None else f"{self.age.total_seconds() / 86400:g}d"
        return ",".join(str(part) for part in (self.count, days) if part is not None)


def parse_retention(text: str) -> Retention:
    """Parse ``7``, ``30d`` or ``7,30d``. Raises ValueError."""
    count: int | None = None
    age: timedelta | None = None
    for part in text.split(","):
        part = part.strip()
        if re.fullmatch(_COUNT, part) and count is None:
            count = int(part)
        elif part[-1:].isalpha() and age is None:
            try:
                age = timedelta(seconds=parse_duration(part))
            except ValueError:
                raise ValueError(_BAD) from None
        else:
            raise ValueError(_BAD)
    return check_retention(Retention(count, age))


def check_retention(value: Retention) -> Retention:
    """``value`` unchanged. Raises ValueError if it is out of range."""
    if value.count is None and value.age is None:
        raise ValueError(_BAD)
    if value.count is not None and not 1 <= value.count <= MAX_NUMBER:
        raise ValueError(f"expected a number of snapshots from 1 to {MAX_NUMBER}")
    if value.age is not None and not 0 < value.age.total_seconds() <= LONGEST:
        raise ValueError(f"expected a time above zero and of at most {LONGEST // 86400}d")
    return value
