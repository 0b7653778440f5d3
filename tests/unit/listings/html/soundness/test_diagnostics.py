"""Which texts beside the rows report an error, a part or another directory, and what is quoted of them."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.diagnostics import error_after, error_in, part_in, stated_beside
from crawler.listings.html.soundness.passages import split_passages
from crawler.model.flaws import Flaw, FlawKind

IN_TABLE = "<table><tr><td>{}</td></tr></table>"


def error(markup: str, *, is_empty: bool = False, rows: int = 0) -> str | None:
    """The error that is quoted. The first ``rows`` passages are rows, and the first table is the region."""
    passages = list(split_passages(markup))
    found = error_in(passages, {1}, set(map(id, passages[:rows])), is_empty=is_empty)
    assert found is None or found.kind is FlawKind.ERROR
    return None if found is None else found.quote


def part(markup: str, *, is_empty: bool = False, has_more: bool = False, rows: int = 0) -> Flaw | None:
    passages = list(split_passages(markup))
    return part_in(passages, set(map(id, passages[:rows])), is_empty=is_empty, has_more=has_more)


PHP = "Warning: scandir(/p): failed in /i.php on line 3"


@pytest.mark.parametrize("place", ["<p>{}</p>", "<h1>{}</h1>", "<a href=x>{}</a>", IN_TABLE])
def test_what_an_interpreter_prints_is_an_error_wherever_it_stands_and_quoted_from_its_beginning(place: str) -> None:
    assert error(place.format(f"see: {PHP}")) == PHP
    assert error(place.format(f"see: {PHP}{'!' * 300}")) == (PHP + "!" * 300)[:300]
    assert error(place.format(PHP), rows=1) is None  # the name of a file
    assert error(f"<p>a.txt</p>{place.format(PHP)}", rows=1) == PHP


@pytest.mark.parametrize(
    ("markup", "on_a_page_with_rows", "on_an_empty_page"),
    [
        (IN_TABLE.format("Input/output error"), "Input/output error", "Input/output error"),
        ("<p>Access denied</p>", None, "Access denied"),
        ("<h1>News</h1><p>Access denied</p>", None, "Access denied"),
        ("<h1>News</h1>Access denied", None, "Access denied"),
        ("<h1>Errors: error</h1>", None, None),  # the heading may be the path
        ("<a href=error.log>error.log</a>", None, None),  # a link to a page about errors reports none
        (f"<p>{'error '.ljust(300, '.')}</p>", None, "error ".ljust(300, ".")),
        (f"<p>{'error '.ljust(301, '.')}</p>", None, None),  # prose
        (IN_TABLE.format("<a href=x>error</a>"), None, None),
        ("<p>terror</p>", None, None),
    ],
)
def test_words_of_an_error_count_in_place_of_rows(
    markup: str, on_a_page_with_rows: str | None, on_an_empty_page: str | None
) -> None:
    assert error(markup) == on_a_page_with_rows
    assert error(markup, is_empty=True) == on_an_empty_page
    assert error(markup, is_empty=True, rows=2) is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("4 files (of which only 2 are displayed)", {"rows", "empty", "more"}),
        ("0 of 6 entries", {"empty"}),
        ("0 of 0 entries", set()),
        ("10 of 60 entries", set()),
        ("and 8 more files", {"rows", "empty"}),
        ("and 8 more files".ljust(300, "."), {"rows", "empty"}),
        ("and 8 more files".ljust(301, "."), set()),
    ],
)
def test_a_part_is_a_flaw_unless_other_pages_follow(text: str, kinds: set[str]) -> None:
    for markup in (f"<p>{text}</p>", f"<p>News</p><p>{text}</p>"):
        found = {
            "rows": part(markup),
            "empty": part(markup, is_empty=True),
            "more": part(markup, has_more=True),
        }
        assert {kind for kind, flaw in found.items() if flaw is not None} == kinds
        assert {flaw for flaw in found.values() if flaw is not None} <= {Flaw(FlawKind.PART, text)}
        assert part(markup, is_empty=True, rows=2) is None
    assert part(f"<p>a.txt</p><p>{text}</p>", is_empty=True, rows=1) == part(f"<p>{text}</p>", is_empty=True)


@pytest.mark.parametrize(
    ("after", "heading"),
    [
        ("<html><title>502 Bad Gateway</title>", "502 Bad Gateway"),
        ("<!DOCTYPE html><h1>Access denied</h1>", "Access denied"),
        ("<html><title>Proxy</title><h1>Error</h1>", "Error"),
        ("<html><title>Our mirror</title><h1>Welcome</h1><h1>Error pages</h1>", None),  # the third is one of a document
        ("<html><title>Room 502</title>", None),
        ("<h1>502 Bad Gateway</h1>", None),  # no document begins
        ("", None),
    ],
)
def test_an_error_document_behind_the_rows_is_known_by_its_title_or_first_heading(
    after: str, heading: str | None
) -> None:
    before = "<html><title>404 files</title><h1>Error logs</h1><a href=a>a</a>"
    expected = None if heading is None else Flaw(FlawKind.ERROR_FOLLOWS, heading)
    assert error_after(before + after, len(before)) == expected


STATEMENTS = [
    (FlawKind.ERROR, "Error: timeout while reading directory"),
    (FlawKind.ERROR, "Error reading directory: Input/output error"),
    (FlawKind.ERROR, "ls: reading directory '.': Stale file handle"),
    (FlawKind.ERROR, "Permission denied"),
    (FlawKind.ERROR, "Internal Server Error"),
    (FlawKind.ERROR, "Some files could not be read"),
    (FlawKind.ERROR, "Volume 2 is offline"),
    (FlawKind.ERROR, "Fehler beim Lesen des Verzeichnisses"),
    (FlawKind.ERROR, "Не удалось прочитать каталог"),
    (FlawKind.ERROR, "エラーが発生しました"),
    (FlawKind.PART, "[truncated]"),
    (FlawKind.PART, "…and more"),
    (FlawKind.PART, "Some files are hidden. Log in to see all."),
    (FlawKind.PART, "Results may be incomplete"),
    (FlawKind.PART, "Liste gekürzt"),
    (FlawKind.PART, "Es werden nur die ersten 5 Dateien angezeigt"),
    (FlawKind.PART, "Показаны первые 5 файлов"),
    (FlawKind.PART, "仅显示前5个文件"),
    (FlawKind.PART, "リストは省略されました"),
]
ROWS = (
    "<table><tr><th>Name</th></tr><tr><td><a href=a.iso>a.iso</a></td></tr><tr><td><a href=b.iso>b.iso</a></td></tr>"
    "</table>"
)


def beside(above: str, below: str, *, has_more: bool = False) -> Flaw | None:
    passages = list(split_passages(f"<h1>Index of /pub/</h1>{above}{ROWS}{below}"))
    rows = {id(each) for each in passages if each.text.endswith(".iso")}
    return stated_beside(passages, rows, has_more=has_more)


@pytest.mark.parametrize(("kind", "text"), STATEMENTS)
def test_a_statement_beside_the_rows_is_a_flaw(kind: FlawKind, text: str) -> None:
    paragraph = f"<p>{text}</p>"
    assert beside(paragraph, "") == beside("", paragraph) == Flaw(kind, text)
    assert beside("", f"<hr><p>12 files</p>{paragraph}") == Flaw(kind, text)
    assert beside(f"{paragraph}<p>1</p><p>2</p>", f"<p>1</p><p>2</p>{paragraph}") is None, "in a README or a footer"
    assert beside("", f"<p>{text} {'and so on, ' * 12}</p>") is None, "prose"
    assert beside("", paragraph, has_more=True) == (Flaw(kind, text) if kind is FlawKind.ERROR else None)
    assert stated_beside(list(split_passages(paragraph)), set(), has_more=False) is None, "see ``error_in``"
    passages = list(split_passages(f"{paragraph}<p>a.iso</p><p>b.iso</p>{paragraph}"))
    above = stated_beside(passages[:3], set(map(id, passages[1:3])), has_more=False)
    assert above == Flaw(kind, text), "the first of all"
    assert stated_beside(passages, set(map(id, passages)), has_more=False) is None, "names of files"


@pytest.mark.parametrize(
    "text",
    [
        "Please report errors to admin@host.test",
        "Apache/2.4 Server at host.test Port 80",
        "Log in",
        "12 files, 3.2 GB",
        "More about this server",
        "Generated in 0.02 s",
        "If you get an error, try again later",
        "Downloads are limited to 2 connections",
        "Powered by Error Free Hosting",
    ],
)
def test_what_footers_say_is_none(text: str) -> None:
    assert beside("", f"<p>{text}</p>") is None
    assert beside(f"<p>{text}</p>", "") is None
