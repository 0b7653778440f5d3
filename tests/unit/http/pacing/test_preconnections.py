"""How many connections are opened before there are requests for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.pacing.concurrency import initial
from crawler.model.state.host_limits import HostLimits

NEW, KNOWN, LIMITED = None, HostLimits(limit=8, beyond=None), HostLimits(limit=8, beyond=9)


@pytest.mark.parametrize(
    ("known", "free", "idle", "requests", "count"),
    [
        (NEW, 6, 0, 8, 6),
        (NEW, 6, 0, 3, 1),
        (NEW, 6, 0, 2, 0),
        (NEW, 8, 0, 3, 3),
        (NEW, 6, 2, 8, 4),
        (NEW, 6, 7, 8, 0),
        (NEW, 6, 0, 0, 0),
        (NEW, 0, 0, 8, 0),
        (NEW, -2, 0, 8, 0),
        (KNOWN, 6, 0, 8, 6),
        (LIMITED, 6, 0, 8, 0),
    ],
)
def test_as_many_as_may_be_used_and_are_needed(
    known: HostLimits | None, free: int, idle: int, requests: int, count: int
) -> None:
    assert initial(8, known).ahead(free=free, idle=idle, requests=requests) == count


@given(free=st.integers(-3, 40), idle=st.integers(0, 40), requests=st.integers(0, 40))
def test_never_more_than_may_be_used_or_are_needed(free: int, idle: int, requests: int) -> None:
    count = initial(40, HostLimits(limit=40, beyond=None)).ahead(free=free, idle=idle, requests=requests)
    assert count >= 0
    assert count == 0 or count + idle <= free
    assert count == 0 or count + idle + (40 - free) <= requests
