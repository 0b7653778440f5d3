"""The connection of a lane, once it has been handed to another process that sends requests on it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Protocol

from crawler.http.lane.bulk.receiver import BulkReceiver, Loan, Taken
from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import End, Ending


class Open(Protocol):
    """A lane."""

    def hand_over(self) -> socket.socket | None:
        """See ``Lane``."""

    def close(self) -> None:
        """See ``Lane``."""


class Handed:
    """Implements ``bulk.receiver.Lender``: nothing goes on after the other process, so the lane is closed then."""

    def __init__(self, lane: Open, patience: Patience, received: Callable[[int], None]) -> None:
        """``received`` is called with numbers of bytes. Raises OSError if the connection of ``lane`` cannot be lent."""
        connection = lane.hand_over()
        if connection is None:
            raise OSError
        deadline, now = Deadline(patience), time.monotonic()
        deadline.expect(now)
        deadline.pause(now)
        self.ending: Ending | None = None
        """Why the connection was given up; None if it was not, or only the other process knows."""
        self._lane = lane
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
        self._lane.close()
