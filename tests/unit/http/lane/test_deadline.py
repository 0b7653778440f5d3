"""Deadlines of a lane, as tables of events by second."""

from __future__ import annotations

import pytest

from crawler.http.lane.deadline import Deadline, Patience
from crawler.model import limits


def test_the_window_of_the_minimum_speed_is_the_shorter_limit() -> None:
    assert Patience(10).window == 10
    assert Patience(1000).window == limits.MINIMUM_SPEED_WINDOW
    assert Patience(10, 5).too_slow == "slower than 5 B/s over 10 s"


def test_only_bytes_of_the_body_extend_the_wait() -> None:
    deadline = Deadline(Patience(10))
    assert deadline.until is None
    deadline.expect(100)
    assert deadline.until == 110
    assert deadline.received(0, 105), "the header section"
    assert deadline.until == 115
    assert deadline.received(0, 108), "framing"
    assert deadline.until == 115
    assert deadline.received(1, 109)
    assert deadline.until == 119
    assert deadline.received(1, 112)
    assert deadline.until == 119
    deadline.rest()
    assert deadline.until is None
    deadline.expect(200)
    assert deadline.until == 210
    assert deadline.received(1, 205), "of the next body"
    assert deadline.until == 215


def test_a_server_cannot_be_late_while_we_do_not_read() -> None:
    deadline = Deadline(Patience(10, min_speed=100))
    deadline.expect(0)
    assert deadline.received(500, 1)
    deadline.pause(2)
    assert deadline.until is None
    assert deadline.received(600, 3), "read before"
    assert deadline.until is None
    deadline.resume(50)
    assert deadline.until == 60
    assert deadline.received(900, 58), "10 seconds of reading, and 90 bytes a second would be too few"
    assert deadline.received(1000, 59)
    assert not deadline.received(1001, 70)


@pytest.mark.parametrize(("total", "is_fast"), [(999, False), (1000, True)])
def test_a_slow_body_is_noticed_after_each_window(total: int, is_fast: bool) -> None:
    deadline = Deadline(Patience(10, min_speed=100))
    deadline.expect(0)
    assert deadline.received(0, 5)
    assert deadline.received(total - 1, 14.9), "before the window ends"
    assert deadline.received(total, 15) is is_fast
    assert deadline.received(total + 1, 16)
    assert deadline.received(total + 1000, 25)
    assert not deadline.received(total + 1001, 35)


def test_without_a_minimum_no_body_is_too_slow() -> None:
    deadline = Deadline(Patience(10))
    deadline.expect(0)
    assert deadline.received(0, 1)
    assert deadline.received(1, 1000)
