"""Bodies that another process cuts out are those that this program would cut out, wherever what arrives is divided."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.http.framing.header_section import parse_head
from crawler.http.framing.shape import Shapes
from crawler.model.network.alike_responses import LONGEST, AlikeResponses
from crawler.text.http_fields import STATUS_LINE, may_hold_response

TIMES = ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:21 GMT", None]
KINDS = ["text/plain", "application/octet-stream"]
PIECES = [b"", b"x" * 40, b"HTTP/1.1", b"HTTP/1.1 200 OK", b"HTTP/1.0 20", b"\r\n\r\n", b"HTTP/1.1 301 M\r\n\r\n"]


def response(body: bytes, kind: str, modified: str | None, date: str | None, tag: str | None, length: int) -> bytes:
    fields = {
        "Content-Type": kind,
        "Content-Length": str(length),
        "Last-Modified": modified,
        "Date": date,
        "ETag": tag,
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def shapes_of(*samples: bytes) -> Shapes:
    shapes = Shapes()
    for sample in samples:
        head = sample.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        shapes.learn(head, parse_head(head))
    return shapes


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[bytes], list[int]]:
    """Responses, and the sizes that were ordered, which are nearly always theirs."""
    found, sizes = list[bytes](), list[int]()
    has_date, has_tag = draw(st.booleans()), draw(st.booleans())
    time, tag = TIMES if has_date else [None], ['"a"', "W/'b", "c d"] if has_tag else [None]
    for _ in range(draw(st.integers(1, 5))):
        body = b"".join(draw(st.lists(st.sampled_from(PIECES[:3] * 3 + PIECES), max_size=3)))
        length = len(body) + draw(st.sampled_from([0] * 12 + [1, -1, 90]))
        kind = draw(st.sampled_from([KINDS[0]] * 5 + KINDS))
        made = draw(st.sampled_from(time[:2] or time)), draw(st.sampled_from(tag))
        found.append(response(body, kind, draw(st.sampled_from(TIMES)), *made, max(0, length)))
        sizes.append(len(body) + draw(st.sampled_from([0] * 12 + [1, -1])))
    return found, sizes


@settings(max_examples=300, deadline=None)
@given(stream=streams(), data=st.data())
def test_bodies_and_fields_are_those_that_a_lane_cuts_out(
    stream: tuple[list[bytes], list[int]], data: st.DataObject
) -> None:
    responses, sizes = stream
    whole = b"".join(responses)
    shapes = shapes_of(*responses[:1])
    expected, _ = shapes.responses(whole, 0, 1 << 20, len(sizes))
    alike = AlikeResponses(shapes.patterns(lambda _: True), STATUS_LINE.pattern, sizes)
    bodies, rest = list[bytes](), b""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)) | {0, len(whole)})
    for start, stop in pairwise(cuts):
        buffer = bytearray(rest + whole[start:stop])
        places, at = alike.read(buffer, len(buffer))
        bodies += [bytes(buffer[begin:end]) for begin, end in places]
        rest = bytes(buffer[at:])
        if alike.is_unexpected:
            break
    count = len(alike)
    assert len(bodies) == count <= len(expected)
    for place in range(count):
        each = expected[place]
        assert (bodies[place], len(bodies[place])) == (each.body, sizes[place])
        assert (alike.modified[place], alike.etags[place], alike.dates[place]) == each.varying
        assert not may_hold_response(each.body)
    if count < min(len(expected), len(sizes)):
        assert alike.is_unexpected, "what is complete and as ordered is read"
        other = len(expected[count].body) != sizes[count]
        assert other or may_hold_response(expected[count].body)
        assert alike.other_size == (len(expected[count].body) if other else None)


@settings(max_examples=200, deadline=None)
@given(stream=streams())
def test_header_sections_alone_say_the_same_as_with_their_bodies(stream: tuple[list[bytes], list[int]]) -> None:
    responses, sizes = stream
    patterns = shapes_of(*responses[:1]).patterns(lambda _: True)
    heads = [each[: each.index(b"\r\n\r\n") + 4] for each in responses]
    alone = AlikeResponses(patterns, STATUS_LINE.pattern, sizes)
    alone.add_heads(heads)
    plain = b"".join(head + bytes(max(0, size)) for head, size in zip(heads, sizes, strict=True))
    together = AlikeResponses(patterns, STATUS_LINE.pattern, sizes)
    together.read(plain, len(plain))
    assert (alone.modified, alone.etags, alone.dates) == (together.modified, together.etags, together.dates)
    assert alone.other_size == together.other_size


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"])
@pytest.mark.parametrize("at", [0, 1])
def test_header_sections_count_up_to_one_that_is_unlike_them(head: bytes, at: int) -> None:
    heads = [response(b"", KINDS[0], TIMES[place], None, None, 3) for place in range(2)]
    heads.insert(at, head)
    alone = AlikeResponses(PATTERN, STATUS_LINE.pattern, [3, 3, 3])
    alone.add_heads(heads)
    assert (alone.modified, alone.other_size) == (TIMES[:at], None)


def test_a_header_section_is_followed_by_nothing() -> None:
    alone = AlikeResponses(PATTERN, STATUS_LINE.pattern, [3])
    alone.add_heads([response(b"abc", KINDS[0], TIMES[0], None, None, 3)])
    assert len(alone) == 0


PATTERN = shapes_of(response(b"abc", KINDS[0], TIMES[0], None, None, 3)).patterns(lambda _: True)


@pytest.mark.parametrize(
    ("data", "is_unexpected", "other"),
    [
        (b"", False, None),
        (b"HTTP/1.1 200 OK\r\nContent-Ty", False, None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", True, None),
        (b"HTTP/1.1 200 OK\nContent-Type: text/plain\n\n", True, None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\n\r\n", True, None),
        (b"\n\n", True, None),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", True, None),
        (b"HTTP/1.1 100 Continue\r\n\r\n", True, None),
        (b"x" * LONGEST, False, None),
        (b"x" * (LONGEST + 1), True, None),
        (response(b"ab", KINDS[0], TIMES[1], None, None, 2), True, 2),
        (response(b"", KINDS[0], TIMES[1], None, None, 3), False, None),
        (response(b"abc", KINDS[1], TIMES[1], None, None, 3), True, None),
        (response(b"abc", KINDS[0], None, None, None, 3), True, None),
        (response(b"abc", KINDS[0], TIMES[1], TIMES[1], None, 3), True, None),
    ],
)
def test_what_is_no_response_like_the_others_is_noticed_at_once(
    data: bytes, other: int | None, *, is_unexpected: bool
) -> None:
    alike = AlikeResponses(PATTERN, STATUS_LINE.pattern, [3])
    assert alike.read(data, len(data)) == ([], 0)
    assert (alike.is_unexpected, alike.other_size, len(alike)) == (is_unexpected, other, 0)


def read(data: bytes, sizes: list[int], end: int | None = None) -> tuple[AlikeResponses, list[bytes], int]:
    """What is found in ``data`` up to ``end``: bodies, and the offset of what is left."""
    alike = AlikeResponses(PATTERN, STATUS_LINE.pattern, sizes)
    places, at = alike.read(data, len(data) if end is None else end)
    return alike, [data[start:stop] for start, stop in places], at


@pytest.mark.parametrize(
    ("body", "is_unexpected"),
    [(b"HTTP/1.1 200 OK\r\n", True), (b"a\nHTTP/1.0 404 Not Found", True), (b"of HTTP/1.1", False), (b"http", False)],
)
def test_a_body_that_may_hold_a_response_ends_the_reading(body: bytes, *, is_unexpected: bool) -> None:
    data = response(body, KINDS[0], TIMES[0], None, None, len(body))
    for more in (b"", response(b"x" * 99, KINDS[0], TIMES[0], None, None, 99)):
        alike, bodies, at = read(data + more, [len(body), 99])
        assert alike.is_unexpected is is_unexpected is may_hold_response(body)
        assert (bodies, at) == (([], 0) if is_unexpected else ([body, *([b"x" * 99] * bool(more))], len(data + more)))


def test_what_is_in_memory_behind_the_end_has_not_arrived() -> None:
    first = response(b"x" * LONGEST, KINDS[0], TIMES[0], None, None, LONGEST)
    for kind, length in ((KINDS[0], 4), (KINDS[0], 5), (KINDS[1], 4)):
        data = first + response(b"next", kind, TIMES[0], None, None, length)
        for end in range(len(first), data.rindex(b"\r\n\r\n")):
            alike, bodies, at = read(data, [LONGEST, 4], end)
            assert (bodies, at) == ([b"x" * LONGEST], len(first))
            assert (alike.is_unexpected, alike.other_size) == (False, None)


def test_the_fields_of_each_response_are_its_own() -> None:
    """Also where it has none, and the one before had one."""
    fields = [
        (None, None, None), (TIMES[0], TIMES[0], '"a"'), (TIMES[0], TIMES[1], '"a"'), (TIMES[1], TIMES[1], "W/'b"),
        (None, TIMES[1], None), (TIMES[1], None, None), (None, None, None),
    ]  # fmt: skip
    made = [response(b"x" * n, KINDS[0], modified, date, tag, n) for n, (modified, date, tag) in enumerate(fields)]
    alike = AlikeResponses(shapes_of(*made).patterns(lambda _: True), STATUS_LINE.pattern, range(len(made)))
    data = b"".join(made)
    places, at = alike.read(data, len(data))
    assert [stop - start for start, stop in places] == [*range(len(made))]
    assert (at, alike.is_unexpected) == (len(data), False)
    assert list(zip(alike.modified, alike.dates, alike.etags, strict=True)) == fields
    for each, (modified, date, tag) in zip(made, fields, strict=True):
        (found,), _ = shapes_of(each).responses(each, 0, 1 << 20, 1)
        assert found.varying == (modified, tag, date)


def test_there_are_patterns_of_accepted_shapes_with_a_length() -> None:
    shapes = shapes_of(response(b"", KINDS[0], None, None, None, 0), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")
    assert len(shapes.patterns(lambda _: True)) == 1
    assert len(shapes.patterns(lambda shape: shape.constant.get("Content-Type") == KINDS[0])) == 1
    assert shapes.patterns(lambda shape: shape.constant.get("Content-Type") == KINDS[1]) == []
    assert len(shapes._known) == 2


def test_other_patterns_are_tried_and_bytes_behind_the_last_response_are_left() -> None:
    samples = [response(b"", kind, TIMES[0], None, None, 0) for kind in KINDS]
    alike = AlikeResponses(shapes_of(*samples).patterns(lambda _: True), STATUS_LINE.pattern, [1, 2, 3])
    kinds = [KINDS[0], KINDS[1], KINDS[0]]
    data = b"".join(response(b"x" * n, kind, TIMES[n % 2], None, None, n) for n, kind in enumerate(kinds, 1))
    places, at = alike.read(data + b"more", len(data) + 4)
    assert [stop - start for start, stop in places] == [1, 2, 3]
    assert (at, alike.is_unexpected) == (len(data), False)
    assert alike.modified == [TIMES[1], TIMES[0], TIMES[1]]


@pytest.mark.parametrize(
    ("heads", "count", "other"),
    [
        ([], 0, None),
        ([(KINDS[0], 1), (KINDS[1], 2), (KINDS[0], 3)], 3, None),
        ([(KINDS[1], 1), (KINDS[1], 2), (KINDS[0], 3), (KINDS[0], 4)], 3, None),
        ([(KINDS[0], 1), (KINDS[1], 9), (KINDS[0], 3)], 1, 9),
        ([(KINDS[0], 1), ("text/html", 2), (KINDS[0], 3)], 1, None),
    ],
)
def test_heads_whose_bodies_are_elsewhere_are_read_up_to_one_that_is_unexpected(
    heads: list[tuple[str, int]], count: int, other: int | None
) -> None:
    samples = [response(b"", kind, TIMES[0], TIMES[1], tag, 0) for kind, tag in zip(KINDS, ['"a"', None], strict=True)]
    made = [response(b"", k, TIMES[n % 2], TIMES[1], '"b"' if k == KINDS[0] else None, n) for k, n in heads]
    alike = AlikeResponses(shapes_of(*samples).patterns(lambda _: True), STATUS_LINE.pattern, [1, 2, 3])
    alike.add_heads(made)
    assert (len(alike), alike.other_size) == (count, other)
    assert alike.modified == [TIMES[n % 2] for _, n in heads[:count]]
    assert alike.etags == ['"b"' if kind == KINDS[0] else None for kind, _ in heads[:count]]
    assert alike.dates == [TIMES[1]] * count
    behind = AlikeResponses(shapes_of(*samples).patterns(lambda _: True), STATUS_LINE.pattern, [1, 2, 3])
    behind.add_heads([each + b"x" for each in made])
    assert (len(behind), behind.other_size) == (0, None), "more than a header section"
