"""Rows X03 and X11: a signal at any moment, whatever the program is waiting for."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest

from tests.support.misbehaving.behaviours import Silent, Stall
from tests.support.misbehaving.samples import populate
from tests.support.misbehaving.sandbox import Program, Sandbox
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.own

each = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def ends(sandbox: Sandbox, program: Program, number: signal.Signals) -> str:
    """Send signal ``number`` and check the exit code. Returns the output."""
    program.signal(number)
    run = sandbox.note(program.finish())
    run.fails(128 + number)
    return run.text


@each
@pytest.mark.row("X03")
def test_a_run_that_waits_for_the_lock_ends_on_a_signal(sandbox: Sandbox, site: Site, number: signal.Signals) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    before = sandbox.tree()
    site.log.clear()
    with (sandbox.directory / ".crawler" / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = sandbox.start(site.url, more=["--lock-wait=1h"])
        threads = Path(f"/proc/{program.process.pid}/task")
        wait_until(lambda: len(list(threads.iterdir())) > 1, "the thread that tries to get the lock")
        assert "Stopped" in ends(sandbox, program, number)
    assert len(site.log) == 0
    assert sandbox.tree() == before
    sandbox.mirror(site.url).succeeds()


@pytest.mark.row("X03")
def test_a_run_whose_worker_processes_were_stopped_ends_on_a_signal(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    site.file("stalls", b"x" * 1000, Stall(at=0.5))
    program = sandbox.start(site.url, timeout=3600, more=["--processes=2"])
    children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children")
    wait_until(lambda: site.log.times("/pub/stalls") > 0, "a body that stalls")
    for child in map(int, children.read_text().split()):
        os.kill(child, signal.SIGSTOP)
    ends(sandbox, program, signal.SIGTERM)
    assert "stalls" not in sandbox.tree()


@each
@pytest.mark.parametrize("mode", ["--list", "--explain"])
@pytest.mark.row("X03")
def test_a_query_to_a_silent_server_ends_on_a_signal(
    sandbox: Sandbox, site: Site, mode: str, number: signal.Signals
) -> None:
    site.file("a.txt", b"x")
    for path in ("", "/robots.txt"):
        site.on(path, Silent())
    command = sandbox.command(site.url, timeout=3600)
    arguments = [mode, f"{site.url}a.txt", *command[-2:]] if mode == "--explain" else [mode, site.url]
    program = sandbox.start_raw([*command[:-2], *arguments])
    wait_until(lambda: len(site.log) > 0, "a request that is not answered")
    ends(sandbox, program, number)


@each
@pytest.mark.row("X11")
def test_before_the_run_a_signal_ends_it_with_its_exit_code(
    sandbox: Sandbox, site: Site, number: signal.Signals
) -> None:
    fifo = sandbox.reports / "list"
    os.mkfifo(fifo)
    program = sandbox.start_raw([*sandbox.command(site.url, more=["--input-file", str(fifo)])[:-2], "DIR"])
    writer = os.open(fifo, os.O_WRONLY)  # returns once the program reads
    try:
        assert ends(sandbox, program, number) == ""
    finally:
        os.close(writer)


@each
@pytest.mark.row("X03")
def test_the_on_change_command_ends_on_a_signal(sandbox: Sandbox, site: Site, number: signal.Signals) -> None:
    wanted = populate(site)
    program, writer = _with_command(sandbox, site)
    assert f"--on-change was ended by {number.name}" in ends(sandbox, program, number)
    _nobody_reads(writer)
    sandbox.holds(wanted)


@each
@pytest.mark.row("X03")
def test_a_second_signal_ends_the_command_as_well(sandbox: Sandbox, site: Site, number: signal.Signals) -> None:
    populate(site)
    site.file("zzz", b"never", Silent())
    program, writer = _with_command(sandbox, site, first=number)
    ends(sandbox, program, number)
    _nobody_reads(writer)


def _with_command(sandbox: Sandbox, site: Site, *, first: signal.Signals | None = None) -> tuple[Program, int]:
    """(a run whose --on-change command has begun, a pipe that the command reads). ``first`` stops the run before."""
    begun = sandbox.reports / "begun"
    alive = sandbox.reports / "alive"
    os.mkfifo(begun)
    os.mkfifo(alive)
    program = sandbox.start(site.url, timeout=3600, more=[f"--on-change=cat {alive} & echo > {begun}; wait"])
    if first is not None:
        wait_until(lambda: bool(site.log.of("/pub/zzz")) and len(sandbox.tree()) > 1, "some files, and one that waits")
        program.signal(first)
    begun.read_bytes()  # returns when the command has begun
    return program, os.open(alive, os.O_WRONLY)  # and this when what it has started reads


def _nobody_reads(writer: int) -> None:
    """Wait until all processes of the command have ended."""
    with pytest.raises(BrokenPipeError):
        while os.write(writer, b"x"):
            continue
    os.close(writer)
