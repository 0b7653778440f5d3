"""Filters: which rule decides, for names, directories, sizes and ages."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.rules import Rule
from crawler.model.values import Span
from crawler.pipeline.rules.filters import Check, Excluded, Filters, compile_glob

NOW = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


def filters(*rules: str, **options: object) -> Filters:
    """``+glob`` includes, ``-glob`` excludes."""
    made = tuple(Rule(rule[0] == "+", rule[1:]) for rule in rules)
    return Filters(Config(rules=made, **options), NOW)  # type: ignore[arg-type]


def reason(
    some: Filters, path: str, size: Span[int] | None = None, modified: Span[datetime] | None = None
) -> str | None:
    rejection = some.rejects(path, path.rpartition("/")[2], size, modified)
    assert rejection is None or (rejection.subject == path and rejection.detail)
    return rejection.reason if rejection else None


def day(number: int, hour: int = 0, zone: timezone | None = UTC) -> datetime:
    return datetime(2025, 6, number, hour, tzinfo=zone)


# --- extensions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ext", "path", "taken"),
    [
        (("zip",), "a.zip", True),
        (("zip",), "A.ZIP", True),
        (("ZIP",), "a.zip", True),
        ((".zip",), "a.zip", True),
        (("*.zip",), "a.zip", True),
        (("XZ",), "a.xz", True),
        (("zip",), "a.zipx", False),
        (("zip",), "azip", False),
        (("zip",), "zip", False),
        (("zip",), ".zip", False),
        (("zip",), "x.zip/readme", False),
        (("zip",), "folder/.hidden.zip", True),
        (("zip,tar.gz",), "a.tar.gz", True),
        (("zip, tar.gz",), "a.TAR.gz", True),
        (("tar.gz",), "a.gz", False),
        (("gz",), "a.tar.gz", True),
        (("zip", "txt"), "a.txt", True),
        (("zip,",), "a", False),
    ],
)
def test_an_extension_is_the_end_of_a_name_in_any_case(ext: tuple[str, ...], path: str, taken: bool) -> None:
    assert reason(filters(ext=ext), path) == (None if taken else "ext")


@pytest.mark.parametrize("ext", ["", ",", " . "])
def test_a_list_without_an_extension_is_a_configuration_error(ext: str) -> None:
    with pytest.raises(ConfigError, match="expected extensions such as"):
        filters(ext=(ext,))


# --- globs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "subject", "matches"),
    [
        ("*.zip", "a.zip", True),
        ("*.zip", "a.ZIP", False),
        ("*.zip", "a.zip.asc", False),
        ("a*b*c", "a1b2b3c", True),
        ("a*b*c", "acb", False),
        ("?.zip", "é.zip", True),
        ("?.zip", "ab.zip", False),
        ("[abc].txt", "b.txt", True),
        ("[abc].txt", "X.txt", False),
        ("[a-a].txt", "a.txt", True),
        ("[a\nb].txt", "\n.txt", True),
        ("[!abc].txt", "b.txt", False),
        ("[^abc].txt", "d.txt", True),
        ("[a-c0-9].txt", "7.txt", True),
        ("[a-c0-9].txt", "b.txt", True),
        ("a?b[cd].txt", "axbc.txt", True),
        ("[z-a].txt", "m.txt", False),
        ("[!z-a].txt", "m.txt", True),
        ("[]x].txt", "].txt", True),
        ("[a&&b~~c||d--].txt", "&.txt", True),
        ("[a", "[a", True),
        ("[]", "[]", True),
        ("a.b+c(d)", "a.b+c(d)", True),
        ("a.b", "axb", False),
        ("docs/*.pdf", "docs/a.pdf", True),
        ("docs/*.pdf", "docs/sub/a.pdf", False),
        ("docs/*.pdf", "old/docs/a.pdf", False),
        ("docs/?.pdf", "docs//.pdf", False),
        ("docs[!x]a", "docs/a", False),
        ("docs[.-0]a", "docs/a", False),
        ("**/docs/*.pdf", "docs/a.pdf", True),
        ("**/docs/*.pdf", "x/y/docs/a.pdf", True),
        ("**/docs/*.pdf", "xdocs/a.pdf", False),
        ("docs/**", "docs/x/y/a.pdf", True),
        ("docs/**", "docs", False),
        ("docs/**/a.pdf", "docs/a.pdf", True),
        ("docs/**/a.pdf", "docs/x/y/a.pdf", True),
        ("docs/**/a.pdf", "docs/xa.pdf", False),
        ("**/**/a", "a", True),
        ("**/**/a", "x/a", True),
        ("pool/**.deb", "pool/a/b/c.deb", True),
        ("pool/**.deb", "pool/c.deb", True),
        ("pool/v**/c", "pool/v1/b/c", True),
        ("pool/v**/c", "pool/v1c", False),
        ("pool/v**/c", "pool/vc", False),
        ("**/a*b/**/c", "x/aab/y/ab/c", True),
        ("**a*b**c", "xa/yabz/c", True),
        ("***", "a/b", True),
        ("", "", True),
        ("a*", "a\nb", True),
        ("a**", "a\nb", True),
    ],
)
def test_a_glob_matches_whole_names_and_paths(pattern: str, subject: str, matches: bool) -> None:
    assert compile_glob(pattern)(subject) is matches


def plainly_matches(pattern: str, subject: str) -> bool:
    """An obvious implementation of globs by search, for patterns of letters, ``*``, ``**`` and slashes."""
    if not pattern:
        return not subject
    if pattern.startswith("**"):
        rest = pattern.lstrip("*")
        return any(plainly_matches(rest, subject[skip:]) for skip in range(len(subject) + 1))
    if pattern.startswith("*"):
        reach = len(subject.partition("/")[0])
        return any(plainly_matches(pattern[1:], subject[skip:]) for skip in range(reach + 1))
    return subject[:1] == pattern[0] and plainly_matches(pattern[1:], subject[1:])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "a", "/b"]), max_size=7).map("".join),
    st.text(alphabet="ab/", max_size=9),
)
def test_taking_the_first_fit_for_a_wildcard_loses_no_match(pattern: str, subject: str) -> None:
    pattern = re.sub(r"\*\*+/", "**a/", pattern)  # "**/" means more than its letters; the table has it
    assert compile_glob(pattern)(subject) is plainly_matches(pattern, subject)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*-*-*-*-*-*-*.zip", "-" * 255),
        ("**/*-*/**/*-*/**/*-*/**/*.zip", "-/" * 2000),
        ("**a**a**a**a**b", "a" * 4000),
    ],
)
def test_no_name_makes_a_glob_slow(pattern: str, name: str) -> None:
    test = compile_glob(pattern)
    begin = time.thread_time()
    assert not test(name)
    assert time.thread_time() - begin < 0.5


# --- include and exclude --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ((), "a/b.zip", None),
        (("-*.iso",), "a/b.iso", "exclude"),
        (("-*.iso",), "a/b.zip", None),
        (("-a*",), "a/b.zip", None),
        (("+*.zip",), "a/b.zip", None),
        (("+*.zip",), "a/b.iso", "not-included"),
        (("+*.zip", "-*debug*"), "x-debug.zip", None),
        (("-*debug*", "+*.zip"), "x-debug.zip", "exclude"),
        (("-*debug*", "+*.zip"), "x.zip", None),
        (("-*debug*", "+*.zip"), "x.iso", "not-included"),
        (("-a/*.zip",), "a/b.zip", "exclude"),
        (("-a/*.zip",), "c/a/b.zip", None),
        (("-/b.zip",), "b.zip", "exclude"),
        (("-/b.zip",), "a/b.zip", None),
        (("-re:b.z",), "a/b.zip", "exclude"),
        (("-re:^b.z",), "a/b.zip", None),
        (("+re:^(a|c)/.*[.]zip$",), "c/x.zip", None),
        (("-debug/",), "debug", None),
        (("-debug/",), "x/debug/y/b.zip", "exclude"),
        (("-debug/", "+*.zip"), "x/b.zip", None),
        (("-a/debug/",), "a/debug/b.zip", "exclude"),
        (("-a/debug/",), "b/a/debug/b.zip", None),
        (("+a/keep/", "-a/*/"), "a/keep/b.zip", None),
        (("+a/keep/", "-a/*/"), "a/other/b.zip", "exclude"),
    ],
)
def test_the_first_rule_that_matches_decides(rules: tuple[str, ...], path: str, expected: str | None) -> None:
    assert reason(filters(*rules), path) == expected


def test_a_rejection_names_the_path_and_the_rule() -> None:
    rejection = filters("+*.txt", "-*.iso").rejects("a/b.iso", "b.iso", None, None)
    assert rejection
    assert (rejection.reason, rejection.subject, rejection.detail) == ("exclude", "a/b.iso", "*.iso")
    rejection = filters("+*.txt", "-*.iso", "+a/**").rejects("b/c", "c", None, None)
    assert rejection
    assert (rejection.reason, rejection.subject, rejection.detail) == ("not-included", "b/c", "*.txt, a/**")
    rejection = filters(ext=("zip,gz",)).rejects("b/c", "c", None, None)
    assert rejection
    assert (rejection.reason, rejection.subject, rejection.detail) == ("ext", "b/c", "zip,gz")
    rejection = filters("-old/").rejects("old/c", "c", None, None)
    assert rejection
    assert (rejection.subject, rejection.detail) == ("old/c", "old/")


@pytest.mark.parametrize(
    ("rules", "directory", "pruned"),
    [
        (("-*.iso", "+*.txt", "-docs"), "docs", False),
        (("-docs/",), "docs", True),
        (("-docs/",), "docs/", True),
        (("-docs/",), "a/docs", True),
        (("-docs/",), "docs/a/b", True),
        (("-docs/",), "docs-a/b", False),
        (("-docs/",), "", False),
        (("-*/",), "", False),
        (("-*/",), "a", True),
        (("-/docs/",), "docs", True),
        (("-/docs/",), "a/docs", False),
        (("-a/*/",), "a/b", True),
        (("-a/*/",), "a", False),
        (("-a/**/",), "a/b/c", True),
        (("+keep/", "-*/"), "keep", False),
        (("+keep/", "-*/"), "a/keep", True),
        (("-*/",), "a/keep", True),
        (("-re:(^|/)debug-[^/]*/",), "a/debug-x", True),
        (("-re:^debug/",), "a/debug", False),
        (("-re:^debug/",), "debug", True),
        (("-*X/",), "aX/", True),
    ],
)
def test_only_an_exclude_that_ends_in_a_slash_prunes_directories(
    rules: tuple[str, ...], directory: str, pruned: bool
) -> None:
    rejection = filters(*rules).prunes(directory)
    assert (rejection is not None) is pruned
    assert rejection is None or rejection.reason == "exclude"
    assert rejection is None or rejection.subject == directory.rstrip("/") + "/"
    assert rejection is None or f"-{rejection.detail}" in rules


@pytest.mark.parametrize("rules", [("+docs/",), ("-x/", "+docs/"), ("+re:^docs/",)])
def test_an_include_for_directories_that_nothing_follows_is_a_configuration_error(rules: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"has no effect.*\*\*"):
        filters(*rules)


# --- size -----------------------------------------------------------------------------------------

SIZES = [
    # min, max, the row's size, reason, whether the headers decide
    (10, None, (0, 9), "too-small", False),
    (10, None, (5, 15), None, True),
    (10, None, (5, 10), None, True),
    (10, None, (10, 15), None, False),
    (None, 10, (11, 20), "too-large", False),
    (None, 10, (5, 15), None, True),
    (None, 10, (10, 15), None, True),
    (None, 10, (10, 10), None, False),
    (10, 20, (15, 16), None, False),
    (10, 20, (15, 26), None, True),
    (10, 20, None, None, True),
    (0, None, (0, 0), None, False),
    (None, None, None, None, False),
]


@pytest.mark.parametrize(("low", "high", "row", "expected", "headers"), SIZES)
def test_a_size_limit_is_decided_by_the_row_only_where_it_can(
    low: int | None, high: int | None, row: tuple[int, int] | None, expected: str | None, headers: bool
) -> None:
    some = filters(min_size=low, max_size=high)
    span = Span(*row) if row else None
    assert reason(some, "a", size=span) == expected
    if expected is None:
        assert some.needs_headers(span, None) is headers


@pytest.mark.parametrize(
    ("size", "expected"), [(9, "too-small"), (10, None), (20, None), (21, "too-large"), (None, None)]
)
def test_the_headers_decide_what_the_row_left_open(size: int | None, expected: str | None) -> None:
    rejection = filters(min_size=10, max_size=20).rejects_headers(size, None, "a/b")
    assert (rejection.reason if rejection else None) == expected
    assert rejection is None or rejection.subject == "a/b"
    assert rejection is None or rejection.detail == ("--min-size 10" if size == 9 else "--max-size 20")


# --- age ------------------------------------------------------------------------------------------

AGES = [
    # newer_than, older_than, the row's times, reason, whether the headers decide
    (timedelta(days=5), None, (day(10), day(10)), "too-old", False),
    (timedelta(days=5), None, (day(10, 12), day(10, 12)), None, False),
    (timedelta(days=5), None, (day(10), day(11)), None, True),
    (day(10), None, (day(9), day(9, 23)), "too-old", False),
    (None, day(10), (day(10, 1), day(11)), "too-new", False),
    (None, timedelta(days=5), (day(10, 13), day(10, 13)), "too-new", False),
    (None, day(10), (day(10), day(10)), None, False),
    (None, day(10), (day(9), day(11)), None, True),
    (day(10), None, None, None, True),
    # another zone: compared as instants
    (day(10), None, (day(10, 1, timezone(timedelta(hours=2))),) * 2, "too-old", False),
    # no zone: uncertain within fourteen hours of the limit
    (day(10), None, (day(9, 9, None),) * 2, "too-old", False),
    (day(10), None, (day(9, 11, None),) * 2, None, True),
    (day(10), None, (day(10, 13, None),) * 2, None, True),
    (day(10), None, (day(10, 14, None),) * 2, None, False),
    (None, day(10), (day(10, 15, None),) * 2, "too-new", False),
    (None, day(10), (day(9, 9, None),) * 2, None, False),
    # the ends of the calendar
    (day(10), None, (day(1, 0, None).replace(year=1, month=1),) * 2, None, True),
    (timedelta(days=999_999), None, (day(1), day(1)), None, False),
    (day(10), None, (datetime.max.replace(tzinfo=timezone(-timedelta(hours=5))),) * 2, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("newer", "older", "row", "expected", "headers"), AGES)
def test_an_age_limit_is_decided_by_the_row_only_where_it_can(
    newer: datetime | timedelta | None,
    older: datetime | timedelta | None,
    row: tuple[datetime, datetime] | None,
    expected: str | None,
    headers: bool,
) -> None:
    some = filters(newer_than=newer, older_than=older)
    span = Span(*row) if row else None
    assert reason(some, "a", modified=span) == expected
    if expected is None:
        assert some.needs_headers(None, span) is headers


def test_last_modified_decides_an_age_that_the_row_left_open() -> None:
    some = filters(newer_than=day(10))
    too_old = some.rejects_headers(5, day(9), "a")
    assert too_old
    assert too_old.reason == "too-old"
    assert some.rejects_headers(5, day(10)) is None
    assert some.rejects_headers(5, None) is None


# --- all together ---------------------------------------------------------------------------------


def test_explains_lists_each_rule_and_whether_it_is_true() -> None:
    some = filters("-old/", "-*debug*", "+re:^a/.", ext=("zip",), min_size=10, newer_than=day(10))
    assert some.explains("a/old/x.zip", "x.zip", Span(5, 15), Span(day(9), day(9))) == [
        Check(rule="--ext zip", matched=True),
        Check(rule="--exclude old/", matched=True),
        Check(rule="--exclude *debug*", matched=False),
        Check(rule="--include re:^a/.", matched=True),
        Check(rule="--min-size 10", matched=None),
        Check(rule="--newer-than 2025-06-10T00:00:00+00:00", matched=False),
    ]


def test_explains_shows_what_a_row_decides() -> None:
    some = filters(max_size=10, older_than=day(10))
    assert some.explains("x.zip", "x.zip", Span(5, 5), Span(day(9), day(9))) == [
        Check(rule="--max-size 10", matched=True),
        Check(rule="--older-than 2025-06-10T00:00:00+00:00", matched=True),
    ]


@pytest.mark.parametrize(
    ("path", "is_excluded"),
    [
        ("a/b.iso", True), ("a/b.zip", False), ("old/x/y.zip", True), ("old.zip", False), ("a/b/.zip", True),
        ("a.zip/b", True), ("a.zip/old/b.zip", True), (b"a/b.iso", False), (None, False),
    ],
)  # fmt: skip
def test_what_is_excluded_is_a_set(path: object, is_excluded: bool) -> None:
    assert (path in Excluded(filters("-*.iso", "-old/", ext=("zip", "iso")))) is is_excluded


def test_whether_every_file_is_wanted() -> None:
    some = [filters(), filters("-a"), filters(ext=("zip",)), filters(min_size=1), filters("-a", older_than=day(10))]
    assert [each.refuse_nothing for each in some] == [True, False, False, False, False]


def test_without_options_everything_is_wanted_and_no_headers_are_needed() -> None:
    some = filters()
    assert reason(some, "a/b", Span(0, 1), None) is None
    assert not some.needs_headers(None, None)
    assert some.explains("a", "a", None, None) == []
    assert some.prunes("a") is None
