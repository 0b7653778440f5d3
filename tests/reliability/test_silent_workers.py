"""A worker that falls silent loses its shards and its connections; once it is heard again, it takes part again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from crawler.app.cluster import node as node_module
from crawler.app.cluster.flight import Flight
from crawler.app.cluster.node import Node
from crawler.http.credentials.keyring import Credentials
from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError
from crawler.model.observer import Observer
from crawler.model.values import Job, Outcome, Rejection, Result, Staged
from crawler.workers.cluster import members, roster, shards
from crawler.workers.cluster.carrier import Changed, Deliver, Host
from crawler.workers.cluster.desk import Callbacks, Desk
from crawler.workers.cluster.pool import ClusterPool
from crawler.workers.cluster.roster import Roster
from crawler.workers.cluster.shards import Done, Sealed, Shard, seal, unseal_shard
from tests.component.cluster.test_node import Worker

pytestmark = pytest.mark.own

TOTAL = 8


class Redirects:
    def file_redirect(self, source: str, target: str) -> Rejection | None:
        return None


class Workers:
    """Implements ``carrier.Connection``: two workers that answer unless they are ``stopped``."""

    address, shard_limits = "tcp://s:1", (2, 1000)

    def __init__(self) -> None:
        self.can_grow, self.is_lost = True, False
        self.stopped: set[str] = set()
        self.slow: set[str] = set()
        """Those that keep the connections beyond a lower share open."""
        self.changed: Changed = lambda _address, _has_joined: None
        self.told: list[Sequence[Any]] = []
        """All messages but SHARE and ALIVE."""
        self.lost = 0
        """Number of messages of those that do not arrive."""
        self.shares: dict[str, int] = {}
        self.sent: list[tuple[str, str, Shard, asyncio.Future[Sealed]]] = []
        self.deliver: Deliver = lambda _message: None

    async def workers(self) -> list[str]:
        return ["a", "b"]

    def listen(self, deliver: Deliver, changed: Changed) -> None:
        self.deliver, self.changed = deliver, changed

    def unsubscribe(self) -> None: ...

    async def tell(self, message: Sequence[Any], workers: Sequence[str]) -> bool:
        if message[0] not in {shards.SHARE, shards.ALIVE}:
            self.told.append(message)
            self.lost -= 1
            if self.lost >= 0:
                return False
        for one in set(workers) - self.stopped:
            if message[0] == shards.SHARE:
                self.shares[one] = message[1]
                if one not in self.slow:
                    asyncio.get_running_loop().call_soon(self.deliver, [shards.FITS, one, message[1]])
            elif message[0] == shards.ALIVE:
                self.deliver([shards.HEARD, one])
        return not self.stopped.intersection(workers)

    def submit(self, shard: Sealed, worker: str, name: str) -> asyncio.Future[Sealed]:
        done: asyncio.Future[Sealed] = asyncio.get_running_loop().create_future()
        self.sent.append((worker, name, unseal_shard(shard), done))
        return done

    async def result(self, submitted: asyncio.Future[Sealed]) -> Sealed:
        return await submitted

    def release(self, submitted: asyncio.Future[Sealed]) -> None: ...

    def why_gone(self, address: str) -> str:
        return ""


class Received(Observer):
    def __init__(self) -> None:
        self.started_paths: list[str] = []

    def started(self, job: Job) -> None:
        self.started_paths.append(job.path)


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def unwanted(job: Job) -> Result | Staged:
    raise AssertionError(job)


def saved(path: str) -> Result:
    return Result(path=path, url=f"http://h/{path}", outcome=Outcome.SAVED, reason="new")


@pytest.fixture
async def workers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    monkeypatch.setattr(roster, "_BEAT_SECONDS", 0.02)
    monkeypatch.setattr(members, "SILENCE", 0.2)
    yield Workers()


async def doubt(_paths: object) -> None: ...


@pytest.mark.row("X26")
async def test_a_worker_that_joins_gets_connections_when_others_have_closed_them(workers: Workers) -> None:
    gate, warnings = Gate(TOTAL), list[str]()
    everyone = Roster(workers, gate, listers=1, warn=warnings.append)
    callbacks = Callbacks(
        observer=Received(), doubt=doubt, warn=warnings.append, credentials=Credentials(),
        announce_retry=lambda *_retry: None,
    )  # fmt: skip
    async with ClusterPool(workers, everyone, Desk(callbacks, gate, everyone), gate, "t"):
        workers.slow.add("a")
        workers.changed("c", True)
        await until(lambda: workers.shares == {"a": 3, "b": 2, "c": 1})
        workers.deliver([shards.FITS, "a", 4])
        await asyncio.sleep(0)
        workers.changed("b", False)
        await until(lambda: workers.shares == {"a": 4, "b": 2, "c": 3})
        workers.changed("b", True)
        await until(lambda: workers.shares == {"a": 3, "b": 1, "c": 2})
        workers.deliver([shards.FITS, "a", 3])
        await until(lambda: workers.shares == {"a": 3, "b": 2, "c": 2})


@pytest.mark.row("X24")
async def test_a_silent_worker_loses_its_shard_and_comes_back_with_a_share(workers: Workers) -> None:
    gate, warnings, observer = Gate(TOTAL), list[str](), Received()
    everyone = Roster(workers, gate, listers=1, warn=warnings.append)
    callbacks = Callbacks(
        observer=observer,
        doubt=doubt,
        warn=warnings.append,
        credentials=Credentials(),
        announce_retry=lambda *_retry: None,
    )
    async with ClusterPool(workers, everyone, Desk(callbacks, gate, everyone), gate, "t") as pool:
        assert workers.shares == {"a": 4, "b": 3}
        jobs = [Job(url=f"http://h/{path}", path=path, reason="new") for path in ("x", "y")]
        results = [asyncio.create_task(pool.process(job, redirects=Redirects, fallback=unwanted)) for job in jobs]
        await until(lambda: len(workers.sent) == 2)
        assert [worker for worker, *_ in workers.sent] == ["a", "b"], "a few jobs are divided among idle workers"
        (lost, old, shard, _), _ = workers.sent
        path = shard.jobs[0].path
        workers.stopped.add(lost)
        await until(lambda: len(workers.sent) == 3 and workers.shares["b"] == 7)
        assert workers.sent[2][0] == "b", "the shard goes to the other worker"
        assert warnings == ["worker a of the cluster is gone; its 1 files are done again"]
        workers.stopped.clear()
        await until(lambda: workers.shares == {"a": 3, "b": 4})
        workers.deliver([shards.EARLY, "a", old, [saved(path)]])
        workers.deliver([shards.EARLY, "b", workers.sent[1][1], [saved("y")]])
        assert await results[1] == saved("y")
        assert not results[0].done(), "what the old shard still brings is not used"
        for _, _, work, done in workers.sent[1:]:
            done.set_result(seal(Done(results=[saved(job.path) for job in work.jobs])))
        assert [await each for each in results] == [saved("x"), saved("y")]
        assert sorted(observer.started_paths) == ["x", "y"]


@pytest.mark.row("X24")
def test_a_worker_whose_lease_has_run_out_never_writes_for_its_old_shards_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messages that waited for a stopped process must not renew what others have taken over."""
    worker = Worker()
    node = Node(cast("Host", worker), "token")
    node.hear([shards.ALIVE])
    node.check()
    monkeypatch.setattr(node_module, "LEASE", -1.0)
    node.hear([shards.ALIVE])
    monkeypatch.undo()
    assert (node.is_lost, node.is_over) == (True, True), "the next shard gets a new Node"
    with pytest.raises(DestinationError, match="has lost its client"):
        node.check()
    assert len(worker.sent) == 2, "but it can be heard"


@pytest.mark.row("X24")
def test_results_come_early_once() -> None:
    jobs = [Job(url=f"http://h/{path}", path=path, reason="new") for path in "abc"]
    flight = Flight("t", Shard(jobs=jobs, redirects=Redirects(), credentials=Credentials(), share=(1, 2)))
    flight.add(saved("a"))
    flight.add(saved("b"))
    assert [result.path for result in flight.early()] == ["a", "b"]
    flight.add(saved("c"))
    assert [result.path for result in flight.early()] == ["c"]
    assert flight.early() == []
    assert flight.done.done()


@pytest.mark.row("X24")
async def test_what_a_worker_could_not_name_for_want_of_its_client_has_not_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process was stopped for longer than its lease, but not for so long that its shards were given to others."""
    node = Node(cast("Host", Worker()), "token")
    jobs = [Job(url=f"http://h/{path}", path=path, reason="new") for path in "abc"]
    flight = Flight("t", Shard(jobs=jobs, redirects=Redirects(), credentials=Credentials(), share=(1, 2)))
    node.take(flight)
    failed = Result(path="b", url="http://h/b", outcome=Outcome.FAILED, reason="404")
    node._finished(failed)
    monkeypatch.setattr(node_module, "LEASE", -1.0)
    node._finished(saved("a"))
    node._finished(Result(path="c", url="http://h/c", outcome=Outcome.FAILED, reason="the worker has lost its client"))
    node.finish()
    assert [result.path for result in flight.results] == ["b", "a"], "c is done again"
