"""Row G01: kill -9 while a snapshot is made, and a full disk. Readers always see a complete one."""

from __future__ import annotations

import errno
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.misbehaving import torture
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

pytestmark = pytest.mark.own
INSTANTS = ("mkdir", "link", "symlink", "rename", "fsync", "write", "rmdir", "unlink", "fchmod", "utime")


def fill(site: Site, version: int) -> dict[str, bytes]:
    for number in range(2):
        site.file(f"kept-{number}", blob(300, number))
        site.file(f"sub/newer-{number}", blob(400, 10 * version + number), mtime=OLD + version * DAY)
    site.file(f"only-{version}/file", blob(500, version))
    return site.contents()


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


class Rack:
    """DIR with a snapshot of the first version, and a site with the second version."""

    def __init__(self, sandbox: Sandbox, site: Site, nursery: torture.Nursery) -> None:
        self.sandbox, self.site, self._nursery = sandbox, site, nursery
        self._log = sandbox.reports / "log"
        self.old = fill(site, 1)
        assert self.run() == 0
        self._kept = sandbox.reports / "first"
        shutil.copytree(sandbox.directory, self._kept, symlinks=True)
        self.new = fill(site, 2)

    @property
    def shelf(self) -> Path:
        return self.sandbox.directory / ".crawler/snapshots"

    def restore(self) -> None:
        shutil.rmtree(self.sandbox.directory)
        shutil.copytree(self._kept, self.sandbox.directory, symlinks=True)
        self._log.unlink(missing_ok=True)

    def run(self, **settings: object) -> int:
        argv = ["--snapshots=1", self.site.url, str(self.sandbox.directory)]
        output = self.sandbox.reports / "output"
        return self._nursery.run(argv, output, self.sandbox.directory, self._log, only=INSTANTS, **settings)

    def numbers(self) -> list[int]:
        """Numbers of the calls that make a snapshot."""
        calls = torture.read_log(self._log)
        return [call.n for call in calls if str(self.shelf) in f"{call.path} {call.to}"]

    def stays_whole(self) -> None:
        """Check that readers see one version, and that the next run publishes the second one and leaves no remains."""
        assert files(self.shelf / "current") in [self.old, self.new]
        assert self.run() == 0
        assert files(self.shelf / "current") == self.new
        [name] = [path.name for path in self.shelf.iterdir() if path.is_dir() and not path.is_symlink()]
        assert {path.name for path in self.shelf.iterdir()} == {name, f"{name}.sha256", "current"}


def killed_at_each(rack: Rack, chosen: Iterable[int]) -> None:
    for number in chosen:
        code = 0
        for _ in range(5):  # a run has fewer calls if more files were ready to be named together
            rack.restore()
            code = rack.run(kill=number)
            if code:
                break
        assert code == -signal.SIGKILL
        rack.stays_whole()


def instants(rack: Rack) -> list[int]:
    rack.restore()
    assert rack.run() == 0
    numbers = rack.numbers()
    assert len(numbers) >= 50
    return numbers


@pytest.mark.row("G01")
def test_a_kill_while_a_snapshot_is_made_leaves_the_last_one_whole(sandbox: Sandbox, site: Site) -> None:
    with torture.Nursery(sandbox.env) as nursery:
        rack = Rack(sandbox, site, nursery)
        numbers = instants(rack)
        killed_at_each(rack, [numbers[len(numbers) * part // 3] for part in (1, 2)] + numbers[-1:])
        rack.restore()
        assert rack.run(fail=numbers[len(numbers) // 2], errno=errno.ENOSPC) == 4
        rack.stays_whole()


@pytest.mark.heavy
@pytest.mark.row("G01")
def test_a_kill_at_each_call_that_makes_a_snapshot_leaves_the_last_one_whole(sandbox: Sandbox, site: Site) -> None:
    with torture.Nursery(sandbox.env) as nursery:
        rack = Rack(sandbox, site, nursery)
        killed_at_each(rack, instants(rack))
