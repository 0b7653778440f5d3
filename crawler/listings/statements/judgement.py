"""Judges a listing by what its document states beside its rows."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.listings.statements.statement import Statement
from crawler.listings.statements.verdict import Counts, verdict_on
from crawler.model.struct import replace
from crawler.model.values import Kind, Listing


def judged(listing: Listing, statements: Sequence[Statement]) -> Listing:
    """``listing`` with what ``statements``, the fields beside its rows, say of it."""
    if not statements:
        return listing
    directories = sum(entry.kind is Kind.DIRECTORY for entry in listing.entries)
    entries, rows = len(listing.entries), len(listing.entries) + len(listing.rejections)
    counts = Counts(rows, entries, rows - directories, directories)
    verdict = verdict_on(statements, counts, listing.url, is_followed=bool(listing.next_pages))
    return replace(
        listing,
        complete=listing.complete and not verdict.flaws,
        flaws=(*listing.flaws, *verdict.flaws),
        next_pages=(*listing.next_pages, *verdict.next_pages),
        claims=(*listing.claims, *verdict.claims),
    )
