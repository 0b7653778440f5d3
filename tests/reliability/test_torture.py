"""Rows X12, F07, F08, M01, M02: every file-system call of a run fails once, one per run."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from tests.support.misbehaving import torture
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.sandbox import BAD_SIGNS, Run, Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

pytestmark = pytest.mark.own
ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EDQUOT, errno.EROFS)
SHARDS = 4
OPTIONS = ["--attempts=2", "--delete", "--trash=1d"]


def first_version(site: Site) -> dict[str, bytes]:
    site.file("small", blob(500, 1))
    site.file("large", blob(400_000, 1))
    site.file("gone", blob(300, 1))
    site.file("sub/kept", blob(600, 1))
    return site.contents()


def second_version(site: Site) -> dict[str, bytes]:
    site.file("small", blob(501, 2), mtime=OLD + DAY)
    site.file("large", blob(400_001, 2), mtime=OLD + DAY)
    site.remove("gone")
    site.file("new/deep/file", blob(700, 2), mtime=OLD + DAY)
    return site.contents()


class Rack:
    """DIR as the first version left it, restored before each run of the second one."""

    def __init__(self, sandbox: Sandbox, site: Site) -> None:
        self.sandbox, self.site = sandbox, site
        self.old = first_version(site)
        sandbox.mirror(site.url).succeeds()
        self._kept = sandbox.reports / "first"
        shutil.copytree(sandbox.directory, self._kept, symlinks=True)
        self.new = second_version(site)
        self.output, self.log = sandbox.reports / "output", sandbox.reports / "log"

    def run(self, nursery: torture.Nursery, **settings: object) -> Run:
        self.log.unlink(missing_ok=True)
        argv = [*OPTIONS, self.site.url, str(self.sandbox.directory)]
        code = nursery.run(argv, self.output, self.sandbox.directory, self.log, **settings)
        text = self.output.read_text("utf-8", "backslashreplace")
        return Run(argv=argv, code=code, output=text, errors="", seconds=0, peak=0, ended=code != -9)

    def restore(self) -> None:
        shutil.rmtree(self.sandbox.directory)
        shutil.copytree(self._kept, self.sandbox.directory, symlinks=True)

    def calls(self) -> list[torture.Call]:
        return torture.read_log(self.log)

    def judge(self, run: Run, failed: torture.Call | None) -> None:
        """Check that there is no incomplete file, no success with missing files and no traceback, whatever happened."""
        assert run.ended, f"hung after {failed}: {run}"
        assert 0 <= run.code < 126, f"{failed}: {run}"
        assert not [sign for sign in BAD_SIGNS if sign in run.text], f"{failed}: {run}"
        try:
            self.sandbox.holds_only_whole(self.old, self.new)
            if run.code == 0:
                self.sandbox.holds(self.new)
        except AssertionError as error:
            raise AssertionError(f"exit {run.code} after {failed}: {error}\n{run}") from error


def failed_call(rack: Rack) -> torture.Call | None:
    return next((call for call in rack.calls() if call.failed), None)


def go_through(rack: Rack, nursery: torture.Nursery, numbers: range) -> None:
    for number in numbers:
        rack.restore()
        run = rack.run(nursery, fail=number, errno=ERRORS[number % len(ERRORS)])
        failed = failed_call(rack)
        rack.judge(run, failed)
        if run.code == 0:
            continue  # the run was complete: nothing to repair
        repair = rack.run(nursery)
        assert repair.code == 0, f"not repaired after {failed}: {repair}"
        rack.judge(repair, failed)
        assert rack.sandbox.parts() == [], f"left-over after {failed}"


@pytest.mark.row("X12", "M02", "M03")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_any_file_system_call_may_fail_once(sandbox: Sandbox, site: Site, shard: int) -> None:
    rack = Rack(sandbox, site)
    with torture.Nursery(sandbox.env) as nursery:
        assert rack.run(nursery).code == 0
        rack.judge(rack.run(nursery), None)
        rack.restore()
        assert rack.run(nursery).code == 0
        most = len(rack.calls())
        assert most > 20, "the calls of the program are not seen"
        go_through(rack, nursery, range(shard + 1, most + 1, SHARDS))


@pytest.mark.heavy
@pytest.mark.row("X12")
@pytest.mark.parametrize("number", ERRORS, ids=[errno.errorcode[number] for number in ERRORS])
def test_any_file_system_call_may_fail_in_any_way(sandbox: Sandbox, site: Site, number: int) -> None:
    rack = Rack(sandbox, site)
    with torture.Nursery(sandbox.env) as nursery:
        assert rack.run(nursery).code == 0
        for place in range(1, len(rack.calls()) + 1):
            rack.restore()
            rack.judge(rack.run(nursery, fail=place, errno=number), failed_call(rack))
            repair = rack.run(nursery)
            assert repair.code == 0, repair
            rack.judge(repair, None)


def is_final(path: str | None, root: Path) -> bool:
    return path is not None and not path.startswith(f"{root}/.crawler")


@pytest.mark.row("F07", "M01")
@pytest.mark.parametrize("more", [[], ["--fsync=file"]], ids=["batch", "file"])
def test_the_data_of_every_file_are_flushed_before_it_gets_its_name(
    sandbox: Sandbox, site: Site, more: list[str]
) -> None:
    first_version(site)
    for number in range(20):
        site.file(f"many/{number}", blob(50, number))
    log = sandbox.reports / "log"
    sandbox.mirror(site.url, env=torture.environment(sandbox.directory, log), more=more).succeeds()
    calls = torture.read_log(log)
    names = [
        call for call in calls if call.call in ("rename", "replace", "link") and is_final(call.to, sandbox.directory)
    ]
    assert len(names) == len(site.contents())
    for name in names:
        before = [call for call in calls if call.n < name.n and call.inode == name.inode]
        flushed = [call.n for call in before if call.call in ("fsync", "fdatasync")]
        written = [call.n for call in before if call.call in ("write", "pwrite", "writev")]
        assert flushed, f"{name.to} got its name without a flush"
        assert max(written, default=0) < max(flushed), f"{name.to} was written to after its last flush"
        assert name.to is not None
        directory = str(Path(name.to).parent)
        assert any(call.n > name.n and call.call == "fsync" and call.path == directory for call in calls), (
            f"the folder of {name.to} was not flushed after the rename"
        )


@pytest.mark.row("F08")
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_failed_flush_is_never_repaired_by_a_second_one(sandbox: Sandbox, site: Site, place: int) -> None:
    wanted = first_version(site)
    log = sandbox.reports / "log"
    env = torture.environment(sandbox.directory, log, fail=place, errno=errno.EIO, only=["fsync", "fdatasync"])
    run = sandbox.mirror(site.url, env=env)
    failed = next(call for call in torture.read_log(log) if call.failed)
    sandbox.holds_only_whole(wanted)
    kept = [path for path in sandbox.tree() if (sandbox.directory / path).stat().st_ino == failed.inode]
    assert kept == [], f"{kept}: installed although its flush had failed"
    if run.code == 0:
        sandbox.holds(wanted)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
