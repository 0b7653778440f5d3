"""A page with another heading than it had: a flaw if rows that were known are missing."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.model.flaws import Flaw, FlawKind
from crawler.model.network.responses import FetchedPage
from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry
from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Listing, Validators
from crawler.pipeline.walk.page_versions import memo_of, version_of
from crawler.pipeline.walk.sound_pages import compared

URL = "http://h.test/pub/"
ONE = b"<title>Index of /pub</title><h1>Index of /pub (3 files)</h1>"


def page(body: bytes) -> FetchedPage:
    return FetchedPage(url=URL, status=200, content_type="text/html", body=body, validators=Validators())


def listing(names: str, **more: Any) -> Listing:
    entries = tuple(Entry(name=name, url=URL + name, kind=Kind.FILE) for name in names)
    return Listing(url=URL, family="x", confidence=1.0, is_listing=True, entries=entries, **more)


def memo(body: bytes = ONE, **more: Any) -> ListingMemo:
    known = listing("abc", **more)
    around = compared(None, URL, page(body), known, known.entries).surroundings
    return memo_of(URL, "", page(body), known, known.entries, around)


def digest(body: bytes = ONE) -> DirectoryDigest:
    known = listing("ab")
    version = version_of(URL, page(body), known, compared(None, URL, page(body), known, known.entries).surroundings)
    assert version is not None
    return DirectoryDigest(
        answered=URL, body_digest="0", validators=Validators(), family="x", wishes="", files=2, total=0, resolution=1,
        newest=0, newest_local=0, skipped=(RefusedEntry("c", URL + "c", None, "--ext"),),
        surroundings=version.surroundings,
    )  # fmt: skip


def found(was: ListingMemo | DirectoryDigest | None, body: bytes, now: Listing) -> Flaw | None:
    return compared(was, URL, page(body), now, now.entries).flaw


@pytest.mark.parametrize(
    ("was", "body", "names", "is_flaw"),
    [
        (memo(), b"<h1>Log in</h1>", "ab", True),
        (memo(), b"<h1>Log in</h1>", "abd", True),  # not the same rows
        (memo(), b"<h1>Log in</h1>", "abc", False),
        (memo(), b"<h1>Log in</h1>", "abcd", False),
        (memo(), b"", "ab", True),
        (memo(), ONE.replace(b"3 files", b"2 files"), "ab", False),
        (memo(), ONE.replace(b"(3 files)", b""), "ab", True),
        (memo(b""), b"<h1>Log in</h1>", "ab", False),  # it had no heading
        (digest(), b"<h1>Log in</h1>", "ab", True),
        (digest(), b"<h1>Log in</h1>", "abd", False),  # as many rows: which they were is not known
        (digest(), ONE, "a", False),
        (digest(b""), b"<h1>Log in</h1>", "a", False),
        (None, b"<h1>Log in</h1>", "a", False),
        (memo(next_pages=(URL + "?page=2",)), b"<h1>Log in</h1>", "ab", False),  # the other pages may show the row
    ],
)
def test_another_heading_is_a_flaw_if_rows_are_missing(
    was: ListingMemo | DirectoryDigest | None, body: bytes, names: str, *, is_flaw: bool
) -> None:
    now = listing(names)
    flaw = found(was, body, now)
    assert (flaw is not None) is is_flaw
    assert flaw is None or flaw.kind is FlawKind.UNLIKE
    for other in (listing(names, next_pages=(URL + "?page=2",)), listing(names, conclusive=False)):
        assert found(was, body, other) is None, "of several pages, or no proof anyway"


def test_the_message_names_the_heading() -> None:
    now = listing("ab")
    assert "/pub/: its heading is now 'Log in'" in str(found(memo(), b"<h1>Log in</h1>", now))
    assert "/pub/: its heading is gone" in str(found(memo(), b"", now))
