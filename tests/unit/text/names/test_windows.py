"""Names for FAT, NTFS and CIFS: every name is mapped to one, and no two names to the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.text.names.windows import decoded, encoded, folded, spelled_out
from crawler.text.urls import file_name_problem

DEVICES = ["CON", "PRN", "AUX", "NUL", "COM1", "COM9", "COM0", "LPT1", "COM¹", "LPT³", "CONIN$", "CONOUT$"]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("a<b", "a%3Cb"),
        ("a>b", "a%3Eb"),
        ("12:30.log", "12%3A30.log"),
        ('"a"', "%22a%22"),
        ("a\\b", "a%5Cb"),
        ("a|b", "a%7Cb"),
        ("what?", "what%3F"),
        ("*", "%2A"),
        ("a.", "a%2E"),
        ("a..", "a.%2E"),
        ("...", "..%2E"),
        ("a ", "a%20"),
        ("a. ", "a.%20"),
        ("a .", "a %2E"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("Aux.tar.gz", "%41ux.tar.gz"),
        ("NUL .txt", "%4EUL .txt"),
        ("com¹", "%63om¹"),
        ("LPT0", "%4CPT0"),
        ("CONIN$", "%43ONIN$"),
        ("CON.", "%43ON%2E"),
        (".CRAWLER", "%2ECRAWLER"),
        ("a%41", "a%2541"),
        ("a%3ab", "a%253ab"),
        ("a%2541", "a%252541"),
        ("\udce9.txt", "%E9.txt"),
    ],
)
def test_what_such_a_file_system_cannot_hold_is_escaped(name: str, stored: str) -> None:
    assert encoded(name) == stored
    assert decoded(stored) == name


@pytest.mark.parametrize(
    "name",
    [
        "a", "README", "a b.txt", ".hidden", "..a", "a.b.c", " a", "100%", "50% off", "%", "%%", "%4", "%zz", "%4x.txt",
        "é", "日本", "CONSOLE", "COM", "COM10", "LPT", "nulls.txt", "CON1", "xCON", "a~1", "a;b=c,d+e[f]",
        "'", "😀", "COM⁴", "x" * 255,
    ],
)  # fmt: skip
def test_every_other_name_stays_as_it_is(name: str) -> None:
    assert encoded(name) == name
    assert decoded(name) == name


@pytest.mark.parametrize(
    "stored",
    ["%2E", ".%2E", "%2Ecrawler", "a%2eb", "a%2Eb", "a:b", "CON", "a.", "a%3Ab:", "%C3%A9x", "%41bC", "%2541B%43"],
)
def test_a_name_under_which_nothing_is_stored_is_recognised(stored: str) -> None:
    assert decoded(stored) is None


def holds(stored: str) -> bool:
    """Whether NTFS can hold a name, according to its documentation."""
    base = stored.partition(".")[0].rstrip(" ").upper()
    return not (set(stored) & set('<>:"/\\|?*') or stored[-1] in ". " or base in DEVICES)


NAMES = st.one_of(
    st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.text(alphabet="aAbB%23469cCoOnN.: \\ßſKµ\udce9\udcc3", min_size=1, max_size=8),
    st.builds("{}{}".format, st.sampled_from([*DEVICES, "con", "Nul"]), st.sampled_from(["", ".x", " .", "%41", "x"])),
).filter(lambda name: file_name_problem(name) is None)


@given(NAMES)
@example("ſ")
@example("%4aA")
def test_encoding_is_reversible_and_gives_what_can_be_held(name: str) -> None:
    for stored in (encoded(name), spelled_out(name)):
        assert decoded(stored) == name
        assert holds(stored)
        assert stored.encode("utf-8", "strict")
    if holds(name) and decoded(name) == name:
        assert encoded(name) == name


@given(NAMES, NAMES)
@example("README", "readme")
@example("ſ", "S")
@example("K", "k")
def test_no_name_is_stored_as_another_one(first: str, second: str) -> None:
    if first != second:
        assert len({encoded(first), encoded(second), spelled_out(first), spelled_out(second)}) >= 2
        assert not {encoded(first), spelled_out(first)} & {encoded(second), spelled_out(second)}
        assert folded(spelled_out(first)) != folded(spelled_out(second))
