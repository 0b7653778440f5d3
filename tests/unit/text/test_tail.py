"""The last bytes of a body that arrives in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.text.http_fields import Tail


@given(st.lists(st.binary(max_size=9)), st.integers(1, 20))
def test_it_ends_with_as_much_as_was_asked_for_and_keeps_no_piece_more(pieces: list[bytes], least: int) -> None:
    tail = Tail(least)
    for piece in pieces:
        tail.add(piece)
    body, kept = b"".join(pieces), tail.joined()
    assert body.endswith(kept)
    assert len(kept) >= min(least, len(body))
    assert len(kept) - least < 9 + (not kept)
    assert bool(tail) is bool(pieces)
    tail.clear()
    assert (tail.joined(), bool(tail)) == (b"", False)
