"""The components that fetching and saving share."""

from __future__ import annotations

from crawler.model.interfaces import Client, Destination, Parser
from crawler.model.observer import Observer
from crawler.model.struct import Value


class Tools(Value, frozen=True, kw_only=True):
    """The components with which files are fetched and saved."""

    client: Client
    destination: Destination
    observer: Observer
    parser: Parser
