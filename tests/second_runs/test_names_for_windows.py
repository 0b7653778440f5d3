"""``--names windows``: names on the disk are valid on FAT, NTFS and CIFS; everything else uses the server's names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crawler import Destination, mirror
from crawler.app.maintenance import explain, run_verify
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from crawler.pipeline.stop import Stop
from tests.support.misbehaving.server import Site
from tests.support.program import Program

WINDOWS = Config(names="windows", delete=True, attempts=1)
NAMES = ["a:b.txt", "CON", "nul.txt", "x.", "100%41", "README", "readme", "d?/q*.bin", "D?/z", "plain/ok.txt", "ü.txt"]


def stored(directory: Path) -> list[str]:
    paths = (path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.startswith(".crawler/"))


def fill(site: Site) -> None:
    for name in NAMES:
        site.file(name, name.encode() * 100)


async def run(site: Site, directory: Path, config: Config = WINDOWS) -> Report:
    report = await mirror(site.url, directory, config)
    assert report.failed == 0, report.failures
    return report


async def test_a_mirror_is_saved_confirmed_updated_deleted_and_verified_under_other_names(
    site: Site, tmp_path: Path
) -> None:
    fill(site)
    directory = tmp_path / "mirror"
    planned = await mirror(site.url, directory, Config(names="windows", dry_run=True))
    assert planned.plan is not None
    assert not directory.exists()
    first = await run(site, directory)
    assert (first.saved, first.exit_code) == (len(NAMES), 0)
    assert ["stored under names that Windows can hold, such as" in text for text in first.warnings] == [True]
    found = stored(directory)
    assert {"a%3Ab.txt", "%43ON", "%6Eul.txt", "x%2E", "100%2541", "plain/ok.txt", "ü.txt"} <= set(found)
    assert len({name.casefold() for name in found}) == len(NAMES)
    assert not [name for name in found if set(name) & set('<>:"\\|?*')]
    bodies = sorted((directory / name).read_bytes() for name in found)
    assert bodies == sorted(name.encode() * 100 for name in NAMES)

    before = len(site.log)
    second = await run(site, directory)
    assert (second.unchanged, second.warnings, stored(directory)) == (len(NAMES), (), found)
    asked = [request.target for request in site.log[before:]]
    assert sorted(asked) == ["/pub/", "/pub/D%3F/", "/pub/d%3F/", "/pub/plain/", "/robots.txt"]

    lines, is_listed = await explain(f"{site.url}a%3Ab.txt", site.url, directory, WINDOWS)
    assert is_listed
    assert ("path", "a:b.txt") in lines
    assert ("stored", "as a%3Ab.txt") in lines

    site.file("a:b.txt", b"new" * 99)
    for gone in ("d?/q*.bin", "README", "CON"):
        site.remove(gone)
    (directory / "%61lien").write_bytes(b"nobody's")
    (directory / "README.").write_bytes(b"nobody's, too")
    third = await run(site, directory)
    assert (third.saved, third.deleted) == (1, 3)
    assert (directory / "a%3Ab.txt").read_bytes() == b"new" * 99
    assert (directory / "README.").exists()
    assert not (directory / "%43ON").exists()

    report, error = await run_verify(directory, WINDOWS, [], Stop(), repair=False)
    assert (error, report.failed, report.exit_code) == (None, 0, 0)
    (directory / "a%3Ab.txt").write_bytes(b"bad" * 99)
    report, _ = await run_verify(directory, WINDOWS, [], Stop(), repair=False)
    assert [result.path for result in report.failures] == ["a:b.txt"]


async def test_filters_match_the_names_of_the_server(site: Site, tmp_path: Path) -> None:
    fill(site)
    report = await run(site, tmp_path, Config(names="windows", include=("a:*", "re:^d[?]/q")))
    assert report.saved == 2
    assert stored(tmp_path) == ["a%3Ab.txt", "d%3F/q%2A.bin"]


async def test_a_name_that_becomes_too_long_fails_alone(site: Site, tmp_path: Path) -> None:
    site.file("x" * 254 + ":", b"1")
    site.file("y" * 254 + ":/a", b"2")
    site.file("fine", b"3")
    report = await mirror(site.url, tmp_path, WINDOWS)
    assert (report.saved, report.failed, report.exit_code) == (1, 2, 5)
    assert all("longer than 255 bytes" in each.reason or "too long" in each.reason for each in report.failures)
    assert stored(tmp_path) == ["fine"]


async def test_the_option_may_come_while_it_changes_nothing_and_may_not_go(site: Site, tmp_path: Path) -> None:
    site.file("plain.txt", b"1")
    posix = Config(attempts=1)
    await run(site, tmp_path, posix)
    await run(site, tmp_path)
    site.file("a:b", b"2")
    await run(site, tmp_path)
    assert stored(tmp_path) == ["a%3Ab", "plain.txt"]
    wanted = "have the names of --names windows; repeat that option"
    with pytest.raises(ConfigError, match='have the names of names="windows"; repeat that option'):
        await mirror(site.url, tmp_path, posix)
    with pytest.raises(ConfigError, match=wanted):
        await explain(site.url, site.url, tmp_path, posix)
    _, error = await run_verify(tmp_path, posix, [], Stop(), repair=False)
    assert wanted in str(error)
    other = tmp_path / "other"
    await run(site, other, Config(attempts=1, moved=True))
    with pytest.raises(ConfigError, match="was mirrored without it, and a:b would become a%3Ab"):
        await run(site, other)
    assert stored(other) == ["a:b", "plain.txt"]


@pytest.mark.parametrize(("other", "value"), [("processes", 2), ("processes", "auto"), ("snapshots", 3)])
def test_what_it_cannot_be_combined_with_is_refused_by_name(other: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"names windows cannot be combined with {other}"):
        Config(names="windows", **{other: value})  # type: ignore[arg-type]


async def test_a_destination_of_your_own_names_its_files_itself(site: Site, tmp_path: Path) -> None:
    class Mine(Destination):
        async def __aenter__(self) -> Mine:
            return self

        async def __aexit__(self, *_: object) -> None: ...

    with pytest.raises(ConfigError, match="names: not supported with a custom destination"):
        await mirror(site.url, tmp_path, WINDOWS, destination=Mine())  # type: ignore[abstract]


def test_the_program_says_what_it_renamed(site: Site, run_crawler: Program, tmp_path: Path) -> None:
    site.file("a:b", b"1")
    done = run_crawler("--names=windows", "--processes=2", site.url, tmp_path / "mirror")
    assert (done.code, "--names windows cannot be combined with --processes" in done.stderr) == (2, True)
    done = run_crawler("--names=windows", site.url, tmp_path / "mirror")
    assert done.code == 0
    assert "1 file is stored under names that Windows can hold, such as a:b as a%3Ab" in done.output
    assert asyncio.run(mirror(site.url, tmp_path / "mirror", WINDOWS)).unchanged == 1
