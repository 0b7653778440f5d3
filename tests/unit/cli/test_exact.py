"""What is read without click is read as click reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cli.arguments.declared import declared_options
from crawler.cli.arguments.exact import read_exact
from crawler.cli.arguments.with_click import read_with_click
from crawler.cli.invocation import WrongUsageError

OPTIONS = list(declared_options())
SPELLINGS = [name for option in OPTIONS for name in (*option.spellings, option.negative) if name]
VALUES = ["", "a", "zip,tar.gz", "16", "re:^a=b$", "http://h/pub/", "DIR", "ü \udcff", "=x", "a\nb"]
WORDS = st.one_of(
    st.sampled_from(SPELLINGS),
    st.sampled_from(VALUES),
    st.builds("{}={}".format, st.sampled_from(SPELLINGS), st.sampled_from(VALUES)),
    st.sampled_from(
        ["-", "--", "-qv", "-w16", "-vv", "--work", "--help", "--version", "--rule", "-x", "--no-such", "-h"]
    ),
)


def by_click(args: list[str]) -> object:
    try:
        return read_with_click(args)
    except WrongUsageError as error:
        return error


@given(st.lists(WORDS, max_size=6))
def test_what_is_read_is_what_click_reads(args: list[str]) -> None:
    found = read_exact(args)
    if found is not None:
        expected = by_click(args)
        assert isinstance(expected, dict), expected
        found["positional"] = tuple(found["positional"])
        assert found == expected
        options = OPTIONS  # the order decides which of several mistakes is named first
        given = [{key: read[key] for key in read if key != "positional"} for read in (found, expected)]
        defaults = {option.key: option.default for option in options}
        orders = [[key for key, value in read.items() if value != defaults[key]] for read in given]
        assert orders[0] == orders[1]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_each_option_is_read_in_each_spelling(option: object) -> None:
    from crawler.cli.arguments.declared import Declared

    assert isinstance(option, Declared)
    for name in (*option.spellings, option.negative):
        if name:
            forms = [[name]] if option.metavar is None else [[name, "1"]] + [[f"{name}=1"]] * name.startswith("--")
            for words in forms:
                found = read_exact(["URL", *words, "DIR"])
                assert found is not None, words
                found["positional"] = tuple(found["positional"])
                assert found == by_click(["URL", *words, "DIR"])


@pytest.mark.parametrize(
    "args",
    [
        ["--help"], ["-h"], ["--version", "URL"], ["--no-such-option"], ["--quiet=1"], ["-w16"], ["-qv"], ["-w=16"],
        ["--workers"], ["--workers", "-q"], ["--", "-q"], ["--input-file", "-", "DIR"], ["--include"],
    ],
)  # fmt: skip
def test_anything_else_is_left_to_click(args: list[str]) -> None:
    assert read_exact(args) is None
