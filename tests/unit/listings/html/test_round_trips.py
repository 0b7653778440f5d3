# ruff: noqa: E501 - pages are data
"""A tree printed like each server is read back: same names, same kinds, and spans that contain the true values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing, parse_listing_pieces
from crawler.listings.html import grammar as lean
from crawler.listings.html.document import read_html
from crawler.listings.page import Page
from tests.unit.listings.printers import (
    EDGES,
    HERE,
    LEAN,
    PRINTERS,
    Node,
    apache_list,
    apache_pre,
    apache_table,
    go,
    iis,
    is_true_of,
    lighttpd,
    nginx,
    nodes,
    plain_table,
    python,
    trees,
)  # fmt: skip


@pytest.mark.parametrize("printer", PRINTERS)
@given(tree=trees)
@settings(max_examples=25, deadline=None)
def test_a_printed_tree_is_read_back(printer: Callable[[list[Node]], str], tree: list[Node]) -> None:
    listing = parse_listing(printer(tree).encode(), HERE, "text/html; charset=utf-8")
    assert listing.is_listing
    assert listing.complete
    is_true_of(listing, tree)


@pytest.mark.parametrize("printer", LEAN)
@given(tree=st.lists(nodes, max_size=6, unique_by=lambda node: node.name))
@settings(max_examples=25, deadline=None)
def test_the_grammar_and_the_tree_give_the_same_listing(printer: Callable[[list[Node]], str], tree: list[Node]) -> None:
    page = Page(body=printer(tree).encode(), url=HERE, content_type="text/html; charset=utf-8")
    quick, slow = lean.read_by_grammar(page), read_html(page)
    assert quick is not None
    assert slow is not None
    assert replace(quick, confidence=0) == replace(slow, confidence=0)


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("size", EDGES)
def test_a_span_contains_the_true_size_at_every_rounding_edge(printer: Callable[[list[Node]], str], size: int) -> None:
    tree = [Node(b"d", True, 0, datetime(2024, 3, 10, 7, 30, tzinfo=UTC))]
    tree += [Node(b"f", False, size, datetime(2024, 7, 1, 12, 0, 59, tzinfo=UTC))]
    listing = parse_listing(printer(tree).encode(), HERE, "text/html")
    is_true_of(listing, tree)
    if printer not in {apache_list, python, go}:
        assert listing.entries[1].size is not None
        assert listing.entries[1].modified is not None


@pytest.mark.apart
@pytest.mark.parametrize("printer", PRINTERS)
def test_a_cut_page_never_counts_as_complete(printer: Callable[[list[Node]], str]) -> None:
    tree = [Node(b"d%d" % i, i % 2 == 0, 5000 * i, datetime(2024, 7, 1 + i, tzinfo=UTC)) for i in range(6)]
    body = printer(tree).encode()
    whole = parse_listing(body, HERE, "text/html").entries
    for end in range(0, len(body), 17):
        listing = parse_listing(body[:end], HERE, "text/html")
        if listing.is_listing and listing.complete:
            assert listing.entries == whole


@pytest.mark.parametrize("broken", [False, True])
def test_the_pieces_together_are_the_listing(broken: bool) -> None:
    tree = [
        Node(b"file-%d" % i, False, i, datetime(2024, 7, 1, tzinfo=UTC) + timedelta(minutes=i)) for i in range(4_500)
    ]
    page = nginx(tree)
    if broken:
        page = page.replace("</pre>", "</pre><p>Thanks for <b>coming</b></p>")
    body = page.encode()
    pieces = list(parse_listing_pieces(body, HERE, "text/html"))
    whole = parse_listing(body, HERE, "text/html")
    assert whole.is_listing
    assert [len(piece.entries) for piece in pieces[:2]] == [2_000, 2_000]
    assert not any(piece.is_listing or piece.complete for piece in pieces[:-1])
    assert replace(pieces[-1], entries=()) == replace(whole, entries=())
    together = [(entry.url, entry.size, entry.row) for piece in pieces for entry in piece.entries]
    assert together == [(entry.url, entry.size, entry.row) for entry in whole.entries]


@pytest.mark.parametrize("printer", [nginx, apache_pre, apache_table, apache_list, lighttpd, python, iis, plain_table])
def test_a_page_gives_the_same_listing_in_parts_or_whole(
    printer: Callable[[list[Node]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = [
        Node(b"file-%d" % i, i % 5 == 0, i * 1000, datetime(2024, 7, 1, tzinfo=UTC) + timedelta(minutes=i))
        for i in range(120)
    ]
    page = Page(body=printer(tree).encode(), url=HERE, content_type="text/html")
    in_one = read_html(page)
    monkeypatch.setattr("crawler.listings.html.document.PART", 3_000)
    in_parts = read_html(page)
    assert in_one is not None
    assert in_parts is not None
    assert replace(in_parts, confidence=0) == replace(in_one, confidence=0)
    cut = Page(body=page.body[: len(page.body) // 2], url=HERE, content_type="text/html")
    half = read_html(cut)
    assert half is not None
    assert not half.complete


@pytest.mark.parametrize("printer", [nginx, apache_table, plain_table])
@example(pieces=[("<template>", 4), ("<template>", 4), ("</template>", 4)])
@example(pieces=[("<template>", 4), ("<!-- </template> -->", 4)])
@example(pieces=[("-->", 52), ("</table><table>", 26), ("</pre>", 52)])
@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from(
                ["<base href='/other/'>", "<script>", "</script>", "<!--", "-->", "<style>", "</style>", "<BASE HREF=x/>",
                 "<SCRIPT src=a>", "<template>", "</template>", "<textarea>", "<title>x", "</table><table>", "</pre>"]
            ),
            st.integers(0, 119),
        ),
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_markup_between_rows_means_the_same_on_a_page_read_in_parts(
    printer: Callable[[list[Node]], str], pieces: list[tuple[str, int]]
) -> None:
    text = printer([Node(b"file-%d" % i, False, i * 1000, datetime(2024, 7, 1, tzinfo=UTC)) for i in range(120)])
    for piece, number in pieces:
        row = (
            text.rfind("<tr", 0, text.find(f"file-{number}")) if "<tr" in text else text.find(f'<a href="file-{number}')
        )
        text = text[:row] + piece + text[row:]
    page = Page(body=text.encode(), url=HERE, content_type="text/html")
    in_one = read_html(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawler.listings.html.document.PART", 3_000)
        patch.setattr("crawler.listings.html.document.ROWS", 25)
        in_parts = read_html(page)
    assert in_one is not None
    assert in_parts is not None
    assert {entry.url for entry in in_parts.entries} == {entry.url for entry in in_one.entries}
    assert (in_parts.complete, in_parts.conclusive) == (in_one.complete, in_one.conclusive)
