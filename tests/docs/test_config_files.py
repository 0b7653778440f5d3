"""config/ for cron, systemd and containers: every line that starts the crawler works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import Reader
from tests.docs.markdown import REPOSITORY, blocks_of

CONFIG = REPOSITORY / "config"
TIME = r"(?:\*|\d+)(?:[-,/]\d+)*"
CRON_LINE = re.compile(rf"^{TIME} {TIME} {TIME} {TIME} {TIME} (?P<user>[a-z]+) (?P<command>.+)$", re.MULTILINE)


def cron_command() -> str:
    (line,) = CRON_LINE.finditer((CONFIG / "crawler.cron").read_text())
    assert line["user"] == "mirror"
    return line["command"]


def service_command() -> str:
    (command,) = re.findall(r"^ExecStart=(.+)$", (CONFIG / "crawler.service").read_text(), re.MULTILINE)
    return str(command).replace("/usr/local/bin/crawler", "crawler")


def compose_command() -> str:
    (command,) = re.findall(r"^ +command: \[(.+)\]$", (CONFIG / "compose.yaml").read_text(), re.MULTILINE)
    return shlex.join(["crawler", *re.findall(r'"([^"]+)"', command)])


@pytest.mark.parametrize("command", [cron_command(), service_command(), compose_command()])
def test_the_command_runs_the_example_file_without_output(reader: Reader, command: str) -> None:
    """Only two directories differ from those of a real machine."""
    mirrors = (CONFIG / "crawler.toml").read_text().replace('"/srv/mirror/', '"')
    (reader.home / "crawler.toml").write_text(reader.rewritten(mirrors))
    done = reader.run("sh", command.replace("/etc/crawler/crawler.toml", "crawler.toml"))
    assert (done.stdout, done.stderr) == ("", "")
    assert {"pub/report-001.txt", "pub/old/a.txt", "releases/app-1.4.zip"} < reader.files()


CRONTABS = {
    block.section: block.text for block in blocks_of(REPOSITORY / "docs" / "cron.md") if block.language == "crontab"
}
"""Section → its line for a crontab."""


def test_the_documented_crontab_line_is_that_of_the_file() -> None:
    assert CRONTABS.keys() == {"With cron", "Without root"}
    assert CRONTABS["With cron"] in (CONFIG / "crawler.cron").read_text()


def test_the_line_for_a_users_own_crontab_works_in_the_home_directory(reader: Reader) -> None:
    found = re.fullmatch(rf"{TIME} {TIME} {TIME} {TIME} {TIME} (.+)\n", CRONTABS["Without root"])
    assert found
    program = reader.home / ".local" / "bin" / "crawler"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m crawler "$@"\n')
    program.chmod(0o755)
    done = reader.run("sh", found[1])
    assert (done.stdout, done.stderr) == ("", "")
    assert {"mirror/pub/report-001.txt", "mirror/pub/old/a.txt"} < reader.files()


def test_the_units_are_well_formed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("crawler.service", "crawler.timer", "crawler-failed.service"):
        text = (CONFIG / name).read_text()
        text = text.replace("/usr/local/bin/crawler", "/bin/true").replace("Documentation=man:crawler(1)\n", "")
        (tmp_path / name).write_text(text)
    units = [str(tmp_path / name) for name in ("crawler.service", "crawler.timer", "crawler-failed.service")]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_image_needs_no_file_that_is_excluded_from_it() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    kept = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {path for line in copied for path in line.split()} == kept
    assert all((REPOSITORY / path).exists() for path in kept)
