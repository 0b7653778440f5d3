"""A listing arrives unchanged from another process, and nothing but a listing is accepted."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.values import Entry, Kind, Listing, Rejection, Span
from crawler.workers.listing_codec import decode_listing, encode_listing, is_last

texts = st.text(st.characters(codec=None), max_size=20)
moments = st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=-3, minutes=-30))))
entries = st.builds(
    Entry,
    name=texts,
    kind=st.sampled_from(Kind),
    url=texts,
    size=st.none() | st.builds(Span, st.integers(0), st.integers(0)),
    modified=st.none() | st.builds(Span, moments, moments),
    row=texts,
    folder=texts,
    digest=st.none() | texts,
    etag=st.none() | texts,
    external=st.booleans(),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "url": texts,
    "family": texts,
    "confidence": st.floats(0, 1),
    "is_listing": st.booleans(),
    "complete": st.booleans(),
    "closed": st.booleans(),
    "entries": st.lists(entries, max_size=5).map(tuple),
    "rejections": st.lists(st.builds(Rejection, texts, texts, texts), max_size=3).map(tuple),
    "next_pages": st.lists(texts, max_size=3).map(tuple),
    "mentioned": st.frozensets(texts, max_size=3),
    "conclusive": st.booleans(),
    "flaws": st.lists(st.builds(Flaw, st.sampled_from(FlawKind), texts), max_size=3).map(tuple),
    "claims": st.lists(
        st.builds(Claim, st.sampled_from(ClaimKind), texts, st.integers(0), st.integers(0)), max_size=3
    ).map(tuple),
    "is_blank": st.booleans(),
}
"""Field of a listing → its values."""
listings = st.builds(Listing, **FIELDS)


def test_every_field_of_a_listing_is_sent() -> None:
    """But two, which are no matter of the page: one is for entries from the state, one from a field of the response."""
    assert {*FIELDS, "recalled", "linked"} == {*Listing.__struct_fields__}


@given(listing=listings)
@settings(max_examples=100, deadline=None)
def test_a_listing_is_decoded_as_it_was_encoded(listing: Listing) -> None:
    frames = list(encode_listing(listing))
    assert [is_last(frame) for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert decode_listing(frames) == listing


def test_a_long_listing_has_many_frames() -> None:
    rows = tuple(Entry(name=str(number), kind=Kind.FILE, url=f"http://h/{number}") for number in range(9_000))
    links = tuple(Rejection("sort", str(number)) for number in range(3_000))
    listing = Listing(url="http://h/", family="x", confidence=1.0, is_listing=True, entries=rows, rejections=links)
    frames = list(encode_listing(listing))
    assert len(frames) == 5 + 2 + 1
    assert decode_listing(frames) == listing


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'["entries", []]',
        b'["listing", []]',
        b'["listing", [[1, "x", 1.0, true, true], []]]',
        b'["entries", [[]]]',
        b'["entries", [["a", "no kind", "u", "", "", false, null, null, null, null]]]',
        b'["entries", [["a", "file", "u", "", "", false, ["1e9", 1], null, null, null]]]',
        b'["entries", [["a", "file", "u", "", "", false, null, ["yesterday", "today"], null, null]]]',
        b'["entries", [[["a"], "file", "u", "", "", false, null, null, null, null]]]',
    ],
)
def test_any_other_input_is_refused(frame: bytes) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        decode_listing([frame])
