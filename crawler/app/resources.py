"""Opens the resources of a run (state, client, DIR and others) and connects them; ``lifetime`` closes them at its end.

All entry points (``api``, ``maintenance``, ``browse``) get their destination, state, client and components here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from crawler.app.refusals import refuse_names_of_windows
from crawler.http.client import ClientOptions, HttpClient
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.http.sockets.early import EarlyConnections
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.options.timetable import Timetable
from crawler.model.struct import Value, field, replace
from crawler.output.progress import Fanout
from crawler.paths import GivenPath, exists, is_of_kernel
from crawler.pipeline.runs.components import Components
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.layout import Layout
from crawler.storage.fd_limits import connection_budget, descriptor_limit
from crawler.storage.state.location import refuse_other_file, state_path, url_of_mirror
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.store import SqliteState
from crawler.workers.page_parsers import PageParsers


class Resources(Value, frozen=True, kw_only=True):
    """Opens the resources of a run on ``stack``, which closes them. Problems are noted in ``tally``."""

    stack: AsyncExitStack
    config: Config
    directory: Path
    tally: Tally
    own_files: Sequence[OwnFile] = ()
    """Files of the program in DIR, which are never deleted."""
    stop: Stop = field(default_factory=Stop)
    """What may end the run early."""
    layout: Callable[[], Layout | None] = lambda: None
    """Returns DIR, which then is the caller's, if it was opened and locked before the event loop was imported."""
    early: EarlyConnections | None = None
    """The first connections of the run, if they were opened before that, too."""

    async def open_directory(self, *, read_only: bool) -> LocalDestination:
        """Open DIR as a destination. It is not locked yet, except by an early start."""
        kind = LocalDestination
        if self.config.names == "windows":
            from crawler.storage.directory.windows.destination import WindowsDestination

            kind = WindowsDestination
        else:
            refuse_names_of_windows(self.directory)
        return await self.stack.enter_async_context(
            kind(
                self.directory,
                fsync=self.config.fsync,
                trash_seconds=self.config.trash_seconds,
                read_only=read_only,
                own=self.own_files,
                is_ending=self.stop.is_requested,
                layout=self.layout(),
            )
        )

    def withdraw_if_unused(self, directory: LocalDestination) -> None:
        """Have a run that got no listing and no file leave nothing behind, if it creates the mirror in ``directory``.

        Call this with the lock held, before the state is opened: only a state that does not exist yet may be removed.
        """

        async def withdraw() -> None:
            if self.tally.is_empty:
                await directory.withdraw(with_state=True)

        # With --lock-wait, another run may be waiting there for the lock.
        is_kept = needs_record(self.config) or self.config.lock_wait > 0
        if not is_kept and not exists(state_path(self.directory, self.config)):
            self.stack.push_async_callback(withdraw)

    async def open_state(self, *, read_only: bool) -> SqliteState:
        """Open the state of DIR; if its path is a symbolic link, an empty state in its place. Raises ConfigError."""
        refuse_other_file(self.config)
        path = state_path(self.directory, self.config)
        if not self.config.state and GivenPath.of_mirror(path).is_link():
            self.tally.warn(f"{path} is a symbolic link and is not used: remove it")
            return NullState()
        return await self.stack.enter_async_context(
            ReadOnlyState(path, is_brief=False) if read_only else SqliteState(path)
        )

    async def open_components(
        self,
        options: ClientOptions,
        destination: Destination,
        state: SqliteState,
        *,
        gate: Gate,
        observers: Sequence[Observer] = (),
        stop: Stop,
    ) -> Components:
        """Open the components of a run that fetches in this process. ``observers`` get its events beside the tally."""
        tally = self.tally
        self.stack.callback(lambda: tally.warn(state.problem) if state.problem else None)
        gate.add_known(state.hosts)
        return Components(
            config=self.config,
            agent=options.user_agent,
            client=await self.stack.enter_async_context(HttpClient(options, gate, early=self.early)),
            destination=destination,
            state=state,
            observer=Fanout([tally, *observers]) if observers else tally,
            tally=tally,
            url_of=lambda directory: url_of_mirror(self.directory / directory),
            stop=stop,
            parser=await self.stack.enter_async_context(PageParsers(tally.warn)),
        )

    def unwritable(self, destination: Destination) -> Callable[[str], str] | None:
        """What says in a dry run why files in a directory could not be stored; None if nothing can say so.

        That no file could be is noted in the tally. Raises DestinationError for a place that never holds files.
        """
        if not self.config.dry_run:
            return None
        from crawler.storage.directory.boundaries.permissions import Permissions  # imported only if needed

        permissions = Permissions(self.directory)
        try:
            permissions.check(locks=self.config.lock != "none")
        except DestinationError as error:
            if is_of_kernel(self.directory):
                raise
            self.tally.warn(str(error), error.exit_code)
            return None
        return permissions.reason if isinstance(destination, LocalDestination) else None


def needs_record(config: Config) -> bool:
    """Whether a run that got nothing leaves its record: for commands or the page, or in a file of the user."""
    needing = (config.on_failure, config.on_end, config.report, config.state)
    return any(value is not None for value in needing)


def shared_gate(configs: Sequence[Config], *, is_divided: bool = False) -> Gate:
    """One gate for mirrors that run together, with the strictest of their rates and the largest of their worker counts.

    ``is_divided``: other processes keep the rates together with this one. If few files may be open, it allows few
    connections: a lack of descriptors would look like an unreachable host.
    """
    connections = min(max(config.workers for config in configs), connection_budget(descriptor_limit()))
    limits = rate_limits(configs)
    return Gate(connections, limits.shared() if is_divided else limits)


def rate_limits(configs: Sequence[Config]) -> RateLimits:
    """The strictest of the rates of ``configs``, of which that of bytes may depend on the time of day."""
    requests = [config.requests_per_second for config in configs if config.requests_per_second is not None]
    limits = RateLimits.per_second(min(requests, default=None), None)
    rates = [config.limit_rate for config in configs if config.limit_rate is not None]
    constant = [rate for rate in rates if not isinstance(rate, Timetable)]
    if len(constant) == len(rates):
        return replace(limits, bytes=RateLimits.per_second(None, min(constant, default=None)).bytes)
    from crawler.http.pacing.timed_rate import TimedRate

    return replace(limits, bytes=TimedRate(rates))
