"""Patterns in other notations, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.options.rules import Rule
from crawler.pipeline.filter_effects.notations import rewritten
from crawler.pipeline.rules.filters import compiled_rule

BOTH = (True, False)


@pytest.mark.parametrize(
    ("pattern", "kinds", "expected"),
    [
        ("*.zip,*.tar", BOTH, ("*.zip", "*.tar")),
        (" *.zip, *.tar ,", BOTH, ("*.zip", "*.tar")),
        ("a,b", BOTH, ("a", "b")),
        ("*.{zip,tar}", BOTH, ("*.zip", "*.tar")),
        ("{a,b}/*.{x,y}", BOTH, ("a/*.x", "a/*.y", "b/*.x", "b/*.y")),
        ("{a,{b,c}}.x", BOTH, ("a.x", "b.x", "c.x")),
        ("*.{zip,tar},*.iso", BOTH, ("*.zip", "*.iso", "*.tar")),
        ("a{,.gz}", BOTH, ("a", "a.gz")),
        ("/a/*.zip", BOTH, None),
        ("./a/*.zip", BOTH, ("a/*.zip",)),
        ("./a,/b", BOTH, ("a", "/b")),
        (r".*\.zip", BOTH, (r"re:.*\.zip",)),
        (r"^v[0-9]+", BOTH, ("re:^v[0-9]+",)),
        ("zip$", BOTH, ("re:zip$",)),
        ("(zip|tar)", BOTH, ("re:(zip|tar)",)),
        (".*zip", (True,), ("re:.*zip",)),
        (".*zip", (False,), None),
        (".*", BOTH, None),
        (".*.swp", BOTH, None),
        ("*.zip", BOTH, None),
        ("a.*", BOTH, None),
        ("[a,b]*", BOTH, None),
        ("{zip}", BOTH, None),
        ("data (1)", BOTH, None),
        ("re:a,b$", BOTH, None),
        ("**/*.zip", BOTH, None),
        ("/", BOTH, None),
        (",", BOTH, None),
        ("", BOTH, None),
        ("{a,b}" * 30, BOTH, None),
    ],
)
def test_what_to_write_instead(pattern: str, kinds: tuple[bool, ...], expected: tuple[str, ...] | None) -> None:
    for is_include in kinds:
        found = rewritten(pattern, is_include=is_include)
        assert (found.patterns if found else None) == expected


@given(st.text("ab*.{},[]/^$\\\\()|", max_size=12), st.booleans())
def test_what_is_proposed_for_globs_is_not_rewritten_again(pattern: str, is_include: bool) -> None:
    found = rewritten(pattern, is_include=is_include)
    for each in found.patterns if found else ():
        assert each
        assert each != pattern


@pytest.mark.parametrize("pattern", ["*.zip,*.tar", "*.{zip,tar}", r".*\.zip", "./a.zip"])
def test_what_is_proposed_matches_what_was_meant(pattern: str) -> None:
    assert not compiled_rule(Rule(True, pattern)).matches("a.zip")
    found = rewritten(pattern, is_include=True)
    assert found is not None
    assert any(compiled_rule(Rule(True, each)).matches("a.zip") for each in found.patterns)
