"""Responses on real connections, through aiohttp's session and on lanes: the same results, no bytes left over."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import trustme
import uvloop

from crawler.http.connection import Connection, UnrequestedData
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings
from crawler.http.problem import RequestError
from crawler.http.response import RawResponse
from crawler.http.session import Session
from crawler.http.sockets.open_connections import OpenConnections
from crawler.http.transport import Transport
from crawler.model.network.responses import Turn

NEXT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nWRONG"
BODY = b"some bytes"
HEADERS = {"Accept": "*/*"}
WAYS = [Session, Transport]


@dataclass(frozen=True)
class Script:
    """One response: the bytes sent, the expected body or error, and whether they are sent in pieces."""

    sent: bytes
    status: int = 200
    body: bytes | str = BODY
    """The expected body, or the text of the expected error."""
    extra: bytes = b""
    method: str = "GET"
    step: int = 1 << 16
    closes: bool = False

    def pieces(self) -> list[bytes]:
        data = self.sent + self.extra
        return [data[at : at + self.step] for at in range(0, len(data), self.step)]


def framed(status: int, framing: str, body: bytes) -> bytes:
    head = b"HTTP/1.1 %d x\r\nLocation: /other\r\n" % status
    length = b"Content-Length: %d" % len(BODY)
    match framing:
        case "length":
            return head + length + b"\r\n\r\n" + body
        case "twice":
            return head + length + b"\r\n" + length + b"\r\n\r\n" + body
        case "interim":
            return b"HTTP/1.1 103 x\r\n\r\n" + head + b"Content-Length: %d, %d\n\n" % (len(BODY), len(BODY)) + body
        case "long header":
            return head + b"X: " + b"x" * 20_000 + b"\r\n" + length + b"\r\n\r\n" + body
    chunks = b"3\r\n%b\r\n7;x=y\r\n%b\r\n0\r\nX: y\r\n\r\n" % (body[:3], body[3:]) if body else b""
    extra = b"Content-Length: 3\r\n" if framing == "both" else b""
    return head + extra + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


SCRIPTS = [
    Script(framed(status, framing, body), status, body, extra, method, step)
    for status, framing, extra, method, step in itertools.product(
        [200, 206, 302, 404, 204, 304],
        ["length", "twice", "interim", "long header", "chunked", "both"],
        [b"", b"\r\n", STRAY],
        ["GET", "HEAD"],
        [1 << 16, 37],
    )
    for body in [b"" if method == "HEAD" or status in (204, 304) else BODY]
    if framing != "long header" or step > 37
]
INVALID, DAMAGED = "the response is not valid HTTP", "damaged body"
REFUSED = [
    Script(data, 0, error, closes=closes)
    for data, error, closes in [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcdef",
         f"{INVALID}: conflicting Content-Length values", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde", f"{INVALID}: invalid Content-Length", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         f"{INVALID}: unexpected Transfer-Encoding: gzip, chunked", False),
        (b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n",
         f"{INVALID}: unexpected switch to another protocol (status 101)", False),
        (b"ICY 200 OK\r\n\r\n", f"{INVALID}: no status line", False),
        (b"\x15\x03\x01\x00\x02\x02\x46", f"{INVALID}: no status line", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
         f"{INVALID}: a header line of more than 65536 bytes", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", f"{DAMAGED}: invalid chunk size", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
         f"{DAMAGED}: a chunk is longer than its size", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", "the connection ended before the body did", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", "the server closed the connection without a response", True),
    ]
]  # fmt: skip


class Scripted:
    """Sends the script of a path. For any other path, sends the scripts that have not been requested yet."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.scripts: dict[str, Script] = {}
        self.connections = 0
        self.seen: list[tuple[int, str]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.gone: list[asyncio.Event] = []
        """Set when the client has closed the connection."""
        self.greeting = b""
        self._tls = tls

    async def __aenter__(self) -> Scripted:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.writers.append(writer)
        self.gone.append(gone := asyncio.Event())
        writer.write(self.greeting)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                path = head.split(" ")[1]
                self.seen.append((number, path))
                script = self.scripts.get(path)
                for piece in [NEXT] if script is None else script.pieces():
                    writer.write(piece)
                    if script is not None:
                        await asyncio.sleep(0)
                if script is not None and script.closes:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            gone.set()
            writer.close()


def made(way: type[Session | Transport], tls: ssl.SSLContext | None = None) -> Session | Transport:
    settings = ConnectionSettings(60, Patience(60), lambda: tls or ssl.create_default_context())
    if way is Session:
        return Session("agent/1", settings)
    return Transport("agent/1", settings, lambda _url: OpenConnections(100))


@pytest.fixture(params=WAYS)
async def sender(request: pytest.FixtureRequest) -> AsyncIterator[Session | Transport]:
    made_one = made(request.param)
    yield made_one
    await made_one.close()


async def send(sender: Session | Transport, url: str, method: str = "GET") -> tuple[int, bytes]:
    async with asyncio.timeout(60):
        response = await sender.send(method, url, HEADERS, None)
        try:
            return response.status, b"".join([piece async for piece in pieces_of(response)])
        finally:
            response.release()


async def pieces_of(response: RawResponse) -> AsyncIterator[bytes]:
    while piece := await response.next():
        yield piece


async def outcome(sender: Session | Transport, url: str, script: Script) -> tuple[int, bytes | str]:
    try:
        return await send(sender, url, script.method)
    except RequestError as error:
        return 0, str(error)


async def test_responses_of_all_kinds_are_read_alike_and_leave_no_bytes(sender: Session | Transport) -> None:
    async with Scripted() as server:
        await send(sender, f"{server.url}/first")
        for number, script in enumerate(SCRIPTS + REFUSED):
            server.scripts[f"/{number}"] = script
            found = await outcome(sender, f"{server.url}/{number}", script)
            assert found == (script.status, script.body), script
            assert await send(sender, f"{server.url}/next") == (200, b"next"), script
            (used, _), (later, _) = server.seen[-2:]
            if script.extra or isinstance(script.body, str):
                assert later != used, script


async def test_an_ordinary_response_keeps_its_connection(sender: Session | Transport) -> None:
    async with Scripted() as server:
        for number, script in enumerate(SCRIPTS):
            server.scripts[f"/{number}"] = script
            if not script.extra and b"Content-Length: 3\r\n" not in script.sent:
                await send(sender, f"{server.url}/{number}", script.method)
        assert server.connections == 1


@pytest.mark.parametrize("extra", [STRAY, b"\r\n", b"HTTP/1.1 408 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("is_noticed", [True, False], ids=["noticed", "unread"])
async def test_data_on_an_idle_connection_is_not_the_next_response(
    sender: Session | Transport, extra: bytes, is_noticed: bool
) -> None:
    """``unread``: the data is in the socket when the next request is about to be sent."""
    async with Scripted() as server:
        for number in range(1, 4):
            assert await send(sender, f"{server.url}/first") == (200, b"next")
            assert server.connections == number
            server.writers[-1].write(extra)
            if is_noticed:
                async with asyncio.timeout(60):
                    await server.gone[-1].wait()
        assert await send(sender, f"{server.url}/last") == (200, b"next")
        assert server.connections == 4


async def test_a_response_that_another_one_follows_is_requested_once_more(sender: Session | Transport) -> None:
    """Either may be the right one. The second response counts, even if another one follows it, too."""
    async with Scripted() as server:
        for number, (extra, requests) in enumerate([(b"", 1), (b"x", 1), (STRAY, 2)]):
            server.scripts[f"/{number}"] = Script(framed(200, "length", BODY), extra=extra)
            assert await send(sender, f"{server.url}/{number}") == (200, BODY)
            assert [path for _, path in server.seen].count(f"/{number}") == requests


async def test_responses_know_their_turn_on_a_connection_which_is_not_used_again_once_suspect(
    sender: Session | Transport,
) -> None:
    async with Scripted() as server:
        turns = list[Turn]()
        for path in "abc":
            response = await sender.send("GET", f"{server.url}/{path}", HEADERS, None)
            assert response.turn is not None
            turns.append(response.turn)
            assert [piece async for piece in pieces_of(response)] == [b"next"]
            response.release()
        assert server.connections == 1
        assert [turn.is_repeated(url, "x") for turn, url in zip(turns, "abb", strict=True)] == [False, True, False]
        turns[0].carrier.suspect()
        await send(sender, f"{server.url}/last")
        assert server.connections == 2


def end_without_goodbye(writer: asyncio.StreamWriter) -> None:
    """Send FIN without close_notify."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as wire:
        wire.shutdown(socket.SHUT_WR)


async def test_data_sent_before_a_request_is_not_its_response() -> None:
    loop = asyncio.get_running_loop()
    async with Scripted() as server:
        server.greeting = STRAY
        port = int(server.url.rpartition(":")[2])
        _, connection = await loop.create_connection(lambda: Connection(loop), "127.0.0.1", port)
        async with asyncio.timeout(60):
            with pytest.raises(UnrequestedData):
                await connection.read()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_orderly", [True, False])
def test_a_body_without_a_length_ends_with_close_notify(
    loop: object, way: type[Session | Transport], is_orderly: bool
) -> None:
    """A FIN alone proves nothing: anyone on the network can send one (RFC 9112 section 9.8)."""
    authority = trustme.CA()
    server_tls, client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server_tls)
    authority.configure_trust(client_tls)

    async def read() -> tuple[int, bytes | str]:
        sender = made(way, client_tls)
        try:
            async with Scripted(server_tls) as server:
                await send(sender, f"{server.url}/first")
                script = Script(b"HTTP/1.1 200 OK\r\n\r\nsome")
                server.scripts["/cut"] = script
                response = await sender.send("GET", f"{server.url}/cut", HEADERS, None)
                assert await response.next() == b"some"
                if is_orderly:
                    server.writers[-1].close()
                else:
                    end_without_goodbye(server.writers[-1])
                try:
                    async with asyncio.timeout(60):
                        return response.status, await response.next()
                except RequestError as error:
                    return response.status, str(error)
                finally:
                    response.release()
        finally:
            await sender.close()

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        assert runner.run(read()) == (200, b"" if is_orderly else "the connection ended before the body did")
