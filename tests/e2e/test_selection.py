"""Exactly the files that the options select are requested and saved; others cost no request."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program

FILES = {
    "a.txt": 10,
    "b.ZIP": 20,
    "c.tar.gz": 30,
    "d.gz": 40,
    "README": 50,
    "big.bin": 5_000,
    "empty.txt": 0,
    "debug.log": 60,
    "other.log": 70,
    "skip/i.txt": 80,
    "sub/e.txt": 90,
    "sub/f.zip": 100,
    "sub/deep/g.txt": 110,
    "sub/deep/deeper/h.zip": 120,
}
NEW = "sub/f.zip"
"""A file of 2024; all others are from 2020."""

TOP = {name for name in FILES if "/" not in name}
LISTINGS = {"", "skip/", "sub/", "sub/deep/", "sub/deep/deeper/"}


@pytest.fixture
def tree(site: Path) -> Path:
    for name, size in FILES.items():
        trees.write(site / name, size)
    os.utime(site / NEW, (1_710_000_000, 1_710_000_000))
    return site


def below(*prefixes: str) -> set[str]:
    return {name for name in FILES if name.startswith(prefixes)}


def ending(*suffixes: str) -> set[str]:
    return {name for name in FILES if name.endswith(suffixes)}


@pytest.mark.parametrize(
    ("options", "wanted", "listings"),
    [
        ("", set(FILES), LISTINGS),
        ("--ext zip", ending(".zip", ".ZIP"), LISTINGS),
        ("--ext .Zip", ending(".zip", ".ZIP"), LISTINGS),
        ("-e tar.gz", {"c.tar.gz"}, LISTINGS),
        ("--ext gz,txt", ending(".gz", ".txt"), LISTINGS),
        ("--ext gz --ext txt", ending(".gz", ".txt"), LISTINGS),
        ("--include *.txt", ending(".txt"), LISTINGS),
        ("--exclude *.txt", set(FILES) - ending(".txt"), LISTINGS),
        ("--exclude debug* --include *.log", {"other.log"}, LISTINGS),
        ("--include *.log --exclude debug*", ending(".log"), LISTINGS),
        ("--include sub/*.txt", {"sub/e.txt"}, LISTINGS),
        ("--include sub/**", below("sub/"), LISTINGS),
        (r"--include re:.*\.tar\.gz$", {"c.tar.gz"}, LISTINGS),
        ("--exclude skip/", set(FILES) - below("skip/"), LISTINGS - {"skip/"}),
        ("--exclude deep/ --ext zip", {"b.ZIP", "sub/f.zip"}, {"", "skip/", "sub/"}),
        ("--min-size 1K", {"big.bin"}, LISTINGS),
        ("--max-size 10", {"a.txt", "empty.txt"}, LISTINGS),
        ("--newer-than 2024-01-01", {NEW}, LISTINGS),
        ("--older-than 2024-01-01", set(FILES) - {NEW}, LISTINGS),
        ("--max-depth 0", TOP, {""}),
        ("--no-recursive", TOP, {""}),
        ("--max-depth 1", TOP | {"skip/i.txt", "sub/e.txt", "sub/f.zip"}, {"", "skip/", "sub/"}),
        ("--no-recursive --ext txt", {"a.txt", "empty.txt"}, {""}),
        ("--workers 1 --listers 1 --backlog 1", set(FILES), LISTINGS),
    ],
)
def test_what_is_selected_is_requested_once_and_saved(
    options: str, wanted: set[str], listings: set[str], serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    server = serve("nginx")
    run = run_crawler(*options.split(), server.url_of(tree), mirror)
    assert run.code == 0, run.output
    assert saved(mirror) == wanted
    top = f"/{tree.name}/"
    requested = sorted(request.path for request in server.requests())
    assert requested == sorted(["/robots.txt", *(top + name for name in wanted | listings)])


def saved(mirror: Path) -> set[str]:
    files = (path.relative_to(mirror).as_posix() for path in mirror.rglob("*") if path.is_file())
    return {name for name in files if not name.startswith(".crawler/")}


def test_max_files_saves_that_many(serve: Serve, tree: Path, run_crawler: Program, mirror: Path) -> None:
    run_crawler("--max-files", 3, serve("nginx").url_of(tree), mirror)
    assert len(saved(mirror)) == 3


def test_max_total_size_is_not_passed(serve: Serve, tree: Path, run_crawler: Program, mirror: Path) -> None:
    run_crawler("--max-total-size", 300, serve("nginx").url_of(tree), mirror)
    assert 0 < trees.count(mirror).size <= 300


def test_a_dry_run_changes_nothing_and_requests_listings_only(
    serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    server = serve("nginx")
    run = run_crawler("--dry-run", server.url_of(tree), mirror)
    assert run.code == 0, run.output
    assert "c.tar.gz" in run.stdout
    assert not mirror.exists()
    assert len(server.requests()) == len(LISTINGS) + 1


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_an_input_file_gives_urls_and_names(
    source: str, serve: Serve, tree: Path, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    server = serve("nginx")
    url = server.url_of(tree)
    lines = f"{url}a.txt\n{url}sub/f.zip\tchosen/name.zip\n{url}sub/e.txt\tchosen/e.txt\n"
    (tmp_path / "urls").write_text(lines)
    if source == "file":
        run = run_crawler("--input-file", tmp_path / "urls", mirror)
    else:
        run = run_crawler("--input-file", "-", mirror, stdin=lines)
    assert run.code == 0, run.output
    assert saved(mirror) == {"a.txt", "chosen/name.zip", "chosen/e.txt"}
    assert (mirror / "chosen" / "name.zip").read_bytes() == (tree / "sub" / "f.zip").read_bytes()
    assert int((mirror / "chosen" / "name.zip").stat().st_mtime) == 1_710_000_000
    top = f"/{tree.name}/"
    requested = {request.path for request in server.requests()}
    assert requested - {"/robots.txt"} == {f"{top}a.txt", f"{top}sub/f.zip", f"{top}sub/e.txt"}


def test_a_list_prints_the_entries_and_saves_nothing(
    serve: Serve, tree: Path, run_crawler: Program, tmp_path: Path
) -> None:
    server = serve("nginx")
    run = run_crawler("--list", "--no-recursive", server.url_of(tree))
    assert run.code == 0, run.output
    for name in TOP:
        assert name in run.stdout
    assert "5000" in run.stdout.replace(",", "").replace(" ", "") or "4.9" in run.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert {request.path for request in server.requests()} <= {f"/{tree.name}/", "/robots.txt"}
