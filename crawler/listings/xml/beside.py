"""The attributes and elements of an XML document beside the rows of its listing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.listings.statements.statement import Statement
from crawler.listings.xml.document import XmlDocument, local

if TYPE_CHECKING:
    from lxml import etree

_MOST = 2000
"""Maximum number of elements that are looked at."""
_MOST_INNER = 20
"""Maximum number of elements in one of them that are looked at."""


def beside_rows(document: XmlDocument, rows: frozenset[str]) -> list[Statement]:
    """What the root element says in its attributes, and in the elements in it but for ``rows``, their local names."""
    root = document.root
    found = [Statement((str(name),), document.text(str(value))) for name, value in root.attrib.items()]
    for element in root:
        if local(element) in rows:
            continue
        if len(found) == _MOST:
            break
        found.append(Statement((local(element),), _value(document, element)))
    return found


def _value(document: XmlDocument, element: etree._Element) -> str | list[str]:
    """The text of an element. If it holds others, their texts, or the names of those without a text."""
    if not len(element):
        return document.text(element.text).strip()
    return [text for text in _texts(document, element) if text]


def _texts(document: XmlDocument, element: etree._Element) -> Iterator[str]:
    yield document.text(element.text).strip()
    for number, inner in enumerate(element.iterdescendants()):
        if number == _MOST_INNER:
            return
        text = document.text(inner.text).strip()
        yield text if text or len(inner) else local(inner)
