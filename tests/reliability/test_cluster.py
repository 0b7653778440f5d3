"""Workers of a dask cluster make one mirror with one account; if any dies, nothing is lost and nothing counts twice."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import crawler
from crawler.model.observer import Observer
from tests.reliability.test_cluster_credentials import FILES, FIRST, TwoHosts, check_shard, hosts, second, secrets_in
from tests.reliability.test_object_stores import Bucket
from tests.support.misbehaving.behaviours import Cut, Late, Redirect, Stall, Status
from tests.support.misbehaving.samples import KB, blob, many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.processes import children, is_there
from tests.support.servers import Server

distributed = pytest.importorskip("distributed")

from crawler.storage.objects.location import parse_location  # noqa: E402
from crawler.storage.objects.own.run_mark import marked, why_unseen  # noqa: E402
from crawler.workers.child_process import ChildProcess  # noqa: E402
from crawler.workers.cluster import roster  # noqa: E402
from crawler.workers.cluster.carrier import ClusterError  # noqa: E402
from crawler.workers.cluster.members import IN_FLIGHT  # noqa: E402
from crawler.workers.cluster.shards import SHARD_FILES, Sealed, unseal_shard  # noqa: E402
from tests.support.dask_worker import new_scheduler, start_worker  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

__all__ = ["hosts", "second"]
pytestmark = pytest.mark.own


class Cluster:
    """A cluster of the caller: a scheduler in a thread of this process, and workers in processes."""

    def __init__(self, scheduler: Any, security: Any, scratch: Path) -> None:
        self.scheduler, self.security, self._scratch = scheduler, security, str(scratch)
        self.children: list[ChildProcess] = []

    def join(self) -> ChildProcess:
        """Start another worker."""
        child = start_worker(self.scheduler.address, self.security, self._scratch)
        self.children.append(child)
        return child

    def has(self, count: int) -> None:
        wait_until(lambda: len(self.scheduler.workers) == count, f"{count} workers")

    @contextmanager
    def client(self) -> Iterator[Any]:
        with distributed.Client(self.scheduler.address, security=self.security, set_as_default=False) as client:
            yield client


@contextmanager
def running_scheduler(security: Any, scratch: Path, host: str = "127.0.0.1") -> Iterator[Any]:
    """A scheduler in a thread with an event loop of its own."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[Any] = []

    async def serve() -> None:
        async with new_scheduler(security, str(scratch), host) as scheduler:
            made.append(scheduler)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.Runner(loop_factory=lambda: loop).run(serve()))
    thread.start()
    ready.wait()
    try:
        yield made[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    security, scratch = distributed.Security.temporary(), tmp_path_factory.mktemp("scratch")
    with running_scheduler(security, scratch) as scheduler:
        made = Cluster(scheduler, security, scratch)
        try:
            made.join(), made.join()
            made.has(2)
            yield made
        finally:
            for child in made.children:
                child.kill()


def fetched(site: Site) -> Counter[str]:
    return Counter(request.path for request in site.log.bodies())


class Ends(Observer):
    """Counts the results of each path."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def finished(self, result: crawler.Result) -> None:
        self.count[result.path] += 1


@pytest.mark.row("X20")
def test_the_workers_of_a_client_make_the_same_mirror(cluster: Cluster, sandbox: Sandbox, site: Site) -> None:
    """One site with everything that can happen to a file; then nothing is new; then a few files are."""
    many(site, 300, "a", size=300)
    many(site, 8, "a/b", size=600 * KB)
    site.file("latest.bin", blob(300, 0), Redirect(to=f"{site.url}a/f000"))
    for number in range(300):  # long enough for all connections to be in use, and for a pause to be noticed
        site.on(f"a/f{number:03}", Late(0.03))
    site.on("a/f003", Cut(at=0.5, times=1))
    site.on("a/f005", Status(429, headers=(("Retry-After", "2"),), times=1))
    site.on("a/f007", Status(404))
    ends = Ends()
    with cluster.client() as client:
        first = crawler.mirror_sync(site.url, sandbox.directory, cluster=client, observers=[ends], workers=6)
        assert (first.listed, first.saved, first.failed) == (309, 308, 1)
        assert set(ends.count.values()) == {1}
        assert [failure.path for failure in first.failures] == ["a/f007"]
        assert 4 <= max(request.active for request in site.log) <= 6
        refused = next(request for request in site.log if request.status == 429)
        later = [request.at - refused.at for request in site.log if request.at > refused.at + 1]
        assert min(later) > 1.9, "the others keep the pause, too"
        site.on("a/f007")
        site.log.clear()
        second = crawler.mirror_sync(site.url, sandbox.directory, cluster=client, workers=6)
        assert (second.saved, second.unchanged, second.failed) == (1, 308, 0)
        assert list(fetched(site)) == ["/pub/a/f007"]
        site.file("a/f009", blob(77, 9))
        third = crawler.mirror_sync(site.url, sandbox.directory, cluster=client, workers=6)
        assert (third.saved, third.unchanged) == (1, 308)
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0, "all is released"
    sandbox.holds(site.contents())
    own = {path.name for path in (sandbox.directory / ".crawler").iterdir()}
    assert own == {"lock", "parts", "state.sqlite3"}


class Tasks(distributed.SchedulerPlugin):  # type: ignore[misc]
    """Keeps the pickled tasks that a scheduler sends to its workers, by name."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self.sent: dict[str, bytes] = {}

    def transition(self, key: str, _start: str, finish: str, *_more: Any, **_rest: Any) -> None:
        if finish == "processing":
            self.sent[key] = pickle.dumps(self._scheduler.tasks[key].run_spec)


@pytest.mark.row("X25")
def test_what_goes_to_the_workers_of_a_scheduler(cluster: Cluster, hosts: TwoHosts) -> None:
    tasks = Tasks(cluster.scheduler)
    cluster.scheduler.plugins["tasks"] = tasks
    with cluster.client() as client:
        report = hosts.download(cluster=client)
        printed = [client.get_scheduler_logs(), client.get_worker_logs(), cluster.scheduler.get_events()]
    del cluster.scheduler.plugins["tasks"]
    assert (report.saved, report.failed) == (FILES + 5, 0)
    hosts.check_requests()
    seen = []
    for name, task in tasks.sent.items():
        sealed = [each for each in pickle.loads(task).args if isinstance(each, Sealed)]
        settings, shard = sealed
        assert not secrets_in(settings.content)
        seen.append(check_shard(task, unseal_shard(shard)))
        printed += [name, repr(pickle.loads(task))]
    assert {FIRST} in seen, "some shards have files of the first host alone"
    assert not secrets_in(pickle.dumps(printed))


class Killer(Observer):
    """Kills a worker at a random moment, while some results are in and others are not, and has another one join."""

    def __init__(self, cluster: Cluster, ends: Ends, most: int) -> None:
        self._cluster, self._ends, self._at = cluster, ends, random.randrange(most)
        self.victim = random.choice(cluster.children)

    @property
    def has_killed(self) -> bool:
        return self.victim not in self._cluster.children

    def finished(self, result: crawler.Result) -> None:
        if self._ends.count.total() > self._at and not self.has_killed:
            self._cluster.children.remove(self.victim)
            os.kill(self.victim.process.pid, signal.SIGKILL)
            self._cluster.join()


@pytest.mark.row("X21")
def test_a_worker_that_is_killed_at_any_moment_costs_nothing(cluster: Cluster, sandbox: Sandbox, site: Site) -> None:
    """Each file is named and counted once, and those of at most the shards of one worker are fetched twice."""
    many(site, 600, "a", size=300)
    for number in range(0, 600, 7):
        site.on(f"a/f{number:03}", Late(0.02))
    ends = Ends()
    killer = Killer(cluster, ends, 300)
    with cluster.client() as client:
        report = crawler.mirror_sync(site.url, sandbox.directory, cluster=client, observers=[ends, killer])
    killer.victim.kill()
    assert killer.has_killed
    assert (report.listed, report.saved, report.failed) == (600, 600, 0)
    assert set(ends.count.values()) == {1}
    assert sum(times - 1 for times in fetched(site).values()) <= IN_FLIGHT * SHARD_FILES
    sandbox.holds(site.contents())
    cluster.has(2)


@pytest.mark.row("X21")
@pytest.mark.server
def test_a_worker_that_is_killed_while_it_stores_objects_costs_nothing(
    cluster: Cluster, site: Site, moto: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    many(site, 300, "a", size=300)
    bucket, ends = Bucket(moto), Ends()
    killer = Killer(cluster, ends, 150)
    with cluster.client() as client:
        report = crawler.mirror_sync(
            site.url, bucket.url, cluster=client, objects=bucket.objects, observers=[ends, killer]
        )
        again = crawler.mirror_sync(site.url, bucket.url, cluster=client, objects=bucket.objects)
    killer.victim.kill()
    assert killer.has_killed
    assert (report.listed, report.saved, report.failed) == (300, 300, 0)
    assert set(ends.count.values()) == {1}
    assert (again.saved, again.unchanged) == (0, 300)
    assert {name: bucket.get(name) for name in bucket.files()} == site.contents()
    cluster.has(2)


@pytest.mark.row("X29")
@pytest.mark.server
async def test_the_mark_of_a_run_is_seen_only_in_the_same_place_of_the_same_store(moto: Server) -> None:
    bucket, other = Bucket(moto), Bucket(moto)
    where = parse_location(bucket.url, bucket.objects)
    async with marked(where, bucket.config(), "token") as key:
        assert await why_unseen(where, bucket.config(), key) is None
        elsewhere = await why_unseen(parse_location(other.url, other.objects), other.config(), key)
    assert "not what this run finds there" in str(elsewhere)
    assert bucket.all_keys() == [], "the mark is gone"


@pytest.mark.row("X29")
@pytest.mark.server
def test_a_worker_whose_environment_names_another_store_is_not_used(
    site: Site, moto: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many(site, 60, "a", size=300)
    bucket = Bucket(moto)
    environment = {**bucket.environment, "AWS_ALLOW_HTTP": "true", "XDG_STATE_HOME": str(tmp_path / "state")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    security = distributed.Security.temporary()
    with running_scheduler(security, tmp_path) as scheduler:
        made = Cluster(scheduler, security, tmp_path)
        try:
            made.join()
            monkeypatch.setenv("AWS_ENDPOINT_URL", site.url.removesuffix("/pub/"))  # which has no such object
            made.join()
            made.has(2)
            monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
            with made.client() as client:
                report = crawler.mirror_sync(site.url, bucket.url, cluster=client)
        finally:
            for child in made.children:
                child.kill()
    assert (report.exit_code, report.saved, report.failed) == (0, 60, 0)
    assert ["not what this run finds there" in warning for warning in report.warnings] == [True]
    assert {name: bucket.get(name) for name in bucket.files()} == site.contents()


@pytest.mark.row("X22")
def test_local_workers_end_with_a_client_that_is_killed(sandbox: Sandbox, site: Site) -> None:
    many(site, 40)
    site.file("large.bin", blob(900 * KB, 5), Stall(at=0.5))
    program = sandbox.start(site.url, timeout=30, more=("--cluster=local:2",))
    wait_until(lambda: len(children(program.process.pid)) == 2, "two workers")
    pids = children(program.process.pid)
    wait_until(lambda: sandbox.largest_part() > 100 * KB, "a part")
    program.signal(signal.SIGKILL)
    program.finish()
    wait_until(lambda: not any(map(is_there, pids)), "the workers to end")
    site.on("large.bin")
    assert crawler.mirror_sync(site.url, sandbox.directory).ok
    sandbox.holds(site.contents())


@pytest.mark.row("X22")
async def test_a_run_that_is_stopped_keeps_what_is_complete_and_what_can_be_resumed(
    cluster: Cluster, sandbox: Sandbox, site: Site
) -> None:
    many(site, 40)
    site.file("large.bin", blob(900 * KB, 5), Stall(at=0.5, times=1))
    with cluster.client() as client:
        run = asyncio.create_task(crawler.mirror(site.url, sandbox.directory, cluster=client))
        await asyncio.to_thread(wait_until, lambda: sandbox.largest_part() > 100 * KB, "a part")
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert [path for path in sandbox.parts() if path.endswith(".part")]
        before = len(sandbox.tree())
        site.log.clear()
        report = await crawler.mirror(site.url, sandbox.directory, cluster=client)
    assert (report.saved + report.unchanged, report.failed) == (41, 0)
    assert report.unchanged >= before - 1, "what had its name is not fetched again"
    assert site.log.of("/pub/large.bin")[-1].status == 206
    sandbox.holds(site.contents())


@pytest.mark.row("E24")
@pytest.mark.parametrize("is_own", [False, True], ids=["address", "client"])
async def test_a_run_that_no_worker_joins_leaves_nothing_that_it_made(
    sandbox: Sandbox, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_own: bool
) -> None:
    monkeypatch.setattr(roster, "WAIT_SECONDS", 0.0)
    many(site, 3)
    async with AsyncExitStack() as stack:
        scheduler = await stack.enter_async_context(new_scheduler(distributed.Security(), str(tmp_path)))
        cluster = address = scheduler.address
        if is_own:
            client = distributed.Client(address, asynchronous=True, set_as_default=False)
            cluster = await stack.enter_async_context(client)
        with pytest.raises(ClusterError, match=rf"no worker of {address} can be used since 0 s"):
            await crawler.mirror(site.url, sandbox.directory / "new", cluster=cluster)
    assert not (sandbox.directory / "new").exists()
    assert not site.log
