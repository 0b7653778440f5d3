"""A run of the mirror whose network is in memory, while its destination and state are the real ones."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from crawler.app.lifetime import accounted
from crawler.model.config import Config
from crawler.model.interfaces import Client
from crawler.model.report import Report
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.mirror import MirrorRun
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.state.store import SqliteState
from crawler.workers.page_parsers import PageParsers


def state_of(directory: Path) -> Path:
    """The state of the mirror in ``directory``."""
    return directory / ".crawler" / "state.sqlite3"


async def simulated_run(url: str, directory: Path, config: Config, client: Client) -> Report:
    """Mirror ``url``, which ``client`` serves, into ``directory``."""
    tally, stop = Tally(url, str(directory), is_dry_run=config.dry_run), Stop()

    async def open_parts(stack: AsyncExitStack) -> tuple[Components, SqliteState]:
        destination = await stack.enter_async_context(LocalDestination(directory, fsync="none"))
        await destination.acquire(0)
        state = await stack.enter_async_context(SqliteState(state_of(directory)))
        stack.callback(lambda: tally.warn(state.problem) if state.problem else None)
        parts = Components(
            config=config,
            agent="test",
            client=client,
            destination=destination,
            state=state,
            observer=tally,
            tally=tally,
            stop=stop,
            parser=await stack.enter_async_context(PageParsers(tally.warn)),
        )
        return parts, state

    async def work(parts: Components) -> None:
        await MirrorRun(parts, url, parts.robots_txt(), free=await parts.destination.free_space()).run()

    report, _ = await accounted(work, open_parts, config, tally, stop)
    return report
