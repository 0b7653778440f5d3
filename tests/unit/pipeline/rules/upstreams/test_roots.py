"""The places of one file on several hosts, and when a host is given up."""

from __future__ import annotations

import pytest

from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.model.values import Rejection
from crawler.pipeline.rules.upstreams.condition import FAILURES, Condition, is_down
from crawler.pipeline.rules.upstreams.roots import base_of, counterpart, root_of


@pytest.mark.parametrize(
    ("root", "base"),
    [
        ("http://a/pub/", "http://a/pub/"),
        ("http://a/pub", "http://a/pub/"),
        ("http://a/pub/index.html", "http://a/pub/"),
        ("http://a/pub/?C=M", "http://a/pub/"),
        ("http://a/", "http://a/"),
        ("http://a", "http://a/"),
        ("http://a/%FF", "http://a/%FF/"),
    ],
)
def test_the_directory_that_a_root_lists(root: str, base: str) -> None:
    assert base_of(root) == base


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a/pub/x/y%20z.bin", "https://b/m/x/y%20z.bin"),
        ("http://a/pub/", "https://b/m/"),
        ("http://a/pub/x?v=1", "https://b/m/x?v=1"),
        ("http://a/other/x", None),
        ("http://a/pub/../x", None),
        ("http://a/pub/%2e%2e/x", None),
        ("http://c/pub/x", None),
    ],
)
def test_the_place_of_a_file_on_another_host(url: str, expected: str | None) -> None:
    assert counterpart(url, "http://a/pub/", "https://b/m/") == expected


def test_the_root_of_a_file_is_the_nearest_one() -> None:
    bases = ["http://a/", "http://a/mirror/", "http://b/"]
    assert root_of("http://a/x", bases) == 0
    assert root_of("http://a/mirror/x", bases) == 1
    assert root_of("http://b/x", bases) == 2
    assert root_of("http://c/x", bases) is None
    assert root_of("http://a/mirror/x", bases[1::-1]) == 0


def fetch_error(status: int | None, rejection: Rejection | None = None) -> FetchError:
    return FetchError("x", url="http://a/", status=status, rejection=rejection)


DOWN = [
    (fetch_error(None), True),
    (fetch_error(500), True),
    (fetch_error(503), True),
    (fetch_error(429), True),
    (fetch_error(404), False),
    (fetch_error(403), False),
    (fetch_error(None, Rejection("robots", "http://a/")), False),
    (VerificationError("short"), False),
    (ListingError("not a listing"), False),
]


@pytest.mark.parametrize(("error", "expected"), DOWN)
def test_which_failures_blame_the_host(error: Exception, expected: bool) -> None:
    assert is_down(error) is expected
    condition = Condition()
    for _ in range(FAILURES):
        condition.failed(error, problem="it failed")
    assert (condition.reason is not None) is expected
    assert condition.problem == "it failed"


def test_a_host_is_given_up_after_failures_in_a_row_and_for_the_first_reason() -> None:
    condition = Condition()
    for number in range(1, FAILURES):
        condition.failed(fetch_error(500), problem=f"failure {number}")
        assert (condition.failures, condition.reason, condition.problem) == (number, None, "failure 1")
    condition.failed(fetch_error(500), problem="the last one")
    assert (condition.failures, condition.reason, condition.problem) == (FAILURES, "the last one", "failure 1")
    condition.give_up("another")
    assert (condition.reason, condition.problem) == ("the last one", "failure 1")


def test_a_host_may_be_given_up_at_once() -> None:
    condition = Condition()
    assert (condition.failures, condition.reason, condition.problem) == (0, None, None)
    condition.give_up("it is behind")
    assert (condition.failures, condition.reason, condition.problem) == (0, "it is behind", "it is behind")


def test_what_a_host_has_served_is_counted() -> None:
    condition, found = Condition(), []
    for served in ({}, {"files": 2}, {"listings": 3}, {"files": 1, "listings": 1}, {}):
        condition.answered(**served)
        found.append((condition.files, condition.listings, condition.failures))
    assert found == [(0, 0, 0), (2, 0, 0), (2, 3, 0), (3, 4, 0), (3, 4, 0)]


def test_an_answer_in_between_starts_the_count_again() -> None:
    condition = Condition()
    for _ in range(FAILURES):
        condition.failed(fetch_error(500), problem="first")
        condition.answered()
    condition.failed(fetch_error(500), problem="last")
    assert condition.reason is None
    assert condition.problem == "first"
