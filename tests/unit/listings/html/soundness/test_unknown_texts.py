"""Which parts of a URL explain a text on a page without rows, and what is quoted if nothing does."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.empty_page import unknown_in
from crawler.listings.html.soundness.passages import split_passages, visible
from crawler.model.flaws import Flaw, FlawKind


def unknown(markup: str, url: str = "http://h.test/", labels: tuple[str, ...] = ()) -> Flaw | None:
    return unknown_in(markup, list(split_passages(visible(markup))), url, "generic", labels)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://files.org:8080/", "files.org"),
        ("http://files.org:8080/", "files.org:8080"),
        ("http://files.org/", "files.org"),
        ("http://[2001:db8::ab]:8080/", "[2001:db8::ab]"),
        ("http://files.org/some%20place/", "Index of some place"),
        ("http://files.org/some%20place?C=N", "Index of some place"),
        ("http://files.org/some/place/#top", "some/place"),
        ("http://files.org/some/place#top", "some / place"),
        ("http://files.org/odd%3Fname/below/", "Index of odd?name/below/"),  # a decoded ? is part of the name
        ("http://files.org/odd%3Fname/below/", "odd?name / below"),
        ("http://files.org/odd%23name/", "odd#name"),
        ("http://files.org/?path=/some%20place/", "path=/some place/"),
        ("http://files.org/?from=http://other.org/", "from=http://other.org/"),
        ("http://files.org/http://other.org/x/", "other.org"),
        # the name of a directory may be part of another one, first or last
        ("http://files.org/a%20photo/photo/", "a photo - photo"),
        ("http://files.org/photo/a%20photo/", "photo - a photo"),
        ("http://files.org/photo/photo%20album/", "photo - photo album"),
    ],
)
def test_the_parts_of_the_url_explain_themselves(url: str, text: str) -> None:
    assert unknown(f"<p>{text}</p>", url) is None
    assert unknown(f"<p>{text}</p>", "http://127.0.0.1/") == Flaw(FlawKind.UNKNOWN, text)


def test_what_is_unknown_is_quoted() -> None:
    assert unknown("<h1>Index of /</h1><p>Rate  limit</p><p>Sorry</p>") == Flaw(FlawKind.UNKNOWN, "Rate limit")
    assert unknown("<FORM action=/login>") == Flaw(FlawKind.UNKNOWN, "<FORM")


def test_labels_of_the_pager_explain_themselves_and_nothing_else() -> None:
    page = "<a href=?page=1>Zur\u00fcck \n zum Anfang</a><p>{}</p>"
    labels = ("Zur\u00fcck zum Anfang",)
    assert unknown(page.format("")) is not None
    assert unknown(page.format(""), labels=labels) is None
    assert unknown(page.format("Sorry"), labels=labels) == Flaw(FlawKind.UNKNOWN, "Sorry")


@pytest.mark.parametrize(
    "text",
    [
        "Previous Next", "Wstecz | Dalej", "\u524d\u306e\u30da\u30fc\u30b8 \u6b21\u306e\u30da\u30fc\u30b8",
        "\uc774\uc804 \ub2e4\uc74c",
        "Previous Berikutnya", "\u00cenapoi \u2013 \u00cenainte", "Seite 3", "\u00ab Edellinen [3]",
    ],
)  # fmt: skip
def test_words_of_pagers_explain_themselves_on_one_of_several_pages_and_only_there(text: str) -> None:
    assert unknown(f"<p>{text}</p>", labels=("x",)) is None
    assert unknown(f"<p>{text}</p>") == Flaw(FlawKind.UNKNOWN, text)
    assert unknown(f"<p>{text}, sorry</p>", labels=("x",)) == Flaw(FlawKind.UNKNOWN, f"{text}, sorry")


@pytest.mark.parametrize(("length", "is_known"), [(6000, True), (6001, False)])
def test_no_path_is_longer_than_6000_characters(length: int, is_known: bool) -> None:
    assert (unknown(f"<p>{'/' * length}</p>") is None) is is_known
