"""XML listings: selects a reader by the name of the root element, so that a page is parsed at most once.

Each root element has one reader, so the order of the readers does not matter. A reader returns None for a shape it
does not know. Feeds, sitemaps, error documents and vector images are not listings. A new family is a module with a
reader, and its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from crawler.listings.page import Page, Parser
from crawler.listings.xml.azure import read_azure
from crawler.listings.xml.document import XmlDocument, read_xml, root_position
from crawler.listings.xml.nginx import read_nginx
from crawler.listings.xml.s3 import read_s3
from crawler.listings.xml.svn import read_svn
from crawler.listings.xml.swift import read_swift
from crawler.listings.xml.thredds import read_thredds
from crawler.listings.xml.webdav import read_webdav
from crawler.model.values import Listing

Reader = Callable[[XmlDocument], Listing | None]

READERS: MappingProxyType[str, Reader] = MappingProxyType(
    {
        "list": read_nginx,
        "ListBucketResult": read_s3,
        "EnumerationResults": read_azure,
        "container": read_swift,
        "multistatus": read_webdav,
        "catalog": read_thredds,
        "svn": read_svn,
    }
)


def parse_xml(page: Page) -> Listing | None:
    """The listing of the page; None if no reader knows its root element, or the reader does not recognise it."""
    root = root_position(page.body)
    reader = READERS.get(root[0]) if root else None
    if root is None or reader is None:
        return None
    document = read_xml(page, root[1])
    return reader(document) if document is not None else None


PARSERS: tuple[Parser, ...] = (parse_xml,)
