"""How long the first requests of a host took, with which those that fill its limit are compared."""

from __future__ import annotations

import pytest

from crawler.http.pacing.concurrency import START, initial
from crawler.http.pacing.meter import Meter


@pytest.mark.parametrize(("before", "is_crowded"), [(0.05, False), (0.0, True)])
def test_a_request_that_was_sent_early_took_the_time_before_as_well(before: float, is_crowded: bool) -> None:
    """Files that take 0.1 s are not slow at a host whose robots.txt took 0.06 s."""
    meter = Meter(initial(START), 10.0)
    meter.entered(10.0)
    meter.began_before(before)
    meter.left(10.01)
    for _ in range(START):
        meter.entered(10.02)
    for _ in range(START):
        meter.left(10.12)
    assert (meter.limit < START) is is_crowded
