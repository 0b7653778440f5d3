"""The soak as a small test of the program, and tests that its checks detect each violation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.soak import checks
from tests.e2e.soak.checks import Content, Wrong
from tests.e2e.soak.faults import VERDICTS, Fault
from tests.e2e.soak.schedules import brief, unchanged_is_cheap
from tests.e2e.soak.server import Log, Plan
from tests.e2e.soak.soak import Row, Terms, soak
from tests.e2e.soak.tree import Tree, data_of, mtime_of

PLAN = Plan(files=300, directories=20, seed=18, rate=0.05)
REPOSITORY = Path(__file__).parents[3]


def test_a_small_tree_survives_faults_kills_and_a_day_of_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    terms = Terms(plan=PLAN, directory=tmp_path, deadline=time.monotonic() + 500, read_timeout="1s")
    rows, problem = soak(terms, brief)
    assert problem == ""
    first, second, day, *others = (row.end for row in rows)
    assert (first, second, others) == ("kill -9", "5", ["0", "0", "0"])
    assert day in {"0", "5"}, "which request of a run meets the fault depends on their order"
    struck = set().union(*(row.log.faults for row in rows))
    assert len(struck & VERDICTS) >= 2, "too few kinds of faults: choose another seed"
    assert len(struck - VERDICTS) >= 5
    assert rows[2].summary["deleted"], "nothing was to be deleted: choose another seed"


def test_a_soak_that_takes_too_long_fails_and_says_so(tmp_path: Path) -> None:
    size = ["--files=300", "--directories=20", "--limit=0.2s", f"--directory={tmp_path}"]
    command = [sys.executable, "-m", "tests.e2e.soak", *size]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "WRONG: the time limit is over in run 1" in done.stdout
    assert os.listdir(tmp_path) == []


# --- the checks


@pytest.fixture
def tree() -> Tree:
    return Tree(60, 20, 1)


@pytest.fixture
def directory(tmp_path: Path, tree: Tree) -> Path:
    """Write a mirror of ``tree`` without running the program."""
    for directory in tree.directories:
        (tmp_path / directory).mkdir(parents=True, exist_ok=True)
    for path, number in tree.files().items():
        (tmp_path / path).write_bytes(data_of(number))
        os.utime(tmp_path / path, (mtime_of(number), mtime_of(number)))
    (tmp_path / ".crawler" / "parts").mkdir(parents=True)
    return tmp_path


def rot(path: Path) -> None:
    """Replace the bytes of the file by others, keeping its size and time."""
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(path: Path) -> None:
    before = path.stat()
    os.truncate(path, before.st_size - 1)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def linked(path: Path) -> None:
    os.rename(path, path.with_name("elsewhere"))
    os.symlink("elsewhere", path)


def test_an_intact_mirror_is_recognised(directory: Path, tree: Tree) -> None:
    content = checks.look(directory, tree.files(), Content())
    assert content.files == tree.files()
    assert content.directories == tree.directories.keys() - {""}


@pytest.mark.parametrize("damage", [rot, cut, os.utime, linked])
def test_damage_to_a_file_is_detected(directory: Path, tree: Tree, damage: Callable[[Path], None]) -> None:
    files = tree.files()
    before = checks.look(directory, files, Content())
    path = next(path for path, number in files.items() if len(data_of(number)) > 1)
    damage(directory / path)
    with pytest.raises(Wrong, match=re.escape(path)):
        checks.look(directory, files, before)


@pytest.mark.parametrize("name", ["stranger", ".crawler/stranger", "s0/.part-1"])
def test_an_unknown_file_is_detected(directory: Path, tree: Tree, name: str) -> None:
    (directory / name).write_bytes(b"")
    with pytest.raises(Wrong, match=name.rpartition("/")[2]):
        checks.look(directory, tree.files(), Content())


def test_a_lost_or_outdated_file_is_detected_unless_the_server_is_the_reason(directory: Path, tree: Tree) -> None:
    before = checks.look(directory, tree.files(), Content())
    lost = next(iter(tree.files()))
    (directory / lost).unlink()
    after = checks.look(directory, tree.files(), before)
    with pytest.raises(Wrong, match="deleted, though upstream"):
        checks.nothing_lost(before, after, tree.files())
    log = Log(served=set(tree.directories))
    with pytest.raises(Wrong, match="not current here"):
        checks.up_to_date(log, after, after, tree.files())
    checks.up_to_date(replace(log, failed_files={lost: Fault.GONE}), after, after, tree.files())
    checks.up_to_date(replace(log, served=log.served - {lost.rpartition("/")[0]}), after, after, tree.files())


def test_what_is_gone_is_proven_by_the_listing_of_its_directory_or_of_one_above() -> None:
    log = Log(served={"", "a", "a/b"})
    before = Content(files=dict.fromkeys(("x", "a/b/x", "a/gone/deep/x", "a/c/x", "a/c/gone/x", "here"), 1))
    proven = checks.proven_gone(log, before, {"", "a", "a/b", "a/c"}, {"here": 1})
    assert proven == {"x", "a/b/x", "a/gone/deep/x"}


ACCOUNT = {
    "listed": 60, "saved": 50, "unchanged": 9, "skipped": 0, "failed": 1, "listings_failed": 0, "interrupted": None,
    "failures": [{"path": "f"}], "listing_failures": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "lie",
    [
        {"listed": 61},
        {"saved": 49, "unchanged": 10, "listed": 61},
        {"saved": 49, "skipped": 1},
        {"failures": [{"path": "another"}]},
        {"failures": []},
        {"failed": 0, "unchanged": 10},
        {"listing_failures": [{"path": ""}]},
        {"listings_failed": 1},
        {"listed": 59, "saved": 49},
    ],
)
def test_counts_that_do_not_agree_with_the_server_are_detected(tree: Tree, lie: dict[str, object]) -> None:
    log = Log(served=set(tree.directories), failed_files={"f": Fault.LOGIN})
    checks.account(ACCOUNT, log, tree.files())
    with pytest.raises(Wrong):
        checks.account(ACCOUNT | lie, log, tree.files())


CHANGES = (("added", "new"), ("deleted", "old"), ("updated", "lost"))


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ('{"change": "added", "path": "new"}', {"saved": 1, "deleted": 0, "failed": 0}),
        ('{"change": "deleted", "path": "old"}', {"saved": 0, "deleted": 1, "failed": 0}),
        (
            '{"change": "added", "path": "new"}\n{"change": "deleted", "path": "old"}',
            {"saved": 2, "deleted": 1, "failed": 0},
        ),
        (
            "\n".join(f'{{"change": "{what}", "path": "{path}"}}' for what, path in CHANGES),
            {"saved": 2, "deleted": 1, "failed": 0},
        ),
    ],
)
def test_a_change_list_that_does_not_agree_with_the_disk_is_detected(lines: str, counts: dict[str, object]) -> None:
    before, after = Content(files={"old": 1, "same": 2}), Content(files={"new": 3, "same": 2})
    right = '{"change": "added", "path": "new"}\n{"change": "deleted", "path": "old"}'
    checks.change_list(right, {"saved": 1, "deleted": 1, "failed": 0}, before, after)
    with pytest.raises(Wrong):
        checks.change_list(lines, counts, before, after)


@pytest.mark.parametrize("log", [Log(listings=20, files=1), Log(listings=21), Log(listings=19)])
def test_a_second_run_with_too_many_requests_is_detected(log: Log) -> None:
    summary: dict[str, object] = {"saved": 0}
    unchanged_is_cheap(Row(name="", log=Log(listings=22, listing_faults=2), summary=summary), 20)
    with pytest.raises(Wrong):
        unchanged_is_cheap(Row(name="", log=log, summary=summary), 20)


def test_two_trees_of_one_seed_stay_equal_and_each_day_changes_them() -> None:
    one, other = Tree(2000, 40, 7), Tree(2000, 40, 7)
    for _ in range(3):
        before = one.files()
        one.advance()
        other.advance()
        assert one.directories == other.directories
        after = one.files()
        assert after.keys() - before.keys()
        assert before.keys() - after.keys()
        assert {path for path in before.keys() & after.keys() if before[path] != after[path]}
        assert set(before.values()) & {after[path] for path in after.keys() - before.keys()}, "renamed"
