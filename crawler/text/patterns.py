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


_PLAIN_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+~@=, ()-]{0,199}"
PLAIN_NAME = pattern(_PLAIN_NAME)
"""File names about which there is nothing to decide: ``entry_path`` does not change them, every destination can store
them, ``tree.encoded_new`` accepts them, and they are the same bytes in any locale."""
PLAIN_NAMES = pattern(rf"(?:{_PLAIN_NAME}\n)*{_PLAIN_NAME}")
"""Several of them, with a newline between them."""
