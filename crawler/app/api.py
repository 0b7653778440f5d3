"""The runs that fetch files, for the command line and for ``library``. They return an error beside the report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.app.checks.options import checked_fallbacks, refuse_unusable_options
from crawler.app.first_request.robots_txt import asked_ahead, imported
from crawler.app.lifetime import accounted
from crawler.app.refusals import (
    refuse_another_mirror,
    refuse_enclosing_mirror,
    refuse_list_in_mirror,
    refuse_missing_disk,
    refuse_other_names,
)
from crawler.app.resources import Resources, shared_gate
from crawler.http.client_options import client_options
from crawler.http.pacing.gate import Gate
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.interfaces import UNLIMITED, Destination
from crawler.model.network.listed_file import ListedFile
from crawler.model.observer import Observer
from crawler.model.report import Report
from crawler.model.struct import Value, field, replace
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.attempts import prepare
from crawler.pipeline.rules.budgets import new_budget
from crawler.pipeline.runs.components import Components
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.boundaries.spared import OwnFile, own_files
from crawler.storage.fd_limits import are_few
from crawler.storage.state.location import has_been_mirror
from crawler.storage.state.store import SqliteState
from crawler.text import urls
from crawler.text.arguments import UrlObject, is_object_url, start_directory, start_url
from crawler.text.escape import masked

if TYPE_CHECKING:
    from crawler.app.first_request.early import EarlyStart
    from crawler.pipeline.filter_effects.watch import FilterEffects
    from crawler.storage.objects.location import Location
    from crawler.workers.child_process import WorkerProcesses


class RunContext(Value, frozen=True, kw_only=True):
    """State that a run shares with its caller and with other runs."""

    observers: Sequence[Observer] = ()
    stop: Stop = field(default_factory=Stop)
    gate: Gate | None = None
    """The gate, shared with concurrent runs; None for a gate of its own."""
    destination: AbstractAsyncContextManager[Destination] | None = None
    """The destination of the files in place of DIR; None for DIR."""
    cluster: object = None
    """A ``distributed.Client`` of the caller, instead of what the configuration names."""
    processes: WorkerProcesses | None = None
    """Worker processes that were started early for this run."""
    own_files: Sequence[OwnFile] = ()
    """Files that the program writes, in addition to those that the configuration names."""
    early: EarlyStart | None = None
    """The start of the run, if it began before the event loop was imported."""
    keeps_record: bool = False
    """Whether a run that got no listing is recorded all the same, for the page of several mirrors."""


async def run_mirror(
    url: str | UrlObject, directory: str | PathLike[str], config: Config, context: RunContext
) -> tuple[Report, CrawlerError | None]:
    """Mirror ``url`` into ``directory``. Returns what was done, and the error that ended the run early, if any.

    Raises ConfigError for an invalid ``url`` or ``directory``.
    """
    start = start_url(url, str(directory))
    if config.name_from != "url":
        raise ConfigError("name_from: 'header' is only for a list of URLs: listed files are named by their listing")
    root, _ = urls.userinfo(start)
    effects, context = _with_effects(config, context, root)
    run = _Run.into(directory, config, context, starts=(start,), fallbacks=checked_fallbacks(root, config))
    tally = Tally(masked(root), run.shown, is_dry_run=config.dry_run)

    async def work(parts: Components) -> None:
        async with asked_ahead(parts, root) as rules:
            mirror = await imported("crawler.pipeline.runs.mirror")
            await mirror.mirror_or_file(parts, root, rules, free=await parts.destination.free_space())

    return await _accounted(work, run, tally, effects)


async def run_download(
    items: Iterable[ListedFile | tuple[str, str]], directory: str | PathLike[str], config: Config, context: RunContext
) -> tuple[Report, CrawlerError | None]:
    """Save each file, or (URL, path relative to ``directory``); an empty path means the last segment of the URL.

    The URLs are as ``start_url`` returns them. Returns what was done, and the error that ended the run early, if any.
    """
    if config.fallback:
        raise ConfigError("fallback: only for a mirror: a list names the URLs of its files itself")
    wanted = [item if isinstance(item, ListedFile) else ListedFile(url=item[0], path=item[1]) for item in items]
    starts, mirrors = tuple(item.url for item in wanted), tuple(url for item in wanted for url in item.mirrors)
    for name, is_given in (("processes", config.processes != 1), ("cluster", config.cluster or context.cluster)):
        if mirrors and is_given:
            raise ConfigError(f"{name}: cannot be combined with a list that names several URLs for one file")
    effects, context = _with_effects(config, context)
    run = _Run.into(directory, config, context, starts=starts, fallbacks=mirrors, items=wanted)
    tally = Tally("", run.shown, is_dry_run=config.dry_run)

    async def work(parts: Components) -> None:
        from crawler.pipeline.runs.url_list import DownloadRun

        await DownloadRun(parts, has_mirrors=bool(mirrors)).run([_bare(item) for item in wanted])

    return await _accounted(work, run, tally, effects)


async def _accounted(
    fetch: Callable[[Components], Awaitable[None]], run: _Run, tally: Tally, effects: FilterEffects | None
) -> tuple[Report, CrawlerError | None]:
    """Open the components of a run, ``fetch`` with them, and do what comes after. See ``accounted``."""

    async def work(parts: Components) -> None:
        await fetch(parts)
        if effects is not None:
            from crawler.app.filter_effects import say_effects  # imported only if needed

            await say_effects(effects, parts)
        if run.config.snapshots is not None:
            from crawler.app.snapshots.publishing import publish  # imported only if needed

            await publish(parts, run.directory, (*own_files(run.config), *run.context.own_files))

    return await accounted(work, lambda stack: _open(stack, run, tally), run.config, tally, run.context.stop)


def _bare(item: ListedFile) -> ListedFile:
    """``item`` without user names and passwords in its URLs."""
    return replace(item, url=urls.userinfo(item.url)[0], mirrors=tuple(urls.userinfo(url)[0] for url in item.mirrors))


def _with_effects(config: Config, context: RunContext, root: str = "") -> tuple[FilterEffects | None, RunContext]:
    """Returns the observer of the filters in ``config``, or None without filters, and ``context`` with it added."""
    if not _has_filters(config):
        return None, context
    from crawler.pipeline.filter_effects.watch import FilterEffects  # imported only if needed

    effects = FilterEffects(config, root)
    return effects, replace(context, observers=(*context.observers, effects))


def _has_filters(config: Config) -> bool:
    """Whether ``config`` has any filter for files."""
    limits = (config.min_size, config.max_size, config.newer_than, config.older_than)
    return bool(config.ext or config.rules) or any(limit is not None for limit in limits)


class _Run(Value, frozen=True, kw_only=True):
    """Facts about a run that are known before it is opened."""

    starts: tuple[str, ...]
    """The URLs as given, including user and password."""
    fallbacks: tuple[str, ...] = ()
    """The URLs of --fallback as given, including user and password."""
    items: Sequence[ListedFile] | None = None
    """The files of a list; None if ``starts`` are roots of mirrors."""
    directory: Path
    """DIR, or the local directory for what is kept of the object store that DIR names."""
    shown: str
    """DIR as it is shown to users."""
    store: Location | None = None
    """The location in an object store that DIR names; None if DIR is a local directory."""
    config: Config
    context: RunContext

    @classmethod
    def into(
        cls,
        directory: str | PathLike[str],
        config: Config,
        context: RunContext,
        *,
        starts: tuple[str, ...],
        fallbacks: tuple[str, ...] = (),
        items: Sequence[ListedFile] | None = None,
    ) -> _Run:
        """Describe a run into ``directory``, a path or a URL. Raises ConfigError."""
        if not is_object_url(directory):
            path, store = start_directory(directory), None
            shown = str(path) if "://" in str(directory) else str(directory)
        elif context.destination is not None:
            raise ConfigError(f"DIR: {directory}: a custom destination needs a local directory for its state")
        else:
            from crawler.app.object_stores import location_of

            store = location_of(str(directory), config)
            path, shown = store.cache, str(store)
        return cls(
            starts=starts,
            fallbacks=fallbacks,
            items=items,
            directory=path,
            shown=shown,
            store=store,
            config=config,
            context=context,
        )

    async def workers(self, stack: AsyncExitStack) -> object:
        """The workers that fetch and save, as ``open_pool`` takes them; None if there are none. Raises ConfigError."""
        config, context = self.config, self.context
        if config.processes == 1 and config.cluster is None and context.cluster is None:
            return None
        from crawler.app.cluster.choice import find_workers

        has_own = context.destination is not None
        return await find_workers(stack, config, context.cluster, context.processes, has_destination=has_own)


async def _open(stack: AsyncExitStack, run: _Run, tally: Tally) -> tuple[Components, SqliteState]:
    """Open the components of a run on ``stack``. DIR is locked first, so that no other run changes it."""
    config, context, stop = run.config, run.context, run.context.stop
    workers = await run.workers(stack)
    options = client_options(config, run.starts, is_list=run.items is not None, fallbacks=run.fallbacks)
    refuse_unusable_options(config, "" if run.store is not None else str(run.directory))
    if are_few():
        prepare()
    own = (*own_files(config), *context.own_files)
    resources = Resources(stack=stack, config=config, directory=run.directory, tally=tally, own_files=own, stop=stop)
    if context.early is not None:
        resources = replace(resources, layout=context.early.take, early=context.early.connections)
    if run.store is None:
        destination = await _open_destination(resources, context)
        state = await resources.open_state(read_only=config.dry_run)
    else:
        from crawler.app.object_stores import open_in_store

        destination, state = await open_in_store(resources, run.store, read_only=config.dry_run)
    free = await destination.free_space()
    tally.note_free(free if free < UNLIMITED else None)
    await refuse_another_mirror(run.shown, tally.url, state, config)
    await refuse_list_in_mirror(run.shown, run.items, state, config)
    if config.names == "windows":
        await refuse_other_names(run.directory, state)
    gate = context.gate or shared_gate([config], is_divided=workers is not None)
    allowance = Allowance(new_budget(config), stopped_at=tally.stopped_at, warn=tally.warn, plans=config.dry_run)
    observers = [*([allowance] if allowance.is_limited else []), *context.observers]
    parts = await resources.open_components(options, destination, state, gate=gate, observers=observers, stop=stop)
    unwritable = resources.unwritable(destination) if run.store is None else None
    parts = replace(parts, allowance=allowance, unwritable=unwritable, is_mirror=await has_been_mirror(state))
    stack.callback(lambda: state.remember_hosts(gate.learnt()))
    if workers is None and parts.observer.counts_unchanged() and not config.dry_run:
        destination.count_ahead(state.counts)
    elif workers is not None:
        from crawler.app.cluster.opening import Site, open_pool

        site = Site(directory=run.directory, store=run.store, own=own)
        parts = replace(parts, pool=await open_pool(stack, parts, options, gate, site=site, cluster=workers))
    return parts, state


async def _open_destination(resources: Resources, context: RunContext) -> Destination:
    """Open the destination: DIR, locked, or that of ``context``, for which DIR holds only the lock and the state."""
    given = context.destination
    config, where, tally = resources.config, resources.directory, resources.tally
    # An early start has looked for other mirrors, and they find the ``.crawler`` that it has created.
    is_new = context.early is None and await refuse_enclosing_mirror(where, tally.url, config, wait=config.lock_wait)
    if given is None:
        await refuse_missing_disk(where, config)
    for key, usual in (("trash", None), ("names", "posix"), ("snapshots", None)):
        if given is not None and getattr(config, key) != usual:
            raise ConfigError(f"{key}: not supported with a custom destination")
    directory = await resources.open_directory(read_only=config.dry_run)
    resources.stack.callback(lambda: tally.warn("; ".join(sorted(directory.lacks))) if directory.lacks else None)
    if not config.dry_run:
        await directory.acquire(config.lock_wait, lock=config.lock != "none")
        try:
            if is_new:  # a run may have begun since then
                await refuse_enclosing_mirror(where, tally.url, config, wait=0)
        except CrawlerError:
            await directory.withdraw()
            raise
    if given is None:
        if not context.keeps_record:
            resources.withdraw_if_unused(directory)
        return directory
    from crawler.app.arguments.items import checked_methods

    return checked_methods(await resources.stack.enter_async_context(given))
