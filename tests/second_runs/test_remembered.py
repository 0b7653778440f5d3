"""The state may be damaged, wrong or out of date: runs are then slower, but never wrong."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from crawler import mirror
from crawler.app.maintenance import run_verify
from crawler.model.config import Config
from crawler.model.options.retention import Retention
from crawler.model.state.store import BY_ROW
from crawler.model.values import Known
from crawler.pipeline.stop import Stop
from crawler.storage.state.store import SqliteState
from tests.support.misbehaving.behaviours import Behaviour, Page
from tests.support.misbehaving.responses import Request, Response
from tests.support.misbehaving.samples import DAY, blob, populate
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

DELETE = Config(delete=True)


def state_of(directory: Path) -> Path:
    return directory / ".crawler" / "state.sqlite3"


async def files_of(directory: Path) -> dict[str, Known]:
    async with SqliteState(state_of(directory)) as state:
        return {item.path: item for batch in [b async for b in state.all_files()] for item in batch}


def tree_of(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".crawler" not in path.parts
    }


async def test_a_page_that_is_remembered_wrongly_deletes_nothing_and_is_read_anew(site: Site, tmp_path: Path) -> None:
    wanted = populate(site)
    await mirror(site.url, tmp_path, DELETE)
    async with SqliteState(state_of(tmp_path)) as state:
        page = await state.listing(site.url)
        assert page is not None
        short = tuple(entry for entry in page.entries if entry.name not in {"a.txt", "other"})
        state.remember_listing(replace(page, entries=short))
    report = await mirror(site.url, tmp_path, DELETE)
    assert report.exit_code == 5
    assert "differs from what was read before" in str(report.to_dict())
    assert tree_of(tmp_path) == wanted
    report = await mirror(site.url, tmp_path, DELETE)
    assert (report.exit_code, tree_of(tmp_path)) == (0, wanted)


async def test_a_remembered_page_is_read_once_more_where_something_is_to_be_deleted(site: Site, tmp_path: Path) -> None:
    wanted = populate(site)
    await mirror(site.url, tmp_path, DELETE)
    (tmp_path / "sub" / "stray").write_bytes(b"not listed")
    (tmp_path / "kept.tmp").write_bytes(b"excluded")
    site.log.clear()
    report = await mirror(site.url, tmp_path, Config(delete=True, exclude="*.tmp"))
    assert (report.exit_code, report.deleted) == (0, 1)
    assert tree_of(tmp_path) == wanted | {"kept.tmp": b"excluded"}
    assert (site.log.times("/pub/sub/"), site.log.times("/pub/")) == (2, 1)


async def test_what_is_gone_here_and_upstream_is_forgotten(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path)
    for path in ("a.txt", "other/f", "other/g"):
        site.remove(path)
        (tmp_path / path).unlink()
    del site._rows[""]["other"], site._rows["other"]
    await mirror(site.url, tmp_path)
    assert (await files_of(tmp_path)).keys() == site.contents().keys()
    verified, _ = await run_verify(tmp_path, Config(), [], Stop(), repair=False)
    assert verified.exit_code == 0


async def is_known(state: SqliteState, url: str) -> bool:
    """Whether the state knows the page at ``url``, or at least the digest of its directory."""
    return await state.listing(url) is not None or await state.directory_digest(url) is not None


async def test_what_a_run_does_not_look_at_is_not_forgotten(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path)
    before = await files_of(tmp_path)
    for path in ("a.txt", "sub/b.bin", "sub/deep/e", "other/f"):
        (tmp_path / path).unlink()
    site.remove("sub/deep/e")  # an invisible change
    limits = [
        Config(exclude=["sub/", "other/", "a.txt"]),
        Config(no_recursive=True, ext=("gz",)),
        Config(max_depth=0, ext=("gz",)),
    ]
    for config in limits:
        await mirror(site.url, tmp_path, config)
        assert await files_of(tmp_path) == before
        async with SqliteState(state_of(tmp_path)) as state:
            assert await is_known(state, f"{site.url}sub/deep/")


async def test_a_site_that_moves_leaves_no_pages_behind_and_keeps_its_digests(site: Site, tmp_path: Path) -> None:
    for number in range(3):
        for name in ("a", "sub/b"):
            site.file(f"snap{number}/{name}", blob(100, 1))
    for number in range(3):
        report = await mirror(f"{site.url}snap{number}/", tmp_path, Config(delete=True, moved=number > 0))
        assert (report.exit_code, report.saved) == (0, 2 if number == 0 else 0)
        known = await files_of(tmp_path)
        assert {item.url for item in known.values()} == {f"{site.url}snap{number}/{path}" for path in known}
        assert {item.digest for item in known.values()} == {"sha256:" + hashlib.sha256(blob(100, 1)).hexdigest()}
        async with SqliteState(state_of(tmp_path)) as state:
            for other in range(3):
                for directory in ("", "sub/"):
                    assert await is_known(state, f"{site.url}snap{other}/{directory}") == (other == number)


async def test_a_copy_that_is_adopted_gets_a_digest(site: Site, tmp_path: Path) -> None:
    wanted = populate(site)
    await mirror(site.url, tmp_path)
    shutil.rmtree(tmp_path / ".crawler")
    report = await mirror(site.url, tmp_path)
    assert (report.saved, report.unchanged) == (0, len(wanted))
    digests = {path: item.digest for path, item in (await files_of(tmp_path)).items()}
    assert digests == {path: "sha256:" + hashlib.sha256(data).hexdigest() for path, data in wanted.items()}


class _NoHead(Behaviour):
    def shape(self, response: Response, request: Request) -> Response:
        return Response(status=405) if request.method == "HEAD" else response


@pytest.mark.parametrize("is_first_shown", [True, False], ids=["snapshot first", "digest first"])
async def test_a_file_that_was_there_before_is_copied_into_snapshots(
    site: Site, tmp_path: Path, is_first_shown: bool
) -> None:
    """It is adopted by its row, by HEAD or by GET, and its digest is known before the first snapshot or after it."""
    rows = [
        {"name": name, "type": "file", "mtime": formatdate(OLD, usegmt=True), "size": 50} for name in ("row", "odd")
    ]
    site.directory("exact", Page(json.dumps(rows).encode(), "application/json"))
    paths = ("exact/row", "head", "get", "saved")
    for number, path in enumerate(paths):
        site.file(path, blob(50, number), *([_NoHead()] if path == "get" else []))
        (tmp_path / path).parent.mkdir(exist_ok=True)
        if path != "saved":
            (tmp_path / path).write_bytes(blob(50, number))
            os.utime(tmp_path / path, (OLD, OLD))
    site.file("exact/odd", blob(50, 9))
    await mirror(site.url, tmp_path, Config(snapshots=Retention(9)) if is_first_shown else Config())
    known = await files_of(tmp_path)
    assert {path for path, item in known.items() if item.adopted} == {"exact/row", "head", "get"}
    assert (known["exact/row"].checked == BY_ROW, known["exact/row"].digest) == (True, None)
    await run_verify(tmp_path, Config(), [], Stop(), repair=True)
    assert all(item.digest for item in (await files_of(tmp_path)).values())
    site.file("new", blob(10))
    await mirror(site.url, tmp_path, Config(snapshots=Retention(9)))
    current = tmp_path / ".crawler/snapshots/current"
    shared = {path for path in paths if (current / path).samefile(tmp_path / path)}
    assert shared == {"saved"}


async def test_a_run_that_was_killed_while_it_replaced_a_file_leaves_nothing_wrong(site: Site, tmp_path: Path) -> None:
    """The run is killed before or after the new file gets its name."""
    for is_named in (False, True):
        directory = tmp_path / str(is_named)
        site.file("a", blob(100, 1))
        await mirror(site.url, directory)
        site.file("a", blob(90, 2), mtime=OLD + DAY)
        async with SqliteState(state_of(directory)) as state:
            await state.doubt(["a"])
        if is_named:
            (directory / "a").write_bytes(blob(90, 2))
            os.utime(directory / "a", (OLD + DAY, OLD + DAY))
        verified, _ = await run_verify(directory, Config(), [], Stop(), repair=False)
        assert (verified.exit_code, verified.failed) == (5, 1)
        report = await mirror(site.url, directory)
        assert (report.exit_code, tree_of(directory)) == (0, {"a": blob(90, 2)})
        known = (await files_of(directory))["a"]
        assert known.digest == "sha256:" + hashlib.sha256(blob(90, 2)).hexdigest()


async def test_whatever_bit_of_the_state_flips_the_next_run_is_right(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path, DELETE)
    await mirror(site.url, tmp_path, DELETE)
    data = state_of(tmp_path).read_bytes()
    used = [place for place in range(100, len(data)) if data[place]]
    dice = random.Random(4)
    for number in range(40):
        changed = bytearray(data)
        changed[dice.choice(used)] ^= 1 << dice.randrange(8)
        for left in (tmp_path / ".crawler").glob("state.sqlite3*"):
            left.unlink()
        state_of(tmp_path).write_bytes(changed)
        site.file("a.txt", blob(300 + number, number), mtime=OLD + DAY * (1 + number))
        report = await mirror(site.url, tmp_path, DELETE)
        assert (report.exit_code, report.deleted, report.failed) == (0, 0, 0)
        assert tree_of(tmp_path) == site.contents()
