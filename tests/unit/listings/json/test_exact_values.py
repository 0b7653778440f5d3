"""Sizes, times, digests and entity tags as printed in JSON and XML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.listings.values.exact_urls import (
    base_of,
    bucket_of,
    is_external,
    last_segment,
    misplaced,
    resolve_link,
    with_query,
)
from crawler.listings.values.exact_values import (
    any_time,
    entity_tag,
    epoch_time,
    exact_size,
    hex_digest,
    http_time,
    iso_time,
    printed,
    utc_time,
)
from crawler.model.values import Span
from crawler.text.urls import resolve

NOON = datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (5, 5), ("17", 17), (" 17 ", 17), (2**62, 2**62)]
    + [(bad, None) for bad in (-1, True, 1.5, "", "-1", "1.5", "1K", "²", "9" * 30, None, [], {})],
)
def test_a_size_is_exact_or_nothing(value: object, expected: int | None) -> None:
    assert exact_size(value) == (None if expected is None else Span(expected, expected))


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29T12:00:01Z",
        "2024-02-29T12:00:01+00:00",
        "2024-02-29T14:00:01+02:00",
        "2024-02-29 12:00:01Z",
        "2024-02-29T12:00:01.000Z",
    ],
)
def test_all_spellings_of_a_time_give_the_same_time(text: str) -> None:
    assert iso_time(text) == utc_time(text) == any_time(text) == Span(NOON, NOON)


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 29 Feb 2024 12:00:01 GMT",
        "Thursday, 29-Feb-24 12:00:01 GMT",
        "Thu Feb 29 12:00:01 2024",
        "Thu, 29 Feb 2024 14:00:01 +0200",
    ],
)
def test_the_three_forms_of_an_http_date_and_a_zone_are_read(text: str) -> None:
    assert http_time(text) == any_time(text) == Span(NOON, NOON)


def test_a_time_without_zone_is_naive_unless_the_format_is_known_to_be_utc() -> None:
    bare = NOON.replace(tzinfo=None)
    assert iso_time("2024-02-29 12:00:01") == Span(bare, bare)
    assert utc_time("2024-02-29T12:00:01") == Span(NOON, NOON)


def test_a_minute_is_sixty_seconds_and_a_fraction_is_its_second() -> None:
    assert iso_time("2024-02-29T12:00Z") == Span(NOON.replace(second=0), NOON.replace(second=59))
    assert iso_time("2024-02-29T12:00:01.9Z") == Span(NOON, NOON.replace(microsecond=900000))


@pytest.mark.parametrize("value", [1709208001, "1709208001", 1709208001000, "1709208001.0"])
def test_epochs_are_seconds_or_milliseconds(value: object) -> None:
    assert epoch_time(value) == Span(NOON, NOON)


@pytest.mark.parametrize("value", [0, "0", -5, True, None, "", "nan", "inf", 1e300, [], "x", 10**40])
def test_an_epoch_that_means_unknown_is_none(value: object) -> None:
    assert epoch_time(value) is None


@pytest.mark.parametrize(
    "value", [None, 5, "", "Thu, 31 Feb 2024 12:00:01 GMT", "Thu, xx Feb 2024 12:00:01 GMT", "x" * 29]
)
def test_an_invalid_http_date_is_none(value: object) -> None:
    assert http_time(value) is None


def test_a_leap_second_in_an_http_date_is_the_second_before_it() -> None:
    last = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert http_time("Sat, 31 Dec 2016 23:59:60 GMT") == Span(last, last)


def test_the_year_one_and_other_placeholders_are_not_times() -> None:
    assert iso_time("0001-01-01T00:00:00Z") is None
    assert iso_time("9999-12-31T23:59:59Z") is None
    assert iso_time("1970-01-01T00:00:00Z") is not None


@pytest.mark.parametrize(
    ("algorithm", "value", "expected"),
    [
        ("md5", "AB" * 16, "md5:" + "ab" * 16),
        ("sha1", "a" * 40, "sha1:" + "a" * 40),
        ("md5", "ab" * 16 + "-2", None),
        ("md5", "zz" * 16, None),
        ("sha256", "a" * 40, None),
        ("md5", None, None),
        ("crc", "a" * 8, None),
    ],
)
def test_a_digest_has_the_length_of_its_algorithm(algorithm: str, value: object, expected: str | None) -> None:
    assert hex_digest(algorithm, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [('"x"', '"x"'), ("x", '"x"'), ('W/"x"', 'W/"x"'), (" ", None), (None, None), (5, None)]
)
def test_an_entity_tag_gets_its_quotes(value: object, expected: str | None) -> None:
    assert entity_tag(value) == expected


def test_a_row_is_what_was_printed() -> None:
    assert printed(0, "t") == "0 t"
    assert printed(None, "t") == "t"
    assert printed("5", None) == "5"
    assert printed(None, None) == ""


@pytest.mark.parametrize(
    ("url", "base", "bucket", "last"),
    [
        ("http://h/a/b", "http://h/a/", "http://h/a/b/", ("b", False)),
        ("http://h/a/b/?q=/x/y", "http://h/a/b/", "http://h/a/b/", ("b", True)),
        ("http://h", "http://h/", "http://h/", ("", False)),
        ("http://h?x/y", "http://h/", "http://h/", ("", False)),
        ("http://h/#f/g", "http://h/", "http://h/", ("", False)),
    ],
)
def test_base_bucket_and_last_segment_of_a_url(url: str, base: str, bucket: str, last: tuple[str, bool]) -> None:
    assert (base_of(url), bucket_of(url), last_segment(url)) == (base, bucket, last)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h/p/x", None),
        ("http://h/p/x/", None),
        ("http://h/p/x?q", None),
        ("http://h/p/", "self"),
        ("http://h/p/x/y", "deep"),
        ("http://h/q", "above"),
        ("http://g/p/x", "above"),
    ],
)
def test_only_urls_one_level_below_the_base_are_in_place(url: str, reason: str | None) -> None:
    assert misplaced(url, "http://h/p/") == reason


@pytest.mark.parametrize(
    ("url", "external"),
    [
        ("http://h/x", False),
        ("http://H:80/x", False),
        ("https://h/x", False),
        ("http://h:8080/x", True),
        ("http://g/x", True),
        ("http://h:99999/", True),
    ],
)
def test_another_origin_is_external_but_default_ports_count_as_one(url: str, external: bool) -> None:
    assert is_external(url, "http://h/pub/") is external


@pytest.mark.parametrize(
    "href",
    [
        *("x", "./x", "../x", "/x", "/x/../y", "/.x", "//g/x", "http://g", "http://g/x", "http://g/a/../b"),
        *("http://g:99999/x", "https://g/%zz#f", "?q", "#f", "/ü", "/a%2Fb", "javascript:x", "mailto:a@b"),
        *("http://[x", "HTTP://G/x", "/x;y=1,2", "/a|b", "/[x]", "", " /x", "/a b"),
    ],
)
def test_the_fast_resolver_agrees_with_the_slow_one(href: str) -> None:
    assert resolve_link("http://h/pub/p?q", href) == resolve("http://h/pub/p?q", href)


def test_changing_a_query_keeps_the_bytes_of_the_rest() -> None:
    url = "http://h/b?x=%7e+1&marker=old&prefix=p&sig=a%2Fb#f"
    changed = with_query(url, frozenset({"marker"}), {"prefix": "a b/&"})
    assert changed == "http://h/b?x=%7e+1&sig=a%2Fb&prefix=a%20b/%26"
    assert with_query(url, frozenset(), {"marker": "\ud800"}) is None


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (-1, None),
        (-86_400, None),
        (-86_401, 1969),
        (-1_000_000_000, 1938),
        ("-1000000000", 1938),
        (-2_082_844_800, None),
        (-2_082_844_801, 1903),
        (-(2**31), None),
        (-11_644_473_600, None),
        (-62_135_596_800, None),
        (-400_000_000_000, 1957),
        (0, None),
        (1, 1970),
        (2**31, 2038),
        (2**32, 2106),
        (15_032_385_536, 2446),
    ],
)
def test_times_before_1970_are_times_unless_they_mean_unknown(value: float | str, year: int | None) -> None:
    """-1, the day before 1970 (zero in western zones), and the zeros of the 1904, 1901, 1601 and 1 epochs are None."""
    found = any_time(value)
    assert (None if found is None else found.low.year) == year
