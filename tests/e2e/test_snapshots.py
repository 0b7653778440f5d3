"""--snapshots over a real server: which runs publish, what readers see, rollback, --verify, and other options."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import crawler
from crawler.cli import parser as cli
from crawler.model.options.retention import Retention
from tests.conftest import Serve
from tests.support import trees

OLD = 1_600_000_000
KEEP = crawler.Config(snapshots=Retention(20), fsync="none")


def write(path: Path, body: str, moment: int = OLD) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(body)
    os.utime(path, (moment, moment))


def shelf(mirror: Path) -> Path:
    return mirror / ".crawler/snapshots"


def names(mirror: Path) -> list[str]:
    return sorted(path.name for path in shelf(mirror).iterdir() if path.is_dir() and not path.is_symlink())


def current(mirror: Path) -> str:
    return os.readlink(shelf(mirror) / "current")


class Screen:
    """Runs the program in this process. Returns its exit code and what it prints."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: object) -> tuple[int, str]:
        code = cli.run([str(argument) for argument in arguments])
        shown = self._capture.readouterr()
        return code, shown.out + shown.err


@pytest.fixture
def screen(capfd: pytest.CaptureFixture[str]) -> Screen:
    return Screen(capfd)


@pytest.fixture
def tree(site: Path) -> Path:
    write(site / "index.txt", "1")
    write(site / "sub/data.txt", "1")
    return site


async def test_complete_runs_that_find_a_change_publish(serve: Serve, tree: Path, mirror: Path) -> None:
    url = serve("nginx").url_of(tree)
    report = await crawler.mirror(url, mirror, KEEP)
    assert report.published is not None
    assert (report.published.files, report.published.size) == (2, 2)
    [first] = names(mirror)
    assert report.published.name == first == current(mirror)
    assert (await crawler.mirror(url, mirror, KEEP)).published is None, "nothing has changed"
    # Incomplete runs change DIR and publish nothing; a complete one makes up for them, though it changes nothing.
    write(tree / "sub/data.txt", "two", OLD + 60)
    write(tree / "bad.txt", "bad")
    (mirror / "bad.txt").mkdir()  # an obstacle, so that the file fails
    write(tree / "extra.txt", "1")
    for config in (replace(KEEP, max_files=1), KEEP, replace(KEEP, dry_run=True)):
        report = await crawler.mirror(url, mirror, config)
        assert (report.published, names(mirror)) == (None, [first]), config
    assert (mirror / "sub/data.txt").read_text() == "two"
    (tree / "bad.txt").unlink()
    (mirror / "bad.txt").rmdir()
    report = await crawler.mirror(url, mirror, KEEP)
    assert (report.saved, report.changed) == (0, False)
    assert report.published is not None
    second = names(mirror)[-1]
    trees.assert_same(tree, shelf(mirror) / second)
    assert (shelf(mirror) / first / "sub/data.txt").read_text() == "1"
    assert (shelf(mirror) / first / "index.txt").stat().st_ino == (mirror / "index.txt").stat().st_ino
    # A file of which only the time has changed gets a new inode; the snapshots keep the old one.
    os.utime(tree / "index.txt", (OLD + 120, OLD + 120))
    report = await crawler.mirror(serve("nginx").url_of(tree), mirror, KEEP)
    assert report.published is not None
    times = [int((place / "index.txt").stat().st_mtime) - OLD for place in (shelf(mirror) / second, mirror)]
    assert times == [0, 120]
    # --delete and --trash affect only DIR; --snapshots publishes what is there afterwards.
    (tree / "sub/data.txt").unlink()
    await crawler.mirror(url, mirror, replace(KEEP, delete=True, trash=30, snapshots=2))  # type: ignore[arg-type]
    kept = names(mirror)
    assert (len(kept), current(mirror)) == (2, kept[-1])
    assert [(shelf(mirror) / name / "sub/data.txt").exists() for name in kept] == [True, False]
    assert [path.read_text() for path in (mirror / ".crawler/trash").rglob("data.txt")] == ["two"]
    with pytest.raises(crawler.ConfigError, match=r"inside the \.crawler of a mirror"):
        await crawler.mirror(url, shelf(mirror) / "current", KEEP)


def test_snapshots_are_listed_verified_and_returned_to(
    serve: Serve, tree: Path, mirror: Path, screen: Screen, tmp_path: Path
) -> None:
    url, log = serve("nginx").url_of(tree), mirror / "crawler.log"
    mirror.mkdir()
    options = ("--snapshots=3", "--fsync=none", f"--log-file={log}", f"--summary={tmp_path}/summary")
    noted = (f"--on-change=cat {shelf(mirror)}/current/index.txt >> {tmp_path}/seen",)
    for version in "123":
        write(tree / "index.txt", version, OLD + 60 * int(version))
        code, text = screen("-v", *options, *noted, url, mirror)
        assert (code, "Published 20" in text) == (0, True), text
    first, second, third = names(mirror)
    assert (tmp_path / "seen").read_text() == "123", "the command runs when readers see the new one"
    assert json.loads((tmp_path / "summary").read_text())["snapshot"] == third
    assert not (shelf(mirror) / third / "crawler.log").exists()
    code, text = screen("--list-snapshots", mirror)
    lines = [f"{first}  2 files  2 B", f"{second}  2 files  2 B", f"{third}  2 files  2 B  current"]
    assert (code, text.splitlines()) == (0, lines)
    shown = json.loads(screen("--list-snapshots", "--format=json", mirror)[1])
    assert [(one["name"], one["files"], one["size"], one["current"]) for one in shown] == [
        (first, 2, 2, False), (second, 2, 2, False), (third, 2, 2, True),
    ]  # fmt: skip
    assert (Path(shown[0]["path"]) / "index.txt").read_text() == "1"

    assert screen("--rollback", first, mirror) == (0, f"readers see {first} in place of {third}\n")
    assert screen("--rollback", first, mirror) == (0, f"readers see {first} as before\n")
    assert (shelf(mirror) / "current/index.txt").read_text() == "1"
    assert screen(*options, url, mirror) == (0, "")
    assert (current(mirror), names(mirror)) == (first, [first, second, third]), "a run without a change leaves it"
    (mirror / "README").write_text("of the administrator")
    (shelf(mirror) / "current").unlink()
    assert screen(*options, *noted, url, mirror) == (0, "")
    assert (tmp_path / "seen").read_text() == "1233", "readers see something new, though nothing was fetched"
    (mirror / "README").unlink()
    assert screen(*options, url, mirror) == (0, "")
    (shelf(mirror) / "current").unlink()
    assert screen(*options, url, mirror) == (0, "")
    assert current(mirror) == names(mirror)[-1], "a link that leads nowhere leads to the newest one"
    second, third = names(mirror)[-2:]
    first = names(mirror)[0]
    write(tree / "index.txt", "4", OLD + 600)
    assert screen(*options, url, mirror) == (0, "")
    assert names(mirror) == [second, third, current(mirror)]

    for place in (shelf(mirror) / second, shelf(mirror) / "current"):
        code, text = screen("-v", "--verify", place)
        assert (code, "2 good, 0 bad" in text) == (0, True), text
    damaged = shelf(mirror) / second / "index.txt"
    damaged.write_text("x")
    (shelf(mirror) / third / "sub/data.txt").unlink()
    assert [screen("--verify", shelf(mirror) / name)[0] for name in (second, third)] == [5, 5]
    (shelf(mirror) / f"{second}.sha256").write_text("# cut short\n")
    for wrong, why in (
        (("--verify", shelf(mirror) / second), "is incomplete"),
        (("--verify", "--repair", shelf(mirror) / third), "never changed"),
        (("--rollback", first, mirror), f"no such snapshot; the last ones are {second}"),
        (("--rollback", "current", mirror), "no such snapshot"),
        (("--list-snapshots", tmp_path), "has no snapshots"),
        (("--list-snapshots", "s3://bucket/x"), "has no snapshots"),
        (("--rollback", first, "--verify", mirror), "cannot be combined"),
        (("--rollback", first), "expected DIR"),
    ):
        code, text = screen(*wrong)
        assert (code > 1, why in text, "Traceback" in text) == (True, True, False), text
    assert screen("--verify", mirror) == (0, ""), "the mirror itself is good"
    for obstacle, why in (
        (shelf(mirror) / "current", "current in it is not a symbolic link"),
        (shelf(mirror), "it is a file, not a directory"),
    ):
        moved = obstacle.rename(tmp_path / obstacle.name)
        obstacle.touch()
        write(tree / "index.txt", why, OLD + 900)
        code, text = screen(*options, url, mirror)
        assert (code, why in text, "Stopped" in text) == (4, True, False), text
        obstacle.unlink()
        moved.rename(obstacle)


async def test_lists_of_urls_are_published_and_foreign_destinations_are_refused(
    serve: Serve, tree: Path, mirror: Path
) -> None:
    url = serve("nginx").url_of(tree)
    items: Iterable[tuple[str, str]] = [(f"{url}index.txt", "x/y"), (f"{url}missing", "")]
    assert (await crawler.download(items, mirror, KEEP)).published is None
    report = await crawler.download([(f"{url}index.txt", "x/y")], mirror, KEEP)
    assert report.published is not None
    assert (shelf(mirror) / "current/x/y").read_text() == "1"
    with pytest.raises(crawler.ConfigError, match="snapshots: not supported with a custom destination"):
        await crawler.mirror(url, mirror, KEEP, destination=contextlib.nullcontext())
