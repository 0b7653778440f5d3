"""How many requests a run expects to send after its first page, and what it tells its destination of files."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.model.config import Config
from crawler.model.values import Span
from crawler.pipeline.plan.build import expectation
from crawler.pipeline.runs.build import expected_requests
from crawler.storage.state.read_only import NullState
from tests.support.fakes import FakeDestination

LISTING, FILE = "http://h/pub/", "http://h/pub/a.zip"


@pytest.mark.parametrize(
    ("url", "options", "count"),
    [
        (LISTING, {}, 8),
        (LISTING, {"workers": 20}, 20),
        (LISTING, {"workers": 20, "max_files": 3}, 3),
        (f"{LISTING}?dir=a", {}, 8),
        (LISTING, {"dry_run": True}, 0),
        (FILE, {}, 0),
        ("http://h/pub?dir=a/", {}, 0),
    ],
)
def test_a_first_run_expects_as_many_as_there_are_workers(url: str, options: dict[str, object], count: int) -> None:
    assert expected_requests(Config(**options), url, NullState()) == count  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pages", "options", "count"),
    [(0, {}, 0), (1, {}, 0), (4, {}, 3), (1200, {}, 1199), (4, {"dry_run": True}, 3), (4, {"no_recursive": True}, 0)],
)
def test_a_later_run_expects_the_listings_that_it_knows(pages: int, options: dict[str, object], count: int) -> None:
    state = NullState()
    state.knew_files, state.known_pages = True, pages
    assert expected_requests(Config(**options), LISTING, state) == count  # type: ignore[arg-type]


class _Told(FakeDestination):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Sequence[Span[int] | None], bool]] = []

    def expect(self, sizes: Sequence[Span[int] | None], *, in_bulk: bool) -> None:
        self.told.append((sizes, in_bulk))


@pytest.mark.parametrize(
    ("url", "options", "in_bulk"),
    [
        (LISTING, {}, True),
        ("https://h/pub/", {}, False),
        (LISTING, {"limit_rate": 1000}, False),
        (LISTING, {"segments": 2}, False),
        (LISTING, {"proxy": "http://p"}, False),
        (LISTING, {"workers": 1}, True),
    ],
)
def test_the_destination_is_told_whether_long_bodies_may_be_received_there(
    url: str, options: dict[str, object], *, in_bulk: bool
) -> None:
    destination = _Told()
    expectation(destination, Config(**options), url)([None])  # type: ignore[arg-type]
    assert destination.told == [([None], in_bulk)]
