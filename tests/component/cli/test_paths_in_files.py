"""Where messages about the keys of a --config file point, placeholders in its paths, and files in a DIR to be made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.server import Site

Output = pytest.CaptureFixture[str]
A = "[[mirror]]\nname = 'a'\nurl = 'http://127.0.0.1:9/'\ndir = 'da'\n"
B = "[[mirror]]\nname = 'b'\nurl = 'http://127.0.0.1:9/b/'\ndir = 'db'\n"
NO_MEANING = "{name} has no meaning here"
IN_PATHS = "{name} is replaced in changes, summary, metrics, report and state alone"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("f", b"content")
        yield running


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("status = 'no/x'\n" + A, [], "m.toml:1: status: no/x: no directory "),
        ("status_public = true\n" + A, [], "m.toml:1: status_public: requires status"),
        (A, ["--status-public"], "--status-public requires --status"),
        (A, ["--status", "no/x"], "--status no/x: no directory "),
        (
            "jobs = 2\n" + A + B + "processes = 2\n",
            [],
            "m.toml:10: mirror 2 (b): processes: requires jobs = 1, so that",
        ),
        (
            A.replace("'http://127.0.0.1:9/'", "['http://127.0.0.1:9/', 'http://127.0.0.1:9/']"),
            [],
            "m.toml:3: mirror 1 (a): url: http://127.0.0.1:9/: named twice, or the same tree: remove it",
        ),
        (A.replace("da", "$HOME/x"), [], "m.toml:4: mirror 1 (a): dir: $HOME/x: only a shell expands $"),
        (
            A.replace("da", "{name}"),
            [],
            f"m.toml:4: mirror 1 (a): dir: {{name}}: {{name}} has no meaning here: {IN_PATHS}",
        ),
        (
            "[defaults]\nlog_file = '{name}.log'\n" + A,
            [],
            "m.toml:2: mirror 1 (a): log_file: {name}.log: {name} has no",
        ),
        ("status = '{name}'\n" + A, [], f"m.toml:1: status: {{name}}: {NO_MEANING}: {IN_PATHS}"),
        (
            A + "summary = '{nme}'\n",
            [],
            "m.toml:5: mirror 1 (a): summary: {nme}: {nme} has no meaning here: only {name} is",
        ),
        (A, ["--report", "{nme}"], "--report: {nme}: {nme} has no meaning here: only {name} is replaced"),
        (A, ["--status", "{name}"], "--status: {name}: {name} has no meaning here: "),
        (A, ["--summary", "x/"], "--summary x/: is a directory: name a file in it"),
        (A + "state = 'x/.'\n", [], "m.toml:5: mirror 1 (a): state: x/.: is a directory: name a file for the database"),
    ],
)
def test_a_message_names_the_line_and_the_key(
    here: Path, capsys: Output, text: str, options: list[str], line: str
) -> None:
    Path("m.toml").write_text(text)
    assert cli.run(["--config", "m.toml", *options]) == 2
    assert capsys.readouterr().err.startswith(f"crawler: {line}")
    assert sorted(path.name for path in here.iterdir()) == ["m.toml"]


def test_every_mirror_has_a_state_of_its_name(site: Site) -> None:
    mirrors = (A + B).replace("http://127.0.0.1:9/b/", site.url).replace("http://127.0.0.1:9/", site.url)
    Path("m.toml").write_text("[defaults]\nstate = '{name}.db'\n" + mirrors)
    assert cli.run(["--config", "m.toml"]) == 0
    assert Path("a.db").exists()
    assert Path("b.db").exists()


OUTPUTS = ["--log-file=d/log", "--summary=d/s", "--changes=d/c", "--metrics=d/m.prom", "--report=d/r", "--state=d/s.db"]


@pytest.mark.parametrize("has_file", [False, True])
def test_a_file_may_be_in_a_directory_that_the_run_makes(site: Site, capsys: Output, has_file: bool) -> None:
    Path("m.toml").write_text(f"[[mirror]]\nname = 'm'\nurl = '{site.url}'\ndir = 'd'\n")
    words = ["--config", "m.toml"] if has_file else [site.url, "d"]
    assert cli.run([*OUTPUTS, "--dry-run", *words]) == 2, "the log of a dry run cannot be there"
    assert capsys.readouterr().err.endswith("create it first\n")
    assert cli.run([*OUTPUTS[1:], "--dry-run", *words]) == 0
    assert not Path("d").exists()
    assert cli.run([*OUTPUTS, *words]) == 0
    named = {word.partition("=d/")[2] for word in OUTPUTS}
    assert {path.name for path in Path("d").iterdir()} == {*named, ".crawler", "f"}
    assert cli.run([*OUTPUTS, "--delete", *words]) == 0
    assert json.loads(Path("d/s").read_text())["deleted"] == 0


def test_the_summary_of_a_failed_first_run_is_there_too(site: Site) -> None:
    assert cli.run(["--summary=d/s", "--attempts=1", f"{site.url}absent/", "d"]) == 3
    assert json.loads(Path("d/s").read_text())["exit_code"] == 3
