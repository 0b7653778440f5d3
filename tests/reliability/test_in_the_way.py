"""Files in the way of directories and directories in the way of files: what goes, and what fails and keeps all."""

from __future__ import annotations

import json
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.location import Location
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

BLOCKERS = ("link", "mirror", "log", "excluded")
OPTIONS = {
    "neither": (),
    "trash": ("--delete", "--max-delete=100%", "--trash=3"),
    "delete": ("--delete", "--max-delete=100%", "--ignore-errors"),
}


@pytest.mark.own
@pytest.mark.row("D15")
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


@pytest.mark.own
@pytest.mark.row("D16")
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


@pytest.mark.own
@pytest.mark.row("D17")
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


@pytest.mark.own
@pytest.mark.row("B15")
async def test_what_lies_below_an_object_is_shown_and_can_be_deleted() -> None:
    store = MemoryStore()
    for path in ("d/f", "d/f/mine", "d/f/deep/er", "d/f/m/.crawler/lock", "d/f/m/x", "d/g", "f", "f/top"):
        obstore.put(store, path, b"xy")
    async with ObjectDestination(store, Location("s3", "memory", "")) as destination:
        found = await destination.scan("d")
        assert {name for name, local in found.items() if not local.spared} == {"f", "f/mine", "f/deep/er", "g"}
        assert {name: local.spared for name, local in found.items() if local.spared} == {
            "f/m": "part of another mirror, the one in d/f/m"
        }
        assert {"f", "f/top"} <= (await destination.scan("")).keys()
        assert await destination.delete(["d/f/mine", "d/f/deep/er", "f/top"]) == [None, None, None]
    left = sorted(item["path"] for chunk in obstore.list(store) for item in chunk)
    assert left == ["d/f", "d/f/m/.crawler/lock", "d/f/m/x", "d/g", "f"]


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
