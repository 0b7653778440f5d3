"""Rows, facts about responses, and what a connection has carried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crawler.model.values import Span
from crawler.pipeline.rules.responses.carried import History
from crawler.pipeline.rules.responses.neighbours import Facts, Row

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def row(low: int | None = None, high: int | None = None, **more: object) -> Row:
    size = None if low is None else Span(low, low if high is None else high)
    return Row(size=size, **more)  # type: ignore[arg-type]


def at(minute: int) -> Span[datetime]:
    low = NOON + timedelta(minutes=minute)
    return Span(low, low + timedelta(seconds=59))


def ok(size: int, **more: object) -> Facts:
    return Facts(status=200, size=size, **more)  # type: ignore[arg-type]


def carried(*seen: tuple[Row, Facts]) -> History:
    """What a connection has carried, added one by one."""
    history = History()
    for each in seen:
        history.add(*each)
    return history
