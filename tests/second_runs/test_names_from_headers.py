"""``--name-from header``: a list of URLs whose servers name the files, in first and later runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import download
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from tests.support.mirrors import parse_mirrors
from tests.support.misbehaving.behaviours import Cut, Redirect, Says, Status
from tests.support.misbehaving.server import Site
from tests.support.program import Program

CONFIG = Config(name_from="header", attempts=2)


def named(name: str) -> Says:
    return Says(headers=(("Content-Disposition", f"attachment; filename*=UTF-8''{name}"),))


async def saved(site: Site, directory: Path, *paths: str) -> tuple[Report, list[str]]:
    report = await download([(site.url + path, "") for path in paths], directory, CONFIG)
    return report, sorted(path.name for path in directory.iterdir() if path.name != ".crawler")


async def test_names_come_from_the_server_and_stay_in_later_runs(site: Site, tmp_path: Path) -> None:
    site.file("get", b"one" * 100, named("%C3%BC%201.zip"))
    site.file("plain.txt", b"two")
    site.file("empty", b"", named("none.txt"))
    site.file("far", b"", Redirect(f"{site.url}get"))
    for _ in range(2):
        before = len(site.log)
        report, names = await saved(site, tmp_path, "get", "plain.txt", "empty")
        assert (report.failed, report.exit_code, names) == (0, 0, ["none.txt", "plain.txt", "ü 1.zip"])
    assert (report.saved, report.unchanged) == (0, 3)
    assert not any(request.is_body and request.sent > 1 for request in site.log[before:])

    (tmp_path / "ü 1.zip").unlink()
    report, names = await saved(site, tmp_path, "get")
    assert (report.saved, "ü 1.zip" in names) == (1, True)

    site.file("get", b"new" * 50, named("2.zip"))
    report, names = await saved(site, tmp_path, "get")
    assert (report.saved, report.exit_code, names) == (1, 0, ["2.zip", "none.txt", "plain.txt", "ü 1.zip"])
    assert (tmp_path / "2.zip").read_bytes() == b"new" * 50
    assert (tmp_path / "ü 1.zip").read_bytes() == b"one" * 100
    report, _ = await saved(site, tmp_path, "get")
    assert (report.saved, report.unchanged) == (0, 1)

    report, names = await saved(site, tmp_path, "far")
    assert report.exit_code == 0


async def test_unsafe_and_colliding_names_fail_and_the_others_are_saved(site: Site, tmp_path: Path) -> None:
    site.file("up", b"1", named("..%2F..%2Fevil"))
    site.file("own", b"1", named(".crawler"))
    site.file("a", b"a", named("same"))
    site.file("b", b"b", named("same"))
    site.file("busy", b"c", Status(503, times=1), named("calm"))
    site.file("gone", b"d", Status(404))
    report, names = await saved(site, tmp_path, "up", "own", "a", "b", "busy", "gone", "a")
    assert names == ["calm", "same"]
    assert (tmp_path / "same").read_bytes() == b"a"
    assert (report.listed, report.saved, report.failed, report.exit_code) == (6, 2, 4, 5)
    reasons = {result.path: result.reason for result in report.failures}
    assert reasons["up"] == "'../../evil' contains '..': files are saved in DIR alone"
    assert reasons["own"] == "'.crawler' is the name of crawler's own directory"
    assert reasons["same"] == "two URLs for one path"
    assert reasons["gone"].startswith("HTTP 404")
    assert not (tmp_path.parent / "evil").exists()


async def test_a_file_that_only_happens_to_have_the_name_is_not_replaced(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_bytes(b"mine")
    (tmp_path / "plain.txt").write_bytes(b"older")
    site.file("get", b"theirs", named(".bashrc"))
    site.file("plain.txt", b"newer one")
    for _ in range(2):
        report, _ = await saved(site, tmp_path, "get", "plain.txt")
        assert (report.failed, report.exit_code) == (1, 5)
        assert (tmp_path / ".bashrc").read_bytes() == b"mine"
        assert (tmp_path / "plain.txt").read_bytes() == b"newer one", "the user has given this name, with the URL"
    (tmp_path / ".bashrc").unlink()
    report, _ = await saved(site, tmp_path, "get", "plain.txt")
    assert (report.saved, (tmp_path / ".bashrc").read_bytes()) == (1, b"theirs")


async def test_an_interrupted_file_is_resumed_under_its_name(site: Site, tmp_path: Path) -> None:
    body = bytes(range(256)) * 8000
    site.file("get", body, Cut(at=0.5, times=2, when="whole"), named("big.bin"))
    report, names = await saved(site, tmp_path, "get")
    if report.failed:
        report, names = await saved(site, tmp_path, "get")
    assert (names, (tmp_path / "big.bin").read_bytes() == body) == (["big.bin"], True)
    assert any(request.headers.get("range", "bytes=0-0") != "bytes=0-0" for request in site.log)


def test_a_listing_names_its_files_itself(run_crawler: Program, tmp_path: Path) -> None:
    run = run_crawler("--name-from=header", "http://127.0.0.1:1/", tmp_path)
    assert (run.code, run.stderr) == (
        2, "crawler: --name-from header requires --input-file: listed files are named by their listing\n",
    )  # fmt: skip


def test_a_mirror_of_a_config_file_refuses_it() -> None:
    table = {"name": "x", "url": "http://127.0.0.1:1/", "dir": "d", "name_from": "header"}
    with pytest.raises(ConfigError, match=r"mirror 1 \(x\): name_from: a listing names its files itself"):
        parse_mirrors({"mirror": [table]}, {}, "f")


async def test_a_mirror_of_the_library_refuses_it(tmp_path: Path) -> None:
    from crawler import mirror

    with pytest.raises(ConfigError, match="name_from"):
        await mirror("http://127.0.0.1:1/", tmp_path, CONFIG)
