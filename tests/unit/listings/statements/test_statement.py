"""What the value of a field is."""

from __future__ import annotations

import pytest

from crawler.listings.statements.statement import Statement, address_in, leaves


@pytest.mark.parametrize(
    ("value", "is_address"),
    [
        ("http://host.test/x", True),
        ("https://host.test/x", True),
        ("/x", True),
        ("?x", True),
        ("./x", True),
        ("../x", True),
        ("x", False),
        ("ftp://host.test/x", False),
        ("/x{?page}", False),
    ],
)
def test_a_url_is_known_by_how_it_begins_or_by_the_name_of_its_field(value: str, *, is_address: bool) -> None:
    assert (address_in(Statement(("next",), value)) == value) is is_address
    assert (address_in(Statement(("next_url",), value)) == value) is ("{" not in value)


def test_no_more_than_a_hundred_values_are_looked_at() -> None:
    assert list(leaves([*range(200)])) == [*range(99)]
