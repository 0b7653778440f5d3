"""Regular expressions that are compiled when they are first used: most runs need only a few of a module's."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Pattern:
    """A regular expression that is compiled when one of its methods is first used."""

    def __init__(self, text: Any, flags: int) -> None:
        self._arguments = text, flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._arguments), name)
        setattr(self, name, value)
        return value


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Same as ``re.compile(text, flags)``, but compiled on first use."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
