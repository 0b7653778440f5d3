"""Which pages without rows prove that a directory is empty."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.empty_page import unknown_in
from crawler.listings.html.soundness.passages import split_passages, visible

URL = "http://files.example.org:8080/pub/some%20dir/"
FRAME = (
    "<!DOCTYPE html><html><head><title>Index of /pub/some dir/</title></head><body><h1>Index of /pub/some dir/</h1>"
    "<table><thead><tr><th>Name</th><th>Last modified</th><th>Size</th></tr></thead><tbody>{}</tbody></table>{}</body>"
)


def unknown(markup: str, family: str = "generic") -> str | None:
    found = unknown_in(markup, list(split_passages(visible(markup))), URL, family)
    return None if found is None else found.quote


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        ("", ""),
        ('<tr><td><a href="../">Parent Directory</a></td><td>16-Apr-2020 17:20</td><td>-</td></tr>', ""),
        ('<tr><td><a href="../">[To Parent Directory]</a></td></tr>', "<p>0 directories, 0 files, 0 bytes total</p>"),
        ("<tr><td colspan=3>This directory is empty</td></tr>", "<address>Apache/2.4.62 (Debian) OpenSSL/3.0 Server at"
         " files.example.org Port 8080</address>"),
        ("<tr><td>No files in this folder</td></tr>", "<footer>lighttpd/1.4.69</footer>"),
        ("", "<p>Proudly Served by LiteSpeed Web Server at files.example.org Port 8080</p>"),
        ("", '<p><a href="/">files.example.org</a> / <a href="/pub/">pub</a> / some dir</p>'),
    ],
)  # fmt: skip
def test_what_servers_print_for_an_empty_directory_is_known(rows: str, more: str) -> None:
    assert unknown(FRAME.format(rows, more)) is None


@pytest.mark.parametrize(
    "more",
    [
        '<script src="/app.js"></script>',
        "<script>load()</script>",
        '<div id="root"></div><noscript>Enable JavaScript</noscript>',
        "<form method=post action=/login><input name=user></form>",
        "<input type=password name=p>",
        '<iframe src="/login"></iframe>',
        '<meta http-equiv="refresh" content="0;url=/login">',
        "<p>Please log in to see the files.</p>",
        "<p>Zugriff verweigert</p>",
        "<p>Acc&egrave;s refus&eacute;</p>",
        "<p>\u0412\u0440\u0435\u043c\u0435\u043d\u043d\u043e</p>",
        "<p>Rate limit exceeded</p>",
        "<p>Checking your browser</p>",
        "<h2>Maintenance</h2>",
        "<p>5 files</p>",
    ],
)
def test_anything_else_on_a_page_without_rows_may_be_the_reason_for_that(more: str) -> None:
    assert unknown(FRAME.format("", more)) is not None
    assert unknown(FRAME.format(f"<tr><td>{more}</td></tr>", "")) is not None


def test_families_with_scripts_of_their_own() -> None:
    page = FRAME.format("", "<script>sort()</script><form></form>")
    assert unknown(page, "lighttpd") is None
    assert unknown(page, "nginx-pre") == "<script"
    assert unknown(page + "<input type=password>", "lighttpd") is not None


@pytest.mark.parametrize(
    "name", ["a", "d", "e", "n", "x", "me", "mod", "dex", "of", "Name", "Size", "Index", "0", "2020"]
)
@pytest.mark.parametrize("query", ["", "?C=N;O=D"])
def test_the_name_of_the_directory_is_no_part_of_a_word(name: str, query: str) -> None:
    page = FRAME.replace("some dir", name).format('<tr><td><a href="../">Parent Directory</a></td><td>-</td></tr>', "")
    passages = list(split_passages(visible(page)))
    assert unknown_in(page, passages, f"http://h.test/pub/{name}/{query}", "generic") is None
    page = page.replace("Parent Directory", "Rate limit exceeded")
    assert unknown_in(page, list(split_passages(visible(page))), f"http://h.test/pub/{name}/", "generic") is not None


@pytest.mark.parametrize(
    ("path", "shown", "is_known"),
    [
        ("a%252Fb/sub/", "/pub/a/b/sub/", True), ("a%252Fb/sub/", "/pub/a%2Fb/sub/", True),
        ("a%2541/sub/", "/pub/aA/sub/", True), ("a%252541/sub/", "/pub/a%41/sub/", True),
        ("a%252541/sub/", "/pub/aA/sub/", False), ("a%41/sub/", "/pub/aA/sub/", True),
        ("100%25/", "/pub/100%/", True), ("error%2541/", "/pub/errorA/", True), ("errorA/", "/pub/error%41/", False),
        ("a%2541/", "/pub/b/", False), ("a%25FF/", "/pub/a\udcff/", True),
    ],
)  # fmt: skip
def test_a_page_may_show_its_path_decoded_twice(path: str, shown: str, *, is_known: bool) -> None:
    """Caddy does, in its title and in its heading."""
    markup, url = f"<title>{shown}</title><h1>{shown}</h1>", f"http://h.test/pub/{path}"
    assert (unknown_in(markup, list(split_passages(markup)), url, "caddy") is None) is is_known
