"""A page that is not found after "Next" is the end of a listing only if no known rows were on pages behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crawler.model.errors import CrawlerError
from tests.support.fakes import MemoryState
from tests.support.paged_site import PagedSite, numbers
from tests.unit.pipeline.walk.test_read_pages import Reading, files

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

    def _marker(self, number: int) -> str:
        return f"t{number}x{self.salt}" if self.is_token else self.names[LENGTH * number - 1]

    def page(self, query: str) -> str | None:
        marker = query.partition("=")[2]
        count = -(-len(self.names) // LENGTH)
        if self.is_token:
            number = next((n for n in range(1, count) if marker == self._marker(n)), -1) if marker else 0
        else:
            number = sum(name <= marker for name in self.names) // LENGTH
        if marker == "gone" or not 0 <= number < count or (number and self.missing(number)):
            return None
        rows = self.names[LENGTH * number : LENGTH * (number + 1)]
        is_last = len(rows) < LENGTH or number == count - 1
        after = self.wrong_next.get(number, "" if is_last else self._marker(number + 1))
        if is_last and not after and self.is_endless:
            after = f"t{count}x{self.salt}" if self.is_token else rows[-1]
        link = f'<a href="?marker={after}">Next</a>' if after else ""
        return PagedSite(rows, 99, numbers).markup(1).replace("</table>", f"</table>{link}")


async def names_if_whole(site: Chain, state: MemoryState) -> list[str] | None:
    """The names that a run reads, if it takes the listing for whole."""
    read = Reading(site.page, state)
    try:
        await read.run()
    except BaseExceptionGroup as group:
        assert group.subgroup(CrawlerError), group
        return None
    return read.names if read.is_complete else None


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("change", ["removed", "added", "renewed"])
@pytest.mark.parametrize("missing", ["all", 1, 2])
async def test_pages_that_are_not_found_for_several_runs_were_not_the_end(
    missing: str | int, change: str, *, is_token: bool
) -> None:
    site, state = Chain(files(11), is_token=is_token), MemoryState()
    assert await names_if_whole(site, state) == site.names
    if change == "removed":
        site.names = site.names[1:]
    elif change == "added":
        site.names = ["a.zip", *site.names]
    site.salt += change == "renewed"
    site.missing = lambda number: missing in {"all", number}
    assert [await names_if_whole(site, state) for _ in range(3)] == [None] * 3
    site.missing = lambda _number: False
    assert await names_if_whole(site, state) == site.names


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_link_to_a_page_that_is_not_found_is_forgotten_with_the_fault(
    place: int, runs: int, *, is_token: bool, is_removed: bool
) -> None:
    site, state = Chain(files(11), is_token=is_token), MemoryState()
    assert await names_if_whole(site, state) == site.names
    site.wrong_next[place] = "gone"
    for _ in range(runs):
        site.names = site.names[is_removed:]
        assert await names_if_whole(site, state) is None
    site.wrong_next.clear()
    assert await names_if_whole(site, state) == site.names


@pytest.mark.parametrize("is_token", [False, True])
@pytest.mark.parametrize("counts", [(9,), (8, 9), (9, 12), (8, 11, 12)])
async def test_next_on_the_last_page_of_full_length_is_known_to_lead_nowhere_if_no_row_is_missing(
    counts: tuple[int, ...], *, is_token: bool
) -> None:
    state = MemoryState()
    for count in counts:
        site = Chain(files(count), is_token=is_token, is_endless=True)
        runs = [await names_if_whole(site, state) for _ in range(2)]
        assert runs[-1] == site.names
