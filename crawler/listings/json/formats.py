"""JSON listings: decodes a page once and tries the readers in turn.

A reader accepts only its own shape, so the order matters in one case: the generic reader would accept documents that a
specific reader understands better, so it comes last. A new family is a module with a reader, and its line here.
"""

from __future__ import annotations

from collections.abc import Callable

from crawler.listings.json.archive_org import read_archive_org
from crawler.listings.json.beside import beside_rows
from crawler.listings.json.caddy import read_caddy
from crawler.listings.json.document import JsonDocument, read_json
from crawler.listings.json.generic import read_empty, read_generic
from crawler.listings.json.nginx import read_nginx
from crawler.listings.json.pcloud import read_pcloud
from crawler.listings.json.pypi import read_pypi
from crawler.listings.json.swift import read_swift
from crawler.listings.json.webhdfs import read_webhdfs
from crawler.listings.page import Page, Parser
from crawler.listings.statements.judgement import judged
from crawler.model.values import Listing

READERS: tuple[Callable[[JsonDocument], Listing | None], ...] = (
    read_nginx,
    read_caddy,
    read_pypi,
    read_archive_org,
    read_swift,
    read_webhdfs,
    read_pcloud,
    read_generic,
)

_APART = {
    "archive-org": frozenset({"metadata", "reviews", "d1", "d2", "server", "uniq", "workable_servers"}),
    "pypi-json": frozenset({"versions"}),
}
"""Family → fields that describe something else than the listing, or that change with its rows."""


def parse_json(page: Page) -> Listing | None:
    """The listing of the first reader that recognises the page; None if it is not JSON or none does.

    A page without rows that none recognises is no listing by itself, but may be the end of one.
    """
    document = read_json(page)
    if document is None:
        return None
    listing = next((listing for reader in (*READERS, read_empty) if (listing := reader(document))), None)
    if listing is None:
        return None
    if isinstance(document.value, list) and not any(rejection.row for rejection in listing.rejections):
        return judged(listing, ())
    names = {entry.name for entry in listing.entries}
    return judged(listing, beside_rows(document.value, names, _APART.get(listing.family, frozenset())))


PARSERS: tuple[Parser, ...] = (parse_json,)
