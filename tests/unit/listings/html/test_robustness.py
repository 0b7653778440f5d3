# ruff: noqa: E501 - pages are data
"""Any bytes give a Listing in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing, parse_listing_pieces
from crawler.model.values import Listing
from tests.unit.listings.html.html_pages import LISTINGS

HERE = "http://host.test/pub/"
SECONDS = 20.0
"""Far more than these pages take (less than a second each), and far less than a quadratic reader would take."""

fragments = st.sampled_from(
    [
        *("<table>", "</table>", "<tr>", "<td>", "<th>", "<ul>", "<li>", "</ul>", "<pre>", "</pre>", "<div>", "</div>"),
        *("<a href='x'>", "<a href='y/'>", "</a>", "<a href=", "<a href='../'>", "<a href='?C=N;O=D'>", "<a data-href=z>"),
        *("<html>", "</html>", "<body>", "<base href='//['>", "<base href='http://h:99999/'>", "<!--", "-->", "<![CDATA["),
        *("<script>", "</script>", "<template>", "_f('a',1,'b','c');", "x={", "[1", "<!DOCTYPE html>", "<?xml version='1.0'?>"),
        *("Index of /pub/", "<h1>", "</h1>", "<title>", "</title>", "2024-02-01 10:11", "0000-00-00 99:99", "99/99/9999"),
        *("1.5K", "-", "9" * 70, "1e999", "\0", "\ud7ff", "&#xD800;", "&nbsp;", "\n", "\r\n", "<br>", "<td title='9999999999999'>"),
        *("<a href='http://[::1'>", "<a href='http://host.test:x/'>", "<a href='%'>", "<a href='%00'>", "<a href='?page=2'>"),
        *("<a href='?dir=a'>", "<a href='?dir=../..'>", "<td colspan=99999999>", "<td colspan='²'>", "<a href='?page=²'>"),
    ]
)  # fmt: skip


@given(body=st.binary(max_size=400))
@settings(max_examples=80, deadline=None)
def test_no_bytes_raise(body: bytes) -> None:
    for content_type in ("text/html", "", "text/html; charset=utf-7", "text/html; charset=nonsense"):
        assert isinstance(parse_listing(body, HERE, content_type), Listing)


@given(parts=st.lists(fragments | st.text(max_size=5), max_size=40))
@settings(max_examples=150, deadline=None)
@example(parts=["<a href='x'>", "<td title='9999999999999'>", "<td colspan='²'>"])
def test_no_tag_soup_raises(parts: list[str]) -> None:
    body = "".join(parts).encode("utf-8", "surrogatepass")
    listing = parse_listing(body, HERE, "text/html")
    assert listing.is_listing or not listing.entries
    assert list(parse_listing_pieces(body, HERE, "text/html"))[-1].is_listing is listing.is_listing


@given(data=st.data(), case=st.sampled_from(LISTINGS))
@settings(max_examples=60, deadline=None)
def test_a_damaged_listing_never_raises(data: st.DataObject, case: tuple[str, str, str, list[str]]) -> None:
    body = bytearray(case[2].encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
    assert isinstance(parse_listing(bytes(body), case[1], "text/html"), Listing)


@pytest.mark.parametrize(
    "url", ["", "h", "http://", "http://[", "ftp://h/x/", "http://h:x/", "http://h", "file:///etc/", "http://h/?a"]
)
def test_no_url_raises(url: str) -> None:
    for _, _, page, _ in LISTINGS[:6]:
        assert isinstance(parse_listing(page.encode(), url, "text/html"), Listing)


@pytest.mark.apart
@pytest.mark.parametrize(
    "body",
    [
        b"<a " * 24_000,
        b'<a href="x">' * 20_000,
        b"<b>" * 30_000 + b"<a href=x>x</a>",
        b"<div><a href=x>x" * 8_000,
        b"<ul><li><a href=x>x</a>" * 8_000,
        b"<table><tr><td><a href=x>" * 5_000,
        b"<font><a href=x>x</a>" * 8_000,
        b"<!--" * 30_000,
        b"<![CDATA[" * 20_000,
        b'<a href="' * 20_000,
        b"<template>" * 20_000,
        b"<script>a=[" * 10_000,
        b'<div class="foot"></div><script type="text/javascript">' * 4_000,
        b"<pre><a href=x>x</a> " + b"1" * 500_000,
        b"<pre><a href=x>x</a> " + b"Jan " * 60_000,
        b"<pre>" + b"<a href=x>x</a> 2020-01-01" * 4_000,
        b"<title>Index of " + b"/" * 200_000,
        b"<h1>a - /" * 20_000,
        b'<a href="' + b"../" * 30_000 + b'">x</a>',
        b'<a href="?' + b"a=1&" * 30_000 + b'">x</a>',
        b"<table><tr>" + b"".join(b"<td><a href=http://o/f%d.zip>f%d.zip</a>" % (i, i) for i in range(3_000)),
        b"<html>\n<head><title>Index of /</title></head>\n<body>\n<h1>Index of /</h1><hr><pre><a href=\"../\">../</a>\n"
        + b'<a href="' * 20_000,
        b"<html>\n <head>\n  <title>Index of /</title>\n </head>\n <body>\n<h1>Index of /</h1>\n<pre><a href=\"?C=N;O=D\">Name</a>"
        b' <a href="?C=M;O=A">Last modified</a> <a href="?C=S;O=A">Size</a> <a href="?C=D;O=A">Description</a><hr>'
        b'<a href="x">x</a> 2025-05-06 03:08  5' + b" " * 300_000 + b"<",
        b'<a href="?dir=' + b"./" * 1_000_000 + b'">x</a>',
    ],
    ids=lambda body: body[:24].decode("ascii"),
)  # fmt: skip
def test_a_hostile_page_ends_in_bounded_time(body: bytes) -> None:
    start = time.process_time()
    listing = parse_listing(body, HERE, "text/html")
    assert time.process_time() - start < SECONDS
    assert isinstance(listing, Listing)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("nested pre", "<h1>Index of /pub/</h1><pre><pre><a href='../'>../</a>\n<a href='a.gz'>a.gz</a> 2024-02-01 10:11 5\n</pre></pre>"),
        ("two doctypes", "<!DOCTYPE html><html><h1>Index of /pub/</h1><pre><a href='../'>../</a>\n<a href='a.gz'>a.gz</a> 2024-02-01 10:11 5\n"
         "</pre><!DOCTYPE html><html><body><p>Read me</p></body></html>"),
        ("unclosed cells", "<h1>Index of /pub/</h1><table><tr><th>Name<th>Date<th>Size<tr><td><a href='a.gz'>a.gz<td>2024-02-01 10:11<td>5</table>"),
        ("unclosed items", "<h1>Index of /pub/</h1><ul><li><a href='../'>../</a><li><a href='a.gz'>a.gz</a> 2024-02-01 10:11 5 B</ul>"),
        ("upper case, unquoted", "<H1>Index of /pub/</H1><PRE><A HREF=../>../</A>\n<A HREF=a.gz>a.gz</A> 2024-02-01 10:11 5\n</PRE>"),
        ("a megabyte in a line", f"<h1>Index of /pub/</h1><pre><a href='../'>../</a>\n<a href='a.gz'>a.gz</a> 2024-02-01 10:11 5 {'x' * 1_000_000}\n</pre>"),
        ("decimal entities", "<h1>Index of /pub/</h1><pre><a href='&#46;&#46;/'>../</a>\n<a href='a&#46;gz'>a.gz</a> 2024-02-01 10:11 5\n</pre>"),
        ("art before", "<pre> /\\_/\\\n( o.o ) <a href='http://o/'>cat</a>\n</pre><h1>Index of /pub/</h1><pre><a href='../'>../</a>\n<a href='a.gz'>a.gz</a> 2024-02-01 10:11 5\n</pre>"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)  # fmt: skip
def test_bad_markup_is_read_nevertheless(name: str, page: str) -> None:
    listing = parse_listing(page.encode(), HERE, "text/html")
    assert listing.is_listing, name
    assert [entry.name for entry in listing.entries] == ["a.gz"]
    size, modified = listing.entries[0].size, listing.entries[0].modified
    assert size is not None
    assert (size.low, size.high) == (5, 5)
    assert modified is not None
    assert str(modified.low) == "2024-02-01 10:11:00"
