"""A connection that another process sends requests on, and nobody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from crawler.http.lane.bulk.receiver import BulkReceiver, Loan, Taken
from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import End, Ending


class Handed:
    """Implements ``bulk.receiver.Lender``: nothing goes on after the other process, so the connection ends then."""

    def __init__(
        self,
        connection: socket.socket,
        patience: Patience,
        received: Callable[[int], None],
        ended: Callable[[Handed], None],
    ) -> None:
        """``received`` is called with numbers of bytes, ``ended`` once ``connection`` is closed."""
        deadline, now = Deadline(patience), time.monotonic()
        deadline.expect(now)
        deadline.pause(now)
        self.ending: Ending | None = None
        """Why the connection was given up; None if it was not, or only the other process knows."""
        self._ended = ended
        self.body = BulkReceiver(
            Loan(
                lender=self,
                connection=connection,
                length=0,
                is_rest=False,
                before=0,
                deadline=deadline,
                patience=patience,
            ),
            (),
            received,
        )
        """Stands for all responses."""

    def take_back(self, _taken: Taken, end: End | None) -> None:
        self.ending = None if end is None else end.ending
        self._ended(self)

    def close(self) -> None:
        """See ``open_connections.Connection``."""
        self.body.stop()
