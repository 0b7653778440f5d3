"""Reads a Metalink document (RFC 5854): files with their names, sizes, digests and URLs on several hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.listings.page import Page
from crawler.listings.xml.document import XmlDocument, children, read_xml, root_position
from crawler.model.network.listed_file import ListedFile
from crawler.text.digests import HEX_LENGTHS, parse_digest
from crawler.text.urls import resolve

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "urn:ietf:params:xml:ns:metalink"
URLS = 100
"""URLs of one file that are used, the best ones; directories of mirrors name a few dozen."""
_OLD = "http://www.metalinker.org/"
_PRIORITY = re.compile(r"[0-9]{1,6}")
_SIZE = re.compile(r"[0-9]{1,18}")
_LAST = 999_999
"""Lowest priority of a URL, and that of one without (RFC 5854 section 4.2.16)."""


def read_metalink(content: bytes) -> list[ListedFile]:
    """The files of a Metalink document. Raises ValueError, whose message says what is wrong with the document.

    URLs that are not http or https are left out, as are digests that cannot be computed and the digests of pieces. The
    names are not checked: they are paths, relative to DIR, like those of any other list.
    """
    found = root_position(content)
    if found is None or found[0].lower() != "metalink":
        raise ValueError("it is not a Metalink document")
    if b"<!DOCTYPE" in content[: found[1]] or b"<!ENTITY" in content:
        raise ValueError("it has a document type declaration, which no Metalink needs")
    document = read_xml(Page(body=content, url=""), found[1])
    if document is None or not document.whole:
        raise ValueError("it is not well-formed XML, or was cut short")
    namespace = str(document.root.tag).rpartition("}")[0].lstrip("{")
    if namespace == _OLD:
        raise ValueError("it is a Metalink of version 3: version 4 (RFC 5854) is needed")
    if namespace != NAMESPACE:
        raise ValueError("it is not a Metalink document of RFC 5854")
    return [_file(document, element) for element in children(document.root, "file")]


def _file(document: XmlDocument, element: etree._Element) -> ListedFile:
    name = document.text(element.get("name"))
    if not name.strip():
        raise ValueError("it has a file without a name")
    sizes = [text for text in _texts(document, element, "size") if _SIZE.fullmatch(text)]
    digests = [
        digest
        for child in children(element, "hash")
        if (digest := parse_digest(f"{child.get('type', '')}:{(child.text or '').strip()}")) is not None
    ]
    urls = list(dict.fromkeys(_urls(document, element)))[:URLS]
    return ListedFile(
        url=urls[0] if urls else "",
        path=name,
        mirrors=tuple(urls[1:]),
        size=int(sizes[0]) if sizes else None,
        digest=min(digests, key=_rank, default=None),
    )


def _texts(document: XmlDocument, element: etree._Element, name: str) -> Iterator[str]:
    return (document.text(child.text).strip() for child in children(element, name))


def _urls(document: XmlDocument, element: etree._Element) -> list[str]:
    """The http and https URLs of a file, those with the lowest number first, in the order of the document."""
    found = []
    for child in children(element, "url"):
        url, priority = resolve("", document.text(child.text).strip()), child.get("priority", "")
        if url is not None:
            found.append((int(priority) if _PRIORITY.fullmatch(priority) else _LAST, url))
    return [url for _, url in sorted(found, key=lambda each: each[0])]


def _rank(digest: str) -> int:
    return list(HEX_LENGTHS).index(digest.partition(":")[0])
