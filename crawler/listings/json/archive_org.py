"""The metadata of an archive.org item: ``/metadata/<identifier>``.

Shape: ``{"files": [{"name", "size", "mtime", "md5", "sha1", …}], "metadata": {"identifier"}, "files_count", …}``;
sizes and times are strings of digits, names may contain slashes, files are at ``/download/<identifier>/<name>``.
"""

from __future__ import annotations

from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows, quote_name
from crawler.listings.values.exact_urls import resolve_link
from crawler.listings.values.exact_values import epoch_time, exact_size, hex_digest, printed
from crawler.listings.values.object_keys import ObjectKeys
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Listing


def read_archive_org(document: JsonDocument) -> Listing | None:
    """The files of an item; None if the shape differs. Incomplete if ``files_count`` differs from their number."""
    root = document.value
    if not isinstance(root, dict) or not isinstance(root.get("metadata"), dict):
        return None
    identifier, files = root["metadata"].get("identifier"), root.get("files")
    if not isinstance(identifier, str) or not isinstance(files, list) or "files_count" not in root:
        return None
    quoted = quote_name(identifier)
    base = resolve_link(document.url, f"/download/{quoted}/") if quoted and "/" not in quoted else None
    named = [item for item in files if isinstance(item, dict) and isinstance(item.get("name"), str)]
    if base is None or (files and not named):
        return None
    taken = Rows(document.url)
    keys = ObjectKeys(taken, base)
    for item in named:
        keys.add_file(item["name"], _details(item, identifier))
    for _ in range(len(files) - len(named)):
        taken.add_nameless()
    is_part = root["files_count"] != len(files)
    return taken.listing("archive-org", flaws=(Flaw(FlawKind.PART, f"files_count: {root['files_count']}"),) * is_part)


def _details(item: dict[str, Any], identifier: str) -> Details:
    size, mtime = item.get("size"), item.get("mtime")
    digest = hex_digest("sha1", item.get("sha1")) or hex_digest("md5", item.get("md5"))
    if item["name"] == f"{identifier}_files.xml":
        digest = None  # the file that lists all digests cannot contain its own: the listed one is of an older version
    return Details(size=exact_size(size), modified=epoch_time(mtime), row=printed(size, mtime), digest=digest)
