"""Bodies that may belong to another response count when they have come twice."""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.response import WholeResponse
from crawler.model.errors import FetchError, VerificationError
from crawler.model.network.responses import Carrier, Turn
from crawler.model.values import Validators
from crawler.pipeline import doubtful_bodies
from crawler.pipeline.doubtful_bodies import Body, DoubtfulBodies, judged
from crawler.pipeline.rules.responses.evidence import Unwanted

A, B, C = "http://h/a", "http://h/b", "http://h/c"


class Run:
    """The doubts of a run; each response comes on ``carrier``."""

    def __init__(self) -> None:
        self.doubts, self.carrier = DoubtfulBodies(), Carrier()

    def doubts_about(
        self, url: str, digest: str | None, size: int = 3, *, etag: str = "e", may_be_cut: bool = False
    ) -> bool:
        body = Body(url, size, digest, Validators(etag=etag))
        return self.doubts.is_doubtful(body, self.carrier.next(), may_be_cut=may_be_cut)


@pytest.mark.parametrize(
    ("last", "size", "digest", "etag", "may_be_cut"),
    [*product((None, (A, "x"), (B, "x"), (A, "y"), (A, None)), (0, 3), (None, "x"), ("e", "f"), (False, True))],
)
def test_what_is_doubted(
    last: tuple[str, str | None] | None, size: int, digest: str | None, etag: str, *, may_be_cut: bool
) -> None:
    """For B: what the connection carried for A just before, with the same tag, if its digest is known, and what may be
    cut.
    """
    run = Run()
    if last is not None:
        assert not run.doubts_about(*last)
    is_repeated = last == (A, "x") and size > 0 and digest == "x" and etag == "e"
    assert run.doubts_about(B, digest, size, etag=etag, may_be_cut=may_be_cut) == (is_repeated or may_be_cut)
    assert run.carrier.is_suspect == is_repeated
    if is_repeated:
        assert run.doubts_about(B, digest, size, etag=etag, may_be_cut=may_be_cut), "again, but on the same connection"
        run.carrier = Carrier()
        assert run.doubts_about(B, digest, size, etag=etag, may_be_cut=may_be_cut) == may_be_cut
    if may_be_cut:
        assert not run.doubts_about(B, digest, size, etag=etag, may_be_cut=may_be_cut), "it came again"


def test_a_response_that_is_unknown_or_another_one_in_between_makes_a_difference() -> None:
    run = Run()
    run.doubts_about(A, "x")
    run.carrier.next()  # of a page, for example
    assert not run.doubts_about(B, "x")


def test_a_content_that_has_not_counted_yet_is_doubted_too() -> None:
    run = Run()
    assert run.doubts_about(A, "x", may_be_cut=True)
    assert run.doubts_about(B, "x")
    assert run.carrier.is_suspect


def test_a_content_that_several_files_have_is_doubted_once() -> None:
    run = Run()
    run.doubts_about(A, "x")
    assert run.doubts_about(B, "x")
    run.carrier = Carrier()
    assert [run.doubts_about(url, "x") for url in (B, C, A)] == [False, False, False]
    assert not run.carrier.is_suspect
    assert run.doubts_about(C, "x", may_be_cut=True), "it may end like a response all the same"


def test_a_content_that_comes_on_several_connections_is_not_doubted() -> None:
    run = Run()
    run.doubts_about(A, "x")
    run.carrier = Carrier()
    run.doubts_about(B, "x")
    assert not run.doubts_about(C, "x")


def test_another_body_in_its_place_counts_at_once() -> None:
    run = Run()
    run.doubts_about(A, "x")
    assert run.doubts_about(B, "x")
    run.carrier = Carrier()
    assert not run.doubts_about(B, "y")


def test_whatever_else_a_suspect_connection_carries_must_come_twice() -> None:
    """The next request may have been sent before the body of the last one was looked at."""
    run = Run()
    run.doubts_about(A, "x")
    assert run.doubts_about(B, "x")
    assert run.doubts_about(C, "y")
    run.carrier = Carrier()
    assert not run.doubts_about(C, "z")


def test_a_doubted_body_does_not_make_its_content_that_of_several_files() -> None:
    """A is requested on a connection that is one response late, and B gets its body; then A itself, on another one."""
    run = Run()
    run.doubts_about(C, "x")
    assert run.doubts_about(A, "x")
    assert run.doubts_about(B, "a"), "the connection is suspect"
    run.carrier = Carrier()
    assert not run.doubts_about(A, "a")
    assert run.doubts_about(B, "a"), "it was sent twice here, too"


def test_a_body_that_comes_twice_does_not_count_if_both_connections_are_suspect() -> None:
    run = Run()
    run.doubts_about(A, "x")
    assert run.doubts_about(B, "x")
    assert run.doubts_about(C, "y")
    run.carrier = Carrier()
    run.doubts_about(A, "x")
    assert run.doubts_about(B, "x")
    assert run.doubts_about(C, "y")
    run.carrier = Carrier()
    assert not run.doubts_about(C, "z")


class Late:
    """A connection on which any response may be sent twice: then all that follow are late."""

    def __init__(self, data: st.DataObject) -> None:
        self.carrier, self._data, self._queue = Carrier(), data, list[int]()
        self.arrived = deque[tuple[int, int, Turn]]()
        """(file, body, turn) of the responses that have yet to be judged."""

    def request(self, number: int) -> None:
        self._queue.append(number)
        body = self._queue.pop(0)
        if self._data.draw(st.booleans()):
            self._queue.insert(0, body)
        self.arrived.append((number, body, self.carrier.next()))


@given(st.integers(1, 7), st.integers(1, 2), st.data())
def test_connections_that_are_one_response_late_give_no_wrong_file(
    files: int, connections: int, data: st.DataObject
) -> None:
    """The next request may be sent before a body is judged; a connection is used until it is suspect."""
    doubts, due, stored = DoubtfulBodies(), list(range(files)), dict[int, int]()
    lanes = [Late(data) for _ in range(connections)]
    while len(stored) < files:
        place = data.draw(st.integers(0, connections - 1))
        lane = lanes[place]
        if due and not lane.carrier.is_suspect and not data.draw(st.booleans()):
            lane.request(due.pop(0))
        elif lane.arrived:
            number, body, turn = lane.arrived.popleft()
            if doubts.is_doubtful(Body(f"http://h/{number}", 3, str(body), Validators()), turn, may_be_cut=False):
                due.insert(0, number)
            else:
                stored[number] = body
        elif lane.carrier.is_suspect:
            lanes[place] = Late(data)
    assert stored == {number: number for number in range(files)}


def test_a_response_whose_body_has_arrived_is_judged_by_it() -> None:
    doubts, carrier = DoubtfulBodies(), Carrier()

    def is_doubtful(url: str, body: bytes, etag: str = "e") -> bool:
        return doubts.is_first_doubtful(WholeResponse(200, body, url, known={"ETag": etag}, turn=carrier.next()))

    assert not doubts.is_first_doubtful(None)
    assert not doubts.is_first_doubtful(WholeResponse(200, b"x", A))
    assert not is_doubtful(A, b"x")
    assert not is_doubtful(B, b"y")
    assert not is_doubtful(C, b"y", "f")
    assert not is_doubtful(A, b"")
    assert not is_doubtful(B, b"")
    assert not is_doubtful(A, b"z")
    assert is_doubtful(B, b"z")
    carrier = Carrier()
    assert not is_doubtful(B, b"z")


@pytest.mark.parametrize(
    ("status", "error", "is_suspected"),
    [
        (200, VerificationError("the size"), True),
        (206, FetchError("no such range", url=A), True),
        (200, Unwanted("the time"), False),
        (404, FetchError("HTTP 404", url=A), False),
        (302, FetchError("elsewhere", url=A), False),
        (304, FetchError("to a request without conditions", url=A), True),
    ],
)
@pytest.mark.parametrize("has_turn", [True, False])
def test_a_response_that_is_not_the_file_makes_its_connection_suspect(
    status: int, error: Exception, *, is_suspected: bool, has_turn: bool
) -> None:
    carrier = Carrier()
    response = WholeResponse(status, b"", A, turn=carrier.next() if has_turn else None)
    with judged(response):
        pass
    assert not carrier.is_suspect
    with pytest.raises(type(error)), judged(response):
        raise error
    assert carrier.is_suspect == (is_suspected and has_turn)


def test_not_all_contents_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubtful_bodies, "_MOST", 2)
    for others, is_known in (("", True), ("p", True), ("pq", False)):
        run = Run()
        run.doubts_about(A, "x")
        run.carrier = Carrier()
        run.doubts_about(B, "x")
        for other in others:
            run.doubts_about(C, other)
        run.doubts_about(A, "x")
        assert run.doubts_about(B, "x") is not is_known
