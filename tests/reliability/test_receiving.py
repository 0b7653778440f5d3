"""Rows P31 and P32, X30: new files that are received by the process that stores them, or by one that fills parts."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crawler
from crawler.http.sockets.first_responses import FirstResponses
from crawler.model import limits
from crawler.model.config import Config
from crawler.model.report import Report
from crawler.model.struct import replace
from crawler.model.values import Known
from crawler.storage.executor import usable_processors
from crawler.storage.state.store import SqliteState
from tests.support.disorderly import FILLED, KINDS, Disorderly, Fault
from tests.support.mirrored import check_disorder, saved
from tests.support.received import Orders, receive_elsewhere, receive_in_series

FILES = {f"{number:02}.bin": bytes([number]) * (100 + number) for number in range(80)}
TREE = {f"{number % 8}/{number:02}.bin": bytes([number]) * (100 + number) for number in range(64)}
TWICE = {**FILES, **{f"{name}.copy": body[::-1] for name, body in FILES.items()}}

pytestmark = [
    pytest.mark.own,
    pytest.mark.skipif(usable_processors() < 2, reason="there is no processor for it"),
]


@pytest.fixture(autouse=True, scope="module", params=[receive_elsewhere, receive_in_series], ids=["memory", "parts"])
def orders(request: pytest.FixtureRequest) -> Iterator[Orders]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BACKOFF_INITIAL", 0.001)
        patch.setattr(limits, "BACKOFF_MAX", 0.001)
        patch.setattr(limits, "NEAR", 1e9)
        yield request.param(patch)


@pytest.fixture(autouse=True)
def _no_orders(orders: Orders) -> None:
    orders.clear()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


async def mirror(server: Disorderly, directory: str | Path, **more: object) -> Report:
    given = {"no_robots": True, "attempts": 3, "workers": 2, "read_timeout": 60, "min_speed": 0, **more}
    return await crawler.mirror(server.url, str(directory), Config(**given))  # type: ignore[arg-type]


async def records(directory: Path) -> dict[str, Known]:
    """What the state has of the files, but the moments of their responses."""
    async with SqliteState(directory / ".crawler" / "state.sqlite3") as state:
        return {path: replace(known, url="", checked=0.0) for path, known in (await state.directory("")).items()}


@pytest.mark.row("P32")
@pytest.mark.parametrize("ranges", [False, True], ids=["plain", "with entity tags"])
async def test_files_and_records_are_those_of_a_run_that_receives_them_itself(
    tmp_path: Path, orders: Orders, *, ranges: bool
) -> None:
    """Each file is requested once."""
    found = {}
    for pipeline in ("off", "auto"):
        async with Disorderly(TWICE, ranges=ranges) as server:
            report = await mirror(server, tmp_path / pipeline, pipeline=pipeline)
        times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / pipeline).glob("*")}
        assert sorted(server.requests) == sorted(["", *TWICE])
        del times[".crawler"]
        results = report.exit_code, report.saved, report.received, saved(tmp_path / pipeline), times
        found[pipeline] = *results, await records(tmp_path / pipeline)
    assert found["auto"] == found["off"]
    assert found["auto"][3] == TWICE
    assert orders.counted > len(TWICE) // 3
    assert all(files == count for files, count in orders)


@pytest.mark.row("P32")
@pytest.mark.parametrize(("is_near", "is_ordered"), [(True, True), (None, False), (False, False)])
async def test_a_host_that_is_not_known_to_be_near_gets_no_orders(
    tmp_path: Path, orders: Orders, monkeypatch: pytest.MonkeyPatch, is_near: bool | None, *, is_ordered: bool
) -> None:
    """Each order takes a round trip for its connection."""
    monkeypatch.setattr(FirstResponses, "is_near", is_near)
    async with Disorderly(FILES) as server:
        report = await mirror(server, tmp_path)
    assert (report.exit_code, saved(tmp_path), bool(orders)) == (0, FILES, is_ordered)


@pytest.mark.row("P31")
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.builds(Fault, st.sampled_from([*KINDS, "silent"]), st.integers(0, 40)), max_size=4),
    files=st.sampled_from([FILES, TREE, TWICE]),
    ranges=st.booleans(),
)
def test_no_disorder_makes_a_wrong_file_or_loses_one(
    runner: asyncio.Runner, faults: list[Fault], files: dict[str, bytes], *, ranges: bool
) -> None:
    runner.run(check_disorder(mirror, files, faults, ranges=ranges))


@pytest.mark.row("P31")
@pytest.mark.parametrize("kind", [*KINDS, "silent"])
async def test_what_an_order_leaves_is_requested_again_and_counts_as_no_attempt(
    tmp_path: Path, orders: Orders, kind: str
) -> None:
    """The first files are requested by this program, and show that the host is able to."""
    async with Disorderly(FILES, [Fault(kind, after=30)]) as server:
        report = await mirror(server, tmp_path, workers=1, attempts=1)
    assert (report.exit_code, saved(tmp_path), server.faults) == (0, FILES, [])
    assert report.saved == len(FILES)
    (files, counted), *_ = orders
    assert counted < files
    assert counted <= 30 - orders.before
    if kind in ("swap", "repeat", *FILLED):
        assert server.requests.count("12.bin") >= 1


@pytest.mark.row("P33")
@pytest.mark.parametrize("kind", ["swap", "repeat"])
async def test_a_host_that_answers_in_another_order_gets_no_more_orders(
    tmp_path: Path, orders: Orders, kind: str
) -> None:
    """The rest is requested one at a time."""
    async with Disorderly(TWICE, [Fault(kind, after=30)]) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, saved(tmp_path)) == (0, TWICE)
    assert orders[0][1] == 0
    assert len(orders) == 1


@pytest.mark.row("X30")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_is_killed_or_stopped_while_it_receives_loses_nothing(
    tmp_path: Path, orders: Orders, number: int
) -> None:
    """Nor does what it has received and not stored."""
    async with Disorderly(TWICE, [Fault("silent", after=120)]) as server:
        run = asyncio.create_task(mirror(server, tmp_path, workers=1, attempts=1))
        while server.faults:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        os.kill(orders.process, number)
        report = await run
    assert (report.exit_code, saved(tmp_path)) == (0, TWICE)
    was_idle = orders[-1][1] == 0  # a response to a later request came in the place of those that were left out
    assert any("a helper process" in text for text in report.warnings) or (was_idle and number == signal.SIGSTOP)
