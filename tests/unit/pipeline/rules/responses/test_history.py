"""What the summary of a connection answers: tables for each of its questions, whichever way the files were noted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import pytest

from crawler.model.values import Validators
from crawler.pipeline.rules.responses.carried import LONGEST, History, followers, history_of, may_follow
from crawler.pipeline.rules.responses.neighbours import Aspect, Facts, Row
from tests.unit.pipeline.rules.responses.samples import at, carried, ok, row

TAG = Validators(etag='"1"')
OTHER_TAG = Validators(etag='"2"')
SIZE_AND_PLACE = Aspect.SIZE | Aspect.PLACE


EMPTY = row(0, modified=at(0))
OTHER_EMPTY = row(0, modified=at(1))


def noted(*rows: Row, of_empty: Validators | None = None) -> History:
    history = History()
    history.add_files(rows, of_empty)
    return history


def mixed() -> History:
    """A history with 6 among the files that have been settled, and 7 among those that have not."""
    history = carried((row(6), ok(6)))
    history.add_files([row(7)])
    return history


EMPTIES = [partial(carried, (EMPTY, ok(0, of_empty=TAG))), partial(noted, EMPTY, of_empty=TAG)]
"""Histories with one empty file, noted in either way. The tables have functions, so that each test has its own."""


@pytest.mark.parametrize(
    ("make", "sizes", "empty", "more", "expected"),
    [
        (History, {5}, None, 0, True),
        (History, set(), None, LONGEST, True),
        (History, set(), None, LONGEST + 1, False),
        (partial(noted, row(5)), {5}, None, 0, False),
        (partial(noted, row(5)), {4, 6}, None, 0, True),
        (partial(carried, (row(5), ok(5))), {4, 5}, None, 0, False),
        (partial(carried, (row(5), ok(5))), {6}, None, 0, True),
        (partial(carried, (row(4, 6), ok(5))), {4}, None, 0, True),
        (partial(carried, (row(5, etag='"a"'), Facts(status=304, etag='"a"'))), {6}, None, 0, False),
        (mixed, {6}, None, 0, False),
        (mixed, {7}, None, 0, False),
        (mixed, {8}, None, 0, True),
        (mixed, {8}, None, LONGEST - 2, True),
        (mixed, {8}, None, LONGEST - 1, False),
        (partial(noted, *map(row, range(LONGEST))), {999}, None, 0, True),
        (partial(noted, *map(row, range(LONGEST))), {999}, None, 1, False),
        *((make, {0}, EMPTY, 0, True) for make in EMPTIES),
        *((make, {0, 5}, EMPTY, 0, True) for make in EMPTIES),
        *((make, {0}, OTHER_EMPTY, 0, False) for make in EMPTIES),
        *((make, {0}, None, 0, False) for make in EMPTIES),
        (partial(carried, (EMPTY, ok(0, of_empty=TAG)), (row(0, 9), ok(0))), {0}, EMPTY, 0, False),
        (partial(carried, (EMPTY, ok(0, of_empty=TAG)), (row(5), ok(5))), {0, 5}, EMPTY, 0, False),
        (partial(carried, (EMPTY, ok(0))), {0}, EMPTY, 0, False),
    ],
)
def test_whether_sizes_tell_files_from_all_that_was_carried(
    make: Callable[[], History], sizes: Collection[int], empty: Row | None, more: int, expected: bool
) -> None:
    assert make().lacks(sizes, empty, more) is expected
    assert more or make().lacks(sizes, empty) is expected


@pytest.mark.parametrize(
    ("make", "new", "expected"),
    [
        (History, row(5), True),
        (History, row(5, 6), False),
        (History, row(), False),
        (History, row(5, part="0-4"), False),
        (partial(noted, row(5)), row(5), False),
        (partial(noted, row(5)), row(6), True),
        (mixed, row(6), False),
        (mixed, row(7), False),
        (mixed, row(8), True),
        (partial(carried, (row(5, etag='"a"'), Facts(status=304, etag='"a"'))), row(6), False),
    ],
)
def test_whether_no_response_had_the_size_of_a_row(make: Callable[[], History], new: Row, expected: bool) -> None:
    history = make()
    assert (bool(history.new_sizes([new])) and new.part is None) is expected
    if expected:
        assert list(history.unlike(new, SIZE_AND_PLACE)) == []


def test_a_file_that_was_noted_with_others_is_the_same_suspect_as_one_noted_alone() -> None:
    alone, together = carried((row(5), ok(5)), (row(6), ok(6))), noted(row(5), row(6))
    expected = [row(5, place="-")]
    assert alone.suspects(row(5), Aspect.SIZE) == expected
    assert together.suspects(row(5), Aspect.SIZE) == expected
    assert len(alone) == len(together) == 2
    everything = [row(5, place="-"), row(6, place="-")]
    assert together.suspects(row(5), Aspect.TIME) == alone.suspects(row(5), Aspect.TIME) == everything
    assert len(together) == 2, "each is counted once, although it is in other collections now"
    assert together.suspects(row(5), Aspect.SIZE) == expected


PLACED = [
    (row(place="/a/"), ok(900, place="/a/")),
    (row(place="/b/"), ok(800, place="/b/")),
    (row(place="/c/"), Facts(status=304)),
    (row(5, etag='"a"'), Facts(status=304)),
    (row(7, etag='"a"'), Facts(status=304, etag='"a"')),
    (row(6), ok(6)),
]
A, B, C = row(900, place="/a/"), row(800, place="/b/"), row(place="/c/")
UNPROVEN, PROVEN = row(5, etag='"a"'), row(7, etag='"a"', place="-")
SIX = row(6, place="-")
BODILESS = [C, UNPROVEN, PROVEN]


@pytest.mark.parametrize(
    ("new", "confirmed", "expected"),
    [
        (row(900), Aspect.SIZE, [A, *BODILESS]),
        (row(901), Aspect.SIZE, BODILESS),
        (row(900, 901), Aspect.SIZE, [A, B, C, UNPROVEN, PROVEN, SIX]),
        (row(900), Aspect.TIME, [A, B, C, UNPROVEN, PROVEN, SIX]),
        (row(), Aspect.SIZE, [A, B, C, UNPROVEN, PROVEN, SIX]),
        (row(place="/a/"), Aspect.PLACE, [A, UNPROVEN]),
        (row(place="/z/"), Aspect.PLACE, [UNPROVEN]),
        (row(place="/a/"), Aspect.SIZE, [A, B, C, UNPROVEN, PROVEN, SIX]),
        (row(900, place="/b/"), SIZE_AND_PLACE, [A, *BODILESS]),
        (row(), Aspect.PLACE, [A, B, C, UNPROVEN, PROVEN, SIX]),
        (row(part="0-4"), SIZE_AND_PLACE, []),
    ],
)
def test_who_is_suspected(new: Row, confirmed: Aspect, expected: Sequence[Row]) -> None:
    history = carried(*PLACED)
    assert list(history.suspects(new, confirmed)) == expected
    assert list(history.unlike(new, confirmed)) == expected


def test_pages_are_noted_together_as_carried() -> None:
    rows = [row(place="/a/"), row(place="/b/", etag='"1"')]
    one_way, other = mixed(), mixed()
    one_way.add_pages(rows, [800, 900])
    for each, size in zip(rows, [800, 900], strict=True):
        other.add(each, ok(size, place=each.place))
    assert len(one_way) == len(other) == 4
    for new, confirmed in [
        (row(800), Aspect.SIZE),
        (row(7), Aspect.SIZE),
        (row(place="/b/"), Aspect.PLACE),
        (row(), Aspect.TIME),
    ]:
        assert one_way.suspects(new, confirmed) == other.suspects(new, confirmed)
    with pytest.raises(ValueError, match="shorter"):
        one_way.add_pages(rows, [800])


@pytest.mark.parametrize(
    ("seen", "places", "expected"),
    [
        ([], ["/a/"], True),
        ([(row(place="/a/"), ok(9, place="/a/"))], ["/b/", None], True),
        ([(row(place="/a/"), ok(9, place="/a/"))], ["/b/", "/a/"], False),
        ([(row(6), ok(6))], ["/a/"], True),
        ([(row(5), Facts(status=304))], ["/a/"], False),
    ],
)
def test_whether_a_place_tells_pages_from_all_that_was_carried(
    seen: list[tuple[Row, Facts]], places: list[str | None], expected: bool
) -> None:
    assert carried(*seen).lacks_places(places) is expected


def test_a_range_is_suspected_only_by_itself() -> None:
    history = carried((row(9, part="0-4"), Facts(status=206, size=9, part="0-4")))
    assert len(history) == 1
    assert history.suspects(row(9, part="0-4"), Aspect.PART) == [row(9, part="0-4")]
    assert history.suspects(row(9, part="5-"), Aspect.PART) == []
    assert history.suspects(row(9), Aspect.SIZE) == []
    assert may_follow([row(9, part="5-")], history)
    assert not may_follow([row(9, part="0-4")], history)


def test_files_noted_together_are_suspects_beside_all_others_of_their_size() -> None:
    first, second = (row(5), ok(5)), (row(7, etag='"a"'), Facts(status=304, etag='"a"'))
    history = carried(first, second)
    history.add_files([row(5, modified=at(1))])
    expected = carried(first, second, (row(5, modified=at(1)), ok(5))).suspects(row(5), Aspect.SIZE)
    assert sorted(map(repr, history.suspects(row(5), Aspect.SIZE))) == sorted(map(repr, expected))
    assert len(expected) == 3


@pytest.mark.parametrize("make", EMPTIES)
def test_an_empty_file_is_not_told_from_those_that_are_interchangeable(make: Callable[[], History]) -> None:
    history = make()
    assert history.may_repeat(EMPTY)
    assert not history.may_repeat(OTHER_EMPTY)
    assert history.of_empty == TAG
    assert len(history) == 1
    assert may_follow([EMPTY, EMPTY], history)
    assert may_follow([OTHER_EMPTY], history)
    assert not may_follow([row(0)], history)
    assert history.unlike(EMPTY, Aspect.SIZE) == []
    assert history.suspects(EMPTY, Aspect.SIZE) == [row(0, modified=at(0), place="-")]
    assert history.unlike(OTHER_EMPTY, Aspect.SIZE) == [row(0, modified=at(0), place="-")]


def test_an_empty_file_with_other_validators_ends_the_interchange() -> None:
    history = carried((EMPTY, ok(0, of_empty=TAG)))
    history.add(EMPTY, ok(0, of_empty=TAG))
    assert len(history) == 1, "it is the same as the one before"
    history.add(EMPTY, ok(0, of_empty=OTHER_TAG))
    assert len(history) == 2
    assert history.of_empty is None
    assert not history.may_repeat(EMPTY)
    assert len(history.unlike(EMPTY, Aspect.SIZE)) == 2


def test_the_first_empty_file_is_the_one_that_may_come_again() -> None:
    history = carried((EMPTY, ok(0, of_empty=TAG)), (OTHER_EMPTY, ok(0, of_empty=OTHER_TAG)))
    assert history.of_empty == TAG
    assert history.may_repeat(EMPTY)
    assert not history.may_repeat(OTHER_EMPTY)
    assert history.unlike(EMPTY, Aspect.SIZE) == [row(0, modified=at(1), place="-")]
    again = noted(row(5), EMPTY, of_empty=TAG)
    again.add_files([EMPTY, row(6)], TAG)
    assert len(again) == 3
    assert not again.lacks({5})
    assert not again.lacks({6})
    assert again.lacks({0}, EMPTY)


def test_files_without_an_empty_one_leave_none_to_come_again() -> None:
    history = noted(row(5))
    history.add_files([EMPTY], TAG)
    assert history.of_empty == TAG
    assert history.may_repeat(EMPTY)
    assert noted(row(5)).of_empty is None
    assert not noted(row(5)).may_repeat(EMPTY)


def test_followers_are_those_that_differ_from_all_and_for_which_there_is_room() -> None:
    history = carried((row(5), ok(5)))
    new = [row(5), row(6), row(4, 6), row(7), row(8, 9)]
    assert followers(new, history) == [1, 3, 4]
    assert followers(new, None) == [0, 1, 2, 3, 4]
    many = noted(*map(row, range(LONGEST - 2)))
    assert followers([row(0), *map(row, range(900, 905))], many) == [1, 2]
    assert not may_follow([row(900), row(901), row(902)], many)
    assert may_follow([row(900), row(901)], many)
    assert followers([row(900)], noted(*map(row, range(LONGEST + 1)))) == []


def test_a_connection_has_one_history() -> None:
    history = History()
    assert history_of(history) is history
    assert len(history_of(None)) == 0
