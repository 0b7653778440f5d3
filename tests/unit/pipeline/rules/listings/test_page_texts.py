"""New text on a page from which rows are missing: what it means, and what is remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pipeline.rules.listings.page_texts import DOUBTS, Judgement, _digest, are_known, judge

OLD, NEW, OTHER = ("5 files, 3.2 MB", "Generated on Mon, 30 Nov 2026"), "Fehlr beim Lesn", "Erro de leitura"
SAME = ("4 files, 2.2 MB", "Generated on Tue, 01 Dec 2026")
"""``OLD`` on another day."""
KNOWN = judge("", OLD, is_lossy=False).noted


def seen(*versions: tuple[str, ...]) -> str:
    """What is remembered of a page that has shown these texts, one after the other, and all of its rows."""
    known = ""
    for texts in versions:
        known = judge(known, texts, is_lossy=False).noted
    return known


@pytest.mark.parametrize("is_lossy", [False, True])
@pytest.mark.parametrize(
    ("known", "texts", "doubts_if_lossy"),
    [
        pytest.param("", OLD, False, id="nothing is remembered"),
        pytest.param("", None, False, id="nothing is known"),
        pytest.param(KNOWN, None, False, id="too many texts now"),
        pytest.param(KNOWN, OLD, False, id="same"),
        pytest.param(KNOWN, SAME, False, id="same but for numbers and dates"),
        pytest.param(KNOWN, (), False, id="text vanished"),
        pytest.param(seen(()), (NEW,), True, id="first text of all"),
        pytest.param(KNOWN, (*SAME, NEW), True, id="new"),
        pytest.param(KNOWN, (NEW,), True, id="another"),
        pytest.param(KNOWN, (*OLD, "<5d41402a"), False, id="new prose or script"),
        pytest.param(KNOWN, (*OLD, "0 files\0login/"), True, id="the same text with a link"),
        pytest.param(seen(OLD, (NEW,)), (OTHER,), True, id="text that has changed once"),
        pytest.param(seen(OLD, (NEW,), OLD), (OTHER,), False, id="text that always changes"),
        pytest.param(seen(OLD, (NEW,), OLD, OLD), (OTHER,), True, id="text that does not change any more"),
    ],
)
def test_new_text_is_doubted_if_rows_are_missing(
    known: str, texts: tuple[str, ...] | None, *, doubts_if_lossy: bool, is_lossy: bool
) -> None:
    found = judge(known, texts, is_lossy=is_lossy)
    assert (found.doubt is not None) is (doubts_if_lossy and is_lossy)
    assert (found.noted == "") is (texts is None)


@pytest.mark.parametrize(
    ("known", "texts", "changes"),
    [
        ("", OLD, 0),
        ("", (), 0),
        (KNOWN, SAME, 0),
        (KNOWN, (NEW,), 1),
        (seen(OLD, (NEW,)), (OTHER,), 2),
        (seen(OLD, (NEW,)), (NEW,), 0),
        (seen(OLD, (NEW,), (OTHER,)), OLD, 2),
    ],
)
def test_digests_are_remembered_and_how_often_in_succession_there_was_new_text(
    known: str, texts: tuple[str, ...], changes: int
) -> None:
    found = judge(known, texts, is_lossy=False)
    assert found == Judgement(None, str(changes) + "".join(sorted({_digest(text) for text in texts})))


@pytest.mark.parametrize(("doubts", "changes"), [(0, 1), (1, 2), (2, 2)])
def test_each_visit_in_which_text_was_doubted_is_one_with_new_text(doubts: int, changes: int) -> None:
    assert judge(KNOWN, (NEW,), is_lossy=False, doubts=doubts).noted[0] == str(changes)


def test_what_is_doubted_is_the_text_without_its_links() -> None:
    assert judge(KNOWN, (*OLD, f"{NEW}\0login/\0help"), is_lossy=True).doubt == NEW


def test_new_text_that_stays_or_changes_is_believed_after_a_few_runs() -> None:
    for texts in ([(*OLD, NEW)] * 3, [(NEW,), (OTHER,), ("and another",)]):
        for doubts, each in enumerate(texts[:DOUBTS]):
            assert judge(KNOWN, each, is_lossy=True, doubts=doubts).doubt in {NEW, OTHER}
        assert judge(KNOWN, texts[DOUBTS], is_lossy=True, doubts=DOUBTS).doubt is None


def test_with_trust_the_text_is_remembered_at_once() -> None:
    found = judge(KNOWN, (*OLD, NEW), is_lossy=True)
    assert judge(found.noted, (*OLD, NEW), is_lossy=True) == Judgement(None, f"0{found.noted[1:]}")


@pytest.mark.parametrize(
    ("known", "texts", "expected"),
    [
        (KNOWN, SAME, True),
        (KNOWN, (), True),
        (KNOWN, (NEW,), False),
        (KNOWN, (*OLD, "<5d41402a"), False),
        (seen((*OLD, "<5d41402a")), (*OLD, "<5d41402a"), True),
        (seen((*OLD, "<5d41402a")), (*OLD, "<5d41402b"), False),
        (seen(("a\0x1",)), ("a\0x2",), False),
        (seen(("1 file\0x1",)), ("2 files\0x1",), True),
        (seen(("a\udcff",)), ("a\udcff",), True),
        (seen(("a", "b")), ("czwgd",), False),  # its digest is the end of the one and the beginning of the other
        (KNOWN, None, False),
        ("", OLD, False),
        ("", (), False),
        (seen(OLD, (*OLD, NEW)), OLD, False),  # what changes proves nothing
    ],
)
def test_whether_all_texts_are_known(known: str, texts: tuple[str, ...] | None, *, expected: bool) -> None:
    assert are_known(known, texts) is expected


texts = st.one_of(st.none(), st.lists(st.sampled_from([*OLD, NEW, OTHER, "<1f", "a\0b/"]), unique=True).map(tuple))


@given(st.lists(st.tuples(texts, st.booleans()), max_size=12))
def test_a_page_is_doubted_only_a_few_times_in_succession(runs: list[tuple[tuple[str, ...] | None, bool]]) -> None:
    known, doubts = "", 0
    for shown, is_lossy in runs:
        before, found = known, judge(known, shown, is_lossy=is_lossy, doubts=doubts)
        doubts = doubts + 1 if found.doubt is not None else 0
        assert doubts <= DOUBTS
        assert found.doubt is None or (shown is not None and found.doubt in {text.partition("\0")[0] for text in shown})
        assert found.doubt is None or not are_known(before, shown)
        known = found.noted if found.doubt is None else before
