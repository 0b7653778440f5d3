"""How far away a host is, and whether it sends ranges, as far as its first responses show."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.sockets import first_responses, processors, tcp
from crawler.http.sockets.first_responses import FirstResponses, is_explained
from crawler.http.sockets.processors import Moment
from crawler.model import limits

FAR = limits.NEAR + 0.01


@pytest.mark.parametrize(
    ("worked", "waited", "count", "explained"),
    [
        (0.0, 0.0, 2, False),
        (0.02, 0.0, 2, False),
        (0.03, 0.0, 2, True),
        (0.0, 0.001, 2, False),
        (0.0, 0.02, 2, True),
        (0.0, 0.02, 1, False),
        (0.0, 0.03, 1, True),
        (0.02, 0.002, 2, True),
        (0.0, 0.001, 64, True),
        (0.08, 0.0, 2, True),
    ],
)
def test_what_explains_that_a_response_took_forty_milliseconds(
    worked: float, waited: float, count: int, explained: bool
) -> None:
    began, ended = Moment(7.0, 1.0, 500.0), Moment(7.04, 1.0 + worked, 500.0 + waited)
    assert is_explained(began, ended, count) is explained
    assert is_explained(began, Moment(ended.now, ended.worked, None), count) is None


@given(st.lists(st.floats(0, 0.1), min_size=2, max_size=8), st.floats(0.03, 1))
def test_a_wait_for_one_of_several_processors_explains_a_response_however_busy_the_others_are(
    used: list[float], elapsed: float
) -> None:
    """The system weights the time in which something waited for a processor by the time for which that was in use."""
    in_use = [elapsed, *(min(elapsed, each * elapsed * 10) for each in used)]
    weighted = elapsed * in_use[0] / sum(in_use)  # something waited for the first one, and for no other
    assert is_explained(Moment(0, 0, 0), Moment(elapsed, 0, weighted), len(in_use))


def first(times: str, monkeypatch: pytest.MonkeyPatch) -> FirstResponses:
    """The first responses of a host: u(nexplained), e(xplained), ? (not counted), q(uick); S(low), Q(uick): shared."""
    found, now = FirstResponses(), 0.0
    for each in times:
        if each in "SQ":
            found.note_shared(FAR if each == "S" else limits.NEAR / 3)
            continue
        began = Moment(now, 0.0, None if each == "?" else 0.0)
        assert (found.begin(now) is None) is (found.is_near is not None)
        now += limits.NEAR / 3 if each == "q" else FAR
        ended = Moment(now, FAR if each == "e" else 0.0, 0.0)
        monkeypatch.setattr(first_responses, "moment", lambda _now, ended=ended: ended)
        found.note(began, now, None, 200, {})
        monkeypatch.undo()
    return found


@pytest.mark.parametrize(
    ("times", "near"),
    [
        ("", None),
        ("u" * 3, None),
        ("u" * 4, False),
        ("e" * 100, None),
        ("eueueueu", False),
        ("?" * 19, None),
        ("?" * 20, False),
        ("q", True),
        ("uuuq", True),
        ("u" * 4 + "q", True),
        ("?" * 20 + "q", True),
        ("S" * 100, None),
        ("Q", True),
        ("eSQ", True),
        ("uuuQ", True),
        ("u" * 4 + "Q", False),
    ],
)
def test_a_host_is_distant_once_enough_slow_responses_have_no_other_reason(
    times: str, near: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first(times, monkeypatch).is_near is near


@pytest.mark.parametrize(
    ("round_trips", "took", "near"),
    [
        ([0.04], 0.041, False),
        ([0.015], 0.031, False),
        ([0.014], 0.2, None),
        ([0.1, 0.00002], 0.2, None),
        ([0.00002, 0.1], 0.2, None),
        ([0.04], 0.005, True),
        ([None], 0.2, None),
        ([None, 0.04], 0.2, False),
    ],
)
def test_the_round_trip_time_that_the_system_sees_proves_distance_at_once(
    round_trips: list[float | None], took: float, near: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shortest of all connections counts. A response that came sooner, as from a cache, contradicts it."""
    found = FirstResponses()
    monkeypatch.setattr(first_responses, "round_trip", lambda seen: seen)
    monkeypatch.setattr(first_responses, "moment", lambda now: Moment(now, now, 0.0))
    for each in round_trips:
        found.note(Moment(0.0, 0.0, 0.0), took, each, 200, {})
    assert found.is_near is near


@pytest.mark.parametrize(
    ("status", "headers", "sends"),
    [
        (200, {"Accept-Ranges": "bytes", "ETag": '"a"'}, True),
        (200, {"Accept-Ranges": "Bytes", "ETag": '"a"'}, True),
        (200, {"Accept-Ranges": "bytes", "ETag": 'W/"a"'}, False),
        (200, {"Accept-Ranges": "bytes"}, False),
        (200, {"Accept-Ranges": "none", "ETag": '"a"'}, False),
        (200, {"ETag": '"a"'}, False),
        (404, {"Accept-Ranges": "bytes", "ETag": '"a"'}, False),
    ],
)
def test_a_host_announces_ranges_with_a_file_of_which_two_can_be_joined(
    status: int, headers: dict[str, str], sends: bool
) -> None:
    found = FirstResponses()
    found.note(None, 0.0, None, status, headers)
    found.note(None, 0.0, None, 200, {})
    assert found.sends_ranges is sends


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"some avg10=97.19 avg60=85.09 avg300=52.64 total=43027930983\nfull avg10=0.00 total=7\n", 43027.930983),
        (b"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", 0.0),
        (b"", None),
        (b"some total=\n", None),
        (None, None),
    ],
)
def test_the_time_for_which_programs_have_waited_for_a_processor(
    text: bytes | None, seconds: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is unknown on systems that do not count it."""
    monkeypatch.setattr(processors, "_PRESSURE", tmp_path / "cpu")
    if text is not None:
        (tmp_path / "cpu").write_bytes(text)
    assert processors.waited() == seconds


async def test_the_round_trip_time_of_a_connection_on_this_machine_is_short_and_of_others_unknown() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    seen = tcp.round_trip(writer.get_extra_info("socket"))
    assert seen is None or 0 < seen < limits.NEAR / 2
    writer.close()
    server.close()
    await writer.wait_closed()
    assert tcp.round_trip(writer.get_extra_info("socket")) is None
    one, other = socket.socketpair()
    with one, other:
        assert tcp.round_trip(one) is None
    assert tcp.round_trip(None) is None
