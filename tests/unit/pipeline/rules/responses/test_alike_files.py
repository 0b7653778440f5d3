"""Files that are judged together: each condition under which the general rule has to judge them instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crawler.model.values import Span, Validators
from crawler.pipeline.rules.responses import alike
from crawler.pipeline.rules.responses.carried import History
from crawler.pipeline.rules.responses.neighbours import Row
from tests.support.fakes import FakeReply
from tests.unit.pipeline.rules.responses.test_alike import EMPTY, ROW_TIMES, TIMES, reply

PLAIN = {"Content-Type": "text/plain"}
TAG, OTHER_TAG = '"1"', '"2"'


def row(size: int, **more: object) -> Row:
    return Row(size=Span(size, size), **more)  # type: ignore[arg-type]


def fits(size: int, modified: str | None = None, etag: str | None = None, start: bytes = b"x") -> FakeReply:
    return reply(size, PLAIN, modified, etag, start)


def unshaped() -> FakeReply:
    made = fits(20)
    made.shape = None
    return made


@pytest.mark.parametrize(
    ("second", "make"),
    [
        (row(20), lambda: None),
        (row(20), unshaped),
        (row(20), lambda: fits(21)),
        (row(20), lambda: reply(20, {"Content-Type": "text/html"}, None)),
        (row(20), lambda: fits(20, start=b"HTTP/1.1 200 OK")),
        (row(20, digest="md5:" + "0" * 32), lambda: fits(20)),
        (row(20, etag=TAG), lambda: fits(20)),
        (row(20, place="/a/"), lambda: fits(20)),
        (row(20, part="0-4"), lambda: fits(20)),
        (row(20, modified=ROW_TIMES[1]), lambda: fits(20, TIMES[1])),
        (row(0, digest="md5:" + "0" * 32), lambda: fits(0)),
        (Row(size=Span(20, 21)), lambda: fits(20)),
        (Row(), lambda: fits(20)),
        (row(5), lambda: fits(5)),
    ],
)
def test_what_is_not_proven_by_its_size_alone_is_left_to_the_general_rule(
    second: Row, make: Callable[[], FakeReply | None]
) -> None:
    for rows, replies in (([row(5), second], [fits(5), make()]), ([second, row(5)], [make(), fits(5)])):
        history = History()
        assert alike.verdict(rows, alike.sizes_of(rows), replies, history) is None
        assert len(history) == 0, "nothing is noted"


@pytest.mark.parametrize("modified", ROW_TIMES)
@pytest.mark.parametrize("given", [TIMES[0], TIMES[2], TIMES[3]])
@pytest.mark.parametrize("etag", [None, TAG])
def test_files_of_different_sizes_are_proven(
    modified: Span[object] | None, given: str | None, etag: str | None
) -> None:
    rows, history = [row(5), row(20, modified=modified)], History()
    found = alike.verdict(rows, alike.sizes_of(rows), [fits(5), fits(20, given, etag)], history)
    assert found is not None
    assert (found.proven, found.findings.agreed, found.findings.is_doubtful) == ([True, True], 2, False)
    assert found.carried is history
    assert len(history) == 2


@pytest.mark.parametrize(
    ("of_empty", "first", "second", "is_proven"),
    [
        (None, (TIMES[0], TAG), (TIMES[0], TAG), True),
        (None, (TIMES[0], TAG), (TIMES[0], OTHER_TAG), False),
        (None, (TIMES[0], TAG), (None, TAG), False),
        (None, (TIMES[0], TAG), (TIMES[0], None), False),
        (Validators(etag=TAG, last_modified=TIMES[0]), (TIMES[0], TAG), (TIMES[0], TAG), True),
        (Validators(etag=OTHER_TAG, last_modified=TIMES[0]), (TIMES[0], TAG), (TIMES[0], TAG), False),
        (Validators(etag=TAG), (TIMES[0], TAG), (TIMES[0], TAG), False),
    ],
)
def test_empty_files_need_the_same_validators_and_other_files_do_not(
    of_empty: Validators | None,
    first: tuple[str | None, str | None],
    second: tuple[str | None, str | None],
    is_proven: bool,
) -> None:
    history, rows = History(), [EMPTY, row(5), EMPTY]
    if of_empty is not None:
        history.add_files([EMPTY], of_empty)
        assert alike.may_follow(rows, alike.sizes_of(rows), history)
    replies = [fits(0, *first), fits(5, TIMES[1], '"5"'), fits(0, *second)]
    found = alike.verdict(rows, alike.sizes_of(rows), replies, history)
    assert (found is not None) is is_proven
    if is_proven:
        assert history.of_empty == Validators(etag=first[1], last_modified=first[0])
        assert len(history) == 2


def test_a_file_is_told_from_an_empty_one_that_came_before() -> None:
    history = History()
    history.add_files([EMPTY], Validators(etag=TAG))
    assert alike.verdict([row(5)], {5}, [fits(5, None, OTHER_TAG)], history) is not None
    assert history.of_empty == Validators(etag=TAG)
    assert alike.verdict([row(5)], {5}, [fits(5)], history) is None, "one of this size came before"


def test_each_request_has_its_place_among_the_files() -> None:
    with pytest.raises(ValueError, match="shorter"):
        alike.verdict([row(5), row(6)], {5, 6}, [fits(5)], None)
