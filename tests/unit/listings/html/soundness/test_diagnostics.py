"""Which texts beside the rows report an error, a part or another directory, and what is quoted of them."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.diagnostics import error_after, error_in, part_in
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
