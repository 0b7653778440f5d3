"""OpenStack Swift, ``GET /v1/account/container?format=json`` (Object Storage API, "Show container details").

Shape: ``[{"name", "bytes", "hash", "last_modified", "content_type"} or {"subdir"}, …]``; times are UTC although they
have no zone, ``hash`` is the MD5 of the object. An account lists its containers: ``{"name", "count", "bytes"}``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import bucket_of, query_value, with_query
from crawler.listings.values.exact_values import exact_size, hex_digest, printed, utc_time
from crawler.listings.values.object_keys import ObjectKeys
from crawler.model.values import Kind, Listing, Span

_OBJECT = frozenset({"name", "bytes", "hash", "last_modified", "content_type"})
_CONTAINER = frozenset({"name", "bytes", "count"})
_DIRECTORY_TYPES = ("application/directory", "application/x-directory")


def read_swift(document: JsonDocument) -> Listing | None:
    """The objects of a container or the containers of an account; None if the document has another shape.

    Swift does not say whether more rows follow, so the rows after the last name are requested until there are none.
    An empty array is therefore a listing only in response to such a request (``marker``).
    """
    rows, url = document.value, document.url
    if not isinstance(rows, list):
        return None
    if not rows:
        return Rows(url).listing("swift") if query_value(url, "marker") and document.whole else None
    names = [_name(row) for row in rows]
    if not all(names):
        return None
    taken = Rows(url)
    keys = ObjectKeys(taken, bucket_of(url), query_value(url, "prefix") or "")
    for row in rows:
        if "subdir" in row:
            keys.add_prefix(row["subdir"])
        elif "count" in row:
            taken.add_raw(bucket_of(url), row["name"], Details(kind=Kind.DIRECTORY))
        else:
            take_object(keys, row)
    return taken.listing("swift", complete=document.whole, next_pages=next_page(url, names[-1], len(rows)))


def take_object(keys: ObjectKeys, row: dict[str, Any]) -> None:
    """Add one object. Its fields have the same names in JSON and XML."""
    size, modified, key = row.get("bytes"), row.get("last_modified"), row["name"]
    if str(row.get("content_type")).partition(";")[0] in _DIRECTORY_TYPES and not key.endswith("/"):
        key += "/"  # an object that marks a directory, which is listed as a subdir too
    details = Details(
        size=exact_size(size),
        modified=_rounded_up(utc_time(modified)),
        row=printed(size, modified),
        digest=hex_digest("md5", row.get("hash")),
    )
    keys.add_file(key, details)


def _rounded_up(time: Span[datetime] | None) -> Span[datetime] | None:
    """``time`` extended to include Swift's Last-Modified header, which is the listed time rounded up to the second."""
    if time is None or time.exact:
        return time
    return Span(time.low, time.low + timedelta(seconds=1))


def next_page(url: str, last: str | None, count: int) -> tuple[str, ...]:
    """URL of the rows after ``last``, as a tuple; empty if this page has fewer rows than its ``limit``."""
    limit = exact_size(query_value(url, "limit"))
    if last is None or (limit is not None and count < limit.low):
        return ()
    following = with_query(url, frozenset(), {"marker": last})
    return (following,) if following else ()


def _name(row: Any) -> str | None:
    """The name of a row; None if it does not have Swift's shape."""
    if not isinstance(row, dict):
        return None
    if row.keys() == {"subdir"}:
        name = row["subdir"]
    else:
        name = row.get("name") if row.keys() >= _OBJECT or row.keys() >= _CONTAINER else None
    return name if isinstance(name, str) else None
