"""Opening the connections of lanes: the errors when none can be opened, and addresses that are looked up once."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings, Dialer
from crawler.http.lane.lane import Lane
from crawler.http.problem import RequestError
from crawler.http.sockets.endpoint import Endpoint
from tests.support import ports


def lane() -> Lane:
    return Lane(Patience(60), lambda _lane: None)


def dialer(tls: Callable[[], ssl.SSLContext] = ssl.create_default_context, *, connect: float = 60) -> Dialer:
    return Dialer(ConnectionSettings(connect, Patience(60), tls))


async def refused(where: Endpoint, by: Dialer | None = None) -> RequestError:
    with pytest.raises(RequestError) as raised:
        await (by or dialer()).dial(where, lane)
    return raised.value


@asynccontextmanager
async def serving(greeting: bytes = b"", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that sends ``greeting`` and nothing else."""
    writers: list[asyncio.StreamWriter] = []

    def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(greeting)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    for _ in range(4):  # the connection may be older than the server's look at it
        await asyncio.sleep(0)
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with ports.refusing() as port:
        yield port


@pytest.fixture
async def secret() -> AsyncIterator[tuple[int, trustme.CA]]:
    """The port of a TLS server, and the authority that signed its certificate."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    async with serving(tls=tls) as port:
        yield port, authority


async def test_a_port_on_which_nobody_listens(free_port: int) -> None:
    error = await refused(Endpoint("127.0.0.1", free_port, is_tls=False))
    assert str(error).startswith("cannot connect: ")
    assert (error.is_permanent, error.blames_host, error.is_unsent) == (False, True, True)


async def test_a_name_that_does_not_resolve() -> None:
    error = await refused(Endpoint("name.invalid", 80, is_tls=False))
    assert str(error).startswith("cannot connect: ")
    assert (error.is_permanent, error.blames_host, error.is_unsent) == (False, True, True)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_certificate_that_is_not_trusted_or_of_another_name(secret: tuple[int, trustme.CA], name: str) -> None:
    port, authority = secret
    tls = ssl.create_default_context()
    if name == "127.0.0.1":
        authority.configure_trust(tls)
    error = await refused(Endpoint(name, port, is_tls=True), dialer(lambda: tls))
    assert "certificate is not trusted" in str(error) or str(error).startswith("cannot connect: ")
    assert error.is_unsent
    if name == "127.0.0.1":
        assert (error.is_permanent, error.blames_host) == (True, False)


async def test_a_trusted_server_is_reached(secret: tuple[int, trustme.CA]) -> None:
    port, authority = secret
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    opened = await dialer(lambda: tls).dial(Endpoint("localhost", port, is_tls=True), lane)
    opened.close()
    await asyncio.sleep(0)


async def test_a_server_that_does_not_speak_tls() -> None:
    async with serving(b"220 ready\r\n") as port:
        error = await refused(Endpoint("127.0.0.1", port, is_tls=True))
    assert "TLS handshake failed" in str(error)
    assert (error.is_permanent, error.blames_host, error.is_unsent) == (True, False, True)


async def test_a_handshake_without_an_end_meets_the_limit_of_connections() -> None:
    async with serving() as port:
        error = await refused(Endpoint("127.0.0.1", port, is_tls=True), dialer(connect=0.05))
    assert str(error) == "no connection within 0.05 s"
    assert (error.is_permanent, error.blames_host, error.is_unsent) == (False, True, True)


@pytest.mark.parametrize(
    ("number", "blames_host"), [(errno.EMFILE, False), (errno.ETIMEDOUT, True), (errno.ENETUNREACH, True)]
)
async def test_an_error_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch, number: int, blames_host: bool) -> None:
    async def fail(*_given: Any, **_more: Any) -> None:
        raise OSError(number, "because")

    monkeypatch.setattr("crawler.http.lane.dial.connected", fail)
    error = await refused(Endpoint("127.0.0.1", 1, is_tls=False))
    assert (str(error), error.blames_host, error.is_unsent) == ("cannot connect: because", blames_host, True)


async def test_concurrent_connections_share_one_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []
    look_up = socket.getaddrinfo

    def counted(host: bytes, port: int, **options: Any) -> Any:
        lookups.append(host.decode())
        return look_up("127.0.0.1" if host == b"host.test" else host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    one = dialer()
    async with serving() as port:
        where = Endpoint("host.test", port, is_tls=False)
        opened = await asyncio.gather(*[one.dial(where, lane) for _ in range(3)])
        opened.append(await one.dial(where, lane))
        assert lookups == ["host.test"]
        for each in opened:
            each.close()


def test_nobody_waits_for_a_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, end = threading.Event(), threading.Event()

    def silent(*_given: Any, **_more: Any) -> list[Any]:
        asked.set()
        end.wait(60)
        return []

    async def stopped() -> None:
        opening = asyncio.ensure_future(dialer().dial(Endpoint("host.test", 1, is_tls=False), lane))
        assert await asyncio.to_thread(asked.wait, 20)
        opening.cancel()

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        asyncio.run(stopped())  # returns although the resolver is still being waited for
        assert not end.is_set()
    finally:
        end.set()


async def test_what_the_resolver_says_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_given: Any, **_more: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert str(await refused(Endpoint("host.test", 1, is_tls=False))) == "cannot connect: unknown host"


async def test_an_address_is_resolved_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.http.sockets.resolver.Thread", None)
    async with serving() as port:
        (await dialer().dial(Endpoint("127.0.0.1", port, is_tls=False), lane)).close()
