"""A second run after a change upstream or locally, with servers whose listings show much, little or no metadata."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program
from tests.support.servers import Server

FLAVOURS = ("nginx", "nginx-rounded", "nginx-json", "apache", "apache-plain", "lighttpd", "caddy", "python")
EACH_SERVER = pytest.mark.parametrize("flavour", FLAVOURS)
UNTOUCHED = [f"untouched-{number:02}.bin" for number in range(20)]
DAY = 86_400
OLD = 1_600_000_000
"""September 2020: long enough ago for minutes in a listing to be trusted."""


@pytest.fixture
def tree(site: Path) -> Path:
    for name in (*UNTOUCHED, "newer.bin", "older.bin", "grown.bin", "sub/kept.bin", "sub/gone.bin"):
        replace(site / name, b"one of " + name.encode(), OLD)
    return site


def replace(path: Path, body: bytes, moment: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (moment, moment))


def bodies(server: Server) -> list[str]:
    return sorted(
        request.path.rpartition("/")[2]
        for request in server.requests()
        if request.method == "GET" and request.status in {200, 206} and not request.path.endswith("/")
    )


@EACH_SERVER
def test_what_changed_upstream_is_fetched_and_nothing_else(
    flavour: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve(flavour).url_of(tree)
    assert run_crawler(url, mirror).code == 0
    replace(tree / "newer.bin", b"two of newer.bin", OLD + DAY)
    replace(tree / "older.bin", b"two", OLD - DAY)
    replace(tree / "grown.bin", b"two of grown.bin" * 100, OLD + DAY)
    replace(tree / "new.bin", b"one", OLD)
    server = serve(flavour)
    run = run_crawler(url, mirror)
    assert run.code == 0, run.output
    trees.assert_same(tree, mirror)
    assert bodies(server) == ["grown.bin", "new.bin", "newer.bin", "older.bin"]


@EACH_SERVER
def test_what_was_damaged_locally_is_restored(
    flavour: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve(flavour).url_of(tree)
    assert run_crawler(url, mirror).code == 0
    (mirror / "newer.bin").unlink()
    replace(mirror / "grown.bin", b"one", OLD)
    server = serve(flavour)
    run = run_crawler(url, mirror)
    assert run.code == 0, run.output
    trees.assert_same(tree, mirror)
    assert bodies(server) == ["grown.bin", "newer.bin"]


@EACH_SERVER
def test_what_is_gone_upstream_is_kept_without_delete_and_removed_with_it(
    flavour: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve(flavour).url_of(tree)
    assert run_crawler(url, mirror).code == 0
    (tree / "sub" / "gone.bin").unlink()
    assert run_crawler(url, mirror).code == 0
    assert (mirror / "sub" / "gone.bin").exists()
    run = run_crawler("--delete", url, mirror)
    assert run.code == 0, run.output
    trees.assert_same(tree, mirror)


@pytest.mark.parametrize("flavour", ["caddy", "nginx-json"])
def test_a_directory_that_is_filled_and_emptied_again_and_again_holds_up_no_deletion(
    flavour: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    """Caddy sends JSON for a directory with rows, and HTML, which says more, for an empty one."""
    url = serve(flavour).url_of(tree)
    assert run_crawler(url, mirror).code == 0
    for number in range(3):
        for path in (tree / "sub").iterdir():
            path.unlink()
        (tree / UNTOUCHED[number]).unlink()
        if number == 1:
            replace(tree / "sub" / "new.bin", b"one", OLD)
        run = run_crawler("--delete", url, mirror)
        assert run.code == 0, run.output
        trees.assert_same(tree, mirror)


def test_deleting_most_of_the_mirror_is_refused_with_6(
    serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve("nginx").url_of(tree)
    assert run_crawler(url, mirror).code == 0
    for name in UNTOUCHED:
        (tree / name).unlink()
    run = run_crawler("--delete", url, mirror)
    assert run.code == 6, run.output
    assert len([line for line in run.stderr.splitlines() if "--max-delete" in line]) == 1, run.stderr
    assert all((mirror / name).exists() for name in UNTOUCHED)
    assert run_crawler("--delete", "--max-delete", "100%", url, mirror).code == 0
    trees.assert_same(tree, mirror)


def test_a_mirror_made_by_other_means_is_taken_over_without_a_body(
    serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    for path in tree.rglob("*.bin"):
        if path.parent == tree:
            replace(mirror / path.name, path.read_bytes(), OLD)
    server = serve("nginx")
    run = run_crawler(server.url_of(tree), mirror)
    assert run.code == 0, run.output
    assert bodies(server) == ["gone.bin", "kept.bin"]
    trees.assert_same(tree, mirror)


@pytest.mark.parametrize("flavour", ["apache", "lighttpd"])
def test_the_zone_of_a_server_is_learnt_from_the_files_that_are_known(
    flavour: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    """Local copies without a record whose times differ by an hour need no HEAD, as the zone is known."""
    url = serve(flavour, zone="America/New_York").url_of(tree)
    assert run_crawler("--exclude", "sub/", "--include", "untouched-*", url, mirror).code == 0
    for name in ("newer.bin", "older.bin"):
        replace(mirror / name, (tree / name).read_bytes(), OLD - 3600 * (name == "newer.bin"))
    server = serve(flavour, zone="America/New_York")
    run = run_crawler("--exclude", "sub/", url, mirror)
    assert run.code == 0, run.output
    heads = [request.path.rpartition("/")[2] for request in server.requests() if request.method == "HEAD"]
    assert "newer.bin" not in heads
    assert bodies(server) == ["grown.bin", "newer.bin"]
