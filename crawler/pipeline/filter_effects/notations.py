"""Translates patterns in the notation of a shell, a regular expression or a path into patterns for --include."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.model.struct import Value

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_SET_OR_COMMA = re.compile(r"\[[^\]]*\]|,")
_EXPRESSION = re.compile(r"\\[.dwsSDWb]|\.\+|^\^|\$$|\([^()]*\|[^()]*\)")
_ANYTHING = re.compile(r"\.\*[^.]")
"""What begins an expression if it selects files; a glob that leaves out hidden files may begin like this, too."""
_PLACE = re.compile(r"(?:\./)+")
_MOST = 16
"""Maximum number of patterns that are proposed in place of one."""


class Rewritten(Value, frozen=True):
    """What a pattern in another notation means."""

    why: str
    patterns: tuple[str, ...]


def rewritten(pattern: str, *, is_include: bool) -> Rewritten | None:
    """The patterns to write instead of ``pattern``, which matched no file; None if it is in no other notation."""
    if pattern.startswith("re:"):
        return None
    if _EXPRESSION.search(pattern) or (is_include and _ANYTHING.match(pattern)):
        return Rewritten("a regular expression needs re: in front", (f"re:{pattern}",))
    parts = [part for each in _expanded(pattern) for part in _split(each) if part]
    if len(parts) > 1:
        why = "{a,b} is not supported" if _BRACES.search(pattern) else "a comma does not separate patterns"
        patterns = tuple(filter(None, dict.fromkeys(map(_placed, parts))))
        return Rewritten(why, patterns) if 0 < len(patterns) <= _MOST else None
    place = _PLACE.match(pattern)
    bare = _placed(pattern)
    return Rewritten(f"paths are relative to URL, without {place[0]}", (bare,)) if place and bare else None


def _placed(pattern: str) -> str:
    """``pattern`` without ``./`` in front."""
    place = _PLACE.match(pattern)
    return pattern[place.end() :] if place else pattern


def _expanded(pattern: str) -> Iterator[str]:
    """The patterns that a shell makes of ``pattern``, whose braces contain alternatives; a few too many at most."""
    waiting = [pattern]
    for _ in range(4 * _MOST):
        if not waiting:
            return
        text = waiting.pop()
        found = _BRACES.search(text)
        if found is None:
            yield text
        else:
            options = found[1].split(",")
            waiting += [f"{text[: found.start()]}{each.strip()}{text[found.end() :]}" for each in reversed(options)]


def _split(pattern: str) -> Iterator[str]:
    """The parts of ``pattern`` between commas outside of sets such as ``[a,b]``."""
    start = 0
    for found in _SET_OR_COMMA.finditer(pattern):
        if found[0] == ",":
            yield pattern[start : found.start()].strip()
            start = found.end()
    yield pattern[start:].strip()
