"""Printed sizes without a unit."""

from __future__ import annotations

import pytest

from crawler.listings.values.sizes import Rounding, read_size
from crawler.model.values import Span


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.000", 1, 1000), ("1.234", 1, 1234), ("999.999", 999, 999_999), ("1.000 B", 1, 1000),
        ("1,000", 1000, 1000), ("0.123", 0, 1), ("1.5", 1, 2), ("1.00", 1, 1), ("1.0000", 1, 1),
        ("1234.567", 1234, 1235),        ("1000", 1000, 1000),
    ],
)  # fmt: skip
def test_three_digits_after_a_dot_are_thousands_or_a_fraction_of_bytes(text: str, low: int, high: int) -> None:
    assert read_size(text) == Span(low, high)


@pytest.mark.parametrize("text", ["1.000 KB", "1.234MB", "12.500 K", "999.999 GiB"])
def test_three_digits_after_a_dot_with_a_unit_may_mean_both(text: str) -> None:
    span = read_size(text)
    number, power = text.split(" ")[0].rstrip("KMGBi"), "KMG".index(text.strip("0123456789. ")[0]) + 1
    assert span is not None
    for scale in (1000**power, 1024**power):
        assert span.low <= float(number) * scale <= span.high, "a fraction"
        assert span.low <= int(number.replace(".", "")) * scale <= span.high, "thousands"


def test_other_numbers_with_a_unit_stay_narrow() -> None:
    assert read_size("1.00 KB") == Span(990, 1035)
    assert read_size("0.123 KB") == Span(122, 127)


@pytest.mark.parametrize("size", [1, 102, 103, 925, 926, 1023, 1024, 1949, 1950, 2_706_784_157])
def test_a_tenth_printed_by_tomcat_may_be_slightly_more(size: int) -> None:
    whole, tenth = size // 1024, size % 1024 // 103 or int(size < 1024)
    span = read_size(f"{whole}.{tenth} kb", Rounding.BY_103)
    assert span is not None
    assert size in span


@pytest.mark.parametrize("text", ["742Ki", "742 Ki", "742KiB"])
def test_a_binary_prefix_needs_no_letter_for_bytes(text: str) -> None:
    assert read_size(text) == Span(741_000, 743 * 1024)
