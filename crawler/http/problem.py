"""The errors of a failed request, independent of how it was sent."""

from __future__ import annotations

import socket

from crawler.model.errors import Cause

UNKNOWN_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""Errors of lookups (``socket.gaierror``) that mean that a host does not exist, or has no address."""


class RequestError(Exception):
    """A request got no response, or an incomplete body. ``str(error)`` is one clause without the URL."""

    def __init__(
        self,
        text: str,
        *,
        is_permanent: bool = False,
        blames_host: bool = False,
        is_unsent: bool = False,
        cause: Cause | None = None,
    ) -> None:
        super().__init__(text)
        self.is_permanent = is_permanent
        """Whether another attempt would fail in the same way."""
        self.blames_host = blames_host
        """Whether the error counts as a failure of the host as a whole."""
        self.is_unsent = is_unsent
        """Whether there was no connection on which the request could be sent."""
        self.cause = cause
        """The kind of the problem, if it is known."""

    @property
    def is_of_proxy(self) -> bool:
        """Whether the proxy is to blame, and not the host behind it."""
        return self.cause in {Cause.PROXY, Cause.PROXY_REFUSED, Cause.PROXY_LOGIN}


class TooSlow(Exception):
    """A body arrives more slowly than --min-speed allows. ``str(error)`` says so in one clause."""
