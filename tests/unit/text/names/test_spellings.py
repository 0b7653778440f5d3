"""Which names are spellings of each other, and which further spelling tells whether a server distinguishes them."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.names.spellings import another_spelling, plain, twins

E_ACUTE, E_COMBINED = "\u00e9", "e\u0301"
NAMES = st.text(st.sampled_from(f"aAbBeE\u0301{E_ACUTE}\u00c9\u00df\u0130\u0131.1\udcff"), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("names", "others", "expected"),
    [
        (["A.txt"], ["a.TXT"], {"A.txt": ["a.TXT"]}),
        (["A.txt", "b"], ["a.TXT", "a.txt", "c"], {"A.txt": ["a.TXT", "a.txt"]}),
        (["A.txt", "a.TXT"], ["b"], {}),
        (["A.txt", "a.TXT"], ["A.txt", "a.TXT"], {}),
        ([E_COMBINED], ["\u00c9"], {E_COMBINED: ["\u00c9"]}),
        ([E_COMBINED], ["e"], {}),
        (["STRASSE"], ["stra\u00dfe"], {"STRASSE": ["stra\u00dfe"]}),
        ([], ["a"], {}),
    ],
)
def test_twins(names: list[str], others: list[str], expected: dict[str, list[str]]) -> None:
    assert twins(iter(names), iter(others)) == expected


@pytest.mark.parametrize(
    ("name", "taken", "of", "expected"),
    [
        ("A.txt", ["a.TXT", "A.txt"], ["a.TXT"], "a.txt"),
        ("A.txt", ["a.TXT", "A.txt", "a.txt"], ["a.TXT"], "A.Txt"),
        ("a", ["A"], ["A"], None),
        ("1", [], ["1"], None),
        ("\u00df1", ["SS1"], ["SS1"], None),
        ("\u00dfa", ["SSa"], ["SSa"], "\u00dfA"),
        (E_COMBINED, [E_ACUTE], [E_ACUTE], None),
        (2 * E_ACUTE, [2 * E_COMBINED], [2 * E_COMBINED], E_COMBINED + E_ACUTE),
        (2 * E_COMBINED, [2 * E_ACUTE], [2 * E_ACUTE], E_ACUTE + E_COMBINED),
        (E_COMBINED, ["\u00c9"], ["\u00c9"], "E\u0301"),
    ],
)
def test_another_spelling(name: str, taken: list[str], of: list[str], expected: str | None) -> None:
    assert another_spelling(name, taken, of) == expected


@given(name=NAMES, taken=st.lists(NAMES, max_size=4))
def test_another_spelling_is_one_of_the_same_name_that_nothing_has(name: str, taken: list[str]) -> None:
    for name_, others in twins([name], taken).items():
        found = another_spelling(name_, taken, others)
        if found is not None:
            assert found != name
            assert found not in taken
            assert plain(found) == plain(name)
            is_form = any(normalize("NFC", each) == normalize("NFC", name) for each in others)
            assert (normalize("NFC", found) == normalize("NFC", name)) is is_form
