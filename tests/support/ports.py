"""Ports of 127.0.0.1 that no other test takes meanwhile."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

_BELOW_EPHEMERAL = range(20_000, 32_768)
"""The ports for servers: no operating system gives one of them to a socket that asks for any port, as most tests do."""


@contextlib.contextmanager
def reserved() -> Iterator[int]:
    """A free port for a server that is told where to listen: nobody who reserves one gets the same.

    The sign of a reservation is a UDP socket with the same number, which is no obstacle to the server. It needs no
    cleaning up: it ends with this process, however that ends.
    """
    for port in random.sample(_BELOW_EPHEMERAL, 1000):
        with socket.socket(type=socket.SOCK_DGRAM) as sign:
            try:
                sign.bind(("127.0.0.1", port))
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield port
            return
    raise RuntimeError("no free port was found")


@contextlib.contextmanager
def refusing() -> Iterator[int]:
    """A port that refuses connections: it is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
