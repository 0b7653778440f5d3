"""Interrupted runs: no wrong file, no leftovers, and the next run continues."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from crawler.model import limits
from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program, finish, wait_until
from tests.support.servers.nginx import at_speed

SMALL = [f"small/s-{number:03}.bin" for number in range(200)]
LARGE = [f"large/l-{number}.iso" for number in range(3)]
LARGE_SIZE = 1 << 20
SLOW = at_speed(LARGE_SIZE // 16)
"""A large file takes 16 seconds."""


@pytest.fixture
def tree(site: Path) -> Path:
    for name in SMALL:
        trees.write(site / name, 100)
    for name in LARGE:
        trees.write_large(site / name, LARGE_SIZE)
    return site


def saved(mirror: Path) -> set[str]:
    """The files that have their final names."""
    files = (path.relative_to(mirror).as_posix() for path in mirror.rglob("*") if path.is_file())
    return {name for name in files if not name.startswith(".crawler/")}


def in_the_middle(mirror: Path) -> bool:
    """Some small files have arrived, no large one has."""
    return len(saved(mirror)) >= 20 and len(trees.parts(mirror)) >= len(LARGE)


def test_after_kill_9_the_next_run_completes_the_tree_and_fetches_nothing_twice(
    serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    server = serve("nginx")
    first = run_crawler.start("--user-agent", SLOW, server.url_of(tree), mirror)
    wait_until(lambda: in_the_middle(mirror), first)
    first.send_signal(signal.SIGKILL)
    finish(first)
    complete = saved(mirror)
    assert complete
    for name in complete:
        assert (mirror / name).read_bytes() == (tree / name).read_bytes()
    server.forget()
    second = run_crawler(server.url_of(tree), mirror)
    assert second.code == 0, second.output
    trees.assert_same(tree, mirror)
    assert trees.parts(mirror) == []
    top = f"/{tree.name}/"
    got = [request for request in server.requests() if request.method == "GET" and request.status in {200, 206}]
    bodies = [request.path.removeprefix(top) for request in got]
    assert complete.isdisjoint(bodies)
    assert len(set(bodies)) == len(bodies)


def test_after_kill_9_a_large_file_goes_on_from_the_last_checkpoint(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    size = 4 * limits.CHECKPOINT_BYTES
    trees.write_large(site / "large.iso", size)
    server = serve("nginx")
    first = run_crawler.start("--user-agent", at_speed(size // 4), server.url_of(site), mirror)
    wait_until(lambda: any(name.endswith(".json") for name in trees.parts(mirror)), first)
    first.send_signal(signal.SIGKILL)
    finish(first)
    server.forget()
    second = run_crawler(server.url_of(site), mirror)
    assert second.code == 0, second.output
    trees.assert_same(site, mirror)
    assert trees.parts(mirror) == []
    responses = [request for request in server.requests() if request.path.endswith(".iso")]
    assert [response.status for response in responses] == [206]
    assert responses[0].size is not None
    assert responses[0].size <= size - limits.CHECKPOINT_BYTES


KILLS = 50
AT_WORK = ("--requests-per-second", 150, "--user-agent", at_speed(LARGE_SIZE // 16))
"""Slow enough that the work is not finished before the last run is killed."""


def beside(mirror: Path) -> dict[Path, bytes | None]:
    """Everything in the parent directory of ``mirror`` (the program's HOME, a canary) except ``mirror``."""
    others = (path for path in mirror.parent.rglob("*") if mirror not in (path, *path.parents))
    return {path: path.read_bytes() if path.is_file() else None for path in others}


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_killed_again_and_again_a_mirror_never_holds_a_wrong_file_and_is_complete_at_last(
    serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve("nginx").url_of(tree)
    trees.build_many(tree / "many", files=3000, directories=30)
    trees.write(mirror.parent / "canary", 100)
    outside = beside(mirror)
    instants = random.Random(50)
    seen = []
    for number in range(KILLS):
        process = run_crawler.start(*AT_WORK, url, mirror)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(instants.uniform(0.1, 1.8))
        process.kill()
        finish(process)
        seen.append(len(saved(mirror)))
        for name in saved(mirror):
            assert (mirror / name).read_bytes() == (tree / name).read_bytes(), (number, name)
    assert len(set(seen)) > KILLS // 4, f"hardly a kill met the sync at work: {seen}"
    run = run_crawler(url, mirror)
    assert run.code == 0, run.output
    trees.assert_same(tree, mirror)
    assert trees.parts(mirror) == []
    assert beside(mirror) == outside


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_a_summary(
    sent: signal.Signals, code: int, serve: Serve, tree: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve("nginx").url_of(tree)
    process = run_crawler.start("--user-agent", SLOW, url, mirror)
    wait_until(lambda: in_the_middle(mirror), process)
    process.send_signal(sent)
    run = finish(process)
    assert run.code == code, run.output
    assert "Traceback" not in run.output
    assert "saved" in run.output
    for name in saved(mirror):
        assert (mirror / name).read_bytes() == (tree / name).read_bytes()
    again = run_crawler(url, mirror)
    assert again.code == 0, again.output
    trees.assert_same(tree, mirror)
    assert trees.parts(mirror) == []


def test_a_second_signal_stops_at_once(serve: Serve, tree: Path, run_crawler: Program, mirror: Path) -> None:
    process = run_crawler.start("--user-agent", SLOW, serve("nginx").url_of(tree), mirror)
    wait_until(lambda: in_the_middle(mirror), process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    run = finish(process)
    assert run.code == 130
    assert run.seconds < 30


def test_files_have_ordinary_permissions(serve: Serve, site: Path, run_crawler: Program, mirror: Path) -> None:
    trees.write(site / "sub" / "a.txt", 5)
    mask = os.umask(0o022)
    try:
        run = run_crawler(serve("nginx").url_of(site), mirror)
    finally:
        os.umask(mask)
    assert run.code == 0, run.output
    assert (mirror / "sub" / "a.txt").stat().st_mode & 0o777 == 0o644
    assert (mirror / "sub").stat().st_mode & 0o777 == 0o755
