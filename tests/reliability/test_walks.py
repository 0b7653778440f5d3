"""Trees whose directories are named by queries: their content is mirrored, and no link leads out of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.queried import SCRIPTS, Scripts
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Run, Sandbox

pytestmark = pytest.mark.own

PATHS = (
    *("plain.txt", "a b.txt", "100%.txt", "R&D.txt", "c++.txt", "no#1.txt", "what?.txt", "日本語.txt", "it's;so=1.txt"),
    *("not%20decoded.txt", "plus+plus/c+d.txt", "R&D/a b.txt", "50% off/x", "no#1/y", "what?/z", "a b/c d/e f.txt"),
    *("目录/深い/é.txt", "sub/one.txt", "sub/deeper/two.txt", "sub/deeper/deepest/three.txt", "gone/four.txt"),
)
FILES = {path: blob(50 + number, number) for number, path in enumerate(PATHS)}
DIRECTORIES = {""} | {path.rpartition("/")[0] for path in PATHS} | {"a b", "目录"}


def configured(sandbox: Sandbox, site: Scripts) -> Path:
    """A configuration file with a mirror of each script, below DIR."""
    mirrors = "".join(
        f'[[mirror]]\nname = "{script.name}"\nurl = "{site.start_of(script)}"\n'
        f'dir = "{sandbox.directory / script.name}"\n'
        for script in SCRIPTS
    )
    path = sandbox.reports / "mirrors.toml"
    path.write_text(f"[defaults]\nattempts = 1\nno_robots = true\n{mirrors}")
    return path


def run(sandbox: Sandbox, config: Path, *options: str) -> Run:
    argv = [sys.executable, "-m", "crawler", "--config", str(config), *options]
    return sandbox.note(sandbox.start_raw(argv).finish())


def wrong(sandbox: Sandbox, wanted: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Name of the script → files of its mirror that differ from ``wanted`` (path → content)."""
    contents: dict[str, dict[str, bytes]] = {script.name: {} for script in SCRIPTS}
    for path, data in sandbox.tree().items():
        name, _, below = path.partition("/")
        if not below.startswith(".crawler/"):
            contents[name][below] = data
    return {
        name: sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
        for name, found in contents.items()
        if found != wanted
    }


@pytest.fixture
def scripts() -> Iterator[Scripts]:
    with Scripts() as running:
        yield running


@pytest.mark.row("L26")
def test_a_tree_that_is_named_by_queries_is_mirrored_kept_and_cleaned(sandbox: Sandbox, scripts: Scripts) -> None:
    shelves = [scripts.add(script, FILES) for script in SCRIPTS]
    config = configured(sandbox, scripts)
    run(sandbox, config).succeeds()
    assert wrong(sandbox, FILES) == {}
    for script in SCRIPTS:
        directories, files = scripts.requests_of(script)
        assert (sorted(directories), sorted(files)) == (sorted(DIRECTORIES), sorted(FILES)), script.name

    scripts.log.clear()
    run(sandbox, config).succeeds()
    assert wrong(sandbox, FILES) == {}
    for script in SCRIPTS:
        directories, files = scripts.requests_of(script)
        assert (sorted(directories), files) == (sorted(DIRECTORIES), []), script.name

    left = {path: data for path, data in FILES.items() if path not in {"R&D.txt", "gone/four.txt"}}
    for shelf in shelves:
        del shelf.files["R&D.txt"], shelf.files["gone/four.txt"]
        shelf.broken["sub/deeper"] = (Status(500),)
    run(sandbox, config, "--delete").fails(6)
    assert wrong(sandbox, FILES) == {}

    for shelf in shelves:
        shelf.broken.clear()
    run(sandbox, config, "--delete").succeeds()
    assert wrong(sandbox, left) == {}


OUTSIDE = {"../secret.txt": b"above the root", "../../secret.txt": b"further above", "sub/../../secret.txt": b"beside"}
WAYS_OUT = (
    "..",
    "../..",
    "../secret",
    "sub/..",
    "sub/../..",
    "./..",
    "sub/.",
    "./sub",
    "sub//deeper",
    "..\\..\\secret",
)


@pytest.mark.row("L26")
def test_no_query_leads_out_of_the_tree(sandbox: Sandbox, scripts: Scripts) -> None:
    for script in SCRIPTS:
        shelf = scripts.add(script, FILES | OUTSIDE)
        for directory in ("", "sub"):
            shelf.links[directory] = [
                (script.directory(f"{directory}/{way}".lstrip("/")), text)
                for way in WAYS_OUT
                for text in ((way,) if script.is_hdfs else (way, "a name"))
            ]
    run(sandbox, configured(sandbox, scripts), "--delete").fails(5)
    assert wrong(sandbox, FILES) == {}
    for script in SCRIPTS:
        directories, files = scripts.requests_of(script)
        assert (sorted(directories), sorted(files)) == (sorted(DIRECTORIES), sorted(FILES)), script.name


@pytest.mark.row("L06")
def test_a_directory_that_contains_itself_by_a_query_ends_beside_copies(sandbox: Sandbox, scripts: Scripts) -> None:
    for script in SCRIPTS:
        scripts.add(script, FILES).twins.update({"sub/again": "sub", "sub/up": "", "gone/beside": "a b"})
    run(sandbox, configured(sandbox, scripts)).fails(5)
    assert wrong(sandbox, FILES | {"gone/beside/c d/e f.txt": FILES["a b/c d/e f.txt"]}) == {}
    for script in SCRIPTS:
        directories, files = scripts.requests_of(script)
        assert len(directories) < 6 * len(DIRECTORIES), script.name
        # A copy that comes directly after the original on its connection is requested twice.
        assert len(FILES) + 1 <= len(files) <= len(FILES) + 2, script.name
