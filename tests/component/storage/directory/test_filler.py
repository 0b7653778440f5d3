"""The processes that receive bodies: what a fault of one costs, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import stamina

from crawler.http.pacing.host import Host
from crawler.model import limits
from crawler.model.values import Span
from crawler.storage import processes
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.incoming import filler, part_threads
from crawler.storage.directory.incoming.filler import Filled, Filler
from crawler.storage.directory.incoming.filler_process import BODIES
from crawler.storage.directory.incoming.part_threads import Fillers
from tests.component.test_bulk_bodies import Case, Script, fetched, use_processes
from tests.contract.destination import pattern, sha256
from tests.support.misbehaving.server import Site

KIB = limits.KIB


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "SMALL_BODY", 8 * KIB)
    monkeypatch.setattr(filler, "_LOOK_SECONDS", 0.01)
    with stamina.set_testing(True, attempts=99, cap=True):
        yield


class Waiting:
    """A body that another process is to receive. Implements what ``Filler`` needs of ``BulkBody``."""

    def __init__(self, length: int, *, is_wanted: bool = True) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.length, self.is_wanted = length, is_wanted
        self.counts: list[int] = []
        self.busy = 0.0

    def begin_elsewhere(self) -> int:
        return self.near.fileno()

    def arrived(self, count: int, busy: float) -> bool:
        self.counts.append(count)
        self.busy += busy
        return self.is_wanted


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
async def made(parts: int) -> Filler:
    return Filler(parts)


async def ended(process: Filler) -> Filled:
    """What becomes of a body of which 3 bytes arrive, and then the end."""
    body = Waiting(10)
    with body.near, body.far:
        filled = process.fill("part", [b"ab"], body, is_hashed=True)  # type: ignore[arg-type]
        body.far.send(b"cde")
        body.far.shutdown(socket.SHUT_WR)
        return await asyncio.wait_for(filled, 60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_is_killed_or_stopped_is_given_up_and_what_it_has_stored_is_there(
    made: Filler, tmp_path: Path, number: int
) -> None:
    process, body = made._process.number, Waiting(10)
    with body.near, body.far:
        filled = made.fill("part", [b"ab"], body, is_hashed=True)  # type: ignore[arg-type]
        body.far.send(b"cde")
        while not (tmp_path / "part").exists() or (tmp_path / "part").stat().st_size < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        os.kill(process, number)
        assert await asyncio.wait_for(filled, 60) == Filled(3, None)
    assert not made.is_able
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_process_that_never_starts_is_given_up(made: Filler, monkeypatch: pytest.MonkeyPatch) -> None:
    os.kill(made._process.number, signal.SIGSTOP)
    monkeypatch.setattr(filler, "is_stopped", lambda _process: False)
    monkeypatch.setattr(filler, "_START_SECONDS", 0.05)
    assert (await ended(made)).network is None


async def test_a_process_that_cannot_be_what_it_should_be_is_given_up(
    parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_ROOT", "/nowhere")
    assert await ended(Filler(parts)) == Filled(0, None)


async def test_a_body_that_nobody_waits_for_any_more_ends_although_the_process_is_held_up(
    made: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filler, "_HURRY_SECONDS", 0.05)
    body = Waiting(10, is_wanted=False)
    with body.near, body.far:  # which stays open, so that the process goes on waiting
        filled = made.fill("part", [], body, is_hashed=False)  # type: ignore[arg-type]
        assert (await asyncio.wait_for(filled, 60)).network is None


@pytest.mark.parametrize("is_hashed", [True, False])
async def test_many_bodies_arrive_at_once_and_what_follows_them_is_left(
    made: Filler, tmp_path: Path, is_hashed: bool
) -> None:
    whole = [pattern(1000 + 70_000 * number) for number in range(BODIES)]
    bodies = [Waiting(len(each) - 7) for each in whole]
    fillings = [
        made.fill(f"{number}", [each[:3], each[3:7]], body, is_hashed=is_hashed)  # type: ignore[arg-type]
        for number, (each, body) in enumerate(zip(whole, bodies, strict=True))
    ]
    assert (made.load, made.is_able) == (sum(body.length for body in bodies), False)
    sending = [
        asyncio.to_thread(body.far.sendall, each[7:] + b"more") for each, body in zip(whole, bodies, strict=True)
    ]
    await asyncio.gather(*sending)
    for number, (each, body, filling) in enumerate(zip(whole, bodies, fillings, strict=True)):
        digest = sha256(each).removeprefix("sha256:") if is_hashed else ""
        assert await filling == Filled(body.length, 0, 0, digest, b"")
        assert (tmp_path / f"{number}").read_bytes() == each
        assert body.near.recv(9) == b"more"
        body.near.close()
        body.far.close()
    assert (made.load, made.is_able) == (0, True)
    made.close()
    made.reap()


@pytest.mark.parametrize(
    ("pieces", "sent", "ending"),
    [
        ([b"HTTP/1.1 200 OK"], b"x" * 70_000, b""),
        ([b"HTTP/1.1 200 OK"], b"x" * 65_521, b"HTTP/1.1 200 OK" + b"x" * 65_521),
        ([], b"y" * 65_536 + b"HTTP/1.1 404 ", b"HTTP/1.1 404 "),
        ([b"HTT"], b"P/1.0 200 ", b"HTTP/1.0 200 "),
        ([b"a"], b"b", b""),
        ([bytes(300_000), bytes(300_000) + b"HTTP/1."], b"1 200", b"HTTP/1.1 200"),
    ],
    ids=["before", "just in it", "at the end", "in two pieces", "none", "after many first bytes"],
)
async def test_a_status_line_near_the_end_of_a_body_is_reported(
    made: Filler, pieces: list[bytes], sent: bytes, ending: bytes
) -> None:
    body = Waiting(len(sent))
    with body.near, body.far:
        filled = made.fill("part", pieces, body, is_hashed=False)  # type: ignore[arg-type]
        await asyncio.to_thread(body.far.sendall, sent)
        found = await filled
    assert found.ending == ending[-64 * KIB :]
    assert len(found.padded_ending) == 64 * KIB
    made.close()
    made.reap()


async def test_errors_of_disk_and_connection_are_reported(made: Filler, tmp_path: Path) -> None:
    (tmp_path / "part").touch()
    assert (await ended(made)).disk == 17, "the part exists"
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = Waiting(10)
        body.near.close()
        body.near, (far, _) = socket.create_connection(server.getsockname()), server.accept()
        body.near.setblocking(False)
        with body.near, body.far:
            filled = made.fill("other", [], body, is_hashed=False)  # type: ignore[arg-type]
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
            far.close()
            assert await filled == Filled(0, 104)
    made.close()
    made.reap()


def descriptors() -> list[str]:
    """What this process has open, without the sockets, some of which are the server's."""
    found = list[str]()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # that of the listing
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return sorted(name for name in found if not name.startswith("socket:"))


def _kill(started: list[Filler]) -> None:
    os.kill(started[0]._process.number, signal.SIGKILL)


async def test_a_body_whose_process_is_killed_is_requested_again(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is neither another attempt nor the fault of the host."""
    started, troubles = use_processes(monkeypatch), list[Host]()
    monkeypatch.setattr(Host, "troubled", lambda self: troubles.append(self))
    body = pattern(700_001)

    def is_stored(count: int) -> bool:
        sizes = [part.stat().st_size for part in (tmp_path / ".crawler/parts").glob("*.part")]
        return bool(sizes) and sizes[0] >= count

    script = Script(count=500_000, fault="stop", stop=lambda: _kill(started), is_stored=is_stored, times=1)
    before = descriptors()
    found = await fetched(site, Case(len(body), attempts=1), tmp_path, script=script)
    assert (found.digest, len(found.ranges), found.is_fully_counted) == (sha256(body), 2, True), found.how
    assert troubles == []
    assert started[0].is_lost
    assert started[0]._process.number == -1, "it has been reaped"
    assert descriptors() == before


async def test_the_kernel_kills_it_with_its_parent_even_when_it_is_stopped(made: Filler) -> None:
    assert (await ended(made)).network == 0, "it has started"
    process = made._process.number
    os.kill(process, signal.SIGSTOP)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), made._process._life)  # closes it, as happens when this process ends
    until = time.monotonic() + 20
    while made.is_open:
        assert time.monotonic() < until, "it is still there"
        await asyncio.sleep(0.001)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def processes_of(monkeypatch: pytest.MonkeyPatch, processors: int) -> list[int]:
    """The arguments of all processes that ``Fillers`` makes, none of which is real, on so many processors."""
    made: list[int] = []

    class Made:
        is_able, load = True, 0

        def __init__(self, parts: int) -> None:
            made.append(parts)

        def close(self) -> None:
            """Nothing to end."""

        reap = close

    monkeypatch.setattr(part_threads, "usable_processors", lambda: processors)
    monkeypatch.setattr(filler, "Filler", Made)
    return made


@pytest.mark.parametrize(("processors", "bodies", "started"), [(2, 2, 0), (2, 3, 2), (2, 9, 2), (1, 9, 0)])
def test_processes_start_with_the_third_body_if_there_is_a_processor_for_them(
    monkeypatch: pytest.MonkeyPatch, processors: int, bodies: int, started: int
) -> None:
    made = processes_of(monkeypatch, processors)
    fillers = Fillers()
    for _ in range(bodies):
        fillers.note(5)
    assert made == [5] * started


_MANY = Span(limits.MIB, limits.MIB + 9)


@pytest.mark.parametrize(
    ("sizes", "are_enough"),
    [
        ([_MANY] * 3, True),
        ([_MANY] * 2, False),
        ([_MANY, _MANY, None], False),
        ([_MANY, _MANY, Span(9, 8 * KIB)], False),
        ([_MANY, _MANY, Span(9, 8 * KIB + 1)], True),
        ([_MANY, _MANY, Span(9, limits.BULK_STAGED)], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_processes_start_when_enough_bodies_are_announced(
    monkeypatch: pytest.MonkeyPatch, sizes: list[Span[int] | None], *, at_once: bool, are_enough: bool
) -> None:
    made = processes_of(monkeypatch, 2)
    fillers = Fillers()
    for some in [sizes] if at_once else [[size] for size in sizes]:
        fillers.expect(some, lambda: 5)
    assert made == [5, 5] * are_enough
    for number in range(1, 5):
        assert (fillers.note(6) is not None) == bool(made) == (are_enough or number == 3 or number == 4)
    fillers.expect([_MANY] * 3, lambda: 7)
    assert made == [5 if are_enough else 6] * 2, "once"


@pytest.mark.parametrize("in_bulk", [True, False])
async def test_a_destination_starts_them_if_bodies_may_be_received_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_bulk: bool
) -> None:
    made = processes_of(monkeypatch, 2)
    async with LocalDestination(tmp_path) as destination:
        destination.expect([_MANY] * 9, in_bulk=in_bulk)
        assert made == [], "it may not write yet"
        await destination.acquire(0)
        destination.expect([_MANY] * 9, in_bulk=in_bulk)
        assert len(made) == 2 * in_bulk


async def test_the_body_that_starts_the_processes_is_received_by_one(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, real, body = list[str](), Filler.fill, pattern(700_001)

    def fill(self: Filler, name: str, *others: object, **more: object) -> asyncio.Future[Filled]:
        used.append(name)
        return real(self, name, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(part_threads, "usable_processors", lambda: 2)
    monkeypatch.setattr(part_threads, "_BEFORE", 1)
    monkeypatch.setattr(Filler, "fill", fill)
    found = await fetched(site, Case(len(body)), tmp_path)
    assert (found.digest, len(used)) == (sha256(body), 1)


def test_a_run_that_is_one_of_several_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    start: Callable[[int], Filler] = lambda _parts: pytest.fail("a process was started")  # noqa: E731
    monkeypatch.setattr(filler, "Filler", start)
    fillers = Fillers()
    fillers.forgo()
    fillers.expect([_MANY] * 9, lambda: 5)
    for _ in range(9):
        fillers.note(5)
    assert fillers.pick() is None
