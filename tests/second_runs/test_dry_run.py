"""--dry-run shows the plan with its reasons and changes nothing: not DIR, not the state, not a report file."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from crawler.model.report import Step
from crawler.model.values import Span
from crawler.output.format import plan_lines
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.fixtures import Mount
from tests.support.misbehaving.samples import DAY, blob, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


def everything(directory: Path) -> dict[str, object]:
    """Bytes, inodes and times of everything below ``directory``, including the program's own files."""
    found: dict[str, object] = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (status.st_ino, status.st_mtime_ns, content)
    return found


def test_a_plan_of_a_first_run_creates_nothing(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    run = sandbox.mirror(site.url, more=["--dry-run"])
    run.succeeds()
    assert not sandbox.directory.exists()
    assert site.log.bodies() == []
    lines = run.output.splitlines()
    assert len(lines) == len(wanted) + 1
    assert lines[0].split() == ["fetch", "17", "README", "(new)"]
    assert f"{len(wanted)} to fetch" in lines[-1]
    assert "free" in lines[-1]
    assert run.errors == ""


def test_a_read_only_file_system_is_noticed(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    site.file("f", blob(10))
    mount("size=1m,ro")
    for more in ([], ["--dry-run"]):
        run = sandbox.mirror(site.url, more=more)
        run.fails(4)
        assert "the file system is read-only: mount it writable" in run.errors
    assert run.output.split()[:3] == ["fetch", "10", "f"], "the plan is printed all the same"


def test_each_line_says_why(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    many(site, 3)
    sandbox.mirror(site.url).succeeds()
    site.file("new", blob(500))
    site.file("a.txt", blob(517, 99), mtime=OLD + DAY)
    site.file("README", blob(40), mtime=OLD + DAY)
    site.remove("f000")
    (sandbox.directory / "f001").unlink()
    os.utime(sandbox.directory / "f002", (OLD + 7, OLD + 7))
    before = everything(sandbox.directory)
    site.log.clear()
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run", "--format=json"])
    run.succeeds()
    plan = json.loads(run.output)
    assert [(step["action"], step["path"], step["size"], step["reason"]) for step in plan["steps"]] == [
        ("fetch", "README", [40, 40], "size differs"),
        ("ask", "a.txt", [517, 517], "row changed"),
        ("delete", "f000", [100, 100], "gone upstream"),
        ("fetch", "f001", [100, 100], "missing locally"),
        ("ask", "f002", [100, 100], "touched locally"),
        ("fetch", "new", [500, 500], "new"),
    ]
    assert plan["totals"] == {
        "fetch": {"files": 3, "bytes": [640, 640]},
        "ask": {"files": 2, "bytes": [617, 617]},
        "delete": {"files": 1, "bytes": [100, 100]},
    }
    assert plan["free"] > 0
    assert everything(sandbox.directory) == before
    assert site.log.bodies() == []


def test_a_plan_with_nothing_to_do_says_so(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.succeeds()
    assert run.output.startswith("Plan: nothing to do")


def test_a_deletion_that_would_be_refused_is_planned_and_refused(sandbox: Sandbox, site: Site) -> None:
    before = many(site, 26)
    sandbox.mirror(site.url).succeeds()
    for number in range(25):
        site.remove(f"f{number:03}")
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.fails(6)
    assert run.output.count("delete") == 26
    assert "--max-delete" in run.errors
    sandbox.holds(before)


def test_a_directory_that_is_gone_is_planned_with_what_it_holds(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    site.directory("empty")
    sandbox.mirror(site.url).succeeds()
    for path in ("other/f", "other/g"):
        site.remove(path)
    del site._rows[""]["other"], site._rows["other"]
    site.directory("hollow")
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.succeeds()
    assert [line.split()[2] for line in run.output.splitlines()[:-1]] == ["other/", "other/f", "other/g"]
    assert not (sandbox.directory / "hollow").exists()


@pytest.mark.parametrize(
    ("has_failures", "said"), [(True, "nothing to do beside what failed"), (False, "nothing to do")]
)
def test_an_empty_plan_does_not_contradict_failures(has_failures: bool, said: str) -> None:
    assert list(plan_lines([], None, "text", has_failures=has_failures)) == [f"Plan: {said}"]


def test_a_failed_listing_is_reported_with_the_plan(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    site.on("sub/", Status(404))
    run = sandbox.mirror(site.url, more=["--dry-run"])
    run.fails(5)
    assert "a.txt" in run.output
    assert "sub" in run.errors


def test_report_files_and_commands_are_left_alone(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    names = ("summary", "changes", "metrics")
    options = [f"--{name}={sandbox.reports / name}.prom" for name in names]
    touched = sandbox.reports / "touched"
    sandbox.mirror(site.url, more=["--dry-run", *options, f"--on-change=touch {touched}"]).succeeds()
    assert list(sandbox.reports.iterdir()) == []


def test_a_list_of_urls_has_a_plan_too(sandbox: Sandbox, site: Site) -> None:
    site.file("a.bin", blob(100))
    listed = sandbox.reports / "urls"
    listed.write_text(f"{site.url}a.bin\tx/y.bin\n")
    command = [*sandbox.command(site.url, more=["--dry-run", f"--input-file={listed}"])]
    command.remove(site.url)
    run = sandbox.note(sandbox.start_raw(command).finish())
    run.succeeds()
    assert run.output.splitlines()[0].split() == ["fetch", "-", "x/y.bin", "(new)"]
    assert not sandbox.directory.exists()


STEPS = (
    Step(action="fetch", path="a\x1b[2J", reason="new", size=Span(1000, 3000)),
    Step(action="fetch", path="b", reason="new"),
    Step(action="ask", path="c", reason="racy", size=Span(5, 5)),
    Step(action="delete", path="d/", reason="gone upstream"),
    Step(action="delete", path="d/e", reason="gone upstream", size=Span(7, 7)),
)


def test_the_text_of_a_plan_acts_on_no_terminal_and_counts_files() -> None:
    text = "\n".join(plan_lines(STEPS, 1024, "text"))
    assert "\x1b" not in text
    assert text.splitlines()[-1] == (
        "Plan: 2 to fetch (more than 1000 B), 1 to check (5 B), 1 to delete (7 B); the disk has 1.0 KiB free"
    )


@pytest.mark.parametrize("free", [None, 10])
def test_a_plan_as_json_is_one_document(free: int | None) -> None:
    plan = json.loads("".join(plan_lines(STEPS, free, "json")))
    assert [step["path"] for step in plan["steps"]] == ["a\x1b[2J", "b", "c", "d/", "d/e"]
    assert plan["totals"]["fetch"] == {"files": 2, "bytes": [1000, None]}
    assert plan["free"] == free
    assert json.loads("".join(plan_lines((), free, "json")))["steps"] == []
