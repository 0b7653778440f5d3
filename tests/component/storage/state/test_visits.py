"""What a run has not visited: told from the copy of a small state if that is nothing, and otherwise by the database."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from crawler.model.state.directory_digest import CopiesDigest
from crawler.storage.state import small_state, tables, visits
from crawler.storage.state.store import SqliteState
from tests.component.storage.state.test_copies import LEAF
from tests.component.storage.state.test_store import known, memo

DIRECTORIES = ["", "a", "a/b", "ä", "c\udcff", "d"]
PAGES = {path: f"http://h/{number}/" for number, path in enumerate(DIRECTORIES)}


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of visits in each write of them to the database."""
    found: list[int] = []
    note = visits.note

    def count(pairs: list[tuple[str, str | None]], connection: Any) -> None:
        if pairs:
            found.append(len(pairs))
        note(pairs, connection)

    monkeypatch.setattr(tables, "note", count)
    return found


async def fill(path: Path) -> None:
    async with SqliteState(path) as state:
        for directory in DIRECTORIES:
            state.remember([known(f"{directory}/f".lstrip("/"))])
            if directory == "d":
                state.remember_directory_digest(PAGES[directory], directory, LEAF)
            else:
                state.remember_listing(memo(PAGES[directory], directory))


async def left(state: SqliteState) -> list[str]:
    """The pages that the state knows."""
    found = [url for url in PAGES.values() if await state.listing(url)]
    return found + [url for url in PAGES.values() if await state.directory_digest(url)]


async def end(state: SqliteState) -> list[str]:
    """What is done at the end of a run; returns the directories that were not visited."""
    found = await state.unvisited_directories()
    await state.forget_unvisited_pages(lambda path, _url: path == "a")
    return found


async def test_a_run_that_has_visited_all_asks_nothing(tmp_path: Path, noted: list[int]) -> None:
    path = tmp_path / "state"
    await fill(path)
    async with SqliteState(path) as state:
        for directory, url in PAGES.items():
            state.visited(directory, url)
        state.flush()
        assert await end(state) == []
    async with SqliteState(path) as state:
        assert await left(state) == list(PAGES.values())
    assert not noted


async def test_many_visits_are_not_kept_in_memory(
    tmp_path: Path, noted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST", 4)
    path = tmp_path / "state"
    await fill(path)
    async with SqliteState(path) as state:
        for directory, url in PAGES.items():
            state.visited(directory, url)
            state.flush()
        assert await end(state) == []
    async with SqliteState(path) as state:
        assert await left(state) == list(PAGES.values())
    assert noted == [4, 2]


async def visit_all(state: SqliteState, *, without: str = "", page: str | None = None) -> None:
    """Visit all but the directory ``without``, whose page is visited for another one, and but the page of ``page``."""
    for directory, url in PAGES.items():
        state.visited(directory if directory != without else "", url if directory != page else None)


@pytest.mark.parametrize(
    ("directory", "page"), [("", None), ("a/b", None), ("", "a/b"), ("", "d")], ids=["all", "directory", "page", "leaf"]
)
async def test_a_first_run_asks_nothing_if_it_has_visited_all_that_it_has_written(
    tmp_path: Path, noted: list[int], directory: str, page: str | None
) -> None:
    async with SqliteState(tmp_path / "state") as state:
        for path, url in PAGES.items():
            state.remember([known(f"{path}/f".lstrip("/"))])
            state.flush()
            if path == "d":
                state.remember_directory_digest(url, path, LEAF)
            else:
                state.remember_listing(memo(url, path))
        await visit_all(state, without=directory, page=page)
        assert await end(state) == ([directory] if directory else [])
    async with SqliteState(tmp_path / "state") as state:
        assert set(await left(state)) == {url for path, url in PAGES.items() if path != page}
    assert bool(noted) == bool(directory or page)


@pytest.mark.parametrize("is_flushed", [True, False])
@pytest.mark.parametrize("comes_first", [True, False])
async def test_a_directory_that_the_run_has_found_may_be_unvisited(
    tmp_path: Path, is_flushed: bool, comes_first: bool
) -> None:
    path = tmp_path / "state"
    await fill(path)
    async with SqliteState(path) as state:
        if not comes_first:
            await visit_all(state)
        state.remember([known("new/f")])
        if is_flushed:
            state.flush()
        if comes_first:
            await visit_all(state)
        assert await end(state) == ["new"]


@pytest.mark.parametrize("directory", ["a/b", "d"])
async def test_each_directory_and_each_page_has_to_be_visited(tmp_path: Path, directory: str) -> None:
    """One without digests, and one with both."""
    path = tmp_path / "state"
    await fill(path)
    async with SqliteState(path) as state:
        state.remember_copies("d", CopiesDigest("1 basis", 5, 5))
    for page, expected in ((None, PAGES.values()), (directory, {*PAGES.values()} - {PAGES[directory]})):
        async with SqliteState(path) as state:
            assert await state.copies(["d"])
            await visit_all(state, without=directory)
            assert await end(state) == [directory]
        async with SqliteState(path) as state:
            await visit_all(state, page=page)
            assert await end(state) == []
        async with SqliteState(path) as state:
            assert set(await left(state)) == set(expected)


@pytest.mark.parametrize("seed", range(6))
async def test_the_copy_says_what_the_database_says(
    tmp_path: Path, noted: list[int], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random runs, with a small state and with a large one."""
    results = []
    for name in ("small", "large"):
        chance = random.Random(seed)
        if name == "large":
            monkeypatch.setattr(small_state, "LISTINGS", 0)
        path = tmp_path / name
        await fill(path)
        noted.clear()
        async with SqliteState(path) as state:
            assert (state._small is None) is (name == "large")
            for directory, url in PAGES.items():
                if seed % 3 and chance.random() < 0.2:
                    state.visited(directory, chance.choice([None, "http://other/"]))
                elif not seed % 3 or chance.random() < 0.8:
                    state.visited(directory, url)
                change = chance.randrange(12)
                if change == 1:
                    state.remember([known(f"new{directory}/f")])
                elif change == 2:
                    state.remember_listing(memo(f"http://new{directory}/", directory))
                elif change == 3:
                    state.forget_directory("d")
                elif change == 4:
                    state.flush()
            unvisited = await end(state)
        async with SqliteState(path) as state:
            results.append((unvisited, await left(state), await state.listing("http://newa/") is None))
    assert results[0] == results[1]
