"""Links, buttons, forms and selections: which are controls of a pager, what they say and where they lead."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.controls import Control, controls_in
from crawler.listings.html.pager.hints import attributes_of
from crawler.listings.html.pager.labels import Label, Says

NEXT, BACK, LAST, MORE = Label(Says.NEXT), Label(Says.BACK), Label(Says.LAST), Label(Says.MORE)
TWO = Label(Says.NUMBER, 2)


def found(markup: str) -> list[Control]:
    return list(controls_in(markup))


def hrefs(markup: str) -> list[str | None]:
    return [control.href for control in controls_in(markup)]


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("HREF=a", {"href": "a"}),
        ('href = "a b" title=\'c "d"\' rel=next', {"href": "a b", "title": 'c "d"', "rel": "next"}),
        ("disabled value=2", {"disabled": "", "value": "2"}),
        ("href=a href=b", {"href": "a"}),
        ("href='?a=1&amp;b=2'", {"href": "?a=1&b=2"}),
        ("href='?a=1&currentpage=2'", {"href": "?a=1&currentpage=2"}),
        ("@click=go :href=x data-a.b=c", {"@click": "go", ":href": "x", "data-a.b": "c"}),
    ],
)
def test_attributes_are_read_as_browsers_do(text: str, attributes: dict[str, str]) -> None:
    assert attributes_of(text) == attributes


@pytest.mark.parametrize(
    ("markup", "control"),
    [
        # links whose text says it
        ("<A HREF='?q=b'>Next</A>", Control(NEXT, "Next", "?q=b")),
        ("<a href=' ?q=b '>Next</a>", Control(NEXT, "Next", "?q=b")),
        ("<a href=?q=b>2</a>", Control(TWO, "2", "?q=b")),
        ("<a href=?q=b><b>Next</b>\n<i>page</i></a>", Control(NEXT, "Next page", "?q=b")),
        ("<a href=?q=b>Next&nbsp;&raquo;<a href=x>x</a>", Control(NEXT, "Next \xbb", "?q=b")),
        ("<a href=?q=b aria-label=x>Next</a>", Control(NEXT, "Next", "?q=b")),
        ("<a href=?page=2>Fetch</a>", Control(Label(Says.OTHER), "Fetch", "?page=2")),
        # relations say more than any text, and the text is none that a file could have
        ("<link rel='x Next' href=?q=b>", Control(NEXT, "<link rel='x Next' href=?q=b>", "?q=b", is_named=False)),
        ("<link rel=prev href=?q=b>", Control(BACK, "<link rel=prev href=?q=b>", "?q=b", is_named=False)),
        ("<link rel=previous href=?q=b>", Control(BACK, "<link rel=previous href=?q=b>", "?q=b", is_named=False)),
        ("<a rel='x NEXT' href=?q=b>Fetch</a>", Control(NEXT, "Fetch", "?q=b", is_named=False)),
        ("<a rel=next href=?q=b></a>", Control(NEXT, "next", "?q=b", is_named=False)),
        ("<a rel='x PREV' href=?q=b>Fetch</a>", Control(BACK, "Fetch", "?q=b", is_named=False)),
        ("<a rel='Previous' title=page href=?q=b>2</a>", Control(BACK, "2", "?q=b", is_named=False)),
        # what an element says that shows no word
        ("<a href=?q=b><img src=r alt='Next'></a>", Control(NEXT, "Next", "?q=b")),
        ("<a href=?q=b><img src=r alt=' &raquo; \n&raquo; '></a>", Control(NEXT, "\xbb \xbb", "?q=b")),
        ("<a href=?q=b aria-label='Next  page'>Fetch</a>", Control(NEXT, "Next  page", "?q=b", is_named=False)),
        ("<a href=?q=b title='Next page'>***</a>", Control(NEXT, "Next page", "?q=b", is_named=False)),
        ("<a href=?q=b title=next aria-label=x></a>", Control(NEXT, "next", "?q=b", is_named=False)),
        ("<a href=?page=2 title=Next>Fetch</a>", Control(Label(Says.OTHER), "Fetch", "?page=2")),
        ("<a href=?page=2 title=Next>****</a>", Control(Label(Says.OTHER), "****", "?page=2")),
        ("<a href=?q=b class='x icon-NEXT y'></a>", Control(NEXT, "icon-NEXT", "?q=b", is_named=False)),
        ("<a href=?q=b class=prev></a>", Control(BACK, "prev", "?q=b", is_named=False)),
        ("<a href=?q=b id=next></a>", Control(NEXT, "next", "?q=b", is_named=False)),
        ("<li class=next><a href=?page=2></a>", Control(NEXT, "next", "?page=2", is_named=False)),
        ("<a href=?page=2 class=next>Fetch</a>", Control(Label(Says.OTHER), "Fetch", "?page=2")),
        # the number of the page that is shown
        ("<a href=?q=b class='x Active'>2</a>", Control(TWO, "2", "?q=b", is_current=True)),
        ("<a href=?q=b class=current>2</a>", Control(TWO, "2", "?q=b", is_current=True)),
        ("<a href=?q=b aria-current=page>2</a>", Control(TWO, "2", "?q=b", is_current=True)),
        ("<a href=?q=b aria-current=false>2</a>", Control(TWO, "2", "?q=b")),
        ("<li class=active><a href=?q=b>2</a>", Control(TWO, "2", "?q=b", is_current=True)),
        ("<li class=active>x<a href=?q=b>2</a>", Control(TWO, "2", "?q=b")),
        # links that lead nowhere but by a script
        ("<a>Next</a>", Control(NEXT, "Next", None)),
        ("<a>2</a>", Control(TWO, "2", None)),
        ("<a href=#>Next</a>", Control(NEXT, "Next", None)),
        ("<a href=#files>Next</a>", Control(NEXT, "Next", None)),
        ("<a href='#page=2'>2</a>", Control(TWO, "2", None)),
        ("<a href='JavaScript:go(2)'>2</a>", Control(TWO, "2", None)),
        ("<a href='' onclick=go()>Next</a>", Control(NEXT, "Next", None)),
        ("<a href='' onclick='location=&quot;?q=b&quot;'>Next</a>", Control(NEXT, "Next", "?q=b")),
        ("<a href=#x onclick='location=&quot;?q=b&quot;'>Next</a>", Control(NEXT, "Next", "?q=b")),
        ("<a onclick='location.href = &quot;?q=b&quot;; return false'>More</a>", Control(MORE, "More", "?q=b")),
        ("<a href=# class=page>&raquo;</a>", Control(NEXT, "\xbb", None)),
        ("<li class=paging><a href=#>&raquo;</a>", Control(NEXT, "\xbb", None)),
        ("<a href=# onclick=go()>&raquo;</a>", Control(NEXT, "\xbb", None)),
        ("<a href=# title=Next>&raquo;</a>", Control(NEXT, "\xbb", None)),
        ("<a href='javascript:go()'>&raquo;</a>", Control(NEXT, "\xbb", None)),
        ("<a href=?q=b class=slider>Next</a>", Control(NEXT, "Next", "?q=b")),
        ("<a href=''>Next</a>", Control(NEXT, "Next", "")),
        # buttons
        ("<button>Next</button>", Control(NEXT, "Next", None)),
        ("<button type=BUTTON>2</button>", Control(TWO, "2", None)),
        ("<BUTTON onclick='location=&quot;?q=b&quot;'>More</BUTTON>", Control(MORE, "More", "?q=b")),
        ("<button onclick='location=&quot;?q=b&quot;'>Last</button>", Control(LAST, "Last", "?q=b")),
        ("<button onclick='location=&quot;?page=2&quot;'>x</button>", Control(Label(Says.OTHER), "x", "?page=2")),
        ("<input type=Button value=Next>", Control(NEXT, "Next", None)),
        ("<span onclick=go()>Next</span>", Control(NEXT, "Next", None)),
        ("<button class=next>&rsaquo;</button>", Control(NEXT, "\u203a", None)),
        ("<li class=load><button>&rsaquo;</button>", Control(NEXT, "\u203a", None)),
        ("<button onclick=go()>&rsaquo;</button>", Control(NEXT, "\u203a", None)),
        ("<button class=pager aria-label=Next></button>", Control(NEXT, "Next", None, is_named=False)),
    ],
)  # fmt: skip
def test_what_a_control_says_and_where_it_leads(markup: str, control: Control) -> None:
    assert found(markup) == [control]


@pytest.mark.parametrize(
    "markup",
    [
        "<a href=a.zip>a.zip</a>",
        "<a>x</a>",
        "<a aria-label=x></a>",
        "<link rel=next>",
        "<link rel=stylesheet href=next.css>",
        "<link href=?q=b>",
        # disabled, itself or by the element around it
        "<a href=?q=b disabled>Next</a>",
        "<a href=?q=b class='x is-disabled'>Next</a>",
        "<a href=?q=b aria-disabled=True>Next</a>",
        "<li class=disabled><a href=?q=b>Next</a>",
        "<li aria-disabled=true><a href=?q=b>Next</a>",
        "<li disabled> <a href=?q=b>Next</a>",
        "<button disabled>Next</button>",
        "<li class=inactive><button>Next</button>",
        # a place on the same page
        "<a href=#2>2</a>",
        "<a href=#more onclick='location=&quot;?q=b&quot;'>2</a>",
        # an arrow without a class or a script
        "<a>&raquo;</a>",
        "<a href=#>&raquo;</a>",
        "<a href=# class=x>&raquo;</a>",
        "<button>&raquo;</button>",
        # what no script and no URL leads to
        "<a>Last</a>",
        "<a href=#>More</a>",
        "<button>More</button>",
        "<button>Last</button>",
        "<button>Prev</button>",
        "<button onclick='location=&quot;?page=2&quot;'>Prev</button>",
        "<button onclick='location=&quot;?page=1&quot;'>x</button>",
        "<button onclick='location=&quot;?x=2&quot;'>x</button>",
        "<input type=text value=Next>",
        "<input value=Next>",
        "<button type=reset>Next</button>",
        "<span>Next</span>",
        # what turns pictures or goes on in something else
        "<a href=# class=carousel-control>Next</a>",
        "<a href=# id=datepicker>2</a>",
        "<a data-slide=next href=#>Next</a>",
        "<li class=slick><a href=#>Next</a>",
        "<button class=quiz>Next</button>",
        "<li id=survey><button>Next</button>",
        "<button data-wizard=x>Next</button>",
        # options without a selection
        "<option value=?page=2>2</option>",
        "<select></select><option value=?page=2>2</option>",
    ],
)
def test_what_is_no_control(markup: str) -> None:
    assert found(markup) == []


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        # the query that a browser sends: the fields so far and those behind it, and the button itself
        ("<form><input type=hidden name=a value=1><button>Next</button></form>", ["?a=1"]),
        ("<form><button>Next</button><input type=HIDDEN name=a value=1></form>", ["?a=1"]),
        ("<form><input type=hidden name=a value=1><button name=p value=2>Next</button></form>", ["?a=1&p=2"]),
        ("<form><input type=hidden name=a><button name=p>Next</button></form>", ["?a=&p="]),
        ("<form><input type=hidden value=1><button>Next</button></form>", ["?=1"]),
        ("<form><input type=submit name=p value=2></form>", ["?p=2"]),
        ("<form><input type=hidden name=a value='&#xdcff;b c'><button>Next</button></form>", ["?a=%EF%BF%BDb+c"]),
        ("<form><input type=hidden name=a value=\udcff><button>Next</button></form>", ["?a=%FF"]),
        ("<form><input name=q value=x><button name=p value=2>Next</button></form>", ["?p=2"]),
        ("<form action='l.php?x=1'><button name=p value=2>Next</button></form>", ["l.php?p=2"]),
        ("<form action='l.php#x'><button name=p value=2>Next</button></form>", ["l.php?p=2"]),
        # a form without fields, one that is posted, and buttons that send none
        ("<form><button>Next</button></form>", [None]),
        ("<form method=Post><button name=p value=2>Next</button></form>", [None]),
        ("<form method=GET><button name=p value=2>Next</button></form>", ["?p=2"]),
        ("<form><button type=button name=p value=2>Next</button></form>", [None]),
        ("<form><span role=button name=p value=2>Next</span></form>", [None]),
        ("<form><button name=p onclick='location=&quot;?q=b&quot;'>Next</button></form>", ["?q=b"]),
        # a form that is not closed, one in which another begins, and what is behind a form
        ("<form><input type=hidden name=a value=1><button>Next</button>", ["?a=1"]),
        ("<form><button name=p value=2>Next</button><form action=x><button name=p value=3>Next</button></form>",
         ["?p=2", "x?p=3"]),
        ("<form><button name=p value=2>Next</button></form><form><button name=p value=3>Next</button></form>",
         ["?p=2", "?p=3"]),
        ("<form></form><button name=p value=2>Next</button>", [None]),
        ("<form></form><input type=hidden name=a value=1><form><button name=p value=2>Next</button></form>", ["?p=2"]),
        ("<form><a href=?q=b>Next</a></form>", ["?q=b"]),
    ],
)  # fmt: skip
def test_a_button_leads_where_its_form_sends_its_fields(markup: str, expected: list[str | None]) -> None:
    assert hrefs(markup) == expected


def test_a_control_of_a_form_names_the_document_that_receives_it() -> None:
    button = "<form action=x.php><button name=p value=2>Next</button></form>"
    assert found(button) == [Control(NEXT, "Next", "x.php?p=2", action="x.php")]
    select = "<form action=x.php><select name=page><option>2</select></form>"
    assert found(select) == [Control(TWO, "2", "x.php?page=2", is_named=False, action="x.php")]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        # the value is a URL, or a script goes there
        ("<select><option value=?q=b>2</select>", ["?q=b"]),
        ("<select onchange=\"location='?q='+this.value\"><option value=b>2</select>", ["?q=b"]),
        ("<select onchange=\"location='?q='+value\"><option>2</select>", ["?q=2"]),
        ("<SELECT><OPTION VALUE=?q=b>2</SELECT>", ["?q=b"]),
        # the selection is one of pages
        ("<select name=page><option>2</select>", [None]),
        ("<select id=page><option>2</select>", [None]),
        ("<select class=page><option>2</select>", [None]),
        ("<select aria-label=Page><option>2</select>", [None]),
        ("<select title='Go to page'><option>2</select>", [None]),
        ("<form><select name=page><option value=b>2</select></form>", ["?page=b"]),
        ("<form><select class=page><option>2</select></form>", [None]),
        ("<form method=post><select name=page><option>2</select></form>", [None]),
        # or its form is sent when one is chosen
        ("<form><select name=x onchange=form.submit()><option value=b>2</select></form>", ["?x=b"]),
        ("<form><select name=x><option>2</select></form>", []),
        ("<form><select onchange=submit()><option>2</select></form>", []),
        ("<form method=post><select name=x onchange=submit()><option>2</select></form>", []),
        ("<select name=x onchange=submit()><option>2</select>", []),
        # neither a number nor one that can be chosen
        ("<select name=page><option>All</select>", []),
        ("<select name=page><option disabled>2</select>", []),
        ("<select name=page><option>2 <option>3</select>", [None, None]),
    ],
)
def test_an_option_leads_where_its_selection_does(markup: str, expected: list[str | None]) -> None:
    assert hrefs(markup) == expected


@pytest.mark.parametrize(
    "markup",
    [
        "<select><option value=?q=b selected>2</select>",
        "<select onchange=\"location='?q='+value\"><option selected value=b>2</select>",
        "<form><select name=pg><option value=b selected>2</select></form>",
        "<form><select name=q onchange=submit()><option value=b selected>2</select></form>",
    ],
)
def test_the_option_that_is_selected_is_the_page_that_is_shown(markup: str) -> None:
    assert [(control.label, control.text, control.is_current, control.is_named) for control in found(markup)] == [
        (TWO, "2", True, False)
    ]


@pytest.mark.parametrize(
    ("markup", "follows"),
    [
        ("1 \u2026 <a href=?q=b>40</a>", True),
        ("<b>1</b> <span>&hellip;</span> <a href=?q=b>40</a>", True),
        ("<a href=?q=a>[39]</a> ... <a href=?q=b>40</a>", True),
        ("40 ... <a href=?q=b>40</a>", False),
        ("41 ... <a href=?q=b>40</a>", False),
        ("1 ... 2 <a href=?q=b>40</a>", False),
        ("1 2 <a href=?q=b>40</a>", False),
        ("... <a href=?q=b>40</a>", False),
        ("v1.1 ... <a href=?q=b>40</a>", False),
        ("1 ... <a href=?q=b>Next</a>", False),
        # looked for near the link alone, and not in a tag that begins further away
        (f"1{' ' * 280}... <a href=?q=b>40</a>", True),
        (f"1{' ' * 300}... <a href=?q=b>40</a>", False),
        (f"<a href='1...{'x' * 300}'>y</a> <a href=?q=b>40</a>", False),
        (f"<a href='{'x' * 290} 1 ...'> </a><a href=?q=b>40</a>", False),
        (f"<a href='{'x' * 290}'>1</a> ... <a href=?q=b>40</a>", True),
    ],
)
def test_a_number_behind_a_gap_follows_a_smaller_one(markup: str, follows: bool) -> None:
    assert found(markup)[-1].follows_gap is follows


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<a href=?page=2>Next", ""),
        ("<a href=?page=2>" + "<i>" * 195 + "Next</a>", "Next"),
        ("<a href=?page=2>" + "<i>" * 205 + "Next</a>", ""),
        ("<a href=?page=2>2 &lt; 3</a>", "2 < 3"),
    ],
)
def test_the_text_of_a_control_ends_with_it_and_within_600_characters(markup: str, text: str) -> None:
    assert found(markup)[0].text == text


@pytest.mark.parametrize(("distance", "is_read"), [(0, True), (280, True), (350, False)])
def test_an_element_is_around_a_link_if_it_begins_directly_before_it(distance: int, is_read: bool) -> None:
    (control,) = found(f"<li class='active{'x' * distance}'><a href=?q=b>2</a>")
    assert control.is_current is is_read


@pytest.mark.parametrize("text", ["Next", "2", "&raquo;", "Weiter", "&#8250;", "[2]", "<img alt=Next src=r>"])
@pytest.mark.parametrize(
    "inside",
    ["<b>{}</b>", "<i></i>{}", "\n <SPAN class='a>b'>{}</SPAN>", "<svg><path d='M1 1'/></svg>\n{}", "<!-- a -->{}"],
)
def test_a_link_says_the_same_whatever_elements_are_in_it(text: str, inside: str) -> None:
    (plain,) = found(f"<a href=?q=b>{text}</a>")
    assert plain.label.says is not Says.OTHER
    assert found(f"<a href=?q=b>{inside.format(text)}</a>") == [plain]


@pytest.mark.parametrize(
    "markup",
    [
        "<a href=?q=b><img alt='[DIR]'></a>",
        "<a href=?q=b title='a.zip'><i></i></a>",
        "<a href=a.zip><b>a.zip</b></a>",
        "<a href=a.zip></a>Next",
        "<a href=a.zip><a>b.zip</a>",
    ],
)
def test_what_is_in_or_behind_the_link_of_a_row_is_no_label(markup: str) -> None:
    assert [control for control in found(markup) if control.label.says is not Says.OTHER] == []
