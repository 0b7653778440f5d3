"""What a worker does with a shard, and that it writes nothing once its client may be gone. Without dask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from crawler.app.cluster.node_thread import NodeThread as Node
from crawler.http.client_options import client_options
from crawler.http.credentials.keyring import Credentials
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.values import Job, Outcome, Rejection
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import Host
from crawler.workers.cluster.shards import Settings, Shard
from tests.support.misbehaving.behaviours import Stall
from tests.support.misbehaving.fixtures import site
from tests.support.misbehaving.samples import KB, blob, many
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until

__all__ = ["site"]


class Worker:
    """A worker of a scheduler that behaves as the test says."""

    identity = address = "tcp://w:1"
    is_in_client = is_running = True

    def __init__(self) -> None:
        self.sent: list[list[object]] = []
        self.taken_back: set[str] = set()

    def is_wanted(self, name: str) -> bool:
        return name not in self.taken_back

    def send(self, topic: str, message: list[object]) -> None:
        self.sent.append([topic, *message])


class Anywhere:
    def file_redirect(self, source: str, target: str) -> Rejection | None:
        return None


def settings_of(site: Site, directory: Path, mark: str = "cluster-x") -> Settings:
    (directory / ".crawler/parts").mkdir(parents=True)
    (directory / ".crawler/cluster-x").touch()
    config = Config()
    return Settings(
        config=config, options=client_options(config, [site.url]), directory=str(directory), mark=mark, store=None,
        own=(), log_level=30, hosts={}, start=2, knew_files=False,
    )  # fmt: skip


def shard_of(site: Site, *paths: str) -> Shard:
    jobs = [Job(url=site.url + path, path=path, reason="new") for path in paths]
    return Shard(jobs=jobs, redirects=Anywhere(), credentials=Credentials(), share=(2, 8))


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def node(worker: Worker) -> Iterator[Node]:
    made = Node(cast("Host", worker), "token")
    yield made
    made.receive([shards.STOP])


async def test_shards_are_done_one_after_the_other_on_the_same_connections(
    site: Site, node: Node, tmp_path: Path
) -> None:
    many(site, 9)
    settings = settings_of(site, tmp_path)
    first = await asyncio.to_thread(node.do, "t1", settings, shard_of(site, "f000", "f001", "missing"))
    second = await asyncio.to_thread(node.do, "t2", settings, shard_of(site, *(f"f{number:03}" for number in range(9))))
    assert {result.path: result.outcome for result in first.results} == {
        "f000": Outcome.SAVED, "f001": Outcome.SAVED, "missing": Outcome.FAILED,
    }  # fmt: skip
    assert len(second.results) == 9
    assert (first.failure, first.bug, first.refusal) == ("", "", "")
    assert {path.name: path.read_bytes() for path in tmp_path.glob("f*")} == site.contents()
    earlier, later = ({request.connection for request in part} for part in (site.log[:3], site.log[3:]))
    assert earlier & later, "the second shard goes on where the first one ended"


async def test_a_worker_that_does_not_see_the_dir_of_the_client_says_so_and_writes_nothing(
    site: Site, node: Node, tmp_path: Path
) -> None:
    many(site, 3)
    done = await asyncio.to_thread(node.do, "t1", settings_of(site, tmp_path, mark="cluster-y"), shard_of(site, "f000"))
    assert "does not see the DIR of this run" in done.refusal
    assert not done.results
    assert not list(tmp_path.glob("f*"))


@pytest.mark.parametrize("cause", ["the scheduler is gone", "the client is gone", "stopped"])
async def test_nothing_is_written_for_a_client_that_is_gone(
    site: Site, node: Node, worker: Worker, tmp_path: Path, cause: str
) -> None:
    """What was named before is reported; the rest is for others, or for the next run."""
    many(site, 2)
    site.file("slow", blob(200 * KB), Stall(at=0.5))
    doing = asyncio.create_task(
        asyncio.to_thread(node.do, "t1", settings_of(site, tmp_path), shard_of(site, "f000", "slow"))
    )
    await asyncio.to_thread(wait_until, lambda: (tmp_path / "f000").exists() and site.log.of("/pub/slow"), "a file")
    node.node.check()
    if cause == "the scheduler is gone":
        worker.is_running = False
    elif cause == "the client is gone":
        worker.taken_back.add("t1")
    else:
        node.receive([shards.STOP])
    if cause != "stopped":
        with pytest.raises(DestinationError, match="has lost its client"):
            node.node.check()
    done = await doing
    assert [result.path for result in done.results if result.outcome is Outcome.SAVED] == ["f000"]
    assert (done.failure, done.bug) == ("", "")
    assert not (tmp_path / "slow").exists()
    late = await asyncio.to_thread(node.do, "t2", settings_of(site, tmp_path / "other"), shard_of(site, "f001"))
    assert not late.results
    assert not (tmp_path / "f001").exists()


def test_a_word_of_the_client_is_answered(node: Node, worker: Worker) -> None:
    node.receive([shards.ALIVE])
    assert worker.sent == [["token", shards.HEARD, "tcp://w:1"]]
