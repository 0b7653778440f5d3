"""Row L14: names whose kind changed since the last run. Each transition is settled in one run, or reported in each."""

from __future__ import annotations

import json
from itertools import permutations

import pytest

from tests.support.misbehaving.behaviours import Redirect, Status
from tests.support.misbehaving.paged import Linked, Stored
from tests.support.misbehaving.samples import LOGIN, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

SHAPES: dict[str, tuple[str, ...]] = {
    "file": ("",),
    "full": ("/inner", "/other"),
    "deep": ("/a/b/inner",),
    "empty": ("/",),
    "hollow": ("/a/b/",),
}
"""Kind of a name → the files created below it; a trailing slash makes an empty directory."""
PAIRS = list(permutations(SHAPES, 2))


def put(site: Site, name: str, shape: str, seed: int) -> None:
    for below in SHAPES[shape]:
        if below.endswith("/"):
            site.directory(f"{name}{below}".rstrip("/"))
        else:
            site.file(f"{name}{below}", blob(200, seed), mtime=OLD + seed)


def drop(site: Site, name: str) -> None:
    """Remove the name from the site with everything below it."""
    del site._rows[""][name]
    for path in [path for path in site._rows if path == name or path.startswith(f"{name}/")]:
        del site._rows[path]
    for target in [target for target in site._resources if f"{target}/".startswith(f"{site._raw(name)}/")]:
        del site._resources[target]


def change(site: Site) -> None:
    """Make all transitions at once."""
    for before, after in PAIRS:
        drop(site, f"{before}-{after}")
        put(site, f"{before}-{after}", after, 2)


def begin(sandbox: Sandbox, site: Site) -> None:
    site.file("good", blob(100))
    for before, after in PAIRS:
        put(site, f"{before}-{after}", before, 1)
    sandbox.mirror(site.url).succeeds()
    assert settled(sandbox, site)


def settled(sandbox: Sandbox, site: Site) -> bool:
    """Whether DIR contains the site's files and directories. Those that a name had before may remain."""
    directories = {path for path in site._rows if path}
    return sandbox.tree() == site.contents() and all((sandbox.directory / path).is_dir() for path in directories)


@pytest.mark.row("L14")
@pytest.mark.parametrize("more", [(), ("--trash=7",), ("--processes=2",)])
def test_every_transition_is_settled_by_one_run_that_deletes(
    sandbox: Sandbox, site: Site, more: tuple[str, ...]
) -> None:
    begin(sandbox, site)
    change(site)
    if not more:
        sandbox.mirror(site.url, delete=True, max_delete="100%", more=["--dry-run"]).succeeds()
    sandbox.mirror(site.url, delete=True, max_delete="100%", more=more).succeeds()
    assert settled(sandbox, site)
    site.log.clear()
    sandbox.mirror(site.url, delete=True, max_delete="100%", more=more).succeeds()
    assert site.log.bodies() == []


@pytest.mark.row("L14")
@pytest.mark.parametrize(
    ("how", "rows", "query", "shapes"),
    [
        ("linked", 5, "", tuple(SHAPES)),
        ("stored", 3, "?delimiter=/", ("file", "full", "deep")),
        ("flat", 3, "", ("file", "full", "deep")),
        ("flat", 100, "", ("file", "full", "deep")),
    ],
)
def test_every_transition_is_settled_however_many_pages_the_listing_has(
    sandbox: Sandbox, site: Site, how: str, rows: int, query: str, shapes: tuple[str, ...]
) -> None:
    pairs = [pair for pair in PAIRS if set(pair) <= set(shapes)]
    site.directory("", Linked(site=site, rows=rows) if how == "linked" else Stored(site=site, rows=rows))
    site.file("good", blob(100))
    for before, after in pairs:
        put(site, f"{before}-{after}", before, 1)
    sandbox.mirror(site.url + query).succeeds()
    assert settled(sandbox, site)
    for before, after in pairs:
        drop(site, f"{before}-{after}")
        put(site, f"{before}-{after}", after, 2)
    run = sandbox.mirror(site.url + query)
    run.fails(5)
    lines = [line for line in run.text.splitlines() if "in the way" in line]
    assert all(line.endswith("--delete removes it") for line in lines), lines
    sandbox.mirror(site.url + query, delete=True, max_delete="100%").succeeds()
    assert settled(sandbox, site)
    site.log.clear()
    sandbox.mirror(site.url + query, delete=True, max_delete="100%").succeeds()
    assert site.log.bodies() == []


@pytest.mark.row("L14")
def test_without_delete_each_transition_that_needs_it_is_reported_in_each_run(sandbox: Sandbox, site: Site) -> None:
    begin(sandbox, site)
    change(site)
    for more in (["--dry-run"], [], []):
        run = sandbox.mirror(site.url, more=more)
        run.fails(5)
        for before, after in PAIRS:
            lines = [line for line in run.text.splitlines() if f" {before}-{after}" in line and "in the way" in line]
            assert bool(lines) == ("file" in (before, after)), (before, after, lines)
            assert all(line.endswith("--delete removes it") for line in lines)
    sandbox.mirror(site.url, delete=True, max_delete="100%").succeeds()
    assert settled(sandbox, site)


@pytest.mark.own
@pytest.mark.row("E20")
@pytest.mark.parametrize(
    ("option", "codes", "deleted"),
    [
        ("--max-files=3", [9, 0], [0, 4]),  # the new files first, then room for all that needs a deletion
        ("--max-files=2", [9, 9, 0], [0, 4, 0]),  # never room for all of it, so it comes bit by bit
        ("--max-total-size=450", [9, 9, 0], [0, 4, 0]),
        ("--max-total-size=150", [9, 9], [0, 0]),  # no run could save what would come
    ],
)
def test_a_limit_leaves_what_is_in_the_way_until_what_replaces_it_can_be_fetched(
    sandbox: Sandbox, site: Site, option: str, codes: list[int], deleted: list[int]
) -> None:
    site.file("good", blob(100))
    site.file("old", blob(100))
    changes = [("x", "file", "full"), ("y", "full", "file")][: 2 if codes[-1] == 0 else 1]
    for name, shape, _ in changes:
        put(site, name, shape, 1)
    sandbox.mirror(site.url).succeeds()
    for name, _, shape in changes:
        drop(site, name)
        put(site, name, shape, 2)
    site.remove("old")
    if codes[-1] == 0:
        for name in ("new", "newer"):
            site.file(name, blob(200))
    summary = sandbox.reports / "summary.json"
    found = []
    for code in codes:
        sandbox.mirror(site.url, delete=True, max_delete="100%", more=[option, f"--summary={summary}"]).ends(code)
        report = json.loads(summary.read_text())
        assert report["listed"] == sum(report[each] for each in ("saved", "unchanged", "skipped", "failed"))
        found.append(report["deleted"])
    assert found == deleted
    assert (sandbox.tree() == site.contents()) is (codes[-1] == 0)


@pytest.mark.row("L14")
def test_a_refused_deletion_leaves_what_is_in_the_way_and_reports_it(sandbox: Sandbox, site: Site) -> None:
    begin(sandbox, site)
    change(site)
    run = sandbox.mirror(site.url, delete=True, max_delete="1")
    run.fails(6)
    run.says("full-file", "it stays until a run can delete it")
    sandbox.mirror(site.url, delete=True, max_delete="100%").succeeds()
    assert settled(sandbox, site)


@pytest.mark.row("L14")
@pytest.mark.parametrize("response", ["redirect", "page"])
def test_an_entry_listed_as_a_file_that_responds_like_a_directory_deletes_nothing(
    sandbox: Sandbox, response: str
) -> None:
    with Site(shape="python") as site:  # without sizes: a size that agreed would make the page a file
        site.file("good", blob(100))
        site.file("sub/inner", blob(200))
        sandbox.mirror(site.url).succeeds()
        before = sandbox.tree()
        del site._rows[""]["sub"]
        redirect = [Redirect(site.url + "sub/")] if response == "redirect" else []
        site.file("sub", LOGIN, *redirect, content_type="text/html")
        sandbox.mirror(site.url, delete=True).ends(0 if response == "redirect" else 5)
        assert sandbox.tree() == before


@pytest.mark.own
@pytest.mark.row("L14")
def test_a_directory_of_the_user_in_place_of_a_file_is_deleted_only_by_the_rules_of_deleting(
    sandbox: Sandbox, site: Site
) -> None:
    site.file("good", blob(100))
    site.file("x", blob(300))
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "x").unlink()
    (sandbox.directory / "x/deep").mkdir(parents=True)
    for path in ("x/mine", "x/deep/mine"):
        (sandbox.directory / path).write_bytes(b"of the user")
    before = sandbox.tree()
    sandbox.mirror(site.url).fails(5)
    changes = sandbox.reports / "changes"
    for given in ("0", "1", "1%"):  # all its content counts
        run = sandbox.mirror(site.url, delete=True, max_delete=given, more=[f"--changes={changes}"])
        run.fails(6)
        run.says("2 of 3 local files")
        assert sandbox.tree() == before
        assert "deleted" not in changes.read_text()
    site.on("x", Status(404))
    sandbox.mirror(site.url, delete=True, max_delete="100%").fails(5)
    assert sandbox.tree() == before, "only a file that has come proves that there is no folder"
    site.file("x", blob(300))
    sandbox.mirror(site.url, delete=True, max_delete="2", more=[f"--changes={changes}", "--trash=7"]).succeeds()
    assert sandbox.tree() == site.contents()
    reported = [json.loads(line) for line in changes.read_text().splitlines()]
    assert sorted((each["change"], each["path"]) for each in reported) == [
        ("deleted", "x/deep/mine"), ("deleted", "x/mine"), ("updated", "x"),
    ]  # fmt: skip
    assert len([path for path in (sandbox.directory / ".crawler/trash").rglob("mine") if path.is_file()]) == 2


@pytest.mark.row("L14")
def test_what_the_filters_exclude_keeps_its_directory(sandbox: Sandbox, site: Site) -> None:
    site.file("x/a.zip", blob(100))
    site.file("x/mine.txt", blob(100))
    sandbox.mirror(site.url).succeeds()
    drop(site, "x")
    site.file("x", blob(300))
    for _ in range(2):
        run = sandbox.mirror(site.url, delete=True, more=["--exclude=*.txt"])
        run.fails(5)
        run.says("a directory of that name is in the way")
    assert "x/mine.txt" in sandbox.tree()
