"""Several mirrors from one TOML file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program


@pytest.fixture
def settings(serve: Serve, site: Path, tmp_path: Path) -> Path:
    """Two mirrors: ``one`` of one/ and ``two`` of the zip files of two/."""
    url = serve("nginx").url_of(site)
    for name in ("one/a.txt", "one/b.zip", "two/c.txt", "two/d.zip"):
        trees.write(site / name, 5)
    path = tmp_path / "mirrors.toml"
    path.write_text(
        f"""
        jobs = 2
        [defaults]
        attempts = 2
        [[mirror]]
        name = "one"
        url = "{url}one/"
        dir = "{tmp_path}/one"
        [[mirror]]
        name = "two"
        url = "{url}two/"
        dir = "{tmp_path}/two"
        ext = ["zip"]
        """
    )
    return path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != ".crawler") if directory.exists() else []


def test_each_mirror_has_its_own_url_directory_and_options(settings: Path, run_crawler: Program) -> None:
    run = run_crawler("--config", settings)
    assert run.code == 0, run.output
    assert names(settings.parent / "one") == ["a.txt", "b.zip"]
    assert names(settings.parent / "two") == ["d.zip"]


def test_a_mirror_inside_another_one_starts_when_that_has_ended(settings: Path, run_crawler: Program) -> None:
    text = settings.read_text().replace(f'dir = "{settings.parent}/two"', f'dir = "{settings.parent}/one/in"')
    settings.write_text(text)
    for _ in range(2):
        run = run_crawler("--config", settings, "--delete")
        assert run.code == 0, run.output
        assert names(settings.parent / "one") == ["a.txt", "b.zip", "in"]
        assert names(settings.parent / "one/in") == ["d.zip"]


def test_only_the_mirrors_that_are_named_run(settings: Path, run_crawler: Program) -> None:
    run = run_crawler("--config", settings, "--only", "two")
    assert run.code == 0, run.output
    assert names(settings.parent / "one") == []
    assert names(settings.parent / "two") == ["d.zip"]


def test_the_most_serious_exit_code_wins_and_the_other_mirror_still_arrives(
    settings: Path, run_crawler: Program
) -> None:
    settings.write_text(settings.read_text().replace("/one/", "/missing/"))
    run = run_crawler("--config", settings)
    assert run.code == 3, run.output
    assert names(settings.parent / "two") == ["d.zip"]


@pytest.mark.parametrize("wrong", ["colour = 1", "workers = 'many'", "workers = 0"])
def test_a_wrong_key_or_value_is_2_and_nothing_runs(wrong: str, settings: Path, run_crawler: Program) -> None:
    settings.write_text(f"{settings.read_text()}\n{wrong}\n")
    run = run_crawler("--config", settings)
    assert run.code == 2, run.output
    assert len(run.stderr.strip().splitlines()) == 1
    assert wrong.split()[0] in run.stderr
    assert names(settings.parent / "one") == []


def test_the_log_is_one_and_the_file_may_name_it(settings: Path, run_crawler: Program, tmp_path: Path) -> None:
    log = tmp_path / "both.log"
    text = settings.read_text().replace("attempts = 2", f'attempts = 2\nlog_file = "{log}"\nlog_format = "json"')
    settings.write_text(text)
    run = run_crawler("--config", settings)
    assert run.code == 0, run.output
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(Path(event["path"]).name for event in events if event["event"] == "run-start") == ["one", "two"]
    settings.write_text(text.replace('name = "two"', 'name = "two"\nlog_file = "another.log"'))
    assert run_crawler("--config", settings).code == 2
