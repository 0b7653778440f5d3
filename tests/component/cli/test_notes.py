"""What is said at the end agrees with the account."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from crawler.model.errors import ConfigError
from crawler.output.atomic_file import check_target
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site

Prepare = Callable[[Site, Path], object]
SITUATIONS: dict[str, tuple[list[str], Prepare, int]] = {
    "saved": ([], lambda site, there: None, 0),
    "a directory is in its place": ([], lambda site, there: there.mkdir(parents=True), 5),
    "left out by its name": (["--ext", "tar"], lambda site, there: None, 0),
    "left out by its headers": (["--max-size", "10"], lambda site, there: None, 0),
    "beyond a limit": (["--max-total-size", "10"], lambda site, there: None, 9),
    "refused": ([], lambda site, there: site.on("a.zip", Status(403)), 3),
    "planned": (["--dry-run"], lambda site, there: None, 0),
}
"""What becomes of the file at URL → options, preparation, exit code."""


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_path_of_a_file_is_told_if_it_is_there(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options, prepare, code = SITUATIONS[name]
    there = tmp_path / "d/a.zip"
    with Site() as site:
        site.file("a.zip", b"PK" * 100, content_type="application/zip")
        prepare(site, there)
        assert cli.run(["-v", *options, f"{site.url}a.zip", str(tmp_path / "d")]) == code
    said = "".join(capsys.readouterr())
    assert ("its path is" in said) == (there.is_file() or name == "planned")
    assert "the next run continues" not in said, "nothing is left that a later run could do"


def test_a_limit_that_later_runs_do_not_reach_is_continued(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        for name in "ab":
            site.file(name, bytes(100))
        assert cli.run(["-v", "--max-total-size", "150", site.url, str(tmp_path / "d")]) == 9
        assert "incomplete, the next run continues" in "".join(capsys.readouterr())


def test_an_output_in_place_of_a_listed_directory_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        site.file("sub/a", b"a")
        assert cli.run(["--summary", str(tmp_path / "d/sub"), site.url, str(tmp_path / "d")]) == 1
    assert "d/sub: the listing has a directory of that path: name another file" in capsys.readouterr().err


def test_an_output_that_the_sticky_bit_protects_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").touch()
    for user, mode, path, is_refused in (
        (54321, 0o1777, "x", True),
        (54321, 0o777, "x", False),
        (54321, 0o1777, "y", False),
        (tmp_path.stat().st_uid, 0o1777, "x", False),
        (0, 0o1777, "x", False),
    ):
        tmp_path.chmod(mode)
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        try:
            check_target("--summary", str(tmp_path / path))
        except ConfigError as error:
            assert is_refused, error
            assert "another user's file" in str(error)
        else:
            assert not is_refused
