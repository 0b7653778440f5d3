"""Failures are listed one by one if they are few, otherwise grouped by directory and reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.report import ListingFailure, Report
from crawler.model.struct import replace
from crawler.model.values import Outcome, Result
from crawler.output.failures import LINES, Failed, advice_line, failure_lines, grouped
from crawler.output.summary import render_summary


def failed(path: str, reason: str = "HTTP 403") -> Result:
    return Result(path=path, url=f"http://h/{path}", outcome=Outcome.FAILED, reason=reason)


def report(*failures: Result, count: int | None = None, listings: int = 0, saved: int = 0) -> Report:
    listing_failures = tuple(
        ListingFailure(path=f"d{n}", url=f"http://h/d{n}/", reason="HTTP 500") for n in range(listings)
    )
    return Report(
        url="http://h/", directory="m", failures=failures, failed=len(failures) if count is None else count,
        listing_failures=listing_failures, listings_failed=listings, saved=saved,
    )  # fmt: skip


def test_few_failures_are_named_one_by_one() -> None:
    lines = failure_lines(report(*(failed(f"a/{n}.zip") for n in range(LINES))))
    assert lines == [f"failed: a/{n}.zip (http://h/a/{n}.zip): HTTP 403" for n in range(LINES)]


@pytest.mark.parametrize("count", [1, LINES + 1])
def test_names_of_thousands_of_characters_do_not_fill_the_screen(count: int) -> None:
    long = "x" * 3000
    failures = [failed(f"a/{n}{long}.zip", f"'{n}{long}.zip' is longer than 255 bytes") for n in range(count)]
    (line,) = failure_lines(report(*failures))
    assert len(line) < 1600
    assert line.startswith("failed: a/0xxx" if count == 1 else f"failed: {count} × … is longer than … bytes in a/ (0x")
    assert "xx….zip" not in line, "the end of a name is kept"
    assert "xxx.zip" in line


def test_many_failures_of_one_directory_and_reason_are_one_line() -> None:
    failures = [failed(f"fail/broken-{n:03}.zip") for n in range(60)]
    failures[7:7] = [failed("top.bin", "HTTP 404"), failed("fail/other.zip", "no response within 60 s")]
    assert failure_lines(report(*failures)) == [
        "failed: 60 × HTTP 403 in fail/ (broken-000.zip …)",
        "failed: top.bin (http://h/top.bin): HTTP 404",
        "failed: fail/other.zip (http://h/fail/other.zip): no response within 60 s",
    ]


def test_reasons_that_differ_in_figures_and_urls_alone_are_one_reason() -> None:
    failures = [failed(f"a/{n}", f"redirect to http://login/{n}: has {1000 + n} bytes") for n in range(20)]
    assert failure_lines(report(*failures)) == ["failed: 20 × redirect to … has … bytes in a/ (0 …)"]


def test_failures_in_many_directories_are_grouped_by_reason_alone() -> None:
    failures = [failed(f"d{n}/x.zip", "HTTP 403" if n % 2 else "HTTP 503") for n in range(400)]
    assert failure_lines(report(*failures, count=10_400)) == [
        "failed: 200 × HTTP 503 in 200 directories (d0/x.zip …)",
        "failed: 200 × HTTP 403 in 200 directories (d1/x.zip …)",
        "failed: 10,000 more",
    ]


@pytest.mark.parametrize(
    ("totals", "is_said"),
    [
        ({"listed": 2}, True),
        ({"listed": 3, "skipped": 1}, False),
        ({"listed": 3, "saved": 1}, False),
        ({"listed": 3, "unchanged": 1}, False),
    ],
)
def test_advice_about_the_site_is_given_only_if_nothing_else_came_of_it(totals: dict[str, int], is_said: bool) -> None:
    base = report(failed("a"), failed("b"))
    assert bool(advice_line(replace(base, **totals))) == is_said
    lone = replace(
        report(listings=1), listing_failures=(ListingFailure(path="d", url="http://h/d/", reason="HTTP 403"),)
    )
    for skipped, read, advised in ((0, 1, True), (0, 2, False), (5, 1, False)):
        each = replace(lone, listed=skipped, skipped=skipped, listings_read=read)
        assert bool(advice_line(each)) == advised


def test_failures_at_the_top_and_failed_listings_have_their_own_lines() -> None:
    assert failure_lines(report(*(failed(f"{n}") for n in range(11)), listings=12)) == [
        "failed: 11 × HTTP 403 in ./ (0 …)",
        "listing failed: 12 × HTTP 500 in ./ (d0 …)",
    ]


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghijklmn"), st.text(max_size=4)), max_size=60),
    st.integers(min_value=0, max_value=20),
)
def test_the_lines_fit_and_the_groups_lose_nothing(items: list[tuple[str, str]], more: int) -> None:
    failures = [failed(f"{directory}/{n}", f"why {reason}") for n, (directory, reason) in enumerate(items)]
    lines = failure_lines(report(*failures, count=len(failures) + more))
    assert len(lines) <= LINES + 1
    assert all(line.isprintable() for line in lines)
    groups = grouped([Failed(each.path, each.url, each.reason) for each in failures])
    assert sorted(each.path for group in groups for each in group) == sorted(each.path for each in failures)
    counts = [int(word) for line in lines for word in [line.partition(" × ")[0].rpartition(" ")[2]] if " × " in line]
    assert sum(counts) <= len(failures)


def test_the_account_comes_last_and_warnings_are_cut() -> None:
    warned = report(failed("a"))
    for n in range(100):
        warned = warned.warned(f"warning {n}")
    lines = render_summary(warned).splitlines()
    assert [line.partition(" ")[0] for line in lines[-2:]] == ["Listed", "Saved"]
    assert len(lines) < 30
    assert lines[-3] == "problem: 80 more (the log file names all)"


@pytest.mark.parametrize(
    ("reasons", "saved", "said"),
    [
        (["HTTP 403"] * 3, 0, "the server refuses access"),
        (["HTTP 401"] * 3, 0, "it needs a login"),
        (["HTTP 429, and the server asks to wait 3600 s"], 0, "the server asks for fewer requests"),
        (["HTTP 511"] * 2, 0, "a login"),
        (["HTTP 403"] * 3, 1, ""),
        (["HTTP 403", "HTTP 404"], 0, ""),
        (["HTTP 404"] * 3, 0, ""),
        (["HTTP 500"] * 3, 0, ""),
        (["got 1 of 2 bytes"] * 3, 0, ""),
        ([], 0, ""),
    ],
)
def test_what_all_files_fail_with_is_explained_once_if_it_concerns_the_whole_site(
    reasons: list[str], saved: int, said: str
) -> None:
    lines = advice_line(report(*(failed(f"a/{n}", reason) for n, reason in enumerate(reasons)), saved=saved))
    assert len(lines) == bool(said)
    assert all(line.startswith("Advice: ") and said in line for line in lines)


@pytest.mark.parametrize(
    ("url", "reason", "is_list", "said"),
    [
        (
            "http://h/d/*.zip",
            "HTTP 404",
            True,
            "and --include '*.zip', in a run without --input-file",
        ),
        ("http://h/d/a{1,2}.zip", "HTTP 400", True, "write http://h/d/ and --include 'a1.zip' --include 'a2.zip'"),
        ("http://h/d/*.zip", "HTTP 404", False, ""),
        ("http://h/d/*.zip", "HTTP 500", True, ""),
        ("http://h/d/*.zip", "connection refused", True, ""),
        ("http://h/d/a.zip", "HTTP 404", True, ""),
        ("http://h/d/a.zip?q=*", "HTTP 404", True, ""),
    ],
)
@pytest.mark.parametrize("saved", [0, 1])
def test_a_wildcard_in_a_list_of_urls_is_explained(url: str, reason: str, is_list: bool, said: str, saved: int) -> None:
    failures = (failed("x"), Result(path="y", url=url, outcome=Outcome.FAILED, reason=reason))
    lines = advice_line(replace(report(*failures, saved=saved), url="" if is_list else "http://h/d/"))
    assert len(lines) == bool(said)
    assert all(line.startswith("Advice: a URL has no wildcards: ") and said in line for line in lines)
