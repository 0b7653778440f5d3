"""A proxy that cannot be used is named, and blamed instead of the server behind it."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest
import trustme

from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.http.pacing.gate import Gate
from crawler.model.config import Config
from crawler.model.errors import Cause, FetchError
from tests.support.fakes import nothing_refused


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@asynccontextmanager
async def proxy(
    reply: bytes, tls: ssl.SSLContext | None = None, requests: list[bytes] | None = None
) -> AsyncIterator[str]:
    """The address of a server that gives ``reply`` to every request, and notes it in ``requests``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(4096)
        if requests is not None:
            requests.append(request)
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def failure(url: str, through: str) -> FetchError:
    async with HttpClient(client_options(Config(proxy=through, attempts=1), [url]), Gate(4)) as client:
        with pytest.raises(FetchError) as raised:
            async with client.open("GET", url, headers={}, permit=nothing_refused):
                pass
    return raised.value


def answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("of_proxy", ["http", "https"])
async def test_a_port_without_a_proxy(scheme: str, of_proxy: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    error = await failure(f"{scheme}://192.0.2.7/", f"{of_proxy}://u:secret@{address}")
    assert str(error) == f"cannot connect to the proxy {of_proxy}://{address} of --proxy: connection refused"
    assert (error.cause, error.connection) == (Cause.PROXY_REFUSED, True)


@pytest.mark.parametrize(
    ("status", "cause", "retryable"),
    [
        ("407 Proxy Authentication Required", Cause.PROXY_LOGIN, False),
        ("403 Forbidden", Cause.PROXY, False),
        ("502 Bad Gateway", Cause.PROXY, True),
    ],
)
async def test_a_proxy_that_refuses_to_connect(status: str, cause: Cause, retryable: bool) -> None:
    async with proxy(answer(status)) as address:
        error = await failure("https://192.0.2.7/", f"http://u:secret@{address}")
    assert str(error) == f"the proxy http://{address} of --proxy refused to connect: HTTP {status[:3]}"
    assert (error.cause, error.retryable) == (cause, retryable)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("speaks_tls", [False, True])
async def test_a_proxy_whose_tls_cannot_be_used(scheme: str, speaks_tls: bool) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with proxy(answer("200 OK"), context if speaks_tls else None) as address:
        error = await failure(f"{scheme}://192.0.2.7/", f"https://{address}")
    named = f"the proxy https://{address} of --proxy"
    start = f"the certificate of {named} is not trusted: " if speaks_tls else f"the TLS handshake with {named} failed: "
    assert str(error).startswith(start)
    assert (error.cause, error.retryable) == (Cause.PROXY, False)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_login_is_sent_to_the_proxy(scheme: str) -> None:
    requests: list[bytes] = []
    async with proxy(b"", requests=requests) as address:
        await failure(f"{scheme}://192.0.2.7/", f"http://us%C3%A9r:se%3Acret@{address}")
    assert b"Proxy-Authorization: Basic dXPDqXI6c2U6Y3JldA==\r\n" in requests[0]
    assert b"\r\nAuthorization" not in requests[0]


async def test_a_server_behind_a_proxy_is_blamed_itself() -> None:
    """The proxy connects, and what is behind it does not speak TLS."""
    async with proxy(b"HTTP/1.1 200 Connection established\r\n\r\nno TLS\r\n") as address:
        error = await failure("https://192.0.2.7/", f"http://{address}")
    assert error.cause not in {Cause.PROXY, Cause.PROXY_REFUSED, Cause.PROXY_LOGIN}
    assert "proxy" not in str(error)
