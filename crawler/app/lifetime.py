"""Opens the components of a run, does the run, closes them, and reports what was done, whatever happens in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from crawler.model.config import Config
from crawler.model.errors import CrawlerError, DeleteRefused, DestinationError, innermost
from crawler.model.report import Report
from crawler.model.struct import replace
from crawler.output.history import figures_of
from crawler.pipeline.runs.components import Components
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.state.store import SqliteState
from crawler.text.advice.scarcity import lacking


async def accounted(
    work: Callable[[Components], Awaitable[None]],
    open_parts: Callable[[AsyncExitStack], Coroutine[Any, Any, tuple[Components, SqliteState]]],
    config: Config,
    tally: Tally,
    stop: Stop,
) -> tuple[Report, CrawlerError | None]:
    """Open the components, do ``work``, close them. Returns the report, and the error that ended the run, if any.

    The run is recorded in the state that ``open_parts`` opens. A stop interrupts the opening, which may wait for a
    lock; after that, ``work`` has to react to it.
    """
    began = time.monotonic()
    error: CrawlerError | None = None
    longest, loop = config.max_duration, asyncio.get_running_loop()
    timer = None if longest is None else loop.call_later(longest, stop.request, "--max-duration")
    try:
        async with AsyncExitStack() as stack:
            opened = await stop.guard(open_parts(stack))
            if opened is not None:
                parts, state = opened
                async with _recorded(state, tally, stop):
                    await work(parts)
    except CrawlerError as problem:
        error = problem
    except (OSError, MemoryError, RuntimeError) as problem:
        error = _scarcity(problem)
    except BaseExceptionGroup as group:
        error = first_error(group)
    finally:
        if timer is not None:
            timer.cancel()
    if error is not None:
        tally.warn(str(explained(error, tally.url, config)), error.exit_code)
    report = tally.close(time.monotonic() - began, _cut_short(error, stop))
    if not report.accounts:
        report = report.warned("internal error: entry counts do not add up; please report this bug", 1)
    return with_netrc(report, config), error


def with_netrc(report: Report, config: Config) -> Report:
    """See ``with_refusals``."""
    if not config.netrc or not report.exit_code:
        return report
    from crawler.app.checks.logins import with_refusals  # imported only if needed

    return with_refusals(report, config)


def explained(error: CrawlerError, url: str, config: Config) -> CrawlerError:
    """The ``error`` of a run at ``url``: see ``explain_refusal``."""
    if config.netrc:
        from crawler.app.checks.logins import explain_refusal  # imported only if needed

        explain_refusal(error, url, config)
    return error


def _cut_short(error: BaseException | None, stop: Stop) -> str | None:
    """The error that ended the run early, or None. A refused deletion comes after all transfers and does not count."""
    return stop.reason or (None if error is None or isinstance(error, DeleteRefused) else "an error")


def first_error(group: BaseExceptionGroup[BaseException]) -> CrawlerError:
    """The error that ended a TaskGroup. Raises ``group`` itself if it contains an unexpected error, which is a bug."""
    _, others = group.split(CrawlerError)
    if others is None:
        return cast("CrawlerError", innermost(group))
    _, bugs = others.split(lambda each: not isinstance(each, BaseExceptionGroup) and lacking(each) is not None)
    if bugs is not None:
        raise others
    return _scarcity(innermost(others))


def _scarcity(error: BaseException) -> CrawlerError:
    """The error to report for a lack of open files, memory or threads, with advice. Raises any other ``error``."""
    text = lacking(error)
    if text is None:
        raise error
    return DestinationError(text)


@asynccontextmanager
async def _recorded(state: SqliteState, tally: Tally, stop: Stop) -> AsyncIterator[None]:
    """Record in the state when a run began and how it ended."""
    began, code = time.monotonic(), 1
    problem: BaseException | None = None
    number = await state.begin_run(tally.url)
    try:
        yield
        code = 0
    except CrawlerError as error:
        problem, code = error, error.exit_code
        raise
    except BaseExceptionGroup as group:
        problem = group
        code = first_error(group).exit_code
        raise
    except BaseException as error:
        problem = error
        raise
    finally:
        report = tally.close(time.monotonic() - began, _cut_short(problem, stop))
        state.end_run(number, replace(figures_of(report, code), told=tally.told), is_list=tally.of_file)
