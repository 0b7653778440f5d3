"""nginx ``autoindex_format json`` and ``jsonp``.

Shape (ngx_http_autoindex_module): ``[{"name", "type": "directory|file|other", "mtime": HTTP-date, "size"}, …]``;
names are unencoded, only files have a ``size``, times are UTC.
"""

from __future__ import annotations

import re

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of
from crawler.listings.values.exact_values import exact_size, http_time, printed
from crawler.listings.values.kinds import kind_of
from crawler.model.values import Kind, Listing

_KINDS = {"directory": Kind.DIRECTORY, "file": Kind.FILE, "other": Kind.OTHER}
_KEYS = frozenset({"name", "type", "mtime", "size"})
# An empty directory. No other program is known to print an empty array this way.
_EMPTY = re.compile(r"\[\r\n(?:\r\n)?\]")


def read_nginx(document: JsonDocument) -> Listing | None:
    """The listing; None if any element has another shape. Rows of type ``other`` (device, broken link) are rejected."""
    rows = document.value
    if not isinstance(rows, list) or (not rows and not _EMPTY.fullmatch(document.text)):
        return None
    if rows and not any(isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows):
        return None
    taken = Rows(document.url)
    base = base_of(document.url)
    for row in rows:
        if not isinstance(row, dict) or not row.keys() <= _KEYS:
            return None
        name, kind, mtime = row.get("name"), kind_of(row.get("type"), _KINDS), row.get("mtime")
        if kind is None or not isinstance(mtime, str):
            return None
        if not isinstance(name, str):
            taken.add_nameless()
            continue
        size = row.get("size")
        details = Details(kind=kind, size=exact_size(size), modified=http_time(mtime), row=printed(size, mtime))
        taken.add_raw(base, name, details)
    return taken.listing("nginx-jsonp" if document.wrapped else "nginx-json", complete=document.whole)
