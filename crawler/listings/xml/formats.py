"""XML listings: selects a reader by the name of the root element, so that a page is parsed at most once.

Each root element has one reader, so the order of the readers does not matter. A reader returns None for a shape it
does not know. Feeds, sitemaps, error documents and vector images are not listings. A new family is a module with a
reader, and its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from crawler.listings.page import Page, Parser
from crawler.listings.statements.judgement import judged
from crawler.listings.xml.azure import read_azure
from crawler.listings.xml.beside import beside_rows
from crawler.listings.xml.document import XmlDocument, read_xml, root_position
from crawler.listings.xml.nginx import read_nginx
from crawler.listings.xml.s3 import read_s3
from crawler.listings.xml.svn import read_svn
from crawler.listings.xml.swift import read_swift
from crawler.listings.xml.thredds import read_thredds
from crawler.listings.xml.webdav import read_webdav
from crawler.model.struct import Value
from crawler.model.values import Listing


class Format(Value, frozen=True):
    """One format."""

    read: Callable[[XmlDocument], Listing | None]
    rows: frozenset[str]
    """Local names of the elements in the root element that are rows, or hold or describe them."""


READERS: MappingProxyType[str, Format] = MappingProxyType(
    {
        "list": Format(read_nginx, frozenset({"file", "directory", "other"})),
        "ListBucketResult": Format(read_s3, frozenset({"Contents", "CommonPrefixes"})),
        "EnumerationResults": Format(read_azure, frozenset({"Blobs"})),
        "container": Format(read_swift, frozenset({"object", "subdir"})),
        "multistatus": Format(read_webdav, frozenset({"response"})),
        "catalog": Format(
            read_thredds, frozenset({"dataset", "catalogRef", "service", "metadata", "property", "documentation"})
        ),
        "svn": Format(read_svn, frozenset({"index"})),
    }
)
"""Local name of the root element → its format."""


def parse_xml(page: Page) -> Listing | None:
    """The listing of the page; None if no reader knows its root element, or the reader does not recognise it."""
    root = root_position(page.body)
    known = READERS.get(root[0]) if root else None
    if root is None or known is None:
        return None
    document = read_xml(page, root[1])
    if document is None:
        return None
    listing = known.read(document)
    return None if listing is None else judged(listing, beside_rows(document, known.rows))


PARSERS: tuple[Parser, ...] = (parse_xml,)
