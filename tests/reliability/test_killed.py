"""Row X17: kill -9 between naming a file and recording it. The state may lack the file but must not be wrong."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from crawler.model.values import Known
from crawler.storage.state.read_only import ReadOnlyState
from tests.support.misbehaving import torture
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

pytestmark = pytest.mark.own
INSTANTS = ("rename", "fsync")
"""Calls before which a run is killed: a batch is committed by renames, then flushes of directories, then records."""
OPTIONS = ["--check=headers"]
"""Detects a new version with the size and time of the old one."""


def fill(site: Site, version: int) -> dict[str, bytes]:
    for number in range(3):
        site.file(f"kept-{number}", blob(300, number))
        site.file(f"twin-{number}", blob(400, 10 * version + number))
        site.file(f"sub/lost-{number}", blob(500, 10 * version + number))
        site.file(f"sub/longer-{number}", blob(600 + version, number), mtime=OLD + version * DAY)
        if version > 1:
            site.file(f"new/new-{number}", blob(700, number))
    return site.contents()


async def records(path: Path) -> list[Known]:
    async with ReadOnlyState(path) as state:
        known = [each async for batch in state.all_files() for each in batch]
    assert state.problem is None
    return known


def proven(directory: Path) -> set[str]:
    """The files whose record in the state matches DIR and has a digest, which must be right."""
    paths = set()
    for known in asyncio.run(records(directory / ".crawler/state.sqlite3")):
        file = directory / known.path
        if (
            file.exists()
            and known.digest
            and (known.size, known.mtime) == (file.stat().st_size, file.stat().st_mtime_ns)
        ):
            assert known.digest == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}", known.path
            paths.add(known.path)
    return paths


class Rack:
    """DIR as the first version left it, without some files, and a site with the second version."""

    def __init__(self, sandbox: Sandbox, site: Site) -> None:
        self.sandbox, self.site = sandbox, site
        self.old = fill(site, 1)
        sandbox.mirror(site.url).succeeds()
        for path in sandbox.directory.glob("sub/lost-*"):
            path.unlink()
        self._kept = sandbox.reports / "first"
        shutil.copytree(sandbox.directory, self._kept)
        self.new = fill(site, 2)
        self.log = sandbox.reports / "log"

    def restore(self) -> None:
        shutil.rmtree(self.sandbox.directory)
        shutil.copytree(self._kept, self.sandbox.directory)
        self.log.unlink(missing_ok=True)

    def run(self, nursery: torture.Nursery, *options: str, **settings: object) -> int:
        argv = [*OPTIONS, *options, self.site.url, str(self.sandbox.directory)]
        output = self.sandbox.reports / "output"
        return nursery.run(argv, output, self.sandbox.directory, self.log, only=INSTANTS, **settings)

    def numbers(self) -> Iterable[int]:
        """Numbers of the logged calls, starting with the first rename."""
        calls = torture.read_log(self.log)
        hidden = f"{self.sandbox.directory}/.crawler/"
        first = next(call.n for call in calls if call.call == "rename" and not str(call.to).startswith(hidden))
        return range(first, calls[-1].n + 1)

    def has_ended_before(self, number: int) -> bool:
        """Whether the last run made fewer calls; the number of files in a batch differs from run to run."""
        return torture.read_log(self.log)[-1].n < number

    def is_mended(self, nursery: torture.Nursery) -> None:
        """Check that all files of a killed run are complete, and that the next run fetches only what is not proven."""
        self.sandbox.holds_only_whole(self.old, self.new)
        current = {path for path in proven(self.sandbox.directory) if self.sandbox.tree()[path] == self.new[path]}
        self.site.log.clear()
        assert self.run(nursery) == 0
        self.sandbox.holds(self.new)
        fetched = {request.path.removeprefix("/pub/") for request in self.site.log.bodies()}
        assert not fetched & current, "these were proven to be here"
        assert proven(self.sandbox.directory) == self.new.keys()
        assert self.sandbox.parts() == []


@pytest.mark.row("X17")
def test_a_kill_between_name_and_record_leaves_no_wrong_digest(sandbox: Sandbox, site: Site) -> None:
    rack = Rack(sandbox, site)
    with torture.Nursery(sandbox.env) as nursery:
        rack.restore()
        assert rack.run(nursery) == 0
        numbers = rack.numbers()
        assert len(list(numbers)) >= 12
        for number in numbers:
            rack.restore()
            code = rack.run(nursery, kill=number)
            assert code == -signal.SIGKILL or rack.has_ended_before(number)
            rack.is_mended(nursery)


@pytest.mark.row("X17")
def test_a_kill_of_several_processes_leaves_no_wrong_digest(sandbox: Sandbox, site: Site) -> None:
    rack = Rack(sandbox, site)
    directory = sandbox.directory
    with torture.Nursery(sandbox.env) as nursery:
        for number in (2, 4):
            rack.restore()
            settings = torture.environment(directory, rack.log, only=["rename"], kill=number, family=True)
            run = sandbox.start(site.url, env=settings, more=(*OPTIONS, "--processes=2")).finish()
            assert run.code == -signal.SIGKILL, run
            assert any(rack.old.get(path) != data for path, data in sandbox.tree().items()), "nothing got its name"
            rack.is_mended(nursery)
