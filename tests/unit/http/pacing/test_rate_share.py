"""Several processes keep one rate together: each waits as long as all of them would for their parts."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.pacing.rate_limits import RateLimits, RateShare


class Ledger:
    """A rate limiter that notes what it was asked for; nobody waits."""

    def __init__(self, max_rate: float) -> None:
        self.max_rate = max_rate
        self.asked: list[float] = []

    async def acquire(self, amount: float = 1) -> None:
        assert 0 < amount <= self.max_rate
        self.asked.append(amount)


@given(
    amounts=st.lists(st.integers(1, 500), min_size=1, max_size=5),
    part=st.integers(1, 20),
    more=st.integers(0, 20),
    most=st.integers(1, 300),
)
async def test_a_share_takes_as_much_of_the_rate_as_the_others_have(
    amounts: list[int], part: int, more: int, most: int
) -> None:
    whole = Ledger(most)
    share = RateShare(whole)
    share.take(part, part + more)
    for amount in amounts:
        await share.acquire(amount)
    assert sum(whole.asked) == pytest.approx(float(sum(amounts) * Fraction(part + more, part)))


async def test_a_share_is_everything_until_it_is_divided() -> None:
    whole = Ledger(100)
    share = RateShare(whole)
    await share.acquire(70)
    share.take(1, 4)
    await share.acquire(10)
    assert whole.asked == [70, 40]


def test_only_limits_that_are_shared_are_divided() -> None:
    limits = RateLimits(requests=Ledger(1))
    limits.take(1, 2)
    shared = limits.shared()
    shared.take(1, 2)
    assert shared.bytes is None
    assert isinstance(shared.requests, RateShare)
    assert not isinstance(limits.requests, RateShare)
