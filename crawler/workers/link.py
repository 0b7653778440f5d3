"""One end of the connection between a run's parent and a child: the same at both ends."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from crawler.http.client import ClientOptions
from crawler.model import limits
from crawler.model.config import Config
from crawler.model.state.host_limits import HostLimits
from crawler.model.values import Job, Result
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.workers import wire
from crawler.workers.wire import Message

FLIGHT_WEIGHT = limits.MIB
"""A file of that many bytes counts twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a child must know before its first job."""

    config: Config
    options: ClientOptions
    directory: str
    """DIR, absolute or relative to the directory that both were started in."""
    own: Sequence[OwnFile]
    """Files that the program uses: none of them is replaced."""
    log_level: int
    hosts: Mapping[str, HostLimits]
    """What earlier runs have learnt of hosts, divided by the number of children."""
    start: int
    """Requests at once to a host of which nothing is known."""
    knew_files: bool
    """As in ``StateStore``."""


@dataclass(slots=True, kw_only=True)
class Flight:
    """A job that a child has."""

    job: Job
    done: asyncio.Future[Result]
    reported: int = 0
    """Bytes that observers know of."""
    started: bool = False

    @property
    def weight(self) -> int:
        return 1 if self.job.size is None else 1 + self.job.size.low // FLIGHT_WEIGHT


class Channel(asyncio.Protocol):
    """Sends and receives messages. To derive from: ``received`` gets each message."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._frames = wire.Frames()
        self._outbox: list[Message] = []

    async def connect(self, connection: socket.socket) -> None:
        """Take over one end of a pair of sockets."""
        connection.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=connection)

    def send(self, message: Message) -> None:
        """With all others of this turn of the loop."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outbox.append(message)

    def flush(self) -> None:
        """Send now what is to be sent."""
        messages, self._outbox = self._outbox, []
        if messages and self.transport is not None and not self.transport.is_closing():
            self.transport.write(wire.pack_frame(messages))

    def received(self, name: int, *values: object) -> None:
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it

    def data_received(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            self.received(*message)


class Forward(logging.Handler):
    """Passes events on to the log at the other end."""

    def __init__(self, link: Channel) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = getattr(record, "fields", {})
        self._link.send((wire.LOG, record.levelno, record.getMessage(), fields))
