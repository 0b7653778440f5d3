"""How the markup of a page is split into passages."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.passages import Passage, scripts, split_passages, visible


def shown(passage: Passage) -> str:
    """The number and the kind of its region, "!" for boilerplate, its cells, its links and what began with it."""
    region = f"{passage.region}{passage.kind}{'!' * passage.boilerplate}"
    cells = "|".join(" ".join(cell.split()) for cell in passage.cells)
    return f"{region}:{cells}:{' '.join(passage.hrefs)}:{passage.opened.strip()}"


@pytest.mark.parametrize(
    ("markup", "passages"),
    [
        ("", []),
        ("12<br>a\nb", ["0:12::", "0:a b::"]),
        ("<p class=x>a</p>b</div class=y href=z>c", ["0:a::class=x", "0:b::", "0:c::"]),
        ("&lt;a<b>b</b>c<span>d</span>e", ["0:<abc d e::"]),
        # only in "pre" a line ends where it ends in the markup, unless it is in a link
        ("<pre>a\nb\nc\n</pre>d", ["1pre:a::", "1pre:b::", "1pre:c::", "0:d::"]),
        ("<pre><a href=x>a\nb<span>c</span></a>\nd</pre>", ["1pre:a bc:x:", "1pre:d::"]),
        ("<pre>a\n<i>b\nc</i>", ["1pre:a::", "1pre:b::", "1pre:c::"]),
        # rows of tables and their cells
        ("<table><tr id=r><td>a<p>b</p>c<br>d<td>e<hr><u>f</u>g</table>h", ["1table:|a b c d|e fg::id=r", "0:h::"]),
        ("<table><tr><th>a<th>b<tr><td>c", ["1table!:|a|b::", "1table!:|c::"]),
        ("<table><tr><th>a</th></tr><tr><td>c", ["1table!:|a::", "1table:|c::"]),
        ("<table><caption>a</caption>b<tr><td>c", ["1table!:a::", "1table:b::", "1table:|c::"]),
        ("<table><tr><td>a<tbody><td>b<thead><td>c", ["1table:|a::", "1table:|b::", "1table!:|c::"]),
        ("<table><tr><td>a<tfoot><td>b<caption>c", ["1table:|a::", "1table!:|b::", "1table!:c::"]),
        ("<table><tr><td>a<table><tr><td>b</table><td>c</table>", ["1table:|a::", "2table:|b::", "1table:|c::"]),
        ("<ul><li>a<li>b</ul>c</ul></table>d", ["1ul:a::", "1ul:b::", "0:c::", "0:d::"]),
        # headings and menus
        ("<nav><p>a</p><p>b</p></nav><p>c", ["0!:a::", "0!:b::", "0:c::"]),
        ("<nav><h1>a</h1>b</nav>c</h1>d", ["0!:a::", "0!:b::", "0:c::", "0:d::"]),
        ("<table><tr><td>a<h2>b</h2>c</table>", ["1table!:|a b c::"]),
        # links
        ("<link href=w><base href=x>a<a href='y&amp;z'>b</a><a data-href=\"v\">c</a>", ["0:abc:y&z v:"]),
        ('<a href="">a</a>', ["0:a::"]),
        ("<a href=x><div>a</div><div>b</div></a>c", ["0::x:", "0:a:x:", "0:b:x:", "0:c::"]),
        ("<a href=x><div><p>a</p></div>b</a>c", ["0::x:", "0:a:x:", "0:bc:x:"]),
        ("<div><a href=x>a</div><div>b</div>", ["0:a:x:", "0:b::"]),
        ("<div><a href=x><p>a</p></div><p>b", ["0::x:", "0:a:x:", "0:b::"]),
        ("<ul><li><a href=x>a<li>b</ul>", ["1ul:a:x:", "1ul:b::"]),
        ("<div href=x><p>a</p><p>b</p></div>", ["0::x:href=x", "0:a::", "0:b::"]),
        # a number that may be chosen
        ("a <option>10<option>x<b>20</b></option>30", ["0:a x2030::"]),
    ],
)
def test_the_passages_of_a_page(markup: str, passages: list[str]) -> None:
    assert [shown(passage) for passage in split_passages(markup)] == passages


def test_a_passage_tells_where_it_is() -> None:
    markup = "<p>a</p><hr>b<br>"
    assert [each.at for each in split_passages(markup)] == [0, 8]


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("a<!-- b -->c", "a c"),
        ("<!--a-->-->b<!--c-->", " -->b "),
        ("a<!--b--><!--c-->d", "a  d"),
        ("a<!-- <script> -->b<script>c</script >d", "a b d"),
        ("<style>a<SCRIPT>b</script>c<style>d<svg>e</SVG>f", "<style>a c<style>d f"),
        ("a<template>b</template><scripts>c", "a <scripts>c"),
    ],
)
def test_what_is_visible(markup: str, seen: str) -> None:
    assert visible(markup) == seen


def test_scripts_are_found_with_their_start_tags() -> None:
    assert scripts("a<script x>b</script>c<svg>d</svg>") == ["<script x>b</script>"]
