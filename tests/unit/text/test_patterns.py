"""Regular expressions are compiled on first use and then behave like any others."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from crawler.text.patterns import pattern
from tests.unit.test_architecture import MODULES


def test_it_does_what_the_compiled_one_does() -> None:
    lazy, compiled = pattern(r"(a)(b)?", re.IGNORECASE), re.compile(r"(a)(b)?", re.IGNORECASE)
    for _ in range(2):
        assert lazy.sub("-", "xAb") == compiled.sub("-", "xAb") == "x-"
        assert [found.span() for found in lazy.finditer("abA")] == [(0, 2), (2, 3)]
        assert lazy.fullmatch("abb") is None
        assert (lazy.pattern, lazy.flags, lazy.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert pattern(rb"\d").search(b"1") is not None


def test_it_is_compiled_when_it_is_first_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.search("")


def test_it_has_no_other_attributes() -> None:
    assert not hasattr(pattern("a"), "nothing")


def test_every_one_in_the_program_is_a_regular_expression() -> None:
    kept = [
        value
        for module in MODULES
        if module != "__main__"
        for value in vars(import_module(f"crawler.{module}".rstrip("."))).values()
        if type(value) is type(pattern(""))
    ]
    assert len(kept) > 50
    for each in kept:
        re.compile(each.pattern, each.flags)
