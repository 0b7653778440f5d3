"""Rows X: killed, stopped, started twice, left without a terminal, a HOME or a state."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.misbehaving.behaviours import Held, Late, Paced, Stall, Status
from tests.support.misbehaving.samples import DAY, KB, blob, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.waiting import wait_until


def has_begun(site: Site, path: str) -> Callable[[], bool]:
    return lambda: any(request.sent for request in site.log.of(f"/pub/{path}"))


@pytest.mark.row("X01")
def test_a_reader_sees_the_old_file_or_the_new_one(sandbox: Sandbox, site: Site) -> None:
    old, new = blob(400 * KB, 1), blob(500 * KB, 2)
    site.file("a.bin", old)
    sandbox.mirror(site.url).succeeds()
    site.file("a.bin", new, Paced(pieces=8, every=0.1), mtime=OLD + DAY)
    program = sandbox.start(site.url)
    seen = set()
    while program.is_running:
        seen.add((sandbox.directory / "a.bin").read_bytes())
        time.sleep(0.002)
    sandbox.note(program.finish()).succeeds()
    assert seen <= {old, new}
    assert old in seen
    assert (sandbox.directory / "a.bin").read_bytes() == new


@pytest.mark.row("X02")
@pytest.mark.parametrize("size", [20 * KB, 900 * KB])
def test_a_killed_run_leaves_whole_files_and_the_next_one_cleans_up(sandbox: Sandbox, site: Site, size: int) -> None:
    site.file("a.bin", blob(size, 1))
    sandbox.mirror(site.url).succeeds()
    old = site.contents()
    site.file("a.bin", blob(size + 1, 2), Stall(at=0.5, times=1), mtime=OLD + DAY)
    site.file("new.bin", blob(size + 1, 3), Stall(at=0.5, times=1))
    many(site, 30, "more")
    program = sandbox.start(site.url)
    wait_until(has_begun(site, "new.bin"), "a body in its middle")
    wait_until(lambda: sum(request.sent for request in site.log.of("/pub/a.bin")) > size, "the other one too")
    program.signal(signal.SIGKILL)
    program.finish()
    there = sandbox.tree()
    assert there["a.bin"] == old["a.bin"]
    assert "new.bin" not in there
    sandbox.holds_only_whole(old, site.contents())
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert sandbox.parts() == []


@pytest.mark.row("X03")
def test_a_stopped_run_ends_at_once_and_leaves_whole_files(sandbox: Sandbox, site: Site) -> None:
    many(site, 10)
    whole = site.contents()
    site.file("new.bin", blob(900 * KB), Stall(at=0.5, times=1))
    program = sandbox.start(site.url, timeout=3600)
    wait_until(has_begun(site, "new.bin"), "a body in its middle")
    program.signal(signal.SIGTERM)
    run = program.finish()
    assert run.ended
    assert run.code != 0
    sandbox.holds_only_whole(whole)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert sandbox.parts() == []


@pytest.mark.row("X04")
def test_a_second_run_on_the_same_directory_leaves_with_a_message(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    is_over = threading.Event()
    site.at("a.txt").behave((Held(is_over.is_set),))
    first = sandbox.start(site.url)
    wait_until(lambda: site.log.times("/pub/a.txt") > 0, "the first run is at work")
    files = [sandbox.reports / name for name in ("second.json", "second.prom")]
    second = sandbox.mirror(site.url, more=[f"--summary={files[0]}", f"--metrics={files[1]}"])
    second.ends(7)
    second.says("another run")
    assert not any(file.exists() for file in files)
    is_over.set()
    sandbox.note(first.finish()).succeeds()
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("X04")
def test_a_second_run_that_may_wait_finds_everything_done(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    waits = threading.Event()
    site.at("a.txt").behave((Held(waits.is_set),))
    first = sandbox.start(site.url)
    wait_until(lambda: site.log.times("/pub/a.txt") > 0, "the first run is at work")
    second = sandbox.start(site.url, more=["--lock-wait=1h"])
    threads = Path(f"/proc/{second.process.pid}/task")
    wait_until(lambda: len(list(threads.iterdir())) > 1, "the thread that tries to get the lock")
    waits.set()
    for program in (first, second):
        sandbox.note(program.finish()).succeeds()
    sandbox.holds(wanted)
    assert len(site.log.bodies()) == len(wanted)


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    for extra in ("-wal", "-shm", "-journal"):
        Path(f"{path}{extra}").unlink(missing_ok=True)
    match how:
        case "zeroed":
            path.write_bytes(bytes(len(data)))
        case "garbage":
            path.write_bytes(blob(len(data)))
        case "empty":
            path.write_bytes(b"")
        case "half":
            path.write_bytes(data[: len(data) // 2])
        case "holes":
            path.write_bytes(data[:4096] + bytes(len(data) - 4096))
        case "lost":
            path.unlink()
        case "foreign":
            path.unlink()
            with sqlite3.connect(path) as database:
                database.execute("create table files (path integer)")
            database.close()


@pytest.mark.own
@pytest.mark.row("X05")
@pytest.mark.parametrize("how", ["zeroed", "garbage", "empty", "half", "holes", "lost", "foreign"])
def test_a_damaged_state_is_rebuilt(sandbox: Sandbox, site: Site, how: str) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    damage(sandbox.directory / ".crawler" / "state.sqlite3", how)
    site.file("a.txt", blob(901, 99), mtime=OLD + DAY)
    site.remove("other/g")
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    assert site.log.bodies() == []


@pytest.mark.own
@pytest.mark.row("X16")
def test_a_flipped_bit_in_the_state_costs_one_record(sandbox: Sandbox, site: Site) -> None:
    """The bit is in the remembered page or in the record of a file, or it makes a text invalid UTF-8."""
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    state = sandbox.directory / ".crawler" / "state.sqlite3"
    for old, new in ((b'"a.txt"', b'"c.txt"'), (b"/pub/README", b"/pub/READ\xffE")):
        data = state.read_bytes()
        assert old in data
        state.write_bytes(data.replace(old, new))
        run = sandbox.mirror(site.url, delete=True)
        run.succeeds()
        assert "damaged record" in run.text
        sandbox.holds(wanted)
        site.log.clear()
        run = sandbox.mirror(site.url, delete=True)
        run.succeeds()
        assert run.text == ""
        assert site.log.bodies() == []


@pytest.mark.row("X07")
def test_no_more_requests_at_once_than_workers(sandbox: Sandbox, site: Site) -> None:
    many(site, 24)
    for number in range(6):
        site.file(f"d{number}/f", blob(100, number))
        site.on(f"d{number}/", Late(0.08))
        site.on(f"d{number}/f", Late(0.08))
    for number in range(24):
        site.on(f"f{number:03}", Late(0.08))
    sandbox.mirror(site.url, workers=3).succeeds()
    sandbox.holds(site.contents())
    assert max(request.active for request in site.log) <= 3
    # One that replaces another is made a moment before that is closed, but used only later.
    assert max(request.open for request in site.log) <= 3


@pytest.mark.row("X08")
def test_a_rate_is_kept(sandbox: Sandbox, site: Site) -> None:
    for number in range(4):
        site.file(f"f{number}", blob(100 * KB, number))
    run = sandbox.mirror(site.url, limit_rate="100K")
    run.succeeds()
    assert run.seconds >= 2.5
    sandbox.holds(site.contents())


@pytest.mark.row("X18")
def test_a_failure_is_told_once_and_its_end_too(sandbox: Sandbox, site: Site) -> None:
    site.file("f", b"x", Status(404, times=2))
    heard = sandbox.reports / "heard"
    more = [
        f'--on-failure={{ echo "$CRAWLER_STATUS"; grep failed_runs; }} >> {heard}',
        f'--on-end=echo "end: $CRAWLER_STATUS" >> {heard}',
    ]
    for code in (5, 5, 0):
        assert sandbox.mirror(site.url, more=more).code == code
    assert heard.read_text().split("\n") == [
        "failed", ' "failed_runs": 1', "end: failed", "end: failed", "end: recovered", "",
    ]  # fmt: skip


@pytest.mark.row("X11")
def test_a_run_ends_whenever_it_is_stopped(sandbox: Sandbox, site: Site) -> None:
    many(site, 300, size=20 * KB)
    for number in range(300):
        site.on(f"f{number:03}", Late(0.1))
    whole = site.contents()
    for requests in (1, 2, 5, 30, 60):
        before = len(site.log)
        program = sandbox.start(site.url)
        wait_until(lambda before=before, requests=requests: len(site.log) - before >= requests, "requests in flight")
        program.signal(signal.SIGTERM)
        run = sandbox.note(program.finish())
        run.fails(143)
        sandbox.holds_only_whole(whole)
    sandbox.mirror(site.url, workers=30).succeeds()
    sandbox.holds(whole)
    assert sandbox.parts() == []


@pytest.mark.own
@pytest.mark.row("X11")
def test_a_second_signal_does_not_wait(sandbox: Sandbox, site: Site) -> None:
    site.file("a.bin", blob(900 * KB), Stall(at=0.5))
    program = sandbox.start(site.url, timeout=3600)
    wait_until(has_begun(site, "a.bin"), "a body in its middle")
    program.signal(signal.SIGINT)
    program.signal(signal.SIGINT)
    run = program.finish()
    assert run.ended
    assert run.code != 0
    sandbox.holds({})


@pytest.mark.row("M19")
def test_a_machine_that_slept_goes_on(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    site.file("big", blob(900 * KB), Paced(pieces=6, every=0.15))
    wanted = site.contents()
    program = sandbox.start(site.url, timeout=2)
    wait_until(has_begun(site, "big"), "a body in its middle")
    program.signal(signal.SIGSTOP)
    time.sleep(3)  # longer than it waits for a server
    program.signal(signal.SIGCONT)
    sandbox.note(program.finish()).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("M21")
@pytest.mark.parametrize(
    "script",
    ['exec "$@" >/dev/full 2>/dev/full', 'exec "$@" >&- 2>&-', 'exec "$@" 0<&- >&-', 'set -o pipefail; "$@" | true'],
    ids=["full", "closed", "no input", "no reader"],
)
def test_an_output_that_cannot_be_written_does_not_harm_the_mirror(sandbox: Sandbox, site: Site, script: str) -> None:
    wanted = populate(site)
    many(site, 50, "more")
    wanted = site.contents()
    command = sandbox.command(site.url, more=["-v", "--progress=plain"])
    run = sandbox.note(sandbox.start_raw(["bash", "-c", script, "bash", *command]).finish())
    sandbox.holds(wanted)
    run.ends(0, 141)


@pytest.mark.own
@pytest.mark.row("X10")
def test_the_empty_environment_of_cron_is_enough(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    site.file("日本 é \udce9", blob(600))
    wanted = site.contents()
    command = ["env", "-i", "LC_ALL=C", *sandbox.command(site.url, more=["-v"])]
    sandbox.note(sandbox.start_raw(command).finish()).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("M22")
def test_a_mirror_inside_another_is_not_deleted_by_it(sandbox: Sandbox, site: Site) -> None:
    outer = populate(site)
    sandbox.mirror(site.url).succeeds()
    with Site() as other:
        inner = many(other, 5)
        command = sandbox.command(other.url)
        command[-1] = f"{command[-1]}/inner"
        sandbox.note(sandbox.start_raw(command).finish()).succeeds()
    sandbox.mirror(site.url, delete=True, more=["--max-delete=100%"])
    there = sandbox.tree()
    assert {path: there.get(path) for path in outer} == outer
    assert {path: there.get(f"inner/{path}") for path in inner} == inner


_STORED_BESIDE = """
from crawler.model import limits
from crawler.storage.directory.incoming import saver
limits.BATCH_FILES, saver._START_SECONDS, saver._SILENCE = 1, 20.0, 0.5
from crawler.__main__ import main
main()
"""
"""The program, in which the first file already is stored by a process of its own."""


@pytest.mark.own
@pytest.mark.row("X30")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_whose_saver_is_killed_or_stopped_is_complete(sandbox: Sandbox, site: Site, number: int) -> None:
    many(site, 20, "a")
    site.file("zz", blob(500), Late(2.0))
    argv = sandbox.command(site.url)
    program = sandbox.start_raw([argv[0], "-c", _STORED_BESIDE, *argv[argv.index("crawler") + 1 :]])
    wait_until(lambda: len(sandbox.tree()) > 0, "the first files")
    (saver,) = [int(child) for task in _tasks(program.process.pid) for child in (task / "children").read_text().split()]
    os.kill(saver, number)
    run = sandbox.note(program.finish())
    run.succeeds()
    assert run.text.count("a helper process of this run was killed or stopped") == 1
    sandbox.holds(site.contents())
    assert all(len(site.log.of(f"/pub/{name}")) <= 2 for name in "bcd")
    assert len(site.log.of("/pub/a")) <= 3, "a part that is whole, but of unknown digest, cannot be continued: 416"
    assert sandbox.parts() == []
    assert not Path(f"/proc/{saver}").exists()


_COUNTED_BESIDE = """
import os
from crawler.storage import processes
from crawler.storage.directory.reading import counted_ahead, reader
reader._WORTH_A_PROCESS, real = 1e-9, processes.started
def started(*args):
    number = real(*args)
    os.kill(number, {number})
    with open({noted!r}, "w") as file:
        file.write(str(number))
    return number
processes.started, counted_ahead.usable_processors = started, lambda: 2
from crawler.__main__ import main
main()
"""
"""The program, in which any known directory is counted ahead by a process, which gets a signal at once."""


@pytest.mark.own
@pytest.mark.row("X31")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_whose_counting_process_is_killed_or_stopped_misses_nothing(
    sandbox: Sandbox, site: Site, number: int, tmp_path: Path
) -> None:
    many(site, 5, "a")
    many(site, 5, "b")
    sandbox.mirror(site.url).succeeds()
    next(sandbox.directory.glob("b/f003")).write_bytes(b"changed")
    argv, noted = sandbox.command(site.url), tmp_path / "number"
    program = _COUNTED_BESIDE.format(number=int(number), noted=str(noted))
    process = sandbox.start_raw([argv[0], "-c", program, *argv[argv.index("crawler") + 1 :]])
    sandbox.note(process.finish()).succeeds()
    sandbox.holds(site.contents())
    assert not Path(f"/proc/{noted.read_text()}").exists()


_RECEIVED_ELSEWHERE = """
from crawler.storage.directory.incoming import part_threads
part_threads._BEFORE = 1
from crawler.__main__ import main
main()
"""
"""The program, in which all long bodies but the first are received by other processes."""


@pytest.mark.own
@pytest.mark.row("X32")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_whose_receiving_processes_are_killed_or_stopped_is_complete(
    sandbox: Sandbox, site: Site, number: int
) -> None:
    site.file("a", blob(300_000))
    for name in "bcd":
        site.file(name, blob(300_000 + ord(name)), Stall(at=0.5, times=1))
    # A thread of the program receives a body that arrives before the processes are ready: that one waits for its end.
    argv = sandbox.command(site.url, attempts=2, timeout=10)
    program = sandbox.start_raw([argv[0], "-c", _RECEIVED_ELSEWHERE, *argv[argv.index("crawler") + 1 :]])
    wait_until(lambda: sum(size > 100_000 for size in _sizes(sandbox)) == 3, "the beginnings of the others")
    children = [int(each) for task in _tasks(program.process.pid) for each in (task / "children").read_text().split()]
    for child in children:
        os.kill(child, number)
    run = sandbox.note(program.finish())
    run.succeeds()
    assert run.text.count("a helper process of this run was killed or stopped") == 1
    sandbox.holds(site.contents())
    assert all(len(site.log.of(f"/pub/{name}")) <= 2 for name in "bcd")
    assert len(site.log.of("/pub/a")) <= 3, "a part that is whole, but of unknown digest, cannot be continued: 416"
    assert sandbox.parts() == []
    assert len(children) == 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def _sizes(sandbox: Sandbox) -> list[int]:
    """Sizes of the parts that are there, some of which the program may be removing."""
    sizes = list[int]()
    for part in sandbox.parts():
        with suppress(FileNotFoundError):
            sizes.append(Path(part).stat().st_size)
    return sizes


def _tasks(process: int) -> Iterable[Path]:
    return Path(f"/proc/{process}/task").iterdir()
