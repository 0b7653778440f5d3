"""Prints the snapshots of a mirror."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crawler.model.report import Snapshot
from crawler.output.format import json_text
from crawler.text.units import render_size


def render_snapshots(snapshots: Sequence[Snapshot], form: str) -> str:
    """The snapshots as text, one a line, or as a JSON array. ``form`` is ``text`` or ``json``."""
    if form == "json":
        return json.dumps([_values(snapshot) for snapshot in snapshots], indent=1)
    counts = ["unknown" if one.files is None else f"{one.files:,}" for one in snapshots]
    sizes = ["" if one.size is None else render_size(one.size) for one in snapshots]
    count_width, size_width = (max(map(len, column), default=0) for column in (counts, sizes))
    words = ["file " if one.files == 1 else "files" for one in snapshots]
    lines = [
        f"{one.name}  {count:>{count_width}} {word}  {size:>{size_width}}" + ("  current" if one.is_current else "")
        for one, count, word, size in zip(snapshots, counts, words, sizes, strict=True)
    ]
    return "\n".join(line.rstrip() for line in lines) or "no snapshots"


def _values(snapshot: Snapshot) -> dict[str, object]:
    return {
        "name": snapshot.name,
        **json_text("path", snapshot.path),
        "files": snapshot.files,
        "size": snapshot.size,
        "current": snapshot.is_current,
    }
