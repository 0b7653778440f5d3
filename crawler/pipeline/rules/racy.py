"""Racy rows: rows that may stay the same although their file has changed.

A row that shows minutes stays the same through all changes within that minute. (git's index has the same problem and
the same solution: Documentation/technical/racy-git.) Such a row proves something only once the server has confirmed the
copy after the end of that minute by the server's clock. ``compare`` applies this to a row, ``directory_digest`` to a
directory, which is never trusted more than its rows.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

from crawler.model.limits import EASTERNMOST_ZONE
from crawler.model.values import Known, Span
from crawler.text.http_fields import parse_http_date

_EASTERNMOST = EASTERNMOST_ZONE.total_seconds()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (subtracted from times without a zone)
REPEATED = 2 * 3600
"""Maximum seconds by which clocks are set back (Troll station; elsewhere one hour), so that local times occur twice."""


@lru_cache(1024)
def resolution_of(modified: Span[datetime]) -> int:
    """Number of seconds during which a row with this time stays the same."""
    return int((modified.high - modified.low).total_seconds()) + 1


def timestamp_in_utc(naive: datetime) -> float:
    """The seconds since the epoch of a time that is taken as UTC."""
    return (naive - _EPOCH).total_seconds()


@lru_cache(1024)
def passed_by_row(modified: Span[datetime]) -> float:
    """The latest moment at which the span of the row's time may end, in seconds since the epoch."""
    resolution = resolution_of(modified)
    if modified.low.tzinfo is not None:
        return modified.low.timestamp() + resolution
    return timestamp_in_utc(modified.low) + resolution + _EASTERNMOST


def passed_by_header(last_modified: str | None, resolution: int) -> float:
    """The same moment by the file's Last-Modified, for a row without a zone; infinite if the header is unusable.

    When summer time ends, a local hour occurs twice, and a file that changes in both has the same row twice; so the
    time counts as past only when it cannot occur again.
    """
    moment = parse_http_date(last_modified)
    return math.inf if moment is None else moment + resolution + REPEATED


def is_racy(modified: Span[datetime], known: Known) -> bool:
    """Whether the file may have changed after the server confirmed it although its row with this time has not."""
    if known.checked > passed_by_row(modified):
        return False
    if modified.low.tzinfo is not None:
        return True
    # The Last-Modified of the file may prove it sooner.
    return known.checked <= passed_by_header(known.validators.last_modified, resolution_of(modified))
