"""Regular expressions that are compiled when they are first used: most runs need a few of those that a module has."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Pattern:
    """Takes the methods of the compiled expression as its own when one of them is first asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self._arguments = text, flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._arguments), name)
        setattr(self, name, value)
        return value


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile(text, flags)``, later."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
