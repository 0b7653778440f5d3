"""The commands of --on-failure and --on-end hear of every end of the program, also of those before the run begins."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from crawler.storage.directory.lock import LOCK_NAME
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("good", b"x")
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Listener:
    """A command that notes what it is told."""

    def __init__(self, place: Path) -> None:
        self._said = place / "said"
        script = place / "listen"
        script.write_text(
            f'#!/bin/sh\n{{ echo "$CRAWLER_MIRROR $CRAWLER_STATUS"; tr -d "\\n"; echo; }} >> {self._said}\n'
        )
        script.chmod(0o755)
        self.command = str(script)

    def heard(self) -> list[tuple[str, int]]:
        """("name status", exit code in the summary) of each call since the last one."""
        lines = self._said.read_text().splitlines() if self._said.exists() else []
        self._said.unlink(missing_ok=True)
        return [(lines[at], json.loads(lines[at + 1])["exit_code"]) for at in range(0, len(lines), 2)]


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path)


def test_a_run_that_fails_is_told_once_and_its_recovery_to_the_command_of_every_end(
    site: Site, tmp_path: Path, listener: Listener
) -> None:
    site.file("bad", b"y", Status(404, times=2))
    arguments = ["--attempts", "1", "-q", site.url, str(tmp_path / "pub")]
    for expected in ([("pub failed", 5)], []):
        assert cli.run(["--on-failure", listener.command, *arguments]) == 5
        assert listener.heard() == expected
    assert cli.run(["--on-end", listener.command, *arguments]) == 0
    assert listener.heard() == [("pub recovered", 0)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--summary", "/no/such/folder/x"], 2),
        (["--input-file", "/no/such/list"], 2),
        (["--cookies", "/no/such/file"], 2),
        (["--verify"], 2),
        (["--only", "x"], 2),
        (["--lock-wait", "0"], 7),
    ],
)
def test_an_end_before_the_run_begins_is_told_too(
    more: list[str], code: int, site: Site, tmp_path: Path, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    pub = tmp_path / "pub"
    with held(pub / ".crawler" / os.fsdecode(LOCK_NAME)) if code == 7 else nullcontext():
        positional = [str(pub)] if {"--input-file", "--verify"} & set(more) else [site.url, str(pub)]
        for expected in ([("pub failed", code)], []):
            assert cli.run([*more, "--on-failure", listener.command, *positional]) == code
            assert listener.heard() == expected
            assert len(capsys.readouterr().err.splitlines()) == 1
    assert pub.exists() is (code == 7)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock at ``path`` as another run does."""
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_queries_and_dry_runs_tell_nobody(
    site: Site, tmp_path: Path, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = ["--on-failure", listener.command, "--on-end", listener.command]
    missing = f"{site.url}missing/"
    assert cli.run([*tell, "--list", missing]) != 0
    assert cli.run([*tell, "--history", str(tmp_path / "pub")]) == 2
    assert cli.run([*tell, "--dry-run", missing, str(tmp_path / "pub")]) == 3
    assert cli.run([*tell, "--explain", missing, missing, str(tmp_path / "pub")]) != 0
    assert listener.heard() == []


def config(tmp_path: Path, site: Site, defaults: str, second: str) -> str:
    """A file of the mirrors ``good`` and ``bad``; the second one has the lines ``second``."""
    file = tmp_path / "mirrors.toml"
    good, bad = tmp_path / "a", tmp_path / "b"
    file.write_text(
        f'[defaults]\nattempts = 1\n{defaults}\n[[mirror]]\nname = "good"\nurl = "{site.url}"\ndir = "{good}"\n'
        f'[[mirror]]\nname = "bad"\nurl = "{site.url}missing/"\ndir = "{bad}"\n{second}\n'
    )
    return str(file)


def test_each_mirror_of_a_config_file_tells_its_own_command(site: Site, tmp_path: Path, listener: Listener) -> None:
    defaults = f"on_failure = '{listener.command}'\non_end = '{listener.command}'"
    assert cli.run(["-q", "--config", config(tmp_path, site, defaults, "")]) == 3
    assert listener.heard() == [("good ok", 0), ("bad failed", 3), ("bad failed", 3)]


@pytest.mark.parametrize(
    ("defaults", "second"),
    [("workers = 0", ""), ("", 'summary = "/no/such/folder/x"'), ("", "max_size = 'a lot'"), ("no_such_key = 1", "")],
)
def test_a_config_file_that_is_wrong_tells_the_command_of_its_defaults(
    defaults: str, second: str, site: Site, tmp_path: Path, listener: Listener
) -> None:
    file = config(tmp_path, site, f"on_failure = '{listener.command}'\n{defaults}", second)
    assert cli.run(["-q", "--config", file]) == 2
    assert listener.heard() == [("mirrors.toml failed", 2)]


@pytest.mark.parametrize("content", [None, "not TOML", "defaults = 5", ""])
def test_a_config_file_that_cannot_be_read_tells_the_command_of_the_command_line(
    content: str | None, tmp_path: Path, listener: Listener
) -> None:
    file = tmp_path / "mirrors.toml"
    if content is not None:
        file.write_text(content)
    assert cli.run(["-q", "--on-failure", listener.command, "--config", str(file)]) == 2
    assert listener.heard() == [("mirrors.toml failed", 2)]


def test_a_dir_that_cannot_be_written_is_told_once(site: Site, tmp_path: Path, listener: Listener) -> None:
    (tmp_path / "pub").write_text("a file in the place of DIR")
    for expected in ([("pub failed", 4)], []):
        assert cli.run(["-q", "--on-failure", listener.command, site.url, str(tmp_path / "pub")]) == 4
        assert listener.heard() == expected
