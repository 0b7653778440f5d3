"""Why a run does nothing about an entry that no listing on the way to it shows."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from crawler.model.struct import Value
from crawler.text.escape import printable


class Way(Value, frozen=True, kw_only=True):
    """The way from URL down to an entry, as a run would go. A path of "" is URL itself."""

    base: str
    """URL of the root listing up to its last slash."""
    path: str
    """Path of the entry below ``base``; "" if it is not below."""
    outside: str = ""
    """Why no directory leads to the entry; "" if it is below ``base``."""
    unusable: str = ""
    """Why no file can be stored at the path of the entry; "" if one can."""
    barred: Mapping[str, str]
    """Path of a directory that is not entered → the reason."""
    failed: Mapping[str, str]
    """Path of a directory whose listing could not be read → the reason."""
    names: Mapping[str, Sequence[str]]
    """Path of a directory that was read → the names in its listing."""


def decision(way: Way) -> tuple[str, bool]:
    """The decision about an entry that was not found, with the first obstacle on the way to it.

    Also returns whether a rule decides: the same run will do the same, whether or not a listing shows the entry.
    """
    if way.unusable:
        return f"nothing can be saved: {way.unusable}", True
    if way.outside:
        return f"nothing: {way.outside}, and the listing of URL does not link to it", False
    deepest = ""
    for directory in _steps(way.path):
        if directory in way.barred:
            return f"nothing: {printable(directory)}/ is not entered: {way.barred[directory]}", True
        if directory in way.failed:
            return f"unknown: the listing of {printable(directory)}/ cannot be read: {way.failed[directory]}", False
        if directory not in way.names:
            break
        deepest = directory
    below = way.path[len(deepest) :].lstrip("/")
    name = below.partition("/")[0]
    missing = name + "/" * (name != below)
    where = f"{printable(deepest)}/" if deepest else way.base
    near = difflib.get_close_matches(name, way.names.get(deepest, ()), 1, 0.8) or [
        each for each in way.names.get(deepest, ()) if each.casefold() == name.casefold()
    ]
    advice = f": did you mean {printable(near[0])}?" if near else ""
    return f"nothing: the listing of {where} does not show {printable(missing)}{advice}", False


def _steps(path: str) -> Iterator[str]:
    """URL, and each directory on the way to ``path``, which may be one itself."""
    yield ""
    pieces = path.split("/")
    for count in range(1, len(pieces) + 1):
        yield "/".join(pieces[:count])
