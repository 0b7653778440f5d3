"""Rows X13 and X19: a run inside another program is cancelled at any await, or an observer raises an error."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest

import crawler
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.waiting import until

pytestmark = pytest.mark.own
SAMPLES = 40
CONFIG = crawler.Config(delete=True, attempts=2, connect_timeout=60, read_timeout=60)


class Counted(Coroutine[Any, Any, Any]):
    """A coroutine that reports each time it resumes."""

    def __init__(self, inner: Coroutine[Any, Any, Any], step: Callable[[], None]) -> None:
        self._inner, self._step = inner, step

    def send(self, value: Any) -> Any:
        self._step()
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._inner.__await__())


async def run_until(step: int | None, url: str, directory: Path) -> int:
    """A run that is cancelled once its tasks have resumed ``step`` times in all. Returns how often they resumed."""
    loop, count = asyncio.get_running_loop(), 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count == step:
            loop.call_soon(run.cancel)

    loop.set_task_factory(lambda its, coro, **more: asyncio.Task(Counted(coro, tick), loop=its, **more))  # type: ignore[arg-type]
    run = loop.create_task(crawler.mirror(url, directory, CONFIG))
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(60):
            await run
    loop.set_task_factory(None)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks that go on after step {step}: {left}"
    return count


@pytest.mark.row("X13")
async def test_a_run_may_be_cancelled_at_any_await(sandbox: Sandbox, site: Site) -> None:
    for number in range(4):
        site.file(f"f{number}", blob(500, number))
    site.file("large", blob(400_000))
    old = site.contents()
    kept = sandbox.reports / "first"
    await run_until(None, site.url, kept)
    site.file("f0", blob(501, 9), mtime=OLD + DAY)
    site.file("large", blob(400_001, 9), mtime=OLD + DAY)
    site.file("sub/new", blob(700))
    site.remove("f3")
    shutil.copytree(kept, sandbox.directory)
    steps = await run_until(None, site.url, sandbox.directory)
    sandbox.holds(site.contents())
    threads = threading.active_count()
    for sample in range(SAMPLES):
        shutil.rmtree(sandbox.directory)
        shutil.copytree(kept, sandbox.directory)
        await run_until(1 + sample * steps // SAMPLES, site.url, sandbox.directory)
        sandbox.holds_only_whole(old, site.contents())
        await run_until(None, site.url, sandbox.directory)
        sandbox.holds(site.contents())
        assert sandbox.parts() == []
    await until(lambda: threading.active_count() <= threads + 4, "no threads are left behind")


class Raising(crawler.Observer):
    """An observer that raises an error at one event."""

    def __init__(self, event: str) -> None:
        self._event = event
        self.ends = 0

    def _at(self, event: str) -> None:
        if event == self._event:
            raise LookupError(f"mine at {event}")

    def listed(self, path: str, size: int | None) -> None:
        self._at("listed")

    def received(self, job: crawler.Job, count: int) -> None:
        self._at("received")

    def finished(self, result: crawler.Result) -> None:
        self._at("finished")

    def walked(self) -> None:
        self._at("walked")

    def run_finished(self) -> None:
        self.ends += 1
        self._at("run_finished")


@pytest.mark.row("X19")
async def test_an_observer_that_raises_neither_ends_the_run_nor_is_forgotten(
    sandbox: Sandbox, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        site.file(f"f{number}", blob(500, number))
    site.file("large", blob(400_000))
    for event in ("listed", "received", "finished", "walked", "run_finished"):
        shutil.rmtree(sandbox.directory, ignore_errors=True)
        caplog.clear()
        raising, other = Raising(event), Raising("")
        report = await crawler.mirror(site.url, sandbox.directory, CONFIG, observers=[raising, other])
        sandbox.holds(site.contents())
        assert (report.ok, report.saved, raising.ends, other.ends) == (True, 4, 1, 1)
        problem = f"observer Raising: {event} raised LookupError: mine at {event}"
        assert report.warnings == (f"{problem}; it receives no more events",)
        (record,) = [record for record in caplog.records if record.exc_info]
        assert (record.levelname, record.getMessage()) == ("ERROR", problem)
