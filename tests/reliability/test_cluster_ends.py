"""Whatever ends, fails or goes unanswered in a cluster, nothing waits for it for ever."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from crawler.app.cluster.flight import Flight
from crawler.app.cluster.node import Node
from crawler.app.cluster.node_thread import NodeThread
from crawler.http.credentials.keyring import Credentials
from crawler.http.credentials.login import Login
from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError
from crawler.model.struct import replace
from crawler.model.values import Job, Outcome, Result
from crawler.workers.cluster import roster, shards
from crawler.workers.cluster.carrier import ClusterError, Host, ShardLost
from crawler.workers.cluster.desk import Callbacks, Desk
from crawler.workers.cluster.pool import ClusterPool
from crawler.workers.cluster.roster import Roster
from crawler.workers.cluster.shards import Sealed
from tests.component.cluster.test_node import Worker, settings_of, shard_of
from tests.reliability.test_silent_workers import TOTAL, Received, Redirects, Workers, until, unwanted, workers
from tests.support.misbehaving.behaviours import Late, Redirect
from tests.support.misbehaving.samples import many
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until

__all__ = ["workers"]
pytestmark = [pytest.mark.own]

JOB = Job(url="http://h/x", path="x", reason="new")


async def broken(_paths: object) -> None:
    raise DestinationError("no note can be made")


@asynccontextmanager
async def opened(connection: Workers, gate: Gate | None = None, **callbacks: Any) -> AsyncIterator[ClusterPool]:
    gate, warnings = gate or Gate(TOTAL), list[str]()
    everyone = Roster(connection, gate, listers=1, warn=warnings.append)
    given: dict[str, Any] = {"credentials": Credentials(), "doubt": broken, **callbacks}
    desk = Desk(
        Callbacks(observer=Received(), warn=warnings.append, announce_retry=lambda *_retry: None, **given),
        gate,
        everyone,
    )
    async with asyncio.timeout(60), ClusterPool(connection, everyone, desk, gate, "t") as pool:
        yield pool


async def here(job: Job) -> Result:
    """What this process does instead of a worker."""
    return Result(path=job.path, url=job.url, outcome=Outcome.SAVED, reason="here")


@pytest.mark.row("X27")
async def test_a_worker_that_does_not_answer_at_first_gets_its_share_later(workers: Workers) -> None:
    workers.stopped.add("b")
    async with opened(workers):
        assert workers.shares == {"a": 4}
        workers.stopped.clear()
        await until(lambda: workers.shares == {"a": 4, "b": 3})


@pytest.mark.row("X27")
async def test_a_state_that_fails_ends_the_run_and_the_wait_of_the_worker(workers: Workers) -> None:
    async with opened(workers) as pool:
        doing = asyncio.create_task(pool.process(JOB, redirects=Redirects, fallback=unwanted))
        await until(lambda: workers.sent)
        workers.deliver([shards.DOUBT, workers.sent[0][0], 7, ["x"]])
        with pytest.raises(DestinationError, match="no note can be made"):
            await doing
        await until(lambda: [shards.GRANTED, 7, False] in workers.told)


@pytest.mark.row("X27")
async def test_a_reply_that_does_not_arrive_is_sent_again(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_REPEAT_SECONDS", 0.01)
    login = Login(user="me", password="s3cret", start="http://h/")
    async with opened(workers, credentials=Credentials(logins={("http", "h", 80): login})):
        workers.lost = 2
        workers.deliver([shards.WANTED, "a", 3, ("http", "h", 80)])
        await until(lambda: len(workers.told) == 3)
        await asyncio.sleep(0.03)
    assert [message[:2] for message in workers.told[:-1]] == [[shards.CREDENTIALS, 3]] * 3


@pytest.mark.row("X27")
async def test_a_result_that_cannot_be_read_ends_the_run(workers: Workers) -> None:
    async with opened(workers) as pool:
        doing = asyncio.create_task(pool.process(JOB, redirects=Redirects, fallback=unwanted))
        await until(lambda: workers.sent)
        workers.sent[0][3].set_result(Sealed(b"garbage"))
        with pytest.raises(Exception, match="pickle"):
            await doing


@pytest.mark.row("X27")
async def test_a_worker_that_never_answers_is_not_waited_for(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "WAIT_SECONDS", 0.1)
    workers.stopped |= {"a", "b"}
    async with opened(workers) as pool:
        with pytest.raises(ClusterError, match="no worker of tcp://s:1 can be used since 0 s"):
            await pool.process(JOB, redirects=Redirects, fallback=unwanted)


@pytest.mark.row("X27")
async def test_a_worker_that_cannot_run_what_it_is_sent_is_refused(workers: Workers) -> None:
    async with opened(workers) as pool:
        workers.deliver([shards.REFUSED, "a", "it cannot run crawler: ImportError('no')"])
        workers.deliver([shards.REFUSED, "z", "it is not a worker of this run"])
        await until(lambda: workers.shares["b"] == 7)
        doing = asyncio.create_task(pool.process(JOB, redirects=Redirects, fallback=unwanted))
        await until(lambda: workers.sent)
        assert workers.sent[0][0] == "b"
        doing.cancel()


@pytest.mark.row("X20")
async def test_a_pause_that_this_process_was_asked_for_is_kept_by_all_workers(workers: Workers) -> None:
    gate = Gate(TOTAL)
    async with opened(workers, gate=gate) as pool:
        gate.host("http://h/").pause(60.0)
        await until(lambda: [shards.PAUSE, "http://h:80", 60.0] in workers.told)
        doing = asyncio.create_task(pool.process(JOB, redirects=Redirects, fallback=unwanted))
        await until(lambda: workers.sent)
        [(name, left)] = workers.sent[0][2].pauses
        doing.cancel()
    assert name == "http://h:80"
    assert 50 < left <= 60, "a worker that joins later is told with its first shard"
    gate.host("http://h/").pause(90.0)
    assert [shards.PAUSE, "http://h:80", 90.0] not in workers.told


@pytest.mark.row("X20")
@pytest.mark.parametrize("begins", ["before", "after"])
async def test_a_worker_keeps_a_pause_whenever_it_hears_of_it(tmp_path: Path, site: Site, begins: str) -> None:
    node = Node(cast("Host", Worker()), "token")
    serving = asyncio.create_task(node.serve(settings_of(site, tmp_path)))
    if begins == "before":
        await asyncio.sleep(0)
    node.hear([shards.PAUSE, "http://a", 60.0])
    node.obey([shards.PAUSE, "http://a", 60.0])
    node.take(Flight("t", replace(shard_of(site), pauses=[("http://b", 60.0)])))
    await until(lambda: node._gate is not None and len(node._gate.pauses()) == 2)
    node.obey([shards.STOP])
    await serving


@pytest.mark.row("X27")
async def test_the_end_of_the_scheduler_ends_a_walk_that_waits(workers: Workers) -> None:
    async with opened(workers) as pool:
        watching = asyncio.create_task(pool.watch())
        await asyncio.sleep(0.01)
        assert not watching.done()
        workers.is_lost = True
        with pytest.raises(ClusterError, match="the scheduler at tcp://s:1 has ended"):
            await watching


@pytest.mark.row("X27")
@pytest.mark.parametrize("has_shard", [True, False])
async def test_the_end_of_the_scheduler_ends_the_run(workers: Workers, has_shard: bool) -> None:
    workers.shard_limits = (2, 1000)
    async with opened(workers) as pool:
        if not has_shard:
            for name in workers.shares:
                workers.changed(name, False)
        doing = asyncio.create_task(pool.process(JOB, redirects=Redirects, fallback=unwanted))
        await asyncio.sleep(0)
        if has_shard:
            await until(lambda: workers.sent)
        workers.is_lost = True
        if has_shard:
            workers.sent[0][3].set_exception(ShardLost("gone"))
        with pytest.raises(ClusterError, match=re.escape("the scheduler at tcp://s:1 has ended")):
            await doing


@pytest.mark.row("X27")
async def test_what_no_worker_has_yet_is_done_here_when_the_last_one_has_gone(workers: Workers) -> None:
    workers.can_grow = False
    jobs = [Job(url=f"http://h/{number}", path=f"{number}", reason="new") for number in range(40)]
    async with opened(workers) as pool:
        doing = [asyncio.create_task(pool.process(job, redirects=Redirects, fallback=here)) for job in jobs]
        await until(lambda: len(workers.sent) > 5)
        for name in ("a", "b"):
            workers.changed(name, False)
        assert {result.reason for result in await asyncio.gather(*doing)} == {"here"}  # type: ignore[union-attr]


@pytest.mark.row("X27")
async def test_after_a_stop_this_process_does_what_is_left(workers: Workers) -> None:
    async with opened(workers) as pool:
        assert not await pool.stop()
        assert (await pool.process(JOB, redirects=Redirects, fallback=here)).reason == "here"  # type: ignore[union-attr]


@pytest.fixture
def thread() -> NodeThread:
    return NodeThread(cast("Host", Worker()), "token")


@pytest.mark.row("X27")
@pytest.mark.parametrize("question", [shards.WANTED, shards.DOUBT])
async def test_a_worker_that_waits_for_a_reply_ends_with_its_client(site: Site, tmp_path: Path, question: int) -> None:
    """One asks about the origin of a redirect, the other before it replaces a file. The reply never comes."""
    many(site, 2)
    site.on("f000", Redirect(site.url.replace("127.0.0.1", "localhost") + "f001"))
    worker = Worker()
    thread = NodeThread(cast("Host", worker), "token")
    own = Credentials(origins=frozenset({("http", "127.0.0.1", site.port)}))
    shard = replace(shard_of(site, "f000" if question == shards.WANTED else "f001"), credentials=own)
    settings = replace(settings_of(site, tmp_path), knew_files=True)
    doing = asyncio.create_task(asyncio.to_thread(thread.do, "t1", settings, shard))
    await asyncio.to_thread(wait_until, lambda: question in [kind for _, kind, *_ in worker.sent], "a question")
    worker.taken_back.add("t1")
    async with asyncio.timeout(60):
        done = await doing
    assert (done.failure, done.bug) == ("", "")
    assert not [result for result in done.results if result.outcome is Outcome.SAVED]
    assert not list(tmp_path.glob("f*"))


@pytest.mark.row("X27")
async def test_a_job_that_comes_again_while_it_is_under_way_is_done_once_for_both_shards(
    site: Site, tmp_path: Path
) -> None:
    many(site, 2)
    site.on("f000", Late(0.2))
    thread = NodeThread(cast("Host", Worker()), "token")
    settings = settings_of(site, tmp_path)
    first = asyncio.create_task(asyncio.to_thread(thread.do, "t1", settings, shard_of(site, "f000")))
    await asyncio.to_thread(wait_until, lambda: site.log.of("/pub/f000"), "the request")
    async with asyncio.timeout(60):
        second = await asyncio.to_thread(thread.do, "t2", settings, shard_of(site, "f000", "f001"))
        assert [result.path for result in (await first).results] == ["f000"]
    assert sorted(result.path for result in second.results) == ["f000", "f001"]
    assert len(site.log.of("/pub/f000")) == 1
    thread.receive([shards.STOP])


@pytest.mark.row("X27")
async def test_a_worker_that_has_ended_returns_shards_at_once(site: Site, tmp_path: Path, thread: NodeThread) -> None:
    many(site, 2)
    settings = settings_of(site, tmp_path)
    await asyncio.to_thread(thread.do, "t1", settings, shard_of(site, "f000"))
    thread.receive([shards.END])
    thread.receive([shards.STOP])
    async with asyncio.timeout(60):
        done = await asyncio.to_thread(thread.do, "t2", settings, shard_of(site, "f001"))
    assert not done.results


@pytest.mark.row("X27")
async def test_a_shard_for_a_worker_that_has_just_ended_is_returned(site: Site, tmp_path: Path) -> None:
    node = Node(cast("Host", Worker()), "token")
    node.finish()
    flight = Flight("t1", shard_of(site, "f000"))
    node.take(flight)
    assert flight.done.done()


@pytest.mark.row("X27")
async def test_a_worker_that_was_stopped_before_it_began_does_not_begin(
    site: Site, tmp_path: Path, thread: NodeThread
) -> None:
    thread.receive([shards.STOP])
    assert not thread.do("t1", settings_of(site, tmp_path), shard_of(site, "f000")).results
    assert "crawler" not in [each.name for each in threading.enumerate()]
