"""A dry run into a place that cannot be written says so, and ends with the exit code of the run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.server import Site
from tests.support.paths_probe import probe

LOCKED: dict[str, tuple[str, int]] = {
    "DIR": ("", 0o555),
    "the directory of DIR": ("..", 0o555),
    ".crawler of a mirror": (".crawler", 0o555),
    "parts of a mirror": (".crawler/parts", 0o555),
    "the lock of a mirror": (".crawler/lock", 0o444),
    "a directory of a mirror": ("sub", 0o555),
    "nothing": ("", 0o755),
}
"""What is locked → its path from DIR, and its mode."""


def _prepare(place: Path, what: str, url: str) -> Path:
    """DIR, of which ``what`` is locked; it is a mirror if that is said, and missing if its directory is locked."""
    directory = place / "d"
    place.mkdir()
    if "mirror" in what:
        assert cli.run([url, str(directory)]) == 0
        (directory / "sub/f").unlink()
    elif what != "the directory of DIR":
        directory.mkdir()
    path, mode = LOCKED[what]
    (place if path == ".." else directory / path).chmod(mode)
    return directory


def _states(place: Path) -> list[str]:
    """Names of directories in which a file called ``state`` cannot be used: one is locked, in one the file is."""
    (place / "locked").mkdir()
    (place / "locked").chmod(0o555)
    (place / "open").mkdir()
    (place / "open/state").touch(0o444)
    return ["locked", "open"]


@pytest.mark.parametrize("option", ["--summary", "--changes", "--metrics", "--state"])
def test_a_file_in_a_directory_that_the_run_makes_is_accepted_by_both(tmp_path: Path, option: str) -> None:
    directory = tmp_path / "d"
    with Site() as site:
        site.file("f", b"f")
        for more in (["--dry-run"], []):
            assert cli.run([*more, option, str(directory / "x.prom"), site.url, str(directory)]) == 0
            assert (directory / "x.prom").exists() == (not more)


def test_it_ends_as_the_run_does(tmp_path: Path) -> None:
    with Site() as site:
        site.file("sub/f", b"f")
        dry = [_prepare(tmp_path / f"a{number}", what, site.url) for number, what in enumerate(LOCKED)]
        real = [_prepare(tmp_path / f"b{number}", what, site.url) for number, what in enumerate(LOCKED)]
        cases = [(str(tmp_path), [*more, site.url, str(each)], "") for more, places in
                 ((["--dry-run"], dry), ([], real)) for each in places]  # fmt: skip
        states = [
            ["--state", str(tmp_path / name / "state"), site.url, str(tmp_path / "s")] for name in _states(tmp_path)
        ]
        cases += [(str(tmp_path), [*more, *words], "") for words in states for more in (["--dry-run"], [])]
        done = probe(cases, tmp_path)
    planned, run, stated = done[: len(LOCKED)], done[len(LOCKED) : 2 * len(LOCKED)], done[2 * len(LOCKED) :]
    assert {code for code, _ in stated} == {2}
    assert all("/state: no permission to write it, and files beside it" in text for _, text in stated)
    assert [code for code, _ in planned] == [code for code, _ in run], (planned, run)
    assert [code for code, _ in run] == [4, 4, 0, 4, 4, 5, 0]
    for (code, text), what in zip(planned, LOCKED, strict=True):
        assert ("permission denied" in text) == (code != 0), what
    for path in tmp_path.iterdir():
        shutil.rmtree(path, ignore_errors=True)


def test_neither_can_write_where_the_kernel_shows_what_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    with Site() as site:
        for words in ([], ["--dry-run"]):
            assert cli.run([*words, site.url, f"/proc/{os.getpid()}/x"]) == 4
            texts.append(capsys.readouterr().err)
    assert texts[0] == texts[1]
    assert "no files can be created there" in texts[0]
