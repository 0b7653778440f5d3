"""The directory that an index page is about: what its title names, and what it should name."""

from __future__ import annotations

import gzip

import pytest

from crawler.pipeline.rules.responses.page_place import page_place, requested_place, title_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("<html><head><title>Index of /pub/</title>", "/pub/"),
        ("<TITLE>Index of /pub</TITLE>", "/pub/"),
        ("<title>Directory listing for /a &amp; b/c/</title>", "/a & b/c/"),
        ("<title>Index of /</title>", "/"),
        ("<title>/é/</title>", "/é/"),
        ("<title>Index of pub</title>", None),
        ("<h1>Index of /pub/</h1>", None),
        ("<title>Index of /pub/ <b></title>", None),
        ("x" * 3000 + "<title>Index of /pub/</title>", None),
        ("", None),
        ("<title>/\udcff/</title>", "/\udcff/"),
        ("<title>Index of /pub/ </title>", "/pub/"),
        ("<title>Index of /pub//</title>", "/pub/"),
        ("<title>Index of /X</title>", "/X/"),
        ("x" * (2048 - 31) + "<title>Index of /pub/x/</title>", "/pub/x/"),  # its last byte is just within
        ("x" * (2048 - 30) + "<title>Index of /pub/x/</title>", None),
    ],
)
def test_what_a_title_names(text: str, place: str | None) -> None:
    body, kind = text.encode("utf-8", "surrogateescape"), {"Content-Type": "text/html;charset=utf-8"}
    assert title_place(body) == place
    assert page_place(kind, body) == place
    assert page_place(kind | {"Content-Encoding": "gzip"}, gzip.compress(body)) == place
    assert page_place(kind | {"Content-Encoding": "gzip"}, body) is None
    assert page_place(kind | {"Content-Encoding": "x-gzip"}, gzip.compress(body)) == place
    assert page_place(kind | {"Content-Encoding": "gzip"}, gzip.compress(body + b"x" * 100_000)) == place
    assert page_place(kind | {"Content-Encoding": "br"}, body) is None
    assert page_place(kind | {"Content-Encoding": "deflate"}, gzip.compress(body)) is None
    assert page_place({"Content-Type": "text/plain"}, body) is None
    assert page_place({}, body) is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://h/", "/"),
        ("http://h/a%20b/c/", "/a b/c/"),
        ("http://h/%C3%A9/", "/é/"),
        ("http://h/a/?page=2", None),
        ("http://h/a", None),
        ("http://h", None),
        ("https://h.example:8443/a/b~c/", "/a/b~c/"),
        ("http://h/a//", "/a/"),
        ("http://h/a%20b//", "/a b/"),
        ("http://h/%FF/", "/\udcff/"),
        ("http://h/%20/", "/ /"),
        ("http://h/a/b", None),
        ("http://h/a%20b", None),
        ("http://h/a%20b/?page=2", None),
    ],
)
def test_what_a_title_should_name(url: str, place: str | None) -> None:
    assert requested_place(url) == place
