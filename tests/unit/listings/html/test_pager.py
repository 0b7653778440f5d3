"""Which links, buttons and texts of a page lead to further pages of its listing, or say that there are any."""

from __future__ import annotations

import pytest

from crawler.listings import parse_listing
from crawler.listings.html.pager.attributes import attribute_claims, attribute_controls
from crawler.listings.html.pager.controls import controls_in
from crawler.listings.html.pager.labels import Label, Says, understood
from crawler.listings.html.pager.pages import Continuation, continuation
from crawler.listings.html.pager.place import place_of
from crawler.listings.html.soundness.claims import claims_in
from crawler.listings.html.soundness.diagnostics import part_in
from crawler.listings.html.soundness.passages import split_passages, visible
from crawler.listings.values.hrefs import Resolver
from crawler.model.flaws import Claim, ClaimKind, unmet

PUB = "http://h.test/pub/"
NAMES = {"next", "2", "a.zip", "More"}


def read(markup: str, url: str = PUB) -> Continuation:
    controls = controls_in(visible(f"<html><head></head><body>{markup}</body></html>"))
    return continuation(controls, place_of(Resolver(url)), NAMES, {f"{PUB}2", f"{PUB}d/"})


def link(href: str, text: str, more: str = "") -> str:
    return f'<a href="{href}"{more}>{text}</a>'


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Next", Label(Says.NEXT)),
        ("next page \u00bb", Label(Says.NEXT)),
        ("[Next 50]", Label(Says.NEXT)),
        ("\u203a", Label(Says.NEXT)),
        (">>", Label(Says.NEXT)),
        (">|", Label(Says.LAST)),
        ("<", Label(Says.BACK)),
        ("\u00ab First", Label(Says.BACK)),
        ("last \u00bb", Label(Says.LAST)),
        ("Show all", Label(Says.NEXT)),
        ("Forward \u2192", Label(Says.NEXT)),
        ("25 more files", Label(Says.NEXT)),
        ("More...", Label(Says.MORE)),
        ("N\u00c4CHSTE SEITE", Label(Says.NEXT)),
        ("\u4e0b\u4e00\u9875", Label(Says.NEXT)),
        ("Next results", Label(Says.NEXT)),
        ("Next 50 results", Label(Says.NEXT)),
        ("Next 2 files", Label(Says.NEXT)),
        ("Next set", Label(Says.NEXT)),
        ("Next batch", Label(Says.NEXT)),
        ("Forward", Label(Says.NEXT)),
        ("Continue", Label(Says.MORE)),
        ("View older files", Label(Says.NEXT)),
        ("Newer files", Label(Says.BACK)),
        ("N\u00e4sta sida", Label(Says.NEXT)),
        ("Neste side", Label(Says.NEXT)),
        ("N\u00e6ste side", Label(Says.NEXT)),
        ("Seuraava sivu", Label(Says.NEXT)),
        ("Vis mere", Label(Says.NEXT)),
        ("Visa fler", Label(Says.NEXT)),
        ("Vorw\u00e4rts", Label(Says.NEXT)),
        ("\u041d\u0430\u043f\u0440\u0435\u0434", Label(Says.NEXT)),
        ("Forrige side", Label(Says.BACK)),
        ("F\u00f6reg\u00e5ende sida", Label(Says.BACK)),
        ("Edellinen", Label(Says.BACK)),
        ("Siste", Label(Says.LAST)),
        ("2", Label(Says.NUMBER, 2)),
        ("[12]", Label(Says.NUMBER, 12)),
        ("Page 3", Label(Says.NUMBER, 3)),
        ("Page 3 of 7", Label(Says.NUMBER, 3)),
        ("2 (current)", Label(Says.NUMBER, 2)),
        ("101-150", Label(Says.NUMBER, 3)),
        ("1\u201350", Label(Says.NUMBER, 1)),
        ("7-9", Label(Says.NUMBER, 3)),
        ("6-9", Label(Says.OTHER)),
        ("9-6", Label(Says.OTHER)),
        ("...", Label(Says.OTHER)),
        ("", Label(Says.OTHER)),
        ("Next generation sequencing", Label(Says.OTHER)),
        ("1.2.3", Label(Says.OTHER)),
        ("Name", Label(Says.OTHER)),
    ],
)
def test_what_a_label_says(text: str, meaning: Label) -> None:
    assert understood(text) == meaning


THREE = link("?page=1", "1") + link("?page=2", "2") + link("?page=3", "3")


@pytest.mark.parametrize(
    ("markup", "pages"),
    [
        (link("?page=2", "Next"), ["?page=2"]),
        (link("?marker=f14.zip", "More"), ["?marker=f14.zip"]),
        (link("?cursor=abc", "Load more"), ["?cursor=abc"]),
        (link("?page=2", "2"), ["?page=2"]),
        (THREE, ["?page=2", "?page=3"]),
        ("<b>1</b>" + link("?blatt=2", "2") + link("?blatt=3", "3"), ["?blatt=2", "?blatt=3"]),
        (link("?x=50", "51-100") + link("?x=100", "101-150"), ["?x=50", "?x=100"]),
        (link("?page=40", "40"), ["?page=40", "?page=2"]),
        (link("?start=780", "40") + link("?start=760", "39"), ["?start=780", "?start=760", "?start=20"]),
        (link("?page=40", "Last"), ["?page=40"]),
        ("<b>1</b> &hellip; " + link("?blatt=40", "40"), ["?blatt=40", "?blatt=2"]),
        (link("?n=1", "1") + " ... " + link("?n=40", "40"), ["?n=40", "?n=2"]),
        ("1 <li>\u2026</li> <li>" + link("?x=780", "40") + "</li>", ["?x=780", "?x=20"]),
        (link("?n=1", "1") + link("#", "...") + link("?n=39", "39") + link("?n=40", "40"),
         ["?n=39", "?n=40", "?n=2"]),
        (link("?page=1", "2") + link("?page=2", "3") + link("?page=1", "next \u203a"), ["?page=1", "?page=2"]),
        (link("?page=0,1", "2") + link("?page=0,2", "3"), ["?page=0,1", "?page=0,2"]),
        (link("index.php?p=2", "Next Page"), ["index.php?p=2"]),
        (link("?dir=&amp;page=2", "2"), ["?dir=&page=2"]),
        (link("?folder=/pub/&amp;page=2", "2"), ["?folder=/pub/&page=2"]),
        (link("?all=1", "Show all 30 files"), ["?all=1"]),
        (link("?hidden=1", "Show all"), ["?hidden=1"]),
        (link("?lang=de&amp;x=abc", "Next"), ["?lang=de&x=abc"]),
        (link("?date=2026-09", "Older"), ["?date=2026-09"]),
        (link("?q=2", "<svg></svg>", ' class="btn next"'), ["?q=2"]),
        (link("?q=2", "<i></i>", ' aria-label="Weiter"'), ["?q=2"]),
        (link("?q=2", '<img src=r.png alt="Next">', " title=x"), ["?q=2"]),
        (link("?page=2", '<img src=r.png>'), ["?page=2"]),
        (link("?k=2", "Continue", " rel=next"), ["?k=2"]),
        (link("?page=2", "Next", " class=slider-next"), ["?page=2"]),
        (link("?limit=2&amp;nr=2", "2") + link("?limit=2&amp;nr=3", "3"), ["?limit=2&nr=2", "?limit=2&nr=3"]),
        (link("?limit=2&amp;nr=2", "2"), ["?limit=2&nr=2"]),
        (link("?nr=2&amp;limit=2", "2"), ["?nr=2&limit=2"]),
        (link("?cat=12&amp;nr=2", "2") + link("?cat=12&amp;nr=3", "3"), ["?cat=12&nr=2", "?cat=12&nr=3"]),
        (link("?cat=12&amp;nr=2", "2"), ["?cat=12&nr=2"]),
        (link("?per_page=5&amp;page[number]=2", "2"), ["?per_page=5&page[number]=2"]),
        (link("?folder=&amp;cp=2", "2") + link("?folder=&amp;cp=3", "3"), ["?folder=&cp=2", "?folder=&cp=3"]),
        (link("?s=2", "2") + link("?s=4", "3") + link("?s=6", "4"), ["?s=2", "?s=4", "?s=6"]),
        (link("?s=20", "2") + link("?s=40", "3"), ["?s=20", "?s=40"]),
        (link("?s=2&amp;np=4", "2") + link("?s=4&amp;np=4", "3"), ["?s=2&np=4", "?s=4&np=4"]),
        (link("?sort=name&order=asc&currentpage=2", "Next"), ["?sort=name&order=asc&currentpage=2"]),
        (link("?a=1&amp;copy=2&amp;page=2", "Next"), ["?a=1&copy=2&page=2"]),
        (link("?page=1", "Neste omgang"), ["?page=1"]),
        (link("?page=1", "Back") + link("?page=2", "Next page"), ["?page=2"]),
        (link("?x=2", "Continue"), ["?x=2"]),
        (link("?x=2", "Neste side"), ["?x=2"]),
        ("<form><button name=page value=2>Fetch 2</button></form>", ["?page=2"]),
        ("<button onclick=\"location.href='?page=2'\">Fetch</button>", ["?page=2"]),
        ('<form><select name=nr onchange="this.form.submit()"><option selected>1<option>2<option>3</select></form>',
         ["?nr=2", "?nr=3"]),
        ('<form><select name=PAGEN_1 onchange="submit()"><option value=1>1<option value=2>2</select></form>',
         ["?PAGEN_1=2"]),
        ('<link rel="next" href="?page=2">', ["?page=2"]),
        ("<link href=?page=2 rel=next>", ["?page=2"]),
        ('<select><option value="?page=1">1</option><option value="?page=2">2</option></select>', ["?page=2"]),
        ('<form action="/pub/?a=1"><select name=page><option selected>1<option>2</select></form>', ["?page=2"]),
        ("<form><input type=hidden name=page value=2><button>Next</button></form>", ["?page=2"]),
        ("<form><button name=page value=2>2</button></form>", ["?page=2"]),
        ("<button onclick=\"location.href='?page=2'\">Next</button>", ["?page=2"]),
        ("<a href=# onclick=\"window.location = '?page=2'; return false\">Next</a>", ["?page=2"]),
    ],
)  # fmt: skip
def test_pages_that_are_followed(markup: str, pages: list[str]) -> None:
    found = read(markup)
    assert [url.removeprefix(PUB) for url in found.next_pages] == pages
    assert found.flaw is None
    assert bool(found.links) is bool(pages)


@pytest.mark.parametrize(
    ("query", "markup", "pages"),
    [
        ("?page=2", THREE, ["?page=3"]),
        ("?page=3", THREE, []),
        ("?page=1", THREE, ["?page=2", "?page=3"]),
        ("?page=2", link("?page=3", "&gt;") + link("?page=1", "&lt;"), ["?page=3"]),
        ("?page=3", link("?page=1", "Next"), []),
        ("?page=3", link("?page=3", "Next"), []),
        ("?page=3", link("?page=2", "Prev") + link("#", "Next"), []),
        ("?page=3", link("?page=2", "Prev") + "<button onclick=go()>Next</button>", []),
        ("?x=2", link("?x=1", "1") + "<b>2</b>" + link("?x=3", "3"), ["?x=3"]),
        ("?x=20", link("?x=0", "1") + link("?x=10", "2") + "3" + link("?x=30", "4"), ["?x=30"]),
        ("?dir=a", link("?dir=a&amp;page=2", "2"), ["?dir=a&page=2"]),
        ("?dir=a", link("?page=2", "2"), []),
        ("?dir=a", link("?dir=b&amp;page=2", "2"), []),
        ("?sort=name&page=2", link("?sort=size&amp;page=2", "Size") + link("?sort=name&amp;page=3", "3"),
         ["?sort=name&page=3"]),
        ("?token=b", link("?token=a", "1") + link("?token=b", "2") + link("?token=c", "3"), ["?token=c"]),
    ],
)  # fmt: skip
def test_pages_that_come_after_the_current_one(query: str, markup: str, pages: list[str]) -> None:
    found = read(markup, PUB + query)
    assert [url.removeprefix(PUB) for url in found.next_pages] == pages
    assert found.flaw is None


@pytest.mark.parametrize(
    "markup",
    [
        link("?C=M;O=D", "Last modified"),
        link("?C=M;O=D", "&gt;"),
        link("?sort=size&amp;order=asc", "&rarr;"),
        link("?lang=de", "de") + link("?view=list", "List") + link("?q=x", "Search"),
        link("?limit=10", "10") + link("?limit=20", "20") + link("?limit=30", "30"),
        link("?year=1", "1") + link("?year=2", "2"),
        link("?y=2020", "2020") + link("?y=2021", "2021"),
        link("?c=1", "1") + link("?c=2", "2"),
        link("?sort=size&amp;page=1", "Size"),
        link("/login", "Continue"),
        "<button>Continue</button>",
        "<button>Forward this page</button>",
        "<form><input name=q><input type=hidden name=page value=1><input type=submit value=Search></form>",
        "<form><select name=perpage onchange=submit()><option>1<option>2<option>3</select></form>",
        "<form><select name=year onchange=submit()><option>1<option>2</select></form>",
        link("?rating=1", "1") + link("?rating=2", "2"),
        link("?y=1", "1") + link("?y=7", "7") + link("?y=30", "30"),
        "1 ... " + link("?rating=5", "5"),
        "1 ... " + link("?n=a", "40"),
        "40 ... " + link("?n=7", "7"),
        link("..", "..") + link("?n=40", "40"),
        "See ... " + link("?n=40", "40"),
        link("#1", "1") + link("#2", "2") + link("#3", "3"),
        link("next", "next"),
        link("next/", "next/"),
        link("2", "2") + link("3", "3"),
        link("d/", "&raquo;"),
        link("/about", "More..."),
        link("/menu", "More"),
        link("/x", "Next generation sequencing"),
        link("/other/2/", "2") + link("/other/3/", "3"),
        "<button>More</button><button>2</button>",
        "<button disabled>Next</button>",
        '<ul><li class="disabled"><a href="#">Next</a></li></ul>',
        '<a href="#" aria-disabled="true">&raquo;</a>',
        "<select name=rows><option value=10>10<option value=25>25</select>",
        "<select name=stars><option>1<option>2</select>",
        "<form method=post><input type=text name=q><button>Search</button></form>",
        '<link rel="prev" href="?page=1"><link rel="next">',
        "<!-- <a href='?page=2'>Next</a> -->",
        link(PUB, "Next"),
        link("?dir=b", "Next"),
        '<link rel="next" href="/elsewhere">',
        '<link rel="next" href="/chapter2.html">',
        link("/packages", "View all"),
        link("/news/?page=2", "Next"),
        link("/pub2/", "Next"),
        link("../b.html", "Next"),
        link("b.html", "Next"),
        link("http://ring.test/", "Next"),
        link("http://ring.test/pub/", "&raquo;"),
        link("news/archive.html", "Older posts"),
        link("", "next") + "/",
        link("./", "next"),
        link("../", "next"),
        link("..", "older"),
        link("#", "&raquo;"),
        link("#", "&rsaquo;"),
        link("#c", "&rsaquo;", ' class="carousel-control-next" role="button"'),
        link("#", "Next", ' class="slick-next"'),
        '<button class="carousel-control-next" type="button" aria-label="Next">&rsaquo;</button>',
        '<div class="swiper-button-next" role="button" aria-label="Next slide"></div>',
        "<button type=button>&rsaquo;</button>",
        link("?month=7", "&laquo;") + link("?month=9", "&raquo;"),
        link("?sort=name&amp;dir=asc", "&lt;") + link("?sort=name&amp;dir=desc", "&gt;"),
        link("?lang=de", "&raquo;"),
        # forms that another document receives
        "<form method=get action=/wizard><button>Next</button></form>",
        "<form method=post action=/poll/vote><input type=submit value=Next></form>",
        "<form method=post action=/vote><button name=v value=1>1</button><button name=v value=2>2</button></form>",
        "<form method=post action=/x><select name=page><option>1<option>2</select></form>",
        "<form method=post action=//other.test/pub/><button>Next</button></form>",
        "<form method=post action=/sub/list.php><button>Next</button></form>",
        # what goes on in something else
        '<div id="cookie"><button type="submit">Weiter</button></div>',
        '<button type="button" data-bs-slide="next"><span>Next</span></button>',
        link("#", "Next", " data-slide=next"),
        # what makes a server do something, and what shows the rows in another way
        "".join(link(f"?vote={number}", str(number)) for number in range(1, 6)),
        "".join(link(f"?file=a.zip&amp;vote={number}", str(number)) for number in range(1, 6)),
        "<b>1</b>" + link("?mirror=2", "2") + link("?mirror=3", "3"),
        "<b>1</b>" + link("?language=2", "2"),
        link("?tar", "All") + link("?archive=true", "All"),
        link("?hl=fr", "Suivant"),
        link("?info", "More"),
        link("?skin=2", "&raquo;"),
        link("?m=10&amp;y=2026", "&laquo;") + link("?m=12&amp;y=2026", "&raquo;"),
        link("?sortby=name&amp;direction=asc", "&lsaquo;") + link("?sortby=name&amp;direction=desc", "&rsaquo;"),
        '<link rel="next" href="?lang=de">',
    ],
)
def test_links_and_buttons_that_lead_to_no_further_page(markup: str) -> None:
    found = read(markup)
    assert (found.next_pages, found.flaw) == ((), None)


@pytest.mark.parametrize(
    "markup",
    [
        link("#", "Next"),
        link("javascript:page(2)", "&raquo;"),
        "<a>Next</a>",
        "<button onclick=more()>Load more</button>",
        '<input type=button value="Next">',
        "<form method=post><input type=hidden name=page value=2><button>Next</button></form>",
        link("page/2/", "Next"),
        link("index2.html", "Next"),
        link("list.php?page=2", "Next"),
        link("#", "&rsaquo;", ' class="page-link"'),
        '<li class="page-item"><a href="#">&raquo;</a></li>',
        "<a href=# onclick=go()>&raquo;</a>",
        link("", "Next", " onclick=go()"),
        link("/pub/page/2/", "2") + link("/pub/page/3/", "3"),
        link("page-2.html", "2") + link("page-3.html", "3"),
        link("http://other.test/pub/?page=2", "Next"),
        link("javascript:go(1)", "1") + link("javascript:go(2)", "2"),
        link("#!page=2", "2") + link("#!page=3", "3"),
        "<span class=x onclick='next()'>Next</span>",
        "<div role=button>Load more</div>",
        "<li onclick=go(1)>1</li><li onclick=go(2)>2</li>",
        "<button onclick=go(1)>1</button><button onclick=go(2)>2</button>",
        "<select name=page onchange=go()><option>1<option>2</select>",
        "<form method=post><select name=page><option>1<option>2</select></form>",
        "<form method=post action=''><button>Next</button></form>",
        "<form method=post action=/pub/?x=1><button>Next</button></form>",
        "<form method=post action=list.php><button>Next</button></form>",
        "<form method=post action=/pub/list.php><button>1</button><button>2</button></form>",
    ],
)
def test_what_leads_further_and_cannot_be_followed_is_a_flaw(markup: str) -> None:
    found = read(markup)
    assert found.next_pages == ()
    assert found.flaw is not None


def test_what_cannot_be_followed_is_no_flaw_where_another_link_leads_there() -> None:
    found = read(THREE + "<button onclick=more()>Load more</button>")
    assert (len(found.next_pages), found.flaw) == (2, None)


@pytest.mark.parametrize(
    ("markup", "claims"),
    [
        (THREE, ()),
        (link("?page=2", "Next"), (Claim(ClaimKind.NEXT),)),
        (link("?page=7", "Last"), (Claim(ClaimKind.PAGES, "Last", 7),)),
        (link("?start=80", "Last"), ()),
        (link("?q=zz", "Next"), (Claim(ClaimKind.NEXT),)),
        (link("?page=2", "&raquo;"), (Claim(ClaimKind.NEXT),)),
        (link("?hl=de", "Weiter"), ()),
        (link("?view=all", "Show all"), ()),
        (link("?hidden=1", "Show all"), ()),
        (link("?showhidden=true", "Show more"), ()),
        (link("?limit=1000", "Show all"), ()),
        (link("?cal=2026-09", "Next"), ()),
        (link("?x=1", "&gt;"), ()),
        (link("?sort=date", "Older"), ()),
        ('<link rel="next" href="?C=M;O=A">', ()),
    ],
)
def test_words_claim_that_there_are_pages_and_numbers_do_not(markup: str, claims: tuple[Claim, ...]) -> None:
    assert read(markup).claims == claims


@pytest.mark.parametrize("href", ["", "./", "../", "/pub/next/", "?", "?sort=name", "/pub/next/?dir="])
@pytest.mark.parametrize("query", ["", "?C=M;O=A"])
def test_breadcrumbs_of_directories_with_such_names_are_no_next_page(href: str, query: str) -> None:
    found = read(f"{link('../../', 'pub')}/{link(href, 'next')}/", f"{PUB}next/{query}")
    assert (found.next_pages, found.claims, found.flaw) == ((), (), None)


def test_a_breadcrumb_may_name_its_directory_in_a_query() -> None:
    found = read(link("?dir=a", "a") + link("?dir=a/next&sort=name", "next"), f"{PUB}?dir=a/next")
    assert (found.next_pages, found.claims, found.flaw) == ((), (), None)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("30 files", 29),
        ("Total: 30 files", 29),
        ("<b>Total:</b> 30 file(s), 1.2 GB", 29),
        ("26 files, 4 folders", 29),
        ("Total files: 30", 29),
        ("Files: 26, Folders: 4", 29),
        ("Number of files: 30", 29),
        ("Results 1 - 15 of about 30", 29),
        ("4 directories 26 files", 29),
        ("26 Dateien und 4 Ordner", 29),
        ("30 fichiers", 29),
        ("30 \u0444\u0430\u0439\u043b\u043e\u0432", 29),
        ("\u5171 30 \u4e2a\u6587\u4ef6", 29),
        ("30\u4ef6\u4e2d1-15\u4ef6", 29),
        ("This directory contains 30 items.", 29),
        ("1,030 entries", 1029),
        ("only 15 of 30 files are listed", 29),
        ("Showing 1 to 15 of 30 entries", 29),
        ("Displaying items 16 - 29 of 30", 29),
        ("22 of 30 items", 29),
        ("1\u201315 of 30", 29),
        ("15 / 30 items", 29),
        ("15 / 30 files", 29),
        ("15/30 shown", 29),
        ("Showing: 15 / 30", 29),
        ("Found 30 matches, showing 15", 29),
        ("15 von 30", 29),
        ("15 files of a total of 30", 29),
        ("Total: 30 files, 14 MB, 50 downloads", 29),
        ("Found 30 files", 29),
        ("Showing 15 of 30 images", 29),
        ("1-15 of 30 results", 29),
        ("Results: 15 of 30", 29),
        ("30 total", 29),
        ("total 30", 29),
        ("Total: 30", 29),
        ("Total = 30, 1.2 GB", 29),
        ("<b>30</b> in total", 29),
        ("Showing 15, total 30", 29),
        ("30 total, 15 shown", 29),
        ("Insgesamt: 30", 29),
        ("\u5171 30", 29),
    ],
)
def test_totals_and_how_many_rows_meet_them(text: str, most: int) -> None:
    claims = claims_of(text)
    assert unmet(claims, most)
    assert not unmet(claims, most + 1)


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("Page 1 of 3", 3),
        ("Page: 1 / 3", 3),
        ("Page of 3", 3),
        ("Seite 1 von 3", 3),
        ("p\u00e1gina 2 de 3", 3),
        ("\u7b2c 1 / 3 \u9875", 3),
        ("&laquo; 1 / 3 &raquo;", 3),
        ("<a href=#>Prev</a></p><p>1 / 3</p><p><a href=#>Next</a>", 3),
        ("1 of 3", 3),
    ],
)
def test_numbers_of_pages_and_how_many_pages_meet_them(text: str, pages: int) -> None:
    claims = claims_of(text)
    assert unmet(claims, 1000, pages - 1)
    assert not unmet(claims, 1000, pages)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "page 2 of 2",
        "30 of 30 files",
        "1 of 12 is a directory",
        "2 of 3.txt",
        "24/7 of 365",
        "3/4/2024",
        "12 de mayo de 2024",
        "1,234 files in 56 folders",
        "This mirror of 300 files is kept by Jane",
        "Total size: 30 GB",
        "1 2 3 4",
        "Version 2 of 2024-05",
        "Apache/2.4.62 Server at h.test Port 8080",
        "Total: 30 MB",
        "30 KB total",
        "30 total bytes",
        "total 48K",
        "Total: 1.5",
        "Total 30%",
        "30 total downloads today",
        "2 Files - 0 Folders Total: 43 Total size: 232.1 MB",
        "Total size: 30",
        "<table><tr><td>Total</td><td>12345</td></tr></table>",
        "Uploads are limited to 2 MB",
        "limited to 2 downloads at a time",
        "Upload up to 2 files",
        "Drop files here (max 2 files)",
        "Uploads are limited to 2 files",
        "limited to 2 files per day",
        "The first 2 files were uploaded in 2001",
        "Showing last 2 days",
        "Showing 2 files, no limit",
        "Bandwidth limit: 2 MB/s per host",
        "1200 downloads",
        "Downloads: 1200",
        "Total: 50 downloads",
        "50 downloads total",
        "2 files, 14 MB, 50 downloads",
        "10 images",
        "5 videos",
        "34 packages",
        "40 documents",
        "5 results",
        "12 elements",
        "8 matches",
        "01/12",
        "3 / 10",
        "2/3",
        "Mirror 3 of 7",
        "Load 2 of 8",
        "Uptime 1 of 2",
        "Part 1 of 3",
        "Day 2 of 3",
        "Debian 12.5 DVD, disc 1 of 4",
        "Debian 12.5 DVD 1 of 3",
        "Disk usage: 3 of 10 TB",
    ],
)
def test_texts_that_claim_nothing(text: str) -> None:
    claims = claims_of(text)
    assert not unmet(claims, 2, 2)
    assert ClaimKind.LIMIT not in {claim.kind for claim in claims}


@pytest.mark.parametrize(
    "text",
    [
        "Showing first 15",
        "showing the first 15 files",
        "Displaying only the latest 15 entries.",
        "Listing up to 15 items",
        "The first 15 files are shown",
        "At most 15 entries are listed",
        "limited to 15 entries",
        "Listing limited to 15",
        "Results limited to 15",
        "Limit: 15 files",
        "showing 15 entries (limit)",
        "Showing 15 entries, limit reached",
        "Max 15 items",
    ],
)
def test_limits_are_met_by_fewer_rows_or_by_other_pages(text: str) -> None:
    claims = claims_of(text)
    assert unmet(claims, 15)
    assert not unmet(claims, 14)
    assert not unmet(claims, 30, 2)


_LS = "-rw-r--r-- 1 root root 5 Jan  2  2025"


@pytest.mark.parametrize(
    ("markup", "is_claim"),
    [
        ("<pre>total 48\n{}</pre>", False),
        ("<p>total 48</p><pre>{}</pre>", True),
        (f"<p>total 48</p><pre>{_LS} {{}}</pre>", False),
        (f"<div>total 48</div><div>{_LS} {{}}</div>", False),
        ("<pre>{}\ntotal 48</pre>", True),
        ("<pre>Total: 48\n{}</pre>", True),
        ("<p>total 48</p><table><tr><td>{}</td></tr></table>", True),
    ],
)
def test_the_total_of_ls_counts_blocks(markup: str, is_claim: bool) -> None:
    passages = list(split_passages(markup.format("<a href=a.zip>a.zip</a>")))
    assert bool(claims_in(passages, set(), {"a.zip"})) is is_claim


@pytest.mark.parametrize(
    ("attributes", "claims"),
    [
        ("class=pager data-total=30", [Claim(ClaimKind.ENTRIES, "data-total=30", 30)]),
        ("id='pagination' data-pages='3'", [Claim(ClaimKind.PAGES, "data-pages=3", 3)]),
        ('data-last-page="3" class="page-nav"', [Claim(ClaimKind.PAGES, "data-last-page=3", 3)]),
        ("data-page=1 data-total-pages=3", [Claim(ClaimKind.PAGES, "data-total-pages=3", 3)]),
        ("data-per-page=15 data-total=30", [Claim(ClaimKind.ENTRIES, "data-total=30", 30)]),
        ("role=navigation aria-label=Pagination data-total-items=30",
         [Claim(ClaimKind.ENTRIES, "data-total-items=30", 30)]),
        ("aria-rowcount=32", [Claim(ClaimKind.ENTRIES, "aria-rowcount=32", 30)]),
        ("aria-rowcount=2", []),
        ("aria-rowcount=-1", []),
        ("class=disk data-total=30", []),
        ("class=book data-pages=3", []),
        ("class=page data-total=30", []),
        ("class=pager data-total=x", []),
        ("class=pager data-total-size=30", []),
        ("class=pager title='data-total=30'", []),
        ("class=pager", []),
    ],
)  # fmt: skip
def test_attributes_of_pagers_state_totals(attributes: str, claims: list[Claim]) -> None:
    assert list(attribute_claims(f"<p>x</p><div {attributes}></div>")) == claims


@pytest.mark.parametrize(
    ("attributes", "pages", "is_part"),
    [
        ("hx-get='?page=2' hx-trigger=revealed", ["?page=2"], False),
        ("hx-trigger='intersect once' data-hx-swap=x hx-get='?page=2'", ["?page=2"], False),
        ("data-next-url='?page=2'", ["?page=2"], False),
        ("data-next-page-url='/pub/?page=2'", ["?page=2"], False),
        ("hx-get=/rows/2 hx-trigger=revealed", [], True),
        ("hx-get='?q=x' hx-trigger=keyup", [], False),
        ("hx-get='?q=x'", [], False),
        ("data-next-url=''", [], False),
    ],
)
def test_what_is_loaded_by_scrolling(attributes: str, pages: list[str], is_part: bool) -> None:
    found = continuation(attribute_controls(f"<div {attributes}></div>"), place_of(Resolver(PUB)), NAMES, ())
    assert [url.removeprefix(PUB) for url in found.next_pages] == pages
    assert (found.flaw is not None) is is_part


def claims_of(text: str) -> tuple[Claim, ...]:
    passages = list(split_passages(f"<table><tr><td>a.zip</td><td>12 items</td></tr></table><p>{text}</p>"))
    return claims_in(passages, {id(passages[0])}, {"a.zip"})


def test_numbers_in_and_between_rows_belong_to_them() -> None:
    rows = "".join(f"<div><a href=d{n}/>d{n}</a></div><div>{n}00 items</div>" for n in range(1, 5))
    names = {f"d{number}" for number in range(1, 5)}
    for markup in (f"{rows}<p>4 folders</p>", f"<p>4 folders</p>{rows}"):
        claims = claims_in(list(split_passages(markup)), set(), names)
        assert unmet(claims, 3)
        assert not unmet(claims, 4)


@pytest.mark.parametrize(
    ("text", "is_part"),
    [
        ("... and 8 more files", True),
        ("15 more", True),
        ("+ 15 more files", True),
        ("15 more files not shown", True),
        ("Too many files to list", True),
        ("List truncated", True),
        ("Results are truncated", True),
        ("Only the first 15 files are shown", True),
        ("30 files", False),
        ("3 more years of support", False),
    ],
)
def test_texts_that_say_that_there_is_more(text: str, is_part: bool) -> None:
    passages = list(split_passages(f"<table><tr><td>x</td></tr></table><p>{text}</p>"))
    rows = {id(passages[0])}
    assert (part_in(passages, rows, is_empty=False, has_more=False) is not None) is is_part
    assert part_in(passages, rows, is_empty=False, has_more=True) is None


PAGERS = {
    "numbers": "<b>1</b> <a href='?blatt=2'>2</a>",
    "marker": "<a href='?marker=f4.zip'>More</a>",
    "next": "<a href='?q=zz'>Next</a>",
    "script": "<a href='#'>1</a> <a href='#'>2</a>",
    "button": "<button>Load more</button>",
    "total": "<p>Total: 30 files</p>",
    "list": "<ul class=pagination><li><a href='?page=1'>1</a></li><li><a href='?page=2'>2</a></li></ul>",
}
_ROW = "<tr><td><a href='f{0}.zip'>f{0}.zip</a></td><td>2025-01-02 03:04</td><td>1K</td></tr>"
_LINE = "<a href='f{0}.zip'>f{0}.zip</a>     02-Jan-2025 03:04   1K\n"
_TABLE = "<table><tr><th>Name<th>Modified<th>Size</tr>" + "".join(map(_ROW.format, range(5)))
_PRE = "<pre><a href='../'>../</a>\n" + "".join(map(_LINE.format, range(5)))
_LIST = "<ul>" + "".join(f"<li><a href='f{number}.zip'>f{number}.zip</a></li>" for number in range(5))
PLACES = {
    "before the rows": "{}" + _TABLE + "</table>",
    "after the rows": _TABLE + "</table>{}",
    "in a row": _TABLE + "<tr><td colspan=3>{}</td></tr></table>",
    "in a cell": _TABLE + "<tr><td>{}</td><td></td><td></td></tr></table>",
    "in the foot": _TABLE + "<tfoot><tr><td colspan=3>{}</td></tr></tfoot></table>",
    "in lines": _PRE + "{}</pre>",
    "after lines": _PRE + "</pre><hr>{}",
    "after a list": _LIST + "</ul>{}",
    "in a list": _LIST + "<li>{}</li></ul>",
}


@pytest.mark.parametrize("pager", PAGERS)
@pytest.mark.parametrize("place", PLACES)
def test_a_pager_is_found_wherever_it_is_and_is_no_row(pager: str, place: str) -> None:
    body = PLACES[place].format(PAGERS[pager])
    page = f"<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1>{body}</body></html>"
    listing = parse_listing(page, PUB, "text/html")
    assert [entry.name for entry in listing.entries] == [f"f{number}.zip" for number in range(5)]
    assert [rejection.row for rejection in listing.rejections if rejection.row] == []
    assert bool(listing.next_pages) is (pager not in {"script", "button", "total"})
    assert listing.complete is bool(listing.next_pages)


@pytest.mark.parametrize(
    "script",
    [
        "location='?nr='+this.value",
        "window.location.href = '/pub/?x=1&amp;nr=' + this.options[this.selectedIndex].value;",
        "location = '?nr=' + value",
    ],
)
def test_a_selection_whose_script_adds_the_chosen_value_to_a_url(script: str) -> None:
    options = "".join(f"<option value={n}{' selected' * (n == 1)}>{n}</option>" for n in range(1, 4))
    found = read(f'<select onchange="{script}">{options}</select>').next_pages
    more = "x=1&" if "x=1" in script else ""
    assert found == (f"{PUB}?{more}nr=2", f"{PUB}?{more}nr=3")
    assert read(f'<select onchange="show(value)">{options}</select>').next_pages == ()


@pytest.mark.parametrize(
    ("more", "names"), [("", set()), (link("//cdn.test/2", "2"), {"2"}), (link("//cdn.test/2", "Get"), {"2"})]
)
def test_the_numbers_of_pages_are_no_names_of_files_unless_other_links_show_them(more: str, names: set[str]) -> None:
    rows = "".join(
        f"<tr><td>{link(name, name)}</td><td>2025-01-02 03:04</td><td>5K</td></tr>" for name in ("a.zip", "b.iso")
    )
    pager = " ".join([link("?nr=2", "2"), link("/pub/?nr=3", "3"), more])
    body = f"<html><body><h1>Index of /pub/</h1><table>{rows}</table><p><b>1</b> {pager}</p></body></html>"
    listing = parse_listing(body.encode(), PUB, "text/html")
    assert listing.next_pages == (f"{PUB}?nr=2", f"{PUB}?nr=3")
    assert listing.mentioned & {"2", "3"} == names


@pytest.mark.parametrize("marked", [link("#", "3", ' class="active"'), link("?m=c", "3", ' aria-current="page"')])
def test_a_page_knows_which_one_it_is_by_the_number_that_is_marked(marked: str) -> None:
    found = read(f"{link('?m=a', '1')} {link('?m=b', '2')} {marked} {link('?m=d', '4')}", f"{PUB}?m=c")
    assert Claim(ClaimKind.PLACE, number=3) in found.claims


@pytest.mark.parametrize("label", ["Previous", "Next"])
def test_a_link_of_a_page_to_itself_says_nothing(label: str) -> None:
    assert read(link("?page=2", label), f"{PUB}?page=2").claims == ()


DEAD = {
    "a": "<a>{}</a>",
    "hash": "<a href='#'>{}</a>",
    "void": "<a href='javascript:void(0)'>{}</a>",
    "nothing": '<a href="javascript:;">{}</a>',
    "button": "<button>{}</button>",
    "span": "<span role=button>{}</span>",
}
ALIVE = {
    "handler": "<a href='#' onclick='go()'>{}</a>",
    "script": "<a href='javascript:go()'>{}</a>",
    "script element": "<a href='#'>{}</a><script>bind()</script>",
    "form": "<form method=post><button>{}</button></form>",
}
ENDS = ("<p>Page 1 of 1</p>", "<p>1-5 of 5</p>", "<p>Showing 1 to 5 of 5 entries</p>", "<div>5 of 5 files</div>",
        "<p>\u7b2c 1 / 1 \u9875</p>", "<p class=pager>1 / 1</p>")  # fmt: skip
NO_ENDS = ("", "<p>Page 1 of 2</p>", "<p>1-5 of 9</p>", "<p>5 files</p>", "<p>Disc 3 of 3</p>",
           "<p>Page of 1</p>", "<p>Page 2 of 1</p>")  # fmt: skip


def is_whole(pager: str, url: str = PUB) -> bool:
    page = (
        f"<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1>{_TABLE}</table>{pager}</body>"
    )
    return parse_listing(f"{page}</html>", url, "text/html").complete


@pytest.mark.parametrize("control", [*DEAD, *ALIVE])
@pytest.mark.parametrize("word", ["Next", "Weiter \u00bb"])
def test_next_without_a_url_is_answered_by_a_text_that_says_that_this_is_the_last_page(control: str, word: str) -> None:
    dead = (DEAD | ALIVE)[control].format(word)
    assert [is_whole(f"{text}<div>{dead}</div>") for text in ENDS] == [True] * len(ENDS)
    assert [is_whole(f"<div>{dead}</div>{text}") for text in NO_ENDS] == [False] * len(NO_ENDS)


@pytest.mark.parametrize("control", [*DEAD, *ALIVE])
@pytest.mark.parametrize("text", ["Page 1 of 1", "1-5 of 5", "5 / 5 files"])
def test_that_text_may_stand_in_one_line_with_next(control: str, text: str) -> None:
    assert is_whole(f"<div>{text} {(DEAD | ALIVE)[control].format('Next')}</div>")


@pytest.mark.parametrize(
    "pager",
    ["<b>1</b> {}", "<a>Prev</a> <b>1</b> {}", "<ul><li>1</li><li>{}</li></ul>", "[1] {} &raquo;", "Page 1 {}"],
)
def test_next_that_nothing_can_bring_to_life_is_answered_by_the_number_of_the_only_page(pager: str) -> None:
    whole = {name: is_whole(f"<div>{pager.format(each.format('Next'))}</div>") for name, each in (DEAD | ALIVE).items()}
    assert whole == dict.fromkeys(DEAD, True) | dict.fromkeys(ALIVE, False)


@pytest.mark.parametrize("numbers", ["", "2", "1 2", "1 ... 7", "Page", "0"])
def test_other_numbers_beside_a_dead_next_answer_nothing(numbers: str) -> None:
    assert not is_whole(f"<div>{numbers} <a>Next</a></div>")


def test_a_text_does_not_answer_what_has_a_url() -> None:
    assert not is_whole(f"<p>Page 1 of 1</p>{link('page/2/', 'Next')}")
    assert not is_whole(f"<b>1</b> {link('#', 'Next')}{link('page/2/', 'Next')}")


def test_the_path_of_the_page_is_no_text_that_says_so() -> None:
    assert not is_whole("<p>Index of /pub/page 1 of 1</p><a>Next</a>", f"{PUB}page%201%20of%201/")
