"""Workers with network addresses of their own, as on other machines, and a network that stalls between them."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import crawler
from crawler.model.observer import Observer
from tests.support.misbehaving.behaviours import Late
from tests.support.misbehaving.samples import many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

distributed = pytest.importorskip("distributed")

from tests.reliability.test_cluster import Ends, running_scheduler  # noqa: E402
from tests.support.dask_worker import start_worker  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

pytestmark = [pytest.mark.own, pytest.mark.heavy, pytest.mark.timeout(300)]

HERE, PEERS = "10.197.23.1", ("10.197.23.2", "10.197.23.3")
BRIDGE, NAMES = "crawlertest0", ("crawlertest1", "crawlertest2")


def ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())


def remove() -> None:
    for name in NAMES:
        with suppress(OSError):
            ip("netns", "del", name)
    with suppress(OSError):
        ip("link", "del", BRIDGE)


@pytest.fixture
def networks() -> Iterator[None]:
    """Two network namespaces, each with its own address, on a bridge that has HERE as its address."""
    try:
        remove()
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for name, address in zip(NAMES, PEERS, strict=True):
            ip("netns", "add", name)
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", name, "master", BRIDGE, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
    except OSError as error:
        remove()
        pytest.skip(f"this machine does not let tests make networks: {error}")
    yield
    remove()


class Unplug(Observer):
    """Takes the second worker off the network after some files, for so long that its shards go to the first one."""

    def __init__(self, ends: Ends, seconds: float) -> None:
        self._ends, self._seconds = ends, seconds
        self.timer: threading.Timer | None = None

    def finished(self, result: crawler.Result) -> None:
        if self._ends.count.total() > 60 and self.timer is None:
            ip("link", "set", NAMES[1], "down")
            self.timer = threading.Timer(self._seconds, ip, ("link", "set", NAMES[1], "up"))
            self.timer.start()


@pytest.mark.row("X28")
@pytest.mark.parametrize("seconds", [0, 5, 40])
def test_workers_with_their_own_addresses(networks: None, sandbox: Sandbox, tmp_path: Path, seconds: int) -> None:
    ends, security = Ends(), distributed.Security.temporary()
    unplug = Unplug(ends, seconds)
    observers: list[Any] = [ends, unplug] if seconds else [ends]
    with Site(host=HERE, address=HERE) as site, running_scheduler(security, tmp_path, HERE) as scheduler:
        many(site, 400, "a", size=300)
        for path in site.contents():
            site.on(path, Late(0.03))
        children = [
            start_worker(scheduler.address, security, str(tmp_path), namespace=name, host=address)
            for name, address in zip(NAMES, PEERS, strict=True)
        ]
        try:
            wait_until(lambda: len(scheduler.workers) == 2, "two workers")
            with distributed.Client(scheduler.address, security=security, set_as_default=False) as client:
                report = crawler.mirror_sync(
                    site.url, sandbox.directory, cluster=client, observers=observers, workers=6
                )
        finally:
            for child in children:
                child.kill()
            if unplug.timer is not None:
                unplug.timer.cancel()
        assert (report.listed, report.saved, report.failed) == (400, 400, 0)
        assert set(ends.count.values()) == {1}
        assert {request.peer for request in site.log.bodies()} == set(PEERS)
        assert max(request.open for request in site.log) <= 6 + (3 if seconds else 0)
        sandbox.holds(site.contents())
