"""Connecting to the addresses of a host: one address by itself, or several side by side, with the same outcome."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from crawler.http.sockets.connect import connected, drop_first
from tests.support import ports


def address(port: int, host: str = "127.0.0.1") -> Any:
    return (
        socket.AF_INET6 if ":" in host else socket.AF_INET,
        socket.SOCK_STREAM,
        socket.IPPROTO_TCP,
        "",
        (host, port),
    )


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a socket on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with ports.refusing() as port:
        yield port


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_connection_is_open_and_does_not_block(port: int, new_loop: Any, count: int) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        opened = runner.run(connected([address(port)] * count))
    assert opened.getpeername() == ("127.0.0.1", port)
    assert opened.gettimeout() == 0
    opened.close()


async def test_a_connection_to_a_near_host_takes_no_turn_of_the_event_loop(port: int) -> None:
    connecting = connected([address(port)])
    with pytest.raises(StopIteration) as ended:
        connecting.send(None)
    ended.value.value.close()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_refusal_is_raised_as_such(free_port: int, new_loop: Any, count: int) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner, pytest.raises(ConnectionRefusedError):
        runner.run(connected([address(free_port)] * count))


def test_an_attempt_that_is_given_up_closes_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue of a listening socket that nobody accepts from is full after one connection: others wait."""
    made: list[socket.socket] = []

    class Noted(socket.socket):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    async def give_up(port: int) -> None:
        async with asyncio.timeout(0.05):
            await connected([address(port)])

    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as first:
        first.connect(server.getsockname())
        monkeypatch.setattr(socket, "socket", Noted)
        with pytest.raises(TimeoutError):
            asyncio.run(give_up(server.getsockname()[1]))
    assert [each.fileno() for each in made if each.family == socket.AF_INET] == [-1]


def test_one_address_needs_neither_a_lookup_nor_the_library_for_several(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohappyeyeballs", None)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    addresses = [address(port)]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(connected(addresses)).close()
    drop_first(addresses)
    assert addresses == []


def test_the_first_address_of_each_family_is_dropped() -> None:
    addresses = [address(1), address(1, "::1"), address(2)]
    drop_first(addresses)
    assert addresses == [address(2)]
