"""What ends a listing: a page that is not found, or one that repeats another. In whole runs: rows that were known and
are on no page are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import md5

import pytest

from crawler.model.errors import CrawlerError
from tests.support.fakes import FakeRequest, FakeResponse, MemoryState
from tests.support.paged_mirror import PagedMirror, page_of
from tests.support.paged_site import STYLES, PagedSite, Paging, numbers
from tests.unit.pipeline.walk.test_read_pages import ROOT, Reading, files

LENGTH = 3


class Chain:
    """A listing of ``names`` whose pages name the next one: by the last row, or by a token."""

    def __init__(self, names: list[str], *, is_token: bool, is_endless: bool = False) -> None:
        self.names, self.salt = names, 0
        self.is_token, self.is_endless = is_token, is_endless
        self.wrong_next: dict[int, str] = {}
        """Number of a page, from 0 → the marker that it names instead of the next one."""
        self.missing: Callable[[int], bool] = lambda _number: False
        """Whether the page with a number, from 0, is not found."""

    def page(self, query: str) -> str | None:
        marker = query.partition("=")[2]
        count = -(-len(self.names) // LENGTH)
        if self.is_token:
            start = LENGTH * next((n for n in range(count) if marker in {"", f"t{n}x{self.salt}"}), -1)
        else:
            start = sum(name <= marker for name in self.names)
        number, rows = start // LENGTH, self.names[start:][:LENGTH]
        if marker == "gone" or not 0 <= start < len(self.names) or (number and self.missing(number)):
            return None
        after = f"t{number + 1}x{self.salt}" if self.is_token else rows[-1]
        is_last = start + LENGTH >= len(self.names)
        after = self.wrong_next.get(number, "" if is_last and not self.is_endless else after)
        link = f'<a href="?marker={after}">Next</a>' if after else ""
        return PagedSite(rows, 99, numbers).markup(1).replace("</table>", f"</table>{link}")


async def is_whole(mirror: PagedMirror, names: list[str], page: Callable[[str], str | None]) -> bool:
    """Whether a run of ``mirror`` succeeds in which the site has ``names``, and the listing ``page``."""
    mirror.site = page_of(names, page)
    return await mirror.run()


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("change", ["removed", "added", "renewed"])
@pytest.mark.parametrize("missing", ["all", 1, 2])
async def test_pages_that_are_not_found_for_several_runs_were_not_the_end(
    missing: str | int, change: str, *, is_token: bool
) -> None:
    site = Chain(files(11), is_token=is_token)
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    if change == "removed":
        site.names = site.names[1:]
    elif change == "added":
        site.names = ["a.zip", *site.names]
    site.salt += change == "renewed"
    site.missing = lambda number: missing in {"all", number}
    assert await mirror.runs(3) == "555"
    site.missing = lambda _number: False
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_link_to_a_page_that_is_not_found_is_forgotten_with_the_fault(
    place: int, runs: int, *, is_token: bool, is_removed: bool
) -> None:
    site = Chain(files(14), is_token=is_token)
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.wrong_next[place] = "gone"
    for _ in range(runs):
        site.names = site.names[is_removed:]
        assert await mirror.runs(1) == "5"
    site.wrong_next.clear()
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("counts", [(9,), (8, 9), (9, 12), (8, 11, 12)])
async def test_next_on_the_last_page_of_full_length_is_known_to_lead_nowhere_if_no_row_is_missing(
    counts: tuple[int, ...], *, is_token: bool
) -> None:
    mirror = PagedMirror(Chain([], is_token=is_token))
    for count in counts:
        mirror.site = Chain(files(count), is_token=is_token, is_endless=True)
        assert (await mirror.runs(2))[-1] == "0"
        assert mirror.names == set(files(count))


@pytest.mark.parametrize("place", [1, 2, 3])
async def test_pages_that_begin_elsewhere_do_not_end_where_links_are_missing(place: int) -> None:
    site = Chain(files(14), is_token=False)
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.names = site.names[1:]
    site.wrong_next[place] = ""
    assert await mirror.runs(2) == "55"
    site.wrong_next.clear()
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("removed", range(11))
async def test_the_last_page_in_place_of_another_is_not_the_end_if_it_does_not_lead_on(removed: int) -> None:
    site = Chain(files(11), is_token=False)
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.names = [name for number, name in enumerate(site.names) if number != removed]
    last = site.names[9:]

    def page(query: str) -> str | None:
        found, rows = site.page(query), site.names[6:9]
        if found is None or f'"{rows[0]}"' not in found or "Next" not in found:
            return found
        head, _, rest = found.partition("<tr><td><a")
        one = PagedSite(last, 99, numbers).markup(1).partition("<tr><td><a")[2].partition("</table>")[0]
        return f"{head}<tr><td><a{one}</table>{rest.partition('</table>')[2]}"

    assert [await is_whole(mirror, site.names, page) for _ in range(2)] == [False, False]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("?page=0", True),
        ("?offset=0&limit=7", False),  # the limit may be the number
        ("?page=1", False),  # it may be the second page, of which the first takes the place
    ],
)
async def test_next_on_the_only_page_leads_to_it_by_the_number_of_the_first_page(link: str, *, expected: bool) -> None:
    markup = PagedSite(files(5), 99, numbers).markup(1).replace("</table>", f'</table><a href="{link}">Next</a>')
    read = await Reading(lambda query: markup if query in {"", link[1:]} else None).run()
    assert read.is_complete is expected


@pytest.mark.parametrize("count", [13, 16])
async def test_an_empty_page_to_which_several_but_not_the_first_lead_is_not_the_end(count: int) -> None:
    paging = Paging(key="marker", is_opaque=True)
    site = PagedSite(files(count), 4, STYLES["window"], paging)
    empty = re.sub(r"<tr><td><a .*?</tr>", "", site.markup(3))
    read = await Reading(lambda query: empty if query == paging.href(3)[1:] else site.page(query)).run()
    assert not read.is_complete


async def test_what_was_the_end_of_a_listing_is_so_after_a_removal() -> None:
    mirror, found = PagedMirror(Chain([], is_token=True)), ""
    for first in (0, 0, 1):
        mirror.site = Chain(["a.zip", "b.zip", *files(first + 7)[first:]], is_token=True, is_endless=True)
        found += await mirror.runs(1)
    assert found == "500"


async def test_a_page_of_rows_of_its_own_that_is_the_first_one_again_is_no_other_url_of_it() -> None:
    paging = Paging(key="marker", is_opaque=True)
    site = PagedSite(files(25), 5, STYLES["window"], paging)
    mirror = PagedMirror(page_of(files(25), site.page))
    assert await mirror.run()
    fewer = PagedSite(files(25)[3:], 5, STYLES["window"], paging)
    page = {paging.href(3)[1:]: fewer.markup(1)}
    assert not await is_whole(mirror, files(25)[3:], lambda query: page.get(query) or fewer.page(query))


@pytest.mark.parametrize("style", ["numbers", "window", "all-numbers"])
async def test_the_last_page_that_is_empty_now_is_not_the_end_though_it_leads_to_all_others(style: str) -> None:
    paging = Paging(key="marker", is_opaque=True)
    site = PagedSite(files(7), 2, STYLES[style], paging)
    mirror = PagedMirror(page_of(files(7), site.page))
    assert await mirror.run()
    page = {paging.href(4)[1:]: re.sub(r"<tr><td><a .*?</tr>", "", site.markup(4))}
    assert not await is_whole(mirror, files(7), lambda query: page.get(query) or site.page(query))


@pytest.mark.parametrize("style", ["dead-next", "numbers", "next", "more"])
async def test_the_second_page_in_place_of_the_first_one_deletes_nothing(style: str) -> None:
    paging = Paging(key="x", first=0, step=7, before="sort=name&")
    site = PagedSite(files(6), 3, STYLES[style], paging)
    mirror = PagedMirror(page_of(files(6), site.page))
    assert await mirror.run()
    assert not await is_whole(mirror, files(6), lambda query: site.page(query) if "x=7" in query else site.markup(2))


@pytest.mark.parametrize("count", [7, 8])
async def test_a_page_that_repeated_the_last_one_may_not_be_found_any_more(count: int) -> None:
    mirror, paging, found = PagedMirror(Chain([], is_token=False)), Paging(), ""
    for names, is_repeated in ((files(8), True), (files(8)[:count], False)):
        site = PagedSite(names, 2, STYLES["relation"], paging)
        last = site.markup(4).replace("</table>", f'</table><a href="{paging.href(5)}">Next</a>')
        pages = {"page=4": last} | ({"page=5": last} if is_repeated else {})
        mirror.site = page_of(names, lambda query, site=site, pages=pages: pages.get(query, site.page(query)))
        found += await mirror.runs(2)
    assert found == ("0050" if count == 8 else "0000"), "a page of full length may be followed by others"
    assert mirror.names == set(files(count))


@pytest.mark.parametrize(("removed", "expected"), [(None, True), (1, False), (5, False)])
async def test_a_page_of_a_cache_that_is_older_than_those_before_it_deletes_nothing(
    removed: int | None, *, expected: bool
) -> None:
    """If a row of an earlier page was removed, another one is on no page."""
    site = PagedSite(files(9), 3, numbers)
    mirror = PagedMirror(page_of(files(9), site.page))
    assert await mirror.run()
    now = PagedSite([name for number, name in enumerate(site.names) if number != removed], 3, numbers)
    found = await is_whole(mirror, list(now.names), lambda query: (site if query == "page=2" else now).page(query))
    assert found is expected


@pytest.mark.parametrize("is_half", [False, True])
async def test_rows_are_compared_with_those_of_pages_that_have_other_urls_now(*, is_half: bool) -> None:
    site = Chain(files(16), is_token=True)
    mirror = PagedMirror(site)
    assert await mirror.run()
    site.salt, page = 1, site.page
    if is_half:
        last_row = f'<a href="{site.names[14]}"'
        site.page = lambda query: re.sub(rf"<tr>(?:(?!<tr>).)*{last_row}.*?</tr>", "", page(query) or "", flags=re.S)  # type: ignore[method-assign]
        assert last_row in (page("marker=t4x1") or "") and last_row not in site.page("marker=t4x1")
    assert await mirror.run() is not is_half


class Linked:
    """A listing of ``names`` whose pages name the next one in a Link header, and have entity tags of their bodies."""

    def __init__(self, names: list[str], *, beyond: int) -> None:
        """``beyond``: the status of pages after the last one."""
        self.names, self._state, self.log = names, MemoryState(), list[int]()
        self._beyond = beyond

    def _respond(self, request: FakeRequest) -> FakeResponse:
        number = int(request.url.partition("=")[2] or 1)
        site = PagedSite(self.names, LENGTH, lambda _page, _last, _href: "")
        body = site.markup(number).encode()
        headers = {"Content-Type": "text/html", "ETag": f'"{md5(body).hexdigest()}"'}
        link = {"Link": f'<{ROOT}?page={number + 1}>; rel="next"'} if number < site.last else {}
        is_same = request.headers.get("If-None-Match") == headers["ETag"]
        self.log.append(304 if is_same else self._beyond if number > site.last else 200)
        more = {} if is_same else link
        return FakeResponse(status=self.log[-1], headers=headers | more, body=b"" if is_same else body)

    async def is_whole(self) -> bool:
        self.log.clear()
        read = Reading(lambda _query: None, self._state, respond=self._respond)
        try:
            await read.run()
        except BaseExceptionGroup as group:
            assert group.subgroup(CrawlerError), group
            return False
        return read.is_complete


@pytest.mark.parametrize(
    ("beyond", "expected"),
    [
        (200, [(True, [304, 200]), (True, [304, 304])]),
        (404, [(False, [304, 404]), (True, [304, 404])]),
        (403, [(False, [304, 403]), (True, [200]), (True, [304])]),
    ],
)
async def test_a_link_header_that_is_gone_does_no_harm_although_a_304_need_not_repeat_it(
    beyond: int, expected: list[tuple[bool, list[int]]]
) -> None:
    site = Linked(files(6), beyond=beyond)
    assert [await site.is_whole(), await site.is_whole()] == [True, True]
    assert site.log == [304, 304]
    site.names = site.names[:3]
    assert [(await site.is_whole(), list(site.log)) for _ in expected] == expected


@pytest.mark.parametrize("is_endless", [False, True])
@pytest.mark.parametrize("heading", ["Penyimpanan bermasalah", "Halaman tidak ditemukan"])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_page_that_alone_has_another_heading_proves_nothing_though_it_has_its_pager(
    number: int, heading: str, *, is_endless: bool
) -> None:
    site = Chain(files(9), is_token=False, is_endless=is_endless)
    mirror = PagedMirror(site)
    assert await mirror.runs(2) == ("50" if is_endless else "00")
    marker, page = f"marker={files(9)[3 * number - 1]}" if number else "", site.page
    lost = files(9)[3 * number + 2]

    def wrong(query: str) -> str | None:
        markup = page(query)
        if markup is None or query != marker:
            return markup
        row = re.compile(rf'<tr>(?:(?!<tr>).)*"{lost}".*?</tr>', re.DOTALL)
        return row.sub("", markup.replace("Index of /pub/", heading))

    site.page = wrong  # type: ignore[method-assign]
    assert await mirror.runs(3) == "555"
    site.page = page  # type: ignore[method-assign]
    assert (await mirror.runs(2))[-1] == "0"
    assert mirror.names == set(files(9))
