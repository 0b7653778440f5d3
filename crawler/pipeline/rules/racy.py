"""Racy rows: how long a file may change without a change of its row.

A row printed in minutes is the same for all changes within that minute. (git's index has the same problem and the same
solution: Documentation/technical/racy-git.) Such a row proves something once the server has confirmed the copy after,
by the server's clock, the whole span of its time. ``compare`` applies this to a row, ``directory_digest`` to a
directory, which is never trusted more than its rows.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from crawler.model.limits import EASTERNMOST_ZONE
from crawler.model.values import Known, Span
from crawler.text.http_fields import parse_http_date

REPEATED = 2 * 3600
"""Most seconds by which clocks are set back (Troll station; elsewhere one hour): then a local time comes twice."""


def resolution_of(modified: Span[datetime]) -> int:
    """Seconds for which a row with this time stays the same."""
    return int((modified.high - modified.low).total_seconds()) + 1


def passed_by_row(modified: Span[datetime]) -> float:
    """When the whole span of the row's time has passed, at the latest. Seconds since the epoch."""
    resolution = resolution_of(modified)
    if modified.low.tzinfo is not None:
        return modified.low.timestamp() + resolution
    return modified.low.replace(tzinfo=UTC).timestamp() + resolution + EASTERNMOST_ZONE.total_seconds()


def passed_by_header(last_modified: str | None, resolution: int) -> float:
    """The same for a row without a zone that shows the file's Last-Modified; infinite if that cannot be used.

    When summer time ends, a local hour comes twice, and a file that changes in both has the same row twice: the time
    has passed only when it cannot come again.
    """
    moment = parse_http_date(last_modified)
    return math.inf if moment is None else moment + resolution + REPEATED


def is_racy(modified: Span[datetime], known: Known) -> bool:
    """Whether the file may have changed after the server confirmed it, without a change of its row with this time."""
    passed = passed_by_row(modified)
    if modified.low.tzinfo is None:  # the file's own time may prove it sooner
        passed = min(passed, passed_by_header(known.validators.last_modified, resolution_of(modified)))
    return known.checked <= passed
