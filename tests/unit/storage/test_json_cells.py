"""Cells in JSON are written and read as by the json module, whoever does it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage.json_cells import decoded, encoded

TEXTS = st.text(st.characters(exclude_categories=()))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


@given(VALUES)
def test_what_is_read_is_what_was_written(value: Any) -> None:
    for text in (encoded(value), json.dumps(value), json.dumps(value, ensure_ascii=False, separators=(",", ":"))):
        assert decoded(text) == value
        assert repr(decoded(text)) == repr(value)
    assert json.loads(encoded(value)) == value


@pytest.mark.parametrize("value", ["\udc80", {"a\udcff": 1}, 1 << 70, (1, ("x",)), "ä", "\ud83d\ude00"])
def test_whatever_msgspec_refuses_is_written_and_read_all_the_same(value: Any) -> None:
    assert decoded(encoded(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "[1,]", "1 2", '"a', "[1] x", "\ud800", b"\xff", '{"a" 1}'])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(text)
