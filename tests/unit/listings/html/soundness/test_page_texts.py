"""Which texts of a page the state remembers: those outside the rows that servers are not known to print."""

from __future__ import annotations

from urllib.parse import quote
from zlib import crc32

import pytest

from crawler.listings.html.pager.pages import Continuation
from crawler.listings.html.soundness.page_texts import SplitPage, texts_outside
from crawler.listings.html.soundness.passages import split_passages, visible
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Rejection

URL = "http://h.test/pub/"


def page_of(markup: str, url: str = URL) -> SplitPage:
    shown = visible(markup)
    return SplitPage(markup, shown, list(split_passages(shown)), url)


def listing(names: tuple[str, ...] = (), url: str = URL, elsewhere: tuple[str, ...] = ()) -> Listing:
    entries = tuple(Entry(name=name, url=url + name, kind=Kind.FILE) for name in names)
    rejections = tuple(Rejection(Reason.OTHER_HOST, href, "", "row") for href in elsewhere)
    return Listing(url=url, family="x", confidence=1.0, is_listing=True, entries=entries, rejections=rejections)


def texts(
    markup: str, names: tuple[str, ...] = (), url: str = URL, elsewhere: tuple[str, ...] = ()
) -> tuple[str, ...] | None:
    return texts_outside(page_of(markup, url), listing(names, url, elsewhere), names)


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
        ("<p><a href=other/b.c/>some</a><p>Tere", ("some\0other/b.c/", "Tere")),
        ("<p><a href=http://h.test/pub/b.c>some</a> <a href=//h.test/pub/b>some</a>", ()),
        ("<p><a href=http://other.test/pub/b.c>some</a>", ("some\0http://other.test/pub/b.c",)),
        ("<p>Sorry <a href=/status/b.c>some</a>", ("Sorry some\0/status/b.c",)),
        ("<p><a href=http://a.test/cdn/b.c>b.c</a> 12 KB", ()),  # a row that leads elsewhere
        ("<p>Up <a href=../>up</a> <a href=a.zip>some</a><p>Tere", ("Tere",)),
        ("<table><tr><td><a href=?dir=docs>see</a><td> docs/ <tr><td>Tere</table>", ("Tere",)),
        ("<table><tr><td><a href=?dir=x>see</a><td> dX/ <tr><td>Tere</table>", ("Tere",)),
        ("<table><tr><td><a href=x>see</a><td> docs/</table>", ("see docs/\0x",)),
        ("<p><a href=q?rX/>some</a><p>Tere", ("Tere",)),
        ("<p><a href=/pub/b.c#/x>some</a> <a href=/pub/b.c/>some</a>", ()),
        ("<p>a.zip</p>", ("a.zip",)),
        (f"<p>{'x' * 300}</p>", ("x" * 300,)),
        (f"<p>{'x' * 301}</p>", (digest("x" * 301),)),
        (f"<p>{'x' * 300}\udcff <a href=x>b</a></p>", (digest("x" * 300 + "\udcff b") + "\0x",)),
        ("Tere<script>1</script><script>\udcff</script><script>1</script>",
         ("Tere", digest("<script>1</script>"), digest("<script>\udcff</script>"), "<<script")),
        ("<form action=x>Tere</form><iframe src=x?y>", ("Tere", "<<form", "\1<iframe\0x")),
        # what is shown by other means
        ("<form><input type=password placeholder='Your  name'><input type=submit value=Enter><input type=hidden "
         "title=t value=h><input value=v>", ("\1Your name", "\1Enter", "<<form", "\1a password\0")),
        ("<p><img alt='Disk error' title='B &lt; 3'></p>", ("\1Disk error", "\1B < 3")),
        ("<div aria-label=Viga data-title=x></div><ol type=reset value=v></ol><img alt='[ICO]'>", ("\1Viga",)),
        (f"<img alt={'x' * 300}><img alt={'y' * 301}>", ("\1" + "x" * 300,)),
        ("<iframe></iframe><p>Tere", ("Tere", "\1<iframe\0")),
        ("<iframe src=x?y?z>", ("\1<iframe\0x",)),
        ("<svg><title>Viga</title><text>1  2</text></svg><svg><text>a.zip</text></svg>", ("\1Viga 1 2",)),
        ("<p>&#9888;<p>503<p>|<p>No files found<p>0 files", ("\1\u26a0", "\x01503", "\1No files found", "\x010 files")),
        ("<ul><li><a href=a.zip title=x><img alt=y></a></ul><p><img alt=z>", ("\1z",)),
    ],
)  # fmt: skip
def test_texts_that_servers_are_not_known_to_print_are_remembered(markup: str, expected: tuple[str, ...]) -> None:
    names, elsewhere = ("a.zip", "b", "b.c", "docs", "dX", "q?rX"), ("http://a.test/cdn/b.c",)
    assert texts(markup, names, elsewhere=elsewhere) == expected


_ROW = "<tr><td><a href={0}>{0}</a><td>{1}<td>1.2K<td>{2}"


@pytest.mark.parametrize(
    ("kinds", "ends", "expected"),
    [
        (("", "", ""), ("2024-01-11 10:00", "yesterday", "Viga: 3"), ("\1Viga: 3",)),
        (("", "", ""), ("", "", "c 2024-01-11 10:00"), ()),
        (("zip", "zip", "iso"), ("", "", ""), ()),
        (("", "", "x"), ("", "Viga", "Hoiatus"), ("\1x",)),
        (("", "", "-rw-r--r-- 3"), ("", "", "2 days ago"), ()),
        (("Viga", "", ""), ("", "", ""), ()),
    ],
)
def test_what_only_the_last_row_says_is_a_text(
    kinds: tuple[str, ...], ends: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    rows = [_ROW.format(*each) for each in zip("abc", kinds, ends, strict=True)]
    if "yesterday" in ends:
        rows[1] = _ROW.format("b", "", "2024-01-11 10:00")
    assert texts(f"<table>{''.join(rows)}</table>", ("a", "b", "c")) == expected
    assert texts(f"<table>{''.join(rows[1:])}</table>", ("a", "b", "c")) == (), "two rows have no form in common"
    unknown = "".join(rows[:-1]) + rows[-1].replace(">c", ">\ufffd")
    assert texts(f"<table>{unknown}</table>", ("a", "b", "c")) == (), "not known which cell shows the name"


@pytest.mark.parametrize(
    ("marker", "kind", "expected"),
    [
        ("&lt;r\u00e9p&gt;", Kind.DIRECTORY, ()), ("&lt;\u30c7\u30a3\u30ec\u30af\u30c8\u30ea&gt;", Kind.DIRECTORY, ()),
        ("d", Kind.DIRECTORY, ()), ("&lt;Viga&gt; 3", Kind.DIRECTORY, ()),
        ("&lt;r\u00e9p&gt;", Kind.FILE, ("\1{} <r\u00e9p>",)), ("d", Kind.FILE, ("\1{} d",)),
        ("Viga", Kind.DIRECTORY, ("\1{} Viga",)),
        ("&lt;Viga lugemisel&gt;", Kind.DIRECTORY, ("\1{} <Viga lugemisel>",)),
        ("dd", Kind.DIRECTORY, ("\1{} dd",)),
    ],
)  # fmt: skip
def test_what_marks_the_only_directory_of_a_page_in_its_last_row_is_no_text(
    marker: str, kind: Kind, expected: tuple[str, ...]
) -> None:
    row = '13/09/2020 12:26 {1} <a href="/pub/{0}">{0}</a>\n'
    rows = "".join(row.format(name, 300) for name in "abc") + row.format("sub/", marker)
    shown = listing(("a", "b", "c", "sub"))
    entries = (*shown.entries[:-1], replace(shown.entries[-1], kind=kind, url=f"{URL}sub/"))
    found = texts_outside(page_of(f"<pre>{rows}</pre>"), replace(shown, entries=entries), ("a", "b", "c", "sub"))
    assert found == tuple(f"{text.format('13/09/2020 12:26')} sub/" for text in expected)


@pytest.mark.parametrize("name", ["S", "..A", "e", "Sep", "ago", "application", "01-Sep", "A ", " a"])
def test_a_name_with_parts_of_a_date_or_of_what_is_cut_short_says_nothing_more(name: str) -> None:
    rows = "".join(f'<a href="{quote(each)}">{each}</a> 01-Sep-1989 00:00 0\n' for each in ("a", "b", "c", name))
    assert texts(f"<pre>{rows}</pre>", ("a", "b", "c", name)) == ()
    cells = "".join(f'<tr><td><a href="{quote(each)}">{each}</a></td><td>0</td></tr>' for each in ("a", "b", "c", name))
    assert texts(f"<table>{cells}</table>", ("a", "b", "c", name)) == ()


@pytest.mark.parametrize(("last", "is_known"), [("", True), ("<p>one more", False), ("<script></script>", False)])
def test_a_page_with_too_many_texts_is_a_document(last: str, *, is_known: bool) -> None:
    found = texts("".join(f"<p>text {'x' * number}</p>" for number in range(64)) + last)
    assert (found is not None) is is_known
    assert found is None or len(found) == 64


def test_rows_without_a_link_are_not_outside() -> None:
    page = page_of("<p>Tere</p><p>b.bin 7</p>")
    assert texts_outside(page, listing(), (), {id(page.passages[1])}) == ("Tere",)


@pytest.mark.parametrize("is_paged", [True, False])
def test_what_only_pagers_say_is_no_text(*, is_paged: bool) -> None:
    markup = "<p>Tagasi 1 <a href=?page=3>Edasi</a></p><p>Page 2</p><p>Viga Edasi</p><p><a href=login></a></p>"
    expected = ("Viga Edasi", "\0login")
    links = frozenset({URL + "?page=3"} if is_paged else ())
    more = Continuation(links=links, labels=frozenset({"Edasi", "Tagasi"}))
    found = texts_outside(replace(page_of(markup), more=more), listing(), ())
    assert found == (expected if is_paged else ("Page 2", *expected))


@pytest.mark.parametrize(
    ("markup", "is_text"),
    [
        ("<p><a href=?page=3></a></p>", False),  # an arrow
        ("<p><a href=./>Back</a> <a href=?page=3>Next page</a></p>", False),
        ("<p><a href=./>Back</a> <a href=login>Next page</a></p>", True),
        ("<p><a href=login></a></p>", True),
        ("<p><a href=?page=3>Viga</a></p>", True),
    ],
)
def test_links_to_the_directory_itself_without_other_words_are_those_of_a_pager(markup: str, *, is_text: bool) -> None:
    assert bool(texts(markup)) is is_text


def test_what_the_url_explains_is_not_remembered() -> None:
    assert texts("<p>some place</p>", url="http://h.test/some%20place/") == ()
    assert texts("<p>some place</p>") == ("some place",)
