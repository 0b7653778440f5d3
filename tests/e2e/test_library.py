"""The library calls of the README, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import crawler
from crawler import Kind, Outcome
from tests.conftest import Serve
from tests.support import trees

FILES = ("a.txt", "b c.zip", "sub/d.zip", "sub/deeper/e.txt")


@pytest.fixture
def tree(site: Path) -> Path:
    for number, name in enumerate(FILES):
        trees.write(site / name, 100 + number)
    return site


async def test_mirror_returns_a_report_whose_counts_add_up(serve: Serve, tree: Path, mirror: Path) -> None:
    url = serve("nginx").url_of(tree)
    report = await crawler.mirror(url, mirror, crawler.Config(ext=("zip",)))
    assert (report.saved, report.unchanged, report.skipped, report.failed) == (2, 0, 2, 0)
    assert report.accounts
    assert report.exit_code == 0
    assert report.saved_bytes == report.received == 101 + 102
    report = await crawler.mirror(url, mirror, crawler.Config())
    assert (report.saved, report.unchanged, report.skipped) == (2, 2, 0)
    trees.assert_same(tree, mirror)


async def test_walk_yields_the_entries_and_saves_nothing(serve: Serve, tree: Path) -> None:
    server = serve("nginx")
    async with crawler.walk(server.url_of(tree), crawler.Config()) as entries:
        found = {entry.url.removeprefix(server.url_of(tree)): entry async for entry in entries}
    files = {url: entry for url, entry in found.items() if entry.kind is Kind.FILE}
    assert files.keys() == {name.replace(" ", "%20") for name in FILES}
    size = files["b%20c.zip"].size
    assert size is not None
    assert (size.low, size.high) == (101, 101)
    assert all(request.path.endswith(("/", "robots.txt")) for request in server.requests())


async def test_download_saves_urls_under_chosen_names(serve: Serve, tree: Path, mirror: Path) -> None:
    url = serve("nginx").url_of(tree)
    pairs = [(f"{url}a.txt", "one.txt"), (f"{url}sub/d.zip", "two/d.zip"), (f"{url}missing.txt", "three.txt")]
    report = await crawler.download(pairs, mirror, crawler.Config())
    assert (report.listed, report.saved, report.failed) == (3, 2, 1)
    assert (mirror / "one.txt").read_bytes() == (tree / "a.txt").read_bytes()
    assert (mirror / "two" / "d.zip").read_bytes() == (tree / "sub" / "d.zip").read_bytes()
    (failure,) = report.failures
    assert (failure.outcome, failure.url) == (Outcome.FAILED, f"{url}missing.txt")
    assert "404" in failure.reason
    assert not (mirror / "three.txt").exists()


async def test_filters_apply_to_a_list_too(serve: Serve, tree: Path, mirror: Path) -> None:
    url = serve("nginx").url_of(tree)
    pairs = [(f"{url}a.txt", "one.txt"), (f"{url}sub/d.zip", "two/d.zip"), (f"{url}b%20c.zip", "old/b.zip")]
    report = await crawler.download(pairs, mirror, ext="zip", exclude="old/")
    assert (report.ok, report.saved, report.skipped_by) == (True, 1, {"ext": 1, "exclude": 1})
    report = await crawler.download(pairs, mirror, ext="zpi")
    assert report.warnings == ('no file matched ext="zpi": did you mean zip?',)


async def test_a_root_that_is_not_a_listing_raises(serve: Serve, tree: Path, mirror: Path) -> None:
    with pytest.raises(crawler.ListingError, match="missing"):
        await crawler.mirror(f"{serve('nginx').url_of(tree)}missing/", mirror, crawler.Config())


async def test_a_wrong_argument_is_refused_before_anything_runs(tmp_path: Path) -> None:
    directory, calls = tmp_path / "m", "http://127.0.0.1:9/"
    wrong: Any = {"workers": 3}
    with pytest.raises(crawler.ConfigError, match=r"config: expected a crawler\.Config"):
        await crawler.mirror(calls, directory, wrong)
    with pytest.raises(crawler.ConfigError, match=r"config: expected a crawler\.Config"):
        async with crawler.walk(calls, wrong):
            pass
    items: list[Any] = [(calls, None), (calls, "a", "b"), 3, None]
    for item in items:
        with pytest.raises(crawler.ConfigError, match=r"items\[0\]: expected URLs, or pairs of URL and path"):
            await crawler.download([item], directory)
    nothing: Any = None
    with pytest.raises(crawler.ConfigError, match="URL: expected text, not NoneType"):
        await crawler.mirror(nothing, directory)
    assert not directory.exists()
