"""One end of the connection between a client and a worker process; both ends use the same class.

A frame carries many messages, as a pickled list. Both ends belong to one run, with the same code and user, and data
from servers is only text or bytes inside a tuple, so pickle adds no risk.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
from typing import Any, TypeAlias, cast

from crawler.workers.frames import FrameDecoder, frame

Message: TypeAlias = tuple[Any, ...]
"""Plain values, of which the first is the kind of the message."""


class Channel(asyncio.Protocol):
    """Sends and receives messages. Subclasses implement ``received``."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """The transport of the connection; None until ``connect``."""
        self._decoder = FrameDecoder()
        self._outbox: list[Message] = []

    async def connect(self, connection: socket.socket) -> None:
        """Take over one end of a socket pair."""
        connection.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=connection)

    def send(self, message: Message) -> None:
        """Queue ``message``. All messages of one iteration of the event loop are sent in one frame."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outbox.append(message)

    def flush(self) -> None:
        """Send the queued messages now."""
        queued, self._outbox = self._outbox, []
        if queued and self.transport is not None and not self.transport.is_closing():
            self.transport.write(frame(pickle.dumps(queued, protocol=pickle.HIGHEST_PROTOCOL)))

    def received(self, kind: int, *values: object) -> None:
        """Handle one message."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it

    def data_received(self, data: bytes) -> None:
        for payload in self._decoder.feed(data):
            for message in pickle.loads(payload):
                self.received(*message)
