"""--status, --history, --verify and ``{name}`` for the mirrors of --config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from crawler.cli import parser as cli
from tests.support.misbehaving.server import Site

Output = pytest.CaptureFixture[str]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("f", b"content")
        yield running


def written(tmp_path: Path, site: Site, top: str = "", defaults: str = "") -> str:
    """A configuration file with the mirrors ``good`` and ``bad``; the second has no listing."""
    file = tmp_path / "mirrors.toml"
    mirrors = [
        f'[[mirror]]\nname = "{name}"\nurl = "{url}"\ndir = "{tmp_path / name}"\n'
        for name, url in (("good", site.url), ("bad", f"{site.url}missing/"))
    ]
    file.write_text(f"{top}\n[defaults]\nattempts = 1\n{defaults}\n{''.join(mirrors)}")
    return str(file)


def words_of(page: Path) -> list[str]:
    return [" ".join(head.text_content().split()) for head in html.fromstring(page.read_text()).xpath("//article/h2")]


def test_after_the_run_a_page_shows_all_mirrors_and_each_has_its_own_files(
    site: Site, tmp_path: Path, capsys: Output
) -> None:
    file, page = written(tmp_path, site), tmp_path / "status.html"
    names = [f"--{what}={tmp_path}/{{name}}.{what}" for what in ("report", "summary", "changes")]
    names.append(f"--metrics={tmp_path}/{{name}}.prom")
    assert cli.run(["-q", "--config", file, "--status", str(page), *names]) == 3
    assert words_of(page) == ["bad failing", "good up to date"]
    assert "no listing (exit 3)" in page.read_text()
    assert json.loads((tmp_path / "good.summary").read_text())["mirror"] == "good"
    assert "/f" not in (tmp_path / "bad.changes").read_text()
    assert {f"{name}.{what}" for name in ("good", "bad") for what in ("report", "summary", "prom", "changes")} < {
        path.name for path in tmp_path.iterdir()
    }
    assert 'crawler_last_run_success{mirror="bad",' in (tmp_path / "bad.prom").read_text()

    page.unlink()
    public = ["--config", file, "--history", "--only", "good", "--status", str(page), "--status-public"]
    capsys.readouterr()
    assert cli.run(public) == 0
    assert words_of(page) == ["bad last update failed", "good up to date"]
    assert str(tmp_path) not in page.read_text()
    printed = capsys.readouterr().out
    assert printed.startswith(f"--- good\n{site.url}\nstarted ")
    assert "bad" not in printed

    assert cli.run(["--config", file, "--history", "--report", f"{tmp_path}/again-{{name}}.html"]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("--- ")] == ["--- good", "--- bad"]
    assert (tmp_path / "again-good.html").exists()
    assert (tmp_path / "again-bad.html").exists()

    (tmp_path / "good" / "f").write_bytes(b"another")
    assert cli.run(["-q", "--config", file, "--only", "good", "--verify"]) == 5
    assert capsys.readouterr().err.startswith("--- good\nfailed: f (")
    assert cli.run(["-q", "--config", file, "--only", "good", "--verify", "--repair"]) == 0
    assert (tmp_path / "good" / "f").read_bytes() == b"content"


def test_mirrors_that_never_ran_have_no_history_and_cannot_be_verified(
    site: Site, tmp_path: Path, capsys: Output
) -> None:
    file, page = written(tmp_path, site, top=f'status = "{tmp_path}/status.html"'), tmp_path / "status.html"
    for mode in ("--history", "--verify"):
        assert cli.run(["--config", file, mode]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition(": ")[2].partition(": ")[0] for line in lines] == ["good", "bad"]
        assert all(" is not a crawler mirror: " in line for line in lines)
        assert words_of(page) == ["good never run", "bad never run"]
        page.unlink()
    assert not (tmp_path / "good").exists()


def test_a_path_on_the_command_line_is_enough_for_the_only_mirror_that_runs(site: Site, tmp_path: Path) -> None:
    file, summary = written(tmp_path, site), tmp_path / "summary.json"
    assert cli.run(["-q", "--config", file, "--only", "good", "--summary", str(summary)]) == 0
    assert json.loads(summary.read_text())["mirror"] == "good"


def test_a_dry_run_writes_no_page(site: Site, tmp_path: Path) -> None:
    file = written(tmp_path, site)
    assert cli.run(["-q", "--config", file, "--dry-run", "--only", "good", "--status", f"{tmp_path}/status.html"]) == 0
    assert not (tmp_path / "status.html").exists()


def test_a_page_that_cannot_be_written_after_the_run_is_exit_1(site: Site, tmp_path: Path, capsys: Output) -> None:
    page = tmp_path / "status.html"
    file = written(tmp_path, site, defaults=f"on_change = 'mkdir {page}'")
    assert cli.run(["-q", "--config", file, "--only", "good", "--status", str(page)]) == 1
    assert capsys.readouterr().err == f"crawler: --status {page}: Is a directory\n"


@pytest.mark.parametrize(
    ("top", "defaults", "arguments", "problem"),
    [
        ("", "", ["--status", "/no/such/folder/x"], "no directory /no/such/folder"),
        ("", "", ["--status-public"], "--status-public requires --status"),
        ("status = 5", "", [], "status: expected a path"),
        ('status = ""', "", [], "status: expected a path"),
        ('status_public = "yes"', "", [], "status_public: expected true or false"),
        ("", "", ["--repair"], "--repair requires --verify"),
        ("", "", ["--list"], "--list and --config cannot be combined"),
        ("", "", ["--verify", "--history"], "cannot be combined"),
        (
            "",
            "",
            ["--report", "same.html"],
            "--report same.html: mirrors 'good' and 'bad' would use the same file: put {name} in the path",
        ),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(
    top: str, defaults: str, arguments: list[str], problem: str, site: Site, tmp_path: Path, capsys: Output
) -> None:
    assert cli.run(["-q", "--config", written(tmp_path, site, top, defaults), *arguments]) == 2
    assert problem in capsys.readouterr().err
    assert len(site.log) == 0


@pytest.mark.parametrize("option", ["--status=x", "--status-public", "--only=x"])
def test_these_options_need_a_file(option: str, tmp_path: Path, capsys: Output) -> None:
    assert cli.run([option, "http://127.0.0.1:1/", str(tmp_path / "d")]) == 2
    assert "requires --config" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a/b", "..", "/etc/passwd"])
def test_a_name_that_is_a_path_does_not_leave_its_folder(name: str, tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "mirrors.toml"
    file.write_text(
        f'[[mirror]]\nname = "{name}"\nurl = "http://127.0.0.1:1/"\ndir = "{tmp_path}/d"\nreport = "{{name}}.html"\n'
    )
    assert cli.run(["--config", str(file)]) == 2
    assert "report: {name} needs a name without a slash" in capsys.readouterr().err
