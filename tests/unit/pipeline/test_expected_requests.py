"""How many requests a run expects to send after its first page."""

from __future__ import annotations

import pytest

from crawler.model.config import Config
from crawler.pipeline.runs.build import expected_requests
from crawler.storage.state.read_only import NullState

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
