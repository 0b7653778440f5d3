"""A DIR that cannot even be looked at is exit 4 like any other that cannot be used, and what follows a run is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.server import Site


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory in which ``private`` is a link that the system refuses to follow, whoever the user is."""
    (tmp_path / "private").symlink_to("a" * 300)
    return tmp_path


def test_the_run_fails_with_its_summary_and_its_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary, told = place / "summary.json", place / "told"
    with Site() as site:
        words = ["--summary", str(summary), "--on-failure", f"touch {told}"]
        assert cli.run([*words, site.url, str(place / "private/m")]) == 4
    assert "File name too long" in capsys.readouterr().err
    assert json.loads(summary.read_text())["exit_code"] == 4
    assert told.exists()


@pytest.mark.parametrize("words", [["--dry-run"], ["--verify"], ["--history"]])
def test_other_modes_say_so_in_one_line(place: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        url = [site.url] if words == ["--dry-run"] else []
        assert cli.run([*words, *url, str(place / "private/m")]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "File name too long" in line


def test_the_other_mirrors_of_a_file_are_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        site.file("f", b"f")
        mirrors = [
            f'[[mirror]]\nname = "{name}"\nurl = "{site.url}"\ndir = "{place / directory}"\n'
            for name, directory in (("a", "private/m"), ("b", "b"))
        ]
        config = place / "c.toml"
        config.write_text("".join(mirrors))
        assert cli.run(["--config", str(config)]) == 4
    assert "a: cannot look for" in capsys.readouterr().err
    assert (place / "b/f").read_bytes() == b"f"
