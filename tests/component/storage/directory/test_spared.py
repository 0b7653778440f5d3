"""LocalDestination: files that are never deleted, whatever a listing says, identified by where their paths lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler.model.config import Config
from crawler.model.values import Kind, Known
from crawler.paths import identity_of
from crawler.storage.directory.boundaries.spared import MOUNT, OwnFile, Spared, claims, own_files, paths_of
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.tree import Tree
from tests.contract.destination import staged

SUMMARY = "--summary"


def spelled(directory: Path, how: str) -> Path:
    """DIR/sum.json, spelled differently."""
    link = directory.parent / "link"
    if how == "through a link to DIR":
        link.symlink_to(directory)
        return link / "sum.json"
    if how == "a link in DIR":
        (directory / "sum.json").symlink_to(directory.parent / "true.json")
        return directory / "sum.json"
    if how == "a link to it":
        link.symlink_to(directory / "sum.json")
        return link
    return {
        "plain": directory / "sum.json",
        "dots": directory / ".." / directory.name / "." / "sum.json",
    }[how]


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("how", ["plain", "dots", "through a link to DIR", "a link in DIR", "a link to it"])
async def test_the_programs_own_file_is_spared_and_not_replaced_however_it_is_spelled(
    tmp_path: Path, how: str, exists: bool
) -> None:
    directory = tmp_path / "dir"
    directory.mkdir()
    path = spelled(directory, how)
    if exists and how != "a link in DIR":
        (directory / "sum.json").write_bytes(b"mine")
    (directory / "other.json").write_bytes(b"x")
    async with LocalDestination(directory, own=[OwnFile(SUMMARY, path)]) as destination:
        found = await destination.scan("")
        assert found["other.json"].spared == ""
        if "sum.json" in found:
            assert found["sum.json"].spared == SUMMARY
            assert await destination.delete(["sum.json"]) == [f"it is {SUMMARY}"]
        refused, other = await destination.commit([staged("sum.json", b"theirs"), staged("other.json", b"theirs")])
    assert SUMMARY in str(refused)
    assert isinstance(other, Known)
    assert not (directory / "sum.json").exists() or (directory / "sum.json").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("what", "name", "stays"),
    [
        ("--state", "f-wal", True),
        ("--state", "f-shm", True),
        ("--state", "f-journal", True),
        ("--state", "f.damaged-20250101T000000Z-2", True),
        ("--state", "f.1", False),
        ("--log-file", "f.1", True),
        ("--log-file", "f.12.gz", True),
        ("--log-file", "f-20250101", True),
        ("--log-file", "f-2025-01-01.zst", True),
        ("--log-file", "f-wal", False),
        ("--log-file", "f.txt", False),
        ("--log-file", "g.1", False),
        ("--summary", "f.1", False),
    ],
)
async def test_companions_of_the_programs_own_files_stay_too(tmp_path: Path, what: str, name: str, stays: bool) -> None:
    (tmp_path / name).touch()
    async with LocalDestination(tmp_path, own=[OwnFile(what, tmp_path / "f")]) as destination:
        assert (await destination.scan(""))[name].spared == (what if stays else "")


def test_the_files_that_options_name() -> None:
    named = {key: f"/x/{key}" for key in ("log_file", "summary", "changes", "report", "state", "ca_file")}
    named["metrics"] = "/x/metrics.prom"
    config = Config.from_mapping({**named, "header": ["@/x/header", "A: b"]}, where="test")
    assert {str(own.path) for own in own_files(config)} == {*named.values(), "/x/header"}
    assert {own.what for own in own_files(config)} >= {"--log-file", "--state", "--header"}
    assert own_files(Config()) == ()


async def test_links_mirrors_and_their_directories_stay_when_a_directory_is_deleted(tmp_path: Path) -> None:
    for path in ("old/x", "old/deep/y", "old/mirror/z", "old/mirror/.crawler/lock", "plain/f"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "old/deep/link").symlink_to("/nowhere")
    async with LocalDestination(tmp_path) as destination:
        walked = [path for path, _, _ in await destination.walk_local("old")]
        assert destination.spared() == {"old/mirror": "another mirror", "old/deep/link": "a symbolic link"}
        assert sorted(walked) == ["old/deep", "old/deep/y", "old/x"]
        assert {path for path, kind, _ in await destination.walk_local("plain") if kind is Kind.FILE} == {"plain/f"}
        assert destination.spared() == {}
        inner = await destination.scan("old/mirror")
        assert set(inner) == {"z", ".crawler"}
        assert all("another mirror" in local.spared for local in inner.values())


def test_a_directory_on_another_device_is_a_mount_point(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        status = (tmp_path / "disk").lstat()
        assert Spared().reason(b"disk", status, descriptor, None, device=status.st_dev + 1) == MOUNT
        assert Spared().reason(b"disk", status, descriptor, None, device=status.st_dev) == ""
    finally:
        os.close(descriptor)


def test_a_place_may_have_several_names(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "m")
    assert identity_of(f"{tmp_path}/m") == identity_of(f"{tmp_path}/./m/") == identity_of(f"{tmp_path}/link")
    assert identity_of(f"{tmp_path}/m/new/x") == identity_of(f"{tmp_path}/link/new//x")
    assert identity_of(f"{tmp_path}/m") != identity_of(f"{tmp_path}/new")


SPELLED = {
    "d/b.prom": {"d/b.prom"},
    "d/../d/./sub/../b.prom": {"d/b.prom"},
    "to_d/b.prom": {"d/b.prom"},
    "to_b": {"to_b", "d/b.prom"},
    "d/to_b": {"d/to_b", "d/b.prom"},
    "to_to_b": {"to_to_b", "d/b.prom"},
    "d/broken": {"d/broken", "nowhere"},
    "nowhere": {"nowhere"},
}
"""A path as it may be given → the paths of that file without links among their directories."""


@pytest.mark.parametrize("spelling", SPELLED)
def test_the_paths_of_a_file_lead_through_no_link(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d/sub").mkdir(parents=True)
    Path("d/b.prom").touch()
    links = {"to_d": "d", "to_b": "d/b.prom", "d/to_b": "b.prom", "to_to_b": "to_b", "d/broken": "../nowhere"}
    for link, destination in links.items():
        Path(link).symlink_to(destination)
    expected, here = SPELLED[spelling], os.path.realpath(tmp_path)
    assert {os.path.relpath(path, here) for path in paths_of(Path(spelling))} == expected
    below = {path[2:] for path in expected if path.startswith("d/")}
    own = [OwnFile("--summary", Path(spelling)), OwnFile("--cookies", Path("d/sub/x"), is_read=True)]
    for directory in ("d", "to_d", "./d/sub/.."):
        assert claims(own, Path(directory)).keys() == below


def test_a_file_has_each_spelling_of_its_name_that_leads_to_it(tmp_path: Path) -> None:
    here = Path(os.path.realpath(tmp_path))
    (tmp_path / "b.txt").touch()
    os.link(tmp_path / "b.txt", tmp_path / "B.TXT")  # as a file system that folds case makes it appear
    (tmp_path / "other").touch()
    assert paths_of(tmp_path / "B.TXT") == {here / "B.TXT", here / "b.txt"}
    assert claims([OwnFile(SUMMARY, tmp_path / "B.TXT")], tmp_path).keys() == {"B.TXT", "b.txt"}


@pytest.mark.parametrize(
    ("names", "is_asked"),
    [
        ([], False),
        (["a", "b.c", "~x", "-"], False),
        (["a", ".crawler"], True),
        ([".CRAWLER"], True),  # the same on a file system that folds case
        ([".cra\u200cwler"], True),  # the same on HFS+, and so is the next one
        (["\u200c.crawler"], True),
        (["\udce9"], True),
    ],
)
def test_the_file_system_is_asked_for_another_mirror_only_if_a_name_may_be_its_own(
    tmp_path: Path, names: list[str], is_asked: bool
) -> None:
    (tmp_path / "d" / ".crawler").mkdir(parents=True)
    (tmp_path / "d" / "below").mkdir()
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        tree, spared = Tree(root, capacity=4), Spared()
        assert spared.owner_of(tree, "d", names) == ("d" if is_asked else None)
        assert spared.owner(tree, "d/below") == ("d" if is_asked else None)
        tree.close()
    finally:
        os.close(root)
