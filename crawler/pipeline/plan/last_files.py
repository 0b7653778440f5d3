"""Which files wait until all others are here (--last), by their names."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection


class LastFiles:
    """The shell patterns of --last."""

    def __init__(self, globs: Collection[str]) -> None:
        self.match = re.compile("|".join(map(fnmatch.translate, globs)) or "(?!)").match
        """Tells whether a name matches any of them."""
        self._needed = [max(re.split(r"[*?]", each.partition("[")[0]), key=len) for each in globs]
        """For each of them a text that is in every name that matches it."""

    def cannot_match(self, names: str) -> bool:
        """Whether no part of ``names`` can match: several names are searched together for less than one is matched."""
        return not any(map(names.__contains__, self._needed))
