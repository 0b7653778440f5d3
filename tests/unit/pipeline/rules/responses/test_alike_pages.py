"""Pages that are judged together: each condition under which the general rule has to judge them instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crawler.model.values import Span
from crawler.pipeline.rules.responses import pipelined
from crawler.pipeline.rules.responses.carried import History
from crawler.pipeline.rules.responses.neighbours import Facts, Row, all_facts
from tests.support.fakes import FakeReply
from tests.unit.pipeline.rules.responses.test_alike import reply

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
HTML = {"Content-Type": "text/html; charset=utf-8"}
ROWS = [Row(place="/a/"), Row(place="/b/", etag='"1"')]


def page(place: str, size: int = 50, constant: dict[str, str] | None = None, more: bytes = b"") -> FakeReply:
    title = f"<title>Index of {place}</title>".encode() + more
    return reply(size, HTML if constant is None else constant, None, None, title)


def unshaped() -> FakeReply:
    made = page("/b/")
    made.shape = None
    return made


def carrying(row: Row, facts: Facts) -> History:
    history = History()
    history.add(row, facts)
    return history


def test_pages_that_their_titles_tell_apart_are_proven() -> None:
    history = carrying(Row(place="/z/"), Facts(status=200, size=50, place="/z/"))
    found = pipelined.pages_verdict(ROWS, [page("/a/"), page("/b/", 60)], history, is_ended=True)
    assert found is not None
    assert (found.proven, found.findings.agreed, found.findings.is_doubtful) == ([True, True], 2, False)
    assert found.carried is history
    assert len(history) == 3
    assert not history.lacks_places(["/b/"])


@pytest.mark.parametrize(
    ("second", "make"),
    [
        (ROWS[1], lambda: None),
        (ROWS[1], unshaped),
        (ROWS[1], lambda: page("/c/")),
        (ROWS[1], lambda: page("")),
        (ROWS[1], lambda: page("/b/", constant={})),
        (ROWS[1], lambda: page("/b/", constant={"Content-Type": "text/plain"})),
        (ROWS[1], lambda: page("/b/", constant={**HTML, "content-encoding": "identity"})),
        (ROWS[1], lambda: page("/b/", more=b"HTTP/1.1 200 OK")),
        (Row(), lambda: page("/b/")),
        (Row(place="/a/"), lambda: page("/a/")),
        (Row(place="/b/", size=Span(50, 50)), lambda: page("/b/")),
        (Row(place="/b/", modified=Span(NOON, NOON)), lambda: page("/b/")),
        (Row(place="/b/", digest="md5:" + "0" * 32), lambda: page("/b/")),
        (Row(place="/b/", part="0-4"), lambda: page("/b/")),
    ],
)
def test_what_is_not_proven_by_its_title_alone_is_left_to_the_general_rule(
    second: Row, make: Callable[[], FakeReply | None]
) -> None:
    history = History()
    assert pipelined.pages_verdict([ROWS[0], second], [page("/a/"), make()], history, is_ended=True) is None
    assert pipelined.pages_verdict([second, ROWS[0]], [make(), page("/a/")], history, is_ended=True) is None
    assert len(history) == 0, "nothing is noted"


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        (Row(place="/b/"), Facts(status=200, size=9, place="/b/")),
        (Row(size=Span(9, 9)), Facts(status=304)),
    ],
)
def test_what_a_connection_has_carried_may_be_what_comes_again(row: Row, facts: Facts) -> None:
    responses = [page("/a/"), page("/b/", 60)]
    assert pipelined.pages_verdict(ROWS, responses, carrying(row, facts), is_ended=True) is None
    assert pipelined.pages_verdict(ROWS, responses, None, is_ended=False) is None
    assert pipelined.verdict(ROWS, all_facts(ROWS, responses), carrying(row, facts)).proven != [True, True]


def test_each_request_has_its_place_among_the_pages() -> None:
    with pytest.raises(ValueError, match="shorter"):
        pipelined.pages_verdict(ROWS, [page("/a/")], None, is_ended=True)
