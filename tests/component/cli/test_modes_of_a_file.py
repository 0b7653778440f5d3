"""A mode with --config refuses the same options of the command line as without, in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from crawler.cli.arguments.declared import MODES, declared_options
from crawler.model.options.combinations import ONLY_WITH
from tests.support.misbehaving.server import Site

VALUES = {
    "AGE": "7d", "COMMAND": "true", "DAYS": "3", "FILE": "f.prom", "GLOB": "*.zip", "HOST": "h", "LIST": "zip",
    "N|TIME": "3", "'N: V'": "A: b", "PATH": "s.db", "RATE": "1M", "SIZE": "10M", "TEXT": "t", "TIME": "5s",
    "URL": "http://127.0.0.1:9/",
}  # fmt: skip
"""Placeholder of an option → a valid value."""


def words_of(option: str, metavar: str | None) -> list[str]:
    if metavar is None:
        return [option]
    first = metavar.partition("|")[0]
    return [option, VALUES.get(metavar) or ("3" if first == "N" else VALUES.get(first, first))]


OPTIONS = [
    words_of(spelling, option.metavar)
    for option in declared_options()
    if option.group != MODES and option.key not in ONLY_WITH  # the file may have the option that such a one needs
    for spelling in (option.spellings if option.key == "rule" else option.spellings[-1:])
]


@pytest.mark.parametrize("mode", ["--verify", "--history"])
def test_each_option_is_refused_or_accepted_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    """In a directory that is no mirror, so that each run ends after the checks of its options."""
    monkeypatch.chdir(tmp_path)
    Path("m.toml").write_text("[[mirror]]\nname = 'm'\nurl = 'http://127.0.0.1:9/'\ndir = 'd'\n")
    refused = []
    for words in OPTIONS:
        said = []
        for place in (["d"], ["--config", "m.toml"]):
            assert cli.run([mode, *words, *place]) == 2
            line = capsys.readouterr().err.removeprefix("crawler: ").removeprefix("m: ")
            said.append(re.sub(r"(--state|state) names", "--state names", line))
        assert said[0] == said[1], words
        refused += [words[0]] if "cannot be combined" in said[0] else []
    assert {"--delete", "--dry-run", "--ext", "--include", "--max-files"} <= set(refused)
    assert {"--state", "--lock-wait", "--progress"} & set(refused) == set()


def test_options_of_the_file_are_for_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Site() as site:
        site.file("a.zip", b"a")
        options = "delete = true\next = 'zip'\nmax_depth = 3\n"
        Path("m.toml").write_text(f"[[mirror]]\nname = 'm'\nurl = '{site.url}'\ndir = 'd'\n{options}")
        assert cli.run(["--config", "m.toml", "--dry-run"]) == 0
        assert cli.run(["--config", "m.toml"]) == 0
        for mode in ("--verify", "--history"):
            assert cli.run(["--config", "m.toml", mode]) == 0
    assert capsys.readouterr().err == ""
