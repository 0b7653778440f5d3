"""Sends the first requests of a plain run while the event loop, and all that needs one, is still to be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from types import TracebackType
from typing import Self

from crawler.app.first_request.early_requests import early_requests, is_plain
from crawler.app.first_request.standing import Standing, claimed, give_back
from crawler.http.framing.request_head import for_lane
from crawler.http.sockets.early import EarlyConnections
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.paths import is_directory
from crawler.storage.directory.layout import Layout
from crawler.storage.fd_limits import are_few, connection_budget, descriptor_limit
from crawler.text.arguments import is_object_url, start_directory, start_url
from crawler.text.urls import userinfo


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
    if config.ca_file and (is_directory(config.ca_file) or not os.access(config.ca_file, os.R_OK)):
        return None
    try:
        root, login = userinfo(start_url(url, directory))
        if login is not None or for_lane(root, None) is None:
            return None
        standing = claimed(start_directory(directory), root, lock=config.lock != "none")
    except (CrawlerError, ValueError):
        return None
    return None if standing is None else EarlyStart(standing.layout, _connections(root, config, standing))


def _connections(root: str, config: Config, standing: Standing) -> EarlyConnections:
    """The first connections of a mirror of ``root``, to be opened."""
    most = min(config.workers, connection_budget(descriptor_limit()), standing.connections or config.workers)
    where, requests = early_requests(root, config, connections=most, is_first=standing.is_first)
    return EarlyConnections(where, requests)
