"""The state with real SQLite: what it stores, and what happens if the file or the disk is damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.flaws import Claim, ClaimKind
from crawler.model.state.store import BY_ROW, ListingMemo, StateStore
from crawler.model.struct import replace
from crawler.model.values import GONE, UNCONFIRMED, Entry, Kind, Known, Span, Validators
from crawler.storage.state import records
from crawler.storage.state.checksum import sealed, unsealed
from crawler.storage.state.database import APPLICATION_ID, SCHEMA_VERSION
from crawler.storage.state.location import known_below
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures
from crawler.storage.state.store import SqliteState
from tests.support.starvation import Stopwatch


def known(path: str, **more: object) -> Known:
    values: dict[str, object] = {"url": f"http://h/{path}", "row": "1-Jan 10K", "size": 5, "mtime": 7, **more}
    return Known(path=path, **values)  # type: ignore[arg-type]


def memo(url: str = "http://h/a/", path: str = "a", **more: object) -> ListingMemo:
    values: dict[str, object] = {
        "answered": url,
        "validators": Validators(etag='"1"'),
        "body_digest": "sha256:00",
        "family": "nginx",
        "complete": True,
        "entries": (),
        "next_pages": (),
        **more,
    }
    return ListingMemo(url=url, path=path, **values)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 63, 64, 65, 200])
async def test_any_number_of_files_is_remembered(path: Path, count: int) -> None:
    items = [known(f"{number}", size=number) for number in range(count)]
    await fill(path, *items)
    await fill(path, *[replace(item, row="new") for item in items[::2]])
    async with SqliteState(path) as state:
        expected = [replace(item, row="new") if at % 2 == 0 else item for at, item in enumerate(items)]
        assert await state.directory("") == {item.path: item for item in expected}


async def fill(path: Path, *items: Known) -> None:
    async with SqliteState(path) as state:
        state.remember(items)
        state.remember_listing(memo())
    assert state.problem is None


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


# --- what it stores -------------------------------------------------------------------------------

FILES = [
    known("top"),
    known("a/b"),
    known("a/c", size=2**40, mtime=-1, digest="sha256:ab", checked=1.25),
    known("a/d", validators=Validators(etag='W/"x"', last_modified="Wed, 21 Oct 2015 07:28:00 GMT")),
    known("a/b/c"),
    known("ä/ß/日本"),
    known("a/name\udcff\udc80", url="http://h/name%FF%80", row="\udcff 5K"),
    known("a/\ud800 alone"),
    known("a/quote'\"; DROP TABLE files", validators=Validators(etag='"\udce4"')),
    known("a/far", mtime=253_402_300_799_000_000_000, size=2**70),
    known("a/%2F", row=""),
    *(known(f"c/{n}", checked=at, adopted=True) for n, at in enumerate((BY_ROW, UNCONFIRMED, 0.0, 1.25, 1.8e9))),
]  # fmt: skip


async def test_every_file_is_read_back_unchanged(path: Path) -> None:
    await fill(path, *FILES)
    async with SqliteState(path) as state:
        assert await state.count_files() == len(FILES)
        assert {item.path: item for batch in [b async for b in state.all_files()] for item in batch} == {
            item.path: item for item in FILES
        }
        for item in FILES:
            assert await state.file(item.path) == item


@pytest.mark.parametrize(
    ("cell", "checked", "is_adopted"),
    [(BY_ROW, BY_ROW, True), (UNCONFIRMED, UNCONFIRMED, False), (0.0, 0.0, False), (1.8e9, 1.8e9, False),
     (-16.0, 0.0, True), (-15.0, UNCONFIRMED, True), (-16.0 - 1.8e9, 1.8e9, True)],
)  # fmt: skip
def test_the_mark_of_an_adopted_file_is_in_the_cell_of_its_proof_also_of_states_without_that_mark(
    cell: float, checked: float, is_adopted: bool
) -> None:
    *cells, _, _ = records.known_cells(known("a"))
    found = records.known_of("", sealed((*cells, cell)))
    assert (found.checked, found.adopted) == (checked, is_adopted)
    assert records.checked_of(cell) == checked


async def test_a_directory_gives_only_the_files_that_are_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.storage.state.tables.NAMES", 3)
    names = ["ä", "b", "c", "d", "e", "\udcff", "g"]
    async with SqliteState(path) as state:
        state.remember([known(f"a/{name}") for name in names] + [known("c"), known("a/b/c")])
        for asked in ([], ["c"], ["c", "absent"], [*names, "absent"], [*names[:3]]):
            expected = {name: known(f"a/{name}") for name in asked if name in names}
            assert await state.directory("a", asked) == expected
        state.forget(["a/c"])
        assert await state.directory("a", ["c"]) == {}
    async with SqliteState(path) as state:
        assert await state.directory("a", ["d", "e"]) == {name: known(f"a/{name}") for name in "de"}
        assert len(await state.directory("a")) == 6, "of a small state that was asked about names before"
    async with NullState() as nothing:
        assert await nothing.directory("a", ["d"]) == {}


async def test_a_run_has_news_if_it_records_more_than_that_it_was_like_the_last(path: Path) -> None:
    ok, failed = (Figures(seconds=1, outcome=outcome, exit_code=code) for outcome, code in (("ok", 0), ("failed", 5)))

    changes: dict[str, Callable[[SqliteState], None]] = {
        "nothing": lambda _: None,
        "file": lambda state: state.remember([known("a/b")]),
        "page": lambda state: state.remember_listing(memo()),
        "gone": lambda state: state.forget(["a/b"]),
        "directory": lambda state: state.forget_directory("a"),
    }

    async def has_news(figures: Figures, change: str = "nothing") -> bool:
        async with SqliteState(path) as state:
            number = await state.begin_run("http://h/")
            state.visited("a", "http://h/a/")
            changes[change](state)
            state.end_run(number, figures)
            await state.count_files()
        return state.has_news

    assert await has_news(ok), "the first"
    assert not await has_news(ok)
    for change in list(changes)[1:]:
        assert await has_news(ok, change)
    assert not await has_news(replace(ok, seconds=7, unchanged=3))
    for figures in (failed, ok, replace(ok, problems=(("x", 1),)), replace(ok, told=("--ext x",)), ok):
        assert await has_news(figures)
    assert not await has_news(ok)


async def test_a_directory_gives_its_own_files_by_name_and_none_below(path: Path) -> None:
    await fill(path, known("top"), known("a/b"), known("a/c"), known("a/b/c"), known("a0"), known("ab/c"))
    async with SqliteState(path) as state:
        assert await state.directory("a") == {"b": known("a/b"), "c": known("a/c")}
        assert await state.directory("") == {"top": known("top"), "a0": known("a0")}
        assert await state.directory("none") == {}
        assert await state.file("a") is None


async def test_recorded_files_are_visible_at_once(path: Path) -> None:
    async with SqliteState(path) as state:
        state.remember([known("a/b", size=1)])
        state.remember([known("a/b", size=2), known("a/c")])
        state.forget(["a/c", "a/never"])
        state.remember_listing(memo())
        assert await state.directory("a") == {"b": known("a/b", size=2)}
        assert await state.listing("http://h/a/") == memo()
        state.forget(["a/b"])
        assert await state.file("a/b") is None
        state.remember([known("a/b")])
        assert await state.count_files() == 1


async def test_forgetting_a_directory_removes_everything_below_it_and_nothing_beside_it(path: Path) -> None:
    await fill(path, known("a/b"), known("a/b/c"), known("a/\udcff/c"), known("a-b/c"), known("a0/c"), known("ab"))
    async with SqliteState(path) as state:
        state.remember_listing(memo("http://h/a/b/", "a/b"))
        state.remember_listing(memo("http://h/a0/", "a0"))
        state.forget_directory("a")
        state.remember([known("a/new")])
        paths = [item.path for batch in [b async for b in state.all_files()] for item in batch]
        assert sorted(paths) == ["a-b/c", "a/new", "a0/c", "ab"]
        assert await state.listing("http://h/a/") is None
        assert await state.listing("http://h/a/b/") is None
        assert await state.listing("http://h/a0/") is not None
        state.forget_directory("")
        assert await state.count_files() == 0
        assert await state.listing("http://h/a0/") is None


@pytest.mark.parametrize("adopted", [False, True])
@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("", ["a", "d-/a", "d/a", "d/e/a", "d0/a"]),
        ("d", ["d/a", "d/e/a"]),
        ("d/e", ["d/e/a"]),
        ("d/", []),
        ("x", []),
    ],
)
async def test_files_that_are_gone_upstream_are_not_among_the_listed_ones(
    path: Path, directory: str, expected: list[str], *, adopted: bool
) -> None:
    above = ("", "d/", "d/e/", "d-/", "d0/")
    records = [known(f"{each}a", checked=checked, adopted=adopted) for each in above for checked in (UNCONFIRMED,)]
    gone = [known(f"{each}gone", checked=GONE, adopted=adopted) for each in above]
    async with SqliteState(path) as state:
        state.remember([*records, *gone])
        assert sorted(each.path for each in await state.listed_below(directory)) == expected
    async with SqliteState(path) as state:
        assert sorted(each.path for each in await state.listed_below(directory)) == expected
        assert (await state.directory("d"))["gone"] == gone[1]


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("", True),
        ("a", True),
        ("a/b", True),
        ("a/b/c", False),
        ("a/", False),
        ("a.b", True),
        ("b", False),
        ("top", False),
    ],
)
async def test_files_in_a_directory_or_below_it_are_known(tmp_path: Path, directory: str, expected: bool) -> None:
    home = tmp_path / ".crawler"
    home.mkdir()
    await fill(home / "state.sqlite3", known("top"), known("a/b/x"), known("a.b/y"), known("a0/z"))
    assert await known_below(tmp_path, directory) == (None, expected)


async def test_the_files_of_a_mirror_are_unknown_without_its_state_and_after_a_kill(tmp_path: Path) -> None:
    home, figures = tmp_path / ".crawler", Figures(seconds=1, outcome="ok", exit_code=0, listed=1)
    assert await known_below(tmp_path, "a") == (None, None)
    home.mkdir()
    async with SqliteState(home / "state.sqlite3") as state:
        first = await state.begin_run("http://h/")
        assert await known_below(tmp_path, "a") == ("http://h/", None)
        state.remember([known("a/x")])
        state.end_run(first, figures)
    assert await known_below(tmp_path, "a") == ("http://h/", True)
    assert await known_below(tmp_path, "b") == ("http://h/", False)
    async with SqliteState(home / "state.sqlite3") as state:
        await state.begin_run("http://h/")
    assert await known_below(tmp_path, "a") == ("http://h/", True)
    assert await known_below(tmp_path, "b") == ("http://h/", None)
    (home / "state.sqlite3").write_bytes(b"none of ours" * 100)
    assert await known_below(tmp_path, "a") == (None, None)
    (home / "state.sqlite3").unlink()
    (home / "state.sqlite3").symlink_to("elsewhere")
    assert await known_below(tmp_path, "a") == (None, None)


async def test_all_files_come_in_batches_in_order(path: Path) -> None:
    names = [f"{directory}/{number:04}" for directory in ("", "a", "b") for number in range(900)]
    await fill(path, *(known(name.lstrip("/")) for name in names))
    async with SqliteState(path) as state:
        batches = [batch async for batch in state.all_files()]
    assert [len(batch) for batch in batches] == [1000, 1000, 700]
    assert [item.path for batch in batches for item in batch] == [name.lstrip("/") for name in names]


MOMENT = datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001 (a listing without a zone)
ENTRIES = (
    Entry(
        name="a.zip", kind=Kind.FILE, url="http://h/a/a.zip", size=Span(0, 9), modified=Span(MOMENT, MOMENT), row="x"
    ),
    Entry(name="d", kind=Kind.DIRECTORY, url="http://h/a/d/"),
    Entry(
        name="\udcff\ud800ü",
        kind=Kind.UNKNOWN,
        url="http://other/x",
        size=Span(2**70, 2**70),
        modified=Span(MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=timezone(timedelta(hours=2)))),
        row="-",
        folder="p/q",
        digest="md5:00",
        etag='"e"',
        external=True,
    ),
)


@pytest.mark.parametrize("copies", [0, 1, 1000])
async def test_a_listing_is_read_back_with_its_entries(path: Path, copies: int) -> None:
    page = memo(
        "http://h/\udcff",
        "\udcff",
        entries=ENTRIES * copies,
        next_pages=("http://h/a/?page=2",),
        claims=(Claim(ClaimKind.OF, "1 of \udcff3", 3, 1), Claim(ClaimKind.NEXT)),
        complete=False,
        mentioned=frozenset({"b", "\udcff"}),
    )
    async with SqliteState(path) as state:
        state.remember_listing(page)
    async with SqliteState(path) as state:
        assert await state.listing("http://h/\udcff") == page
        assert await state.listing("http://h/") is None


def test_a_claim_that_only_earlier_versions_know_is_left_out() -> None:
    page = memo("http://h/", "", claims=(Claim(ClaimKind.NEXT),))
    cells = list(unsealed(records.memo_cells(page)))
    cells[8] = cells[8].replace('"claims": [', '"claims": [["previous", "", 0, 0], ')
    assert records.memo_of(sealed(tuple(cells))) == page


@given(st.text(alphabet=st.characters(codec=None, categories=None)))
def test_every_text_has_one_key(text: str) -> None:
    assert records.text_of(records.key(text)) == text


async def test_runs_are_kept_newest_first(path: Path) -> None:
    figures = Figures(seconds=1.5, outcome="ok", exit_code=0, listed=3, saved=2, unchanged=1, skipped=0, failed=0,
                      deleted=4, received=2**40, problems=(("HTTP 503", 2), ("not \udcff", 1)))  # fmt: skip
    async with SqliteState(path) as state:
        first, second = await state.begin_run("http://h/\udcff"), await state.begin_run("http://h/2")
        state.end_run(first, figures)
        runs = await state.runs(10)
        assert [(run.id, run.url, run.figures) for run in runs] == [
            (second, "http://h/2", None),
            (first, "http://h/\udcff", figures),
        ]
        assert await state.runs(1) == runs[:1]


async def test_a_run_records_the_totals_at_its_end(path: Path) -> None:
    figures = Figures(seconds=1, outcome="ok", exit_code=0)
    async with SqliteState(path) as state:
        first = await state.begin_run("http://h/")
        state.remember([known("a/x", size=5), known("a/b/y", size=7), known("z", size=2**70)])
        state.end_run(first, figures)
        state.forget(["z"])
        state.end_run(await state.begin_run("http://h/"), figures)
        await state.begin_run("http://h/")
        assert [run.totals for run in await state.runs(9)] == [None, FileTotals(2, 12), FileTotals(3, 9 * 10**18)]


async def test_directories_are_totalled_down_to_a_depth(path: Path) -> None:
    paths = ["top", "a/1", "a/2", "a/b/3", "a/b/c/4", "\udcff/é/5"]
    async with SqliteState(path) as state:
        state.remember([known(item, size=10) for item in paths])
        assert await state.directories(2) == {
            "": FileTotals(1, 10), "a": FileTotals(2, 20), "a/b": FileTotals(2, 20), "\udcff/é": FileTotals(1, 10),
        }  # fmt: skip
        assert await state.directories(1) == {
            "": FileTotals(1, 10),
            "a": FileTotals(4, 40),
            "\udcff": FileTotals(1, 10),
        }


async def test_the_largest_files_come_first(path: Path) -> None:
    async with SqliteState(path) as state:
        state.remember([known(f"a/{size}", size=size) for size in (3, 2**70, 1, 9)])
        assert [item.size for item in await state.largest(3)] == [2**70, 9, 3]


async def test_old_runs_are_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.storage.state.runs.RUNS_KEPT", 3)
    async with SqliteState(path) as state:
        numbers = [await state.begin_run("http://h/") for _ in range(5)]
        assert [run.id for run in await state.runs(10)] == numbers[:1:-1]


async def test_a_state_that_was_never_entered_or_has_no_file_remembers_nothing(path: Path) -> None:
    never: StateStore = SqliteState(path)
    never.remember([known("a")])
    assert await never.directory("") == {}
    async with NullState() as nothing:
        nothing.remember([known("a")])
        nothing.remember_listing(memo())
        nothing.forget(["a"])
        nothing.forget_directory("")
        nothing.end_run(await nothing.begin_run("http://h/"), Figures(seconds=1, outcome="ok", exit_code=0))
        assert (await nothing.directory(""), await nothing.file("a"), await nothing.runs(5)) == ({}, None, [])
        assert (await nothing.listing("http://h/a/"), await nothing.count_files()) == (None, 0)
        assert [batch async for batch in nothing.all_files()] == []
    assert nothing.problem is None
    assert not path.exists()


async def test_the_file_identifies_its_program_and_leaves_no_log_behind(path: Path) -> None:
    await fill(path, *FILES)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert os.listdir(path.parent) == [path.name]


async def test_the_path_of_the_file_may_contain_a_symlink(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    path.symlink_to(target / "true ?#%.sqlite3")
    await fill(path, known("a"))
    assert path.is_symlink()
    assert os.listdir(target) == ["true ?#%.sqlite3"]
    await fill(tmp_path / "\udcff", known("a"))


# --- damage ---------------------------------------------------------------------------------------


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all\n" * 1000)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garbage_inside(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks(url)")


def without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE files; DROP TABLE listings;")


EVERY_DAMAGE = [zeros, garbage, cut, garbage_inside, newer, foreign, without_tables]


@pytest.mark.parametrize("damage", EVERY_DAMAGE)
async def test_a_damaged_file_is_set_aside_and_the_run_continues_with_a_new_one(path: Path, damage: object) -> None:
    await fill(path, *(known(f"a/{number}", row="x" * 100) for number in range(500)))
    assert callable(damage)
    damage(path)
    spoilt = path.read_bytes()
    async with SqliteState(path) as state:
        assert len(await state.directory("a")) in {0, 500}
        assert await state.listing("http://h/a/") in {None, memo()}
        state.remember([known("b/new")])
        assert await state.directory("b") == {"new": known("b/new")}
    assert state.problem
    assert "\n" not in state.problem
    (aside,) = set_aside(path)
    assert aside.name in state.problem
    assert aside.read_bytes()[100:4096] == spoilt[100:4096]
    async with SqliteState(path) as state:
        assert await state.directory("b") == {"new": known("b/new")}
    assert state.problem is None


async def test_files_set_aside_never_replace_each_other(path: Path) -> None:
    for number in range(3):
        path.write_bytes(b"garbage %d" % number * 100)
        async with SqliteState(path):
            pass
    assert sorted(aside.read_bytes()[8:9] for aside in set_aside(path)) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["directory", "fifo", "socket"])
@pytest.mark.parametrize("where", ["mirror", "elsewhere", "read-only"])
async def test_what_is_no_file_is_set_aside_in_a_mirror_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, kind: str, suffix: str
) -> None:
    home = tmp_path / ("elsewhere" if where == "elsewhere" else ".crawler")
    home.mkdir()
    monkeypatch.chdir(home)  # the path of a socket is short
    path = home / "state.sqlite3"
    await fill(path, known("old"))
    planted = home / f"{path.name}{suffix}"
    planted.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as end:
        make = {"directory": planted.mkdir, "fifo": partial(os.mkfifo, planted)}
        make.get(kind, partial(end.bind, planted.name))()
    number = planted.lstat().st_ino
    async with SqliteState(path, read_only=where == "read-only") as state:
        state.remember([known("new")])
    assert f"{planted} is not a regular file" in (state.problem or "")
    async with SqliteState(path, read_only=where == "read-only") as state:
        is_known = await state.file("new") is not None
    assert is_known == (where == "mirror")
    assert (state.problem is None) == is_known
    assert is_known != (planted.exists() and planted.lstat().st_ino == number)
    assert (number in [item.lstat().st_ino for item in set_aside(path)]) == is_known


async def test_an_empty_file_is_a_new_state(path: Path) -> None:
    path.touch()
    await fill(path, known("a"))


@pytest.mark.parametrize("kept", [0.0, 0.4, 0.9])
async def test_a_truncated_log_costs_only_the_last_batches(path: Path, tmp_path: Path, kept: float) -> None:
    copy = tmp_path / "copy"
    async with SqliteState(path) as state:
        state.remember([known("first")])
        await state.count_files()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(5):
            state.remember([known(f"{number}/{item}", row="x" * 200) for item in range(200)])
            await state.count_files()
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    os.truncate(f"{copy}-wal", int(os.path.getsize(f"{copy}-wal") * kept))
    async with SqliteState(copy) as state:
        assert await state.file("first") == known("first")
        assert {len(await state.directory(str(number))) for number in range(5)} <= {0, 200}
    assert state.problem is None


WRITER = """
import asyncio, itertools, pathlib, sys
from crawler.model.values import Known
from crawler.storage.state.store import SqliteState

async def main():
    async with SqliteState(pathlib.Path(sys.argv[1])) as state:
        for number in itertools.count():
            items = [Known(path=f"{number}/{item}", url="u", row="r" * 50, size=1, mtime=1) for item in range(100)]
            state.remember(items)
            state.forget([f"{number - 5}/{item}" for item in range(100)])
            print(number, await state.count_files(), flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
async def test_a_killed_writer_leaves_complete_batches(path: Path, lines: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    printed = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    printed += writer.communicate()[0].splitlines(keepends=True)  # it may have continued before the kill
    last = int([line for line in printed if line.endswith("\n")][-1].split()[0])
    async with SqliteState(path) as state:
        assert len(await state.directory(str(last))) == 100
        for number in range(last - 10, last + 10):
            assert len(await state.directory(str(number))) in {0, 100}
    assert state.problem is None


async def test_two_processes_may_write_at_once(path: Path) -> None:
    code = textwrap.dedent("""
        import asyncio, pathlib, sys
        from crawler.model.values import Known
        from crawler.storage.state.store import SqliteState

        async def main():
            async with SqliteState(pathlib.Path(sys.argv[1])) as state:
                for number in range(40):
                    state.remember([Known(path=f"{sys.argv[2]}/{number}", url="u", row="", size=1, mtime=1)])
                    await state.count_files()
            assert state.problem is None, state.problem

        asyncio.run(main())
    """)
    writers = [subprocess.Popen([sys.executable, "-c", code, path, name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    async with SqliteState(path) as state:
        assert [len(await state.directory(name)) for name in "ab"] == [40, 40]


# --- where nothing can be written -----------------------------------------------------------------


async def use(state: SqliteState) -> None:
    async with state:
        await state.begin_run("http://h/")
        state.remember([known(f"new/{number}") for number in range(20_000)])
        state.remember_listing(memo("http://h/new/"))
        state.forget_directory("old")
        await state.directory("new")
        state.end_run(1, Figures(seconds=1, outcome="ok", exit_code=0))


@pytest.mark.parametrize("place", ["missing/state", "file/state", "folder", "loop"])
async def test_a_path_that_cannot_hold_a_file_is_one_line_and_not_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    state = SqliteState(tmp_path / place)
    await use(state)
    assert state.problem
    assert state.problem.count("continues without it") == 1
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "loop"]


def run_limited(tmp_path: Path, before: str, path: Path) -> dict[str, object]:
    """Use the state in a process limited by ``before``, and return what it observed."""
    code = textwrap.dedent(f"""
        import asyncio, json, os, pathlib, resource, sys
        sys.path.insert(0, {os.fspath(Path(__file__).parents[4])!r})
        from crawler.storage.state.store import SqliteState
        from tests.component.storage.state.test_store import use
        {before}
        state = SqliteState(pathlib.Path(sys.argv[1]))
        async def main():
            async with state:
                old = len(await state.directory("old"))
            await use(state)
            return old
        old = asyncio.run(main())
        print(json.dumps([old, state.problem]))
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, path], check=True, capture_output=True, text=True, timeout=100, cwd=tmp_path
    )
    old, problem = json.loads(done.stdout)
    return {"old": old, "problem": problem}


async def test_a_full_disk_only_stops_recording(path: Path, tmp_path: Path) -> None:
    await fill(path, known("old/a"))
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))"
    seen = run_limited(tmp_path, limit, path)
    assert seen["old"] == 1
    assert "not recorded" in str(seen["problem"])
    async with SqliteState(path) as state:
        assert await state.file("old/a") in {known("old/a"), None}
        assert await state.count_files() < 20_000
    assert state.problem is None
    assert set_aside(path) == []


async def test_a_state_in_a_directory_that_is_not_writable_is_one_line(tmp_path: Path) -> None:
    place = Path(subprocess.check_output(["mktemp", "-d", "/tmp/state-XXXXXX"], text=True).strip())
    try:
        path = place / "state.sqlite3"
        await fill(path, known("old/a"))
        place.chmod(0o555)
        path.chmod(0o444)
        become_nobody = "os.geteuid() == 0 and os.seteuid(65534)"
        seen = run_limited(tmp_path, become_nobody, path)
        assert "continues without it" in str(seen["problem"]) or "not recorded" in str(seen["problem"])
        assert os.listdir(place) == ["state.sqlite3"]
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


# --- read only ------------------------------------------------------------------------------------


def content_of(directory: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in directory.iterdir()}


async def test_a_read_only_state_reads_and_changes_no_byte(path: Path) -> None:
    await fill(path, known("old/a"))
    before = content_of(path.parent)
    state = ReadOnlyState(path)
    await use(state)
    assert content_of(path.parent) == before
    async with ReadOnlyState(path) as state:
        assert await state.directory("old") == {"a": known("old/a")}
        assert await state.listing("http://h/a/") == memo()
        assert await state.begin_run("http://h/") == 0
    assert state.problem is None


async def test_a_read_only_state_reads_the_log_of_a_killed_run(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies"
    copy.mkdir()
    async with SqliteState(path) as state:
        state.remember([known("old/a")])
        await state.count_files()
        for item in tmp_path.glob("state.sqlite3*"):
            shutil.copy(item, copy)
    before = content_of(copy)
    async with ReadOnlyState(copy / path.name) as state:
        assert await state.directory("old") == {"a": known("old/a")}
    assert content_of(copy).keys() == before.keys()
    assert content_of(copy)[path.name] == before[path.name]


async def test_a_read_only_state_takes_back_what_a_killed_run_has_not_completed(path: Path, tmp_path: Path) -> None:
    """On a file system without shared memory there is a journal in place of the log."""
    await fill(path, *(known(f"old/{number}") for number in range(200)))
    copy = tmp_path / "copies" / path.name
    copy.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")  # so that the database is changed before the commit
        connection.execute("BEGIN")
        connection.execute("DELETE FROM files")
        for item in tmp_path.glob("state.sqlite3*"):
            shutil.copy(item, copy.parent)
    before = content_of(copy.parent)
    assert before[f"{path.name}-journal"]
    async with ReadOnlyState(copy) as state:
        assert len(await state.directory("old")) == 200
    assert (state.problem, content_of(copy.parent)) == (None, before)


READER = """
import asyncio, pathlib, sys
from crawler.storage.state.read_only import ReadOnlyState

async def main():
    async with ReadOnlyState(pathlib.Path(sys.argv[1])) as state:
        print(len(await state.directory("old")), state.problem)

asyncio.run(main())
"""
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -c "$3" "$4"'


async def test_the_log_of_a_killed_run_is_read_on_a_read_only_disk(path: Path, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    place.mkdir()
    async with SqliteState(path) as state:
        state.remember([known("old/a")])
        await state.count_files()
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", place)
    before = content_of(place)
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh", place, sys.executable, READER]
    done = subprocess.run([*command, place / path.name], capture_output=True, text=True, check=False)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert (done.stdout, done.stderr) == ("1 None\n", "")
    assert content_of(place) == before


async def test_a_missing_read_only_state_is_empty_and_creates_nothing(path: Path) -> None:
    state = ReadOnlyState(path)
    await use(state)
    assert state.problem is None
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize("damage", [garbage, cut, newer, foreign])
async def test_a_read_only_state_leaves_a_damaged_file_where_it_is(path: Path, damage: object) -> None:
    await fill(path, *(known(f"a/{number}", row="x" * 100) for number in range(500)))
    assert callable(damage)
    damage(path)
    before = content_of(path.parent)
    async with ReadOnlyState(path) as state:
        assert await state.directory("a") == {}
    assert state.problem
    assert content_of(path.parent) == before


# --- speed ----------------------------------------------------------------------------------------


async def test_recording_does_not_wait_for_the_disk(path: Path) -> None:
    async with SqliteState(path) as state:
        watch = Stopwatch()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # blocks all writes of the state
            begin = watch.now()
            for number in range(5000):
                state.remember([known(f"a/{number}")])
            assert watch.now() - begin < 30
            other.execute("ROLLBACK")
        assert await state.count_files() == 5000
    assert state.problem is None
