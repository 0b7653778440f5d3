"""Deleting: what may be deleted, how much of it, and how it is reported."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.options.values import MaxDelete, parse_max_delete
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Known, Local, Outcome
from crawler.pipeline.rules.extraneous import Extraneous, Unlisted
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.save.deletion import Circumstances, Excluded, Removals, candidates, doubts, excess, judge, remove
from crawler.storage.state import SqliteState
from tests.support.fakes import FakeDestination, MemoryState, Recorder

FILE = Local(Kind.FILE, 10, 0)
DEFAULT = Config().max_delete


async def removals(
    local: Mapping[str, Local], *gone: str, delete_excluded: bool = False, **options: object
) -> tuple[list[str], list[str]]:
    """(files, directories) that may be deleted if ``gone`` (directories end in a slash) are extraneous."""
    config = Config.from_mapping({"delete": True, **options}, where="test")
    items = [
        Extraneous(path=path.rstrip("/"), kind=Kind.DIRECTORY if path.endswith("/") else Kind.FILE, size=10)
        for path in gone
    ]
    filters = Filters(config, datetime(2024, 1, 1, tzinfo=UTC))
    found = await candidates(items, FakeDestination(local), filters, delete_excluded=delete_excluded)
    assert found.sizes == dict.fromkeys(found.files, 10)
    assert found.uncounted == sum(path.startswith(tuple(p for p in gone if p.endswith("/"))) for path in local)
    return sorted(found.files), list(found.folders)


TREE = dict.fromkeys(["a.zip", "b.txt", "old/c.zip", "old/d.txt", "old/deep/e.zip", "keep/f.zip"], FILE)


async def test_files_and_whole_directories_go() -> None:
    assert await removals(TREE, "a.zip", "old/") == (
        ["a.zip", "old/c.zip", "old/d.txt", "old/deep/e.zip"],
        ["old/deep", "old"],
    )


async def test_a_directory_goes_after_what_it_holds() -> None:
    tree = dict.fromkeys(["x/1/a", "x/1/2/b", "x/1/2/3/c"], FILE)
    _, folders = await removals(tree, "x/")
    assert folders == ["x/1/2/3", "x/1/2", "x/1", "x"]


async def test_links_and_odd_things_go_like_files() -> None:
    tree = {"link": Local(Kind.SYMLINK, 10, 0), "old/pipe": Local(Kind.OTHER, 10, 0)}
    assert await removals(tree, "link", "old/") == (["link", "old/pipe"], ["old"])


async def test_what_the_filters_exclude_is_not_deleted() -> None:
    files, folders = await removals(TREE, "a.zip", "b.txt", "old/", ext="zip")
    assert files == ["a.zip", "old/c.zip", "old/deep/e.zip"]
    assert folders == ["old/deep"], "old holds a file that stays"


async def test_an_excluded_file_keeps_every_directory_above_it() -> None:
    tree = dict.fromkeys(["x/1/2/keep.txt", "x/1/gone.zip", "x/other/gone.zip"], FILE)
    assert await removals(tree, "x/", exclude="*.txt") == (["x/1/gone.zip", "x/other/gone.zip"], ["x/other"])


async def test_an_excluded_directory_is_kept_with_all_that_is_in_it() -> None:
    assert await removals(TREE, "a.zip", "old/", exclude="deep/") == (["a.zip", "old/c.zip", "old/d.txt"], [])
    assert await removals(TREE, "old/", exclude="old/") == ([], [])


async def test_with_delete_excluded_they_go_too() -> None:
    files, folders = await removals(TREE, "b.txt", "old/", ext="zip", exclude="deep/", delete_excluded=True)
    assert files == ["b.txt", "old/c.zip", "old/d.txt", "old/deep/e.zip"]
    assert folders == ["old/deep", "old"]


@pytest.mark.parametrize("option", [{"max_size": "5"}, {"min_size": "50"}, {"newer_than": "2030-01-01"}])
async def test_limits_on_size_and_age_keep_nothing(option: dict[str, object]) -> None:
    """Whether a file that is gone would be wanted today cannot be known; it was wanted when it was brought."""
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
    gone, folders = await removals(dict.fromkeys(files, FILE), *sorted(tops), **options)
    for kept in files - set(gone):
        assert not any(kept.startswith(folder + "/") for folder in folders)
    assert len(folders) == len(set(folders))


@pytest.mark.parametrize(
    ("count", "total", "limit", "refused"),
    [
        (10, 10, DEFAULT, False),
        (10, 12, DEFAULT, False),
        (11, 12, DEFAULT, True),
        (25, 100, DEFAULT, False),
        (26, 100, DEFAULT, True),
        (0, 0, DEFAULT, False),
        (250_000, 1_000_000, DEFAULT, False),
        (250_001, 1_000_000, DEFAULT, True),
        (0, 5, MaxDelete(count=0), False),
        (1, 5, MaxDelete(count=0), True),
        (3, 100, MaxDelete(count=3), False),
        (4, 100, MaxDelete(count=3), True),
        (100, 100, MaxDelete(count=1000), False),
        (100, 100, MaxDelete(percent=100.0), False),
        (50, 100, MaxDelete(percent=49.9), True),
        (1, 30, MaxDelete(percent=0.0), True),
        (0, 30, MaxDelete(percent=0.0), False),
        (3, 30, MaxDelete(percent=10.0), False),
        (4, 30, MaxDelete(percent=10.0), True),
        (3, 10, parse_max_delete("25%"), True),
    ],
)
def test_too_many_deletions_are_refused(count: int, total: int, limit: MaxDelete, refused: bool) -> None:
    text = excess(count, total, limit)
    assert (text is not None) == refused
    if text is not None:
        assert f"{count} of {total}" in text
        assert f"--max-delete {limit}" in text
        assert "\n" not in text


DOUBT = ("nothing was deleted in /x", 6)
SWITCHES = ("wanted", "gone", "interrupted", "limit_reached", "failed", "listings_failed", "ignores_errors", "too many")
JUDGEMENTS = (
    # switches in that order, "." for either; whether it deletes; the message; the exit code
    ("0.......", False, "", 0),
    ("10......", False, "", 0),
    ("111.....", False, "", 0),
    ("1101....", False, "", 0),
    ("1100100.", False, "something failed", 0),
    ("11001.0.", False, "something failed", 6),
    (".......1", False, "--max-delete", 6),
    (".......0", True, "", 0),
)
"""The first line that fits decides."""


@pytest.mark.parametrize("doubted", [False, True], ids=["no doubt", "a doubtful folder"])
@pytest.mark.parametrize("switches", list(product("01", repeat=len(SWITCHES))), ids="".join)
def test_what_stands_in_the_way_of_deleting(switches: tuple[str, ...], doubted: bool) -> None:
    is_on = {name: switch == "1" for name, switch in zip(SWITCHES, switches, strict=True)}
    count = DEFAULT.always + 1 if is_on.pop("too many") else DEFAULT.always
    case = Circumstances(**is_on, doubts=(DOUBT,) * doubted, count=count, total=12, limit=DEFAULT)  # type: ignore[arg-type]
    deletes, warnings, refusal = judge(case)
    _, expected, says, code = next(line for line in JUDGEMENTS if re.fullmatch(line[0], "".join(switches)))
    assert deletes == expected
    assert (DOUBT in warnings) == (doubted and case.wanted), "a doubt is told, and is no obstacle for other folders"
    told = [warning for warning in warnings if warning != DOUBT] + [(refusal, 6)] * (refusal is not None)
    assert [text for text, _ in told if not text or says not in text] == []
    assert [warned for _, warned in told] == [code] * bool(says)


def test_what_is_not_counted_yet_is_not_too_much() -> None:
    assert judge(Circumstances(wanted=True, gone=True, limit=MaxDelete(count=0))).deletes


async def test_what_is_removed_is_reported_and_forgotten() -> None:
    destination = FakeDestination(TREE)
    state = MemoryState(Known(path="a.zip", url="http://h/a.zip", row="", size=10, mtime=0))
    observer = Recorder()
    destination.stays = {"b.txt": "not permitted"}
    stayed = await remove(
        Removals(
            files=("a.zip", "b.txt", "old/c.zip"),
            folders=("old",),
            sizes={"a.zip": 10, "b.txt": 11, "old/c.zip": 12},
            uncounted=1,
        ),
        destination,
        state,
        observer,
    )
    assert stayed == [("b.txt", "not permitted")]
    assert destination.deleted == ["a.zip", "old/c.zip", "old"]
    assert [(r.path, r.outcome, r.old_size) for r in observer.results] == [
        ("a.zip", Outcome.DELETED, 10),
        ("old/c.zip", Outcome.DELETED, 12),
    ]
    assert {(r.url, r.reason) for r in observer.results} == {("", "gone upstream")}
    assert state.forgotten == ["a.zip", "b.txt", "old/c.zip", "old/"]
    assert state.files == {}


async def test_what_is_removed_was_forgotten_before(tmp_path: Path) -> None:
    """kill -9 between the two leaves a file without a row, never a row without a file."""
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
            folders=("old",),
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
    assert (found.folders, found.uncounted) == ((), 3)
    assert found.spared == {"old/deep/link": "a symbolic link"}


def test_a_user_reads_why_nothing_was_deleted() -> None:
    assert excess(4, 100, MaxDelete(count=3)) == (
        "4 of 100 local files are gone upstream: more than --max-delete 3 allows, "
        "so nothing was deleted (is the site complete? then run once with a higher --max-delete)"
    )


def test_no_percentage_allows_nothing() -> None:
    assert excess(1, 100, MaxDelete(percent=0.0, always=0)) is not None


MOVED, SCRIPTED = Flaw(FlawKind.ELSEWHERE), Flaw(FlawKind.SCRIPT)


@pytest.mark.parametrize(
    ("doubted", "mentioned", "warnings"),
    [
        ({}, [], []),
        ({"a": MOVED}, [], [(f"nothing was deleted in /a: {MOVED}", 6)]),
        ({"a": MOVED, "b": MOVED}, [], [(f"nothing was deleted in /a (and 1 more folder): {MOVED}", 6)]),
        ({"a": MOVED, "b": SCRIPTED, "c": MOVED, "d": MOVED}, ["x"],
         [(f"nothing was deleted in /a (and 2 more folders): {MOVED}", 6),
          (f"nothing was deleted in /b: {SCRIPTED}", 6),
          ("not deleted: x: no longer listed, but a link on the page still shows the name", 0)]),
        ({}, ["x", "y"],
         [("not deleted: x and 1 more: no longer listed, but a link on the page still shows the name", 0)]),
        ({}, ["x", "y", "z"],
         [("not deleted: x and 2 more: no longer listed, but a link on the page still shows the name", 0)]),
    ],
)  # fmt: skip
def test_what_stays_in_doubt_is_reported(
    doubted: dict[str, Flaw], mentioned: list[str], warnings: list[tuple[str, int]]
) -> None:
    assert list(doubts(Unlisted(doubted=doubted, mentioned=mentioned))) == warnings


def test_excluded_are_the_files_that_the_filters_reject() -> None:
    config = Config.from_mapping({"delete": True, "exclude": ["*.txt", "deep/"]}, where="test")
    excluded = Excluded(Filters(config, datetime(2024, 1, 1, tzinfo=UTC)))
    paths = ["a.txt", "x/a.txt", "x/a.zip", "x/deep/a.zip", "deep", None, 5]
    assert [path in excluded for path in paths] == [True, True, False, True, False, False, False]


async def test_a_directory_that_stays_is_reported_unless_it_is_not_empty() -> None:
    destination, state = FakeDestination(TREE), MemoryState()
    destination.stays = {"old": Reason.NOT_EMPTY, "keep": "not permitted"}
    gone = Removals(files=("a.zip",), folders=("old", "keep"), sizes={"a.zip": 10}, uncounted=0)
    assert await remove(gone, destination, state, Recorder()) == [("keep", "not permitted")]


async def test_a_destination_must_response_for_each_path() -> None:
    """Whether a file is gone is never guessed: the calling program may supply its own destination."""

    class Short(FakeDestination):
        async def delete(self, paths: Sequence[str]) -> list[str | None]:
            return (await super().delete(paths))[:-1]

    gone = Removals(files=("a.zip",), folders=("old",), sizes={"a.zip": 10}, uncounted=0)
    with pytest.raises(ValueError, match="shorter"):
        await remove(gone, Short(TREE), MemoryState(), Recorder())


def test_a_user_reads_that_something_failed() -> None:
    case = Circumstances(wanted=True, gone=True, failed=True, limit=DEFAULT)
    text = "nothing was deleted, because something failed (--ignore-errors deletes nevertheless)"
    assert judge(case).warnings == ((text, 0),)
