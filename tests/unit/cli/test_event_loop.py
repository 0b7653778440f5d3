"""Which runs do without uvloop."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.cli.runner import is_light
from crawler.model.config import Config


@pytest.mark.parametrize(
    ("url", "directory", "options", "expected"),
    [
        ("http://h/", "d", {}, True),
        ("HTTP://h/", "d", {}, True),
        ("https://h/", "d", {}, False),
        ("http://h/", "s3://b/d", {}, False),
        ("http://h/", "d", {"segments": 2}, False),
        ("http://h/", "d", {"processes": 2}, False),
        ("http://h/", "d", {"cluster": "local"}, False),
        ("http://h/", "d", {"on_change": "true"}, False),
        ("http://h/", "d", {"on_end": "true"}, False),
        ("http://h/", "d", {"on_failure": "true"}, False),
    ],
)
def test_runs_over_http_whose_bodies_are_received_elsewhere_use_the_loop_of_asyncio(
    url: str, directory: str, options: dict[str, Any], expected: bool
) -> None:
    assert is_light(url, directory, Config(**options)) is expected
