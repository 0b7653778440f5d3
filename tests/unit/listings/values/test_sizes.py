"""Printed sizes without a unit."""

from __future__ import annotations

import pytest

from crawler.listings.values.sizes import read_size
from crawler.model.values import Span


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


@pytest.mark.parametrize("text", ["1.000 KB", "1.234MB", "12.500 K", "999.999 GiB"])
def test_three_digits_behind_a_dot_and_a_unit_mean_both(text: str) -> None:
    span = read_size(text)
    number, power = text.split(" ")[0].rstrip("KMGBi"), "KMG".index(text.strip("0123456789. ")[0]) + 1
    assert span is not None
    for scale in (1000**power, 1024**power):
        assert span.low <= float(number) * scale <= span.high, "a fraction"
        assert span.low <= int(number.replace(".", "")) * scale <= span.high, "thousands"


def test_other_numbers_with_a_unit_stay_narrow() -> None:
    assert read_size("1.00 KB") == Span(990, 1035)
    assert read_size("0.123 KB") == Span(122, 127)
