"""Patterns in other notations, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.options.rules import Rule, check_pattern
from crawler.pipeline.filter_effects.notations import readings
from crawler.pipeline.rules.filters import compiled_rule

ROOT = "http://h:8000/mirror/my%20pub/"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.zip,*.tar", "*.zip *.tar"),
        (" *.zip, *.tar ,", "*.zip *.tar"),
        ("a,b", "a b"),
        ("*.{zip,tar}", "*.zip *.tar"),
        ("{a,b}/*.{x,y}", "a/*.x a/*.y b/*.x b/*.y"),
        ("{a,{b,c}}.x", "a.x b.x c.x"),
        ("*.{zip,tar},*.iso", "*.zip *.iso *.tar"),
        ("a{,.gz}", "a a.gz"),
        ("*.zip|*.tar", "*.zip *.tar"),
        ("*.zip;*.tar", "*.zip *.tar"),
        ("*.zip *.tar", "*.zip *.tar"),
        ("/a/*.zip", "a/*.zip"),
        ("./a/*.zip", "a/*.zip"),
        ("./a,/b", "a /b"),
        (r".*\.zip", r"re:.*\.zip"),
        (r"^v[0-9]+", "re:^v[0-9]+"),
        ("zip$", "re:zip$"),
        ("(zip|tar)", "re:(zip|tar)"),
        ("^*.zip$", "*.zip"),
        (".*zip", "re:.*zip"),
        ("RE:zip$", "re:zip$"),
        ("regex: a+b", "re:a+b"),
        ("{{.*zip}}", "re:.*zip"),
        ("{{(}}", ""),
        ("'*.zip'", "*.zip"),
        ("\u201c*.zip\u201d", "*.zip"),
        ("!*.zip", "-*.zip"),
        ("+*.zip", "*.zip"),
        ("- *.zip", "-*.zip"),
        ("sub\\\\*.zip", "sub//*.zip"),
        ("%C3%A9.zip", "\u00e9.zip"),
        ("\uff0a.zip", "*.zip"),
        ("[a,b]*", "[[]a,b]*"),
        ("data (1)", "data (1)"),
        ("mirror/my pub/x/*", "x/*"),
        ("my pub/x", "x"),
        ("h:8000/mirror/my pub/x", "x"),
        ("/mirror/my pub/x/", "x/"),
        ("/my pub/x", "x"),
        ("http://h:8000/mirror/my%20pub/x/", "x/"),
        ("http://h:8000/other/x/", ""),
        ("https://h:8000/mirror/my%20pub/x/", ""),
        ("mirror/x", ""),
        ("pub/x", ""),
        ("/mirror/my pub/", "mirror/my pub/"),
        (".*", ""),
        (".*.swp", ""),
        ("*.zip", ""),
        ("a.*", ""),
        ("{zip}", ""),
        ("re:a,b$", ""),
        ("**/*.zip", ""),
        (",", ""),
        ("!", ""),
        ("!*", ""),
        ("/*", ""),
        ("{a,b}" * 30, ""),
    ],
)
def test_what_to_write_instead(pattern: str, expected: str) -> None:
    found = readings(Rule(True, pattern), ROOT)
    said = [" ".join(("" if rule.include else "-") + rule.pattern for rule in each.rules) for each in found]
    assert said[0] == expected if expected else said == []


def test_notations_within_others_are_read_in_turn() -> None:
    for pattern in ("'/mirror/my pub/x/*.{zip,tar}'", "'./x/*.zip|x/*.tar'", "http://h:8000/mirror/my%20pub/x/*"):
        matched = [
            rule for each in readings(Rule(True, pattern), ROOT) for rule in each.rules
            if compiled_rule(rule).matches("x/a.zip")
        ]  # fmt: skip
        assert matched, pattern


def test_the_url_of_a_page_stands_for_its_directory() -> None:
    for root in ("http://h/pub/index.html", "http://h/pub", "http://h/pub/?C=M"):
        (found, *_) = readings(Rule(True, "/pub/x/*"), root)
        assert found.rules == (Rule(True, "x/*"),)
    assert [each.why for each in readings(Rule(True, "/pub/x"), "")] == [
        "a slash in front means the directory at URL alone"
    ], "a list has no URL"


@given(st.text("ab*.{},[]/^$\\()|'!+-%;: \uff0a", min_size=1, max_size=12), st.booleans())
def test_what_is_proposed_is_another_valid_pattern(pattern: str, is_include: bool) -> None:
    for each in readings(Rule(is_include, pattern), ROOT):
        assert each.rules != (Rule(is_include, pattern),)
        for rule in each.rules:
            check_pattern(rule.pattern)
            assert rule.pattern.strip("*?/")


@pytest.mark.parametrize("pattern", ["*.zip,*.tar", "*.{zip,tar}", r".*\.zip", "./a.zip"])
def test_what_is_proposed_matches_what_was_meant(pattern: str) -> None:
    assert not compiled_rule(Rule(True, pattern)).matches("a.zip")
    (found, *_) = readings(Rule(True, pattern), "")
    assert any(compiled_rule(rule).matches("a.zip") for rule in found.rules)
