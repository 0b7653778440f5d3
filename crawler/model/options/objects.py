"""The settings of an object store: the ``[objects]`` table."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.errors import ConfigError


def check_objects(values: object, where: str) -> dict[str, str]:
    """A mapping of names to text, numbers or booleans, as texts. Raises ConfigError, which never shows a value."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a table")
    found = {}
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, str | int):
            raise ConfigError(f"{where}: {key}: expected text, a number, or true or false")
        found[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
