"""A list of URLs is a list of files: what one of them meets is not held against the others."""

from __future__ import annotations

from pathlib import Path

from crawler import download
from crawler.config import Config
from tests.faulty.samples import populate
from tests.faulty.server import Site


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
