"""Header sections among other bytes: where each begins and ends, with a shape as without, also for a HEAD."""

from __future__ import annotations

import pytest

from crawler.http.framing.header_section import BodyEnd, FramingError, parse_head
from crawler.http.framing.shape import Shapes
from crawler.http.framing.splitter import HeadScanner
from crawler.model import limits
from crawler.model.struct import replace
from tests.unit.http.test_shaped_responses import PLAIN, learnt, section

TIDY = section(1, 7)
UNTIDY = TIDY.replace(b"\r\n", b"\n")
CODED = TIDY.replace(b"Content-Length: 7", b"Transfer-Encoding: chunked")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


@pytest.mark.parametrize("is_head", [False, True])
@pytest.mark.parametrize("shapes", [Shapes(), learnt(PLAIN)])
@pytest.mark.parametrize("before", [b"", b"x\r\n\r\ny"])
@pytest.mark.parametrize("ahead", [b"", INTERIM, b"\r\n", INTERIM * 2])
@pytest.mark.parametrize("wanted", [TIDY, UNTIDY, CODED])
def test_a_header_section_begins_and_ends_where_it_does(
    wanted: bytes, ahead: bytes, before: bytes, shapes: Shapes, is_head: bool
) -> None:
    data = before + ahead + wanted + b"body 12\r\n\r\n" + TIDY
    found = HeadScanner(shapes).take(data, len(before), is_head=is_head)
    assert found is not None
    assert (found.start, found.stop) == (len(before + ahead), len(before + ahead + wanted))
    assert found.data == data
    assert replace(found.head, fields=list(found.head.fields)) == parse_head(wanted, is_head=is_head)


@pytest.mark.parametrize("is_head", [False, True])
@pytest.mark.parametrize("wanted", [TIDY, UNTIDY])
def test_a_header_section_may_come_byte_by_byte_among_others(wanted: bytes, is_head: bool) -> None:
    scanner = HeadScanner(learnt(PLAIN))
    for at in range(len(wanted) - 1):
        assert scanner.take(b"\n" + wanted[at : at + 1], 1, is_head=is_head) is None
        assert scanner.has_begun
    found = scanner.take(b"\n" + wanted[-1:] + b"rest", 1, is_head=is_head)
    assert found is not None
    assert (found.data, found.start, found.stop) == (wanted + b"rest", 0, len(wanted))
    assert replace(found.head, fields=list(found.head.fields)) == parse_head(wanted, is_head=is_head)
    assert not scanner.has_begun


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_header_section_and_its_values_are_kept_as_they_came(end: bytes) -> None:
    data = TIDY.replace(b"\r\n", b"\r\nX-A:\t Xx X \t\r\n", 1).replace(b"\r\n", end)
    head = parse_head(data)
    assert (head.data == data) is (end == b"\r\n"), "bare line feeds are rewritten for strict parsers"
    assert dict(head.fields)["X-A"] == "Xx X"
    assert (b" \t\r\n" in head.data) is (end == b"\r\n")


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_so_many_fields_are_read_and_no_more(end: bytes) -> None:
    start = end.join([b"HTTP/1.1 200 OK", b"Content-Length: 0", *[b"A: b"] * (limits.HEADER_COUNT - 1)])
    assert len(parse_head(start + 2 * end).fields) == limits.HEADER_COUNT
    with pytest.raises(FramingError):
        parse_head(start + end + b"A: b" + 2 * end)


@pytest.mark.parametrize(("digits", "is_length"), [("9" * 18, True), ("0" + "9" * 18, True), ("9" * 19, False)])
@pytest.mark.parametrize("times", [1, 2])
def test_so_long_a_length_is_read_and_no_longer(digits: str, is_length: bool, times: int) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + b"Content-Length: %s\r\n" % digits.encode() * times + b"\r\n"
    if is_length:
        assert (parse_head(data).length, parse_head(data).end) == (int(digits), BodyEnd.LENGTH)
    else:
        with pytest.raises(FramingError):
            parse_head(data)
