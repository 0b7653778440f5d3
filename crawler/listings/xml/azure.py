"""Azure Blob Storage, "List Blobs" (``?restype=container&comp=list``).

Shape: ``<EnumerationResults ContainerName><Prefix/><Blobs><Blob><Name/><Properties/></Blob><BlobPrefix><Name/>…``
and ``NextMarker``, empty on the last page. Names are relative to the container's URL.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import bucket_of, query_value, with_query
from crawler.listings.values.exact_values import entity_tag, exact_size, hex_digest, http_time, printed
from crawler.listings.values.object_keys import PAGING, ObjectKeys
from crawler.listings.xml.document import XmlDocument, children, fields, local
from crawler.model.reasons import Reason
from crawler.model.values import Listing
from crawler.text.urls import decoded

if TYPE_CHECKING:
    from lxml import etree


def read_azure(document: XmlDocument) -> Listing | None:
    """The blobs and prefixes of one page; None without a ``Blobs`` element (a list of containers or shares)."""
    blobs = next(children(document.root, "Blobs"), None)
    if blobs is None:
        return None
    root = fields(document.root)
    taken = Rows(document.url)
    prefix = document.text(root.get("Prefix")) or query_value(document.url, "prefix") or ""
    keys = ObjectKeys(taken, bucket_of(document.url), prefix)
    for element in blobs:
        name = _name(document, element)
        if local(element) == "BlobPrefix":
            keys.add_prefix(name)
        elif local(element) == "Blob":
            _take_blob(keys, taken, name, element)
    marker = document.text(root.get("NextMarker"))
    following = with_query(document.url, PAGING, {"marker": marker}) if marker else None
    return taken.listing("azure-blob", complete=document.whole, next_pages=(following,) if following else ())


def _take_blob(keys: ObjectKeys, taken: Rows, name: str, element: etree._Element) -> None:
    outer = fields(element)
    if "Snapshot" in outer or outer.get("Deleted") == "true" or outer.get("IsCurrentVersion") == "false":
        taken.reject(Reason.DUPLICATE, name, "an old version of a blob")
        return
    # Before REST version 2009-09-19 the properties were children of the blob, with other names.
    row = outer | next((fields(child) for child in children(element, "Properties")), {})
    if row.get("ResourceType") == "directory":
        taken.reject(Reason.SELF, name, "marks a directory")
        return
    size, modified = row.get("Content-Length") or row.get("Size"), row.get("Last-Modified") or row.get("LastModified")
    details = Details(
        size=exact_size(size),
        modified=http_time(modified),
        row=printed(size, modified),
        digest=_md5(row.get("Content-MD5")),
        etag=entity_tag(row.get("Etag") or row.get("ETag")),
    )
    keys.add_file(name, details)


def _name(document: XmlDocument, element: etree._Element) -> str:
    """The name of a blob or prefix. Names that XML cannot represent are percent-encoded and marked ``Encoded``
    (REST version 2021-02-12)."""
    for child in children(element, "Name"):
        text = document.text(child.text)
        return decoded(text) if child.get("Encoded") == "true" else text
    return ""


def _md5(encoded: str | None) -> str | None:
    try:
        return hex_digest("md5", base64.b64decode(encoded or "", validate=True).hex())
    except ValueError:
        return None
