"""Which lost requests had no response, and which of them may be repeated for free: every combination."""

from __future__ import annotations

import itertools
import ssl

import pytest

from crawler.http.framing.header_section import BodyEnd, FramingError, Head, NotAResponse
from crawler.http.lane.loss import End, Ending, excess, explained, losses, refusal, unreadable

EVERY = list(itertools.product(Ending, [False, True], [0, 1, 7]))


@pytest.mark.parametrize(("ending", "has_begun", "answered"), EVERY)
def test_only_the_first_can_be_broken_and_those_behind_it_are_free(
    ending: Ending, has_begun: bool, answered: int
) -> None:
    first, *others = losses(End(ending, "why"), 3, has_begun=has_begun, answered=answered)
    assert {(loss.ending, loss.detail) for loss in (first, *others)} == {(ending, "why")}
    assert first.is_broken is has_begun
    assert [(loss.is_broken, loss.is_free) for loss in others] == [(False, True)] * 2
    assert not (first.is_broken and first.is_free) or ending in {Ending.BAD_REQUEST, Ending.ANNOUNCED}


@pytest.mark.parametrize(("ending", "has_begun", "answered"), EVERY)
def test_the_first_is_free_if_a_used_connection_ended_without_a_word(
    ending: Ending, has_begun: bool, answered: int
) -> None:
    (first,) = losses(End(ending, ""), 1, has_begun=has_begun, answered=answered)
    can_be_a_race = ending in {
        Ending.CLOSED, Ending.EXCESS, Ending.FOLLOWED, Ending.GARBLED, Ending.RESET, Ending.TIMED_OUT,
    }  # fmt: skip
    is_race = can_be_a_race and not has_begun and answered > 0
    assert first.is_free is (is_race or ending in {Ending.BAD_REQUEST, Ending.ANNOUNCED})


@pytest.mark.parametrize(
    ("error", "at_first", "later"),
    [
        (NotAResponse(b"220 ready"), Ending.INVALID, Ending.GARBLED),
        (NotAResponse(b"\0\0"), Ending.GARBLED, Ending.GARBLED),
        (FramingError("two lengths"), Ending.INVALID, Ending.INVALID),
    ],
)
def test_what_is_no_response_on_a_used_connection_is_left_over(
    error: FramingError, at_first: Ending, later: Ending
) -> None:
    assert unreadable(error, answered=0) == End(at_first, str(error))
    for answered in (1, 7):
        assert unreadable(error, answered=answered) == End(later, str(error))


@pytest.mark.parametrize("status", [None, 200, 399, 400, 401, 407, 408, 409, 500])
@pytest.mark.parametrize(("is_shared", "is_used"), list(itertools.product([False, True], repeat=2)))
def test_a_400_may_be_for_any_of_several_requests_and_a_408_for_none(
    status: int | None, is_shared: bool, is_used: bool
) -> None:
    head = None if status is None else Head(status, b"", BodyEnd.LENGTH, 0, True, 1, ())
    endings = {(400, True): Ending.BAD_REQUEST, (408, True): Ending.TIMED_OUT}
    ending = endings.get((status or 0, is_shared if status == 400 else is_used))
    found = refusal(head, is_shared=is_shared, is_used=is_used)
    assert (found and found.ending) is ending


def test_nothing_in_flight_is_nothing_lost() -> None:
    assert losses(End(Ending.CLOSED, ""), 0, has_begun=True, answered=3) == []


FLAGS = list(itertools.product([False, True], repeat=3))
ALERT = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)")
ALERT.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(("has_begun", "has_head", "is_first"), FLAGS)
@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (ConnectionResetError(), ""),
        (ConnectionError("closed\x1b[2J"), "closed\\x1b[2J"),
        (RuntimeError("x" * 300), "x" * 200),
    ],
)
def test_a_connection_that_is_lost_with_an_error_was_reset(
    error: Exception, detail: str, has_begun: bool, has_head: bool, is_first: bool
) -> None:
    found = explained(error, has_begun=has_begun, has_head=has_head, is_first=is_first)
    assert found == End(Ending.RESET, detail)


@pytest.mark.parametrize(("has_begun", "has_head", "is_first"), FLAGS)
def test_an_orderly_end_cuts_a_body_and_a_tls_alert_refuses_only_the_first_request(
    has_begun: bool, has_head: bool, is_first: bool
) -> None:
    closed = explained(None, has_begun=has_begun, has_head=has_head, is_first=is_first)
    assert closed == End(Ending.CUT if has_head else Ending.CLOSED, "")
    alert = explained(ALERT, has_begun=has_begun, has_head=has_head, is_first=is_first)
    assert (alert.ending is Ending.REFUSED_BY_TLS) is (is_first and not has_begun)
    assert (alert.ending is Ending.RESET) is not (is_first and not has_begun)
    assert "certificate" in alert.detail


@pytest.mark.parametrize(
    ("before", "rest", "ending"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", Ending.EXCESS),  # only what follows the last response counts
        (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n", Ending.FOLLOWED),
        (b"body", b"\r\n HTTP/1.0 200", Ending.FOLLOWED),
        (b"", b"HTTP/", Ending.FOLLOWED),
        (b"HTTP/", b"HTTP", Ending.EXCESS),
        (b"body", b"x HTTP/1.1 200 OK", Ending.EXCESS),
    ],
)
def test_bytes_behind_the_last_response_are_another_one_if_they_begin_like_one(
    before: bytes, rest: bytes, ending: Ending
) -> None:
    assert excess(before + rest, len(rest)) is ending
