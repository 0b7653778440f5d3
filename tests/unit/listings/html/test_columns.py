"""How columns are scored: their exclusions and their marks."""

from __future__ import annotations

import pytest

from crawler.listings import parse_listing
from crawler.listings.html.tree import headings
from crawler.listings.html.tree.cells import Cell
from crawler.listings.html.tree.columns import SIZE, TIME, UNHEADED_SIZE, Column, Scoring


def column(texts: str, heading: str = "", *, headed: bool = False, linked: bool = False) -> Column:
    """A column of the cells in ``texts``, separated by ``|``."""
    cells = [Cell(text, linked=linked) for text in texts.split("|")]
    return Column(cells, heading, table_has_headings=headed or bool(heading))


@pytest.mark.parametrize(
    ("scoring", "tested", "score"),
    [
        (TIME, column("2024-05-06 03:08|2024-05-07 03:08"), 1.0 + 0.5 + 0.7),
        (TIME, column("2024-05-06 03:08|-", "Date"), 1.0 + 0.5 + 0.5 + 0.7),
        (TIME, column("2024-05-06 03:08", "Last modified"), 2.0 + 1.0 + 0.5 + 0.7),
        (TIME, column("2024-05-06 03:08", linked=True), 1.0 + 0.5),
        (TIME, column("notes|more", "Last modified"), 0.0),
        (TIME, column("2024-05-06 03:08|some|text", "Last modified"), 0.0),
        (TIME, column("|"), 0.0),
        (SIZE, column("100|-", "Size"), 4.0),
        (SIZE, column("100|text", "Size"), 3.5),
        (SIZE, column("|", "Size"), 0.0),
        (UNHEADED_SIZE, column("1.5K|20M"), 1.5),
        (UNHEADED_SIZE, column("1.5K|-"), 0.5 + 0.25),
        (UNHEADED_SIZE, column("100|245|17"), 0.5),
        (UNHEADED_SIZE, column("1.5K|some|text|here"), 0.0),
        (UNHEADED_SIZE, column("-|-"), 0.0),
        (UNHEADED_SIZE, column("100|245|17", headed=True), 0.0),
        (UNHEADED_SIZE, column("1.5K|20M", "Downloads"), 0.0),
        (UNHEADED_SIZE, column("7|8|9|10"), 0.0),
        (UNHEADED_SIZE, column("7|7|7|7|9"), 0.0),
        (UNHEADED_SIZE, column("|"), 0.0),
    ],
)
def test_a_column_scores_the_sum_of_its_marks_unless_excluded(scoring: Scoring, tested: Column, score: float) -> None:
    assert scoring.score(tested) == pytest.approx(score)


def test_each_exclusion_excludes_alone() -> None:
    """An exclusion implied by another would be dead code; those for empty columns guard divisions."""
    alone = {
        "most cells hold something else": column("1.5K|some|text|here"),
        "no cell holds a size": column("-|-"),
        "bare numbers, in a table with headings of which none says size": column("100|245|17", headed=True),
        "the heading is a word for something else": column("1.5K|20M", "Downloads"),
        "bare numbers that repeat or count the rows": column("7|8|9|10"),
    }
    for why, tested in alone.items():
        assert next(e.why for e in UNHEADED_SIZE.exclusions if e.applies(tested)) == why


@pytest.mark.parametrize(
    "labels",
    [
        "Name Size Modified", "Název Velikost Změněno", "Név Méret Módosítva", "Nimi Koko Muokattu",
        "Namn Storlek Ändrad", "Navn Størrelse Ændret", "Naam Grootte Datum", "Nazwa Rozmiar Data",
        "Ad Boyut Değiştirilme", "Όνομα Μέγεθος Τροποποίηση", "Nume Mărime Data", "Назва Розмір Змінено",
        "Имя Размер Изменён", "Име Размер Променен", "שם גודל שונה", "نام اندازه تاریخ", "الاسم الحجم التاريخ",
        "Tên Kích+thước Ngày+sửa", "ชื่อ ขนาด แก้ไขล่าสุด", "이름 크기 수정한+날짜", "名称 大小 修改时间",
        "名前 サイズ 更新日時", "Nama Ukuran Diubah", "Nome Tamanho Data", "Nombre Tamaño Fecha", "Nom Taille Date",
        "नाम आकार दिनांक", "Naziv Veličina Izmijenjeno",
    ],
)  # fmt: skip
def test_the_headings_of_a_table_are_understood_in_many_languages(labels: str) -> None:
    name, size, time = (label.replace("+", " ") for label in labels.split(" "))
    assert (bool(headings.NAME.search(name)), bool(headings.SIZE.search(size)), bool(headings.TIME.search(time))) == (
        (True,) * 3
    )
    assert headings.count_words(" | ".join((name, size, time))) == 3


@pytest.mark.parametrize("end", ["", "/", " /"])
def test_names_that_are_dates_are_no_times(end: str) -> None:
    """Some programs print a slash behind the link of a directory, and no time."""
    rows = "".join(f"<tr><td><a href='{name}/'>{name}</a>{end}</td><td></td></tr>" for name in ("a", "2024-02-01"))
    page = f"<title>Index of /pub/</title><h1>Index of /pub/</h1><table>{rows}</table>"
    listing = parse_listing(page.encode(), "http://h.test/pub/", "text/html")
    assert [(entry.name, entry.modified) for entry in listing.entries] == [("a", None), ("2024-02-01", None)]
