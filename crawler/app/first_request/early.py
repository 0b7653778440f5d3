"""Sends the first requests of a plain run while the event loop, and all that needs one, is still to be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawler.app.first_request.early_requests import CHECKED, OUTPUTS, early_requests, given_in, is_plain
from crawler.app.first_request.standing import Standing, claimed, give_back, is_undisputed
from crawler.http.framing.request_head import for_lane
from crawler.http.sockets.early import EarlyConnections
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.paths import is_directory
from crawler.storage.directory.layout import Layout
from crawler.storage.fd_limits import are_few, connection_budget, descriptor_limit
from crawler.text.arguments import is_object_url, start_directory, start_url
from crawler.text.urls import userinfo

if TYPE_CHECKING:
    from crawler.storage.directory.boundaries.spared import OwnFile


class EarlyStart:
    """A run that has DIR for itself, and has sent its first requests. Use as a context manager.

    Leaving it closes and gives back what the run has not taken over.
    """

    def __init__(self, layout: Layout, connections: EarlyConnections) -> None:
        self.connections = connections
        """The first connections of the run."""
        self._layout: Layout | None = layout

    def take(self) -> Layout | None:
        """DIR, opened and locked. It belongs to the caller, who is the first to call this; others get None."""
        layout, self._layout = self._layout, None
        return layout

    def __enter__(self) -> Self:
        self.connections.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connections.__exit__(kind, error, trace)
        if (layout := self.take()) is not None:
            give_back(layout)


def early_start(url: str, directory: str, config: Config, given: Collection[str]) -> EarlyStart | None:
    """The start of a mirror of ``url`` in ``directory``, which is locked; None if the run is not plain.

    ``given``: the keys of the options that were given. Nothing is reported here: what is wrong, the run finds out.
    """
    if sys.platform != "linux" or not is_plain(given, os.environ) or are_few() or is_object_url(directory):
        return None
    try:
        root, login = userinfo(start_url(url, directory))
        if login is not None or for_lane(root, None) is None or not _is_sound(root, directory, config, given):
            return None
        own, asks = _own_headers(config), _asks(config, root)
        standing = claimed(start_directory(directory), root, lock=config.lock != "none")
    except (CrawlerError, ValueError):
        return None
    if standing is None:
        return None
    return EarlyStart(standing.layout, _connections(root, config, standing, own, asks=asks))


def early_start_beside(
    others: Sequence[tuple[str, str, Config]], written: Sequence[OwnFile], url: str, directory: str, config: Config
) -> EarlyStart | None:
    """See ``early_start``. ``others``: URL, DIR and options of the mirrors that run with this one, or after it.

    The options of all must have been checked. ``written``: files that the program writes besides those of the options.
    Nothing is sent if anything is in doubt about one of the mirrors, because then all are refused.
    """
    if any(not _is_undisputed(*other, written) for other in others) or not _is_free(config, directory, written):
        return None
    return early_start(url, directory, config, given_in(config))


def _is_undisputed(url: str, directory: str, config: Config, written: Sequence[OwnFile]) -> bool:
    """Whether nothing speaks against a run, whose options have been checked, beside one that begins early."""
    if config.requests_per_second is not None or not _is_free(config, directory, written):
        return False
    if is_object_url(directory):
        return True
    is_usual = config.state is None and config.names == "posix"
    return is_usual and is_undisputed(start_directory(directory), userinfo(start_url(url))[0])


def _is_sound(root: str, directory: str, config: Config, given: Collection[str]) -> bool:
    """Whether no option gives a reason to refuse the run. Raises ConfigError."""
    # Whether it holds certificates is known later; until then, under TLS a connection is opened and nothing sent.
    if config.ca_file and (not root.startswith("https:") or is_directory(config.ca_file)):
        return False
    if config.ca_file and not os.access(config.ca_file, os.R_OK):
        return False
    if CHECKED.isdisjoint(given):
        return True
    from crawler.app.checks.options import run_checks  # imported only if needed
    from crawler.http.client_options import are_read_once

    if are_read_once(config):
        return False
    for check in run_checks([root], directory, config):
        check()
    return _is_free(config, directory, ())


def _is_free(config: Config, directory: str, written: Sequence[OwnFile]) -> bool:
    """Whether no output file of ``config``, nor any of ``written``, can be one that a mirror has saved."""
    if not written and OUTPUTS.isdisjoint(given_in(config)):
        return True
    from crawler.app.checks.outputs import linked_logs, mirrors_around  # imported only if needed
    from crawler.storage.directory.boundaries.spared import own_files

    outputs = [*written, *(file for file in own_files(config) if not file.is_read)]
    return not mirrors_around(outputs, directory)[1] and not linked_logs(outputs)


def _connections(
    root: str, config: Config, standing: Standing, own: Mapping[str, str] | None, *, asks: bool
) -> EarlyConnections:
    """The first connections of a mirror of ``root``, to be opened. ``own``, ``asks``: see ``early_requests``."""
    most = min(config.workers, connection_budget(descriptor_limit()), standing.connections or config.workers)
    where, requests = early_requests(
        root,
        config,
        connections=most,
        is_first=standing.is_first,
        validators=standing.validators,
        own=own,
        asks=asks,
    )
    return EarlyConnections(where, requests)


def _own_headers(config: Config) -> Mapping[str, str] | None:
    """The fields of --header, None if there are none. Raises ConfigError."""
    if not config.header:
        return None
    from crawler.http.client_options import own_headers  # imported only if needed

    return own_headers(config)


def _asks(config: Config, root: str) -> bool:
    """Whether .netrc has a login for ``root``. Raises ConfigError."""
    if not config.netrc:
        return False
    from crawler.http.client_options import login_of  # imported only if needed

    return login_of(config, root) is not None
