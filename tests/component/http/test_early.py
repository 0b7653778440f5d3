"""Connections that are opened, and requests that are sent on them, before there is an event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from crawler.http.lane import dial
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings, Dialer
from crawler.http.lane.pool import LanePool
from crawler.http.problem import RequestError
from crawler.http.sockets import connect
from crawler.http.sockets.connect import established
from crawler.http.sockets.early import EarlyConnections
from crawler.http.sockets.endpoint import Endpoint
from crawler.http.sockets.open_connections import OpenConnections
from tests.support import ports
from tests.support.waiting import wait_until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TICK = 0.015
"""Seconds between two ticks of the system's clock, at most."""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


def at(listening: socket.socket, host: str = "127.0.0.1") -> Endpoint:
    return Endpoint(host, listening.getsockname()[1], is_tls=False)


def accepted(listening: socket.socket) -> socket.socket:
    connection, _ = listening.accept()
    connection.settimeout(60)
    return connection


def pool(early: EarlyConnections | None, counted: OpenConnections | None = None, *, silence: float = 60.0) -> LanePool:
    patience = Patience(silence)
    dialer = Dialer(ConnectionSettings(60.0, patience, tls=pytest.fail), early)
    connections = counted or OpenConnections(9)
    return LanePool(dialer, patience, lambda _where: connections)


def test_the_requests_are_sent_at_once_to_a_near_address(server: socket.socket) -> None:
    with EarlyConnections(at(server), [GET, OTHER]) as early:
        with accepted(server) as first, accepted(server) as second:
            assert (first.recv(1000), second.recv(1000)) == (GET, OTHER)
            assert early.left(at(server)) == 2
            sent = early.sent(at(server), OTHER)
            assert sent is not None
            with sent.socket:
                assert sent.socket.getsockname() == second.getpeername()
        assert early.sent(at(server), OTHER) is None, "it is taken"
        assert early.opened(at(server)) is None
        assert (early.left(at(server)), early.left(at(server, "127.0.0.2"))) == (1, 0)


@pytest.mark.parametrize("requests", [[GET, b""], [b"", b""]])
def test_a_near_host_gets_no_connection_that_may_not_be_needed(server: socket.socket, requests: list[bytes]) -> None:
    with EarlyConnections(at(server), requests) as early, accepted(server):
        assert early.left(at(server)) == 1


class LookUp:
    """Looks up any name as ``addresses``, once ``go_on`` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self._addresses = addresses or ("127.0.0.1",)
        self.go_on, self.is_over = threading.Event(), threading.Event()
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, _host: object, port: int, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        assert flags == socket.AI_ADDRCONFIG
        assert threading.current_thread() is not threading.main_thread()
        self.go_on.wait(60)
        self.is_over.set()
        return [found for each in self._addresses for found in self._real(each, port, family, type, proto, flags)]


def test_a_name_is_looked_up_in_a_thread(server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up, where = LookUp(monkeypatch), at(server, "some.name")
    with EarlyConnections(where, [GET]) as early:
        look_up.go_on.set()
        with accepted(server) as connection:
            assert connection.recv(1000) == GET
            sent = early.sent(where, GET)
            assert sent is not None
            sent.socket.close()


def test_after_the_event_loop_has_asked_nothing_is_opened_any_more(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, where = LookUp(monkeypatch), at(server, "some.name")
    with EarlyConnections(where, [GET]) as early:
        assert early.sent(where, GET) is None
        look_up.go_on.set()
        assert look_up.is_over.wait(60)
        server.settimeout(0.02)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("host", "data"), [("127.0.0.2", GET), ("127.0.0.1", OTHER)], ids=["another host", "another request"]
)
def test_what_does_not_fit_is_left_and_closed_at_the_end(server: socket.socket, host: str, data: bytes) -> None:
    with EarlyConnections(at(server), [GET]) as early, accepted(server) as connection:
        assert connection.recv(1000) == GET
        assert early.sent(at(server, host), data) is None
        assert early.opened(at(server)) is None, "a request is on its way there"
        early.__exit__(None, None, None)
        assert connection.recv(1) == b""


def test_a_refused_connection_is_dropped_without_an_error() -> None:
    with ports.refusing() as port:
        where = Endpoint("127.0.0.1", port, is_tls=False)
        with EarlyConnections(where, [GET, b""]) as early:
            assert early.sent(where, GET) is None
            assert early.opened(where) is None


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b", "\u00fc"])
def test_an_unknown_name_is_no_error_here(host: str) -> None:
    with EarlyConnections(Endpoint(host, 80, is_tls=False), [GET]) as early:
        assert early.sent(Endpoint(host, 80, is_tls=False), GET) is None


async def test_a_connection_that_is_still_being_opened_is_taken_over() -> None:
    """The queue of the server is full, so that it leaves connections on their way."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(full.getsockname())
        with EarlyConnections(at(full), [GET]) as early:
            assert early.sent(at(full), GET) is None
            opened = early.opened(at(full))
            assert opened is not None
            with opened, pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await established(opened)


async def test_another_address_is_tried_if_the_first_one_gives_no_connection_soon(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (dial, connect):
        monkeypatch.setattr(module, "HEAD_START", 0.02)
    port = server.getsockname()[1]
    look_up = LookUp(monkeypatch, "127.0.0.2", "127.0.0.1")
    look_up.go_on.set()
    with socket.create_server(("127.0.0.2", port), backlog=0) as full, ExitStack() as stack:
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(full.getsockname())
        where = at(server, "two.addresses")
        with EarlyConnections(where, [GET]) as early:
            wait_until(lambda: early.left(where), "a connection")
            lanes = pool(early)
            fetching = asyncio.ensure_future(lanes.send(where, GET, is_head=False))
            server.setblocking(False)
            async with asyncio.timeout(60):
                other, _ = await asyncio.get_running_loop().sock_accept(server)
            with other:
                other.sendall(OK)
                assert (await fetching).status == 200
                await lanes.close()


RESPONSES = {
    "complete": OK,
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.0 200 OK\r\n\r\nok",
    "none": b"",
    "garbage": b"SSH-2.0-OpenSSH\r\n",
    "cut header": b"HTTP/1.1 200 OK\r\nContent-",
    "cut body": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok",
}


class Answering(asyncio.Protocol):
    """Sends ``response`` for the first request on a connection, in two parts, and ends the connection."""

    requests: list[bytes]

    def __init__(self, response: bytes, requests: list[bytes]) -> None:
        self._response, self._requests = response, requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._requests.append(data)
        self._transport.write(self._response[:5])
        asyncio.get_running_loop().call_later(0.001, self._end)

    def _end(self) -> None:
        self._transport.write(self._response[5:])
        self._transport.close()


async def outcome(early: EarlyConnections | None, where: Endpoint) -> tuple[object, ...]:
    """What a caller sees of the response to GET."""
    lanes = pool(early)
    try:
        exchange = await lanes.send(where, GET, is_head=False)
        body = b""
        while piece := await exchange.next():
            body += piece
    except RequestError as error:
        return str(error), error.is_permanent, error.blames_host, error.is_unsent, error.cause
    else:
        return exchange.status, dict(exchange.headers), body
    finally:
        await lanes.close()


@pytest.mark.parametrize("has_arrived", [True, False])
@pytest.mark.parametrize("kind", RESPONSES)
async def test_a_response_is_the_same_whenever_its_request_was_sent(kind: str, has_arrived: bool) -> None:
    requests = list[bytes]()
    serving = await asyncio.get_running_loop().create_server(
        lambda: Answering(RESPONSES[kind], requests), "127.0.0.1", 0
    )
    where = at(serving.sockets[0])  # type: ignore[arg-type]
    usual, sent = await outcome(None, where), len(requests)
    with EarlyConnections(where, [GET]) as early:
        if has_arrived:
            await asyncio.sleep(0.02)
        assert await outcome(early, where) == usual
    assert requests == [GET] * 2 * sent, "and it is sent as often"
    serving.close()


async def test_two_responses_to_an_early_request_are_ambiguous_as_to_any_other() -> None:
    requests = list[bytes]()
    serving = await asyncio.get_running_loop().create_server(lambda: Answering(OK * 2, requests), "127.0.0.1", 0)
    where = at(serving.sockets[0])  # type: ignore[arg-type]
    with EarlyConnections(where, [GET]) as early:
        await outcome(early, where)
    assert requests == [GET] * 2, "the second one counts"
    serving.close()


async def test_the_connection_of_an_early_request_is_counted_and_used_again(server: socket.socket) -> None:
    counted = OpenConnections(9)
    with EarlyConnections(at(server), [GET, OTHER]) as early, accepted(server) as first, accepted(server) as second:
        lanes = pool(early, counted)
        first.sendall(OK)
        exchange = await lanes.send(at(server), GET, is_head=False)
        assert (await exchange.next(), counted.count) == (b"ok", 1)
        assert (first.recv(1000), second.recv(1000)) == (GET, OTHER)
        again = asyncio.ensure_future(lanes.send(at(server), GET, is_head=False))
        beside = asyncio.ensure_future(lanes.send(at(server), OTHER, is_head=False))
        first.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(first, 1000) == GET
        assert counted.count == 2, "and the other one is used, too"
        first.sendall(OK)
        second.sendall(OK)
        await asyncio.gather(again, beside)
        await lanes.close()
        assert counted.count == 0
        assert await asyncio.get_running_loop().sock_recv(first, 1) == b""
        assert second.recv(1) == b""


async def test_a_connection_on_which_the_server_has_spoken_first_is_not_used(server: socket.socket) -> None:
    with EarlyConnections(at(server), [b""]) as early, accepted(server) as spoken:
        spoken.sendall(b"220 ready\r\n")
        await asyncio.sleep(0.01)
        lanes = pool(early)
        fetching = asyncio.ensure_future(lanes.send(at(server), GET, is_head=False))
        server.setblocking(False)
        other, _ = await asyncio.get_running_loop().sock_accept(server)
        with other:
            other.sendall(OK)
            assert (await fetching).status == 200
            await lanes.close()


async def test_a_server_that_does_not_respond_is_given_up_after_the_usual_time(server: socket.socket) -> None:
    with EarlyConnections(at(server), [GET]) as early, accepted(server):
        lanes = pool(early, silence=0.02)
        with pytest.raises(RequestError, match=r"no response within 0\.02 s"):
            await lanes.send(at(server), GET, is_head=False)
        await lanes.close()


@pytest.mark.parametrize("delay", [0.03, 0.0])
async def test_the_time_of_a_response_is_that_which_the_system_has_seen(server: socket.socket, delay: float) -> None:
    """However long this program took to import its event loop."""
    began = time.monotonic()
    with EarlyConnections(at(server), [GET]) as early, accepted(server) as connection:
        assert connection.recv(1, socket.MSG_PEEK)
        sent = time.monotonic()
        time.sleep(delay)
        least = time.monotonic() - sent
        connection.sendall(OK)
        arrived = time.monotonic()
        time.sleep(0.05)
        asleep = time.monotonic() - arrived
        lanes, taken = pool(early), time.monotonic()
        exchange = await lanes.send(at(server), GET, is_head=False)
        await exchange.next()
        on_lane = time.monotonic() - taken  # this, and what it took before, may be long on a busy machine
        most = time.monotonic() - began - asleep
        assert least - TICK <= lanes.experience(at(server)).first.quickest < most + TICK
        assert least - TICK - on_lane <= exchange.head_start < most + TICK
        await lanes.close()


async def test_connections_that_are_not_used_yet_count_as_idle_ones(server: socket.socket) -> None:
    """So that no more than the limit are open when others are opened ahead."""
    idle = list[int]()

    def lanes_ahead(count: int) -> int:
        idle.append(count)
        return 0

    with EarlyConnections(at(server), [GET, OTHER]) as early, accepted(server) as first, accepted(server):
        lanes = pool(early)
        first.sendall(OK)
        exchange = await lanes.send(at(server), GET, is_head=False)
        lanes.open_ahead(at(server), lanes_ahead)
        await exchange.next()
        await asyncio.sleep(0)
        assert idle == [2], "that of the response, and that of the other request"
        await lanes.close()
