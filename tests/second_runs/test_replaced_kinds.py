"""A file that became a directory upstream, and directories that look like files: what is deleted and what must stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.misbehaving.behaviours import Redirect, Status
from tests.support.misbehaving.samples import blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

OLD, INNER = blob(500), blob(600, 1)


def became_a_directory(sandbox: Sandbox, site: Site) -> dict[str, bytes]:
    """``x`` was a file saved by this program and is now a directory. Returns what else is in DIR."""
    others = populate(site)
    site.file("x", OLD)
    sandbox.mirror(site.url).succeeds()
    site.remove("x")
    site.file("x/inner.txt", INNER)
    site.file("x/deep/er.txt", INNER)
    return others


def test_the_file_makes_room_for_its_directory_in_a_run_that_deletes(sandbox: Sandbox, site: Site) -> None:
    became_a_directory(sandbox, site)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())
    site.log.clear()
    sandbox.mirror(site.url, delete=True).succeeds()
    assert not site.log.bodies()


@pytest.mark.parametrize("delete", [True, False])
def test_an_index_comes_after_the_directory_that_had_to_wait_or_not_at_all(
    sandbox: Sandbox, site: Site, delete: bool
) -> None:
    became_a_directory(sandbox, site)
    site.file("InRelease", b"names x/inner.txt")
    site.log.clear()
    run = sandbox.mirror(site.url, delete=delete)
    requested = [request.path for request in site.log.bodies()]
    if delete:
        run.succeeds()
        assert requested[-1] == "/pub/InRelease"
        sandbox.holds(site.contents())
    else:
        run.fails(5)
        assert "/pub/InRelease" not in requested
        assert "InRelease" not in sandbox.tree()


def test_a_run_that_does_not_delete_says_how_to_make_room(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url)
    run.fails(5)
    run.says("--delete removes it")
    sandbox.holds({**others, "x": OLD})


@pytest.mark.parametrize(
    "more", [["--max-depth=0"], ["--exclude=x/"], ["--no-recursive"]], ids=["depth", "filter", "flat"]
)
def test_a_directory_that_is_not_read_proves_nothing_about_the_file(
    sandbox: Sandbox, site: Site, more: list[str]
) -> None:
    became_a_directory(sandbox, site)
    sandbox.mirror(site.url, delete=True, more=more).succeeds()
    assert sandbox.tree()["x"] == OLD


def test_a_directory_whose_listing_fails_proves_nothing_about_the_file(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    site.on("x/", Status(404))
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.holds({**others, "x": OLD})


def test_a_dry_run_plans_both_the_removal_and_what_comes_instead(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.succeeds()
    run.says("delete", "x/inner.txt")
    sandbox.holds({**others, "x": OLD})


def test_a_dry_run_that_would_not_delete_fails_as_the_run_would(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url, more=["--dry-run"])
    run.fails(5)
    run.says("--delete removes it")
    sandbox.holds({**others, "x": OLD})


def test_a_directory_that_a_listing_shows_as_a_file_is_never_removed_for_it(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        wanted = populate(site)
        names = ("README", "a.txt", "x.tar.gz", "sub", "other/")
        rows = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in names)
        title = "Directory listing for /pub/"
        page = f"<html><title>{title}</title><body><h1>{title}</h1><ul>\n{rows}</ul><hr></body></html>\n"
        site.listing("", page.encode())
        site.on("sub", Redirect("/pub/sub/", status=301))
        for _ in range(3):
            sandbox.mirror(site.url, delete=True).succeeds()
            sandbox.holds(wanted)


BLOCKERS = ("link", "mirror", "log", "excluded")
OPTIONS = {
    "neither": (),
    "trash": ("--delete", "--max-delete=100%", "--trash=3"),
    "delete": ("--delete", "--max-delete=100%", "--ignore-errors"),
}


@pytest.mark.parametrize("options", OPTIONS)
def test_a_directory_that_cannot_go_as_a_whole_keeps_all_it_has(sandbox: Sandbox, site: Site, options: str) -> None:
    """It is in the way of a file, and something in it stays, at its top or further down. The message names that."""
    places = {
        f"{kind}{depth}": f"{kind}{depth}/{'x/' * depth}"
        for kind in BLOCKERS
        for depth in (0, 1, 2)
        if kind + str(depth) != "log2"
    }
    for name, deepest in places.items():
        site.file(f"{deepest}y", blob(50))
        site.file(f"{name}/z", blob(60))
    site.file("free/y", blob(50))
    sandbox.mirror(site.url).succeeds()
    named = {name: _block(sandbox.directory / deepest, name[:-1]) for name, deepest in places.items()}
    logs = [f"{deepest}crawl.log" for name, deepest in places.items() if name.startswith("log")]
    for name, deepest in places.items():
        site.remove(f"{deepest}y")
        site.remove(f"{name}/z")
        site.file(name, blob(70))
    site.remove("free/y")
    site.file("free", blob(70))
    before = _content(sandbox.directory)
    own = [f"--log-file={sandbox.directory / logs[0]}", f"--summary={sandbox.directory / logs[1]}"]
    changes = sandbox.reports / "changes"
    for path in logs:
        before.pop(path, None)
    run = sandbox.mirror(site.url, more=("--exclude=*.keep", *OPTIONS[options], *own, f"--changes={changes}"))
    run.fails(5)
    failed = {
        change["path"]: change["reason"]
        for change in map(json.loads, changes.read_text().splitlines())
        if change["change"] == "failed"
    }
    for name, deepest in places.items():
        start = f"a directory of that name is in the way: {deepest}{named[name]} stays ("
        assert failed.pop(name).startswith(start)
    after = _content(sandbox.directory)
    for path in logs:
        after.pop(path)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == ({"free/y", "free"} if options == "delete" else set())
    advice = {"neither": "--delete removes it", "trash": "it stays until a run can delete it"}
    expected = {} if options == "delete" else {"free": f"a directory of that name is in the way: {advice[options]}"}
    assert failed == expected


@pytest.mark.parametrize("options", OPTIONS)
def test_a_file_in_the_way_of_a_directory_is_excluded_or_goes(sandbox: Sandbox, site: Site, options: str) -> None:
    """--delete is advised only where it would help; what the filters exclude is named, and stays with all options."""
    for name in ("a.keep", "free"):
        site.file(f"{name}", blob(50))
    sandbox.mirror(site.url).succeeds()
    for name in ("a.keep", "free"):
        site.remove(name)
        site.file(f"{name}/sub/x", blob(60))
    changes = sandbox.reports / "changes"
    sandbox.mirror(site.url, more=("--exclude=a.keep", *OPTIONS[options], f"--changes={changes}")).fails(5)
    lines = [json.loads(line) for line in changes.read_text().splitlines()]
    failed = {line["path"]: line["reason"] for line in lines if line["change"] == "failed"}
    assert "a file is in the way of its directory: a.keep stays (excluded" in failed["a.keep/sub/x"]
    assert (sandbox.directory / "a.keep").is_file()
    assert (sandbox.directory / "free").is_dir() == ("free/sub/x" not in failed)
    if options == "neither":
        assert failed["free/sub/x"].endswith(": --delete removes it")


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("exists", [True, False])
def test_a_directory_in_which_the_run_writes_a_file_does_not_go(
    sandbox: Sandbox, site: Site, options: str, exists: bool
) -> None:
    """A file comes in place of a directory, or nothing does, and an output of this very run belongs in there."""
    outputs = ("summary", "log-file", "report", "changes", "metrics", "state")
    paths = {name: f"{name}/x/out.prom" if number % 2 else f"{name}/out.prom" for number, name in enumerate(outputs)}
    paths["gone"] = "gone/x/out"
    for name in paths:
        site.file(f"{name}/x/y", blob(50))
    sandbox.mirror(site.url).succeeds()
    for name in paths:
        site.remove(f"{name}/x/y")
        site.file(name, blob(70))
    site.remove("gone")
    for name, path in paths.items():
        if exists and name != "state":
            (sandbox.directory / path).write_bytes(b"")
    own = [f"--{name}={sandbox.directory / paths[name]}" for name in outputs if name != "summary"]
    own.append(f"--summary={sandbox.directory / paths['gone' if options == 'delete' else 'summary']}")
    names = [name for name in outputs if name != "summary" or options != "delete"]
    run = sandbox.mirror(site.url, more=(*OPTIONS[options], *own))
    run.fails(5)
    for name in names:
        run.says(f"{paths[name]} stays (--{name}): name a file elsewhere")
        assert (sandbox.directory / name / "x/y").exists()
        assert (sandbox.directory / paths[name]).exists()
    assert (sandbox.directory / paths["gone"]).exists() == (options == "delete" or exists)


def _block(directory: Path, kind: str) -> str:
    """Put something into ``directory`` that stays. Returns its name."""
    if kind == "link":
        (directory / "mine").symlink_to("/nowhere")
        return "mine"
    if kind == "mirror":
        (directory / "mine" / ".crawler").mkdir(parents=True)
        return "mine"
    if kind == "log":
        (directory / "crawl.log").write_bytes(b"")
        return "crawl.log"
    (directory / "a.keep").write_bytes(b"mine")
    return "a.keep"


def _content(directory: Path) -> dict[str, object]:
    """Path → content of what is in ``directory``, except for the files of the program."""
    return {
        str(path.relative_to(directory)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in directory.rglob("*")
        if ".crawler" not in path.parts and (path.is_symlink() or path.is_file())
    }
