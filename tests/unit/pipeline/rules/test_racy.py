"""``racy``: from when on a row proves that its file is unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Entry, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder, unchanged_files
from crawler.pipeline.rules.racy import is_racy
from tests.support.fakes import leaf_of
from tests.support.time_zone import local_time_zone

HOUR, DAY = 3600, 86_400
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
T = int(NOON.timestamp())


def span(low: datetime, seconds: int) -> Span[datetime]:
    return Span(low, low + timedelta(seconds=seconds - 1))


def known(checked: float, last_modified: str | None = None) -> Known:
    validators = Validators(last_modified=last_modified)
    return Known(path="a", url="http://h/a", row="r", size=1, mtime=5, validators=validators, checked=float(checked))


MINUTE, EXACT = span(NOON, 60), Span(NOON, NOON)
MIDNIGHT = NOON.replace(hour=0)
LOCAL_MINUTE = span(NOON.replace(tzinfo=None), 60)


@pytest.mark.parametrize(
    ("modified", "checked", "racy"),
    [
        (MINUTE, T + 0, True),
        (MINUTE, T + 59, True),
        (MINUTE, T + 60, True),
        (MINUTE, T + 61, False),
        (EXACT, T, True),
        (EXACT, T + 1, True),
        (EXACT, T + 2, False),
        (Span(NOON, NOON + timedelta(microseconds=999999)), T + 2, False),
        (span(MIDNIGHT, DAY), T + 11 * HOUR, True),
        (span(MIDNIGHT, DAY), T + 13 * HOUR, False),
        (MINUTE, 0, True),
    ],
)
@pytest.mark.parametrize("last_modified", [None, formatdate(T - DAY, usegmt=True)])
def test_a_row_is_racy_until_it_was_confirmed_after_its_span(
    modified: Span[datetime], checked: float, racy: bool, last_modified: str | None
) -> None:
    assert is_racy(modified, known(checked, last_modified)) is racy


@pytest.mark.parametrize("hours", [-11, 0, 5, 14])
@pytest.mark.parametrize(
    ("checked", "racy"), [(T + 20, True), (T + 61, True), (T + 60 + 2 * HOUR, True), (T + 61 + 2 * HOUR, False)]
)
def test_a_row_without_a_zone_is_judged_by_last_modified_until_its_hour_cannot_come_again(
    hours: int, checked: int, racy: bool
) -> None:
    shown = span(LOCAL_MINUTE.low + timedelta(hours=hours), 60)
    assert is_racy(shown, known(checked, formatdate(T, usegmt=True))) is racy


def test_a_date_without_a_zone_lasts_until_the_end_of_the_servers_day() -> None:
    """In a zone 9 h east of UTC, the day of a file from 20:00 UTC ends 19 h later, not at midnight UTC."""
    east = timezone(timedelta(hours=9))
    modified = MIDNIGHT + timedelta(hours=20)
    day = span(modified.astimezone(east).replace(hour=0, tzinfo=None), DAY)
    end = modified.astimezone(east).replace(hour=23, minute=59)
    assert is_racy(day, known(end.timestamp(), formatdate(modified.timestamp(), usegmt=True)))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_the_zone_of_this_machine_does_not_affect_a_row(zone: str) -> None:
    with local_time_zone(zone):
        found = [is_racy(LOCAL_MINUTE, known(T + 60 + 14 * HOUR + more)) for more in (0, 1)]
    assert found == [True, False]


@pytest.mark.parametrize("last_modified", [None, "", "garbled", formatdate(T + 400 * DAY, usegmt=True)])
def test_without_a_time_of_the_file_its_row_is_enough_once_its_minute_has_passed_in_every_zone(
    last_modified: str | None,
) -> None:
    passed = T + 60 + 14 * HOUR
    assert is_racy(LOCAL_MINUTE, known(passed, last_modified))
    assert not is_racy(LOCAL_MINUTE, known(passed + 1, last_modified))


FOLDS = {
    "Europe/Berlin": "2026-10-25T01:00:00+00:00",
    "Australia/Lord_Howe": "2026-04-04T15:00:00+00:00",
    "Antarctica/Troll": "2026-10-25T01:00:00+00:00",
}
"""Zone → moment at which its clocks are set back."""
ZONE = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
RESOLUTION = st.sampled_from([1, 60, DAY])


@given(
    moment=st.integers(T, T + 3 * DAY),
    later=st.integers(0, DAY),
    resolution=RESOLUTION,
    zone=ZONE,
    named=st.booleans(),
    dated=st.booleans(),
)
def test_a_change_that_hides_in_its_row_is_always_confirmed(
    moment: int, later: int, resolution: int, zone: timezone, named: bool, dated: bool
) -> None:
    """If a file changes at ``moment``, is confirmed, and changes by ``later`` with the same row, the row is doubted."""
    low = _printed(moment, resolution, zone)
    if _printed(moment + later, resolution, zone) != low:
        return  # the row changed with it
    modified = span(low if named else low.replace(tzinfo=None), resolution)
    before = known(moment + later, formatdate(moment, usegmt=True) if dated else None)
    assert is_racy(modified, before)


@given(after=st.integers(0, 4 * HOUR), later=st.integers(0, 4 * HOUR), zone=st.sampled_from(sorted(FOLDS)))
def test_a_change_in_the_hour_that_comes_twice_is_always_confirmed(after: int, later: int, zone: str) -> None:
    """Europe/Berlin, Lord Howe (half an hour) and Troll (two hours): the same row can be of two versions."""
    end = int(datetime.fromisoformat(FOLDS[zone]).timestamp())
    first = end - 2 * HOUR + after
    rows = [
        datetime.fromtimestamp(each, ZoneInfo(zone)).replace(second=0, tzinfo=None, fold=0)
        for each in (first, first + later)
    ]
    if rows[0] == rows[1]:
        assert is_racy(span(rows[0], 60), known(first + later, formatdate(first, usegmt=True)))


def _printed(moment: int, resolution: int, zone: timezone) -> datetime:
    """The time in a row, truncated in the server's zone."""
    local = datetime.fromtimestamp(moment, zone)
    return (
        local.replace(hour=0, minute=0, second=0)
        if resolution == DAY
        else local.replace(second=0)
        if (resolution == 60)
        else local
    )


FILE = st.tuples(
    st.integers(0, 3 * DAY),  # modified
    RESOLUTION,
    ZONE,
    st.booleans(),  # the zone is named
    st.sampled_from(["", "garbled", "true"]),  # Last-Modified
    st.integers(-DAY, 3 * DAY),  # confirmed, after it was modified
)


@given(files=st.lists(FILE, min_size=1, max_size=3))
def test_a_directory_is_never_trusted_with_more_than_its_rows(
    files: list[tuple[int, int, timezone, bool, str, int]],
) -> None:
    gathering, rows, racy = DirectoryDigestBuilder(), list[StoredFile](), False
    for number, (age, resolution, zone, named, header, after) in enumerate(files):
        low = _printed(T + age, resolution, zone)
        modified = span(low if named else low.replace(tzinfo=None), resolution)
        last_modified = formatdate(T + age, usegmt=True) if header == "true" else header or None
        one = known(T + age + after, last_modified)
        racy |= is_racy(modified, one)
        name = f"f{number}"
        entry = Entry(name=name, kind=Kind.FILE, url=f"http://h/{name}", modified=modified, row="r")
        gathering.add(entry, 1)
        rows.append(StoredFile(name, entry.url, "r", 1, 5, one.checked, last_modified))
    local = {row.name: Local(Kind.FILE, 1, 5) for row in rows}
    found = unchanged_files(leaf_of(gathering), rows, local, lambda _: True)
    assert found is None if racy else True
