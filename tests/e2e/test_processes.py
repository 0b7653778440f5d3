"""Several processes make one mirror with one set of counts and one limit per host; if any dies, nothing is lost."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
from collections import Counter

import pytest

import crawler
from crawler.http.pacing.concurrency import START
from crawler.model.errors import DestinationError
from crawler.storage.state.store import SqliteState
from crawler.workers import child_process
from tests.support.misbehaving.behaviours import Cut, Late, Redirect, Stall, Status
from tests.support.misbehaving.fixtures import sandbox, site
from tests.support.misbehaving.samples import KB, blob, many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.processes import children, is_there
from tests.support.waiting import wait_until

__all__ = ["sandbox", "site"]

TWO = ("--cluster=local:2",)
"""``--processes`` is another spelling of it."""


def fetched(site: Site) -> Counter[str]:
    return Counter(request.path for request in site.log.bodies())


@pytest.mark.parametrize("processes", ["3", "auto"])
def test_several_processes_make_the_same_mirror(sandbox: Sandbox, site: Site, processes: str) -> None:
    many(site, 60, "a", size=300)
    many(site, 20, "a/b", size=600 * KB)
    site.file("latest.bin", blob(300, 0), Redirect(to=f"{site.url}a/f000"))
    sandbox.mirror(site.url, more=(f"--processes={processes}",)).succeeds()
    assert {path for path, times in fetched(site).items() if times > 1} == {"/pub/a/f000"}  # by two names
    site.log.clear()
    sandbox.mirror(site.url, more=(f"--processes={processes}",)).succeeds()
    assert fetched(site) == {}


def test_they_share_the_connections_that_a_host_gets(sandbox: Sandbox, site: Site) -> None:
    many(site, 60)
    for number in range(60):
        site.on(f"f{number:03}", Late(0.05))
    sandbox.mirror(site.url, workers=5, more=("--processes=3",)).succeeds()
    sandbox.holds(site.contents())
    assert 3 <= max(request.active for request in site.log) <= 5


def test_a_host_that_is_new_to_them_gets_no_more_requests_at_first_than_from_one_process(
    sandbox: Sandbox, site: Site
) -> None:
    many(site, 80)
    for number in range(80):
        site.on(f"f{number:03}", Late(0.3))
    sandbox.mirror(site.url, workers=48, more=TWO).succeeds()
    sandbox.holds(site.contents())
    first, *others = [request.at for request in site.log.bodies()]
    assert sum(at < first + 0.3 for at in others) < START, "nothing was answered before"
    assert max(request.active for request in site.log) > START


def test_they_share_a_rate(sandbox: Sandbox, site: Site) -> None:
    many(site, 4, size=100 * KB)
    run = sandbox.mirror(site.url, limit_rate="200K", more=TWO)
    run.succeeds()
    assert run.seconds >= 1.2


def test_a_pause_requested_from_one_is_kept_by_all(sandbox: Sandbox, site: Site) -> None:
    many(site, 40)
    for number in range(40):
        site.on(f"f{number:03}", Late(0.02))
    site.on("f005", Status(429, headers=(("Retry-After", "2"),), times=1))
    sandbox.mirror(site.url, workers=4, more=TWO).succeeds()
    refused = next(request for request in site.log if request.status == 429)
    # The other processes learn of the refusal slightly later.
    later = [request.at - refused.at for request in site.log if request.at > refused.at + 1]
    assert min(later) > 1.9


def test_what_fails_is_tried_again_and_counted(sandbox: Sandbox, site: Site) -> None:
    many(site, 30)
    site.on("f003", Cut(at=0.5, times=1))
    site.on("f007", Status(404))
    run = sandbox.mirror(site.url, more=(*TWO, "-v"))
    run.fails(5)
    run.says("retry", "29 saved", "1 failed", "f007")
    assert len(sandbox.tree()) == 29


@pytest.mark.parametrize("at_once", [True, False])
def test_the_jobs_of_a_child_that_dies_are_done_again(sandbox: Sandbox, site: Site, at_once: bool) -> None:
    """The other child repeats them or, if there is none, the parent."""
    many(site, 80)
    for name in ("f000", "f001"):  # one for each child, which keeps it busy until it is killed
        site.on(name, Stall(at=0.5, times=1))
    program = sandbox.start(site.url, timeout=3600, more=TWO)
    wait_until(lambda: {"/pub/f000", "/pub/f001"} <= fetched(site).keys(), "both at work")
    first, second = children(program.process.pid)
    os.kill(first, signal.SIGKILL)
    if not at_once:
        wait_until(lambda: len(fetched(site)) == 80, "the rest")
    os.kill(second, signal.SIGKILL)
    run = sandbox.note(program.finish())
    run.succeeds()
    assert run.text.count("SIGKILL") == 2
    sandbox.holds(site.contents())


def test_no_child_outlives_its_parent(sandbox: Sandbox, site: Site) -> None:
    many(site, 20)
    site.on("f004", Stall(at=0.5))
    program = sandbox.start(site.url, timeout=3600, more=TWO)
    wait_until(lambda: len(site.log.bodies()) > 5, "bodies on their way")
    pids = children(program.process.pid)
    assert len(pids) == 2
    program.signal(signal.SIGKILL)
    program.finish()
    wait_until(lambda: not any(map(is_there, pids)), "the children to end")
    site.on("f004")
    sandbox.mirror(site.url, more=TWO).succeeds()
    sandbox.holds(site.contents())


def test_a_signal_ends_all_of_them_and_the_next_run_goes_on(sandbox: Sandbox, site: Site) -> None:
    many(site, 20)
    site.file("large.bin", blob(900 * KB, 5), Stall(at=0.5, times=1))
    program = sandbox.start(site.url, timeout=3600, more=TWO)
    wait_until(lambda: sandbox.largest_part() > 100 * KB, "a part")
    pids = children(program.process.pid)
    program.signal(signal.SIGTERM)
    run = sandbox.note(program.finish())
    run.fails(143)
    assert not any(map(is_there, pids))
    sandbox.mirror(site.url, more=TWO).succeeds()
    sandbox.holds(site.contents())
    assert [request.status for request in site.log.of("/pub/large.bin")] == [200, 206]


def test_a_full_disk_ends_the_run(sandbox: Sandbox, site: Site) -> None:
    many(site, 200, size=2000)
    sandbox.directory.mkdir()
    (sandbox.directory / ".crawler").mkdir()
    limited = ["sh", "-c", 'ulimit -f 600; exec "$@"', "sh"]
    site.file("large.bin", blob(900 * KB, 5), listed=True)
    run = sandbox.note(sandbox.start_raw([*limited, *sandbox.command(site.url, more=TWO)]).finish())
    run.ends(4, 5)
    sandbox.holds_only_whole(site.contents())


async def test_they_work_for_a_program_with_its_own_event_loop(sandbox: Sandbox, site: Site) -> None:
    many(site, 30)
    report = await crawler.mirror(site.url, sandbox.directory, crawler.Config(processes=2, no_robots=True))
    assert (report.saved, report.failed, report.warnings) == (30, 0, ())
    sandbox.holds(site.contents())


async def test_children_that_cannot_start_make_no_other_difference(
    sandbox: Sandbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "_START", "raise SystemExit(3)")
    many(site, 30)
    report = await crawler.mirror(site.url, sandbox.directory, crawler.Config(processes=2, no_robots=True))
    assert (report.saved, report.failed, report.exit_code) == (30, 0, 0)
    assert all("code 3" in warning for warning in report.warnings)
    assert len(report.warnings) == 2
    sandbox.holds(site.contents())


async def test_where_no_process_can_be_started_one_does_the_work(
    sandbox: Sandbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    many(site, 30)
    config = crawler.Config(processes=2, backlog=5, no_robots=True)
    report = await crawler.mirror(site.url, sandbox.directory, config)
    assert (report.saved, report.exit_code) == (30, 0)
    assert report.warnings == ("could not start 2 of 2 worker processes",)
    sandbox.holds(site.contents())


async def test_a_request_of_a_child_that_fails_ends_the_run(
    sandbox: Sandbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it replaces a file, a child asks for a note in the state, and waits for the answer."""

    async def broken(*_arguments: object) -> None:
        raise DestinationError("no note can be made")

    config = crawler.Config(processes=2, no_robots=True)
    site.file("a", b"old")
    await crawler.mirror(site.url, sandbox.directory, config)
    site.file("a", b"another")
    monkeypatch.setattr(SqliteState, "doubt", broken)
    async with asyncio.timeout(60):
        with pytest.raises(DestinationError, match="no note can be made"):
            await crawler.mirror(site.url, sandbox.directory, config)
    assert (sandbox.directory / "a").read_bytes() == b"old"


def test_the_parent_reports_what_a_child_cannot_do(sandbox: Sandbox, site: Site) -> None:
    """Only parsing the page into a tree shows that it is not a listing, and no process can be started for that."""
    patch = sandbox.base / "home/sitecustomize.py"
    patch.write_text(
        "import subprocess, sys\n"
        "def refuse(*arguments, **options): raise OSError(11, 'no more processes')\n"
        "if 'crawler.app.cluster.local_worker' in ' '.join(sys.orig_argv): subprocess.Popen = refuse\n"
    )
    sandbox.remember()
    page = b"<p>" + b"<i>x</i>" * 20_000
    site.file("page", page, content_type="text/html", listed=False)
    site.listing("", b'<title>Index of /pub/</title><h1>Index of /pub/</h1><ul><li><a href="page">page</a></li></ul>')
    python = {"PYTHONPATH": str(patch.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    run = sandbox.mirror(site.url, more=TWO, env=python)
    run.says("cannot start a parser process (no more processes): long listings are parsed without limits")
    sandbox.holds({"page": page})


def test_with_a_single_connection_there_is_nothing_to_share(sandbox: Sandbox, site: Site) -> None:
    many(site, 5)
    sandbox.mirror(site.url, workers=1, more=("--processes=2",)).succeeds()
    assert site.most_connections == 1
    sandbox.holds(site.contents())
