"""Rows vanish from a page: what the text around them proves, in histories of a directory whose page is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.errors import ListingError
from crawler.pipeline.rules.listings.page_texts import DOUBTS
from tests.support.fakes import MemoryState
from tests.unit.pipeline.walk.test_read_pages import Reading, files

Printer = Callable[[Sequence[str], str], str]


def busybox(names: Sequence[str], more: str = "") -> str:
    rows = "".join(
        f'<tr class=f><td class=nm><a href="{n}">{n}</a><td class=sz>12<td class=dt>2024-01-11 10:00:00\n'
        for n in names
    )
    return (
        "<html><head><title>Index of /pub/</title></head><body>\n<h1>Index of /pub/</h1>\n<table>\n"
        '<tr><th>Name<th>Size<th>Last modified\n<tr class=d><td class=nm><a href="../">../</a>\n'
        f"{rows}<tr class=foot><th class=cnt>Files: {len(names)}, directories: 1<th class=sz>{12 * len(names)}"
        f"</table>{more}</body></html>"
    )


def iis(names: Sequence[str], more: str = "") -> str:
    rows = "".join(f'<br>11.01.2024  10:00         {len(n)} <A HREF="/pub/{n}">{n}</A>' for n in names)
    return (
        "<html><head><title>h.test - /pub/</title></head><body><H1>h.test - /pub/</H1><hr>\n\n<pre>"
        f'<A HREF="/">[Übergeordnetes Verzeichnis]</A><br>{rows}</pre>{more}<hr></body></html>'
    )


def unknown_words(names: Sequence[str], more: str = "") -> str:
    rows = "".join(f'<tr><td><a href="{n}">{n}</a></td><td>2024-01-11 10:00</td><td>7 KB</td></tr>' for n in names)
    return (
        '<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>/pub/ の一覧</title></head><body>'
        "<h1>/pub/ の一覧</h1><p>ようこそ</p><table><tr><th>名前</th><th>更新日時</th><th>サイズ</th></tr><tr><td>"
        f'<a href="../">親ディレクトリ</a></td><td></td><td></td></tr>{rows}</table>{more}<p>表示 {len(names)} 件</p>'
        "</body></html>"
    )


def sorted_by_script(names: Sequence[str], more: str = "") -> str:
    rows = "".join(f'<tr><td><a href="{n}">{n}</a></td><td>11-Jan-2024 10:00</td><td>7k</td></tr>' for n in names)
    return (
        "<html><head><title>Index of /pub/</title><script>function sort() { rows.sort(); }</script></head><body>"
        "<h1>Index of /pub/</h1><table><tr><th>Name</th><th>Modified</th><th>Size</th></tr>"
        f"{rows}</table><p>Acme Web 1.2</p>{more}</body></html>"
    )


def undertow(names: Sequence[str], more: str = "") -> str:
    rows = "".join(
        f"<tr><td><a href='/pub/{n}'>{n}</a></td><td>Jan 11, 2024 10:00:00 AM</td><td>7 KB</td></tr>" for n in names
    )
    return (
        "<html><head><script src='?js'></script></head><body><table><thead><tr><th colspan=3>Directory Listing - /pub/"
        "</th></tr><tr><th>Name</th><th>Last Modified</th><th>Size</th></tr></thead><tfoot><tr><th "
        'class="loc footer">Powered by Undertow</th></tr></tfoot><tbody><tr><td><a href="/">[..]</a></td><td>'
        "Sep 13, 2020 12:26 PM</td><td>--</td>"
        f"</tr>{rows}</tbody></table>{more}</body></html>"
    )


PRINTERS = [busybox, iis, unknown_words, sorted_by_script, undertow]
ERRORS = [
    "<p>Viga kataloogi lugemisel</p>",  # in a language of which no word is known
    "<p>Hakemistoa ei voitu lukea</p>",
    "<p>E5</p>",
    "<div>zxcv</div>",
    '<p>Some more. <a href="/enter">Enter</a></p>',
]
ACTIVE = [
    "<form method=post action=in><input type=password name=p></form>",
    "<script>load('rows.json')</script>",
    "<iframe src=rows.html></iframe>",
    "<ul id=list></ul><script src=fill.js></script>",
]


class History:
    """A directory of which several versions of its page are read, one after the other."""

    def __init__(self, query: str = "") -> None:
        """``query``: that of the URL of the directory."""
        self._state, self._query = MemoryState(), query

    async def read(self, markup: str, *, trusts: bool = False) -> Reading:
        return await Reading(lambda _: markup, self._state, trusts=trusts).run(self._query)

    async def proves_absence(self, markup: str) -> bool:
        try:
            reading = await self.read(markup)
        except ExceptionGroup as group:  # a root that is no listing
            assert group.subgroup(ListingError) is not None
            return False
        return bool(reading.visited) and reading.is_complete and reading.visited[-1].conclusive


@pytest.mark.parametrize("printer", PRINTERS)
async def test_a_directory_that_has_become_empty_is_believed(printer: Printer) -> None:
    history = History()
    assert await history.proves_absence(printer(files(9), ""))
    assert await history.proves_absence(printer([], ""))
    assert await history.proves_absence(printer(files(3), ""))


@pytest.mark.parametrize("more", [*ERRORS, *ACTIVE])
@pytest.mark.parametrize("printer", PRINTERS)
async def test_an_empty_page_with_anything_new_on_it_is_not(printer: Printer, more: str) -> None:
    history = History()
    assert await history.proves_absence(printer(files(9), ""))
    for _ in range(4):
        assert not await history.proves_absence(printer([], more))


@pytest.mark.parametrize(
    "markup",
    [
        "<title>Log in</title><h1>Log in</h1>",
        "<title>/pub/ の一覧</title><h1>404</h1>",
        "<title>/pub/ の一覧</title><h1>/pub/ の一覧</h1><table>",  # cut short
        unknown_words([]).replace("表示 0 件", "9 files"),
        unknown_words([]).replace("/pub/", "/other/"),
    ],
)
async def test_an_empty_page_that_is_not_what_it_was_proves_nothing(markup: str) -> None:
    history = History()
    assert await history.proves_absence(unknown_words(files(9)))
    assert not await history.proves_absence(markup)


@pytest.mark.parametrize("query", ["?dir=pub", "?path=/pub/&sort=name", "?page=2"])
async def test_a_directory_that_a_query_names_is_compared_like_any_other(query: str) -> None:
    history = History(query)
    assert await history.proves_absence(iis(files(9)))
    assert not await history.proves_absence(iis(files(5), ERRORS[0]))
    assert await history.proves_absence(iis(files(5)))


@given(st.lists(st.sampled_from([True, True, False]), max_size=10), st.booleans())
@settings(max_examples=20)
async def test_only_a_fault_that_is_seen_in_three_visits_in_succession_is_believed(
    visits: list[bool], changes: bool
) -> None:
    history, healthy, faults = History(), 9, 0
    assert await history.proves_absence(iis(files(healthy)))
    for is_faulty in visits:
        faults = faults + 1 if is_faulty else 0
        healthy += changes and not is_faulty
        page = iis(files(5), ERRORS[faults % len(ERRORS)]) if is_faulty else iis(files(healthy))
        is_believed = not is_faulty or faults > DOUBTS
        assert await history.proves_absence(page) is is_believed
        if faults > DOUBTS:
            return


def dated(count: int, day: str) -> str:
    return sorted_by_script(files(count)).replace("Index of /pub/", f"Index of /pub/ ({day})")


async def test_a_heading_that_changes_each_day_is_believed_after_two_changes_and_that_of_another_page_never() -> None:
    days, history = cycle(["pirmdiena", "otrdiena", "tresdiena", "ceturtdiena", "piektdiena"]), History()
    for count in (7, 8, 9, 8, 7):
        assert await history.proves_absence(dated(count, next(days)))
    other = dated(5, "x").replace("Index of /pub/ (x)", "Ieiet")
    for _ in range(4):
        assert not await history.proves_absence(other)
    assert await history.proves_absence(dated(5, next(days)))


async def test_a_heading_that_changes_in_each_doubted_visit_is_believed_after_two_of_them() -> None:
    history = History()
    assert await history.proves_absence(dated(9, "pirmdiena"))
    days = ["otrdiena", "otrdiena", "tresdiena", "ceturtdiena", "piektdiena"]
    assert [await history.proves_absence(dated(8, day)) for day in days] == [False, False, False, True, True]


FAULTS = [
    *ERRORS, ACTIVE[0], ACTIVE[2], "<p>&#9888;</p>", "<p>No files found</p>", "<img alt='Viga'>", "<p>17</p>",
    "<p><a href=/login>Sisse logima</a></p>", "<svg><text>Viga</text></svg>", "<input type=submit value=Sisene>",
    "<p>See <a href=http://status.test/f001.zip>status</a></p>", "<div title='Viga 3'>&nbsp;</div>",
]  # fmt: skip


class Site:
    """A server whose page says many things beside its rows, some of which change from visit to visit."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.printer = random.choice(PRINTERS)
        self.rotates, self._counts = random.random() < 0.3, random.random() < 0.5
        self.count, self.visits, self.template = random.randint(4, 9), 0, 0

    def page(self, fault: str | None = None) -> str:
        """The page now; half of it with a ``fault``: "number" for one that a number tells, or its text."""
        self.visits += 1
        number = self._random.random()
        shown = self.count if fault is None else self._random.randint(1, self.count - 2)
        parts = [
            f"<p>{shown} plikow, {number:.3f} s, {self.visits % 28 + 1} Nov 2026 {self.visits % 24}:07</p>",
            f"<div>vigu: {0 if fault != 'number' else 1 + self.visits}, wersja 1.2.{self.visits}</div>",
            f"<p>Kylastajaid {1000 + self.visits}</p>" if self._counts else "",
            f"<i>{'abcdefgh'[self.visits % 8] * 5}</i><br>" if self.rotates else "",
            f"<p>Mall {'xyzuvw'[self.template % 6] * 3}</p>",
            "" if fault in {None, "number"} else fault,
        ]
        return self.printer(files(shown), "".join(filter(None, parts)))


@given(st.integers(0, 2**32))
@settings(max_examples=10)
async def test_faults_are_doubted_twice_in_succession_and_healthy_pages_are_believed(seed: int) -> None:
    random = Random(seed)
    site, history, faults, changes, was_new = Site(random), History(), 0, 0, False
    for _ in range(4):  # what changes from visit to visit is known after a few
        assert await history.proves_absence(site.page())
        site.count += 1
    for _ in range(8):
        if random.random() < 0.5:
            fault, faults = random.choice(["number", *FAULTS]), faults + 1
            # Where the text always changes, only numbers and the words of servers tell.
            if (site.rotates or changes == DOUBTS) and fault != "number":
                return
            if faults > DOUBTS:
                return  # it is believed now: see above
            assert not await history.proves_absence(site.page(fault)), fault
            continue
        faults, was_faults, was_template = 0, faults, site.template
        site.count = max(4, site.count + random.choice([-2, -1, 0, 1]))
        site.template += random.random() < 0.2
        doubted = 0
        while not await history.proves_absence(site.page()):
            doubted += 1
        changes = min(changes + was_faults + doubted + 1, DOUBTS) if site.template != was_template else 0
        assert doubted <= (DOUBTS if changes or was_new else 0)
        was_new = bool(changes) and not doubted


@pytest.mark.parametrize("more", ERRORS)
@pytest.mark.parametrize("printer", PRINTERS)
async def test_half_a_page_with_new_text_proves_nothing_until_the_text_stays(printer: Printer, more: str) -> None:
    history = History()
    assert await history.proves_absence(printer(files(9), ""))
    for _ in range(DOUBTS):
        reading = await history.read(printer(files(5), more))
        assert "it says" in reading.problem
    assert await history.proves_absence(printer(files(5), more))
    assert await history.proves_absence(printer(files(4), more))


async def test_trust_settles_new_text_at_once() -> None:
    history = History()
    assert await history.proves_absence(iis(files(9)))
    assert not await history.proves_absence(iis(files(5), ERRORS[0]))
    assert (await history.read(iis(files(5), ERRORS[0]), trusts=True)).is_complete
    assert await history.proves_absence(iis(files(4), ERRORS[0]))


@pytest.mark.parametrize("printer", PRINTERS)
async def test_numbers_and_dates_that_change_are_no_evidence(printer: Printer) -> None:
    history = History()
    for number in range(6):
        text = (
            f"<p>Generated in 0.00{number} s on Mon, {number + 10} Nov 2026; load {number}.5, free {9 - number} GB</p>"
        )
        assert await history.proves_absence(printer(files(9 - number), text))


async def test_text_that_always_changes_is_no_evidence() -> None:
    history, quotes = History(), ["Carpe diem", "Festina lente", "Alea iacta est", "Veni vidi vici", "Tabula rasa"]
    for number, quote in enumerate(quotes[:3]):
        assert await history.proves_absence(iis(files(6 + number), f"<p>{quote}</p>"))
    for number, quote in enumerate(quotes[3:]):
        assert await history.proves_absence(iis(files(4 - number), f"<p>{quote}</p>"))


async def test_new_text_without_missing_rows_is_no_flaw() -> None:
    history = History()
    assert await history.proves_absence(iis(files(5)))
    for _ in range(2):
        assert await history.proves_absence(iis(files(6), "<p>Welkom</p>"))
    assert await history.proves_absence(iis(files(5), "<p>Welkom</p>"))


@pytest.mark.parametrize("more", ERRORS)
@pytest.mark.parametrize("printer", PRINTERS)
async def test_text_that_came_one_visit_before_rows_are_missing_is_as_new(printer: Printer, more: str) -> None:
    history = History()
    assert await history.proves_absence(printer(files(9), ""))
    assert await history.proves_absence(printer(files(9), more))
    for _ in range(DOUBTS):
        assert not await history.proves_absence(printer(files(5), more))
    assert await history.proves_absence(printer(files(5), more))
    assert await history.proves_absence(printer(files(4), more))


class Pages:
    """A listing on pages of four rows."""

    def __init__(self, style: str) -> None:
        self.names, self._style = files(12), style
        self._state = MemoryState()

    def page(self, query: str) -> str | None:
        number, last = int(query.partition("=")[2] or 1), -(-len(self.names) // 4)
        if number > last:
            return None
        rows = self.names[4 * number - 4 : 4 * number]
        turns = [(number - 1, "Previous"), (number + 1, "Next")]
        links = [(n, str(n)) for n in range(1, last + 1)] if self._style == "numbers" else turns
        pager = " ".join(f'<a href="?page={n}">{label}</a>' for n, label in links if 1 <= n <= last and n != number)
        shown = "".join(f'<tr><td><a href="{n}">{n}</a></td><td>2024-01-11 10:00</td><td>7 KB</td></tr>' for n in rows)
        return (
            f"<title>Index of /pub/</title><h1>Index of /pub/</h1><p>Leht {number}</p><table><tr><th>Name</th>"
            f"<th>Date</th><th>Size</th></tr>{shown}</table><div class=pager>{pager}</div></html>"
        )

    async def is_whole(self) -> bool:
        try:
            return (await Reading(self.page, self._state).run()).is_complete
        except ExceptionGroup as group:
            assert group.subgroup(ListingError) is not None
            return False


@pytest.mark.parametrize("style", ["numbers", "relations"])
async def test_pagers_of_a_listing_that_grows_and_shrinks_are_no_new_text(style: str) -> None:
    pages = Pages(style)
    for count in (12, 11, 9, 8, 7, 13, 12, 5, 9):
        pages.names = files(count)
        assert await pages.is_whole(), count
