"""A sandbox and a server for every test; ``row`` names the rows of ``docs/reliability.md`` that a test proves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.misbehaving import tools
from tests.support.misbehaving.fixtures import mount, sandbox, site

__all__ = ["mount", "sandbox", "site"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(*ids): rows of docs/reliability.md that this test proves")
    config.addinivalue_line("markers", "own: uses what only this program has (options, state, exit codes)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("row"):
            item.user_properties += [("row", row) for row in mark.args]
    if tools.NAME != "crawler":
        for item in items:
            if item.get_closest_marker("own") is not None:
                item.add_marker(pytest.mark.skip(reason="asks for what only crawler has"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    del item
    try:
        return (yield)
    except tools.NotOffered as missing:
        pytest.skip(f"{tools.NAME} has no option for: {missing}")
