"""The client's connection to a scheduler of dask: what it says if it cannot be used, or has been closed."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from crawler.model.errors import ConfigError
from crawler.workers.cluster.carrier import ClusterError

distributed = pytest.importorskip("distributed")

import dask  # noqa: E402

from crawler.app.cluster.tasks import FUNCTIONS  # noqa: E402
from crawler.workers.cluster.dask_connection import connected  # noqa: E402
from tests.support.dask_worker import new_scheduler  # noqa: E402


@pytest.fixture
async def scheduler(tmp_path: Path) -> AsyncIterator[object]:
    async with new_scheduler(distributed.Security(), str(tmp_path)) as scheduler:
        yield scheduler


async def test_a_cluster_without_workers_is_asked_for_one_and_a_closed_client_raises_nothing_of_its_own(
    scheduler: distributed.Scheduler,
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        async with connected(scheduler.address, "t", FUNCTIONS, insecure=False) as connection:
            connection.listen(lambda _message: None, lambda _address, _has_joined: None)
            for _ in range(2):
                assert await connection.workers() == []
            async with asyncio.timeout(60):
                while not scheduler.adaptive_target():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert list(scheduler.tasks) == ["crawler-t-wish"], "so that a cluster that scales by itself starts one"
            await connection._client.close()
            assert connection.is_lost
            assert not await connection.tell([1], ["tcp://127.0.0.1:1"])
            connection.unsubscribe()
            with pytest.raises(ClusterError, match="has ended or cannot be reached"):
                await connection.workers()
            with pytest.raises(ClusterError, match="has ended or cannot be reached"):
                await connection.versions()
    assert not [each for each in caught if "Version" in each.category.__name__]


@pytest.mark.parametrize(
    ("ca", "cert", "key", "says"),
    [
        ("ca", "cert", "absent", r"cannot use \S+absent: No such file or directory"),
        ("absent", "cert", "key", r"cannot use \S+absent: No such file or directory"),
        ("ca", "absent", "key", r"cannot use \S+absent: No such file or directory"),
        ("text", "cert", "key", r"cannot use \S+text: is no CA file"),
        ("ca", "text", "key", r"cannot use \S+text: is no certificate file"),
        ("ca", "cert", "other", r"cannot use \S+other: is not the key of \S+cert"),
        ("ca", "cert", "key", "cannot connect: "),
    ],
)
async def test_certificates_that_cannot_be_used_are_named(
    scheduler: distributed.Scheduler, tmp_path: Path, ca: str, cert: str, key: str, says: str
) -> None:
    authority = trustme.CA()
    ours, theirs = authority.issue_cert("a.example"), authority.issue_cert("b.example")
    authority.cert_pem.write_to_path(tmp_path / "ca")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    ours.private_key_pem.write_to_path(tmp_path / "key")
    theirs.private_key_pem.write_to_path(tmp_path / "other")
    (tmp_path / "text").write_text("not a certificate")
    address = scheduler.address.replace("tcp://", "tls://")
    files = {"ca-file": ca, "client.cert": cert, "client.key": key}
    settings = {f"distributed.comm.tls.{name}": str(tmp_path / path) for name, path in files.items()}
    with (
        dask.config.set(settings),
        pytest.raises(ConfigError, match=f"--cluster {re.escape(address)}: {says}"),
    ):
        async with connected(address, "t", FUNCTIONS, insecure=False):
            pass
