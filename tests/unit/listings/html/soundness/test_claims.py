"""What a text beside the rows claims, word by word, and which passages are texts beside the rows."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from crawler.listings.html.pager.page_numbers import page_in
from crawler.listings.html.soundness.claims import claims_in, say_last
from crawler.listings.html.soundness.passages import split_passages
from crawler.model.flaws import Claim, ClaimKind

ENTRIES, PAGES, OF, LIMIT = ClaimKind.ENTRIES, ClaimKind.PAGES, ClaimKind.OF, ClaimKind.LIMIT


def claims(markup: str, *names: str, url: str = "") -> list[Claim]:
    return list(claims_in(list(split_passages(markup)), set(), names, url))


@pytest.mark.parametrize(
    ("text", "kind", "number", "shown"),
    [
        ("Page 2 of 3", PAGES, 3, 0),
        ("\u7b2c 1 / 3 \u9875", PAGES, 3, 0),
        ("\u5171 3 \u9875", PAGES, 3, 0),
        ("30\u4ef6\u4e2d1-15\u4ef6", ENTRIES, 30, 0),
        ("15 / 30 items", OF, 30, 15),
        ("15 of 30 files match the filter", OF, 30, 15),  # the noun says what is counted, so other words may follow
        ("15 files of 30 match the filter", OF, 30, 15),
        ("15 of 30 are shown", OF, 30, 15),
        ("(15 of 30)", OF, 30, 15),
        ("[1-15 of 30]", OF, 30, 15),
        ("1-15 of 30.", OF, 30, 15),  # a full stop ends a sentence, and is no decimal point
        ("15 of 30 files.", OF, 30, 15),
        ("Number of files: 30.", ENTRIES, 30, 0),
        ("Photos 1-15 of 30", OF, 30, 15),  # what has a range is in parts, whatever its name
        ("showing 15 files in 3 columns, limit reached", LIMIT, 15, 0),  # the number of the limit, and no other
        ("limited to 1,500 files", LIMIT, 1500, 0),
        ("3 folders, 27 files", ENTRIES, 30, 0),
        ("30 items (27 files)", ENTRIES, 30, 0),
        ("Total: 1 234", ENTRIES, 1234, 0),
        # a total in the words of other languages counts alike with and without a noun
        ("Totaal: 30", ENTRIES, 30, 0),
        ("Totaal: 30 bestanden", ENTRIES, 30, 0),
        ("Totale: 30 file", ENTRIES, 30, 0),
        ("\u0418\u0442\u043e\u0433\u043e: 30 \u0444\u0430\u0439\u043b\u043e\u0432", ENTRIES, 30, 0),
        # between arrows a fraction counts pages, with or without spaces
        ("\u00ab 1 / 3 \u00bb", OF, 3, 1),
        ("\u2039 1/3 \u203a", OF, 3, 1),
        ("\u00ab1/3\u00bb", OF, 3, 1),
        ("Displaying 1-15 / 30 files", OF, 30, 15),
        ("1-15 of 30 Next", OF, 30, 15),
        ("Prev 1 / 3 Next", OF, 3, 1),
        ("15 / 30 files Load more", OF, 30, 15),
        ("\u00ab Prev 15 of 30 | Next \u00bb", OF, 30, 15),
        ("1-15 van 30 Volgende pagina", OF, 30, 15),
        ("1-15 / 30", OF, 30, 15),
        ("(1-15/30)", OF, 30, 15),
        ("16\u201329/30", OF, 30, 29),
        ("16\u201330/30", OF, 30, 30),  # the last part of several
        ("30-30 of 30", OF, 30, 30),
        ("1-15 van 30", OF, 30, 15),
        ("1-15 av 30", OF, 30, 15),
        ("1-15 af 30", OF, 30, 15),
        ("1-15 z 30", OF, 30, 15),
        ("Files 1 through 15 of 30", OF, 30, 15),
        ("1..15 of 30", OF, 30, 15),
        ("1...15 of 30", OF, 30, 15),
        ("1\u202615 of 30", OF, 30, 15),
        ("15 from 30", OF, 30, 15),
        ("15 files from 30", OF, 30, 15),
        ("\u5171 30 \u6761", ENTRIES, 30, 0),
        ("\ucd1d 30\uac1c", ENTRIES, 30, 0),
        ("About 30 results", ENTRIES, 30, 0),
        ("Anzahl: 30 Dateien", ENTRIES, 30, 0),
        ("Anzahl der Dateien: 30", ENTRIES, 30, 0),
        ("Nombre de fichiers : 30", ENTRIES, 30, 0),
        ("N\u00famero de archivos: 30", ENTRIES, 30, 0),
        ("Page 1 | 19", PAGES, 19, 0),
        ("Pagina 1 van 3", PAGES, 3, 0),
        ("Show all 30 files", ENTRIES, 30, 0),
        ("Shows 30 files", ENTRIES, 30, 0),
    ],
)
def test_each_claim_has_its_kind_its_numbers_and_its_text(text: str, kind: ClaimKind, number: int, shown: int) -> None:
    assert claims(f"<p>{text}</p>") == [Claim(kind, text, number, shown)]


@pytest.mark.parametrize(
    "text",
    [
        "1-30 of 30",  # all of them
        "31-30 of 30",
        "30 of 30",
        "30 files in 5 folders",  # directories below may be counted, too
        "30 files across 5 directories",
        "Files: 30 (recursive)",
        "Total: 30, 50 downloads",  # beside downloads, a total without a noun may be theirs
        "Found nothing",
        "Photos 15 of 30",
        "15 of 30 X",
        "1-15 of 30.5",
        "15 of 30 files.txt",
        "Show 10 entries",  # the length that one may choose
        "Show <select><option>10</option><option>25</option></select> entries",
        "Show <select name=length><option value=10>10<option value=25 selected> 25 <option>All</select> entries",
        "<select><option>10</option></select> entries",
        "2 files from 2024",
        "1-12/2026",
        "1-15 of 30 Nexus",
        "Level 15 of 30 Next",
        "Level 1 / 3 Next",
        "03-12/30",
        "Page 1 | 19 mirrors",
        "1-3 / 30 mirrors",
    ],
)
def test_what_may_count_something_else_claims_nothing(text: str) -> None:
    assert claims(f"<p>{text}</p>") == []


IN_MANY_LANGUAGES = (
    "57 berkas", "57 fail", "57 tệp", "57 tập tin", "57 souborů", "57 súborov", "57 fájl", "57 tiedostoa",
    "57 filer", "57 αρχεία", "57 dosya", "57 ملف", "57 ملفًا", "٥٧ ملف", "57 קבצים",
    "57 ไฟล์", "파일 57개", "57개 파일",
    "57 fișiere", "57 файлів", "57 файла", "57 файлов", "57 datoteka", "57 datotek", "57 faili", "57 failų",
    "57 failai", "57 skedarë", "57 fitxers", "57 fitxategi", "57 skrár", "57 फ़ाइलें", "57 ფაილი", "57 bestanden",
    "57 arquivos", "57 ficheiros", "57件", "全57件", "57 個のファイル", "57个文件", "共57个项目",
    "57 檔案", "57 個檔案", "57 objektů",
    "57 elementów", "57 elem", "57 kohdetta", "57 objekt", "57 elementer", "57 στοιχεία", "57 öğe", "57 عنصر",
    "57 פריטים", "57 รายการ", "57 mục", "57 item", "57 элементов", "57 елементів", "57 elemente", "Celkem: 57",
    "Összesen: 57", "Yhteensä 57", "I alt 57", "Totalt 57", "Σύνολο: 57", "Toplam: 57", "Toplam 57 dosya",
    "المجموع: 57", 'סה"כ 57', "รวม 57", "Tổng cộng: 57", "Jumlah: 57", "Razem: 57", "Ukupno: 57", "Skupaj: 57",
    "Spolu: 57", "Total général : 57 fichiers", "Общо: 57", "Усього: 57", "1–3 / 57", "1-3 av 57", "1-3 z 57",
    "1–3 / 57 találat", "1-3 από 57", "1-3 / 57 kayıt", "3 dari 57", "1-3 dari 57",
    "Menampilkan 1 sampai 3 dari 57 entri", "Hiển thị 1 đến 3 của 57 mục", "57 kayıttan 1-3 arası",
    "Zobrazeno 1 až 3 z 57", "Megjelenítve 1-3, összesen 57", "Näytetään 1–3 / 57", "Viser 1 til 3 af 57",
    "Visar 1 till 3 av 57", "Mostrando de 1 até 3 de 57 registros", "Показано с 1 по 3 из 57",
    "Εμφάνιση 1 έως 3 από 57", "عرض 1 إلى 3 من 57", "מציג 1 עד 3 מתוך 57", "แสดง 1 ถึง 3 จาก 57", "57 개 중 1-3",
    "57件中1-3件", "第1-3条,共57条", "Afișare 1-3 din 57", "Показване 1 до 3 от 57", "Strana 1 z 19", "Oldal 1 / 19",
    "Sivu 1/19", "Side 1 af 19", "Sida 1 av 19", "Sayfa 1 / 19", "Σελίδα 1 από 19", "Trang 1/19",
    "Halaman 1 dari 19", "หน้า 1 / 19", "صفحة 1 من 19", "עמוד 1 מתוך 19", "1 / 19 ページ", "1/19 페이지",
    "Pagina 1 din 19",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Page 1 of 3", (1, 3)),
        ("\u7b2c 1 / 3 \u9875", (1, 3)),
        ("1 / 3 \u30da\u30fc\u30b8", (1, 3)),
        ("\u5171 3 \u9875", (None, 3)),
    ],
)
def test_the_number_of_a_page_is_known_where_it_is_stated(text: str, page: tuple[int | None, int]) -> None:
    assert page_in(text) == page


@pytest.mark.parametrize(
    ("text", "is_last"),
    [
        ("Page 3 of 3", True), ("Page 2 of 3", False), ("31-45 of 45 files", True), ("1-15 of 45 files", False),
        ("\u5171 3 \u9875", False), ("45 files", False), ("Photos 45 of 45 X", False),
        ("45-45 of 45 X", False), ("Tere", False),
    ],
)  # fmt: skip
def test_a_page_may_say_that_it_is_the_last_one(text: str, *, is_last: bool) -> None:
    assert say_last(list(split_passages(f"<p>a</p><p>{text}</p>")), set(), (), "") is is_last
    named = list(split_passages(f"<h1>Index of /{text}/</h1><p>{text}</p>"))
    assert not say_last(named, set(), (), f"http://h.test/{quote(text)}/")
    assert not say_last(named[1:], {id(named[1])}, (), "")


def test_each_statement_that_there_is_more_is_understood_in_many_languages() -> None:
    assert [text for text in IN_MANY_LANGUAGES if not claims(f"<p>{text}</p>", "a", "b", "c")] == []


@pytest.mark.parametrize("to", ["-", " - ", "\u2013", "...", " til ", " \u0e16\u0e36\u0e07 "])
@pytest.mark.parametrize(("first", "last", "number", "is_more"), [
    (1, 3, 57, True), (4, 6, 57, True), (1, 3, 4, True), (1, 3, 3, False), (2, 3, 57, False), (1, 4, 57, False),
    (0, 2, 57, False), (1, 3, 2024, False),
])  # fmt: skip
def test_a_range_of_as_many_as_there_are_rows_is_a_part_in_any_language(
    first: int, last: int, number: int, is_more: bool, to: str
) -> None:
    wanted = [(OF, number, last)] if is_more else []
    for text in (f"xyz {first}{to}{last} zyx {number} uvw", f"{number} zyx {first}{to}{last} uvw"):
        assert [(each.kind, each.number, each.shown) for each in claims(f"<p>{text}</p>", "a", "b", "c")] == wanted, (
            text
        )


@pytest.mark.parametrize("text", [
    "xyz 1 3 zyx 57", "xyz 1, 3 zyx 57", "xyz 1 - 3 zyx 57 KB", "1-3 zyx 57 %", "1-3 zyx 5.7", "1-3 zyx 57 ms",
    "1-3 zyx 57 uvw 9", "57", "57 xyz", "1-3 xyz", "Apache/2.4.57", "2024-01-03", "tel 1-3-57", "57 visitors",
])  # fmt: skip
def test_three_numbers_that_are_no_range_state_nothing(text: str) -> None:
    assert claims(f"<p>{text}</p>", "a", "b", "c") == []


def test_of_equal_claims_the_first_is_quoted_and_of_others_the_highest_number() -> None:
    assert claims("<p>30 files</p><p>30 items</p><p>20 items</p>") == [Claim(ENTRIES, "30 files", 30)]
    assert claims("<p>20 files</p><p>30 items</p><p>page 1 of 2</p>") == [
        Claim(ENTRIES, "30 items", 30), Claim(PAGES, "page 1 of 2", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "is_claim"), [(300, True), (301, False)])
def test_a_text_that_is_longer_than_a_line_is_prose(length: int, is_claim: bool) -> None:
    assert bool(claims(f"<p>{'30 files'.ljust(length, '.')}</p>")) is is_claim


@pytest.mark.parametrize(("length", "is_claim"), [(100, True), (101, False)])
def test_a_pager_beside_a_fraction_is_short(length: int, is_claim: bool) -> None:
    assert bool(claims(f"<p>{'1 / 3 Next'.ljust(length, '.')}</p>")) is is_claim


NAMES = ("Total", "in all", "All files")
CELLS = {
    "a link and its name": "<td><a href='{0}/'>{0}/</a></td>",
    "a link and an abridged name": "<td><a href='{0}/'>{0:.2}..&gt;</a></td>",
    "a name without a link": "<td>{0}</td>",
    "a link of a script": "<td><a href='?path=x'>{0}/</a></td>",
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_row_says_of_itself_is_no_claim_wherever_the_row_is(cell: str, name: str) -> None:
    rows = [f"<tr>{CELLS[cell].format(each)}<td>{'40 items' if each == name else ''}</td></tr>" for each in NAMES]
    assert claims(f"<table>{''.join(rows)}</table>", *NAMES) == []
    assert claims(f"<table>{''.join(rows)}</table><p>3 items</p>", *NAMES) == [Claim(ENTRIES, "3 items", 3)]


def test_a_row_that_is_known_by_its_place_claims_nothing() -> None:
    passages = list(split_passages("<p>4 files</p><p>3 files</p>"))
    assert claims_in(passages, {id(passages[0])}, ()) == (Claim(ENTRIES, "3 files", 3),)


def test_totals_of_sections_are_no_properties_of_rows() -> None:
    total = "<tr><td>{} files</td><td>{} folders</td></tr>"
    row = "<tr><td><a href={0}>{0}</a></td><td></td></tr>"
    page = f"<table>{row.format('a')}{total.format(1, 2)}{row.format('b')}{total.format(3, 4)}</table>"
    assert claims(page, "a", "b") == [Claim(ENTRIES, "3 files 4 folders", 7)]


@pytest.mark.parametrize(("size", "total"), [("", 10), ("108", None), ("<b>999</b>", None), ("108 bytes", 10)])
def test_numbers_of_two_cells_are_never_one_number(size: str, total: int | None) -> None:
    markup = f"<table><tr><td>Files: 9, directories: 1</td><td>{size}</td></tr></table>"
    found = claims_in(list(split_passages(markup)), set(), [])
    assert [claim.number for claim in found] == ([] if total is None else [total])


def test_a_text_of_one_cell_that_looks_like_those_between_the_rows_belongs_to_a_row() -> None:
    page = "<p>a</p><p>12 items</p><p>b</p><p>40 items</p><p>Total: 40 items</p>"
    assert claims(page, "a", "b") == [Claim(ENTRIES, "Total: 40 items", 40)]


@pytest.mark.parametrize("distance", range(1, 5))
@pytest.mark.parametrize("label", ["Next", "Previous page", "Last"])
def test_a_fraction_counts_pages_if_a_label_of_a_pager_is_close(label: str, distance: int) -> None:
    between = "<p>x</p>" * (distance - 1)
    near = [Claim(OF, "1 / 3", 3, 1)] if distance <= 2 else []
    assert claims(f"<p>{label}</p>{between}<p>1 / 3</p>{'<p>y</p>' * 4}") == near
    assert claims(f"{'<p>y</p>' * 4}<p>1 / 3</p>{between}<p>{label}</p>") == near


def test_a_fraction_of_anything_hides_no_claim_after_it() -> None:
    assert claims("<p>Disc</p><p>3 / 10</p><p>30 files</p>") == [Claim(ENTRIES, "30 files", 30)]


@pytest.mark.parametrize("distance", range(1, 8))
def test_blocks_are_counted_where_modes_of_files_follow_closely(distance: int) -> None:
    page = f"<p>total 48</p>{'<p>x</p>' * (distance - 1)}<p>-rw-r--r-- 1 root root 5 Jan 2 2025 a.zip</p>"
    assert claims(page) == ([] if distance <= 5 else [Claim(ENTRIES, "total 48", 48)])


HEADINGS = ("Index of {}", "{}", "Directory listing for {}", "Index of {}/", "{} - Files", "Contents of /proxy{}")


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize(
    "path",
    [
        "/pub/page/2", "/page/3", "/pub/seite/12", "/page/2/3", "/pub/disc 1 of 3", "/pub/page 1 of 2", "/total 57",
        "/pub/1-20 of 57", "/pub/first 15 files/listing limited to 15", "/\u5171 3 \u9875", "/pub/page 1/2",
    ],
)  # fmt: skip
def test_the_path_of_the_page_itself_states_nothing(path: str, heading: str) -> None:
    text = heading.format(path)
    for url in (f"http://h.test{quote(path)}/", f"http://h.test/x/?dir={quote(path)}"):
        assert claims(f"<h1>{text}</h1>", url=url) == []
        assert claims(f"<h1>{text}</h1><p>Page 1 of 7</p>", url=url) == [Claim(PAGES, "Page 1 of 7", 7)]


@pytest.mark.parametrize("separator", ["/", " / ", " \u00bb ", " &gt; ", "</li><li>", " / </li><li>"])
def test_the_path_states_nothing_in_breadcrumbs(separator: str) -> None:
    names = ["Home", "pub", "page", "2", "disc 1 of 3"]
    assert claims(f"<ul><li>{separator.join(names)}</li></ul>", url="http://h.test/pub/page/2/disc%201%20of%203/") == []


@pytest.mark.parametrize(
    ("text", "url", "kind", "number"),
    [
        ("Page 1 of 3", "http://h.test/page/", PAGES, 3),
        ("Page 1 / 3", "http://h.test/pub/3/", PAGES, 3),
        ("Page 1 /3", "http://h.test/3/", PAGES, 3),
        ("Page 1 / 3", "http://h.test/1/3/", PAGES, 3),
        ("Seite 1 von 3", "http://h.test/Seite/1/", PAGES, 3),
        ("30 files", "http://h.test/files/", ENTRIES, 30),
        ("Index of /other/page/3", "http://h.test/pub/page/2/", PAGES, 3),  # a path, but not that of the page
    ],
)
def test_what_only_has_a_word_or_a_number_of_the_path_is_a_statement(
    text: str, url: str, kind: ClaimKind, number: int
) -> None:
    assert [(each.kind, each.number) for each in claims(f"<p>{text}</p>", url=url)] == [(kind, number)]


@pytest.mark.parametrize(
    "opening", ["div class=pagination", "p class='x pager'", 'nav aria-label="Pagination"', "div id=paging"]
)
def test_a_fraction_counts_pages_in_a_pager(opening: str) -> None:
    assert claims(f"<{opening}>1 / 3</p>") == [Claim(OF, "1 / 3", 3, 1)]
    assert claims(f"<{opening}><span>1 / 3</span></p>") == [Claim(OF, "1 / 3", 3, 1)]
    assert claims(f"<{opening}>x</p><p>1 / 3</p>") == []


@pytest.mark.parametrize("opening", ["div class=page", "div data-x=pager", "a class=pagination", "div"])
def test_a_fraction_counts_nothing_elsewhere(opening: str) -> None:
    assert claims(f"<{opening}>1 / 3</p>") == []


def test_the_number_of_pages_may_stand_beside_the_selection_of_one() -> None:
    assert claims("<p>Page <select><option>1</option><option>2</option></select> of 3") == [
        Claim(PAGES, "Page of 3", 3)
    ]
