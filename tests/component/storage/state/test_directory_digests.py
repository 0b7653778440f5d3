"""Directory digests in the state: in current states, in older ones, and in ones that the program did not write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile
from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Known, Validators
from crawler.storage.state import small_state, tables
from crawler.storage.state.checksum import sealed
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.store import SqliteState
from crawler.storage.state.tables import SHORT_PAGE, Pending

LEAF = DirectoryDigest(
    answered="http://h/ü\udcff/",
    body_digest="00",
    validators=Validators(etag='"\udcff"', last_modified=None),
    family="nginx",
    wishes="all",
    files=3,
    total=(1 << 128) - 1,
    resolution=60,
    newest=0.5,
    newest_local=1.5,
    skipped=(RefusedEntry("a\udcff", "http://h/a", None, "ext"), RefusedEntry("b", "http://h/b", 5, "exclude")),
)
PLAIN_LEAF = replace(
    LEAF,
    answered="http://h/ü/",
    validators=Validators(etag='"ü\0"'),
    skipped=(RefusedEntry("ü", "http://h/ü", 2**70, "ext"),),
)
"""One without lone surrogates."""
URL = "http://h/\udcff/"
FILE = Known(
    path="sub/ü\udcff",
    url="http://h/ü",
    row="5 ü",
    size=5,
    mtime=7,
    validators=Validators(last_modified="\udcff"),
    checked=9.5,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


async def remember(path: Path, *leaves: DirectoryDigest) -> None:
    async with SqliteState(path) as state:
        state.remember([FILE, Known(path="other/x", url="http://h/x", row="", size=1, mtime=2**70)])
        for leaf in leaves:
            state.remember_directory_digest(URL, "sub", leaf)
    assert state.problem is None


def everything(rows: Iterable[StoredFile]) -> list[StoredFile]:
    return list(rows)


@pytest.mark.parametrize("leaf", [LEAF, PLAIN_LEAF])
async def test_a_recorded_digest_is_known_in_the_next_run(path: Path, leaf: DirectoryDigest) -> None:
    await remember(path, leaf)
    async with SqliteState(path) as state:
        assert await state.directory_digest(URL) == leaf
        assert await state.directory_digest("http://h/") is None
    async with ReadOnlyState(path) as state:
        assert await state.directory_digest(URL) == leaf


def page_of(entries: int) -> ListingMemo:
    return ListingMemo(
        url=URL,
        answered=URL,
        path="sub",
        validators=Validators(),
        body_digest="00",
        family="nginx",
        complete=True,
        entries=tuple(Entry(name=f"{number}", kind=Kind.FILE, url=f"{URL}{number}") for number in range(entries)),
        next_pages=(),
    )


@pytest.mark.parametrize("is_between", [False, True])
@pytest.mark.parametrize(("entries", "is_kept"), [(0, False), (SHORT_PAGE, False), (SHORT_PAGE + 1, True)])
async def test_a_short_page_is_not_kept_beside_its_digest(
    path: Path, entries: int, is_kept: bool, is_between: bool
) -> None:
    """``is_between``: files are recorded after the page and before its digest."""
    page = page_of(entries)
    async with SqliteState(path) as state:
        state.remember_listing(page)
        if is_between:
            state.remember([FILE])
            state.flush()
        state.remember_directory_digest(URL, "sub", LEAF)
        state.remember_listing(replace(page, url="http://h/other/"))
    async with SqliteState(path) as state:
        assert (await state.listing(URL) is not None) == is_kept
        assert await state.directory_digest(URL) == LEAF
        assert await state.listing("http://h/other/") is not None


@pytest.mark.parametrize(("visits", "pages", "seconds"), [(True, False, 1), (False, True, 1), (False, False, 0)])
def test_a_short_page_without_a_digest_is_written_in_time(
    monkeypatch: pytest.MonkeyPatch, visits: bool, pages: bool, seconds: float
) -> None:
    pending, short, long = Pending(), page_of(1), page_of(SHORT_PAGE + 1)
    pending.changes.memos |= {"short": short, "long": long}
    assert pending.take(visits=False, pages=False).memos == {"long": long}
    assert pending.take(visits=False, pages=False).is_empty
    pending.changes.directories.add("sub")
    monkeypatch.setattr(tables, "PENDING_SECONDS", seconds)
    assert pending.take(visits=visits, pages=pages).memos == {"short": short}
    assert pending.take(visits=True, pages=True).is_empty


async def test_the_files_of_a_directory_are_returned_as_known(path: Path) -> None:
    await remember(path)
    async with SqliteState(path) as state:
        assert await state.rows("sub", everything, []) == [
            StoredFile("ü\udcff", "http://h/ü", "5 ü", 5, 7, 9.5, "\udcff")
        ]
        assert await state.rows("other", everything, []) == [StoredFile("x", "http://h/x", "", 1, 2**70, 0.0, None)]
        assert await state.rows("", everything, []) == []
        state.remember([Known(path="sub/new", url="http://h/new", row="1", size=1, mtime=1)])
        assert [row.name for row in await state.rows("sub", everything, [])] == ["new", "ü\udcff"]
        assert await state.rows("sub", lambda rows: next(iter(rows)).name, "") == "new"


async def test_a_forgotten_directory_loses_its_digest(path: Path) -> None:
    await remember(path, LEAF)
    async with SqliteState(path) as state:
        state.forget_directory("sub")
    async with SqliteState(path) as state:
        assert await state.directory_digest(URL) is None


async def test_an_older_state_has_no_digests_and_works_as_before(path: Path) -> None:
    await remember(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'leaves'").fetchall() == []
    async with ReadOnlyState(path) as state:
        assert (await state.directory_digest(URL), state.problem) == (None, None)
    async with SqliteState(path) as state:
        state.forget_directory("other")
    assert state.problem is None


@pytest.mark.parametrize("facts", ["", "{", "[]", "{}", '{"total": 5}', 7, None, b"\xff"])
async def test_records_not_written_by_this_program_are_ignored(path: Path, facts: object) -> None:
    await remember(path, LEAF)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE leaves SET facts = ?", (facts,))
    async with SqliteState(path) as state:
        assert await state.directory_digest(URL) is None
        assert await state.file(FILE.path) == FILE
    assert state.problem is None


async def test_what_older_versions_remembered_beside_the_rows_is_ignored(path: Path) -> None:
    await remember(path, LEAF)
    with closing(sqlite3.connect(path)) as connection, connection:
        url, directory, facts, _ = connection.execute("SELECT * FROM leaves").fetchone()
        *plain, skipped = json.loads(facts)
        older = json.dumps([*plain, "index of /", "1abcd", 0, 0, "", "", skipped])
        connection.execute("REPLACE INTO leaves VALUES (?, ?, ?, ?)", sealed((url, directory, older)))
    async with SqliteState(path) as state:
        assert await state.directory_digest(URL) == LEAF


async def test_a_state_that_is_set_aside_is_queried_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_state, "FILES", 0)
    await remember(path, LEAF)
    async with SqliteState(path) as state:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DROP TABLE files")
        assert await state.rows("sub", everything, []) == []
        before = state.problem
        assert before is not None
        assert await state.directory_digest(URL) is None
        assert state.problem == before


async def test_without_a_state_nothing_is_remembered(path: Path) -> None:
    async with NullState() as state:
        state.remember_directory_digest(URL, "sub", LEAF)
        assert await state.directory_digest(URL) is None
        assert await state.rows("sub", everything, []) == []
    before = None
    await remember(path)
    before = path.read_bytes()
    async with ReadOnlyState(path) as reading:
        reading.remember_directory_digest(URL, "sub", LEAF)
    assert (path.read_bytes(), reading.problem) == (before, None)
