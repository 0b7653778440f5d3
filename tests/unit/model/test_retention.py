"""--snapshots: which snapshots are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.retention import Retention

GOOD: list[tuple[Any, Retention]] = [
    (7, Retention(7)),
    ("7", Retention(7)),
    ("30d", Retention(None, timedelta(days=30))),
    ("12h", Retention(None, timedelta(hours=12))),
    ("7,30d", Retention(7, timedelta(days=30))),
    (" 4w , 2 ", Retention(2, timedelta(weeks=4))),
    (Retention(1), Retention(1)),
]
BAD: list[Any] = [
    "", "0", 0, -1, "-1", "1.5", "0d", "d", "7,", ",", "7,7", "1d,2d", "7 30d", "x", "1e3", "1000001", "²", True,
    Retention(), Retention(0), Retention(None, timedelta()), Retention(None, timedelta(days=2_000_000)), ["7", "30d"],
]  # fmt: skip


@pytest.mark.parametrize(("value", "meant"), GOOD)
def test_a_number_a_time_or_both_say_which_snapshots_are_kept(value: Any, meant: Retention) -> None:
    assert Config(snapshots=value).snapshots == meant
    assert Config(snapshots=str(meant)).snapshots == meant  # type: ignore[arg-type]


@pytest.mark.parametrize("value", BAD)
def test_anything_else_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigError, match="snapshots"):
        Config(snapshots=value)
