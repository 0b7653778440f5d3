"""Names of snapshots, and which of them have expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.options.retention import Retention
from crawler.storage.snapshots.names import expired, moment_of, next_name

NOW = datetime(2026, 11, 29, 10, 47, 4, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENTS = st.integers(86400, 7 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def at(days: float) -> str:
    """The name of a snapshot made that many days before now."""
    return (NOW - days * DAY).strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize(
    "name",
    ["", "current", "20261129", "20261129T104704", "20261129T104704Z.new", "20261329T104704Z", "20261129T246061Z",
     "２0261129T104704Z", "20261129T104704Z\n", "00000101T000000Z"],
)  # fmt: skip
def test_other_names_are_not_those_of_snapshots(name: str) -> None:
    assert moment_of(name) is None


def test_a_name_is_the_moment_in_utc() -> None:
    assert next_name([], NOW) == next_name([], NOW.astimezone(timezone(timedelta(hours=5)))) == "20261129T104704Z"
    assert moment_of("20261129T104704Z") == NOW


@given(names=st.lists(MOMENTS.map(lambda moment: next_name([], moment))), now=MOMENTS)
def test_a_new_name_comes_after_all_others_whatever_the_clock_says(names: list[str], now: datetime) -> None:
    new = next_name([*names, "current", "x.old"], now)
    assert moment_of(new) is not None
    assert all(new > name for name in names)
    assert names or new == next_name([], now)


SNAPSHOTS = [at(days) for days in (100, 40, 20, 2, 1)]


@pytest.mark.parametrize(
    ("retention", "current", "gone"),
    [
        (Retention(5), None, []),
        (Retention(3), None, SNAPSHOTS[:2]),
        (Retention(1), None, SNAPSHOTS[:4]),
        (Retention(1), SNAPSHOTS[0], SNAPSHOTS[1:4]),
        (Retention(None, 10 * DAY), None, SNAPSHOTS[:2]),  # readers saw the third one until 2 days ago
        (Retention(None, 30 * DAY), None, SNAPSHOTS[:1]),
        (Retention(None, 1.5 * DAY), None, SNAPSHOTS[:3]),
        (Retention(None, timedelta(seconds=1)), None, SNAPSHOTS[:4]),
        (Retention(2, 30 * DAY), None, SNAPSHOTS[:1]),
        (Retention(4, DAY / 2), None, SNAPSHOTS[:1]),
    ],
)
def test_what_neither_rule_keeps_has_expired(retention: Retention, current: str | None, gone: list[str]) -> None:
    assert expired(reversed_(SNAPSHOTS), retention, NOW, current) == gone


def reversed_(names: list[str]) -> list[str]:
    return names[::-1]


@given(
    days=st.lists(st.integers(0, 400), unique=True),
    count=st.none() | st.integers(1, 10),
    age=st.integers(1, 400),
    chosen=st.integers(0, 20),
)
def test_the_newest_and_the_current_one_never_expire_and_what_stays_is_enough(
    days: list[int], count: int | None, age: int, chosen: int
) -> None:
    names = sorted(at(number) for number in days)
    current = names[chosen % len(names)] if names else None
    retention = Retention(count, age * DAY)
    gone = expired(names, retention, NOW, current)
    kept = [name for name in names if name not in gone]
    assert set(gone) <= set(names)
    assert kept[-1:] == names[-1:]
    assert current is None or current in kept
    assert len(kept) >= min(count or 0, len(names))
    assert expired(kept, retention, NOW, current) == [], "a second time, nothing more goes"
