"""New text on a page from which rows are missing: what it means, and what is remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.state.surroundings import Surroundings
from crawler.pipeline.rules.listings.page_texts import DOUBTS, Judgement, are_known, judge
from crawler.pipeline.rules.listings.text_numbers import Counts

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


def again(known: str) -> str:
    """The same after a visit that has found the page unchanged."""
    return Surroundings(texts=known).seen_again.texts


@pytest.mark.parametrize("is_lossy", [False, True])
@pytest.mark.parametrize(
    ("known", "texts", "doubts_if_lossy"),
    [
        pytest.param("", OLD, False, id="nothing is remembered"),
        pytest.param("", None, False, id="nothing is known"),
        pytest.param(KNOWN, None, True, id="too many texts now"),
        pytest.param("n0", (), False, id="still none"),
        pytest.param(KNOWN, OLD, False, id="same"),
        pytest.param(KNOWN, SAME, False, id="same but for numbers and dates"),
        pytest.param(KNOWN, (), False, id="text vanished"),
        pytest.param(seen(()), (NEW,), True, id="first text of all"),
        pytest.param(KNOWN, (*SAME, NEW), True, id="new"),
        pytest.param(KNOWN, (NEW,), True, id="another"),
        pytest.param(KNOWN, (*OLD, "<5d41402a"), False, id="new prose or script"),
        pytest.param(KNOWN, (*OLD, "0 files\0login/"), True, id="the same text with a link"),
        pytest.param(seen(OLD, (NEW,)), (OTHER,), True, id="text that has changed once"),
        pytest.param(seen(OLD, (*OLD, NEW)), (*OLD, NEW), True, id="new in the last visit"),
        pytest.param(seen(OLD, (*OLD, NEW)), OLD, False, id="vanished after the last visit"),
        pytest.param(seen(OLD, (*OLD, NEW), (*OLD, NEW)), (*OLD, NEW), False, id="new two visits ago"),
        pytest.param(again(seen(OLD, (*OLD, NEW))), (*OLD, NEW), False, id="new before an unchanged visit"),
        pytest.param(seen((), (NEW,), (OTHER,)), (OTHER,), False, id="new in the last visit, as always"),
        pytest.param(seen(OLD, (*OLD, "errors: 3")), (*OLD, "errors: 4"), True, id="new with other numbers"),
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
    assert found.doubt is None
    assert found.noted.startswith(f"n{changes}")
    assert len(found.noted[2:].split()) == len(texts)
    noted = again(found.noted)
    assert judge(noted, texts, is_lossy=True) == Judgement(None, f"n0{noted[2:]}")


@pytest.mark.parametrize(("doubts", "changes"), [(0, 1), (1, 2), (2, 2)])
def test_each_visit_in_which_text_was_doubted_is_one_with_new_text(doubts: int, changes: int) -> None:
    assert judge(KNOWN, (NEW,), is_lossy=True, doubts=doubts).noted[1] == str(changes)
    assert judge(KNOWN, (NEW,), is_lossy=False, doubts=doubts).noted[1] == "1", "the doubts were about missing rows"
    assert judge(KNOWN, (NEW,), is_lossy=True).noted[1] == "1"
    assert (judge(KNOWN, None, is_lossy=True, doubts=doubts).doubt is None) is (doubts == DOUBTS)


def test_what_is_doubted_is_the_text_without_its_links() -> None:
    assert judge(KNOWN, (*OLD, f"{NEW}\0login/\0help"), is_lossy=True).doubt == NEW


def test_new_text_that_stays_or_changes_is_believed_after_a_few_runs() -> None:
    for texts in ([(*OLD, NEW)] * 3, [(NEW,), (OTHER,), ("and another",)]):
        for doubts, each in enumerate(texts[:DOUBTS]):
            assert judge(KNOWN, each, is_lossy=True, doubts=doubts).doubt in {NEW, OTHER}
        assert judge(KNOWN, texts[DOUBTS], is_lossy=True, doubts=DOUBTS).doubt is None


def test_with_trust_the_text_is_remembered_at_once() -> None:
    found = judge(KNOWN, (*OLD, NEW), is_lossy=True)
    assert judge(found.noted, (*OLD, NEW), is_lossy=True) == Judgement(None, f"n0{found.noted[2:]}")


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
        assert found.doubt is None or shown is None or found.doubt in {text.partition("\0")[0] for text in shown}
        assert found.doubt is None or not are_known(before, shown)
        known = found.noted if found.doubt is None else before


def counts(files: int, directories: int = 0) -> Counts:
    rows = files + directories
    return Counts((rows, files, directories, rows + 1, directories + 1), (files * 10, files * 10))


@pytest.mark.parametrize(
    ("before", "now", "is_new"),
    [
        ("Files: 20, errors: 0", "Files: 17, errors: 0", False),
        ("Files: 20, errors: 0", "Files: 17, errors: 3", True),
        ("20 files, 200 in all", "17 files, 170 in all", False),
        ("20 files, 200 in all", "17 files, 190 in all", True),
        ("20 entries", "1 entry", True),
        ("20 berkas", "20 berkas", True),  # and there are 17
        ("21 berkas", "21 berkas", False),
        ("Served by web20", "Served by web20", False),
        ("Served by web20", "Served by web17", True),
        ("8 of 9 disks, 2 files", "8 of 9 disks, 2 files", False),
        ("12 of 12 disks", "9 of 12 disks", True),
        ("Status 200", "Status 503", True),
        ("20 files", "17 readable", True),
        ("20 files", "17 files 3", True),
        ("共20个文件", "共17个文件", False),
        ("共20个文件", "共17个文件其余因磁盘故障无法读取", True),
        ("20件のファイル", "17件のファイルは現在利用できません", True),
        ("Monday", "Decommissioned", True),
        ("Monday", "Sat", False),
        ("mounted May 2", "marked May 2", True),
        ("Generated in 0.02 s, load 0.5, 12 GB free", "Generated in 12.5 s, load 3.25, 9 GB free", False),
        ("30. November 2026 9:15", "1. joulukuuta 2026 19:15:02", False),
        ("Sat Nov 30 21:00:01 2026", "Tue Dec 1 01:00:59 2026", False),
        ("2026年11月30日", "2026年12月1日", False),
        ("Ray ID: 8f3b2a1cdd77aa01", "Ray ID: 9a3b2a1cdd77bb02", False),
        ("version 1.2.3", "version 1.10.0", False),
        ("\1503", "\x01200", True),
        ("", "\1<iframe\0login", True),
    ],
)
def test_a_number_is_new_text_unless_the_rows_explain_it(before: str, now: str, *, is_new: bool) -> None:
    known = judge("", (before,), is_lossy=False, counts=counts(20)).noted
    for _ in range(2):
        found = judge(known, (now,), is_lossy=True, counts=counts(17))
        assert found.doubt == (now.strip("\1").partition("\0")[0] if is_new else None)
        assert judge(known, (now,), is_lossy=True, counts=counts(17), doubts=DOUBTS).doubt is None
        assert judge(found.noted, (now,), is_lossy=True, counts=counts(17)).doubt is None, "remembered"
        known = judge(known, (before,), is_lossy=True, counts=counts(20)).noted


@pytest.mark.parametrize(("one", "many"), [
    ("1 file", "5 files"), ("1 directory", "5 directories"), ("1 entry", "5 entries"), ("1 Datei", "5 Dateien"),
    ("1 fichier", "5 fichiers"), ("1 файл", "5 файлов"), ("1 plik", "5 plików"), ("1 ملف", "5 ملفات"), ("1件", "5件"),
])  # fmt: skip
def test_words_agree_with_the_number_before_them(one: str, many: str) -> None:
    known = judge("", (many,), is_lossy=False, counts=counts(5)).noted
    assert judge(known, (one,), is_lossy=True, counts=counts(1)).doubt is None


def test_a_number_that_has_changed_while_no_row_was_missing_varies_and_no_other_one_does() -> None:
    def text(visitors: int, errors: int) -> tuple[str]:
        return (f"Visitors: {visitors}, errors: {errors}",)

    known = judge("", text(1234, 0), is_lossy=False, counts=counts(20)).noted
    assert judge(known, text(1235, 0), is_lossy=True, counts=counts(19)).doubt, "not yet"
    known = judge(known, text(1236, 0), is_lossy=False, counts=counts(20)).noted
    for number in range(3):
        assert judge(known, text(number, 1), is_lossy=True, counts=counts(19)).doubt
        found = judge(known, text(number, 0), is_lossy=True, counts=counts(19 - number))
        assert found.doubt is None
        known = found.noted
    assert are_known(known, text(7, 0), counts(0))
    assert not are_known(known, text(7, 1), counts(0))


def test_a_text_is_compared_with_the_one_that_is_most_like_it() -> None:
    texts = ("errors: 0 of 7", "errors: 3 of 7", "errors: 5 of 9")
    known = judge("", texts, is_lossy=False, counts=counts(20)).noted
    for text in texts:
        assert judge(known, (text,), is_lossy=True, counts=counts(19)).doubt is None


def test_numbers_on_one_of_several_pages_are_not_compared() -> None:
    known = judge("", ("1-30 of 75",), is_lossy=False).noted
    found = judge(known, ("31-45 of 74",), is_lossy=True)
    assert found.doubt is None
    known = judge(found.noted, ("45",), is_lossy=False, counts=counts(20)).noted
    assert judge(known, ("46",), is_lossy=True, counts=counts(19)).doubt == "46"


@pytest.mark.parametrize(
    ("texts", "is_doubted"),
    [
        (OLD, False),
        (("4 Dateien, 1 MB", OLD[1]), False),  # it left out words after numbers
        ((*OLD, NEW), True),
        ((*OLD, "login.php\0login.php"), False),  # and the texts of links elsewhere
        ((*OLD, "\1Password", "\1<iframe\0x"), False),  # and all of these
        ((*OLD, "<5d41402a"), False),
    ],
)
def test_digests_of_an_older_version_say_what_they_said(texts: tuple[str, ...], *, is_doubted: bool) -> None:
    older = "07f8+U2WM"  # of OLD
    found = judge(older, texts, is_lossy=True, counts=counts(5), names={"login.php"})
    assert (found.doubt is not None) is is_doubted
    assert found.noted == judge("", texts, is_lossy=False, counts=counts(5)).noted
    for known, doubts, is_lossy in (("2" + older[1:], 0, True), (older, DOUBTS, True), (older, 0, False)):
        assert judge(known, texts, is_lossy=is_lossy, doubts=doubts).doubt is None
    assert are_known(older, texts) is (not is_doubted and texts[-1] not in {"<5d41402a", "login.php\0login.php"})
    assert not are_known("1" + older[1:], texts)
