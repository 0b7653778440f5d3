"""OpenStack Swift, ``GET /v1/account/container?format=xml``.

Shape: ``<container name>`` with ``<object><name/><hash/><bytes/><content_type/><last_modified/></object>`` and
``<subdir name/>``. The fields have the same meaning as in the JSON form.
"""

from __future__ import annotations

from crawler.listings.json.swift import next_page, take_object
from crawler.listings.values.exact_entries import Rows
from crawler.listings.values.exact_urls import bucket_of, query_value
from crawler.listings.values.object_keys import ObjectKeys
from crawler.listings.xml.document import XmlDocument, fields, local
from crawler.model.values import Listing


def read_swift(document: XmlDocument) -> Listing | None:
    """The objects of a container; None if the root has no name or any child has another shape.

    An empty container is recognised only if the request had parameters that Swift understands."""
    root, url = document.root, document.url
    requested = query_value(url, "format") == "xml" or query_value(url, "marker") is not None
    if not root.get("name") or not (len(root) or requested):
        return None
    taken = Rows(url)
    keys = ObjectKeys(taken, bucket_of(url), query_value(url, "prefix") or "")
    last = None
    for element in root:
        row = {name: document.text(value) for name, value in fields(element).items()}
        if local(element) == "subdir":
            last = document.text(element.get("name")) or row.get("name", "")
            keys.add_prefix(last)
        elif local(element) == "object" and "name" in row:
            last = row["name"]
            take_object(keys, row)
        else:
            return None
    return taken.listing("swift", complete=document.whole, next_pages=next_page(url, last, len(root)))
