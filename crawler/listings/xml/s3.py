"""S3 ``ListBucketResult``, versions 1 and 2, as Amazon, Google Cloud Storage, MinIO, Ceph and others print it.

Source: Amazon S3 API reference, ListObjects and ListObjectsV2. Keys are relative to the bucket's URL. A page holds up
to 1000 of them; only the response says where the next page begins.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from crawler.listings.statements.statement import flag_in
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import bucket_of, query_value, with_query
from crawler.listings.values.exact_values import entity_tag, exact_size, hex_digest, printed, utc_time
from crawler.listings.values.object_keys import PAGING, ObjectKeys
from crawler.listings.xml.document import XmlDocument, children, fields
from crawler.model.values import Listing


class _Bucket:
    """The fields of the root element, decoded."""

    def __init__(self, document: XmlDocument) -> None:
        self._document = document
        self._fields = fields(document.root)
        self._quoted = self._fields.get("EncodingType") == "url"

    def value(self, name: str) -> str:
        """The value of a field that is never encoded."""
        return self._document.text(self._fields.get(name))

    def key(self, text: str | None) -> str:
        """A key, prefix or marker, decoded. ``encoding-type=url`` encodes them like form values."""
        plain = self._document.text(text)
        if not self._quoted:
            return plain
        raw = plain.replace("+", " ").encode("utf-8", "surrogateescape")
        return unquote_to_bytes(raw).decode("utf-8", "surrogateescape")

    def key_field(self, name: str) -> str:
        """The value of a field that is encoded like keys."""
        return self.key(self._fields.get(name))


def read_s3(document: XmlDocument) -> Listing | None:
    """The objects and prefixes of one page. An empty bucket is a listing if it says that it is not truncated."""
    bucket = _Bucket(document)
    taken = Rows(document.url)
    prefix = bucket.key_field("Prefix") or query_value(document.url, "prefix") or ""
    keys = ObjectKeys(taken, bucket_of(document.url), prefix)
    last = ""
    for element in children(document.root, "Contents"):
        row = fields(element)
        key = bucket.key(row.get("Key"))
        last = max(last, key, key=_order)
        keys.add_file(key, _details(row))
    for element in children(document.root, "CommonPrefixes"):
        prefix = bucket.key(fields(element).get("Prefix"))
        last = max(last, prefix, key=_order)
        keys.add_prefix(prefix)
    truncated = flag_in(bucket.value("IsTruncated"))
    if truncated is None and not last:
        return None
    if truncated is None:
        truncated = bool(bucket.value("NextContinuationToken") or bucket.value("NextMarker"))
    following = _next_page(document.url, bucket, last) if truncated else None
    return taken.listing("s3-xml", complete=document.whole, next_pages=(following,) if following else ())


def _details(row: dict[str, str]) -> Details:
    """Size, time, ETag and digest of an object.

    An ETag without a dash is the MD5 of the body (Amazon S3 API reference, Object). The exceptions, objects encrypted
    with KMS or customer keys, cannot be listed anonymously.
    """
    size, modified, etag = row.get("Size"), row.get("LastModified"), entity_tag(row.get("ETag"))
    return Details(
        size=exact_size(size),
        modified=utc_time(modified),
        row=printed(size, modified),
        digest=hex_digest("md5", etag.strip('"')) if etag else None,
        etag=etag,
    )


def _order(key: str) -> bytes:
    """The sort key of ``key``: S3 sorts keys by their UTF-8 bytes."""
    return key.encode("utf-8", "surrogatepass")


def _next_page(url: str, bucket: _Bucket, last: str) -> str | None:
    """URL of the next page, or None. Version 2 gives a token; version 1 gives a marker only if there is a delimiter,
    otherwise the last key is the marker."""
    token = bucket.value("NextContinuationToken")
    if token:
        return with_query(url, PAGING, {"continuation-token": token})
    second = query_value(url, "list-type") == "2"
    marker = bucket.key_field("NextMarker") or last
    if not marker:
        return None
    return with_query(url, PAGING, {"start-after" if second else "marker": marker})
