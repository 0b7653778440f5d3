"""Pages whose header sections have a shape are the same as if each of their fields had been looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.decoding import PlainPages, page_of
from crawler.http.response import WholeResponse
from crawler.model import limits
from crawler.model.network.shapes import HeaderShape

CONSTANT = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["text/html", "application/json; charset=utf-8", ""]),
        "Link": st.just("</b>; rel=next"),
        "retry-after": st.sampled_from(["5", ""]),
        "Transfer-Encoding": st.just("chunked"),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "", "br"]),
        "Connection": st.just("keep-alive"),
    },
)
VARYING = st.lists(st.sampled_from(["Content-Length", "content-length", "ETag", "Last-Modified", "date"]), unique=True)
VALUES = st.tuples(
    st.sampled_from([None, "", "Wed, 01 Jan 2025 12:00:00 GMT"]),
    st.sampled_from([None, "", '"1"', 'W/"2"']),
    st.sampled_from([None, "", "Wed, 01 Jan 2025 12:00:01 GMT", "later"]),
)


@given(CONSTANT, VARYING, st.lists(st.tuples(VALUES, st.binary(max_size=3)), min_size=1, max_size=3))
def test_a_page_is_that_of_its_fields(
    constant: dict[str, str], varying: list[str], found: list[tuple[tuple[str | None, ...], bytes]]
) -> None:
    shape = HeaderShape((*constant, *varying), constant)
    pages, present = PlainPages(), {name.lower() for name in varying}
    for values, body in found:
        there = [
            (value or "") if name in present else None
            for name, value in zip(("last-modified", "etag", "date"), values, strict=True)
        ]
        response = WholeResponse(200, body, f"http://h/{len(body)}/", shape, tuple(there))
        page = pages.page(response)
        is_coded = constant.get("Content-Encoding", "").strip() not in {"", "identity"}
        assert page == (None if is_coded else page_of(response, body))


def test_other_pages_are_left_to_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_RAW", 3)
    pages, shape = PlainPages(), HeaderShape((), {})
    assert pages.page(WholeResponse(200, b"", "u")) is None
    assert pages.page(WholeResponse(200, b"1234", "u", shape)) is None
    for _ in range(40):
        assert pages.page(WholeResponse(200, b"", "u", HeaderShape((), {}))) is not None
