"""Parses XML, safely for hostile documents, and tolerating servers that print file names byte for byte.

Entities are neither resolved nor loaded, nothing is fetched, and a document that declares entities is rejected: no
listing needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.listings.page import Page
from crawler.model.struct import Value

if TYPE_CHECKING:
    from lxml import etree

_ROOT = re.compile(rb"<(?:[\w.-]{1,80}:)?([A-Za-z_][\w.-]{0,80})[\s/>]")
_DOCTYPE_END = re.compile(rb"[\[>]")
_UTF8_DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
# Characters that XML 1.0 (section 2.2) forbids, literally or as a reference, and the carriage return, which parsers
# turn into a line feed (section 2.11).
_NOT_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]|\r(?!\n)|&#(?:x(?P<hex>[0-9A-Fa-f]{1,6})|(?P<dec>[0-9]{1,7}));"
)
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\r\ufffe\uffff\ud800-\udfff]")
# Forbidden characters are all below U+10000, so each has its own substitute in the last private-use plane.
_PRIVATE = 0x100000
_MASKED = re.compile("[\U00100000-\U0010ffff]")


class XmlDocument(Value, frozen=True, kw_only=True):
    """A parsed document and the URL of the response."""

    root: etree._Element
    url: str
    whole: bool
    """False if the document was truncated or malformed and the parser had to recover."""
    masked: bool = False
    """True if characters that XML forbids were replaced by private-use ones; ``text`` restores them."""
    prolog: bytes = b""
    """The bytes before the root element."""

    def text(self, value: str | None) -> str:
        """The text of an element or attribute with masked characters restored; "" for None."""
        if not value:
            return ""
        return _MASKED.sub(lambda found: chr(ord(found[0]) - _PRIVATE), value) if self.masked else value


def root_position(body: bytes) -> tuple[str, int] | None:
    """Local name and offset in bytes of the root element; None if the body does not begin like XML."""
    position = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    while True:
        while position < len(body) and body[position] in b" \t\r\n":
            position += 1
        if body.startswith(b"<?", position):
            position = _after(body, b"?>", position)
        elif body.startswith(b"<!--", position):
            position = _after(body, b"-->", position)
        elif body[position : position + 9].upper() == b"<!DOCTYPE":
            position = _after_doctype(body, position)
        else:
            break
    found = _ROOT.match(body, position)
    return (found[1].decode("utf-8", "replace"), position) if found else None


def read_xml(page: Page, root_at: int) -> XmlDocument | None:
    """Parse a page whose root element begins at offset ``root_at``; None if that is impossible.

    The body is parsed unchanged first. If that fails, it is parsed with forbidden characters masked, because nginx and
    others print names as raw bytes. If that fails too, a recovering parser reads it, and the result is not ``whole``.
    """
    if b"<!ENTITY" in page.body:
        return None
    body, prolog = page.body.strip(b"\0 \t\r\n"), page.body[:root_at]
    if _LONE_RETURN.search(body) is None:
        root = _parse(body, recover=False)
        if root is not None:
            return XmlDocument(root=root, url=page.url, whole=True, prolog=prolog)
    masked = _mask(body)
    if masked is not None:
        root = _parse(masked, recover=False)
        if root is not None:
            return XmlDocument(root=root, url=page.url, whole=True, masked=True, prolog=prolog)
    root = _parse(masked or body, recover=True)
    if root is None:
        return None
    return XmlDocument(root=root, url=page.url, whole=False, masked=masked is not None, prolog=prolog)


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The children with the local name ``name``, in any namespace."""
    return (child for child in element if local(child) == name)


def fields(element: etree._Element) -> dict[str, str]:
    """Local name → text of the children that have text. The first child of each name counts."""
    found: dict[str, str] = {}
    for child in element:
        text = child.text
        if text:
            found.setdefault(str(child.tag).rpartition("}")[2], text)
    return found


def _after(body: bytes, mark: bytes, position: int) -> int:
    end = body.find(mark, position)
    return len(body) if end < 0 else end + len(mark)


def _after_doctype(body: bytes, position: int) -> int:
    found = _DOCTYPE_END.search(body, position)
    if found is None:
        return len(body)
    return found.end() if found[0] == b">" else _after(body, b">", _after(body, b"]", position))


def _parser(recover: bool) -> etree.XMLParser:
    from lxml import etree  # here, because most runs read HTML only

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        recover=recover,
    )


def _parse(body: bytes, *, recover: bool) -> etree._Element | None:
    from lxml import etree

    try:
        return etree.fromstring(body, _parser(recover))
    except (etree.LxmlError, ValueError):
        return None


def _mask(body: bytes) -> bytes | None:
    """``body`` with forbidden characters replaced by private-use ones; None if it has any of those, or is not UTF-8."""
    if _UTF8_DECLARED.match(body):
        return None
    text = body.decode("utf-8", "surrogateescape")
    if _MASKED.search(text):
        return None
    try:
        return _NOT_XML.sub(_hide, text).encode("utf-8")
    except _AlreadyUsed:
        return None


class _AlreadyUsed(ValueError):
    """Raised if the document refers to a character of the private-use plane."""


def _hide(found: re.Match[str]) -> str:
    if found["hex"] is None and found["dec"] is None:
        return chr(_PRIVATE + ord(found[0]))
    code = int(found["hex"], 16) if found["hex"] else int(found["dec"])
    if code >= _PRIVATE:
        raise _AlreadyUsed
    return chr(_PRIVATE + code) if _FORBIDDEN.match(chr(code)) else found[0]
