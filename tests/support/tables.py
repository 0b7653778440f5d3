"""Tables: a test with many rows of plain arguments is one test that runs all of them.

To collect, schedule, set up and report a test takes some milliseconds in each worker, and to call a pure function once
takes none; without this, half of the suite's tests would be rows of tables. A failure names each row that failed by its
arguments. A row is a test of its own if it needs something beside its arguments (a fixture, an event loop, a mark),
if the test has the mark ``apart``, because its rows take long, and if a row is named on the command line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import product
from typing import Any

import pytest

LEAST = 8
"""Number of rows that make a table."""
FOR_ALL = frozenset({"event_loop_policy", "_own_state_home", "tmp_path_factory", "request"})
"""Fixtures that each test has, and shares with all others."""

Row = dict[str, Any]
_PARAM = type(pytest.param())


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Function | None:
    """Collect a table as one test."""
    names_a_row = any("[" in argument for argument in collector.config.args)
    if names_a_row or not isinstance(collector, pytest.Module) or not collector.istestfunction(obj, name):
        return None
    return table(collector, name, obj)


def table(module: pytest.Module, name: str, function: Any) -> pytest.Function | None:
    """The test that runs all rows of ``function``; None if it has too few, or if each of them is a test of its own."""
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function) or hasattr(function, "hypothesis"):
        return None
    rows = _rows(getattr(function, "pytestmark", []))
    if len(rows) < LEAST or set(rows[0]) != set(inspect.signature(function).parameters):
        return None
    test: pytest.Function = pytest.Function.from_parent(module, name=name, callobj=_all(function, rows))
    is_plain = FOR_ALL.issuperset(test.fixturenames) and not any(module.iter_markers("parametrize"))
    return test if is_plain else None


def _rows(marks: Sequence[pytest.Mark]) -> list[Row]:
    """The arguments of each call; none if a mark says more than that."""
    axes = []
    for mark in marks:
        if mark.name != "parametrize" or len(mark.args) != 2 or not mark.kwargs.keys() <= {"ids"}:
            return []
        names, values = mark.args
        if any(isinstance(row, _PARAM) and row.marks for row in values):
            return []
        axes.append([_row(names, row) for row in values])
    return [{name: value for part in parts for name, value in part.items()} for parts in product(*axes)]


def _row(names: str | Sequence[str], values: Any) -> Row:
    """One row of one mark, whose names are a list, or a text with commas, or one name."""
    several = [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names
    if isinstance(values, _PARAM):
        values = values.values
    elif isinstance(names, str) and "," not in names:
        values = (values,)
    return dict(zip(several, values, strict=True))


def _all(function: Callable[..., object], rows: Sequence[Row]) -> Callable[[], None]:
    @wraps(function)
    def run() -> None:
        failures = list[Exception]()
        for row in rows:
            try:
                function(**row)
            except Exception as error:  # noqa: BLE001  # a test may raise anything
                error.add_note(f"{function.__name__}({_text(row)})")
                failures.append(error)
            except BaseException as end:
                end.add_note(f"{function.__name__}({_text(row)})")
                raise
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup(f"{len(failures)} of {len(rows)} rows failed", failures)

    run.__signature__ = inspect.Signature()  # type: ignore[attr-defined]  # pytest would look for fixtures
    return run


def _text(row: Row) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in row.items())
