"""``mirror`` and ``download`` for programs, as coroutines and as plain calls for scripts without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from os import PathLike
from typing import Any, TypeVar, Unpack

from crawler.app.api import RunContext, run_download, run_mirror
from crawler.app.arguments.items import checked_destination, pairs_of
from crawler.app.arguments.observers import Guarded, guarded
from crawler.app.keywords import checked_objects, config_of, worded
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.options.keywords import DownloadOptions, Options
from crawler.model.options.names.known import errors_in_keywords, in_keywords
from crawler.model.report import Report
from crawler.text.arguments import UrlObject
from crawler.workers.event_loop import loop_factory

T = TypeVar("T")


async def mirror(
    url: str | UrlObject,
    directory: str | PathLike[str],
    config: Config | None = None,
    *,
    observers: Observer | Iterable[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
    **options: Unpack[Options],
) -> Report:
    """Mirror the listing at ``url`` into ``directory``, and return what was done.

        report = await crawler.mirror("https://files.example.org/pub/", "pub", ext="zip", workers=16)

    Options are given by name, as a ``config``, or both: those given by name then replace those of ``config``.
    ``help(crawler.Options)`` lists them.

    Files whose transfer fails are in the report: ``report.ok`` is true if nothing failed, ``report.failures`` says what
    did. ``observers`` are told of each event while the run lasts; one that raises receives no more of them, which
    ``report.warnings`` says.

    With a ``destination``, files are stored there. It is entered after ``directory`` has been locked; ``directory``
    then holds only ``.crawler``: the lock and, unless the configuration names another path, the state. A dry run only
    reads the destination.

    ``cluster`` may also be a connected ``distributed.Client``, whose workers then fetch and save.

    Raises ConfigError (also if ``directory`` is the mirror of another URL and ``moved`` is not set), ListingError (for
    the listing at ``url`` itself), DestinationError, AlreadyRunning, RobotsForbidden, DeleteRefused. May be cancelled:
    complete files are kept, and the next call continues.
    """
    watching = guarded(observers)
    context = RunContext(
        observers=watching, destination=checked_destination(destination), cluster=_client_among(options)
    )
    with errors_in_keywords(), _told_of_the_end(watching):
        chosen = config_of("mirror", config, options, has_cluster=context.cluster is not None)
        report, error = await run_mirror(url, directory, checked_objects(directory, chosen), context)
    return _concluded(report, error, watching)


async def download(
    items: str | UrlObject | Iterable[str | UrlObject | tuple[str | UrlObject, str | PathLike[str]]],
    directory: str | PathLike[str],
    config: Config | None = None,
    *,
    observers: Observer | Iterable[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
    **options: Unpack[DownloadOptions],
) -> Report:
    """Save files into ``directory``, and return what was done.

        report = await crawler.download(["https://files.example.org/pub/a.iso"], "isos")

    Each of ``items`` is a URL, whose last segment becomes the name of the file, or a pair of a URL and a path relative
    to ``directory``. A single URL need not be in a list.

    ``config``, ``observers`` and ``destination``: see ``mirror``. ``help(crawler.DownloadOptions)`` lists the options.
    Raises ConfigError, DestinationError, AlreadyRunning.
    """
    watching, pairs = guarded(observers), pairs_of(items)
    context = RunContext(
        observers=watching, destination=checked_destination(destination), cluster=_client_among(options)
    )
    with errors_in_keywords(), _told_of_the_end(watching):
        chosen = config_of("download", config, options, has_cluster=context.cluster is not None)
        report, error = await run_download(pairs, directory, checked_objects(directory, chosen), context)
    return _concluded(report, error, watching)


def mirror_sync(
    url: str | UrlObject,
    directory: str | PathLike[str],
    config: Config | None = None,
    *,
    observers: Observer | Iterable[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
    **options: Unpack[Options],
) -> Report:
    """``mirror`` for scripts without an event loop: returns when the run has ended.

        report = crawler.mirror_sync("https://files.example.org/pub/", "pub", ext="zip", workers=16)

    Ctrl-C ends the run as a cancellation does, and raises KeyboardInterrupt. Raises RuntimeError if an event loop is
    running in this thread, as in a notebook: write ``await crawler.mirror(...)`` there.
    """
    _refuse_in_loop("mirror")
    return _run(mirror(url, directory, config, observers=observers, destination=destination, **options))


def download_sync(
    items: str | UrlObject | Iterable[str | UrlObject | tuple[str | UrlObject, str | PathLike[str]]],
    directory: str | PathLike[str],
    config: Config | None = None,
    *,
    observers: Observer | Iterable[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
    **options: Unpack[DownloadOptions],
) -> Report:
    """``download`` for scripts without an event loop: returns when the run has ended.

        report = crawler.download_sync(["https://files.example.org/pub/a.iso"], "isos")

    For Ctrl-C, and the RuntimeError while an event loop is running, see ``mirror_sync``.
    """
    _refuse_in_loop("download")
    return _run(download(items, directory, config, observers=observers, destination=destination, **options))


def _client_among(options: Options | DownloadOptions) -> object:
    """Take a ``distributed.Client`` out of ``options``; None if ``cluster`` is not given, or is text."""
    given = options.get("cluster")
    if given is None or isinstance(given, str):
        return None
    del options["cluster"]
    return given


@contextmanager
def _told_of_the_end(observers: Iterable[Guarded]) -> Iterator[None]:
    try:
        yield
    finally:
        for observer in observers:
            observer.run_finished()


def _concluded(report: Report, error: CrawlerError | None, observers: Iterable[Guarded]) -> Report:
    """``report`` with the problems of ``observers``. Raises ``error``, if there is one."""
    if error is not None:
        with errors_in_keywords():
            raise error
    for observer in observers:
        report = report.warned(observer.problem) if observer.problem else report
    return worded(report, in_keywords)


def _refuse_in_loop(name: str) -> None:
    """Raise RuntimeError, with advice, if an event loop is running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{name}_sync cannot wait while an event loop is running, as in notebooks and coroutines: "
        f"write 'await crawler.{name}(...)' instead"
    )


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on a new event loop, which is closed afterwards, and return its result."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)
