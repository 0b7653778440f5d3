"""Reads a Metalink document (RFC 5854): files with their names, sizes, digests and URLs on several hosts."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.listings.page import Page
from crawler.listings.xml.document import XmlDocument, children, read_xml, root_position
from crawler.model.network.listed_file import ListedFile
from crawler.text.digests import HEX_LENGTHS, parse_digest, unreadable
from crawler.text.escape import printable
from crawler.text.urls import resolve

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "urn:ietf:params:xml:ns:metalink"
URLS = 100
"""URLs of one file that are used, the best ones; directories of mirrors name a few dozen."""
_OLD = "http://www.metalinker.org/"
_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
_PRIORITY = re.compile(r"[0-9]{1,6}")
_SIZE = re.compile(r"[0-9]{1,18}")
_SHOWN = 70
_LAST = 999_999
"""Lowest priority of a URL, and that of one without (RFC 5854 section 4.2.16)."""


def read_metalink(content: bytes) -> list[ListedFile]:
    """The files of a Metalink document. Raises ValueError, whose message says what is wrong with the document.

    URLs that are not http or https are left out, as are digests of unknown types and the digests of pieces. A size or
    a digest of a known type that cannot be read is the ``problem`` of its file. The names are not checked: they are
    paths, relative to DIR, like those of any other list.
    """
    content = _utf8(content)
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


def _utf8(content: bytes) -> bytes:
    """``content`` in UTF-8 if a byte order mark shows that it is in UTF-16 (XML 1.0 section 4.3.3)."""
    if not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content
    return _DECLARATION.sub("", content.decode("utf-16")).encode()


def _file(document: XmlDocument, element: etree._Element) -> ListedFile:
    name = document.text(element.get("name"))
    if not name.strip():
        raise ValueError("it has a file without a name")
    sizes = list(_texts(document, element, "size"))
    hashes = [(child.get("type", "").strip(), (child.text or "").strip()) for child in children(element, "hash")]
    digests = [digest for kind, value in hashes if (digest := parse_digest(f"{kind}:{value}")) is not None]
    problems = [
        f"the list gives a size that is no number of bytes: {_shown(text)}" for text in sizes if not _is_size(text)
    ]
    problems += [
        f"the list gives a value that is no {kind} digest: {_shown(value)}"
        for kind, value in hashes
        if unreadable(kind, value)
    ]
    urls = list(dict.fromkeys(_urls(document, element)))[:URLS]
    return ListedFile(
        url=urls[0] if urls else "",
        path=name,
        mirrors=tuple(urls[1:]),
        size=int(sizes[0]) if sizes and not problems else None,
        digest=min(digests, key=_rank, default=None),
        problem="; ".join(problems),
    )


def _is_size(size: str) -> bool:
    return _SIZE.fullmatch(size) is not None


def _shown(value: str) -> str:
    """``value`` as a message shows it: on one line, and not longer than a line."""
    text = printable(value[:_SHOWN])
    return repr(f"{text}…" if len(value) > _SHOWN else text)


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
