"""A list of URLs is a list of files: a problem with one of them does not affect the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from crawler import download
from crawler.model.config import Config
from tests.support.misbehaving.behaviours import Redirect
from tests.support.misbehaving.samples import populate
from tests.support.misbehaving.server import Site


async def test_a_forbidden_url_does_not_forbid_its_host(site: Site, tmp_path: Path) -> None:
    populate(site)
    site._resource("/robots.txt").page = lambda: b"User-agent: *\nDisallow: /pub/sub/\n"
    report = await download([(site.url + path, "") for path in ("sub/b.bin", "a.txt")], tmp_path)
    assert [(result.path, result.reason) for result in report.failures] == [("b.bin", "forbidden by robots.txt")]
    assert (tmp_path / "a.txt").exists()


async def test_a_host_that_is_down_does_not_end_the_run(site: Site, tmp_path: Path) -> None:
    populate(site)
    urls = ["http://127.0.0.1:9/x", f"{site.url}a.txt"]
    report = await download([(url, "") for url in urls], tmp_path, Config(attempts=1))
    assert [result.path for result in report.failures] == ["x"]
    assert (report.saved, report.exit_code) == (1, 5)


async def test_a_directory_is_not_a_saved_file(site: Site, tmp_path: Path) -> None:
    populate(site)
    site.file("moved", b"", Redirect(f"{site.url}moved/"))
    report = await download([(f"{site.url}moved", ""), (f"{site.url}a.txt", "")], tmp_path)
    failures = [(result.path, result.reason) for result in report.failures]
    assert failures == [("moved", "it is a directory on the server")]
    assert (report.listed, report.saved, report.exit_code) == (2, 1, 5)


async def test_a_repeated_line_is_one_file(site: Site, tmp_path: Path) -> None:
    populate(site)
    a, b = f"{site.url}a.txt", f"{site.url}sub/b.bin"
    report = await download([(a, ""), (b, "n"), (a, ""), (a, "a.txt"), (b, "n"), (b, "m")], tmp_path)
    assert (report.listed, report.saved, report.exit_code) == (3, 3, 0)
    assert report.rejected_by == {"duplicate": 3}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.txt", "m", "n"]


async def test_two_urls_for_one_path_are_still_a_failure(site: Site, tmp_path: Path) -> None:
    populate(site)
    report = await download([(f"{site.url}a.txt", "x"), (f"{site.url}sub/b.bin", "x")], tmp_path)
    assert [result.reason for result in report.failures] == ["two URLs for one path"]
    assert report.exit_code == 5


async def test_each_url_is_requested_with_its_own_login_and_no_other(site: Site, tmp_path: Path) -> None:
    populate(site)
    a, b, c = (site.url.replace("http://", f"http://{login}") + path for login, path in LOGINS)
    site.on("moved", Redirect("sub/b.bin"))
    report = await download([(a, "a"), (b, "b"), (c, "c")], tmp_path)
    assert (report.saved, report.exit_code) == (3, 0)
    sent = {request.target: request.headers.get("authorization") for request in site.log}
    assert sent == {
        "/robots.txt": None,
        "/pub/a.txt": "Basic YToxMg==",
        "/pub/moved": "Basic YjozNA==",
        "/pub/sub/b.bin": "Basic YjozNA==",
        "/pub/sub/deep/e": None,
    }


LOGINS = (("a:12@", "a.txt"), ("b:34@", "moved"), ("", "sub/deep/e"))


async def test_a_byte_order_mark_is_not_part_of_the_first_url(site: Site, tmp_path: Path) -> None:
    populate(site)
    listed, settings = tmp_path / "list", tmp_path / "settings.toml"
    listed.write_bytes(b"\xef\xbb\xbf" + site.url.encode() + b"a.txt\n")
    settings.write_text(f'[[mirror]]\nname = "x"\nurl = "{site.url}"\ndir = "{tmp_path}/x"\n', "utf-8-sig")
    program = [sys.executable, "-m", "crawler"]
    for arguments in (["--input-file", str(listed), str(tmp_path / "m")], ["--config", str(settings)]):
        run = subprocess.run([*program, *arguments], capture_output=True, timeout=100, check=False)
        assert (run.returncode, run.stderr) == (0, b"")
    assert (tmp_path / "m" / "a.txt").exists()
    assert (tmp_path / "x" / "a.txt").exists()
