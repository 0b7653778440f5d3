"""Sets the local time zone of this process, on which the program must never depend."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def local_time_zone(zone: str) -> Iterator[None]:
    """Set the local time zone of this process to ``zone``, a name of the tz database, and restore it."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
