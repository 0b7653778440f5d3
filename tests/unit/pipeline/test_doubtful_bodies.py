"""Bodies that may belong to another response count when they have come twice."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.network.responses import Carrier
from crawler.pipeline.doubtful_bodies import DoubtfulBodies

A, B, C = "http://h/a", "http://h/b", "http://h/c"


def connection(url: str = "", digest: str = "") -> Carrier:
    """A connection that has carried the body with ``digest`` for ``url``."""
    carrier = Carrier()
    carrier.has_carried(url, digest)
    return carrier


@pytest.mark.parametrize(
    ("last", "size", "digest", "may_be_cut"),
    [*product((None, (A, "x"), (B, "x"), (A, "y")), (0, 3), (None, "x"), (False, True))],
)
def test_what_is_doubted(last: tuple[str, str] | None, size: int, digest: str | None, *, may_be_cut: bool) -> None:
    """For a body of B: one that the connection carried for A before, unless it is empty, and one that may be cut."""
    doubts, carrier = DoubtfulBodies(), None if last is None else connection(*last)
    is_repeated = last == (A, "x") and size > 0 and digest == "x"
    assert doubts.is_doubtful(B, size, digest, carrier, may_be_cut=may_be_cut) == (is_repeated or may_be_cut)
    if carrier is not None:
        assert carrier.is_suspect == is_repeated
    if is_repeated or may_be_cut:
        assert not doubts.is_doubtful(B, size, digest, connection(A, digest or ""), may_be_cut=may_be_cut), (
            "it came again"
        )


def test_a_content_that_several_files_have_is_doubted_once() -> None:
    doubts, carrier = DoubtfulBodies(), connection(A, "x")
    assert doubts.is_doubtful(B, 3, "x", connection(A, "x"), may_be_cut=False)
    assert not doubts.is_doubtful(B, 3, "x", carrier, may_be_cut=False)
    assert not doubts.is_doubtful(C, 3, "x", carrier, may_be_cut=False)
    assert not carrier.is_suspect
    assert doubts.is_doubtful(C, 3, "x", carrier, may_be_cut=True), "it may end like a response all the same"


def test_another_body_in_its_place_counts_at_once() -> None:
    doubts = DoubtfulBodies()
    assert doubts.is_doubtful(B, 3, "x", connection(A, "x"), may_be_cut=False)
    assert not doubts.is_doubtful(B, 3, "y", connection(), may_be_cut=False)


def test_whatever_else_a_suspect_connection_carries_must_come_twice() -> None:
    """The next request may have been sent before the body of the last one was looked at."""
    doubts, carrier = DoubtfulBodies(), connection(A, "x")
    assert doubts.is_doubtful(B, 3, "x", carrier, may_be_cut=False)
    assert doubts.is_doubtful(C, 3, "y", carrier, may_be_cut=False)
    assert doubts.is_doubtful(C, 0, None, carrier, may_be_cut=False)
    assert not doubts.is_doubtful(C, 3, "z", connection(), may_be_cut=False)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12, unique=True), st.data())
def test_connections_that_are_one_response_late_give_no_wrong_file(contents: list[int], data: st.DataObject) -> None:
    """Any response may be sent twice: then all that follow on its connection are late, until it is suspect."""
    doubts, carrier, queue, stored = DoubtfulBodies(), Carrier(), list[int](), dict[int, int]()
    for number, content in enumerate(contents):
        while number not in stored:
            queue.append(content)
            body = queue.pop(0)
            if data.draw(st.booleans()):
                queue.insert(0, body)
            if doubts.is_doubtful(f"http://h/{number}", 3, str(body), carrier, may_be_cut=False):
                carrier, queue = Carrier(), []
            else:
                stored[number] = body
    assert [stored[number] for number in range(len(contents))] == contents
