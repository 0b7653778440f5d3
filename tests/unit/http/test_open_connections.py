"""How many connections to a host are open, and which are closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.pacing.concurrency import initial, most_open
from crawler.http.pacing.host import Host
from crawler.http.sockets.open_connections import OpenConnections


class Line:
    def __init__(self, connections: OpenConnections) -> None:
        self._connections = connections
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True
        self._connections.ended(self)


STEPS = ("dial", "fail", "open", "use", "rest", "end", "limit")


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5))))
def test_no_connection_is_idle_beyond_the_limit(steps: list[tuple[str, int]]) -> None:
    connections = OpenConnections(3)
    dials, idle, busy = 0, list[Line](), list[Line]()
    for step, number in steps:
        if step == "dial":
            connections.dial()
            dials += 1
        elif step == "limit":
            connections.limit_to(number)
        elif step == "fail" and dials:
            connections.failed()
            dials -= 1
        elif step == "open" and dials:
            busy.append(Line(connections))
            connections.opened(busy[-1])
            dials -= 1
        elif step == "use" and idle:
            busy.append(idle.pop(number % len(idle)))
            connections.use(busy[-1])
        elif step == "rest" and busy:
            idle.append(busy.pop(number % len(busy)))
            connections.rest(idle[-1])
        elif step == "end" and idle + busy:
            one = (idle + busy)[number % len(idle + busy)]
            one.close()
        idle, busy = ([line for line in some if not line.is_closed] for some in (idle, busy))
        assert connections.count == dials + len(idle) + len(busy)
        assert not idle or connections.count <= connections.limit


def test_the_limit_is_that_of_the_host() -> None:
    host = Host("http://h", initial(8), None, None)
    assert host.connections.limit == 8
    lines = [Line(host.connections) for _ in range(8)]
    for line in lines:
        host.connections.dial()
        host.connections.opened(line)
        host.connections.rest(line)

    def are_open() -> int:
        return sum(not line.is_closed for line in lines)

    host.change_ceiling(6)
    assert are_open() == 6
    host.change_ceiling(0)
    assert (are_open(), host.state.ceiling) == (0, 1), "a request that is still sent gets a connection"
    host.change_ceiling(8)
    assert host.connections.limit == most_open(host.state)


def test_a_refusal_closes_what_its_new_limit_does_not_allow() -> None:
    host = Host("http://h", initial(8), None, None)
    lines = [Line(host.connections) for _ in range(8)]
    for line in lines:
        host.connections.dial()
        host.connections.opened(line)
    for _ in range(4):
        host._meter.entered(0.0)
    for line in lines[4:]:
        host.connections.rest(line)
    assert host.overloaded(429, {}, host.generation)
    assert host.state.limit == host.connections.limit == 2
    assert [line.is_closed for line in lines] == [False] * 4 + [True] * 4


async def test_what_is_opened_counts_from_the_beginning_and_what_fails_no_longer() -> None:
    connections = OpenConnections(3)

    async def dial() -> Line:
        assert connections.count == 1
        return Line(connections)

    async def fail() -> Line:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await connections.open(fail)
    assert connections.count == 0
    line = await connections.open(dial)
    assert connections.count == 1
    line.close()
    assert connections.count == 0
