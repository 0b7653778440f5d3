"""pCloud's public folders: the data embedded in the page for its own script (``directLinkData``).

Shape: ``{"code", "dirpath", "content": [{"name", "urlencodedname", "modified", "size", "icon"}, …]}``. Directories have
no size. URLs are relative to the page. The data is not paged: it holds all entries.
"""

from __future__ import annotations

from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of
from crawler.listings.values.exact_values import exact_size, http_time, printed
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Listing
from crawler.text.urls import decoded

_KEYS = frozenset({"code", "dirpath", "content"})


def read_pcloud(document: JsonDocument) -> Listing | None:
    """The entries of a public folder; None if the document has another shape."""
    value = document.value
    if not isinstance(value, dict) or not value.keys() >= _KEYS or not isinstance(value["content"], list):
        return None
    rows = value["content"]
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("urlencodedname"), str)]
    if rows and not named:
        return None
    taken = Rows(document.url)
    for row in named:
        _take(taken, base_of(document.url), row)
    for _ in range(len(rows) - len(named)):
        taken.add_nameless()
    return taken.listing("pcloud", complete=document.whole)


def _take(taken: Rows, base: str, row: dict[str, Any]) -> None:
    segment = row["urlencodedname"]
    if any(character in segment for character in "/?#\\") or not segment.isascii():
        taken.reject(Reason.BAD_NAME, segment.encode("ascii", "backslashreplace").decode(), "is not a path segment")
        return
    kind = Kind.DIRECTORY if "size" not in row else Kind.FILE
    size, modified = row.get("size"), row.get("modified")
    details = Details(kind=kind, size=exact_size(size), modified=http_time(modified), row=printed(size, modified))
    taken.add(decoded(segment), f"{base}{segment}{'/' if kind is Kind.DIRECTORY else ''}", details)
