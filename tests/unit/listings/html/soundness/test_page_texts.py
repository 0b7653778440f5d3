"""Which texts of a page the state remembers: those outside the rows that servers are not known to print."""

from __future__ import annotations

from zlib import crc32

import pytest

from crawler.listings.html.soundness.page_texts import texts_outside
from crawler.listings.html.soundness.passages import split_passages, visible

URL = "http://h.test/pub/"


def texts(markup: str, names: tuple[str, ...] = (), url: str = URL) -> tuple[str, ...] | None:
    return texts_outside(markup, list(split_passages(visible(markup))), url, names)


def digest(text: str) -> str:
    return f"<{crc32(text.encode('utf-8', 'replace')):x}"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ()),
        ("<h1>Index of /pub/</h1><p>nginx/1.2</p>", ()),
        ("<h1>Index of /pub/</h1><p>Tere</p><p>Tere</p><p>Head aega</p>", ("Tere", "Head aega")),
        ("<p>Tere <a href=x/>tulemast</a>", ("Tere tulemast\0x/",)),
        ("<p>Tere <a href=x?a#b>a</a> <a href=y#b>b</a>", ("Tere a b\0x\0y",)),
        ("<p><a href=login></a>", ("\0login",)),
        ("<p><a href=/pub/a.zip>some</a><p>Tere", ("Tere",)),
        ("<p><a href=b/>some</a><p>Tere", ("Tere",)),
        ("<p><a href=other/b.c/>some</a><p>Tere", ("Tere",)),
        ("<p>Up <a href=../>up</a> <a href=a.zip>some</a><p>Tere", ("Tere",)),
        ("<table><tr><td><a href=?dir=docs>see</a><td> docs/ <tr><td>Tere</table>", ("Tere",)),
        ("<table><tr><td><a href=?dir=x>see</a><td> dX/ <tr><td>Tere</table>", ("Tere",)),
        ("<p><a href=q?rX/>some</a><p>Tere", ("Tere",)),
        ("<p>a.zip</p>", ("a.zip",)),
        (f"<p>{'x' * 300}</p>", ("x" * 300,)),
        (f"<p>{'x' * 301}</p>", (digest("x" * 301),)),
        (f"<p>{'x' * 300}\udcff <a href=x>b</a></p>", (digest("x" * 300 + "\udcff b") + "\0x",)),
        ("Tere<script>1</script><script>\udcff</script><script>1</script>",
         ("Tere", digest("<script>1</script>"), digest("<script>\udcff</script>"), "<<script")),
        ("<form action=x>Tere</form><iframe src=x>", ("Tere", "<<iframe", "<<form")),
    ],
)  # fmt: skip
def test_texts_that_servers_are_not_known_to_print_are_remembered(markup: str, expected: tuple[str, ...]) -> None:
    assert texts(markup, ("a.zip", "b", "b.c", "docs", "dX", "q?rX")) == expected


@pytest.mark.parametrize(("last", "is_known"), [("", True), ("<p>one more", False), ("<script></script>", False)])
def test_a_page_with_too_many_texts_is_a_document(last: str, *, is_known: bool) -> None:
    found = texts("".join(f"<p>text {'x' * number}</p>" for number in range(64)) + last)
    assert (found is not None) is is_known
    assert found is None or len(found) == 64


def test_rows_without_a_link_are_not_outside() -> None:
    markup = "<p>Tere</p><p>b.bin 7</p>"
    passages = list(split_passages(markup))
    assert texts_outside(markup, passages, URL, (), {id(passages[1])}) == ("Tere",)


def test_what_the_url_explains_is_not_remembered() -> None:
    assert texts("<p>some place</p>", url="http://h.test/some%20place/") == ()
    assert texts("<p>some place</p>") == ("some place",)
