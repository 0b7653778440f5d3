"""Credentials travel only in the shards that need them, and to a worker that follows a redirect to their origin."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import crawler
from crawler.model.report import Report
from crawler.workers import channel
from crawler.workers.cluster import local, shards
from crawler.workers.cluster.shards import Shard, unseal_shard
from crawler.workers.frames import FrameDecoder, frame
from tests.support.misbehaving.behaviours import Redirect
from tests.support.misbehaving.samples import blob, many
from tests.support.misbehaving.server import Site

pytestmark = pytest.mark.own

FIRST, SECOND = "127.0.0.1", "localhost"
OF_URL = "url-of-first"
SECRETS = {
    FIRST: (f"netrc-of-{FIRST}", f"cookie-of-{FIRST}", OF_URL),
    SECOND: (f"netrc-of-{SECOND}", f"cookie-of-{SECOND}"),
}
EVERY_SECRET = (*SECRETS[FIRST], *SECRETS[SECOND])


FILES = 900
"""Files on the first host: so many that the redirected one is requested before any shard with files of the second."""


class TwoHosts:
    """A list of files on two hosts, which have credentials of their own; one file is redirected from one to the other.

    The first shards have no file of the second host.
    """

    def __init__(self, first: Site, second: Site, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.first, self.second, self._scratch = first, second, scratch
        many(first, FILES, size=30)
        many(second, 5, size=30)
        second.file("moved", blob(40))
        first.file("f003", blob(40), Redirect(f"{second.url}moved"))
        self._cookies, netrc = scratch / "cookies.txt", scratch / "netrc"
        lines = [f"{host}\tFALSE\t/\tFALSE\t0\tn\tcookie-of-{host}" for host in (FIRST, SECOND)]
        self._cookies.write_text("# Netscape HTTP Cookie File\n" + "\n".join(lines) + "\n")
        netrc.write_text("".join(f"machine {host} login me password netrc-of-{host}\n" for host in (FIRST, SECOND)))
        monkeypatch.setenv("NETRC", str(netrc))

    def download(self, **cluster: Any) -> Report:
        urls = [f"{self.first.url}f{number:03}" for number in range(FILES)]
        urls[5] = urls[5].replace("://", f"://me:{OF_URL}@")
        items = [(url, f"first/{number}") for number, url in enumerate(urls)]
        items += [(f"{self.second.url}f{number:03}", f"second/{number}") for number in range(5)]
        return crawler.download_sync(
            items,
            self._scratch / "dir",
            netrc=True,
            cookies=str(self._cookies),
            allow_host=SECOND,
            workers=8,
            **cluster,
        )

    def check_requests(self) -> None:
        """Every file was requested with what its host gets, the redirected one with that of its target."""
        for site, host in ((self.first, FIRST), (self.second, SECOND)):
            for request in site.log.bodies():
                assert request.headers["cookie"] == f"n=cookie-of-{host}"
                if request.headers.get("range") == "bytes=0-0":  # asks how to log in
                    continue
                password = OF_URL if request.path == "/pub/f005" and host == FIRST else f"netrc-of-{host}"
                login = base64.b64encode(f"me:{password}".encode()).decode()
                assert request.headers["authorization"] == f"Basic {login}"
        assert len(self.second.log.of("/pub/moved")) >= 1


def check_shard(travelling: bytes, shard: Shard) -> set[str | None]:
    """The bytes of a shard have the secrets of the hosts of its jobs, and no others. Returns those hosts."""
    hosts = {urlsplit(job.url).hostname for job in shard.jobs}
    wanted = {each for host in hosts for each in SECRETS[str(host)]}
    if not any(job.url.endswith("/f005") for job in shard.jobs):
        wanted.discard(OF_URL)
    assert secrets_in(travelling) == wanted
    return hosts


def secrets_in(travelling: bytes) -> set[str]:
    return {each for each in EVERY_SECRET if each.encode() in travelling}


@pytest.fixture
def second() -> Iterator[Site]:
    with Site(host=SECOND) as running:
        yield running


@pytest.fixture
def hosts(site: Site, second: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoHosts:
    return TwoHosts(site, second, tmp_path, monkeypatch)


class Recorded:
    """What goes over the sockets between this process and its workers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out: list[bytes] = []
        self.received: list[bytes] = []
        recorded = self

        def recording(payload: bytes) -> bytes:
            recorded.out.append(payload)
            return frame(payload)

        class Recording(FrameDecoder):
            def feed(self, data: bytes) -> Iterator[bytes]:
                recorded.received.append(data)
                return super().feed(data)

        monkeypatch.setattr(channel, "frame", recording)
        monkeypatch.setattr(channel, "FrameDecoder", Recording)

    def messages(self) -> Iterable[tuple[Any, ...]]:
        return (message for payload in self.out for message in pickle.loads(payload))


@pytest.mark.row("X25")
def test_what_goes_to_local_workers(hosts: TwoHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, seen, granted = Recorded(monkeypatch), [], set()
    report = hosts.download(cluster="local:2")
    assert (report.saved, report.failed) == (FILES + 5, 0)
    hosts.check_requests()
    for message in recorded.messages():
        kind, *values = message
        if kind == local.SHARD:
            seen.append(check_shard(pickle.dumps(message), unseal_shard(values[1])))
        elif kind == local.TELL and values[1][0] == shards.CREDENTIALS:
            granted |= secrets_in(pickle.dumps(message))
        else:
            assert not secrets_in(pickle.dumps(message)), f"message {kind}"
    assert {FIRST} in seen, "some shards have files of the first host alone"
    assert granted == set(SECRETS[SECOND]), "the worker that was redirected has asked"
    assert not secrets_in(b"".join(recorded.received))
