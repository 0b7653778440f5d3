"""Which listing of a fallback may be followed: a table of every kind of row against every kind of file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Entry, Kind, Known, Span, Validators
from crawler.pipeline.rules.upstreams.ages import Age, Zone, age_of, common_offset, compare, is_older
from tests.unit.pipeline.rules.examples import HOUR, NOON, NOON_HTTP, SECOND, T

MINUTE = timedelta(seconds=59, microseconds=999_999)


def known(*, size: int = 1000, moment: str | None = NOON_HTTP, mtime: int = T, path: str = "a") -> Known:
    """A file that came from the first host."""
    validators = Validators(etag='"1"', last_modified=moment)
    return Known(
        path=path, url=f"http://a/{path}", row="as a prints it", size=size, mtime=mtime * SECOND, validators=validators
    )


def row(
    hours: float = 0, *, zone: bool = True, size: int | None = 1000, name: str = "a", width: timedelta = MINUTE
) -> Entry:
    """A row of the fallback, whose time begins ``hours`` after noon in UTC, or in a zone that it does not name."""
    low = NOON + timedelta(hours=hours)
    low = low if zone else low.replace(tzinfo=None)
    return Entry(
        name=name,
        kind=Kind.FILE,
        url=f"http://b/{name}",
        size=None if size is None else Span(size, size),
        modified=Span(low, low + width),
        row="as b prints it",
    )


TABLE = [
    # hours, zone named, offset of the other rows, size, age
    (0, True, None, 1000, Age.SAME),
    (0, True, None, None, Age.SAME),
    (0, True, None, 999, Age.UNCLEAR),
    (-1, True, None, 1000, Age.OLDER),
    (-1, True, None, 999, Age.OLDER),
    (1, True, None, 1000, Age.NEWER),
    (1, True, None, 999, Age.NEWER),
    (-1 / 60, True, None, 1000, Age.OLDER),  # the minute before
    (1 / 3600, True, None, 1000, Age.NEWER),
    (0, False, 0, 1000, Age.SAME),
    (0, False, 0, 999, Age.UNCLEAR),
    (0, False, None, 1000, Age.UNCLEAR),
    (2, False, 2 * HOUR, 1000, Age.SAME),
    (1, False, 2 * HOUR, 1000, Age.UNCLEAR),  # an hour earlier, or the other half of the year
    (3, False, 2 * HOUR, 1000, Age.UNCLEAR),
    (-1, False, 2 * HOUR, 1000, Age.OLDER),
    (5, False, 2 * HOUR, 1000, Age.NEWER),
    (-12, False, None, 1000, Age.UNCLEAR),
    (-12.1, False, None, 1000, Age.OLDER),
    (14, False, None, 1000, Age.UNCLEAR),
    (14.1, False, None, 1000, Age.NEWER),
]


@pytest.mark.parametrize(("hours", "zone", "offset", "size", "expected"), TABLE)
def test_the_age_of_a_row(hours: float, zone: bool, offset: int | None, size: int | None, expected: Age) -> None:
    assert age_of(row(hours, zone=zone, size=size), known(), offset) is expected


@pytest.mark.parametrize(
    ("hours", "zone", "fraction", "expected"),
    [
        (0, True, 0.0, Age.SAME),
        (0, True, 0.5, Age.SAME),  # cut off in Last-Modified
        (-1 / 3600, True, 0.5, Age.SAME),  # rounded up there, as by Swift
        (-1 / 3600, True, 0.0, Age.OLDER),
        (1 / 3600, True, 0.0, Age.NEWER),
        (-12, False, 0.0, Age.UNCLEAR),
        (-12 - 1 / 3600, False, 0.0, Age.OLDER),
        (14, False, 0.0, Age.UNCLEAR),
        (14 + 1 / 3600, False, 0.0, Age.NEWER),
    ],
)
def test_the_age_of_a_row_with_an_exact_time(hours: float, zone: bool, fraction: float, expected: Age) -> None:
    assert age_of(row(hours + fraction / 3600, zone=zone, width=timedelta()), known(), None) is expected


def test_rows_in_the_time_of_any_zone_are_compared_by_what_it_is_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    low = NOON.astimezone(there)
    entry = replace(row(), modified=Span(low, low))
    assert age_of(entry, known(), None) is Age.SAME
    assert is_older(row(-1).modified, entry.modified)
    assert is_older(entry.modified, row(1 / 3600).modified)
    assert not is_older(entry.modified, row(1 / 3600 - 2).modified)


def test_a_row_without_a_time_tells_nothing() -> None:
    assert age_of(replace(row(), modified=None), known(), None) is Age.UNCLEAR


def test_without_last_modified_the_local_time_counts() -> None:
    assert age_of(row(-1), known(moment=None), None) is Age.OLDER
    assert age_of(row(-1), known(moment=None, mtime=T - HOUR), None) is Age.SAME


def test_a_row_with_a_date_only_is_older_by_days() -> None:
    day = timedelta(days=1) - timedelta(microseconds=1)
    assert age_of(row(-12, zone=False, width=day), known(), None) is Age.UNCLEAR
    assert age_of(row(-12 - 48, zone=False, width=day), known(), None) is Age.OLDER


def test_two_files_settle_the_zone_and_one_does_not() -> None:
    first, second = row(2, zone=False), row(2.5, zone=False, name="b")
    later = known(path="b", moment="Wed, 01 May 2024 12:30:00 GMT")
    assert common_offset([(first, known())]) is None
    assert common_offset([(first, known()), (second, later)]) == 2 * HOUR
    assert common_offset([(first, known(size=5)), (second, later)]) is None, "another version has no say"


def test_files_that_are_the_same_need_no_request_and_new_ones_say_nothing() -> None:
    rows = [row(2, zone=False), row(2.5, zone=False, name="b"), row(9, zone=False, name="new")]
    here = {"a": known(), "b": known(path="b", moment="Wed, 01 May 2024 12:30:00 GMT")}
    found = compare(rows, here)
    assert found.behind is None
    assert found.same == {"a", "b"}


def test_an_hourly_file_of_constant_size_is_not_taken_for_the_same() -> None:
    """Its row is that of another hour in another zone; the other files say which zone it is."""
    names = ["a", "b", "c"]
    rows = [row(name=name, zone=False) for name in names] + [row(1, name="hourly", zone=False)]
    here = {name: known(path=name) for name in [*names, "hourly"]}
    assert compare(rows, here).same == set(names)


def test_one_older_file_puts_the_listing_behind() -> None:
    here = {"a": known(), "b": known(path="b")}
    assert compare([row(), row(-1, name="b")], here).behind == "b"
    assert compare([row(name="new"), row(-1, name="b")], here).behind == "b"


def test_a_file_that_the_first_upstream_still_showed_must_be_there_and_not_older() -> None:
    shown = [row(0, name="a"), row(0, name="b")]
    assert compare([row(), row(name="b")], {}, shown).behind is None
    assert compare([row()], {}, shown).behind == "b"
    assert compare([row(), row(-1, name="b")], {}, shown).behind == "b"


def test_a_file_that_is_only_here_proves_nothing() -> None:
    """It may be gone upstream, or not yet there: it stays, and the listing is used."""
    assert compare([row()], {"a": known(), "b": known(path="b")}).behind is None


OLDER = [
    (True, True, 0, -1, True), (True, True, 0, 0, False), (True, True, 0, 1, False),
    (False, True, 0, -11, False), (False, True, 0, -13, True), (True, False, 0, -13, False),
    (True, False, 0, -15, True), (False, False, 0, -25, False), (False, False, 0, -27, True),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "other_zone", "other", "hours", "expected"), OLDER)
def test_rows_of_two_servers(zone: bool, other_zone: bool, other: float, hours: float, expected: bool) -> None:
    one, two = row(hours, zone=zone), row(other, zone=other_zone)
    assert is_older(one.modified, two.modified) is expected


@pytest.mark.parametrize(
    ("zone", "other_zone", "hours"), [(True, True, 0), (False, True, -12), (True, False, -14), (False, False, -26)]
)
def test_a_second_beyond_all_doubt_is_enough(zone: bool, other_zone: bool, hours: float) -> None:
    other = row(0, zone=other_zone, width=timedelta()).modified
    assert not is_older(row(hours, zone=zone, width=timedelta()).modified, other)
    assert is_older(row(hours - 1 / 3600, zone=zone, width=timedelta()).modified, other)


def test_without_a_time_no_row_is_older() -> None:
    assert not is_older(None, row().modified)
    assert not is_older(row(-99).modified, None)


_TIMES = st.integers(min_value=T - 400 * 86_400, max_value=T + 400 * 86_400)


@given(there=_TIMES, here=_TIMES, offset=st.sampled_from(range(-12 * HOUR, 14 * HOUR + 1, 900)), named=st.booleans())
def test_no_row_of_an_older_file_is_ever_called_newer_or_the_reverse(
    there: int, here: int, offset: int, named: bool
) -> None:
    """Whatever the zone of the server: a file that is older there is never followed as newer."""
    printed = datetime.fromtimestamp(there, UTC) + (timedelta() if named else timedelta(seconds=offset))
    low = printed.replace(second=0, tzinfo=UTC if named else None)
    entry = replace(row(), modified=Span(low, low + MINUTE))
    age = age_of(entry, known(moment=None, mtime=here), None)
    minute = (there // 60, here // 60)
    assert age is not Age.NEWER or minute[0] > minute[1]
    assert age is not Age.OLDER or minute[0] < minute[1]
    assert age is not Age.SAME or minute[0] == minute[1]


def test_the_zone_of_a_server_is_learnt_from_two_files_without_a_contradiction() -> None:
    zone, two, naive = Zone(), row(2, zone=False).modified, row(2, zone=False, name="b").modified
    assert two is not None
    zone.learn(two, NOON_HTTP)
    assert zone.localize(naive) is None
    zone.learn(two, None)
    zone.learn(row().modified, NOON_HTTP)
    assert zone.localize(naive) is None, "a row with a zone, and a file without a time, say nothing"
    zone.learn(two, NOON_HTTP)
    assert zone.localize(naive) == row().modified
    assert zone.localize(row().modified) is None
    zone.learn(row(3, zone=False).modified, NOON_HTTP)
    assert zone.localize(naive) is None


def test_an_empty_listing_is_behind_if_files_are_known() -> None:
    """As that of a host whose disk is not mounted."""
    assert compare([], {}).behind is None
    assert compare([], {"b": known(), "a": known()}).behind == "a"


def test_a_directory_that_the_first_upstream_still_showed_must_be_there() -> None:
    directory = replace(row(name="d"), kind=Kind.DIRECTORY)
    assert compare([row()], {}, [directory]).behind == "d"
    assert compare([row(), replace(row(-99, name="d"), kind=Kind.DIRECTORY)], {}, [directory]).behind is None
