"""nginx ``autoindex_format xml``.

Shape (ngx_http_autoindex_module): ``<list><directory mtime="…Z">name</directory><file mtime size>name</file></list>``
and ``other``; names are unencoded, times are UTC.
"""

from __future__ import annotations

from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of
from crawler.listings.values.exact_values import exact_size, printed, utc_time
from crawler.listings.values.kinds import kind_of
from crawler.listings.xml.document import XmlDocument
from crawler.model.values import Kind, Listing

_KINDS = {"directory": Kind.DIRECTORY, "file": Kind.FILE, "other": Kind.OTHER}
# The exact beginning of nginx's output: the only thing that identifies it for an empty directory.
_PROLOG = b'<?xml version="1.0"?>\r\n'


def read_nginx(document: XmlDocument) -> Listing | None:
    """The listing; None if any element has another shape."""
    if document.root.attrib or (not len(document.root) and document.prolog != _PROLOG):
        return None
    taken = Rows(document.url)
    base = base_of(document.url)
    for element in document.root:
        kind, mtime = kind_of(element.tag, _KINDS), element.get("mtime")
        if kind is None or mtime is None or len(element):
            return None
        name, size = document.text(element.text), element.get("size")
        details = Details(kind=kind, size=exact_size(size), modified=utc_time(mtime), row=printed(size, mtime))
        taken.add_raw(base, name, details)
    return taken.listing("nginx-xml", complete=document.whole)
