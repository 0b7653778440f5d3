"""What a lane reads itself: little of a body that may be received elsewhere. For its rest, it lends its connection."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Sequence

from crawler.http.framing.shape import Shapes
from crawler.http.lane.bulk.receiver import BulkReceiver, Lender, Loan, Taken
from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.reader import ResponseReader
from crawler.model import limits

_AT_ONCE = 256 * limits.KIB
"""Maximum number of bytes that are read at once."""
_ALONE = 16 * limits.KIB
"""The same until some of the body of a response has arrived that belongs to no batch: it may be received elsewhere."""


class _Memory(threading.local):
    """Memory for each thread, from its first use on."""

    def __init__(self) -> None:
        self.bytes = memoryview(bytearray(_AT_ONCE))


_MEMORY = _Memory()


class Reading(asyncio.BufferedProtocol):
    """Reads into memory that all connections of a thread share, because what arrives is copied from it at once."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        """For ``shapes`` see ``ResponseReader``."""
        self._reader = ResponseReader(shapes)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _MEMORY.bytes[:_ALONE] if self._reader.awaits_body_alone else _MEMORY.bytes

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_MEMORY.bytes[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """``data`` has arrived."""
        raise NotImplementedError


def duplicate(transport: asyncio.Transport | None) -> socket.socket | None:
    """A socket for the connection of ``transport``, to be closed separately.

    None if there is no connection, it is encrypted, or no descriptor is left.
    """
    if transport is None or transport.is_closing() or transport.get_extra_info("ssl_object") is not None:
        return None
    try:
        return socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    except OSError:
        return None


class Lending:
    """The loans of one lane, one at a time, which must not read meanwhile."""

    def __init__(self, lender: Lender, reader: ResponseReader, deadline: Deadline, patience: Patience) -> None:
        self._lender = lender
        self._reader = reader
        self._deadline, self._patience = deadline, patience
        self._bulk: BulkReceiver | None = None

    def begin(
        self,
        transport: asyncio.Transport | None,
        pieces: Sequence[bytes],
        most: int,
        received: Callable[[int], None],
    ) -> BulkReceiver | None:
        """Lend the connection for the rest of the body, or its next ``most`` bytes. See ``Lane.lend``."""
        rest = self._reader.bulk
        length = min(most, rest)
        connection = duplicate(transport) if length >= limits.BULK_LEAST and self._bulk is None else None
        if connection is not None:
            loan = Loan(
                lender=self._lender,
                connection=connection,
                length=length,
                is_rest=length == rest,
                before=self._reader.received,
                deadline=self._deadline,
                patience=self._patience,
            )
            self._bulk = BulkReceiver(loan, pieces, received)
        return self._bulk if connection is not None else None

    def end(self, taken: Taken) -> bool:
        """Count what a receiver has ``taken``. Returns whether that is all that the body lacked."""
        self._bulk = None
        self._reader.pass_over(taken.count, taken.ending)
        return self._reader.is_filled

    def stop(self) -> None:
        """Make the receiver return, if there is one: the lane has ended."""
        if self._bulk is not None:
            self._bulk.stop()
