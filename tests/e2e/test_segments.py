"""One large file fetched over several connections from each real server."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from crawler.model import limits
from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program, finish, wait_until
from tests.support.servers import Request
from tests.support.servers.nginx import at_speed

MIB = limits.MIB


def bodies(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.path.endswith(".iso")]


@pytest.mark.parametrize("flavour", ["nginx", "apache", "lighttpd", "caddy"])
def test_a_file_fetched_in_ranges_equals_the_file(
    flavour: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write_large(site / "image.iso", 16 * MIB + 1)
    server = serve(flavour)
    # At the speed of the disk, the first stream would end before the others begin.
    run = run_crawler("--segments", 4, "--limit-rate", "24M", server.url_of(site), mirror)
    assert run.code == 0, run.output
    trees.assert_same(site, mirror)
    assert trees.parts(mirror) == []
    statuses = [request.status for request in bodies(server.requests())]
    assert statuses.count(200) == 1
    assert statuses.count(206) >= 3


def test_a_server_without_ranges_gets_one_request(serve: Serve, site: Path, run_crawler: Program, mirror: Path) -> None:
    trees.write_large(site / "image.iso", 8 * MIB)
    server = serve("python")
    run = run_crawler("--segments", 4, server.url_of(site), mirror)
    assert run.code == 0, run.output
    trees.assert_same(site, mirror)
    assert len(bodies(server.requests())) == 1


def test_after_kill_9_what_had_arrived_without_gaps_is_not_fetched_again(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    size = 3 * limits.CHECKPOINT_BYTES
    trees.write_large(site / "large.iso", size)
    server = serve("nginx")
    options = ("--segments", 6, server.url_of(site), mirror)
    first = run_crawler.start("--user-agent", at_speed(size // 8), *options)
    wait_until(lambda: any(name.endswith(".json") for name in trees.parts(mirror)), first)
    first.send_signal(signal.SIGKILL)
    finish(first)
    server.forget()
    second = run_crawler(*options)
    assert second.code == 0, second.output
    trees.assert_same(site, mirror)
    assert trees.parts(mirror) == []
    responses = bodies(server.requests())
    assert {response.status for response in responses} == {206}
    surplus = 8 * MIB  # data in socket buffers when the first stream is abandoned
    assert sum(response.size or 0 for response in responses) <= size - limits.CHECKPOINT_BYTES + surplus


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_a_file_fetched_in_ranges_takes_no_more_memory_the_larger_it_is(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    server, peaks = serve("nginx"), []
    for size in (128 * MIB, 1024 * MIB):
        trees.write_large(site / str(size) / "image.iso", size)
        url = server.url_of(site / str(size))
        run = run_crawler("--segments", 8, url, mirror / str(size), measure=True, patience=100)
        assert run.code == 0, run.output
        peaks.append(run.peak or 0)
    assert peaks[1] - peaks[0] < 16 * MIB, peaks
    assert peaks[1] < 128 * MIB
