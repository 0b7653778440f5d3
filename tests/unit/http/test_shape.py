"""A header section that has the shape of another one means what parsing it would find, and others have no shape."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from crawler.http.framing.chunks import ChunkScanner, tidy_body
from crawler.http.framing.header_section import BodyEnd, FramingError, parse_head
from crawler.http.framing.shape import ShapedFields, Shapes, shape_of
from crawler.http.framing.splitter import HeadScanner
from crawler.http.lane.reader import ResponseReader
from crawler.model.struct import replace

LINES = {
    "Server": ["nginx", "nginx/1.2 (x)", ""],
    "Date": ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:21 GMT", "", "x"],
    "Content-Type": ["text/plain", "text/html"],
    "Content-Length": ["0", "10", "123456789", "010", "-1", "1, 1", "", "9" * 19, "10 "],
    "Last-Modified": ["Tue, 14 Nov 2023 22:13:20 GMT", "yesterday", "", " x\t", "\xe9\xe8\xe7"],
    "ETag": ['"a-1"', 'W/"a-2"', '""', '"\xe9"', "x y", "a" * 300],
    "Connection": ["keep-alive", "close"],
    "Transfer-Encoding": ["chunked"],
    "Set-Cookie": ["a=b"],
    "X-\xe9": ["1"],
}
"""Fields of RFC 9110 and 9112, and their values: as servers send them, unusual ones and invalid ones."""
STARTS = [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 206 Partial",
    "HTTP/1.1 304 x",
    "HTTP/1.1 100 x",
]
ENDS = ["\r\n", "\n"]


@st.composite
def sections(draw: st.DrawFn, likely: int = 4) -> tuple[str, list[tuple[str, str, str]]]:
    """The parts of a header section; most have the usual value of each of the usual fields."""
    names = draw(st.lists(st.sampled_from(list(LINES)[:6]), min_size=4, unique=True))
    names += draw(st.lists(st.sampled_from(list(LINES)), max_size=1)) if draw(st.integers(0, likely)) == 0 else []
    if draw(st.booleans()):
        names = [name for name in names if name != "Content-Length"] + ["Transfer-Encoding"]
    fields = []
    for name in names:
        value = draw(st.sampled_from(LINES[name])) if draw(st.integers(0, likely)) == 0 else LINES[name][0]
        spelling = name.lower() if draw(st.integers(0, 9)) == 0 else name
        fields.append((spelling, draw(st.sampled_from([" ", " ", " ", "", "  "])), value))
    return draw(st.sampled_from([STARTS[0]] * 6 + STARTS)), fields


def written(section: tuple[str, list[tuple[str, str, str]]], end: str = "\r\n") -> bytes:
    start, fields = section
    return (end.join([start, *(f"{name}:{blank}{value}" for name, blank, value in fields)]) + end * 2).encode("latin-1")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_section_of_a_shape_means_what_parsing_it_finds(data: st.DataObject) -> None:
    first = data.draw(sections())
    other = (
        first[0],
        [
            (
                name,
                blank,
                data.draw(st.sampled_from([value, *LINES[next(key for key in LINES if key.lower() == name.lower())]])),
            )
            for name, blank, value in first[1]
        ],
    )
    sample, section = written(first), written(other, data.draw(st.sampled_from(["\r\n"] * 8 + ["\n"])))
    try:
        shape = shape_of(sample, parse_head(sample))
        found = shape and shape.match(b"before" + section + b"after", 6)
        if found:
            head, stop = found
            expected = parse_head(section)
            assert stop == 6 + len(section)
            assert replace(head, fields=list(head.fields)) == expected
            assert CIMultiDict(head.fields) == CIMultiDict(expected.fields)
            assert isinstance(head.fields, ShapedFields)
            of = CIMultiDict(expected.fields)
            assert head.fields.values == (of.get("Last-Modified"), of.get("ETag"), of.get("Date"))
            is_chunked = head.end is BodyEnd.CHUNKED
            assert of.get("Content-Length") == (None if is_chunked else str(head.length))
            assert is_chunked == ("Transfer-Encoding" in of)
            assert "Set-Cookie" not in of
    except FramingError:
        return


USUAL = written((STARTS[0], [(name, " ", LINES[name][0]) for name in list(LINES)[:7]]))


@pytest.mark.parametrize("length", [0, 7, 10**17])
def test_responses_for_files_have_one_shape(length: int) -> None:
    shape = shape_of(USUAL, parse_head(USUAL))
    other = USUAL.replace(b"Content-Length: 0", b"Content-Length: %d" % length).replace(b'"a-1"', b'"b"')
    assert shape is not None
    found = shape.match(other, 0)
    assert found is not None
    assert (found[0].length, found[1]) == (length, len(other))
    assert shape_of(other, parse_head(other)) is shape


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"keep-alive", b"close"),
        (b"200 OK", b"206 Partial Content"),
        (b"200 OK", b"404 Not Found"),
        (b"Content-Length: 0", b"X: 0"),
        (b"Content-Length: 0", b"Content-Length: 0\r\nTransfer-Encoding: chunked"),
        (b"Content-Length: 0", b"Content-Length: 0\r\nContent-Length: 0"),
        (b"Server: nginx", b"Set-Cookie: a=b"),
        (b"Server: nginx", b"etag: 1"),
        (b"Server: nginx", b"Server: x" * 500),
        (b"\r\n", b"\n"),
    ],
)
def test_responses_that_end_otherwise_or_say_more_have_no_shape(old: bytes, new: bytes) -> None:
    section = USUAL.replace(old, new)
    assert shape_of(USUAL, parse_head(USUAL)) is not None
    assert shape_of(section, parse_head(section)) is None


@pytest.mark.parametrize("piece", [1, 50, 10_000])
def test_a_scanner_finds_the_same_with_a_shape_as_without(piece: int) -> None:
    scanner = HeadScanner()
    for number in range(5):
        section = USUAL.replace(b"Content-Length: 0", b"Content-Length: %d" % number)
        pieces = [section[at : at + piece] for at in range(0, len(section), piece)]
        found = [scanner.take(each, is_head=False) for each in pieces]
        assert found[:-1] == [None] * (len(pieces) - 1)
        assert found[-1] is not None
        assert replace(found[-1].head, fields=list(found[-1].head.fields)) == parse_head(section)


def test_a_server_that_changes_its_headers_each_time_gets_few_shapes() -> None:
    shapes, found = Shapes(), set[int]()
    for number in range(100):
        scanner = HeadScanner(shapes)
        one = scanner.take(USUAL.replace(b"nginx", b"nginx-%d" % number), is_head=False)
        assert one is not None
        if isinstance(one.head.fields, ShapedFields):
            found.add(id(one.head.fields.shape))
    assert 1 < len(found) < 50


def test_connections_to_a_host_share_its_shapes_and_each_type_of_file_has_its_own() -> None:
    shapes = Shapes()
    pages = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    for place, kind in enumerate([b"text/plain", b"image/png", b"video/ogg"] * 3):
        scanner = HeadScanner(shapes)
        page = scanner.take(pages, is_head=False)
        section = USUAL.replace(b"text/plain", kind)
        found = scanner.take(section, is_head=False)
        assert page is not None
        assert found is not None
        assert not isinstance(page.head.fields, ShapedFields)
        assert isinstance(found.head.fields, ShapedFields)
        assert found.head.fields.shape.constant["Content-Type"] == kind.decode()
        assert replace(found.head, fields=list(found.head.fields)) == parse_head(section)
        assert (shapes.match(section, 0) is not None) and (shapes.match(pages, 0) is None), place


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_responses_that_are_taken_together_are_those_that_a_scanner_finds_one_by_one(data: st.DataObject) -> None:
    kinds = [b"text/plain", b"image/png"]
    bodies = data.draw(st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 12)), max_size=5))
    wire = b"".join(
        USUAL.replace(b"text/plain", kind).replace(b"Content-Length: 0", b"Content-Length: %d" % size) + b"x" * size
        for kind, size in bodies
    )
    wire = wire[: len(wire) - data.draw(st.integers(0, 30))] + data.draw(st.sampled_from([b"", b"HTTP/1.1 404 x\r\n"]))
    shapes = Shapes()
    for kind in kinds[: data.draw(st.integers(1, 2))]:
        HeadScanner(shapes).take(USUAL.replace(b"text/plain", kind), is_head=False)
    most, count = data.draw(st.sampled_from([5, 100])), data.draw(st.integers(1, 6))
    expected, at = list[tuple[CIMultiDict[str], bytes]](), 0
    while len(expected) < count and (found := shapes.match(wire, at)) is not None:
        head, start = found
        if head.length > most or start + head.length > len(wire):
            break
        expected.append((CIMultiDict(head.fields), wire[start : start + head.length]))
        at = start + head.length
    together, stop = shapes.responses(wire, 0, most, count)
    assert [(CIMultiDict(each.shape.fields(len(each.body), each.varying)), each.body) for each in together] == expected
    assert stop == at


PAGE = USUAL.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
CHUNKS = ["3\r\nabc\r\n", "A\r\n0123456789\r\n", "5\r\n0\r\n\r\n\r\n", "05\r\nHTTP/\r\n", "3;x=y\r\nabc\r\n"]
CHUNKS += ["3\nabc\n", "3\r\nabcd\r\n", "3 \r\nabc\r\n", "x\r\n", "", "3\r\nab"]
LAST = ["0\r\n\r\n"] * 8 + ["0\r\nX: 1\r\n\r\n", "00\r\n\r\n", "0\n\n", "0\r\n", ""]


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    """A chunked body; most are as servers send them."""
    usual = draw(st.lists(st.sampled_from(CHUNKS[:3]), max_size=10))
    usual += draw(st.lists(st.sampled_from(CHUNKS), max_size=1)) if draw(st.integers(0, 3)) == 0 else []
    return "".join([*usual, draw(st.sampled_from(LAST))]).encode()


@settings(max_examples=400, deadline=None)
@given(
    body=chunked(), behind=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"0\r\n\r\n"]), most=st.sampled_from([5, 99])
)
def test_a_tidy_body_is_what_a_scanner_decodes(body: bytes, behind: bytes, most: int) -> None:
    scanner, pieces = ChunkScanner(), list[bytes]()
    wire = b"before" + body + behind
    found = tidy_body(wire, 6, most)
    if found is not None:
        end = 6 + scanner.take(wire[6:], pieces)
        assert scanner.is_over
        assert found == (b"".join(pieces), end)
        assert len(found[0]) <= most


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_pages_that_are_taken_together_are_those_that_a_reader_takes_one_by_one(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(st.tuples(st.sampled_from([PAGE, USUAL]), chunked()), min_size=1, max_size=5))
    wire = b"".join(head if head == USUAL else head + body for head, body in bodies)
    shapes, most = Shapes(), data.draw(st.sampled_from([5, 100]))
    for head in (PAGE, USUAL)[: data.draw(st.integers(1, 2))]:
        HeadScanner(shapes).take(head, is_head=False)
    together, stop = shapes.responses(wire, 0, most, len(bodies))
    at = 0
    for each in together:
        reader = ResponseReader()
        at = len(wire) - reader.take(wire, at, is_last=False)
        assert reader.is_over
        assert reader.head is not None
        assert (list(reader.head.fields), reader.body()) == (each.shape.fields(len(each.body), each.varying), each.body)
    assert at == stop


def test_pages_that_servers_send_are_taken_together() -> None:
    shapes = Shapes()
    HeadScanner(shapes).take(PAGE, is_head=False)
    wire = (PAGE + b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n") * 3
    found, stop = shapes.responses(wire, 0, 100, 16)
    assert [each.body for each in found] == [b"abc0123456789"] * 3
    assert stop == len(wire)
