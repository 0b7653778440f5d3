"""A large file in ranges: when, of what size, and which responses are used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.values import Validators
from crawler.pipeline.fetch.ranges import Whole, mismatch, piece_size, whole
from crawler.pipeline.rules.responses.verdict import Action, Verdict

MIB = limits.MIB
MODIFIED = "Wed, 01 May 2024 12:00:00 GMT"
STRONG = Validators(etag='"1"', last_modified=MODIFIED)
DATED = Validators(last_modified=MODIFIED)
LENGTH = 64 * MIB
GOOD = {"Content-Length": str(LENGTH), "Accept-Ranges": "bytes"}
SAVE = Action(verdict=Verdict.SAVE, length=LENGTH, limit=LENGTH)
REST = Action(verdict=Verdict.SAVE, length=LENGTH, limit=LENGTH, offset=MIB)
NEARLY_ALL = Action(verdict=Verdict.SAVE, length=LENGTH, limit=LENGTH, offset=LENGTH - limits.SEGMENTED_BODY + 1)
OF = Whole(length=1000, validators=STRONG)
OF_DATE = Whole(length=1000, validators=DATED)
ANSWER = {"Content-Range": "bytes 100-199/1000", "Content-Length": "100", "ETag": '"1"', "Last-Modified": MODIFIED}


@pytest.mark.parametrize(
    ("action", "headers", "validators", "possible"),
    [
        (SAVE, GOOD, STRONG, True),
        (SAVE, GOOD, DATED, True),
        (REST, {"Content-Length": "5"}, STRONG, True),
        (SAVE, GOOD, Validators(), False),
        (SAVE, {"Content-Length": "5"}, STRONG, False),
        (SAVE, GOOD | {"Accept-Ranges": "none"}, STRONG, False),
        (SAVE, GOOD | {"Accept-Ranges": "pages, Bytes"}, STRONG, True),
        (SAVE, GOOD | {"Accept-Ranges": "bytes,pages"}, STRONG, True),
        (SAVE, {"Accept-Ranges": "bytes"}, STRONG, False),
        (SAVE, GOOD | {"Transfer-Encoding": "chunked"}, STRONG, False),
        (SAVE, GOOD | {"Content-Encoding": "gzip"}, STRONG, False),
        (SAVE, GOOD | {"Content-Encoding": "identity"}, STRONG, True),
        (Action(verdict=Verdict.SAVE, limit=LENGTH), GOOD, STRONG, False),
        (Action(verdict=Verdict.SAVE, length=limits.SEGMENTED_BODY - 1), GOOD, STRONG, False),
        (NEARLY_ALL, GOOD, STRONG, False),
    ],
)
def test_a_body_is_fetched_in_ranges_only_if_all_can_be_proven_to_be_of_one_version(
    action: Action, headers: dict[str, str], validators: Validators, possible: bool
) -> None:
    expected = Whole(length=LENGTH, validators=validators) if possible else None
    assert whole(action, headers, validators) == expected


@pytest.mark.parametrize(
    ("status", "of", "change", "used"),
    [
        (206, OF, {}, True),
        (206, OF, {"Content-Range": " Bytes 100-199/1000 "}, True),
        (206, OF, {"Last-Modified": None}, True),
        (206, OF_DATE, {"ETag": None}, True),
        (200, OF, {}, False),
        (416, OF, {}, False),
        (404, OF, {}, False),
        (206, OF, {"Content-Range": None}, False),
        (206, OF, {"Content-Range": "bytes 100-199/*"}, False),
        (206, OF, {"Content-Range": "bytes 100-199/1001"}, False),
        (206, OF, {"Content-Range": "bytes 99-198/1000"}, False),
        (206, OF, {"Content-Range": "bytes 100-198/1000", "Content-Length": "99"}, False),
        (206, OF, {"Content-Range": None, "Content-Type": "multipart/byteranges; boundary=B"}, False),
        (206, OF, {"Content-Type": "multipart/byteranges; boundary=B"}, False),
        (206, OF, {"Content-Type": "multipart/related"}, True),
        (206, OF, {"Content-Length": "99"}, False),
        (206, OF, {"Content-Length": None}, False),
        (206, OF, {"Content-Encoding": "gzip"}, False),
        (206, OF, {"ETag": '"2"'}, False),
        (206, OF, {"ETag": 'W/"1"'}, False),
        (206, OF, {"ETag": None}, False),
        (206, OF, {"Last-Modified": "Wed, 01 May 2024 12:00:01 GMT"}, False),
        (206, OF_DATE, {"ETag": None, "Last-Modified": "Wed, 01 May 2024 12:00:01 GMT"}, False),
        (206, OF_DATE, {"ETag": None, "Last-Modified": None}, False),
        (206, OF_DATE, {}, False),
    ],
)
def test_a_response_is_used_only_if_it_is_exactly_what_was_requested(
    status: int, of: Whole, change: dict[str, str | None], used: bool
) -> None:
    headers = {name: value for name, value in (ANSWER | change).items() if value is not None}
    assert (mismatch(status, headers, 100, 200, of) is None) is used


@pytest.mark.parametrize(
    ("left", "streams", "size"),
    [
        (64 * MIB, 4, 4 * MIB),
        (100 * MIB, 3, 5_592_405),  # half of the data that may wait, in whole bytes
        (10 * MIB + 1, 3, 3_495_253),  # a third of the remainder, in whole bytes
        (600 * limits.KIB, 8, limits.PIECE_LEAST),
        (2 * limits.PIECE_LEAST, 8, limits.PIECE_LEAST),
        (2 * limits.PIECE_LEAST - 1, 8, 2 * limits.PIECE_LEAST - 1),
        (1, 1, 1),
    ],
)
def test_how_large_a_range_is(left: int, streams: int, size: int) -> None:
    found = piece_size(left, streams)
    assert (found, type(found)) == (size, int)


@given(length=st.integers(1, 1 << 42), streams=st.integers(1, 1000))
def test_ranges_fit_into_memory_and_none_is_tiny(length: int, streams: int) -> None:
    size = piece_size(length, streams)
    assert min(length, limits.PIECE_LEAST) <= size <= length
    assert size <= max(2 * limits.PIECE_LEAST, limits.PIECES_AHEAD // (2 * streams) + limits.PIECE_LEAST)
    assert length - size == 0 or length - size >= limits.PIECE_LEAST


def test_no_connection_gets_much_more_of_a_file_than_its_share() -> None:
    left, shares = 24 * MIB, []
    while left:
        shares.append(piece_size(left, 8))
        left -= shares[-1]
    assert max(shares) <= 3 * MIB
    assert shares[-1] < 2 * limits.PIECE_LEAST


@pytest.mark.parametrize(
    ("status", "change", "text"),
    [
        (200, {}, "HTTP 200 in response to a range request"),
        (206, {"Content-Range": "bytes 0-99/1000"}, "the server sent another range"),
        (206, {"ETag": '"2"'}, "the file changed meanwhile"),
        (206, {"Content-Length": "99"}, "length and range of the response disagree"),
    ],
)
def test_a_user_reads_why_a_range_is_not_used(status: int, change: dict[str, str], text: str) -> None:
    assert mismatch(status, ANSWER | change, 100, 200, OF) == text


@pytest.mark.parametrize(("offset", "possible"), [(0, True), (1, False)])
def test_the_smallest_body_that_is_fetched_in_ranges(offset: int, possible: bool) -> None:
    length = limits.SEGMENTED_BODY
    action = Action(verdict=Verdict.SAVE, length=length, offset=offset)
    assert (whole(action, GOOD, STRONG) is not None) is possible


@pytest.mark.parametrize(
    ("left", "streams", "size"),
    [
        (1 << 40, 2, limits.PIECES_AHEAD // 4),
        (1 << 40, 4, limits.PIECES_AHEAD // 8),
        (1 << 40, 1_000, limits.PIECE_LEAST),
        (limits.PIECE_LEAST, 4, limits.PIECE_LEAST),
        (2 * limits.PIECE_LEAST, 4, limits.PIECE_LEAST),
        (2 * limits.PIECE_LEAST - 1, 4, 2 * limits.PIECE_LEAST - 1),
        (1, 4, 1),
    ],
)
def test_how_large_the_next_range_is(left: int, streams: int, size: int) -> None:
    assert piece_size(left, streams) == size
