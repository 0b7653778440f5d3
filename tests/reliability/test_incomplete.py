"""Runs that stop at a configured limit or that the system refuses something: their reports, and the next run."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Stall, Status
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob, many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Shown

pytestmark = pytest.mark.own


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Make a directory immutable whatever its permissions; skip the test where that is impossible."""
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("needs root and a file system with attributes")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def complete(sandbox: Sandbox) -> str:
    """The gauge in the metrics that shows whether the last run finished."""
    text = (sandbox.reports / "metrics.prom").read_text()
    return next(line[-1] for line in text.splitlines() if line.startswith("crawler_last_run_complete{"))


@pytest.mark.row("E20")
@pytest.mark.parametrize(
    ("shape", "option"), [("nginx", "--max-files=4"), ("nginx", "--max-total-size=400"), ("python", "--max-files=4")]
)
def test_successive_runs_with_a_budget_fetch_everything(sandbox: Sandbox, shape: str, option: str) -> None:
    """Requests that find a file unchanged do not count; the python listing has no times."""
    with Site(shape=shape) as site:
        wanted = many(site, 10)
        metrics = ["--metrics", str(sandbox.reports / "metrics.prom"), "--check=headers"]
        for count in (4, 8):
            run = sandbox.mirror(site.url, delete=True, more=[option, *metrics])
            run.fails(9)
            assert run.text == ""
            assert len(sandbox.tree()) == count
            assert complete(sandbox) == "0"
        sandbox.mirror(site.url, delete=True, more=[option, *metrics]).succeeds()
        sandbox.holds(wanted)
        assert complete(sandbox) == "1"


@pytest.mark.row("E20")
def test_the_three_limits_are_reported_alike(sandbox: Sandbox, site: Site) -> None:
    many(site, 3)
    site.file("z", blob(900), Stall(at=0.5))
    summary = sandbox.reports / "summary.json"
    for option in ("--max-files=1", "--max-total-size=100", "--max-duration=1s"):
        run = sandbox.mirror(site.url, more=[option, "--summary", str(summary), "-v"])
        run.fails(9)
        name = option.partition("=")[0]
        run.says(f"Stopped by {name}: incomplete, the next run continues")
        written = json.loads(summary.read_text())
        assert (written["interrupted"], written["exit_code"]) == (name, 9)


@pytest.mark.row("E20")
def test_a_file_larger_than_the_whole_budget_does_not_keep_the_others_away(sandbox: Sandbox, site: Site) -> None:
    wanted = many(site, 3)
    site.file("big", blob(900))
    run = sandbox.mirror(site.url, more=["--max-total-size=500"])
    run.fails(9)
    run.says("big is larger than --max-total-size: no run will save it")
    sandbox.holds(wanted)


@pytest.mark.row("E20")
def test_indexes_do_not_come_before_all_that_they_name(sandbox: Sandbox, site: Site) -> None:
    many(site, 3)
    site.file("SHA256SUMS", b"")
    sandbox.mirror(site.url, more=["--max-files=3"]).fails(9)
    assert "SHA256SUMS" not in sandbox.tree()
    sandbox.mirror(site.url, more=["--max-files=3"]).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("E21")
def test_a_refused_deletion_interrupts_nothing(sandbox: Sandbox, site: Site) -> None:
    many(site, 26)
    sandbox.mirror(site.url).succeeds()
    for number in range(20):
        site.remove(f"f{number:03}")
    site.file("new", blob(100))
    summary = sandbox.reports / "summary.json"
    for more in (["--dry-run"], ["--metrics", str(sandbox.reports / "metrics.prom")]):
        run = sandbox.mirror(site.url, delete=True, more=[*more, "--summary", str(summary)])
        run.fails(6)
        run.says("20 of 26 local files are gone upstream", "--max-delete")
        assert "incomplete" not in run.text
        if "--dry-run" not in more:
            assert json.loads(summary.read_text())["interrupted"] is None
            assert complete(sandbox) == "1"
    assert "new" in sandbox.tree()


@pytest.mark.row("E22")
@pytest.mark.parametrize(
    "options",
    [
        ["--ext=zip"],
        ["--exclude=*ird.txt", "--exclude=x", "--exclude=odd*/"],
        ["--exclude=old/*", "--exclude=x", "--exclude=odd*/"],
    ],
)
def test_what_the_filters_exclude_is_not_a_failure_whatever_its_name(
    sandbox: Sandbox, site: Site, options: list[str]
) -> None:
    """An excluded name cannot be stored, or is that of both a file and a directory."""
    site.file("a.zip", blob(100))
    site.file("b.zip", blob(200))
    site.file("old/we\tird.txt", blob(10))
    site.file("x/c.zip", blob(300))
    site._rows[""]["x file"] = Shown(name="x", size=10, mtime=OLD)
    if "--ext=zip" not in options:
        site.directory("odd\x01name")
    sandbox.mirror(site.url, more=options).succeeds()
    site.remove("b.zip")
    sandbox.mirror(site.url, delete=True, more=options).succeeds()
    assert sorted(sandbox.tree()) == ["a.zip", "x/c.zip"]


@pytest.mark.row("E22")
def test_an_excluded_directory_is_in_no_files_way(sandbox: Sandbox, site: Site) -> None:
    site.file("x/c.zip", blob(300))
    site._rows[""]["x file"] = Shown(name="x", size=10, mtime=OLD)
    site.at("x").state = Version(data=blob(10), mtime=OLD)
    sandbox.mirror(site.url, more=["--exclude=x/"]).succeeds()
    sandbox.holds({"x": blob(10)})


@pytest.mark.row("E23")
def test_a_directory_that_cannot_be_removed_is_reported_unless_it_is_not_empty(sandbox: Sandbox, site: Site) -> None:
    site.file("good", blob(100))
    for name in ("m/f", "other/f"):
        site.file(name, blob(100))
    sandbox.mirror(site.url).succeeds()
    for name in ("m", "other"):
        site.remove(f"{name}/f")
        del site._rows[""][name], site._rows[name]
    (sandbox.directory / "other" / "nested" / ".crawler").mkdir(parents=True)  # it belongs to another mirror
    with immutable(sandbox.directory / "m"):
        run = sandbox.mirror(site.url, delete=True)
        run.fails(4)
        run.says("could not delete m/f: operation not permitted")
    (sandbox.directory / "m" / "f").unlink()
    with immutable(sandbox.directory / "m"):
        run = sandbox.mirror(site.url, delete=True)
        run.fails(4)
        run.says("could not delete m: operation not permitted")
        assert "could not delete other" not in run.text
    sandbox.mirror(site.url, delete=True).succeeds()
    assert not (sandbox.directory / "m").exists()


@pytest.mark.row("E24")
def test_a_first_run_that_gets_nothing_leaves_nothing_that_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here := tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "home"))
    with Site() as site, Site() as forbidding:
        site.file("x", b"x")
        forbidding.robots = b"User-agent: *\nDisallow: /\n"
        absent = f"{site.url}absent/"
        (here / "empty").mkdir()
        for directory, *options in (
            ["empty", absent],
            ["a/b/DIR", absent],
            ["DIR", f"{site.url}*"],
            ["DIR", "http://127.0.0.1:1/"],
            ["DIR", forbidding.url],
            ["DIR", "--trash=1d", "--delete", absent],
            ["DIR", "--names=windows", absent],
            ["DIR", "--lock=none", absent],
        ):
            assert cli.run([*options, directory]) == 3, options
            assert [path.name for path in here.rglob("*")] == ["empty"], options
        for kept in (
            ["--on-failure=true"],
            ["--on-end=true"],
            ["--report=page.html"],
            ["--state=own.db"],
            ["--lock-wait=9"],
        ):
            name = kept[0].partition("=")[0].strip("-")
            assert cli.run([*kept, absent, name]) == 3
            assert (here / name / ".crawler").is_dir(), "something needs it"
        (here / "m.toml").write_text(f'[[mirror]]\nname = "x"\nurl = "{absent}"\ndir = "toml"\n')
        assert cli.run(["--config=m.toml"]) == 3
        assert not (here / "toml").exists()
        assert cli.run([site.url, "mirror"]) == 0
        site.directory("", Status(404))
        assert cli.run([site.url, "mirror"]) == 3
        assert (here / "mirror/x").read_bytes() == b"x"
        capsys.readouterr()
        assert cli.run(["--history", "mirror"]) == 0
        assert len(re.findall(r"^20", capsys.readouterr().out, re.MULTILINE)) == 2
