"""Racy rows: until when a file may change without its row changing.

A row printed in minutes stays the same for all changes within that minute (git's index has the same problem and this
answer: Documentation/technical/racy-git). It proves something once the server has confirmed the copy, by the server's
clock, after all that its time spans has passed. ``plan`` asks this of a row, ``leaf`` of a folder: what a folder is
trusted with is never more than what its rows are.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from crawler.model.limits import EASTERNMOST_ZONE
from crawler.model.values import Known, Span
from crawler.text.http_fields import parse_http_date

REPEATED = 2 * 3600
"""Seconds by which clocks are set back at most (Troll station; elsewhere one hour): a local time comes twice then."""


def resolution_of(modified: Span[datetime]) -> int:
    """Seconds for which a row with this time stays the same."""
    return int((modified.high - modified.low).total_seconds()) + 1


def passed_by_row(modified: Span[datetime]) -> float:
    """When all that the row's time spans has passed, at the latest. Seconds since the epoch."""
    resolution = resolution_of(modified)
    if modified.low.tzinfo is not None:
        return modified.low.timestamp() + resolution
    return modified.low.replace(tzinfo=UTC).timestamp() + resolution + EASTERNMOST_ZONE.total_seconds()


def passed_by_header(last_modified: str | None, resolution: int) -> float:
    """The same for a row without a zone that shows the time of the file's Last-Modified; infinite without a usable one.

    When summer time ends, a local hour comes twice, and so does the row of a file that changes in both: the time has
    passed only when it cannot come again.
    """
    moment = parse_http_date(last_modified)
    return math.inf if moment is None else moment + resolution + REPEATED


def is_racy(modified: Span[datetime], known: Known) -> bool:
    """True if the file could have changed after the server confirmed it without its row, with this time, changing."""
    passed = passed_by_row(modified)
    if modified.low.tzinfo is None:  # the file's own time may tell it sooner
        passed = min(passed, passed_by_header(known.validators.last_modified, resolution_of(modified)))
    return known.checked <= passed
