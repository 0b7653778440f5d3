"""Flaws of a page: rows without a link, errors, missing parts, scripts, the heading of another directory."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import pytest

from crawler import Listing, parse_listing
from crawler.listings import parse_without_grammar
from crawler.listings.html.soundness.heading import another_heading
from crawler.listings.html.soundness.passages import visible
from crawler.listings.html.soundness.scripts import adds_rows
from crawler.model.flaws import FlawKind

URL = "http://h.test/pub/"
_LINK = '<a href="{0}">{0}</a>'
_UP = '<tr><td><a href="../">Parent Directory</a></td><td>-</td><td>-</td></tr>'


def table(*cells: str, around: str = "", heading: str = "Index of /pub/", head: str = "") -> str:
    rows = "".join(f"<tr><td>{cell}</td><td>1000</td><td>2020-01-01 00:00</td></tr>\n" for cell in cells)
    return (
        f"<html><head><title>{heading}</title>{head}</head><body><h1>{heading}</h1><table>"
        f"<tr><th>Name</th><th>Size</th><th>Last modified</th></tr>{_UP}{rows}</table>{around}</body></html>"
    )


def nginx(*names: str, more: str = "", heading: str = "Index of /pub/") -> str:
    rows = "".join(f"{name}       01-Jan-2020 00:00     1000\r\n" for name in names)
    return (
        f"<html>\r\n<head><title>{heading}</title></head>\r\n<body>\r\n<h1>{heading}</h1><hr><pre>"
        f'<a href="../">../</a>\r\n{rows}{more}</pre><hr></body>\r\n</html>\r\n'
    )


def parse(text: str) -> Listing:
    listing = parse_listing(text.encode(), URL, "text/html")
    assert listing.is_listing
    return listing


def failed(listing: Listing) -> list[str]:
    return [rejection.row for rejection in listing.rejections if rejection.row]


ROWS = [
    "c.bin", "<span class=off>c.bin</span>", "<a class=off>c.bin</a>", '<a name="c.bin">c.bin</a>',
    '<a href="mailto:c.bin">c.bin</a>',
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("printer", [table, nginx])
@pytest.mark.parametrize("count", [0, 2, 40])
def test_a_row_without_a_link_is_counted(printer: object, row: str, count: int) -> None:
    check_row(printer, row, count)


@pytest.mark.parametrize("printer", [table, nginx])
def test_a_row_without_a_link_is_counted_on_a_page_that_is_read_in_parts(printer: object) -> None:
    check_row(printer, ROWS[0], 9000)


def check_row(printer: object, row: str, count: int) -> None:
    links = [_LINK.format(f"f{number}.txt") for number in range(count)]
    text = (table if printer is table else nginx)(*links[: count // 2], row, *links[count // 2 :])
    listing = parse(text)
    assert (failed(listing), len(listing.entries), listing.complete) == (["c.bin"], count, True)
    assert "c.bin" in listing.mentioned


QUIET = [
    table(_LINK.format("error.log"), _LINK.format("Permission%20denied.txt"), around="<p>2 files, 3 MB</p>"),
    table(_LINK.format("a.txt")).replace("</table>", "<tr><td>Total</td><td>1000</td><td></td></tr></table>"),
    table(_LINK.format("a.txt")).replace("</table>", "<tr><td colspan=3><hr></td></tr></table>"),
    table(_LINK.format("a.txt"), around="<h2>README</h2><p>On an error, try again.</p>"),
    table(
        _LINK.format("a.txt"), around="<p>Showing 1 to 1 of 1 entries</p><footer>Generated 2020-01-01 00:00</footer>"
    ),
    nginx('<a href="error.log">error.log</a>', more="<!-- error --> 1 files\r\n"),
    nginx(),
    table(),
    table(_LINK.format("a.txt"), head="<script>h.innerHTML = '<a href=\"#\">' + t; b.appendChild(row)</script>"),
    table(_LINK.format("a.txt"), head="<script>var s = d.createElement('script'); p.append(s)</script>"),
    table(_LINK.format("a.txt"), head="<script>document.body.className = localStorage.theme</script>"),
    table(_LINK.format("a.txt"), head="<script>var l = d.createElement('a'); l.href='#'; x.innerHTML = '1'</script>"),
    table(_LINK.format("a.txt"), head="<script>if (x.innerHTML === y) crumbs += '<a href=' + p; b.append(z)</script>"),
    table(_LINK.format("a.txt"), head="<script>bread = '<a href=' + p; document.write(bread)</script>"),
    table(_LINK.format("a.txt")).replace("<table>", "<a href='/'>up</a><!DOCTYPE html><html><p>Welcome</p><table>"),
    table(_LINK.format("a.txt")).replace("</table>", "</table><ul><li>4.11KB</li><li>2020-01-01</li></ul>"),
    nginx(_LINK.format("a.txt"), more="  01-Jan-2020 00:00     1000 bytes\r\n"),
    table(_LINK.format("a.txt"), around="<!DOCTYPE html><html><title>Our mirror</title><h1>Welcome</h1>"),
    table(heading="Index of /mirror/pub/"),
    table(heading="Index of /"),
]


@pytest.mark.parametrize("text", QUIET)
def test_a_sound_page_is_complete_and_conclusive(text: str) -> None:
    listing = parse(text)
    assert (listing.complete, listing.conclusive, failed(listing)) == (True, True, [])


_PHP = "<br />\n<b>Warning</b>:  scandir(/p): failed in <b>/i.php</b> on line <b>3</b><br />\n"
NOT_WHOLE = [
    _PHP + table(),
    table(around=_PHP),
    table(_LINK.format("a.txt"), around=_PHP),
    "PHP Warning:  scandir(): (errno 5) in /i.php\n" + table(),
    table(around="<pre>Traceback (most recent call last):\n OSError</pre>"),
    table(_LINK.format("a.txt"), around="[an error occurred while processing this directive]"),
    table(around="<p>Cannot opendir /p: Stale file handle.</p>"),
    table(around="<div class=alert>Unable to list the folder</div>"),
    table().replace(_UP, "<tr><td colspan=3>Loading\u2026</td></tr>"),
    table().replace(_UP, "<tr><td colspan=3>Error: no answer</td></tr>"),
    nginx(more="error reading directory: too many open files"),
    nginx(_LINK.format("a.txt"), more="Input/output error\r\n"),
    nginx(more="Too many requests, try again later."),
    table(around="<p>Showing 0 of 6 entries</p>"),
    table(_LINK.format("a.txt"), around="<p>Showing 1 to 1 of 6 entries</p>"),
    table(_LINK.format("a.txt"), around="<html><title>502 Bad Gateway</title>"),
    table(around="<!DOCTYPE html><html><body><h1>Internal Server Error</h1></body></html>"),
]


_PAGER = "<p><a href='?page=1'>Previous</a> 2 <a href='?page=3'>Next</a></p>"


@pytest.mark.parametrize(
    ("text", "is_complete"), [("Error reading directory", False), ("[truncated]", True), ("Welcome", True)]
)
@pytest.mark.parametrize("pager", [_PAGER, _PAGER.replace("Next", "3")])
def test_a_pager_explains_more_rows_and_no_error(text: str, is_complete: bool, pager: str) -> None:
    for around in (f"<p>{text}</p>{pager}", f"{pager}<p>{text}</p>"):
        assert parse(table(_LINK.format("a.txt"), _LINK.format("b.txt"), around=around)).complete is is_complete


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_a_page_that_reports_an_error_or_shows_a_part_is_not_complete(text: str) -> None:
    assert not parse(text).complete


@pytest.mark.parametrize(
    "script",
    [
        "var x = '<tr><td><a href=\"' + n + '\">'; document.write(x)",
        'const rows = all.map(n => `<li><a class="f" href="${n}">${n}</a>`); list.innerHTML = rows',
        "var html = '<a href=' + n; list.insertAdjacentHTML('beforeend', html)",
        "for (n of all) { var a = document.createElement('a'); a.href = n; list.appendChild(a) }",
        "fetch('rows.html').then(r => r.text()).then(t => { list.innerHTML = t })",
        "document.write('<' + 'a hr' + 'ef=\"' + n + '\">')",
        'list.innerHTML += "\\x3ca href=\'" + n + "\'>"',
        "list.innerHTML += '\\u003ca\\u0020href=' + n",
        "document.write('%3Ca href=' + n)",
        "var t = 'a'; list.innerHTML = '<' + t + ' href=\"' + n + '\">' + n",
        "var a = document.createElement('a'); a.setAttribute('href', n); list.prepend(a)",
        "var a = document.createElement(`A`); a.href = n; list.replaceChildren(a)",
        "$('#list').load('rows.html')",
        "document.write(atob('PGEgaHJlZj1jLmJpbj4='))",
        "eval(atob('ZG9jdW1lbnQud3JpdGUoMSk='))",
        "var a = document.createElement('a'); a['href'] = n; list.append(a)",
        "fetch('f.json').then(r => r.json()).then(f => f.map(n => table.insertRow().insertCell().append(n)))",
        "new EventSource('/f').onmessage = e => { list.innerHTML += e.data }",
    ],
)
def test_scripts_that_write_rows_make_a_page_inconclusive(script: str) -> None:
    assert not parse(table(_LINK.format("a.txt"), around=f"<script>{script}</script>")).conclusive


def blocks(*lines: str, tag: str = "div") -> str:
    """A page whose rows are blocks, each with a name and a size."""
    rows = "".join(f"<{tag}>{line}</{tag}>\n" for line in lines)
    return (
        f"<html><title>Index of /pub/</title><h1>Index of /pub/</h1><a href='../'>..</a>{rows}<p>3 files</body></html>"
    )


LINES = [
    "c.bin 12 MB", "c.bin (12 MB)", "c.bin - 12 MB", "c.bin: 12.5 KiB", "12 MB c.bin", "2020-01-01 00:00 12M c.bin",
    "c.bin 2020-01-01 00:00 1000", "<span>c.bin</span><span>12 MB</span>", "<div>c.bin</div><div>12 MB</div>",
    "<b>c.bin</b> <i>1,000 bytes</i>", "c.bin 2020-01-01", "<a>c.bin</a> 12 MB",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("tag", ["div", "p", "section"])
def test_a_line_without_a_link_is_a_row_if_rows_are_lines(line: str, tag: str) -> None:
    listing = parse(blocks(*(f"{_LINK.format(name)} 12 MB" for name in ("a.bin", "b.bin")), line, tag=tag))
    assert (failed(listing), len(listing.entries), listing.flaws) == (["c.bin"], 2, ())


@pytest.mark.parametrize("line", LINES)
def test_a_line_without_a_link_beside_a_table_makes_the_page_inconclusive(line: str) -> None:
    listing = parse(table(_LINK.format("a.txt"), around=f"<p>{line}<br>more</p>"))
    assert ([flaw.kind for flaw in listing.flaws], failed(listing)) == ([FlawKind.UNLINKED], [])
    assert (listing.complete, listing.conclusive, "c.bin" in listing.mentioned) == (True, False, True)


@pytest.mark.parametrize(
    "line",
    ["a.txt 12 MB", "Download c.bin (12 MB) here", "c.bin", "12 MB", "Total: 12 MB", "2020-01-01", "see c.bin for more",
     "me@c.bin 12 MB", "3.6.4 2020-01-01", "mirror.example.org 12 MB", "c.bin 5", "nginx/1.2.3 2020-01-01"],
)  # fmt: skip
def test_sentences_beside_a_table_are_harmless(line: str) -> None:
    listing = parse(table(_LINK.format("a.txt"), around=f"<p>{line}</p>"))
    assert (listing.flaws, failed(listing), listing.conclusive) == ((), [], True)


@pytest.mark.parametrize("text", [table(heading="Index of /other/"), nginx(heading="Index of /other/")])
def test_an_empty_page_of_another_directory_proves_nothing(text: str) -> None:
    assert not parse(text).conclusive
    assert not parse_without_grammar(text.encode(), URL, "text/html").conclusive


@pytest.mark.parametrize("name", ["R&D", "x<y", "[old]", "a%41b", "a%25", "t ", " t", "it's", 'q"q', "a - b"])
def test_an_empty_page_proves_it_whatever_the_name_of_its_directory(name: str) -> None:
    url, shown = f"http://h/pub/{quote(name)}/", escape(name, quote=False)
    for heading in (f"Index of /pub/{shown}/", f"Index of /pub/{shown}"):
        for text in (table(heading=heading), nginx(heading=heading)):
            for listing in (
                parse_listing(text.encode(), url, "text/html"),
                parse_without_grammar(text.encode(), url, "text/html"),
            ):
                assert listing.conclusive, (heading, listing.flaws)


@pytest.mark.parametrize(
    ("heading", "is_another"),
    [
        ("Index of /{}/", True),
        ("Directory listing for /{}/", True),  # Python
        ("Directory Listing For [/{}/] - ", True),  # Tomcat
        ("Directory: /{}/", True),  # Jetty
        ("Listing of /{}", True),
        ("Contents of /{}/", True),
        ("Files of {}", False),
        ("{}", False),
    ],
)
@pytest.mark.parametrize("query", ["", "?page=2"])
def test_a_heading_that_is_the_path_of_another_directory_is_noticed_in_the_words_of_many_programs(
    heading: str, is_another: bool, query: str
) -> None:
    for name in ("other", "pub", "deep/pub", "pub/deep"):
        text = heading.format(name)
        page = f"<html><title>{text}</title><h1>{text}</h1></html>"
        differs = not name.endswith("pub")
        assert (another_heading(page, URL + query) is not None) is (is_another and differs), text


def test_a_webdav_member_with_a_failure_status_is_counted() -> None:
    own = "<D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK"
    text = (
        f'<D:multistatus xmlns:D="DAV:"><D:response><D:href>/pub/</D:href>{own}</D:status></D:propstat></D:response>'
        "<D:response><D:href>/pub/a.txt</D:href><D:status>HTTP/1.1 500 Failed</D:status></D:response></D:multistatus>"
    )
    listing = parse_listing(text.encode(), URL, "application/xml")
    assert (listing.is_listing, listing.complete, listing.entries) == (True, False, ())
    assert [rejection.reason for rejection in listing.rejections if rejection.row] == ["failed"]
    assert "a.txt" in listing.mentioned


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", ["<script>", "<script ", "<!--", "<style>", "<h1 ", "<svg><", "</script"])
def test_a_missing_end_is_searched_for_once(piece: str) -> None:
    page = "<html><h1>Index of /pub/</h1>" + piece * (120_000 // len(piece))
    assert not adds_rows(page)
    assert visible(page)
    assert another_heading(page, "http://h/pub/") is None


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    ["createElement('a')", "<a x='y' ", "'+'", "' ", "bread", "<link ", " on", "href=", "\\x3", ".href =", ").load(",
     "innerHTML", "document.write"],
)  # fmt: skip
def test_scripts_are_read_in_linear_time(piece: str) -> None:
    adds_rows("<script>" + piece * 20_000 + "</script>")
    adds_rows("<p" + piece * 20_000)


def in_blocks(*names: str, after: str = "") -> str:
    """A page whose links contain blocks, as those of Directory Lister 2."""
    rows = "".join(
        f"<li><a href='{name}'><div><span>{name}</span> <span>1.00KB</span></div></a></li>" for name in names
    )
    head = "<html><head><title>Directory Lister</title></head><body><h1>Index of /pub/</h1>"
    return f"{head}<ul>{rows}</ul>{after}</body></html>"


@pytest.mark.parametrize(
    "name", ["error-page.html", "error.log", "page 1 of 3.txt", "30 files.zip", "loading.gif", "and 8 more files"]
)
def test_the_name_of_a_file_says_nothing_though_its_link_contains_blocks(name: str) -> None:
    listing = parse(in_blocks("a.zip", name, "b.zip"))
    assert (listing.complete, listing.conclusive, listing.flaws) == (True, True, ())


@pytest.mark.parametrize(
    "opened", ["<a href='x'>", "<div><a href='x'></div>", "<a href='x'><div>x</div>", "<a href='x'><p>x<hr>"]
)
def test_a_text_after_a_link_without_an_end_tag_is_not_in_the_link(opened: str) -> None:
    after = f"<ul><li>{opened}</ul><p>Error reading directory</p>"
    assert not parse(in_blocks("a.zip", "b.zip", after=after)).complete
