"""The timetable of --limit-rate: what it accepts, and which rate holds when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.timetable import WEEK, Slot, Timetable, parse_limit_rate, rate_at, strictest

MIB = 1 << 20
MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001 - the time that the clock on the wall shows
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, day: int = 0) -> datetime:
    """A wall-clock time in the week of MONDAY."""
    hour, minute, *second = (int(part) for part in text.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute, seconds=second[0] if second else 0)


def table(text: str) -> Timetable:
    parsed = parse_limit_rate(text)
    assert isinstance(parsed, Timetable)
    return parsed


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2M", 2 * MIB), ("500", 500), (" 1.5M/s ", 3 * MIB // 2), ("off", None), ("OFF", None)],
)
def test_a_value_without_a_comma_is_one_rate(text: str, expected: int | None) -> None:
    assert parse_limit_rate(text) == expected


DAILY = [number * 1440 for number in range(7)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08:00,2M", {minute + 480: 2 * MIB for minute in DAILY}),
        ("08:00,2M 19:00,off", {m + at: rate for m in DAILY for at, rate in ((480, 2 * MIB), (1140, None))}),
        ("19:00,off;08:00,2M", {m + at: rate for m in DAILY for at, rate in ((480, 2 * MIB), (1140, None))}),
        ("Mon-00:00,512 Sunday-23:59,OFF", {0: 512, WEEK - 1: None}),
        ("  fri-17:30,1K ;; SATURDAY-00:00,10k  ", {4 * 1440 + 1050: 1024, 5 * 1440: 10240}),
        ("Mon-08:00,1K 08:00,2K Sat-08:00,off", {m + 480: None if m == 5 * 1440 else 2048 for m in DAILY}),
    ],
)
def test_a_timetable_has_a_slot_for_each_day_or_for_the_day_that_it_names(
    text: str, expected: dict[int, int | None]
) -> None:
    assert table(text) == Timetable(tuple(Slot(minute, expected[minute]) for minute in sorted(expected)))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", ";", "08:00", "8:00,2M", "24:00,2M", "08:60,2M", "08:00,", "08:00,0", "08:00,fast", "0800,2M",
        "08:00,2M,3M", "08:00,2M off", "Foo-08:00,2M", "-08:00,2M", "Mon-,2M", "Mo-08:00,2M", "Mon-Fri-08:00,2M",
        "08:00,1M:2M", "0", "1M:2M", "08:00, 2M", "08:00,-1", "٠٨:00,1",
    ],
)  # fmt: skip
def test_anything_else_is_an_error_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^here: limit_rate: [^\n]*expected a "):
        Config.from_mapping({"limit_rate": text}, where="here")


@pytest.mark.parametrize(
    "slots", [(), ((5, 1), (5, 2)), ((6, 1), (5, 2)), ((-1, 1),), ((WEEK, 1),), ((0, 0),), ((0, -5),)]
)
def test_a_timetable_made_by_a_program_is_checked(slots: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ConfigError, match=r"^Config: limit_rate: .*expected a "):
        Config(limit_rate=Timetable(tuple(Slot(*slot) for slot in slots)))
    good = Timetable((Slot(0, 5), Slot(WEEK - 1, None)))
    assert Config(limit_rate=good).limit_rate is good


WORK = "08:00,2M 19:00,off Sat-08:00,off"


@pytest.mark.parametrize(
    ("text", "moment", "rate", "left"),
    [
        (WORK, at("07:59:59"), None, 1),
        (WORK, at("08:00"), 2 * MIB, 11 * 3600),
        (WORK, at("18:59:30"), 2 * MIB, 30),
        (WORK, at("19:00"), None, 13 * 3600),
        (WORK, at("00:00"), None, 8 * 3600),
        (WORK, at("07:00", day=5), None, 3600),
        (WORK, at("12:00", day=5), None, 7 * 3600),
        (WORK, at("23:00", day=6), None, 9 * 3600),
        ("Wed-10:00,1K", at("09:59", day=2), 1024, 60),
        ("Wed-10:00,1K", at("10:00", day=2), 1024, WEEK * 60),
        ("Tue-00:00,1K Sun-23:59,2K", at("00:00"), 2048, 24 * 3600),
        ("Tue-00:00,1K Sun-23:59,2K", at("23:58:59", day=6), 1024, 1),
    ],
)
def test_the_latest_slot_holds_until_the_next_one_begins(
    text: str, moment: datetime, rate: int | None, left: float
) -> None:
    assert rate_at(table(text), moment) == (rate, left)


def test_fractions_of_a_second_count() -> None:
    rate, left = rate_at(table(WORK), at("07:59:59") + timedelta(milliseconds=750))
    assert (rate, round(left, 6)) == (None, 0.25)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((), None),
        ((None, table("00:00,off")), None),
        ((5000, table("00:00,off")), 5000),
        ((5000, table("00:00,1K")), 1024),
        ((500, table("00:00,1K"), None), 500),
        ((table("00:00,3K"), table("00:00,2K 12:00,1K")), 2048),
    ],
)
def test_of_several_limits_the_strictest_in_force_counts(
    limits: tuple[int | Timetable | None, ...], expected: int | None
) -> None:
    assert strictest(limits, at("11:00"))[0] == expected


def test_the_next_change_is_the_first_of_any_table() -> None:
    assert strictest([table("Mon-15:00,1K"), 7, table("12:00,2K")], at("11:00")) == (7, 3600)


SLOTS = st.dictionaries(st.integers(0, WEEK - 1), st.none() | st.integers(1, 1 << 40), min_size=1, max_size=12)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1))  # noqa: DTZ001


@given(slots=SLOTS, moment=MOMENTS)
def test_the_rate_is_that_of_a_minute_by_minute_search(slots: dict[int, int | None], moment: datetime) -> None:
    rate, left = rate_at(Timetable(tuple(Slot(minute, slots[minute]) for minute in sorted(slots))), moment)
    minute = moment.weekday() * 1440 + moment.hour * 60 + moment.minute
    before = next(at for back in range(WEEK) if (at := (minute - back) % WEEK) in slots)
    after = next(ahead for ahead in range(1, WEEK + 1) if (minute + ahead) % WEEK in slots)
    assert rate == slots[before]
    assert left == pytest.approx(after * 60 - moment.second - moment.microsecond / 1e6)


@pytest.mark.parametrize(
    ("text", "utc", "rates"),
    [
        # 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC. A slot within the missing hour begins at its end.
        ("01:00,1K 02:30,2K 03:30,3K", datetime(2026, 3, 29, 0, 45, tzinfo=UTC), [1024, 2048, 2048, 3072]),
        # 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC. The hour that comes twice has its rates twice.
        ("01:00,1K 02:30,2K 03:30,3K", datetime(2026, 10, 25, 0, 15, tzinfo=UTC), [1024, 2048, 2048, 1024, 1024, 2048]),
    ],
)
def test_summer_time_moves_the_rates_with_the_clock(text: str, utc: datetime, rates: list[int]) -> None:
    quarters = [(utc + timedelta(minutes=15 * number)).astimezone(BERLIN).replace(tzinfo=None) for number in range(8)]
    assert [rate_at(table(text), quarter)[0] for quarter in quarters][: len(rates)] == rates
