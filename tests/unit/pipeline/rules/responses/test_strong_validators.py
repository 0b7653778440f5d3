"""Which validators prove byte-for-byte identity."""

from __future__ import annotations

import pytest

from crawler.model.values import Validators
from crawler.pipeline.rules.responses.strong_validators import is_strong
from tests.unit.pipeline.rules.examples import LATER_HTTP, NOON_HTTP


@pytest.mark.parametrize(
    ("etag", "modified", "date", "strong"),
    [
        ('"1"', None, None, True),
        ('"1"', NOON_HTTP, NOON_HTTP, True),
        ('W/"1"', None, LATER_HTTP, False),
        ('W/"1"', NOON_HTTP, LATER_HTTP, False),
        (None, NOON_HTTP, LATER_HTTP, True),
        (None, NOON_HTTP, "Wed, 01 May 2024 12:00:01 GMT", True),
        (None, NOON_HTTP, NOON_HTTP, False),
        (None, LATER_HTTP, NOON_HTTP, False),
        (None, NOON_HTTP, None, False),
        (None, NOON_HTTP, "garbage", False),
        (None, "garbage", LATER_HTTP, False),
        (None, None, LATER_HTTP, False),
    ],
)
def test_which_validators_prove_identity(
    etag: str | None, modified: str | None, date: str | None, strong: bool
) -> None:
    """RFC 9110 sections 8.8.1 and 8.8.2.2."""
    assert is_strong(Validators(etag=etag, last_modified=modified), date) is strong


@pytest.mark.parametrize(("age", "strong"), [(None, True), ("1799", True), ("1800", False), ("garbled", True)])
def test_a_date_that_a_cache_may_have_put_in_is_older_by_its_age(age: str | None, strong: bool) -> None:
    validators = Validators(last_modified=NOON_HTTP)
    assert is_strong(validators, LATER_HTTP, age) is strong
