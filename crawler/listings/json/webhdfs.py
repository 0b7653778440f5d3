"""WebHDFS, ``GET /webhdfs/v1/path?op=LISTSTATUS`` (Hadoop, "WebHDFS REST API", "List a Directory").

Shape: ``{"FileStatuses": {"FileStatus": [{"pathSuffix", "type", "length", "modificationTime"}, …]}}``. ``pathSuffix``
is an unencoded name, empty if the path is a file; times are milliseconds since 1970. Azure Data Lake adds a
``continuationToken``. A file is fetched from the same URL with ``op=OPEN``.
"""

from __future__ import annotations

from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows, canonical, quote_name, shown
from crawler.listings.values.exact_urls import query_value
from crawler.listings.values.exact_values import epoch_time, exact_size, printed
from crawler.listings.values.kinds import kind_of
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Listing
from crawler.text.urls import before_query

_KEYS = frozenset({"pathSuffix", "type", "length", "modificationTime"})
_KINDS = {"FILE": Kind.FILE, "DIRECTORY": Kind.DIRECTORY, "SYMLINK": Kind.SYMLINK}


def read_webhdfs(document: JsonDocument) -> Listing | None:
    """The entries of a directory; None if the document has another shape or the path is a file."""
    outer = document.value.get("FileStatuses") if isinstance(document.value, dict) else None
    rows = outer.get("FileStatus") if isinstance(outer, dict) else None
    if not isinstance(outer, dict) or not isinstance(rows, list):
        return None
    if not all(isinstance(row, dict) for row in rows):
        return None
    named = [row for row in rows if row.keys() >= _KEYS and isinstance(row["pathSuffix"], str) and row["pathSuffix"]]
    if rows and not named:
        return None
    taken = Rows(document.url)
    for row in named:
        _take(taken, row)
    for _ in range(len(rows) - len(named)):
        taken.add_nameless()
    return taken.listing("webhdfs", complete=document.whole)


def _take(taken: Rows, row: dict[str, Any]) -> None:
    name = row["pathSuffix"]
    quoted = quote_name(name)
    if quoted is None:
        taken.reject(Reason.BAD_NAME, shown(name), "is not text")
        return
    kind = kind_of(row["type"], _KINDS) or Kind.UNKNOWN
    details = Details(
        kind=kind,
        size=exact_size(row["length"]),
        modified=epoch_time(row["modificationTime"]),
        row=printed(row["length"], row["modificationTime"]),
    )
    taken.add(canonical(name), _address(taken.url, quoted, kind), details)


def _address(url: str, quoted: str, kind: Kind) -> str:
    """The URL of an entry: the same operation as the page's for a directory, ``op=OPEN`` for a file."""
    path = before_query(url).rstrip("/").removesuffix("/.")
    if query_value(url, "op") is None and query_value(url, "OP") is None:
        return f"{path}/{quoted}{'/' if kind is Kind.DIRECTORY else ''}"
    return f"{path}/{quoted}?op={'LISTSTATUS' if kind is Kind.DIRECTORY else 'OPEN'}"
