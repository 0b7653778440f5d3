"""Names of snapshots: the moment at which each was made, in UTC, as ``20261129T104704Z``."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from crawler.model.options.retention import Retention

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FORMAT = "%Y%m%dT%H%M%SZ"
_SECOND = timedelta(seconds=1)


def moment_of(name: str) -> datetime | None:
    """The moment at which the snapshot ``name`` was made; None if this is not the name of a snapshot."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return datetime.strptime(name, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def next_name(names: Collection[str], now: datetime) -> str:
    """A name for a snapshot made ``now`` that sorts after all ``names``, so that names are in order of creation.

    Two snapshots may be made within a second, and clocks may be set back.
    """
    moments = [moment for name in names if (moment := moment_of(name)) is not None]
    return max([now.astimezone(UTC), *(moment + _SECOND for moment in moments)]).strftime(_FORMAT)


def expired(names: Collection[str], retention: Retention, now: datetime, current: str | None) -> list[str]:
    """The ``names`` that ``retention`` does not keep, oldest first; never the newest or the ``current`` one.

    The age of a snapshot counts from the creation of the next one, because readers saw it until then.
    """
    ordered = sorted(names)
    gone = []
    for position, (name, follower) in enumerate(pairwise(ordered)):
        replaced = moment_of(follower)
        is_recent = retention.age is not None and replaced is not None and now - replaced < retention.age
        is_among_last = retention.count is not None and len(ordered) - position <= retention.count
        if name != current and not is_recent and not is_among_last:
            gone.append(name)
    return gone
