"""Requests through a SOCKS5 proxy: who resolves names, which messages errors give, and that none bypasses it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.http.pacing.gate import Gate
from crawler.model.config import Config
from crawler.model.errors import Cause, ConfigError, FetchError
from tests.support.fakes import nothing_refused
from tests.support.misbehaving.server import Site
from tests.support.socks import INSIDE, socks_proxy

BODY = b"x" * 300_000


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("a", BODY)
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


async def get(url: str, proxy: str | None, times: int = 1, **more: Any) -> list[bytes]:
    options = client_options(Config(proxy=proxy, attempts=1, **more), [url])
    bodies = []
    async with HttpClient(options, Gate(4)) as client:
        for _ in range(times):
            async with client.open("GET", url, headers={}, permit=nothing_refused) as reply:
                bodies.append(await reply.read(1 << 20))
    return bodies


async def test_the_proxy_resolves_names_for_socks5h_and_we_for_socks5(site: Site) -> None:
    port = int(site.url.split(":")[2].partition("/")[0])
    inside = f"http://{INSIDE}:{port}/pub/a"
    local = f"http://localhost:{port}/pub/a"
    with socks_proxy() as proxy:
        assert await get(inside, f"socks5h://{proxy.address}", times=3) == [BODY] * 3
        assert await get(local, f"SOCKS5://{proxy.address}/") == [BODY]
        with pytest.raises(FetchError, match="cannot connect: "):
            await get(inside, f"socks5://{proxy.address}")
    assert proxy.asked[0] == (INSIDE, port)
    assert {host for host, _ in proxy.asked[1:]} <= {"127.0.0.1", "::1"}
    assert len(proxy.asked) in (2, 3)  # one connection for three requests; both addresses of localhost
    assert site.connections == 2


async def test_tls_goes_through_the_proxy_to_the_server(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(INSIDE).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Site(tls=context) as site, socks_proxy() as proxy:
        site.file("a", BODY)
        port = site.url.split(":")[2].partition("/")[0]
        inside, through = f"https://{INSIDE}:{port}/pub/a", f"socks5h://{proxy.address}"
        assert await get(inside, through, times=2, ca_file=str(tmp_path / "ca.pem")) == [BODY] * 2
        with pytest.raises(FetchError, match="certificate is not trusted"):
            await get(inside, through)
        with pytest.raises(FetchError, match="certificate is not trusted"):
            await get(f"https://127.0.0.1:{port}/pub/a", through, ca_file=str(tmp_path / "ca.pem"))


async def test_a_login_is_sent_to_the_proxy_alone(site: Site) -> None:
    with socks_proxy(login=(b"user", b"p@ss word")) as proxy:
        assert await get(site.url + "a", f"socks5h://user:p%40ss%20word@{proxy.address}") == [BODY]
        assert not any("authorization" in request.headers for request in site.log)
        for login in ("", "user:wr0ng@", "user@", "us%C3%A9r:x@", f"u:{'x' * 300}@"):
            with pytest.raises(FetchError) as raised:
                await get(site.url + "a", f"socks5h://{login}{proxy.address}")
            assert "SOCKS proxy" in str(raised.value)
            assert "wr0ng" not in str(raised.value)
    assert len(site.log) == 1


@pytest.mark.parametrize(
    ("refuses", "text", "retryable"),
    [(1, "General SOCKS server failure", True), (2, "not allowed by ruleset", False), (5, "Connection refused", True)],
)
async def test_a_refusal_of_the_proxy_is_the_reason(site: Site, refuses: int, text: str, retryable: bool) -> None:
    wanted = f"the SOCKS proxy socks5h://127.0.0.1:[0-9]+ of --proxy did not connect: .*{text}"
    with socks_proxy(refuses=refuses) as proxy, pytest.raises(FetchError, match=wanted) as raised:
        await get(site.url + "a", f"socks5h://{proxy.address}")
    assert raised.value.retryable is retryable
    assert site.log == []


async def test_without_the_proxy_nothing_is_requested(site: Site) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(FetchError, match=r"cannot connect to the SOCKS proxy .*: connection refused") as raised:
        await get(site.url + "a", f"socks5h://{address}")
    assert raised.value.cause is Cause.PROXY_REFUSED
    with socks_proxy() as proxy, pytest.raises(FetchError, match="cannot be requested through a SOCKS proxy"):
        await get(site.url + "é", f"socks5h://{proxy.address}")
    assert not any(request.target.startswith("/pub/") for request in site.log)


@pytest.mark.parametrize(
    ("variables", "is_used"),
    [
        ({"all_proxy": "socks5h://{}"}, True),
        ({"ALL_PROXY": "socks5h://{}"}, True),
        ({"all_proxy": "socks5h://{}", "https_proxy": "http://127.0.0.1:1"}, True),
        ({"all_proxy": "http://127.0.0.1:1", "http_proxy": "socks5h://{}"}, True),
        ({"all_proxy": "socks5h://{}", "http_proxy": ""}, True),
        ({"all_proxy": "socks5h://{}", "no_proxy": "127.0.0.0/8"}, False),
        ({"https_proxy": "socks5h://{}"}, False),
    ],
)
async def test_variables(site: Site, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_used: bool) -> None:
    with socks_proxy() as proxy:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(proxy.address))
        assert await get(site.url + "a", None) == [BODY]
    assert bool(proxy.asked) is is_used


async def test_a_missing_library_is_named_before_anything_is_requested(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    wanted = r"SOCKS needs python-socks: pip install 'crawler\[socks\]'"
    with pytest.raises(ConfigError, match=f"--proxy: {wanted}"):
        await get(site.url + "a", "socks5h://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://u:s3cret@127.0.0.1:1")
    with pytest.raises(ConfigError, match=f"all_proxy: {wanted}"):
        await get(site.url + "a", None)
    monkeypatch.setenv("no_proxy", "*")
    assert await get(site.url + "a", None) == [BODY]


@pytest.mark.skipif(shutil.which("microsocks") is None, reason="microsocks is not installed")
async def test_microsocks(site: Site) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "user", "-P", "pass"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(1000):
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=60).close()
                    break
                await asyncio.sleep(0.005)
            for scheme in ("socks5", "socks5h"):
                url = site.url.replace("127.0.0.1", "localhost") + "a"
                assert await get(url, f"{scheme}://user:pass@127.0.0.1:{port}", times=2) == [BODY] * 2
            with pytest.raises(FetchError, match=r"SOCKS proxy .* did not connect"):
                await get(url, f"socks5h://user:wrong@127.0.0.1:{port}")
        finally:
            process.terminate()
