"""Damaged records that SQLite does not detect are dropped; all others are kept."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crawler.app.history import read_history
from crawler.app.maintenance import run_verify
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.values import UNCONFIRMED, Known, Validators
from crawler.pipeline.stop import Stop
from crawler.storage.state import checksum, schema
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.runs import Figures
from crawler.storage.state.store import SqliteState
from tests.component.storage.state.test_directory_digests import LEAF
from tests.component.storage.state.test_store import ENTRIES, known, memo

PAGE = memo(entries=ENTRIES[:2], mentioned=frozenset({"b"}))
FILES = {
    item.path: item
    for item in (
        known("top", digest="sha256:ab", checked=1.25),
        known("a/b", validators=Validators(etag='"x"', last_modified="Wed, 21 Oct 2015 07:28:00 GMT")),
        known("a/name\udcff", row="\udcff 5K", mtime=2**70),
        *(known(f"d{number}/f", row="r" * 90) for number in range(40)),
    )
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


async def fill(path: Path) -> None:
    async with SqliteState(path) as state:
        state.remember(list(FILES.values()))
        state.remember_listing(PAGE)
        state.remember_directory_digest("http://h/l/", "l", LEAF)
        state.end_run(await state.begin_run("http://h/"), Figures(seconds=1, outcome="ok", exit_code=0))
    assert state.problem is None


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


async def content(state: SqliteState) -> tuple[dict[str, Known], ListingMemo | None, DirectoryDigest | None, int]:
    leaf, page = await state.directory_digest("http://h/l/"), await state.listing(PAGE.url)
    directories = [await state.directory(directory) for directory in ("", "a")]
    found = {item.path: item for batch in [b async for b in state.all_files()] for item in batch}
    assert all(item == FILES[item.path] for directory in directories for item in directory.values())
    return found, page, leaf, len(await state.runs(9))


CELLS = ["url", "row", "size", "mtime", "etag", "last_modified", "digest", "checked", "seal", "name", "folder"]
VALUES = [None, 7, "other", b"other"]


@pytest.mark.parametrize("kind", [SqliteState, ReadOnlyState])
@pytest.mark.parametrize("cell", CELLS)
async def test_a_file_with_a_changed_cell_is_unknown_and_the_others_stay(
    path: Path, tmp_path: Path, cell: str, kind: type[SqliteState]
) -> None:
    await fill(path)
    copy = tmp_path / "copy"
    for value in [*VALUES, "text"]:
        if value is None and cell in {"name", "folder"}:
            continue  # SQLite enforces the type
        shutil.copy(path, copy)
        new = "CAST(x'61ff' AS TEXT)" if value == "text" else "?"
        change(copy, f"UPDATE files SET {cell} = {new} WHERE folder = x'61' AND name = x'62'", *[value][: new == "?"])
        async with kind(copy) as state:
            found, page, *_ = await content(state)
        is_same = (cell, value) in {("digest", None), ("mtime", 7)}
        assert found == FILES if is_same else found == {key: FILES[key] for key in FILES if key != "a/b"}
        assert page == PAGE
        is_seen = not is_same and not (cell == "folder" and value != b"other")  # out of order, so it is not read
        assert not is_seen or "1 damaged record was dropped" in (state.problem or "")
        async with kind(copy) as state:
            assert len(await state.unvisited_directories()) in {0, 42, 43}, "none if a damaged record was met"
        assert list(tmp_path.glob("*.damaged-*")) == []


@pytest.mark.parametrize(
    "cell", ["answered", "path", "etag", "body_digest", "family", "complete", "next_pages", "entries"]
)
async def test_a_page_with_a_changed_cell_is_unknown(path: Path, cell: str) -> None:
    await fill(path)
    change(path, f"UPDATE listings SET {cell} = CAST(replace(CAST({cell} AS TEXT), 'a', 'b') || '1' AS BLOB)")
    async with SqliteState(path) as state:
        assert await state.listing(PAGE.url) is None
        assert (await content(state))[0] == FILES
    assert "damaged" in (state.problem or "")


async def test_the_record_of_another_page_is_not_returned(path: Path) -> None:
    await fill(path)
    async with SqliteState(path) as state:
        state.remember_listing(memo("http://h/b/", "b"))
    data = path.read_bytes()
    name = b"http://h/a/"
    for place in (at for at in range(len(data)) if data.startswith(name, at)):
        changed = data[:place] + b"http://h/b/" + data[place + len(name) :]
        path.write_bytes(changed)  # in the index, a record or a cell
        async with ReadOnlyState(path) as state:
            for url in ("http://h/a/", "http://h/b/"):
                page = await state.listing(url)
                assert page is None or page.url == url


def test_every_flipped_bit_breaks_the_seal_and_so_does_another_type() -> None:
    cells = (b"folder", "text", 5, 2**62, None, 1.5)
    record = checksum.sealed(cells)
    assert checksum.is_sound(record)
    assert checksum.unsealed(record) == cells
    assert record[-1] == 2723276973, "must be the same with every version of Python"
    for number, other in enumerate([b"foldes", b"text", 5.0, 2**62 + 1, "", 2]):
        changed = (*cells[:number], other, *cells[number + 1 :], record[-1])
        assert not checksum.is_sound(changed)
        with pytest.raises(checksum.DamagedError):
            checksum.unsealed(changed)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_bits_flip_nothing_wrong_is_returned(path: Path, tmp_path: Path, seed: int) -> None:
    await fill(path)
    data = path.read_bytes()
    used = [place for place in range(len(data)) if data[place]]  # unused space does not matter
    dice, copy = random.Random(seed), tmp_path / "copy"
    for _ in range(25):
        for item in tmp_path.glob("copy*"):
            item.unlink()
        changed = bytearray(data)
        for _ in range(dice.choice([1, 1, 3, 20, 60])):
            changed[dice.choice(used)] ^= 1 << dice.randrange(8)
        copy.write_bytes(changed)
        async with SqliteState(copy) as state:
            for found, page, leaf, _ in (await content(state), await content(state)):
                assert found.items() <= FILES.items()
                assert page in {None, PAGE}
                assert leaf in {None, LEAF}
            state.remember([known("new/x")])
            assert await state.file("new/x") in {known("new/x"), None}
        complaint = state.problem or ""
        assert "\n" not in complaint
        for _ in range(3):
            async with SqliteState(copy) as state:
                assert (await content(state))[0].items() <= (
                    FILES | {"new/x": known("new/x"), "new/y": known("new/y")}
                ).items()
                state.remember([known("new/y")])
        assert state.problem is None, "what is damaged is repaired or set aside"


async def test_a_state_without_checksums_is_converted_and_loses_no_digest(path: Path) -> None:
    await fill(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("files", "listings", "leaves"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN seal")
        connection.execute("ALTER TABLE runs DROP COLUMN seal")
        connection.execute("PRAGMA user_version = 1")
    before = path.read_bytes()
    async with ReadOnlyState(path) as state:
        assert await content(state) == (FILES, None, None, 1)
    assert (path.read_bytes(), state.problem) == (before, None)
    for _ in range(2):
        async with SqliteState(path) as state:
            assert await content(state) == (FILES, None, None, 1)
        assert state.problem is None


async def test_a_file_about_to_be_replaced_has_no_digest(path: Path) -> None:
    await fill(path)
    async with SqliteState(path) as state:
        await state.doubt(["top", "never"])
        with closing(sqlite3.connect(path)) as other:  # as after a kill at this point
            assert other.execute("SELECT digest FROM files WHERE folder = x''").fetchall() == [("",)]
        assert (await state.directory(""))["top"] == known("top", digest="", checked=UNCONFIRMED)
        assert await state.file("never") is None


async def test_flushed_records_are_written_without_delay(path: Path) -> None:
    async with SqliteState(path) as state:
        state.remember([known("a/b", digest="sha256:00")])
        state.flush()
        await state.file("other")  # it is only read after the write
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT digest FROM files").fetchall() == [("sha256:00",)]


async def test_unvisited_directories_are_reported_and_their_pages_dropped(path: Path) -> None:
    await fill(path)
    async with SqliteState(path) as state:
        state.remember_listing(memo("http://old/a/", "a"))
        state.remember_listing(memo("http://h/kept/", "kept"))
        state.visited("", "http://h/")
        state.visited("d1", None)
        state.visited("a", PAGE.url)
        directories = await state.unvisited_directories()
        assert directories == sorted(f"d{number}" for number in range(40) if number != 1)
        await state.forget_unvisited_pages(lambda path, url: (path, url) == ("kept", "http://h/kept/"))
        urls = (PAGE.url, "http://old/a/", "http://h/kept/")
        assert [url for url in urls if await state.listing(url)] == [PAGE.url, "http://h/kept/"]
    async with SqliteState(path) as state:
        assert await state.directory_digest("http://h/l/") is None
        assert len(await state.unvisited_directories()) == 42, "each run starts with no visits"
    async with ReadOnlyState(path) as state:
        assert len(await state.unvisited_directories()) == 42


def _garbage(path: Path) -> None:
    path.write_bytes(b"garbage " * 100)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 999")
        connection.execute("CREATE TABLE later (x)")
        connection.commit()


@pytest.mark.parametrize("spoil", [_garbage, _foreign, _newer])
async def test_what_is_no_run_is_not_called_one_if_the_state_cannot_be_used(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "DIR" / ".crawler" / "state.sqlite3"
    path.parent.mkdir(parents=True)
    spoil(path)
    directory, config = str(tmp_path / "DIR"), Config()
    async with ReadOnlyState(path) as state:
        said = [state.problem or ""]
    with pytest.raises(ConfigError) as history:
        await read_history(directory, config, 10)
    for repair in (False, True):  # the second one moves the file away
        _, error = await run_verify(directory, config, (), Stop(), repair=repair)
        said.append(str(error))
    said.append(str(history.value))
    for line in said:
        assert "cannot be used" in line
        assert "this run" not in line, line
    assert said[2].endswith("and a new one begun")
    assert not path.read_bytes().startswith(b"garbage")
