"""Reads a document in XML and shows what the tests compare."""

from __future__ import annotations

from crawler.listings.page import Page
from crawler.listings.xml.formats import parse_xml
from crawler.model.values import Kind, Listing

HERE = "http://host.test/pub/"


def parse(body: str | bytes, url: str = HERE, content_type: str = "text/xml") -> Listing | None:
    raw = body if isinstance(body, bytes) else body.encode()
    return parse_xml(Page(body=raw, url=url, content_type=content_type))


def listing(body: str | bytes, url: str = HERE, content_type: str = "text/xml") -> Listing:
    found = parse(body, url, content_type)
    assert found is not None
    assert found.is_listing
    return found


def shape(found: Listing) -> list[tuple[str, Kind, str]]:
    return [(entry.name, entry.kind, entry.url) for entry in found.entries]


def reasons(found: Listing) -> list[str]:
    return [rejection.reason for rejection in found.rejections]
