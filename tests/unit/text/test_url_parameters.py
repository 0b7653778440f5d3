"""The parameters of URLs, and the order of the pages to which they lead."""

from __future__ import annotations

import pytest

from crawler.text.url_parameters import (
    is_alike,
    is_first_number,
    is_later_page,
    is_number,
    number_of,
    order,
    parameters,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/", {}),
        ("http://h/?", {}),
        ("http://h/?page=2", {"page": "2"}),
        ("?dir=&page=2", {"dir": "", "page": "2"}),  # an empty value is one, too: the root of a tree
        ("?page=2&page=3", {"page": "3"}),
        ("?a+b=c%20d", {"a b": "c d"}),
        ("?name=%FF", {"name": "\udcff"}),  # bytes in no known encoding stay what they are
        ("?q=what?&page=2", {"q": "what?", "page": "2"}),
    ],
)
def test_parameters_are_decoded(url: str, expected: dict[str, str]) -> None:
    assert parameters(url) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", True), ("007", True), ("9" * 11, True), ("9" * 12, False), ("", False), ("-1", False), ("1.5", False),
        ("2a", False), ("\u00b2", False), ("\u0663", False),
    ],
)  # fmt: skip
def test_what_may_be_the_number_of_a_page(value: str, expected: bool) -> None:
    assert is_number(value) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("?page=2", "?page=10", -1),
        ("?page=2", "?page=2", 0),
        ("?page=02", "?page=2", 0),
        ("?sort=name&page=2", "?page=3&sort=name", -1),
        ("?page=2", "?page=2&sort=name", None),  # other views, which have an order of their own
        ("?sort=name&page=2", "?sort=size&page=3", None),
        ("?sort=name", "?sort=size", None),
        ("?page=2", "?page=", None),
        ("?page=next", "?page=2", None),
        ("?page=2&size=10", "?page=3&size=20", None),
        ("http://h/", "http://h/", 0),
        ("http://h/", "?page=2", None),
    ],
)
def test_the_order_of_pages_is_that_of_the_only_number_that_differs(one: str, other: str, expected: int | None) -> None:
    assert order(one, other) == expected
    assert order(other, one) == (None if expected is None else -expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("?page=2", "?page=x", True),
        ("?page=2&dir=", "?dir=a&page=3", True),
        ("?page=2", "?p=2", False),
        ("?page=2", "?page=2&dir=", False),
        ("http://h/a", "http://h/b?", True),
    ],
)
def test_urls_are_alike_if_they_have_the_same_parameters(one: str, other: str, expected: bool) -> None:
    assert is_alike(one, other) is expected
    assert is_alike(other, one) is expected


@pytest.mark.parametrize(
    ("url", "first", "expected"),
    [
        ("http://h/a?page=2", "http://h/a", True),
        ("http://h/a?page=2", "http://h/a?page=1", True),
        ("http://h/a?q=what?", "http://h/a?q=why?", True),
        ("http://h/a", "http://h/a?page=1", True),
        ("http://h/a", "http://h/a", False),
        ("http://h/a?page=1", "http://h/a?page=1", False),
        ("http://h/b?page=2", "http://h/a", False),
        ("http://h/b", "http://h/a", False),
    ],
)
def test_later_pages_have_the_path_of_the_first(url: str, first: str, expected: bool) -> None:
    assert is_later_page(url, first) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("?page=0&size=50", True),
        ("?page=1&size=50", True),
        ("?page=2&size=50", False),
        ("?page=1&size=20", False),
        ("?size=50", True),  # none at all
        ("?page=first&size=50", True),
    ],
)
def test_the_first_page_has_number_0_or_1(url: str, expected: bool) -> None:
    assert is_first_number(url, "?page=3&size=50") is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("?page=2&size=50", 2), ("?page=0&size=50", 0), ("?page=2&size=70", 70), ("?size=50", None), ("?page=x", None)],
)
def test_the_number_in_which_two_urls_differ(url: str, expected: int | None) -> None:
    assert number_of(url, "?page=3&size=50") == expected
