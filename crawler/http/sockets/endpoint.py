"""What a connection leads to: a host and port, and the addresses that the host has."""

from __future__ import annotations

import socket
from typing import Any, TypeAlias, cast

from crawler.model.struct import Value

Address: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""What getaddrinfo returns: family, kind, protocol, canonical name, and what to connect to."""


class Endpoint(Value, frozen=True):
    """The target of a connection."""

    host: str
    port: int
    is_tls: bool
    proxy: str | None = None
    """The SOCKS proxy to use; ``socks5h://…`` lets the proxy resolve the host, ``socks5://…`` resolves it here."""

    @property
    def is_address(self) -> bool:
        """Whether the host is given by its address, so that no name has to be looked up."""
        return ":" in self.host or self.host.replace(".", "").isdigit()


def look_up(where: Endpoint, flags: int) -> list[Address]:
    """Ask the system for the addresses of ``where``, which may take seconds. Raises OSError, UnicodeError.

    A name in bytes is not encoded: for text, Python would import its codec of international names.
    """
    host = where.host.encode("ascii")
    return cast("list[Address]", socket.getaddrinfo(host, where.port, type=socket.SOCK_STREAM, flags=flags))
