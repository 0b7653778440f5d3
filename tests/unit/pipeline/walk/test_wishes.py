"""The digest of what a run selects, so that a directory compared by digest notices each change of a filter."""

from __future__ import annotations

import pytest

from crawler.model.config import WHAT, Config, option_fields
from crawler.pipeline.walk.unchanged_directories import wishes

URL = "http://host.test/pub/"
VALUES = {
    "ext": ("zip",),
    "min_size": 1,
    "max_size": 1,
    "newer_than": "1d",
    "older_than": "1d",
    "max_files": 1,
    "max_total_size": 1,
}
"""A value other than the default for each option under "What to keep"."""


def test_the_table_has_every_filter() -> None:
    assert VALUES.keys() == {key for key, item in option_fields().items() if item.metadata["option"].group == WHAT}


@pytest.mark.parametrize(
    "values", [*({key: value} for key, value in VALUES.items()), {"include": "a"}, {"exclude": "a"}], ids=str
)
def test_a_run_with_another_filter_wants_something_else(values: dict[str, object]) -> None:
    config = Config.from_mapping(values, where="test")
    assert wishes(config, URL) != wishes(Config(), URL)
