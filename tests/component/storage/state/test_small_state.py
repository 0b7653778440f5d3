"""A small state is read in one pass, a large one directory by directory, with the same results."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.storage.state import small_state
from crawler.storage.state.store import SqliteState
from tests.component.storage.state.test_directory_digests import LEAF
from tests.component.storage.state.test_store import fill, known, memo


@pytest.fixture(params=["small", "many files", "many listings", "long listings"])
async def state_path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    limit = {"many files": "FILES", "many listings": "LISTINGS", "long listings": "LISTING_BYTES"}.get(request.param)
    if limit is not None:
        monkeypatch.setattr(small_state, limit, 0)
    path = tmp_path / "state.sqlite3"
    await fill(path, known("top"), known("a/b"), known("a/c"), known("a/d/e"))
    return path


async def test_every_directory_and_listing_is_known(state_path: Path) -> None:
    async with SqliteState(state_path) as state:
        for _ in range(2):
            assert await state.directory("") == {"top": known("top")}
            assert await state.directory("a") == {"b": known("a/b"), "c": known("a/c")}
            assert await state.directory("never") == {}
            assert await state.listing("http://h/a/") == memo()
            assert await state.listing("http://h/never/") is None


async def test_changes_are_visible_at_once(state_path: Path) -> None:
    async with SqliteState(state_path) as state:
        state.remember([known("a/b", size=9)])
        assert await state.directory("a") == {"b": known("a/b", size=9), "c": known("a/c")}
        state.forget(["a/c"])
        assert await state.directory("a") == {"b": known("a/b", size=9)}
        state.remember([known("new/x")])
        assert await state.directory("new") == {"x": known("new/x")}
        state.remember_listing(memo(body_digest="sha256:11"))
        assert await state.listing("http://h/a/") == memo(body_digest="sha256:11")
        state.forget_directory("a/d")
        assert await state.directory("a/d") == {}


async def test_a_page_with_a_digest_has_both(state_path: Path) -> None:
    async with SqliteState(state_path) as state:
        state.remember_directory_digest("http://h/a/", "a", LEAF)
        pages = state.known_pages
    async with SqliteState(state_path) as state:
        assert state.known_pages == max(pages, 1), "a page is counted once"
        for _ in range(2):
            assert await state.directory_digest("http://h/a/") == LEAF
            assert await state.directory_digest("http://h/") is None
            assert await state.listing("http://h/a/") == memo()
            assert [row.name for row in await state.rows("a", list, [])] == ["b", "c"]
        state.remember([known("a/b", size=9)])
        assert [row.size for row in await state.rows("a", list, [])] == [9, known("a/c").size]
        state.remember_listing(memo(body_digest="sha256:11"))
        assert await state.listing("http://h/a/") == memo(body_digest="sha256:11")


async def test_a_damaged_row_is_dropped_and_reported_once(state_path: Path) -> None:
    with closing(sqlite3.connect(state_path)) as connection, connection:
        connection.execute("UPDATE files SET size = 'big' WHERE name = ?", (b"b",))
    async with SqliteState(state_path) as state:
        for _ in range(2):
            assert await state.directory("a") == {"c": known("a/c")}
        assert "1 damaged record" in (state.problem or "")
    async with SqliteState(state_path) as state:
        assert await state.directory("a") == {"c": known("a/c")}
    assert state.problem is None


async def test_a_small_state_is_answered_without_queries(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    await fill(path, known("a/b"))
    async with SqliteState(path) as state:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM files")
        assert await state.directory("a") == {"b": known("a/b")}
