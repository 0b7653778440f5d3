"""Row M21: the exit code reports how the run ended, whether or not anyone reads the output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.samples import many, populate
from tests.support.misbehaving.sandbox import Run, Sandbox
from tests.support.misbehaving.server import Site

pytestmark = pytest.mark.own

PLACES = {
    "nowhere": 'exec "$@" >/dev/null 2>/dev/null',
    "full": 'exec "$@" >/dev/full 2>/dev/full',
    "left": '"$@" 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}',
    "output left": '"$@" 2>/dev/null | true; exit ${PIPESTATUS[0]}',
}
"""Name → a shell command that starts the program with its output redirected there."""
places = pytest.mark.parametrize("place", PLACES)


def started(sandbox: Sandbox, place: str, command: Sequence[str]) -> Run:
    return sandbox.note(sandbox.start_raw(["bash", "-c", PLACES[place], "bash", *command]).finish())


@places
@pytest.mark.parametrize("more", [[], ["-v"]])
@pytest.mark.row("M21")
def test_each_mirror_of_a_config_file_reports_its_failures(
    sandbox: Sandbox, site: Site, place: str, more: list[str]
) -> None:
    populate(site)
    site.on("a.txt", Status(404))
    file = sandbox.reports / "mirrors.toml"
    file.write_text(f'[[mirror]]\nname = "m"\nurl = "{site.url}"\ndir = "{sandbox.directory}"\n')
    started(sandbox, place, [sys.executable, "-m", "crawler", "--config", str(file), *more]).fails(5)
    assert set(sandbox.tree()) == set(site.contents()) - {"a.txt"}


@places
@pytest.mark.row("M21")
def test_a_plan_that_nobody_reads_hides_no_failure(sandbox: Sandbox, site: Site, place: str) -> None:
    many(site, 1500)  # more than a pipe holds
    site.file("sub/x", b"x")
    site.on("sub/", Status(404))
    started(sandbox, place, sandbox.command(site.url, more=["--dry-run"])).fails(
        1 if place == "full" else 5
    )  # what was asked for is lost, which is more serious


@pytest.mark.parametrize(("place", "code"), [("full", 1), ("left", 0), ("output left", 0)])
@pytest.mark.parametrize("mode", ["--dry-run", "--list"])
@pytest.mark.row("M21")
def test_requested_output_that_cannot_be_written_is_not_a_success(
    sandbox: Sandbox, site: Site, mode: str, place: str, code: int
) -> None:
    many(site, 1500)
    command = sandbox.command(site.url, more=[mode])
    started(sandbox, place, command[:-1] if mode == "--list" else command).ends(code)


@pytest.mark.parametrize(("place", "code"), [("full", 1), ("left", 0), ("output left", 0)])
@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.row("M21")
def test_help_that_cannot_be_written_is_reported_in_one_line(
    sandbox: Sandbox, option: str, place: str, code: int
) -> None:
    command = [sys.executable, "-m", "crawler", option]
    started(sandbox, place, command).ends(code)
    if place == "full":
        run = sandbox.note(sandbox.start_raw(["bash", "-c", 'exec "$@" >/dev/full', "bash", *command]).finish())
        assert run.errors == "crawler: cannot write to standard output: No space left on device\n"
