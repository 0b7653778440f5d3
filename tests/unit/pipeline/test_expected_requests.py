"""How many requests a run expects to send after its first page."""

from __future__ import annotations

import pytest

from crawler.model.config import Config
from crawler.pipeline.runs.build import expected_requests
from crawler.storage.state import NullState

LISTING, FILE = "http://h/pub/", "http://h/pub/a.zip"


@pytest.mark.parametrize("knew_files", [False, True])
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
def test_a_first_run_expects_as_many_as_there_are_workers(
    url: str, options: dict[str, object], count: int, *, knew_files: bool
) -> None:
    state = NullState()
    state.knew_files = knew_files
    config = Config(**options)  # type: ignore[arg-type]
    assert expected_requests(config, url, state) == (0 if knew_files else count)
