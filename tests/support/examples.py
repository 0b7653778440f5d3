"""The number of examples of property tests: fewer where they are the same each time, more where they are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import settings
from hypothesis.errors import InvalidArgument

_SETTINGS = "_hypothesis_internal_use_settings"
"""Attribute with a test's settings. The decorator cannot replace the settings of a test that already has some."""


def change_settings(items: Iterable[pytest.Item], change: Callable[[settings], settings]) -> None:
    """Give each property test among ``items`` the settings that ``change`` makes of its own."""
    tests = {getattr(item.obj, "__func__", item.obj) for item in items if hasattr(item, "obj")}
    for test in tests:
        had = getattr(test, _SETTINGS, None)
        if isinstance(had, settings):
            setattr(test, _SETTINGS, change(had))
        elif getattr(test, "is_hypothesis_test", False):
            raise InvalidArgument(f"{test.__qualname__} keeps its settings elsewhere")
