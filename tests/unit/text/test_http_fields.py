"""HTTP header fields as values: dates in all formats, Retry-After, validators."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from crawler.model.values import Validators
from crawler.text import http_fields

MOMENT = 784111777.0
"""The example of RFC 9110 section 5.6.7."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", MOMENT),
        ("Sunday, 06-Nov-94 08:49:37 GMT", MOMENT),
        ("Sun Nov  6 08:49:37 1994", MOMENT),
        ("Sun, 06 Nov 1994 09:49:37 +0100", MOMENT),
        ("Sun, 06 Nov 1994 08:49:37 -0000", MOMENT),
        ("Xyz, 06 Nov 1994 08:49:37 GMT", MOMENT),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:60 GMT", 59.0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1.0),
        ("Sun, 07 Feb 2106 06:28:15 GMT", 4294967295.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0),
        ("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800.0),
    ],
)
def test_dates_are_read_in_all_formats(text: str, expected: float) -> None:
    assert http_fields.parse_http_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "yesterday", "0", "1715000000", "2024-05-01T12:00:00Z", "Sun, 31 Feb 2024 00:00:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1994 25:00:00 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 +9999", "Sun, 06 Nov 99999 08:49:37 GMT",
        ",,,,", "Sun, 06 Nov 1994", "\0", "Sun,  Nov 1994 08:49:37 GMT",
    ],
)  # fmt: skip
def test_an_invalid_date_is_none(text: str | None) -> None:
    assert http_fields.parse_http_date(text) is None


@given(st.text(max_size=40) | st.from_regex(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \w{3}", fullmatch=True))
def test_reading_dates_never_raises(text: str) -> None:
    assert isinstance(http_fields.parse_http_date(text), float | None)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_date_that_can_be_written_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert http_fields.parse_http_date(format_datetime(moment, usegmt=True)) == moment.timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("000003", 3.0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        ("Sun Nov  6 08:49:47 1994", 10.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, expected: float | None) -> None:
    assert http_fields.parse_retry_after(value, MOMENT) == expected


@pytest.mark.parametrize(
    ("etag", "strong"), [('"1"', True), ('""', True), ("1", True), ('W/"1"', False), ("W/", False), ("", False)]
)
def test_a_tag_is_strong_unless_it_is_weak_or_missing(etag: str, strong: bool) -> None:
    assert http_fields.is_strong_tag(etag) is strong
    assert not http_fields.is_strong_tag(None)


def test_validators_are_kept_as_received() -> None:
    found = http_fields.validators_of({"ETag": 'W/"a"', "Last-Modified": "some day"})
    assert found == Validators(etag='W/"a"', last_modified="some day")
    assert not http_fields.validators_of({})


def test_an_absent_field_gives_no_value() -> None:
    """Fields are looked up by their registered names, so any mapping is accepted."""
    assert http_fields.value_of({}, "Content-Length") == ""
    assert http_fields.value_of({"Content-Length": " 5\t"}, "Content-Length") == "5"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", False),
        (b"xHTTP/1.1 200", True),
        (b"HTTP/1.0 404 x", True),
        (b"HTTP/1.1 099", False),
        (b"http/1.1 200", False),
    ],
)
def test_a_body_may_hold_the_beginning_of_a_response(body: bytes, expected: bool) -> None:
    assert http_fields.may_hold_response(body) is expected


@pytest.mark.parametrize(
    ("value", "age"), [(None, 0), ("", 0), ("7", 7), ("7, 12", 12), ("12,7", 12), ("x7", 0), ("-7", 0), ("7s", 0)]
)
def test_an_age_is_the_largest_that_is_given(value: str | None, age: int) -> None:
    assert http_fields.parse_age(value) == age


@pytest.mark.parametrize(
    ("headers", "is_chunked", "has_end"),
    [
        ({}, False, False),
        ({"Transfer-Encoding": "Chunked"}, True, True),
        ({"Transfer-Encoding": "gzip, chunked"}, True, True),
        ({"Transfer-Encoding": "gzip"}, False, False),
        ({"Transfer-Encoding": "gzip", "Content-Length": "5"}, False, False),
        ({"Content-Length": "5"}, False, True),
        ({"Content-Length": "0"}, False, True),
        ({"Content-Length": "x"}, False, False),
        ({"Content-Encoding": "gzip"}, False, True),
        ({"Content-Encoding": "identity"}, False, False),
    ],
)
def test_whether_a_cut_body_would_be_noticed(headers: dict[str, str], is_chunked: bool, has_end: bool) -> None:
    assert http_fields.is_chunked(headers) is is_chunked
    assert http_fields.has_definite_end(headers) is has_end


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/byteranges; boundary=x", True),
        (" Multipart/ByteRanges", True),
        ("multipart/form-data", False),
        ("", False),
    ],
)
def test_a_body_of_several_ranges_says_so(content_type: str, expected: bool) -> None:
    assert http_fields.is_multipart({"Content-Type": content_type}) is expected


@pytest.mark.parametrize(
    ("values", "schemes"),
    [
        ([], ()),
        (['Basic realm="x"'], ("Basic",)),
        (['BASIC realm="Digest a, Negotiate b"'], ("Basic",)),
        (['Digest realm="a", nonce="b", qop="auth", Basic realm="c"'], ("Digest", "Basic")),
        (["Negotiate", "NTLM", "negotiate"], ("Negotiate", "Ntlm")),
        (['Bearer realm="a \\" b, Basic c"'], ("Bearer",)),
        (["A1 x, B2 x, C3 x, D4 x, E5 x, F6 x"], ("A1", "B2", "C3", "D4", "E5")),
        (["L" + "o" * 30 + " x"], ("L" + "o" * 19,)),
        (["A " + "x" * 1998 + ", B x"], ("A",)),
    ],
)
def test_which_logins_a_server_offers(values: list[str], schemes: tuple[str, ...]) -> None:
    assert http_fields.login_schemes(CIMultiDict([("WWW-Authenticate", value) for value in values])) == schemes
    if len(values) < 2:
        assert http_fields.login_schemes(dict.fromkeys(["WWW-Authenticate"] * len(values), "".join(values))) == schemes


STATUS = b"HTTP/1.1 408"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (b"", 0),
        (b"body", 4),
        (b"body" + STATUS, 4),
        (b"body" + STATUS + b" Request Timeout\r\n\r\n" + bytes(5000), 4),
        (b"bodyHTTP/1.0 500 x\r\n\r\nand more of itHTTP/1.1 408 x\r\n\r\n", 4),
        (b"GET / HTTP/1.1\r\nbody", 20),
        (b'"GET / HTTP/1.1" 200 17', 23),
        (b"HTTP/2.0 200", 12),
        (b"HTTP/1.2 200", 12),
        (b"HTTP/1.1 099", 12),
        (b"HHTTP/1.1 20", 1),
        (b"HTHTTP/", 2),
    ],
)
def test_where_another_response_may_begin_in_an_incomplete_body(end: bytes, expected: int) -> None:
    assert http_fields.certain_length(end) == expected


@given(st.binary(max_size=40), st.integers(0, 12))
def test_the_beginning_of_a_status_line_at_the_end_is_in_doubt(body: bytes, count: int) -> None:
    certain = http_fields.certain_length(body + STATUS[:count])
    assert certain <= len(body)
    assert certain == len(body) or b"H" in body


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (b"", False),
        (b"body", False),
        (b"bodyHTTP/1.1 40", False),
        (b"bodyHTTP/1.1 408", True),
        (b"bodyHTTP/1.1 408 Request Timeout\r\nContent-Le", True),
        (b"bodyHTTP/1.1 408 x\r\n\r\n", True),
        (b"bodyHTTP/1.1 408 x\r\nContent-Length: 3\r\n\r\n", True),
        (b"bodyHTTP/1.1 408 x\r\nContent-Length: 3\r\n\r\nab", True),
        (b"bodyHTTP/1.1 408 x\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"WARC/1.0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", False),
        (b'"GET / HTTP/1.1" 200 17\n', False),
    ],
)
def test_whether_a_body_may_end_with_the_beginning_of_another_response(end: bytes, expected: bool) -> None:
    assert http_fields.ends_in_response(end) is expected
