"""What the Last-Modified of known files proves about the zone of a listing's times, and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.freshness import Dating
from crawler.model.values import UNCONFIRMED, Entry, Kind, Known, Span, Validators
from crawler.pipeline.rules.time_zones import Zone, ZoneLearner, learn, row_agrees
from tests.support.time_zone import local_time_zone

MINUTE, SECOND, DAY = timedelta(seconds=59), timedelta(), timedelta(seconds=86399)
HOUR = timedelta(hours=1)
DOUBT = timedelta(hours=2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(moment: datetime, zone: str, width: timedelta = MINUTE) -> Span[datetime]:
    """How a server in ``zone`` prints ``moment``."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if width:
        local = local.replace(second=0) if width is MINUTE else local.replace(hour=0, minute=0, second=0)
    return Span(local, local + width)


def learnt(zone: str, *moments: str, width: timedelta = MINUTE) -> Zone:
    return learn((shown(utc(text), zone, width), utc(text).timestamp()) for text in moments)


WINTER = ("2025-01-12T08:15:37", "2025-01-18T23:50:00")
SUMMER = ("2025-07-01T00:00:59", "2025-07-07T12:34:56")


@pytest.mark.parametrize("width", [MINUTE, SECOND])
@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "America/New_York",
        "America/St_Johns",
        "Pacific/Kiritimati",
        "Etc/GMT+12",
    ],
)
@pytest.mark.parametrize("moment", ["2025-01-15T23:59:59", "2025-07-05T00:00:00"])
def test_a_row_between_rows_that_agree_is_as_exact_as_it_was(zone: str, moment: str, width: timedelta) -> None:
    found = learnt(zone, *WINTER, *SUMMER, width=width).localize(shown(utc(moment), zone, width))
    low = utc(moment).replace(second=0) if width else utc(moment)
    assert found == Span(low, low + width)


@pytest.mark.parametrize(
    ("moment", "offsets"),
    [
        ("2024-12-25T12:00:00", (1, 1)),
        ("2025-02-10T12:00:00", (1, 1)),
        ("2025-06-20T12:00:00", (2, 2)),
        ("2025-07-30T12:00:00", (2, 2)),
        ("2024-12-01T12:00:00", None),
        ("2025-04-01T12:00:00", None),
        ("2025-09-01T12:00:00", None),
        ("2020-01-15T12:00:00", None),
    ],
)
def test_beside_them_summer_time_is_left_open_and_far_away_everything(
    moment: str, offsets: tuple[int, int] | None
) -> None:
    row = shown(utc(moment), "Europe/Berlin")
    found = learnt("Europe/Berlin", *WINTER, *SUMMER).localize(row)
    if offsets is None:
        assert found is None
    else:
        assert found is not None
        assert found.low == row.low.replace(tzinfo=UTC) - offsets[1] * HOUR - DOUBT
        assert found.high == row.high.replace(tzinfo=UTC) - offsets[0] * HOUR + DOUBT


@pytest.mark.parametrize(
    "moment", ["2025-10-25T23:30:00", "2025-10-26T00:30:00", "2025-10-26T01:30:00", "2025-10-27T09:00:00"]
)
def test_at_the_change_of_summer_time_both_offsets_are_possible(moment: str) -> None:
    """00:30 and 01:30 UTC are both printed as 02:30."""
    zone = learnt(
        "Europe/Berlin", "2025-10-20T10:00:00", "2025-10-25T10:00:00", "2025-10-28T10:00:00", "2025-11-02T10:00:00"
    )
    found = zone.localize(shown(utc(moment), "Europe/Berlin"))
    assert found is not None
    assert utc(moment) in found
    assert found.high - found.low >= HOUR


def test_one_offset_of_today_for_all_rows_is_learnt_as_it_is() -> None:
    """nginx with autoindex_localtime prints all rows with the offset of today, in winter also those of summer."""

    def nginx(text: str) -> Span[datetime]:
        low = (utc(text) + HOUR).replace(tzinfo=None, second=0)
        return Span(low, low + MINUTE)

    zone = learn((nginx(text), utc(text).timestamp()) for text in (*WINTER, *SUMMER))
    assert zone.localize(nginx("2025-07-05T10:00:00")) == Span(utc("2025-07-05T10:00:00"), utc("2025-07-05T10:00:59"))
    assert zone.localize(nginx("2025-01-15T10:00:00")) == Span(utc("2025-01-15T10:00:00"), utc("2025-01-15T10:00:59"))


@pytest.mark.parametrize(
    ("hours", "learns"),
    [
        ([], False),
        ([1], False),
        ([1, 1], True),
        ([1, 5], False),
        ([1, 5, 1, 5], False),
        ([1, 5, 5], False),
        ([1, 1, -9, -9], False),
        ([1, 1.1], False),
        ([1.1, 1.1], False),
        ([14, 14], True),
        ([14.25, 14.25], False),
        ([-12, -12], True),
        ([-12.25, -12.25], False),
        ([5.75, 5.75], True),
    ],
)
def test_two_neighbours_must_agree_on_a_possible_offset(hours: list[float], learns: bool) -> None:
    pairs = []
    for number, offset in enumerate(hours):
        low = datetime(2025, 1, 1, 12, number, tzinfo=UTC)
        pairs.append(
            (Span(low.replace(tzinfo=None), low.replace(tzinfo=None) + MINUTE), low.timestamp() - offset * 3600)
        )
    row = Span(datetime(2025, 1, 1, 12), datetime(2025, 1, 1, 12, 0, 59))  # noqa: DTZ001 - the server's own zone
    found = learn(pairs).localize(row)
    assert (found is not None) is learns
    if found is not None:
        assert found.low == row.low.replace(tzinfo=UTC) - hours[0] * HOUR


def test_two_offsets_in_one_minute_leave_both_open() -> None:
    low = datetime(2025, 10, 26, 2, 30)  # noqa: DTZ001 - the server's own zone
    row = Span(low, low + MINUTE)
    moment = low.replace(tzinfo=UTC).timestamp()
    found = learn((row, moment - hours * 3600) for hours in (1, 2, 1, 2)).localize(row)
    assert found is not None
    assert found.low.timestamp() <= moment - 2 * 3600
    assert found.high.timestamp() >= moment - 3600


def plain(text: str) -> datetime:
    """A time as printed in a row without a zone."""
    return datetime.fromisoformat(text)


def exactly(*rows: tuple[str, float]) -> Zone:
    """What rows exact to the second prove; each is given with its offset from UTC in hours."""
    return learn((Span(plain(at), plain(at)), utc(at).timestamp() - hours * 3600) for at, hours in rows)


def localized(zone: Zone, at: str) -> tuple[float, float] | None:
    """Hours to subtract from a row exact to the second for the earliest and the latest moment that it can mean."""
    found = zone.localize(Span(plain(at), plain(at)))
    return found and ((utc(at) - found.low) / HOUR, (utc(at) - found.high) / HOUR)


AN_HOUR_AHEAD = (("2025-03-01T12:00:00", 1), ("2025-03-02T12:00:00", 1))
APART = (("2025-03-01T12:00:00", 1), ("2025-03-08T12:00:00", 1))
FARTHER_APART = (("2025-03-01T12:00:00", 1), ("2025-03-08T12:00:01", 1))
TO_AND_FRO = (("2025-03-01T12:00:00", 1), ("2025-03-02T12:00:00", 2), ("2025-03-03T12:00:00", 1))
TWO_STEPS = (("2025-03-01T12:00:00", 1), ("2025-03-02T12:00:00", 3), ("2025-03-03T12:00:00", 3))
THEN_FAR_OFF = (("2025-03-01T12:00:00", 1), ("2025-03-02T12:00:00", 1), ("2025-03-03T12:00:00", 6))
ONE_IMPOSSIBLE = tuple(("2025-03-01T12:00:00", hours) for hours in (15, 1, 1, 2))


@pytest.mark.parametrize(
    ("rows", "at", "hours"),
    [
        # the rows from which it was learnt stay as exact as they were
        (AN_HOUR_AHEAD, "2025-03-01T12:00:00", (1, 1)),
        (AN_HOUR_AHEAD, "2025-03-02T12:00:00", (1, 1)),
        # from a second to 30 days away from them, a change of two hours is possible
        (AN_HOUR_AHEAD, "2025-03-01T11:59:59", (3, -1)),
        (AN_HOUR_AHEAD, "2025-03-02T12:00:01", (3, -1)),
        (AN_HOUR_AHEAD, "2025-01-30T12:00:00", (3, -1)),
        (AN_HOUR_AHEAD, "2025-01-30T11:59:59", None),
        (AN_HOUR_AHEAD, "2025-04-01T12:00:00", (3, -1)),
        (AN_HOUR_AHEAD, "2025-04-01T12:00:01", None),
        # rows a week apart are steady, a second more and they are not
        (APART, "2025-03-05T12:00:00", (1, 1)),
        (FARTHER_APART, "2025-03-05T12:00:00", (3, -1)),
        # one row among others that differ: the offsets that the two before and the one after it allow
        (TO_AND_FRO, "2025-03-02T12:00:00", (4, -1)),
        (TO_AND_FRO, "2025-03-03T12:00:01", None),
        # a step of two hours is the largest of summer time
        (TWO_STEPS, "2025-03-01T13:00:00", (5, -1)),
        # the next but one row proves nothing
        (THEN_FAR_OFF, "2025-03-01T11:00:00", (3, -1)),
        (THEN_FAR_OFF, "2025-03-02T13:00:00", None),
        # a row that no zone explains comes last among those of its second, so it is not overlooked
        (ONE_IMPOSSIBLE, "2025-03-01T12:00:01", None),
    ],
)
def test_what_is_learnt_holds_so_far_and_no_farther(
    rows: tuple[tuple[str, float], ...], at: str, hours: tuple[float, float] | None
) -> None:
    assert localized(exactly(*rows), at) == hours


@pytest.mark.parametrize(("seconds", "teaches"), [(0, True), (899, True), (900, False), (901, False)])
def test_a_row_that_spans_a_quarter_of_an_hour_fits_two_zones(seconds: int, teaches: bool) -> None:
    width = timedelta(seconds=seconds)
    rows = [plain("2025-03-01T12:00:00"), plain("2025-03-02T12:00:00")]
    zone = learn((Span(low, low + width), low.replace(tzinfo=UTC).timestamp() - 3600) for low in rows)
    assert (zone != Zone()) is teaches


def test_days_teach_nothing() -> None:
    assert learnt("Europe/Berlin", *WINTER, width=DAY) == Zone()


def test_a_row_whose_day_and_month_are_unclear_stays_unknown() -> None:
    row = Span(datetime(2025, 1, 12), datetime(2025, 12, 1))  # noqa: DTZ001 - the server's own zone
    assert learnt("Europe/Berlin", *WINTER).localize(row) is None


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_do_no_harm(year: int) -> None:
    low = datetime(year, 1, 1) if year == 1 else datetime(year, 12, 31, 23, 59)  # noqa: DTZ001
    row = Span(low, low + MINUTE)
    moment = low.replace(tzinfo=UTC).timestamp()
    assert learn([(row, moment - 3600 * year)] * 2).localize(row) is None
    assert learn([(row, moment - 14 * 3600), (row, moment + 12 * 3600)] * 2).localize(row) is None
    toward_the_end = 12 if year == 9999 else -14
    assert learn([(row, moment + toward_the_end * 3600)] * 2).localize(row) is None


def test_rows_that_are_weeks_apart_leave_summer_time_open() -> None:
    """Fiji's summer time fell between the two."""
    zone = learnt("Pacific/Fiji", "2020-12-18T12:00:00", "2021-01-18T12:00:00")
    found = zone.localize(shown(utc("2021-01-02T12:00:00"), "Pacific/Fiji"))
    assert found == Span(utc("2021-01-02T13:00:00") - DOUBT, utc("2021-01-02T13:00:59") + DOUBT)


@pytest.mark.parametrize("zone", ["America/Recife", "Africa/Cairo", "Pacific/Fiji", "America/Argentina/Tucuman"])
@given(
    known=st.lists(st.integers(946_684_800, 1_640_995_200), min_size=1, max_size=6),
    steps=st.lists(st.integers(3 * 3600, 9 * 86_400), max_size=30),
    shift=st.integers(-20 * 86_400, 20 * 86_400),
)
def test_whatever_is_learnt_of_a_real_zone_is_true(zone: str, known: list[int], steps: list[int], shift: int) -> None:
    """These zones changed their offset for only a few weeks, some time between 2000 and 2021."""
    for step in steps:
        known.append(known[-1] + step)
    moments = [datetime.fromtimestamp(seconds, UTC) for seconds in known]
    moment = moments[len(moments) // 2] + timedelta(seconds=shift)
    found = learn((shown(each, zone), each.timestamp()) for each in moments).localize(shown(moment, zone))
    assert found is None or moment in found or _is_printed_twice(moment, zone)


def _is_printed_twice(moment: datetime, zone: str) -> bool:
    """In the hour that the end of summer time repeats, neighbours of minutes may all be of the other one."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    return first != second


# --- from a page and what is known ----------------------------------------------------------------

MOMENTS = [utc("2025-01-10T08:15:37"), utc("2025-01-11T08:15:37"), utc("2025-01-12T08:15:37")]


def rows() -> Iterator[tuple[Entry, Known]]:
    for name, moment in zip("abc", MOMENTS, strict=True):
        span = shown(moment, "Asia/Kolkata")
        stands = Validators(last_modified=format_datetime(moment, usegmt=True))
        yield (
            Entry(name=name, kind=Kind.FILE, url=f"http://h/{name}", modified=span, row=str(span.low)),
            Known(path=name, url=f"http://h/{name}", row=str(span.low), size=1, mtime=0, validators=stands),
        )


def test_a_page_is_learnt_from_rows_that_still_stand() -> None:
    entries, states = zip(*rows(), strict=True)
    known = {state.path: state for state in states if state.path != "b"}
    found = ZoneLearner(entries).timed(entries[1], known)
    low = MOMENTS[1].replace(second=0)
    assert found == replace(entries[1], modified=Span(low, low + MINUTE))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry, known: (entry, replace(known, row="other")),
        lambda entry, known: (entry, replace(known, validators=Validators(etag='"1"'))),
        lambda entry, known: (entry, replace(known, validators=Validators(last_modified="soon"))),
        lambda entry, known: (replace(entry, modified=None), known),
        lambda entry, known: (replace(entry, folder="deep"), known),
        lambda entry, known: (replace(entry, modified=Span(MOMENTS[2], MOMENTS[2])), known),
    ],
    ids=["another row", "no Last-Modified", "unreadable", "no time", "another folder", "says its zone"],
)
def test_one_row_alone_is_not_enough(spoil: object) -> None:
    (first, one), (shift, _), last = rows()
    spoilt, other = spoil(*last)  # type: ignore[operator]
    assert ZoneLearner([first, shift, spoilt]).timed(shift, {"a": one, "c": other}) == shift


@pytest.mark.parametrize(
    ("off", "dating"),
    [
        ("", Dating.RELIABLE),
        ("a", Dating.UNRELIABLE),  # one of two
        ("ac", Dating.UNRELIABLE),
        ("b", Dating.RELIABLE),  # the row in question
    ],
)
def test_neighbours_tell_whether_last_modified_is_the_time_of_a_row(off: str, dating: Dating) -> None:
    entries, states = zip(*rows(), strict=True)
    wrong = Validators(last_modified="Sat, 01 Jan 2000 00:00:07 GMT")
    known = {each.path: replace(each, validators=wrong) if each.path in off else each for each in states}
    assert ZoneLearner(entries).dating(entries[1], known) is dating
    assert ZoneLearner(entries).dating(entries[1], {}) is Dating.UNKNOWN


def test_a_copy_that_is_not_the_listed_version_teaches_no_zone() -> None:
    entries, states = zip(*rows(), strict=True)
    known = {state.path: state for state in states}
    known["a"] = replace(known["a"], checked=UNCONFIRMED)
    low = MOMENTS[1].replace(second=0)
    found = ZoneLearner(entries).timed(entries[1], known)
    assert found.modified == Span(low, low + MINUTE), "the other two teach it"
    del known["b"]
    assert ZoneLearner(entries).timed(entries[1], known) == entries[1]


@pytest.mark.parametrize("change", [{"modified": None}, {"modified": Span(MOMENTS[1], MOMENTS[1])}, {"folder": "deep"}])
def test_what_needs_no_zone_or_lies_elsewhere_is_left_as_it_is(change: dict[str, object]) -> None:
    entries, states = zip(*rows(), strict=True)
    entry = replace(entries[1], **change)
    assert ZoneLearner(entries).timed(entry, {state.path: state for state in states}) == entry


@pytest.mark.parametrize(
    ("row", "seconds", "last_modified", "agrees"),
    [
        ("2025-05-06T10:07:00", 59, "Tue, 06 May 2025 08:07:30 GMT", True),
        ("2025-05-06T10:07:00", 59, "Tue, 06 May 2025 04:37:01 GMT", True),
        ("2025-05-06T10:07:00", 59, "Tue, 06 May 2025 08:06:59 GMT", False),
        ("2025-05-06T10:07:00", 59, "Tue, 06 May 2025 08:08:00 GMT", False),
        ("2025-05-08T10:07:00", 59, "Tue, 06 May 2025 15:07:59 GMT", False),
        ("2025-05-06T10:07:02", 0, "Tue, 06 May 2025 08:07:01 GMT", False),
        ("2025-05-06T00:00:00", 86399, "Tue, 06 May 2025 08:07:01 GMT", True),
        ("2025-05-06T08:07:00Z", 59, "Tue, 06 May 2025 08:07:30 GMT", True),
        ("2025-05-06T10:07:00Z", 59, "Tue, 06 May 2025 08:07:30 GMT", False),
        ("2025-05-06T10:07:00", 59, None, True),
        ("2025-05-06T10:07:00", 59, "Tue, 06 May 2025 08:07:59 GMT", True),
        ("2025-05-06T22:07:00", 59, "Tue, 06 May 2025 08:07:30 GMT", True),  # the largest offset of any zone
        ("2025-05-05T18:07:00", 59, "Tue, 06 May 2025 08:07:30 GMT", True),
        ("2025-05-06T22:22:00", 59, "Tue, 06 May 2025 08:07:30 GMT", False),
        ("2025-05-05T17:52:00", 59, "Tue, 06 May 2025 08:07:30 GMT", False),
    ],
)
def test_whether_a_row_can_be_of_the_version_with_that_date(
    row: str, seconds: int, last_modified: str | None, agrees: bool
) -> None:
    low = datetime.fromisoformat(row)
    assert row_agrees(Span(low, low + timedelta(seconds=seconds)), last_modified) is agrees


def test_a_row_without_a_time_contradicts_nothing() -> None:
    assert row_agrees(None, "Tue, 06 May 2025 08:07:30 GMT")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_the_zone_of_this_machine_does_not_affect_a_row(zone: str) -> None:
    low = datetime(2025, 5, 6, 10, 7)  # noqa: DTZ001
    with local_time_zone(zone):
        found = [row_agrees(Span(low, low + MINUTE), f"Tue, 06 May 2025 {at} GMT") for at in ("08:07:30", "20:07:30")]
        far = row_agrees(Span(low, low + MINUTE), "Mon, 05 May 2025 20:06:00 GMT")
    assert (found, far) == ([True, True], False)


def test_only_an_exact_time_with_a_fraction_is_rounded_up() -> None:
    low = utc("2025-05-06T08:07:00")
    wide, exact = low + timedelta(seconds=59.5), low + timedelta(seconds=0.5)
    assert not row_agrees(Span(low, wide), "Tue, 06 May 2025 08:08:00 GMT")
    assert row_agrees(Span(exact, exact), "Tue, 06 May 2025 08:07:01 GMT")


def test_what_is_not_known_or_lies_elsewhere_has_no_vote_and_a_hundred_are_enough() -> None:
    entries, states = zip(*rows(), strict=True)
    first, shift, last = entries
    assert ZoneLearner(entries).dating(shift, {"c": states[2]}) is Dating.RELIABLE, "the first is not known"
    wrong = replace(states[2], validators=Validators(last_modified="Sat, 01 Jan 2000 00:00:07 GMT"))
    for silent in (replace(last, row="other"), replace(last, modified=None), replace(last, folder="deep")):
        found = ZoneLearner([silent, shift, first]).dating(shift, {"a": states[0], "c": wrong})
        assert found is Dating.RELIABLE
    many = [replace(first, name=str(number)) for number in range(300)]
    known = {each.name: states[0] if int(each.name) < 100 else replace(wrong, row=first.row) for each in many}
    assert ZoneLearner(many).dating(shift, known) is Dating.RELIABLE
