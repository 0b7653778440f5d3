"""The digests of copies in the state: gathered while records are written, and gone as soon as one changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.columns.new_files import SavedFiles
from crawler.model.state.directory_digest import SUM, DirectoryDigest, StoredFile, row_digest
from crawler.model.values import UNCONFIRMED, Entry, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.directory_digest import copies_digest, unchanged_files
from crawler.storage.state import small_state
from crawler.storage.state.digests.copies import NewCopies
from crawler.storage.state.store import SqliteState
from tests.support.fakes import leaf_of
from tests.support.new_files import Made, made, new_files
from tests.unit.pipeline.rules.test_directory_digest import SECOND, THREE, entry, gathered, row

LEAF = replace(THREE, answered="http://h/")
OTHER = leaf_of(gathered(Entry(name="o", kind=Kind.FILE, url="http://h/o", row="o", size=Span(5, 5))))


def known(stored: StoredFile, directory: str = "a", **more: object) -> Known:
    said = Validators(last_modified=stored.last_modified)
    values = {each: getattr(stored, each) for each in ("url", "row", "size", "mtime", "checked")}
    return Known(path=f"{directory}/{stored.name}", validators=said, **{**values, **more})


ROWS = [row(number, checked=SECOND + 1e5) for number in range(3)]
FILES = [known(each) for each in ROWS]
COPIES = copies_digest(LEAF, ROWS)


@pytest.fixture(params=["small", "large"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "large":
        monkeypatch.setattr(small_state, "LISTINGS", 0)
    return tmp_path / "state.sqlite3"


async def first_run(path: Path) -> None:
    async with SqliteState(path) as state:
        for directory in ("a", "a/b", "ab"):
            state.remember([known(each, directory) for each in ROWS[:2]])
            state.remember_directory_digest(f"http://h/{directory}/", directory, LEAF)
            state.flush()
            state.remember([known(ROWS[2], directory)])
        assert await state.copies(["a"]) == {}, "for the next run"
    assert state.problem is None


async def read(path: Path) -> set[str]:
    """The directories whose copies have a digest."""
    async with SqliteState(path) as state:
        found = await state.copies(["a", "a/b", "ab", "c"])
    assert set(found.values()) <= {COPIES}
    return set(found)


async def test_a_first_run_gathers_them(path: Path) -> None:
    await first_run(path)
    assert await read(path) == {"a", "a/b", "ab"}
    async with SqliteState(path) as state:
        for _ in range(2):
            assert await state.rows("a", list, []) == ROWS, "records are read if they are wanted"
        assert await state.directory("ab") == {each.name: known(each, "ab") for each in ROWS}


async def _again(state: SqliteState) -> None:
    state.remember([FILES[0]])


async def _new(state: SqliteState) -> None:
    state.remember([replace(FILES[0], path="a/new")])


async def _gone(state: SqliteState) -> None:
    state.forget(["a/f1"])


async def _doubted(state: SqliteState) -> None:
    await state.doubt(["a/f1"])


async def _all_gone(state: SqliteState) -> None:
    state.forget_directory("a")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (_again, {"a/b", "ab"}),
        (_new, {"a/b", "ab"}),
        (_gone, {"a/b", "ab"}),
        (_doubted, {"a/b", "ab"}),
        (_all_gone, {"ab"}),
    ],
)
@pytest.mark.parametrize("is_remembered", [False, True])
async def test_whatever_changes_a_record_drops_that_of_its_directory(
    path: Path, change: Callable[[SqliteState], Coroutine[Any, Any, None]], left: set[str], is_remembered: bool
) -> None:
    await first_run(path)
    assert COPIES is not None
    async with SqliteState(path) as state:
        if is_remembered:
            state.remember_copies("a", COPIES)
        await change(state)
        assert "a" not in await state.copies(["a", "ab"]), "at once"
        if change is not _all_gone:
            state.remember_copies("a", COPIES)  # in vain, because the records change
    assert await read(path) == left


async def test_repairing_a_damaged_state_drops_them_all(path: Path) -> None:
    await first_run(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE files SET size = 6 WHERE name = ?", (b"f1",))
        database.commit()
    async with SqliteState(path) as state:
        assert await state.rows("a", list, []) != ROWS
        assert state.problem is not None
    assert await read(path) == set()


async def test_a_damaged_digest_is_none(path: Path) -> None:
    await first_run(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE copies SET total = 'ab' WHERE folder = ?", (b"a",))
        database.commit()
    assert await read(path) == {"a/b", "ab"}


CHANGES: list[dict[str, object]] = [
    {},
    {"checked": UNCONFIRMED},
    {"checked": 1.0},
    {"row": "another"},
    {"size": 6},
    {"mtime": 3},
    {"url": "http://other/f1"},
    {"url": "http://h/f1?signed"},
    {"version": "v"},
]
WRITTEN = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(CHANGES), st.booleans(), st.booleans()), min_size=2, max_size=6
)


@settings(max_examples=60)
@given(st.permutations(range(3)), WRITTEN, st.integers(0, 8), st.booleans())
def test_what_is_gathered_is_proven_by_the_records(
    order: list[int], written: list[tuple[int, dict[str, object], bool, bool]], at: int, is_plain: bool
) -> None:
    steps = [(number, dict[str, object](), False, False) for number in order]
    steps = steps if is_plain else [*steps, *written]
    new, records, found = NewCopies(), dict[str, Known](), dict[str, object]()
    batch: dict[str, Known | None] = {}
    digests: dict[str, tuple[str, DirectoryDigest]] = {}
    for place, (number, change, is_gone, ends) in enumerate(steps):
        each = known(row(number, **{"checked": SECOND + 1e5, **change}))
        if place == at % len(steps):
            digests = {"http://h/": ("a", LEAF)}
        batch[each.path] = None if is_gone else each
        if is_gone:
            records.pop(each.path, None)
        else:
            records[each.path] = each
        if ends or place == len(steps) - 1:
            found = {path: each for path, each in found.items() if not batch} | new.add(batch, digests)
            batch, digests = {}, {}
    rows = [_stored(each) for each in records.values()]
    local = {each.name: Local(Kind.FILE, each.size, each.mtime, version=each.version) for each in rows}
    if found:
        assert unchanged_files(LEAF, rows, local, lambda _: True) is not None
        assert found == {"a": copies_digest(LEAF, rows)}
    assert found or not is_plain


@pytest.mark.parametrize(
    ("change", "is_complete"),
    [
        ({}, True),
        ({"mtime": 1}, True),
        ({"checked": UNCONFIRMED}, False),
        ({"checked": SECOND + 10_000.0}, False),
        ({"row": "another"}, False),
        ({"size": 6}, False),
        ({"url": "http://other/f1"}, False),
        ({"version": "v"}, False),
        ({"adopted": True}, False),
    ],
)
def test_a_file_that_its_row_does_not_prove_leaves_its_directory_without(
    change: dict[str, object], is_complete: bool
) -> None:
    files = [FILES[0], replace(FILES[1], **change), FILES[2]]
    assert bool(NewCopies().add({each.path: each for each in files}, {"u": ("a", LEAF)})) is is_complete


@pytest.mark.parametrize("url", ["http://h/f1", "http://other/f1", "http://hh/f1"])
@pytest.mark.parametrize("is_only", [False, True])
def test_files_that_a_page_links_elsewhere_leave_its_directory_without(url: str, is_only: bool) -> None:
    numbers = [1] if is_only else [0, 1]
    rows = [replace(entry(number), url=url if number else entry(number).url) for number in numbers]
    files = [replace(FILES[number], url=row.url) for number, row in zip(numbers, rows, strict=True)]
    found = NewCopies().add({each.path: each for each in files}, {"u": ("a", leaf_of(gathered(*rows)))})
    assert bool(found) is (url == "http://h/f1")


def _stored(each: Known) -> StoredFile:
    name, said = each.path.rpartition("/")[2], each.validators.last_modified
    return StoredFile(name, each.url, each.row, each.size, each.mtime, each.checked, said, each.version)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("f1", "http://h/f1"),
        ("f1", "http://h/f1?x"),
        ("f?x", "http://h/f?x"),
        ("f 1", "http://h/f%201"),
        ("a", "http://h/f"),
    ],
)
def test_names_and_urls_of_any_kind_are_gathered(name: str, url: str) -> None:
    row, file = replace(entry(1), name=name, url=url), replace(FILES[1], path=f"a/{name}", url=url)
    found = NewCopies().add({file.path: file}, {"u": ("a", leaf_of(gathered(row)))})
    assert list(found) == ["a"]


@given(st.lists(made, max_size=5), st.booleans(), st.integers(0, 5))
def test_new_files_are_gathered_like_their_records(several: list[Made], is_like: bool, cut: int) -> None:
    """``is_like``: all of them are of kinds that have a digest, and the page shows them."""
    if is_like:
        several = [(replace(job, path=f"d/{n}", url=f"http://h/{n}"), *more) for n, (job, *more) in enumerate(several)]  # type: ignore[misc]
    saved = SavedFiles(new_files(several).columns, ["sha256:00"] * len(several))
    total = sum(row_digest(each.path[2:], each.url, each.row, each.size) for each in saved) & SUM
    leaf = replace(LEAF, files=len(saved), total=total, newest=-2.0, newest_local=-2.0)
    digests = {"http://h/": ("d", leaf)}
    one, other = NewCopies(), NewCopies()
    found = [one.add({}, {}, [saved[:cut]]), one.add({}, digests, [saved[cut:]])]
    records = [{f"{number}": each for number, each in enumerate(some)} for some in (saved[:cut], saved[cut:])]
    assert found == [other.add(records[0], {}), other.add(records[1], digests)]
    assert not (is_like and several) or found[-1].keys() == {"d"}
