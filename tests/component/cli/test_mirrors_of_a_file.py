"""The mirrors of --config: an error in one is reported as that mirror's and does not affect the others."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.app import api as app
from crawler.cli import parser as cli
from crawler.model.report import Report
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("good", b"x")
        running.file("bad", b"y", Status(404))
        yield running


def written(tmp_path: Path, site: Site, jobs: int, more: str) -> Path:
    """Write a file with two mirrors; ``more`` are additional lines for the second."""
    file = tmp_path / "mirrors.toml"
    mirrors = [f'[[mirror]]\nname = "{name}"\nurl = "{site.url}"\ndir = "{tmp_path / name}"\n' for name in ("a", "b")]
    file.write_text(
        f"jobs = {jobs}\n[defaults]\nno_robots = true\nattempts = 1\nmax_delete = 5\n" + "".join(mirrors) + more
    )
    return file


both = pytest.mark.parametrize("jobs", [1, 2])


@both
def test_an_output_file_that_cannot_be_written_is_reported_before_the_run(
    jobs: int, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, site, jobs, 'summary = "/no/such/folder/x"\n')
    assert cli.run(["--config", str(file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(":14: mirror 2 (b): summary: /no/such/folder/x: no directory /no/such/folder: create it first")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert len(site.log) == 0


@both
def test_an_error_at_the_start_of_one_leaves_the_summary_of_the_other(
    jobs: int, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    file = written(tmp_path, site, jobs, 'on_change = "true"\n')
    assert cli.run(["--config", str(file)]) == 2
    *first, second = capsys.readouterr().err.splitlines()
    assert first[0] == "--- a"
    assert any(line.startswith("failed: bad") for line in first)
    assert second.startswith("crawler: b: cannot create a temporary file")
    assert "TMPDIR" in second
    assert (tmp_path / "a" / "good").exists()


@both
def test_a_bug_in_one_leaves_the_summary_of_the_other(
    jobs: int, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_mirror = app.run_mirror

    async def broken(url: str, directory: str, *more: object) -> tuple[Report, object]:
        if directory.endswith("a"):
            raise LookupError("lost")
        return await run_mirror(url, directory, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(app, "run_mirror", broken)
    file = written(tmp_path, site, jobs, "")
    assert cli.run(["--config", str(file)]) == 1
    first, second = capsys.readouterr().err.split("--- b\n")
    assert "unexpected LookupError: lost" in first
    assert "failed: bad" in second
    assert cli.run(["-v", "--config", str(file)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_each_plan_and_summary_is_below_the_name_of_its_mirror(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(written(tmp_path, site, 1, ""))
    assert cli.run(["--config", file, "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert not printed.err
    kinds = [
        line.split(" ")[0] if line.startswith("fetch") else line.split(":")[0] for line in printed.out.splitlines()
    ]
    assert kinds == ["--- a", "fetch", "fetch", "Plan", "--- b", "fetch", "fetch", "Plan"]
    assert cli.run(["--config", file, "--dry-run", "--format", "json"]) == 0
    plans, decoder = capsys.readouterr().out, json.JSONDecoder()
    first, end = decoder.raw_decode(plans)
    second, _ = decoder.raw_decode(plans[end:].lstrip())
    assert (first["mirror"], second["mirror"]) == ("a", "b")
    assert cli.run(["--config", file, "--dry-run", "--include", "*.none", "--only", "b"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("--- b\nPlan: nothing to do")
    assert printed.err.startswith("--- b\nproblem: ")
    assert cli.run(["--config", file]) == 5
    assert [line for line in capsys.readouterr().err.splitlines() if line[:4] == "--- "] == ["--- a", "--- b"]
    assert cli.run(["--config", file, "--verify", "-v"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line[:4] == "--- "] == ["--- a", "--- b"]
    assert cli.run(["--config", file, "--history"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line[:4] == "--- "] == ["--- a", "--- b"]
    url = site.url
    assert cli.run(["--dry-run", url, str(tmp_path / "c")]) == 0
    assert "---" not in capsys.readouterr().out


@pytest.mark.parametrize("more", [(), ("--status", "page.html")])
def test_first_runs_without_a_listing_leave_nothing_unless_a_page_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Site() as site:
        mirrors = [f'[[mirror]]\nname = "{name}"\nurl = "{site.url}{name}/"\ndir = "{name}/x"\n' for name in "ab"]
        Path("m.toml").write_text("".join(mirrors))
        assert cli.run(["--config", "m.toml", *more]) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == (
        ["a", "b", "m.toml", "page.html"] if more else ["m.toml"]
    )


@pytest.mark.parametrize("again", ["d", "./d", "d/"])
def test_a_directory_that_two_mirrors_have_is_one_mistake(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], again: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run([site.url, "d"]) == 5
    capsys.readouterr()
    two = [("a", site.url, "d"), ("b", f"{site.url}other/", again)]
    Path("m.toml").write_text("".join(f'[[mirror]]\nname = "{n}"\nurl = "{u}"\ndir = "{d}"\n' for n, u, d in two))
    assert cli.run(["--config", "m.toml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "have the same directory" in line or "two mirrors have the directory" in line
