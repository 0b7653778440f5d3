"""Finds out from its first responses how far away a host is, and whether it sends ranges of files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf, sqrt
from typing import Any

from crawler.http.sockets.processors import Moment, moment
from crawler.http.sockets.tcp import round_trip
from crawler.model import limits
from crawler.model.struct import Struct
from crawler.text.http_fields import is_strong_tag

_ENOUGH = 4
"""Number of slow responses that nothing on this machine explains, after which a host is taken for distant."""
_MOST = 0.75
"""The part of a time that must be explained."""
_ENOUGH_UNCOUNTED = 20
"""The same where the system does not say how long programs wait for a processor."""


def is_explained(began: Moment, ended: Moment, count: int, taken: float | None = None) -> bool | None:
    """Whether a machine with ``count`` processors may explain most of the time between two moments, or what it took.

    This process worked then, or something waited for a processor: at most the square root of the weighted time of all
    waiting, multiplied by the time for which all processors can have been in use. None if that is not counted.

    ``taken``: how long the response took by the system's clock, for which the work of this process does not matter.
    """
    if began.waited is None or ended.waited is None:
        return None
    elapsed, worked = ended.now - began.now, ended.worked - began.worked
    waited = sqrt(max(0.0, (ended.waited - began.waited) * count * elapsed))
    return worked + waited >= _MOST * elapsed if taken is None else waited >= _MOST * taken


class FirstResponses(Struct):
    """The first responses of a host, each to a request that was sent alone or as the first of several."""

    quickest: float = inf
    """The shortest time in seconds from a request to the header section of its response."""
    round_trip: float = 0.0
    """The round-trip time in seconds that the system has seen on the connections, the shortest of all; 0 if unknown."""
    unexplained: int = 0
    """Number of slow responses that nothing on this machine explains."""
    uncounted: int = 0
    """Number of slow responses of which that is not known."""
    sends_ranges: bool = False
    """Whether a file has announced that ranges of it are sent, and has a strong entity tag (RFC 9110 section 14.3)."""

    @property
    def is_near(self) -> bool | None:
        """Whether the host responds within ``limits.NEAR``; None as long as that is not known.

        A slow response proves nothing by itself: it may have waited for this process, which has other things to do at
        the start of a run, or for a server on this machine that had to wait for a processor. That is no distance, and
        more requests would make it worse. The system's round-trip time proves it at once; it is short, though, if a
        program in between causes the distance, such as a proxy of the server.
        """
        is_far = 2 * self.round_trip >= limits.NEAR or self.unexplained >= _ENOUGH
        if (self.quickest if is_far or self.uncounted >= _ENOUGH_UNCOUNTED else 0.0) >= limits.NEAR:
            return False
        return True if self.quickest < limits.NEAR else None

    def begin(self, now: float) -> Moment | None:
        """The moment at which a request is sent; None if its time does not matter. ``now``: on the loop's clock."""
        return moment(now) if self.is_near is None else None

    def note(self, began: Moment | None, now: float, connection: Any, status: int, headers: Mapping[str, str]) -> None:
        """Note that a header section has arrived on a socket; ``began`` is the result of ``begin``."""
        self._note_ranges(status, headers)
        if began is None:
            return
        self._note_time(began, now, connection)

    def note_early(
        self, began: Moment, now: float, taken: float | None, connection: Any, status: int, headers: Mapping[str, str]
    ) -> None:
        """Note the header section of a response to a request that was sent at ``began``, before the event loop.

        ``taken``: seconds from the request to the response, as the system has seen them; None if it does not say.
        """
        self._note_ranges(status, headers)
        if self.is_near is None:
            self._note_time(began, now, connection, taken)

    def note_shared(self, taken: float) -> None:
        """Note that a response has come ``taken`` seconds after its request, which was sent with others.

        It proves a host to be near, however long it takes for its first page: a long listing is made when it is
        requested. It proves no distance.
        """
        if self.is_near is None:
            self.quickest = min(taken, self.quickest)

    def _note_ranges(self, status: int, headers: Mapping[str, str]) -> None:
        if not self.sends_ranges and status == 200 and headers.get("Accept-Ranges", "").lower() == "bytes":
            self.sends_ranges = is_strong_tag(headers.get("ETag"))

    def _note_time(self, began: Moment, now: float, connection: Any, taken: float | None = None) -> None:
        self.quickest = min(now - began.now if taken is None else taken, self.quickest)
        seen = round_trip(connection)
        if seen is not None:
            self.round_trip = min(seen, self.round_trip or inf)
        is_slow = self.quickest >= limits.NEAR
        explained = is_explained(began, moment(now), os.cpu_count() or 1, taken) if is_slow else True
        self.unexplained += explained is False
        self.uncounted += explained is None
