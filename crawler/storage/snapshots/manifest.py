"""The manifest of a snapshot: the SHA-256 of its files, in the format of sha256sum.

``cd current && sha256sum --check ../20261129T104704Z.sha256`` checks it. Comments hold what that format cannot express:
files whose digest is unknown, and a last line with the totals, which proves that the manifest is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.model.struct import Value
from crawler.text.escape import masked

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {escape: plain for plain, escape in _ESCAPES.items()}
_LINE = re.compile(r"\\?([0-9a-f]{64})  (.*)", re.DOTALL)
_UNKNOWN = "# without a digest: "
_TOTALS = re.compile(r"# whole: ([0-9]{1,19}) files, ([0-9]{1,19}) bytes")


class Totals(Value, frozen=True):
    """Totals of the files in a snapshot."""

    files: int
    size: int
    """Total size of all files in bytes, shared or not."""


def heading(name: str, url: str) -> str:
    """The first line of a manifest. ``url``: the URL of the mirror; "" for a list of URLs."""
    return f"# snapshot {name}" + (f" of {masked(url)}" if url else "") + "\n"


def line_of(path: str, digest: str | None) -> str:
    """The line of one file. ``digest``: ``sha256:<hex>``, or None if it is unknown."""
    escaped = "".join(_ESCAPES.get(character, character) for character in path)
    if not digest or not digest.startswith("sha256:"):
        return f"{_UNKNOWN}{escaped}\n"
    mark = "\\" if escaped != path else ""  # indicates that the path is escaped
    return f"{mark}{digest.removeprefix('sha256:')}  {escaped}\n"


def ending(totals: Totals) -> str:
    """The last line of a manifest."""
    return f"# whole: {totals.files} files, {totals.size} bytes\n"


def totals_of(end: str) -> Totals | None:
    """The totals in ``end``, the last bytes of a manifest; None if the manifest is incomplete."""
    found = _TOTALS.fullmatch(end.rstrip("\n").rpartition("\n")[2])
    return Totals(int(found[1]), int(found[2])) if found and end.endswith("\n") else None


def files_of(lines: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """(path, ``sha256:<hex>`` or None) of each file in a manifest; other lines are ignored."""
    for line in lines:
        text = line.removesuffix("\n")
        if text.startswith(_UNKNOWN):
            yield _unescaped(text.removeprefix(_UNKNOWN)), None
        elif (found := _LINE.fullmatch(text)) is not None:
            yield _unescaped(found[2]) if text.startswith("\\") else found[2], f"sha256:{found[1]}"


def _unescaped(path: str) -> str:
    return re.sub(r"\\[\\nr]", lambda escape: _UNESCAPES[escape[0]], path)
