"""Caddy 2 ``file_server browse``, requested with ``Accept: application/json``.

Shape: ``[{"name", "size", "url", "mod_time", "mode", "is_dir", "is_symlink"}, …]`` (newer versions add ``tpl`` and
``symlink_path``). ``url`` is relative and percent-encoded; for a directory, both ``url`` and ``name`` end in a slash.
"""

from __future__ import annotations

import re
from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of, last_segment, misplaced, resolve_link
from crawler.listings.values.exact_values import exact_size, iso_time, printed
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Listing
from crawler.text.urls import decoded

_KEYS = frozenset({"name", "size", "url", "mod_time", "is_dir"})
_CHILD = re.compile(r"\./([^/?#\\\s\x00-\x1f\x7f-\U0010ffff]+/?)").fullmatch


def read_caddy(document: JsonDocument) -> Listing | None:
    """The listing; None unless most elements have this shape, and for an empty array, which does not identify Caddy."""
    rows = document.value
    if not isinstance(rows, list) or not rows:
        return None
    named = [row for row in rows if isinstance(row, dict) and row.keys() >= _KEYS and isinstance(row["url"], str)]
    if len(named) <= len(rows) // 2:
        return None
    taken = Rows(document.url)
    base = base_of(document.url)
    for row in named:
        _take(taken, base, row)
    for _ in range(len(rows) - len(named)):
        taken.add_nameless()
    return taken.listing("caddy-json", complete=document.whole)


def _take(taken: Rows, base: str, row: dict[str, Any]) -> None:
    href = row["url"]
    child = _CHILD(href)
    url = base + child[1] if child else resolve_link(taken.url, href)
    reason = Reason.SCHEME if url is None else None if child else misplaced(url, base)
    if url is None or reason:
        taken.reject(reason or Reason.SCHEME, href)
        return
    segment = last_segment(url)[0] if child is None else child[1].removesuffix("/")
    directory = row["is_dir"] is True or url.endswith("/")
    link = row.get("is_symlink") is True
    kind = Kind.DIRECTORY if directory else Kind.SYMLINK if link else Kind.FILE
    details = Details(
        kind=kind,
        size=exact_size(row["size"]),
        # For a symlink, Caddy lists the target's size but the link's own time.
        modified=None if link else iso_time(row["mod_time"]),
        row=printed(row["size"], row["mod_time"]),
    )
    taken.add(decoded(segment), url, details)
