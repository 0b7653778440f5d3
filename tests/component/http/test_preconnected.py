"""Connections that are opened ahead: who uses them, and what closes them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self

import pytest

from crawler.http.lane import pool as pool_module
from crawler.http.lane import preconnected
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings, Dialer
from crawler.http.lane.lane import Lane
from crawler.http.lane.pool import LanePool
from crawler.http.problem import RequestError
from crawler.http.sockets.endpoint import Endpoint
from crawler.http.sockets.open_connections import OpenConnections
from crawler.model.network.pipelining import Verdict

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Responds to each request with ``response``, and counts its connections.

    ``one_at_a_time``: a connection is served until it ends, and only then the next one, as by the simplest servers.
    """

    def __init__(self, response: bytes = OK, *, one_at_a_time: bool = False, closes_unused: bool = False) -> None:
        self._response, self._closes_unused = response, closes_unused
        self._turn = asyncio.Semaphore(1 if one_at_a_time else 1 << 30)
        self.opened = self.ended = 0
        self.used = set[int]()
        self.changed = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.where = Endpoint("127.0.0.1", self._server.sockets[0].getsockname()[1], is_tls=False)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self.until(lambda: self.ended == self.opened)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.opened
        self._writers.append(writer)
        self.opened += 1
        self.changed.set()
        try:
            async with self._turn:
                while data := await reader.read(1 << 16):
                    if self._closes_unused and number:
                        writer.transport.abort()
                        return
                    self.used.add(number)
                    writer.write(self._response * data.count(b"\r\n\r\n"))
                    if self._response is LAST:
                        return
        except ConnectionError:
            pass
        finally:
            self.ended += 1
            self.changed.set()
            writer.close()


def lanes(connect_timeout: float = 60.0, connections: OpenConnections | None = None) -> LanePool:
    patience = Patience(60.0)
    counted = connections or OpenConnections(100)
    return LanePool(
        Dialer(ConnectionSettings(connect_timeout, patience, tls=pytest.fail)), patience, lambda _where: counted
    )


async def fetch(pool: LanePool, where: Endpoint) -> bytes:
    return await (await pool.send(where, GET, is_head=False)).next()


class Any:
    """Implements ``Together``: requests that may follow any others."""

    url, are_small, size = "http://h/", True, 2

    def requests(self, _most: int, _free: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        return ()

    def following(self, _carried: object) -> Sequence[int]:
        return range(99)

    def keep(self, _places: Sequence[int]) -> None: ...

    def judge(self, _responses: object, _carried: object, *, is_ended: bool) -> Verdict:
        raise NotImplementedError


async def test_later_requests_use_them_and_open_no_more() -> None:
    async with Server() as server:
        pool = lanes()
        pool.open_ahead(server.where, lambda _idle: 3)
        await asyncio.sleep(0)
        assert server.opened == 0, "the host has not been reached yet"
        assert await fetch(pool, server.where) == b"ok"
        await server.until(lambda: server.opened == 4)
        found = await asyncio.gather(*(fetch(pool, server.where) for _ in range(4)))
        sent = await pool.share(server.where, [GET, GET], Any())
        pool.settle(server.where, sent, None)
        assert (found, [answer and answer.body for answer in sent.answers]) == ([b"ok"] * 4, [b"ok"] * 2)
        assert (server.opened, server.used) == (4, {0, 1, 2, 3})
        await pool.close()
        await server.until(lambda: server.ended == 4)


async def test_a_request_waits_for_one_that_is_being_opened() -> None:
    async with Server() as server:
        pool = lanes()
        await fetch(pool, server.where)
        pool.open_ahead(server.where, lambda _idle: 2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.gather(*(fetch(pool, server.where) for _ in range(3)))
        assert server.opened == 3
        await pool.close()


@pytest.mark.parametrize("why", ["unused", "closed", "a host that closes"])
async def test_what_is_not_needed_is_closed(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if why == "unused":
        monkeypatch.setattr(preconnected, "_KEPT", 0.01)
    async with Server(LAST if why == "a host that closes" else OK) as server:
        pool = lanes()
        pool.open_ahead(server.where, lambda _idle: 2)
        await fetch(pool, server.where)
        if why != "a host that closes":
            await server.until(lambda: server.opened == 3)
        if why == "closed":
            await pool.close()
        await server.until(lambda: server.ended == server.opened - (why == "unused"))
        assert len(server.used) == 1
        await pool.close()


async def test_nothing_is_opened_to_a_host_that_cannot_be_reached(unused_tcp_port: int) -> None:
    pool = lanes()
    pool.open_ahead(Endpoint("127.0.0.1", unused_tcp_port, is_tls=False), lambda _idle: pytest.fail("reached"))
    with pytest.raises(RequestError):
        await fetch(pool, Endpoint("127.0.0.1", unused_tcp_port, is_tls=False))
    await pool.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("together", [False, True])
async def test_one_that_the_server_closes_costs_nothing(*, together: bool) -> None:
    """The request is sent again, and it says nothing about pipelining."""
    async with Server(closes_unused=True) as server:
        pool = lanes()
        pool.open_ahead(server.where, lambda _idle: 1)
        first = await pool.send(server.where, GET, is_head=False)
        await server.until(lambda: server.opened == 2)
        if together:
            pool._idle.clear()
            sent = await pool.share(server.where, [GET, GET], Any())
            assert (sent.answers, sent.ending, sent.is_race) == ([None, None], None, False)
            pool.settle(server.where, sent, None)
        assert await first.next() == b"ok"
        await pool.close()


async def test_a_server_that_serves_one_connection_at_a_time_is_not_blocked_by_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits for the next request on a connection, or its end, before it looks at the next one."""
    monkeypatch.setattr(pool_module, "_FRESH", 0.05)
    async with Server(one_at_a_time=True) as server:
        pool = lanes()
        pool.open_ahead(server.where, lambda _idle: 4)
        async with asyncio.timeout(60):
            found = await asyncio.gather(*(fetch(pool, server.where) for _ in range(3)))
        assert found == [b"ok"] * 3
        await pool.close()


async def test_a_lane_that_others_use_already_is_not_kept_for_batches() -> None:
    """After a batch of one request the lane is idle at once; settling that batch must not offer it a second time."""
    async with Server() as server:
        pool = lanes()
        single = await pool.share(server.where, [GET], Any())
        using = asyncio.ensure_future(pool.share(server.where, [GET, GET], Any()))
        await asyncio.sleep(0)
        pool.settle(server.where, single, [])
        others = await pool.share(server.where, [GET, GET], Any())
        for sent in (await using, others):
            assert [answer and answer.body for answer in sent.answers] == [b"ok"] * 2
            assert sent.ending is None
        assert len(server.used) == 2
        await pool.close()


async def test_idle_connections_beyond_a_lower_limit_are_closed_at_once_and_busy_ones_when_they_are_done() -> None:
    async with Server() as server:
        connections = OpenConnections(5)
        pool = lanes(connections=connections)
        await fetch(pool, server.where)
        pool.open_ahead(server.where, lambda _idle: 2)
        await asyncio.gather(*(fetch(pool, server.where) for _ in range(3)))
        shared = [await pool.share(server.where, [GET, GET], Any()) for _ in range(2)]
        for each in shared:
            pool.settle(server.where, each, ())
        assert (connections.count, server.opened - server.ended) == (3, 3)
        connections.limit_to(2)
        await server.until(lambda: server.opened - server.ended == 2)
        busy = [asyncio.ensure_future(fetch(pool, server.where)) for _ in range(2)]
        await asyncio.sleep(0)
        connections.limit_to(0)
        assert connections.count == 2
        assert await asyncio.gather(*busy) == [b"ok"] * 2
        await server.until(lambda: server.opened == server.ended)
        assert connections.count == 0
        assert await fetch(pool, server.where) == b"ok", "a request that may be sent gets a connection"
        await server.until(lambda: server.opened == server.ended)
        await pool.close()


async def test_what_was_opened_ahead_counts_and_makes_room() -> None:
    async with Server() as server:
        connections = OpenConnections(2)
        pool = lanes(connections=connections)
        await fetch(pool, server.where)
        pool.open_ahead(server.where, lambda _idle: 3)
        await server.until(lambda: server.opened == 4)
        await server.until(lambda: server.ended == 2)
        assert connections.count == 2
        await asyncio.gather(*(fetch(pool, server.where) for _ in range(2)))
        assert server.opened == 4
        await pool.close()


def open_to(where: Endpoint) -> int:
    """Number of this process's sockets that are connected to ``where``."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            with socket.socket(fileno=os.dup(int(name))) as each:
                count += each.getpeername() == (where.host, where.port)
        except OSError:
            pass  # no socket, or not connected
    return count


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs the list of open files")
@pytest.mark.parametrize("requests", [1, 2])
async def test_a_lane_that_is_closed_for_another_one_is_closed_before_that_is_opened(
    monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    open_then, dial = [], Dialer.dial

    def counted(dialer: Dialer, where: Endpoint, made: Callable[[], Lane]) -> Awaitable[Lane]:
        open_then.append(open_to(where))
        return dial(dialer, where, made)

    monkeypatch.setattr(Dialer, "dial", counted)
    monkeypatch.setattr(pool_module, "_FRESH", -1.0)  # an idle lane is always too old for the next batch
    async with Server() as server:
        pool = lanes()
        for _ in range(3):
            sent = await pool.share(server.where, [GET] * requests, Any())
            pool.settle(server.where, sent, ())
        assert open_then == [0, 0, 0]
        await pool.close()
