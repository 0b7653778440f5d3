"""Turns the keys of object stores (S3, GCS, Azure, Swift, archive.org) into entries.

A store has no directories, only keys. With ``delimiter=/`` it lists one level at a time and names the prefixes below;
without a delimiter it lists all keys, which then contain slashes.
"""

from __future__ import annotations

from crawler.listings.values.exact_entries import Details, Rows, canonical, quote_name, shown
from crawler.listings.values.exact_urls import with_query
from crawler.model.reasons import Reason
from crawler.model.values import Kind
from crawler.text.urls import segment_problem

PAGING = frozenset({"marker", "continuation-token", "start-after", "key-marker", "version-id-marker"})
"""Query parameters that say where a page starts; dropped from requests for another prefix or page."""


class ObjectKeys:
    """Adds keys below ``base`` (the container's URL, ending in a slash) to ``rows``.

    ``prefix`` is the one in the request. It may end inside a name (``photos/2024-``): entries are relative to its last
    slash.
    """

    def __init__(self, rows: Rows, base: str, prefix: str = "") -> None:
        self._rows = rows
        self._base = base
        self._prefix = prefix
        self._inside = prefix[: prefix.rfind("/") + 1]

    def add_file(self, key: str, details: Details) -> None:
        """Add an object, or a rejection. An empty object whose key ends in a slash only marks a directory."""
        if key.endswith("/"):
            has_body = details.size is not None and details.size.low > 0
            reason, detail = (
                (Reason.BAD_NAME, "has a body and ends in a slash") if has_body else (Reason.SELF, "marks a directory")
            )
            self._rows.reject(reason, shown(key), detail)
            return
        parts, quoted = self._split(key)
        if parts:
            self._rows.add(parts[-1], self._base + quoted, details, directory="/".join(parts[:-1]))

    def add_prefix(self, prefix: str) -> None:
        """Add a common prefix as a directory: its URL is that of this listing with another ``prefix``."""
        if not prefix.endswith("/"):
            self._rows.reject(Reason.QUERY, shown(prefix), "ends in a delimiter other than a slash")
            return
        parts, _ = self._split(prefix)
        if not parts:
            return
        if len(parts) > 1:
            self._rows.reject(Reason.DEEP, prefix)
            return
        url = with_query(self._rows.url, PAGING, {"prefix": prefix, "delimiter": "/"})
        if url is not None:
            self._rows.add(parts[0], url, Details(kind=Kind.DIRECTORY))

    def _split(self, key: str) -> tuple[list[str], str]:
        """The segments of a key below the listing, all valid names, and the encoded key; no segments if rejected."""
        quoted = quote_name(key)
        if not key.startswith(self._prefix):
            self._rows.reject(Reason.ABOVE, shown(key), f"does not start with {shown(self._prefix)!r}")
            return [], ""
        if quoted is None:
            self._rows.reject(Reason.BAD_NAME, shown(key), "is not text")
            return [], ""
        parts = canonical(key[len(self._inside) :]).removesuffix("/").split("/")
        for part in parts:
            if segment_problem(part):
                self._rows.reject(Reason.BAD_NAME, shown(key), "an empty, dot or NUL segment")
                return [], ""
        return parts, quoted
