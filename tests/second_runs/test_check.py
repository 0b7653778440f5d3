"""--check headers and --check digest: a local file that was touched, cut or replaced is found and repaired."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler import mirror
from crawler.model.config import Config
from crawler.model.report import Report
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

CHECKS = pytest.mark.parametrize("check", ["listing", "headers", "digest"])
SHAPES = pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
FILES = {"a.bin": blob(3000, 1), "sub/b.bin": blob(400_000, 2)}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


async def run(site: Site, directory: Path, check: str) -> Report:
    site.log.clear()
    return await mirror(site.url, directory, Config(check=check, attempts=2))


async def mirrored(site: Site, directory: Path) -> None:
    for path, data in FILES.items():
        site.file(path, data)
    report = await run(site, directory, "listing")
    assert report.saved == 2


def holds(site: Site, directory: Path) -> None:
    for path, data in site.contents().items():
        assert (directory / path).read_bytes() == data
        assert (directory / path).stat().st_mtime == site.mtime(path)


def requested(site: Site) -> list[tuple[str, int | None]]:
    return [(request.path.removeprefix("/pub/"), request.status) for request in site.log if ".bin" in request.path]


async def test_by_headers_each_file_costs_one_conditional_request(site: Site, directory: Path) -> None:
    await mirrored(site, directory)
    report = await run(site, directory, "headers")
    assert sorted(requested(site)) == [("a.bin", 304), ("sub/b.bin", 304)]
    assert all(request.headers["if-none-match"] for request in site.log.of("/pub/a.bin"))
    assert report.unchanged == 2


async def test_by_headers_a_change_that_no_row_shows_is_found(site: Site, directory: Path) -> None:
    await mirrored(site, directory)
    site.file("a.bin", blob(3000, 9), mtime=OLD + 1)  # same minute, same size
    report = await run(site, directory, "listing")
    assert report.unchanged == 2, "the row is the same: it takes a request to know"
    report = await run(site, directory, "headers")
    assert sorted(requested(site)) == [("a.bin", 200), ("sub/b.bin", 304)]
    holds(site, directory)


async def test_without_validators_there_is_nothing_to_confirm_by(site: Site, directory: Path) -> None:
    site.file("a.bin", FILES["a.bin"], etag=None, dated=False)
    await run(site, directory, "listing")
    report = await run(site, directory, "headers")
    assert requested(site) == [("a.bin", 200)]
    assert report.failed == 0


@CHECKS
@SHAPES
async def test_an_older_version_that_came_back_is_found_without_etags(check: str, shape: str, directory: Path) -> None:
    with Site(shape=shape) as site:
        site.file("a.bin", blob(3000, 1), etag=None)
        await run(site, directory, "listing")
        site.file("a.bin", blob(3000, 2), mtime=OLD - DAY, etag=None)
        await run(site, directory, check)
        holds(site, directory)


@CHECKS
@SHAPES
@pytest.mark.parametrize("path", FILES)
async def test_a_touched_file_is_found_and_repaired(check: str, shape: str, path: str, directory: Path) -> None:
    with Site(shape=shape) as site:
        await mirrored(site, directory)
        os.utime(directory / path, (OLD + DAY, OLD + DAY))
        await run(site, directory, check)
        holds(site, directory)


@CHECKS
@SHAPES
@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("cut", [1, 2000])
async def test_a_truncated_file_is_repaired_and_no_304_validates_it(
    check: str, shape: str, path: str, cut: int, directory: Path
) -> None:
    with Site(shape=shape) as site:
        await mirrored(site, directory)
        status = (directory / path).stat()
        os.truncate(directory / path, status.st_size - cut)
        os.utime(directory / path, ns=(status.st_atime_ns, status.st_mtime_ns))
        await run(site, directory, check)
        assert (path, 304) not in requested(site)
        holds(site, directory)


@CHECKS
@SHAPES
async def test_a_replaced_file_is_repaired(check: str, shape: str, directory: Path) -> None:
    with Site(shape=shape) as site:
        await mirrored(site, directory)
        (directory / "a.bin").write_bytes(blob(3000, 5))
        await run(site, directory, check)
        holds(site, directory)


@SHAPES
@pytest.mark.parametrize("etag", ["auto", None])
@pytest.mark.parametrize(("check", "found"), [("listing", False), ("headers", False), ("digest", True)])
async def test_rot_that_keeps_size_and_time_is_found_by_digests_alone(
    check: str, found: bool, etag: str | None, shape: str, directory: Path
) -> None:
    with Site(shape=shape) as site:
        for path, data in FILES.items():
            site.file(path, data, etag=etag)
        await run(site, directory, "listing")
        await rotten(site, directory, check, found=found)


async def rotten(site: Site, directory: Path, check: str, *, found: bool) -> None:
    for path in FILES:
        status = (directory / path).stat()
        with (directory / path).open("r+b") as file:
            file.seek(100)
            file.write(b"rot")
        os.utime(directory / path, ns=(status.st_atime_ns, status.st_mtime_ns))
    report = await run(site, directory, check)
    assert report.saved == (2 if found else 0)
    assert all(((directory / path).read_bytes() == data) is found for path, data in FILES.items())


async def test_by_digest_an_intact_file_costs_one_conditional_request(site: Site, directory: Path) -> None:
    await mirrored(site, directory)
    report = await run(site, directory, "digest")
    assert sorted(requested(site)) == [("a.bin", 304), ("sub/b.bin", 304)]
    assert report.unchanged == 2
