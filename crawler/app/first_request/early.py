"""Sends the first requests of a plain run while the event loop, and all that needs one, is still to be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

from crawler.app.first_request.early_requests import early_requests, is_plain
from crawler.app.first_request.standing import standing_of
from crawler.http.sockets.early import EarlyConnections
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.paths import is_directory
from crawler.storage.fd_limits import are_few, connection_budget, descriptor_limit
from crawler.text.arguments import is_object_url, start_directory, start_url
from crawler.text.urls import userinfo


def early_connections(url: str, directory: str, config: Config, given: Collection[str]) -> EarlyConnections | None:
    """The first connections of a mirror of ``url`` in ``directory``, to be opened; None if the run is not plain.

    ``given``: the keys of the options that were given. Nothing is reported here: what is wrong, the run finds out.
    """
    if sys.platform != "linux" or not is_plain(given, os.environ) or are_few() or is_object_url(directory):
        return None
    if config.ca_file and (is_directory(config.ca_file) or not os.access(config.ca_file, os.R_OK)):
        return None
    try:
        root, login = userinfo(start_url(url, directory))
        standing = standing_of(start_directory(directory), root) if login is None else None
        if standing is None:
            return None
        most = min(config.workers, connection_budget(descriptor_limit()))
        if standing.connections is not None:
            most = min(most, standing.connections)
        found = early_requests(root, config, connections=most, is_first=standing.is_first)
    except (CrawlerError, ValueError):
        return None
    return None if found is None else EarlyConnections(*found)
