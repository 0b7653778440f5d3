"""Responses of one shape: which are taken together, and that each has its own values and no others."""

from __future__ import annotations

import pytest

from crawler.http.framing.header_section import parse_head
from crawler.http.framing.shape import ShapedFields, Shapes, shape_of
from crawler.model.struct import replace

PLAIN, IMAGE = "text/plain", "image/png"


def section(number: int, size: int, kind: str = PLAIN, *, start: str = "HTTP/1.1 200 OK", etag: bool = True) -> bytes:
    """A header section whose values that may differ hold ``number``."""
    lines = [
        start,
        f"Content-Type: {kind}",
        f"Last-Modified: modified {number}",
        f"Content-Length: {size}",
        *([f'ETag: "{number}"'] * etag),
        f"date: date {number}",
        "Connection: keep-alive",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def wire(*files: tuple[str, int]) -> bytes:
    return b"".join(section(number, size, kind) + b"x" * size for number, (kind, size) in enumerate(files))


def learnt(*kinds: str) -> Shapes:
    shapes = Shapes()
    for kind in kinds:
        shapes.learn(section(99, 5, kind), parse_head(section(99, 5, kind)))
    return shapes


FILES = [(PLAIN, 0), (PLAIN, 7), (PLAIN, 12)]
MIXED = [(PLAIN, 1), (IMAGE, 2), (IMAGE, 3), (PLAIN, 4)]


@pytest.mark.parametrize(
    ("files", "lacking", "tail", "most", "count", "expected"),
    [
        (FILES, 0, b"", 100, 9, 3),
        (FILES, 0, b"", 100, 3, 3),
        (FILES, 0, b"", 100, 2, 2),
        (FILES, 0, b"", 100, 0, 0),
        (FILES, 0, b"", 12, 9, 3),
        (FILES, 0, b"", 11, 9, 2),
        (FILES, 0, b"", 6, 9, 1),
        (FILES, 1, b"", 100, 9, 2),
        (FILES, 12, b"", 100, 9, 2),
        (FILES, 13, b"", 100, 9, 2),
        (FILES, 0, b"HTTP/1.1 404 x\r\n\r\n", 100, 9, 3),
        (FILES, 0, section(9, 5, "video/ogg"), 100, 9, 3),
        (MIXED, 0, b"", 100, 9, 4),
        (MIXED, 0, b"", 100, 3, 3),
        (MIXED, 0, b"", 100, 2, 2),
        (MIXED, 0, b"", 2, 9, 2),
        ([], 0, b"", 100, 9, 0),
        ([], 0, b"HTTP/1.1 404 x\r\n\r\n", 100, 9, 0),
    ],
)
def test_complete_responses_are_taken_together_as_long_as_a_shape_fits(
    files: list[tuple[str, int]], lacking: int, tail: bytes, most: int, count: int, expected: int
) -> None:
    before, whole = b"junk", wire(*files)
    data = before + whole[: len(whole) - lacking] + tail
    found, stop = learnt(PLAIN, IMAGE).responses(data, len(before), most, count)
    assert [(each.varying, each.body, each.shape.constant["Content-Type"]) for each in found] == [
        ((f"modified {number}", f'"{number}"', f"date {number}"), b"x" * size, kind)
        for number, (kind, size) in enumerate(files[:expected])
    ]
    assert stop == len(before) + len(wire(*files[:expected]))


def test_one_shape_takes_its_own_responses_alone() -> None:
    shape = shape_of(section(99, 5), parse_head(section(99, 5)))
    assert shape is not None
    found, stop = shape.responses(wire(*MIXED), 0, 100, 9)
    assert [each.body for each in found] == [b"x"]
    assert stop == len(wire(MIXED[0]))


@pytest.mark.parametrize("etag", [True, False])
@pytest.mark.parametrize("minor", [0, 1])
def test_each_response_has_its_own_fields(etag: bool, minor: int) -> None:
    start = f"HTTP/1.{minor} 200 OK"
    first, other = (section(number, 9, start=start, etag=etag) for number in (1, 2))
    shape = shape_of(first, parse_head(first))
    assert shape is not None
    assert shape.common.minor == minor
    found = shape.match(b"junk" + other, 4)
    assert found is not None
    head, stop = found
    assert stop == 4 + len(other)
    assert replace(head, fields=list(head.fields)) == parse_head(other)
    assert isinstance(head.fields, ShapedFields)
    assert head.fields.values == ("modified 2", '"2"' if etag else None, "date 2")
    assert (head.minor, head.length, head.data) == (minor, 9, other)


def test_chunked_responses_are_taken_together_as_far_as_their_bodies_are_there() -> None:
    chunked = b"Transfer-Encoding: chunked"
    pages = [section(number, 0).replace(b"Content-Length: 0", chunked) for number in range(3)]
    shapes = learnt(PLAIN)
    shapes.learn(pages[0], parse_head(pages[0]))
    found = shapes.match(pages[1], 0)
    assert found is not None
    assert replace(found[0], fields=list(found[0].fields)) == parse_head(pages[1])
    data = b"".join(page + b"1\r\n%d\r\n0\r\n\r\n" % number for number, page in enumerate(pages))
    for lacking, expected in ((0, 3), (1, 2), (10, 2)):
        some, stop = shapes.responses(data[: len(data) - lacking], 0, 9, 9)
        assert [(each.body, each.varying[0]) for each in some] == [
            (b"%d" % number, f"modified {number}") for number in range(expected)
        ]
        assert stop == len(data) // 3 * expected


def test_fields_of_a_shape_are_equal_to_the_same_fields_in_whatever_form() -> None:
    shapes = learnt(PLAIN)
    one, same, other = (shapes.match(section(number, 9), 0) for number in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    fields = one[0].fields
    expected = [
        ("Content-Type", PLAIN), ("Last-Modified", "modified 1"), ("Content-Length", "9"), ("ETag", '"1"'),
        ("date", "date 1"), ("Connection", "keep-alive"),
    ]  # fmt: skip
    assert fields == expected
    assert fields == same[0].fields
    assert fields != other[0].fields
    assert hash(fields) == hash(same[0].fields) == hash(tuple(expected))
    assert (len(fields), fields[1], fields[-2:]) == (6, expected[1], expected[-2:])


@pytest.mark.parametrize(("length", "has_shape"), [(4096, True), (4097, False)])
def test_a_section_longer_than_usual_has_no_shape(length: int, has_shape: bool) -> None:
    rest = length - len(section(1, 5, ""))
    data = section(1, 5, "x" * rest)
    assert len(data) == length
    assert (shape_of(data, parse_head(data)) is not None) is has_shape


def test_a_section_that_does_not_fit_its_own_shape_is_what_parsing_it_finds() -> None:
    data = section(1, 5).replace(b"modified 1", b"\xe9")
    head = parse_head(data)
    assert Shapes().learn(data, head) is head


def test_the_shapes_that_fitted_last_are_kept() -> None:
    kinds = [f"x/{number}" for number in range(6)]
    shapes = learnt(*kinds)
    assert shapes.match(section(1, 5, kinds[0]), 0) is not None
    more = [f"y/{number}" for number in range(5)]
    for kind in more:
        shapes.learn(section(1, 5, kind), parse_head(section(1, 5, kind)))
    kept = [kind for kind in [*kinds, *more] if shapes.match(section(2, 5, kind), 0) is not None]
    assert kept == [kinds[0], *more]
    assert shapes.responses(wire((kinds[0], 3)), 0, 9, 9)[0]
    for kind in kinds[1:]:
        shapes.learn(section(1, 5, kind), parse_head(section(1, 5, kind)))
    assert shapes.match(section(2, 5, kinds[0]), 0) is not None
    assert all(shapes.match(section(2, 5, kind), 0) is None for kind in more)


def test_so_many_shapes_of_a_server_are_learnt_and_no_more() -> None:
    shapes = Shapes()
    data = [section(1, 5, f"x/{number}") for number in range(30)]
    learnt = [isinstance(shapes.learn(each, parse_head(each)).fields, ShapedFields) for each in data]
    assert learnt == [True] * 24 + [False] * 6
