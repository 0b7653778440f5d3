"""pCloud: the data embedded in the page of a public folder."""

from __future__ import annotations

import json

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Kind, Listing, Span

URL = "https://host.test/lgm4/"
WHEN = "Thu, 20 Mar 2025 03:06:42 +0000"
DIRECTORY = {"name": "*a b", "urlencodedname": "%2Aa%20b", "modified": WHEN, "icon": 20}
FILE = {"name": "c.pdf", "urlencodedname": "c.pdf", "modified": WHEN, "size": 17, "icon": 1}


def parse(*rows: dict[str, object], tail: str = "</script></body></html>") -> Listing:
    data = json.dumps({"code": "lgm4", "dirpath": "/", "content": rows})
    page = f"<!DOCTYPE html><html><title>pCloud - x</title><body><script>\n var directLinkData={data};{tail}"
    return parse_listing(page.encode(), URL, "text/html")


def test_entries_without_a_size_are_directories() -> None:
    listing = parse(DIRECTORY, FILE)
    assert (listing.family, listing.is_listing) == ("embedded-pcloud", True)
    directory, file = listing.entries
    assert (directory.name, directory.kind, directory.url) == ("*a b", Kind.DIRECTORY, URL + "%2Aa%20b/")
    assert (file.name, file.kind, file.url, file.size) == ("c.pdf", Kind.FILE, URL + "c.pdf", Span(17, 17))
    assert file.modified is not None


@pytest.mark.parametrize("segment", ["../x", "..", "%2e%2e", "a%2Fb", "x?y", "x#y", ""])
def test_no_url_leads_out_of_the_directory(segment: str) -> None:
    listing = parse({**FILE, "urlencodedname": segment}, FILE)
    assert [entry.name for entry in listing.entries] == ["c.pdf"]
    assert [rejection.reason for rejection in listing.rejections] == ["bad-name"]


def test_other_data_of_a_script_is_not_a_listing() -> None:
    assert not parse({"name": "x"}).is_listing
