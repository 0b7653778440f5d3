"""Printed sizes without a unit."""

from __future__ import annotations

import pytest

from crawler.listings.sizes import read_size
from crawler.models import Span


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.000", 1, 1000), ("1.234", 1, 1234), ("999.999", 999, 999_999), ("1.000 B", 1, 1000),
        ("1,000", 1000, 1000), ("0.123", 0, 1), ("1.5", 1, 2), ("1.00", 1, 1), ("1.0000", 1, 1),
        ("1234.567", 1234, 1235),        ("1000", 1000, 1000),
    ],
)  # fmt: skip
def test_three_digits_behind_a_dot_are_thousands_or_none(text: str, low: int, high: int) -> None:
    assert read_size(text) == Span(low, high)
