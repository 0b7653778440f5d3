"""Labels at the limits: lengths, arrows, ranges of rows."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager import words
from crawler.listings.html.pager.labels import POSSIBLE, Label, Says, understood, without_labels


@pytest.mark.parametrize(("length", "says"), [(40, Says.NUMBER), (41, Says.OTHER)])
def test_a_label_has_at_most_40_characters(length: int, says: Says) -> None:
    assert understood("2".rjust(length, "[")).says is says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("> >", Says.NEXT), ("\u00bb \u203a", Says.NEXT), ("[ > ]", Says.NEXT), ("> |", Says.LAST),
        ("<<", Says.BACK), ("< <", Says.BACK), ("|<", Says.BACK), ("\u00ab \u2039", Says.BACK),
        ("<>", Says.OTHER), ("\u00ab\u00bb", Says.OTHER), (">>>", Says.NEXT), ("<<<", Says.BACK),
        ("\u21d2", Says.NEXT), ("\u21d0", Says.BACK), ("> \u00ab", Says.OTHER),
        ("|", Says.OTHER), ("", Says.OTHER),
    ],
)  # fmt: skip
def test_what_arrows_say(text: str, says: Says) -> None:
    assert understood(text) == Label(says)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1-1", 1), ("3-3", 3), ("1-20", 1), ("21-40", 2), ("0-9", None), ("20-40", None), ("5-4", None), ("5-3", None)],
)
def test_a_range_of_rows_is_the_page_that_it_is_if_all_are_as_long(text: str, number: int | None) -> None:
    assert understood(text) == (Label(Says.OTHER) if number is None else Label(Says.NUMBER, number))


NEXT = [
    "Dalej",
    "Nast\u0119pny",
    "Berikutnya",
    "Selanjutnya",
    "\xcenainte",
    "F\xf8lgende",
    "Naprej",
    "\u010ealej",
    "Sljede\u0107a",
    "\u0421\u043b\u0435\u0434\u0432\u0430\u0449\u0430",
    "\u6b21\u30da\u30fc\u30b8",
    "\u6b21\u306e\u30da\u30fc\u30b8",
    "\ub2e4\uc74c \ud398\uc774\uc9c0",
    "Sonraki sayfa",
    "Trang sau",
    "Lehek\xfclg edasi",
    "Edasi",
    "J\xe4rgmine",
    "N\u0101kam\u0101",
    "Kitas",
    "M\xeb tej",
    "\u0628\u0639\u062f\u06cc",
    "\u0395\u03c0\u03cc\u03bc\u03b5\u03bd\u03b7 \u03c3\u03b5\u03bb\u03af\u03b4\u03b1",
    "\u0e2b\u0e19\u0e49\u0e32\u0e16\u0e31\u0e14\u0e44\u0e1b",
    "Suiv.",
    "Page suiv.",
    "\u4e0b\u9875",
    "N\xc4CHSTE SEITE \xbb",
    "Next 20 files",
    "Older posts",
]
BACK = [
    "Wstecz",
    "\u524d\u306e\u30da\u30fc\u30b8",
    "\uc774\uc804",
    "\xcenapoi",
    "Sebelumnya",
    "\u041f\u0440\u0435\u0434\u0438\u0448\u043d\u0430",
    "Page pr\xe9c.",
    "Trang tr\u01b0\u1edbc",
    "\u4e0a\u9875",
    "Vorherige Seite",
]
OTHER = [
    "Sau", "Son", "\u4e0b", "\u524d", "Page", "Trang", "Prima facie", "Next of kin", "Lastpage.txt",
    "All page", "Mehr Seite", "Show more page", "\u30da\u30fc\u30b8\u306e\u6b21",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [(text, says) for says, texts in ((Says.NEXT, NEXT), (Says.BACK, BACK), (Says.OTHER, OTHER)) for text in texts],
)
def test_words_of_many_languages_alone_and_beside_that_for_a_page(text: str, says: Says) -> None:
    assert understood(text) == Label(says)


def test_no_word_has_two_meanings_and_each_may_begin_a_label() -> None:
    groups = [words.NEXT, words.BACK, words.LAST, words.MORE]
    assert sum(map(len, groups)) == len(frozenset().union(*groups))
    for word in frozenset().union(*groups):
        text = word.replace("#", "20")
        assert POSSIBLE.match(f"<a>{text}</a>", 3), word
        assert understood(text).says is not Says.OTHER, word
        assert word in words.MORE or not without_labels(f"\u00ab {text}").strip("\u00ab 20"), word


def test_labels_are_taken_out_of_a_text_as_whole_words() -> None:
    assert without_labels("Wstecz | Dalej").strip() == "|"
    assert without_labels("Prev 1 Next 20 files").split() == ["1", "20"]
    assert without_labels("Nextcloud, Weiterleitung").strip() == "Nextcloud, Weiterleitung"
