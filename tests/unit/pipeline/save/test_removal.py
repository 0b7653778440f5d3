"""Deletion: what may be deleted, how much, and how it is reported."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Known, Local, Outcome
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.save.removal import Removals, candidates, remove
from crawler.storage.state.store import SqliteState
from tests.support.fakes import FakeDestination, MemoryState, Recorder

FILE = Local(Kind.FILE, 10, 0)


async def removals(
    local: Mapping[str, Local], *gone: str, delete_excluded: bool = False, **options: object
) -> tuple[list[str], list[str]]:
    """(files, directories) that may be deleted if the paths ``gone`` are extraneous; directories end in a slash."""
    config = Config.from_mapping({"delete": True, **options}, where="test")
    items = [
        Extraneous(path=path.rstrip("/"), kind=Kind.DIRECTORY if path.endswith("/") else Kind.FILE, size=10)
        for path in gone
    ]
    filters = Filters(config, datetime(2024, 1, 1, tzinfo=UTC))
    found = await candidates(items, FakeDestination(local), filters, delete_excluded=delete_excluded)
    assert found.sizes == dict.fromkeys(found.files, 10)
    assert found.uncounted == sum(path.startswith(tuple(p for p in gone if p.endswith("/"))) for path in local)
    return sorted(found.files), list(found.directories)


TREE = dict.fromkeys(["a.zip", "b.txt", "old/c.zip", "old/d.txt", "old/deep/e.zip", "keep/f.zip"], FILE)


async def test_files_and_whole_directories_go() -> None:
    assert await removals(TREE, "a.zip", "old/") == (
        ["a.zip", "old/c.zip", "old/d.txt", "old/deep/e.zip"],
        ["old/deep", "old"],
    )
    assert await removals(TREE, "keep/", "a.zip", "old/deep/") == (
        ["a.zip", "keep/f.zip", "old/deep/e.zip"],
        ["keep", "old/deep"],
    )


async def test_a_directory_goes_after_what_it_holds() -> None:
    tree = dict.fromkeys(["x/1/a", "x/1/2/b", "x/1/2/3/c"], FILE)
    _, directories = await removals(tree, "x/")
    assert directories == ["x/1/2/3", "x/1/2", "x/1", "x"]


async def test_links_and_odd_things_go_like_files() -> None:
    tree = {"link": Local(Kind.SYMLINK, 10, 0), "old/pipe": Local(Kind.OTHER, 10, 0)}
    assert await removals(tree, "link", "old/") == (["link", "old/pipe"], ["old"])


async def test_what_the_filters_exclude_is_not_deleted() -> None:
    files, directories = await removals(TREE, "a.zip", "b.txt", "old/", ext="zip")
    assert files == ["a.zip", "old/c.zip", "old/deep/e.zip"]
    assert directories == ["old/deep"], "old holds a file that stays"


async def test_an_excluded_file_keeps_every_directory_above_it() -> None:
    tree = dict.fromkeys(["x/1/2/keep.txt", "x/1/gone.zip", "x/other/gone.zip"], FILE)
    assert await removals(tree, "x/", exclude="*.txt") == (["x/1/gone.zip", "x/other/gone.zip"], ["x/other"])


async def test_an_excluded_directory_is_kept_with_all_that_is_in_it() -> None:
    assert await removals(TREE, "a.zip", "old/", exclude="deep/") == (["a.zip", "old/c.zip", "old/d.txt"], [])
    assert await removals(TREE, "old/", exclude="old/") == ([], [])


async def test_with_delete_excluded_they_go_too() -> None:
    files, directories = await removals(TREE, "b.txt", "old/", ext="zip", exclude="deep/", delete_excluded=True)
    assert files == ["b.txt", "old/c.zip", "old/d.txt", "old/deep/e.zip"]
    assert directories == ["old/deep", "old"]


@pytest.mark.parametrize("option", [{"max_size": "5"}, {"min_size": "50"}, {"newer_than": "2030-01-01"}])
async def test_limits_on_size_and_age_keep_nothing(option: dict[str, object]) -> None:
    """It is unknown whether a file that is gone would be selected today; it was when it was saved."""
    assert await removals(TREE, "a.zip", **option) == (["a.zip"], [])


async def test_nothing_extraneous_means_nothing_to_delete() -> None:
    assert await removals(TREE) == ([], [])


@given(
    st.sets(st.lists(st.sampled_from(["a", "b", "c.txt"]), min_size=1, max_size=4).map("/".join), max_size=8),
    st.sampled_from(["", "*.txt", "a/", "b/"]),
)
async def test_no_directory_to_delete_contains_what_stays(paths: set[str], exclude: str) -> None:
    files = {path for path in paths if not any(other.startswith(path + "/") for other in paths)}
    tops = {path.partition("/")[0] + ("/" if "/" in path else "") for path in files}
    options = {"exclude": exclude} if exclude else {}
    gone, directories = await removals(dict.fromkeys(files, FILE), *sorted(tops), **options)
    for kept in files - set(gone):
        assert not any(kept.startswith(directory + "/") for directory in directories)
    assert len(directories) == len(set(directories))


"""The first matching line decides."""


async def test_what_is_removed_is_reported_and_forgotten() -> None:
    destination = FakeDestination(TREE)
    state = MemoryState(Known(path="a.zip", url="http://h/a.zip", row="", size=10, mtime=0))
    observer = Recorder()
    destination.stays = {"b.txt": "not permitted"}
    stayed, failure = await remove(
        Removals(
            files=("a.zip", "b.txt", "old/c.zip"),
            directories=("old",),
            sizes={"a.zip": 10, "b.txt": 11, "old/c.zip": 12},
            uncounted=1,
        ),
        destination,
        state,
        observer,
    )
    assert (stayed, failure) == ([("b.txt", "not permitted")], None)
    assert destination.deleted == ["a.zip", "old/c.zip", "old"]
    assert [(r.path, r.outcome, r.old_size) for r in observer.results] == [
        ("a.zip", Outcome.DELETED, 10),
        ("old/c.zip", Outcome.DELETED, 12),
    ]
    assert {(r.url, r.reason) for r in observer.results} == {("", "gone upstream")}
    assert state.forgotten == ["a.zip", "b.txt", "old/c.zip", "old/"]
    assert state.files == {}


async def test_what_is_removed_was_forgotten_before(tmp_path: Path) -> None:
    """kill -9 between the two leaves a file without a record, never a record without a file."""
    path = tmp_path / "state.sqlite3"
    rows: list[int] = []

    class Watched(FakeDestination):
        async def delete(self, paths: Sequence[str]) -> list[str | None]:
            with sqlite3.connect(path) as other:
                rows.extend(count for (count,) in other.execute("SELECT count(*) FROM files"))
            other.close()
            return await super().delete(paths)

    async with SqliteState(path) as state:
        state.remember([Known(path=name, url=f"http://h/{name}", row="", size=10, mtime=0) for name in TREE])
        gone = Removals(
            files=("a.zip", "old/c.zip", "old/d.txt"),
            directories=("old",),
            sizes={"a.zip": 10, "old/c.zip": 10, "old/d.txt": 10},
            uncounted=2,
        )
        await remove(gone, Watched(TREE), state, Recorder())
    assert rows == [2], "b.txt and keep/f.zip"


async def test_what_must_stay_in_a_directory_that_goes_keeps_it_and_does_not_count() -> None:
    link = Local(Kind.SYMLINK, 10, 0, "a symbolic link")
    tree = TREE | {"old/deep/link": link}
    item = Extraneous(path="old", kind=Kind.DIRECTORY, size=10)
    filters = Filters(Config.from_mapping({"delete": True}, where="test"), datetime(2024, 1, 1, tzinfo=UTC))
    found = await candidates([item], FakeDestination(tree), filters, delete_excluded=True)
    assert sorted(found.files) == ["old/c.zip", "old/d.txt", "old/deep/e.zip"]
    assert (found.directories, found.uncounted) == ((), 3)
    assert (found.spared, found.excluded) == ({"old/deep/link": "a symbolic link"}, ())


async def test_a_directory_that_stays_is_reported_unless_it_is_not_empty() -> None:
    destination, state = FakeDestination(TREE), MemoryState()
    destination.stays = {"old": Reason.NOT_EMPTY, "keep": "not permitted"}
    gone = Removals(files=("a.zip",), directories=("old", "keep"), sizes={"a.zip": 10}, uncounted=0)
    assert await remove(gone, destination, state, Recorder()) == ([("keep", "not permitted")], None)


@given(st.lists(st.sampled_from(["gone", "refused", "not reached"]), min_size=1, max_size=6))
async def test_each_path_that_was_reached_is_reported_although_the_destination_failed(ends: list[str]) -> None:
    done: dict[str, str | None] = {"gone": None, "refused": "not permitted"}
    names = [f"f{number}" for number in range(len(ends))]
    outcomes = {name: done[end] for name, end in zip(names, ends, strict=True) if end in done}

    class Failing(FakeDestination):
        async def delete(self, paths: Sequence[str]) -> list[str | None]:
            raise DestinationError("the disk failed").after(outcomes)

    gone = Removals(files=tuple(names), directories=("d",), sizes=dict.fromkeys(names, 1), uncounted=0)
    observer = Recorder()
    stayed, failure = await remove(gone, Failing({}), MemoryState(), observer)
    assert [result.path for result in observer.results] == [path for path in names if outcomes.get(path, "") is None]
    assert stayed == [(path, "not permitted") for path in names if outcomes.get(path)]
    assert str(failure) == "the disk failed"


async def test_a_destination_must_report_each_path() -> None:
    """Custom destinations may be wrong, and it is never guessed whether a file is gone."""

    class Short(FakeDestination):
        async def delete(self, paths: Sequence[str]) -> list[str | None]:
            return (await super().delete(paths))[:-1]

    gone = Removals(files=("a.zip",), directories=("old",), sizes={"a.zip": 10}, uncounted=0)
    with pytest.raises(ValueError, match="shorter"):
        await remove(gone, Short(TREE), MemoryState(), Recorder())


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("gone", ""),
        ("old", "old/deep/log stays (the file of --log): move it away"),
        ("out", "out/report.html stays (--report): name a file elsewhere"),
        ("text", "text/a.txt stays (excluded by the filters): move it away"),
        ("tex", "tex stays (excluded by the filters): move it away"),
        ("mirror", "mirror stays (another mirror): move it away"),
        ("other", "other stays (excluded by the filters): move it away"),
    ],
)
def test_what_keeps_a_directory_from_being_removed_is_named(directory: str, expected: str) -> None:
    found = Removals(
        files=(),
        directories=("gone", "gone/deep"),
        sizes={},
        uncounted=0,
        spared={"old/deep/log": "the file of --log", "out/report.html": "--report", "mirror": "another mirror"},
        excluded=("text/a.txt", "text/b.txt", "tex"),
    )
    assert found.blocker(directory) == expected


async def test_what_the_filters_exclude_is_noted_with_the_rest() -> None:
    config = Config.from_mapping({"delete": True, "ext": ["zip"]}, where="test")
    items = [Extraneous(path=path, kind=Kind.FILE, size=10) for path in ("a.txt", "b.zip", "c.txt")]
    filters = Filters(config, datetime(2024, 1, 1, tzinfo=UTC))
    found = await candidates(items, FakeDestination({}), filters, delete_excluded=False)
    assert (found.files, found.excluded) == (("b.zip",), ("a.txt", "c.txt"))
    found = await candidates(items, FakeDestination({}), filters, delete_excluded=True)
    assert (found.files, found.excluded) == (("a.txt", "b.zip", "c.txt"), ())
