"""Attributes of pagers at the limits, and elements that have several of them."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.attributes import attribute_claims, attribute_controls
from crawler.model.flaws import Claim, ClaimKind


def test_each_attribute_of_an_element_is_read_once() -> None:
    tag = "<div class=pager data-total=30 aria-rowcount=32 data-pages=3>"
    claims = [
        Claim(ClaimKind.ENTRIES, "data-total=30", 30),
        Claim(ClaimKind.PAGES, "data-pages=3", 3),
        Claim(ClaimKind.ENTRIES, "aria-rowcount=32", 30),
    ]
    assert list(attribute_claims(tag)) == claims
    assert list(attribute_claims(tag * 2)) == claims * 2


@pytest.mark.parametrize(
    ("value", "number"),
    [("0", 0), ("9" * 9, 999_999_999), ("9" * 10, None), ("\u0663", None), ("\u00b2", None), ("-1", None), ("", None)],
)
def test_what_is_a_number_of_entries(value: str, number: int | None) -> None:
    claims = list(attribute_claims(f"<div class=pager data-total='{value}'>"))
    assert claims == ([] if number is None else [Claim(ClaimKind.ENTRIES, f"data-total={value}", number)])


@pytest.mark.parametrize(("length", "is_read"), [(900, True), (1000, False)])
def test_an_attribute_that_is_further_than_1000_characters_from_its_tag_is_not_read(length: int, is_read: bool) -> None:
    assert bool(list(attribute_claims(f"<div class='pager {'x' * length}' data-total=30>"))) is is_read


@pytest.mark.parametrize("trigger", ["revealed", "intersect once", "click, revealed"])
def test_what_is_loaded_by_scrolling_is_no_name_of_a_file(trigger: str) -> None:
    (control,) = attribute_controls(f"<div hx-get=a.zip hx-trigger='{trigger}'>")
    assert (control.href, control.text, control.is_named, control.is_loaded) == ("a.zip", "hx-get=a.zip", False, True)
