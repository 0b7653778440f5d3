"""Requests on lanes equal those of aiohttp's session, as recorded by a server."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from crawler.http.framing.request_head import endpoint
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings
from crawler.http.problem import RequestError
from crawler.http.response import RawResponse, combined
from crawler.http.session import Session
from crawler.http.sockets.open_connections import OpenConnections
from crawler.http.transport import Transport

PLAIN = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "1"\r\n\r\nhello'
GOOD = PLAIN.replace(b"hello", b"right")
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "If-None-Match": '"x"'}


class Server:
    """Responds by path; ``received`` holds (number of the connection, header section) of each request."""

    def __init__(self) -> None:
        self.received: list[tuple[int, str]] = []
        self.responses: dict[str, Callable[[asyncio.StreamWriter], bytes | None]] = {}
        self._connections = 0
        self.url = ""
        self.decoding = "utf-8"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode(self.decoding):
                self.received.append((number, head))
                response = self.responses.get(head.split(" ")[1], lambda _writer: PLAIN)(writer)
                if response is None:
                    break
                writer.write(response)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    listening.close()


def made(way: type[Session | Transport]) -> Session | Transport:
    settings = ConnectionSettings(60, Patience(60), ssl.create_default_context)
    if way is Session:
        return Session("agent/1", settings)
    return Transport("agent/1", settings, lambda _url: OpenConnections(100))


@asynccontextmanager
async def closing(sender: Session | Transport) -> AsyncIterator[Session | Transport]:
    try:
        yield sender
    finally:
        await sender.close()


@pytest.fixture
async def sender() -> AsyncIterator[Session | Transport]:
    sender = made(Transport)
    yield sender
    await sender.close()


async def body_of(response: RawResponse) -> bytes:
    body = b""
    while piece := await response.next():
        body += piece
    return body


async def get(
    sender: Session | Transport, url: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, bytes]:
    response = await sender.send(method, url, HEADERS if headers is None else headers, None)
    try:
        return response.status, await body_of(response)
    finally:
        response.release()


async def begun(
    server: Server, sender: Session | Transport, rest: bytes, *, kept: bool
) -> tuple[RawResponse, asyncio.StreamWriter]:
    """(response, server's writer) once only ``some`` of the body has come, on a reused (``kept``) or new connection."""
    if kept:
        await get(sender, f"{server.url}/")
    writers: list[asyncio.StreamWriter] = []

    def begin(writer: asyncio.StreamWriter) -> bytes:
        writers.append(writer)
        return b"HTTP/1.1 200 OK\r\n" + rest

    server.responses["/begun"] = begin
    response = await sender.send("GET", f"{server.url}/begun", HEADERS, None)
    assert await response.next() == b"some"
    return response, writers[0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [HEADERS, {"User-Agent": "mine", "Range": "bytes=0-"}])
async def test_a_request_on_a_lane_is_the_one_of_the_session(
    server: Server, method: str, headers: dict[str, str]
) -> None:
    server.responses = dict.fromkeys(["/a%20b?c=%2F", "/"], lambda _: b"HTTP/1.1 204 x\r\n\r\n")
    for way in (Session, Transport):
        sender = made(way)
        for target in ("/a%20b?c=%2F#d", "/", "#d", ""):
            assert await get(sender, server.url + target, headers, method) == (204, b"")
        await sender.close()
    found = [(text.partition("\r\n")[0], sorted(text.split("\r\n"))) for _, text in server.received]
    half = len(found) // 2
    assert found[:half] == found[half:]
    assert found[0][0] == f"{method} /a%20b?c=%2F HTTP/1.1"


async def test_headers_of_the_user_replace_defaults(server: Server, sender: Session | Transport) -> None:
    for _ in range(2):
        await get(sender, f"{server.url}/", {"User-Agent": "mine", "host": "other.example"})
    for _, head in server.received:
        assert head.lower().count("user-agent:") == head.lower().count("host:") == 1
        assert "User-Agent: mine" in head


async def test_a_connection_closed_while_idle_is_replaced(server: Server, sender: Session | Transport) -> None:
    await get(sender, f"{server.url}/")
    broken = iter([None, PLAIN])
    server.responses["/closed"] = lambda _writer: next(broken)
    assert await get(sender, f"{server.url}/closed") == (200, b"hello")
    assert [number for number, _ in server.received] == [1, 1, 2]


async def test_a_server_that_closes_each_connection_gets_the_request_twice_at_most(
    server: Server, sender: Session | Transport
) -> None:
    await get(sender, f"{server.url}/")
    server.responses["/closed"] = lambda _writer: None
    with pytest.raises(RequestError, match="without a response"):
        await get(sender, f"{server.url}/closed")
    assert len(server.received) == 3


LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate"
JUNK = [
    b"\0", b"\r\n", b"x", b"\xff" * 300, b"</body></html>\n", b"220 ready\r\n", b"\x15\x03\x01\0\x02\x02\x46", PLAIN,
    LATE,
]  # fmt: skip
"""What a server may send too much. The complete response is here only to be sent before the next request."""


@pytest.mark.parametrize("way", [Session, Transport])
@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("moment", ["with the body", "a moment later", "with the next request"])
async def test_what_a_server_sends_too_much_costs_the_next_request_nothing(
    server: Server, way: type[Session | Transport], junk: bytes, moment: str
) -> None:
    """It is not lost, nor is anything else taken for its response, which is sent at most twice."""
    if moment == "with the next request" and junk == PLAIN:
        return
    sent = list[asyncio.StreamWriter]()

    def with_junk(writer: asyncio.StreamWriter) -> bytes:
        is_used = writer in sent
        sent.append(writer)
        if moment == "a moment later":
            asyncio.get_running_loop().call_later(0.01, writer.write, junk)
        before = junk if moment == "with the next request" and is_used else b""
        return before + GOOD + (junk if moment == "with the body" else b"")

    server.responses = {f"/{number}": with_junk for number in range(4)}
    async with closing(made(way)) as sender:
        for number in range(4):
            assert await get(sender, f"{server.url}/{number}") == (200, b"right")
            if moment == "a moment later":
                await asyncio.sleep(0.02)
    paths = [head.split(" ")[1] for _, head in server.received]
    assert set(paths) == set(server.responses)
    assert max(map(paths.count, paths)) <= 2


@pytest.mark.parametrize("way", [Session, Transport])
async def test_a_408_on_a_used_connection_is_no_response_to_the_request(
    server: Server, way: type[Session | Transport]
) -> None:
    """The server gave up waiting for a request just when this one was sent."""
    responses = iter([LATE, GOOD, LATE, LATE])
    server.responses["/late"] = lambda _writer: next(responses)
    async with closing(made(way)) as sender:
        await get(sender, f"{server.url}/")
        assert await get(sender, f"{server.url}/late") == (200, b"right")
        assert await get(sender, f"{server.url}/late") == (408, b"late")
    assert [number for number, _ in server.received] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("way", [Session, Transport])
async def test_a_server_that_sends_no_response_gets_the_request_twice_at_most(
    server: Server, way: type[Session | Transport]
) -> None:
    server.responses["/junk"] = lambda _writer: b"junk"
    async with closing(made(way)) as sender:
        await get(sender, f"{server.url}/")
        with pytest.raises(RequestError, match="not valid HTTP"):
            await get(sender, f"{server.url}/junk")
    assert [number for number, _ in server.received] == [1, 1, 2]


@pytest.mark.parametrize("kept", [False, True], ids=["first", "later"])
async def test_a_new_connection_closed_without_a_response_counts_as_an_attempt(
    server: Server, sender: Session | Transport, kept: bool
) -> None:
    if kept:
        server.responses["/"] = lambda _writer: PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        await get(sender, f"{server.url}/")
    server.responses["/closed"] = lambda _writer: None
    for method in ("GET", "HEAD"):
        server.received.clear()
        with pytest.raises(RequestError, match="without a response"):
            await sender.send(method, f"{server.url}/closed", HEADERS, None)
        assert len(server.received) == 1


async def test_no_body_is_expected_in_the_response_to_head(server: Server, sender: Session | Transport) -> None:
    server.responses["/head"] = lambda _writer: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    for _ in range(3):
        response = await sender.send("HEAD", f"{server.url}/head", HEADERS, None)
        assert (response.status, response.headers["Content-Length"]) == (200, "9")
        assert await body_of(response) == b""
        response.release()
    assert [number for number, _ in server.received] == [1, 1, 1]


@pytest.mark.parametrize("kept", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("is_reset", [False, True], ids=["end", "reset"])
async def test_a_body_without_a_length_ends_with_the_connection_and_not_with_a_reset(
    server: Server, sender: Session | Transport, kept: bool, is_reset: bool
) -> None:
    response, writer = await begun(server, sender, b"Connection: close\r\n\r\nsome", kept=kept)
    if is_reset:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        with pytest.raises(RequestError):
            await response.next()
    else:
        writer.close()
        assert await response.next() == b""
    response.release()


@pytest.mark.parametrize(
    ("fields", "coding"),
    [
        ([("Content-Encoding", "identity"), ("content-encoding", "gzip")], "identity, gzip"),
        ([("Content-Encoding", "gzip")], "gzip"),
        ([("Transfer-Encoding", "chunked")], None),
    ],
)
def test_codings_in_several_fields_are_one_list(fields: list[tuple[str, str]], coding: str | None) -> None:
    headers = CIMultiDictProxy(CIMultiDict([*fields, ("X", "1"), ("X", "2")]))
    assert combined(headers).get("Content-Encoding") == coding
    assert combined(headers)["x"] == "1"


@pytest.mark.parametrize("kept", [False, True], ids=["first", "later"])
async def test_a_304_ends_with_its_header(server: Server, sender: Session | Transport, kept: bool) -> None:
    """Excess bytes are neither read nor taken for the next response."""
    if kept:
        await get(sender, f"{server.url}/")
    server.responses["/a"] = lambda _writer: b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\nhello'
    for _ in range(2):
        assert await get(sender, f"{server.url}/a") == (304, b"")
    assert await get(sender, f"{server.url}/") == (200, b"hello")
    first, second, third = [number for number, _ in server.received][-3:]
    assert first < second < third, "its connection is not used again"


async def test_a_body_may_look_like_a_304(server: Server, sender: Session | Transport) -> None:
    body = b"HTTP/1.1 304 Not Modified\r\n\r\nand more"

    def response(writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        return body

    server.responses["/a"] = response
    assert await get(sender, f"{server.url}/a") == (200, body)


async def test_interim_responses_are_skipped(server: Server, sender: Session | Transport) -> None:
    server.responses["/early"] = lambda _writer: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + PLAIN
    for _ in range(2):
        assert await get(sender, f"{server.url}/early") == (200, b"hello")


async def test_an_unread_body_is_not_taken_for_the_next_response(server: Server, sender: Session | Transport) -> None:
    await get(sender, f"{server.url}/")
    server.responses["/long"] = lambda _writer: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"
    response = await sender.send("GET", f"{server.url}/long", HEADERS, None)
    response.release()
    assert await get(sender, f"{server.url}/") == (200, b"hello")
    assert [number for number, _ in server.received] == [1, 1, 2]


async def test_a_response_that_is_not_http_is_an_error(server: Server, sender: Session | Transport) -> None:
    await get(sender, f"{server.url}/")
    server.responses["/bad"] = lambda _writer: b"HTTP/1.1 two hundred\r\n\r\n"
    with pytest.raises(RequestError, match="not valid HTTP"):
        await get(sender, f"{server.url}/bad")


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b"])
async def test_no_header_makes_another_one(server: Server, sender: Session | Transport, value: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match=r"(?i)header"):
            await get(sender, f"{server.url}/", {"X": value})
        await get(sender, f"{server.url}/")
    assert not any("X:" in head for _, head in server.received)


async def test_a_body_that_is_cut_short_is_an_error(server: Server, sender: Session | Transport) -> None:
    await get(sender, f"{server.url}/")

    def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")

    server.responses["/cut"] = cut
    with pytest.raises(RequestError):
        await get(sender, f"{server.url}/cut")


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("nonsense", [b"zz\r\nmore", b"5more"])
async def test_malformed_chunks_are_an_error(
    server: Server, sender: Session | Transport, nonsense: bytes, kept: bool
) -> None:
    response, writer = await begun(server, sender, b"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n", kept=kept)
    writer.write(nonsense)
    with pytest.raises(RequestError):
        async with asyncio.timeout(60):
            await response.next()
    response.release()
    assert await get(sender, f"{server.url}/") == (200, b"hello")


@pytest.mark.parametrize("way", [Session, Transport])
async def test_validators_that_are_not_utf8_are_returned_unchanged(
    server: Server, way: type[Session | Transport]
) -> None:
    """aiohttp's session can send only UTF-8, so it omits all conditions, and a range that depends on one."""
    conditions = {"Range": "bytes=5-", "If-Range": '"caf\udce9"'}
    server.decoding = "latin-1"
    sender = made(way)
    assert await get(sender, f"{server.url}/", {"Accept": "*/*", **conditions}) == (200, b"hello")
    await sender.close()
    head = server.received[0][1]
    if way is Session:
        assert "range" not in head.lower()
    else:
        assert 'Range: bytes=5-\r\nIf-Range: "caf\xe9"\r\n' in head


@pytest.mark.parametrize("way", [Session, Transport])
async def test_a_response_without_a_body_may_come_again(server: Server, way: type[Session | Transport]) -> None:
    """aiohttp shares one object among all empty bodies; a second reader would wait for its end forever."""
    server.responses["/"] = lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"
    sender = made(way)
    for _ in range(3):
        assert await get(sender, f"{server.url}/") == (204, b"")
    await sender.close()
    assert len(server.received) == 3


AUTHORITIES = (
    "h", "a.example", "a-1.b.c", "127.0.0.1", "127.1", "h.", "h..", "-", "xn--mnchen-3ya", "H", "h_1", "[::1]", "a..b",
)  # fmt: skip


@pytest.mark.parametrize("port", ["", ":80", ":443", ":8080", ":65535", ":0", ":080", ":"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_endpoint_of_a_plain_name_is_that_of_the_url_library(scheme: str, port: str) -> None:
    for authority in AUTHORITIES:
        url = URL(f"{scheme}://{authority}{port}", encoded=True)
        found = endpoint(str(url), None)
        if found is not None:
            where, field = found
            assert (where.host.rstrip("."), where.port) == ((url.raw_host or "").rstrip("."), url.port)
            assert (where.is_tls, field) == (scheme == "https", url.host_port_subcomponent)


def test_a_port_that_does_not_exist_has_no_endpoint() -> None:
    assert endpoint("http://h:65536", None) is None
