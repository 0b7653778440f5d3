"""Keeps the idle lanes of a client, and assigns lanes to single requests and to batches."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from crawler.http.lane.batch import Batch, Outcome
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import Dialer
from crawler.http.lane.exchange import Exchange, LostExchange
from crawler.http.lane.lane import Lane
from crawler.http.lane.loss import EXCESSES, Ending
from crawler.http.lane.pipeline_depth import Experience
from crawler.http.lane.preconnected import Spares
from crawler.http.sockets.endpoint import Endpoint
from crawler.http.sockets.open_connections import OpenConnections
from crawler.model.network.pipelining import Carried, Together

if TYPE_CHECKING:
    from crawler.http.lane.bulk.handed import Handed

_KEPT = 15.0
"""Seconds for which an idle lane is kept."""
_FRESH = 1.0
"""Seconds of idleness after which no batch is sent on a lane, because the server may be about to close it."""
_MUTE = 0.25
"""Seconds after which idle lanes are closed if there is no response on another one, and never were two at a time."""


class LanePool:
    """Sends requests on idle lanes, or on new ones."""

    def __init__(self, dialer: Dialer, patience: Patience, connections: Callable[[Endpoint], OpenConnections]) -> None:
        """``connections`` returns those of the host of an endpoint, always the same."""
        self._dialer, self._connections, self._patience = dialer, connections, patience
        self._idle: dict[Endpoint, list[tuple[Lane, float]]] = {}
        """Idle lanes, and when they became idle."""
        self._shared: dict[Endpoint, list[tuple[Lane, float, Carried]]] = {}
        """Idle lanes for batches only, when they became idle, and what they have carried."""
        self._experience, self._is_closed = defaultdict[Endpoint, Experience](Experience), False
        self._unclosed = 0
        """Number of lanes that have ended and whose sockets may still be open."""
        self._talking: dict[Endpoint, set[Lane]] = {}
        """The open lanes on which a response has arrived."""
        self._spares = Spares(
            dialer, partial(self._open, is_ahead=True), lambda where, lane: self._connections(where).rest(lane)
        )

    def experience(self, where: Endpoint) -> Experience:
        return self._experience[where]

    async def send(self, where: Endpoint, data: bytes, *, is_head: bool) -> Exchange:
        """Send a request, whose header section is ``data``, and wait for the header section of its response.

        The request is sent once more if the server closed an idle connection at that moment (RFC 9112 section 9.3.1),
        or if another response follows, which may be the right one: then the second one counts. Raises RequestError.
        """
        exchange, lane = await self._sent_early(where, data, is_head=is_head), None
        if exchange is None:
            lane = self._take(where) or await self._spare(where)
        if lane is not None:
            with suppress(LostExchange):
                exchange = await self._send_on(where, lane, data, is_head=is_head)
        exchange = exchange or await self._send_on(where, await self._dial(where), data, is_head=is_head)
        if exchange.is_ambiguous:
            exchange = await self._send_on(where, await self._dial(where), data, is_head=is_head)
        return exchange

    async def share(self, where: Endpoint, requests: Sequence[bytes], together: Together) -> Outcome:
        """Send ``requests``, those of ``together``, on one lane, or only those that it can take. Raises RequestError.

        ``settle`` must be called next.
        """
        places: Sequence[int] = range(len(requests))[: self.experience(where).per_connection]
        lane, carried = self._take_shared(where, len(requests), len(places), together)
        lane = lane or await self._unshared(where, len(places))
        if lane is None:
            lane, carried, places = self._take_partly(where, places, together)
        lane = lane or await self._dial(where)
        together.keep(places)
        before, is_held = lane.answered, lane.is_shared or len(places) > 1
        turn = None if lane.is_shared else lane.carrier.next()
        answers = await Batch(lane, self.experience(where).first).send([requests[place] for place in places])
        ending = lane.ending
        is_race = lane.answered == before and ending in (Ending.CLOSED, Ending.RESET)
        if is_race and lane.is_ahead and not before:
            return Outcome(places, answers, None, False, None, None)  # which says nothing about pipelining
        is_race = is_race and before > 0
        # A lane that has never been shared became idle with the response, and another request may be on it by now.
        return Outcome(places, answers, ending, is_race, lane if is_held else None, carried, turn)

    async def hand_over(self, where: Endpoint, received: Callable[[int], None]) -> Handed:
        """A new connection for another process; see ``Handed``. Raises RequestError."""
        from crawler.http.lane.bulk.handed import Handed  # imported only if needed

        async def connect() -> Handed:
            await self._closed()
            opened = await self._dialer.connect(where)
            return Handed(opened, self._patience, received, self._connections(where).ended)

        return await self._connections(where).open(connect)

    async def _unshared(self, where: Endpoint, requests: int) -> Lane | None:
        """A lane that no batch has shared, but that is open, if it takes ``requests``. Raises RequestError."""
        lane = self._take(where, _FRESH)
        if lane is not None and not self._has_room(where, lane, requests):
            lane.close()
            lane = None
        return lane or await self._spare(where)

    def settle(self, where: Endpoint, sent: Outcome, carried: Carried | None) -> None:
        """Keep the lane of a batch for further batches; close it if ``carried``, all that it has carried, is None.

        No other request is ever sent on it: a response that the server sends twice, or late, would answer that request,
        and nothing would tell.
        """
        lane = sent.lane
        if lane is None or lane.ending is not None:
            return
        if carried is None or self._is_closed:
            lane.close()
        else:
            self._shared.setdefault(where, []).append((lane, asyncio.get_running_loop().time(), carried))
            self._connections(where).rest(lane)

    def _take_shared(
        self, where: Endpoint, requests: int, most: int, together: Together
    ) -> tuple[Lane | None, Carried | None]:
        """The lane that became idle last, of those that batches have shared and that take all, and its history."""
        kept = self._shared.get(where, [])
        oldest = asyncio.get_running_loop().time() - _FRESH
        for place in range(len(kept) - 1, -1, -1):
            lane, since, carried = kept[place]
            is_old = since < oldest or lane.ending is not None or not self._has_room(where, lane, most)
            if not is_old and len(together.following(carried)) < requests:
                continue
            del kept[place]
            if not is_old and lane.is_quiet():  # a system call, so only a lane that fits is asked
                self._connections(where).use(lane)
                return lane, carried
            lane.close()
        return None, None

    def _take_partly(
        self, where: Endpoint, places: Sequence[int], together: Together
    ) -> tuple[Lane | None, Carried | None, Sequence[int]]:
        """The lane that takes most of the requests at ``places``, its history, and which; none for less than half."""
        kept, taken = self._shared.get(where, []), list[int]()
        for each in kept:
            fit = sorted(set(together.following(each[2])).intersection(places))
            if len(fit) > len(taken) and each[0].is_quiet():
                taken, best = fit, each
        if 2 * len(taken) < len(places) or not taken:
            return None, None, places
        kept.remove(best)
        self._connections(where).use(best[0])
        return best[0], best[2], taken

    def _has_room(self, where: Endpoint, lane: Lane, requests: int) -> bool:
        """Whether ``lane`` takes ``requests`` more before the server closes it."""
        most = self.experience(where).per_connection
        return most is None or lane.sent + requests <= most

    def open_ahead(self, where: Endpoint, lanes: Callable[[int], int]) -> None:
        """Open lanes for later requests once the host has been reached: as many as ``lanes`` says of the idle ones."""
        self._spares.open(where, lambda: lanes(self._idle_lanes(where)))

    def _idle_lanes(self, where: Endpoint) -> int:
        idle = [lane for lane, _ in self._idle.get(where, ())] + [lane for lane, _, _ in self._shared.get(where, ())]
        return sum(lane.ending is None for lane in idle) + self._dialer.early_left(where)

    async def _spare(self, where: Endpoint) -> Lane | None:
        """A lane that was opened ahead; None if there is none. Raises RequestError."""
        lane = await self._spares.take(where)
        if lane is not None:
            self._connections(where).use(lane)
            self._expect(where, lane)
        return lane

    async def _dial(self, where: Endpoint) -> Lane:
        """A new lane. An idle one that could not be used makes room: their number stays that of concurrent requests."""
        if kept := self._shared.get(where):
            kept.pop(0)[0].close()
        lane = await self._open(where)
        self._expect(where, lane)
        return lane

    async def _open(self, where: Endpoint, *, is_ahead: bool = False) -> Lane:
        """Open a lane. Raises RequestError."""

        async def dial() -> Lane:
            await self._closed()
            return await self._dialer.dial(where, lambda: self._made(where, is_ahead=is_ahead))

        lane = await self._connections(where).open(dial)
        if lane.ending is not None:
            self._connections(where).ended(lane)
        return lane

    async def _closed(self) -> None:
        """Wait until the event loop has closed the sockets of lanes that were closed; TLS takes another iteration."""
        if self._unclosed:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def _made(self, where: Endpoint, *, is_ahead: bool) -> Lane:
        ready, ended, shapes = partial(self._put, where), partial(self._note_end, where), self.experience(where).shapes
        return Lane(self._patience, ready, ended, is_ahead=is_ahead, shapes=shapes)

    def _expect(self, where: Endpoint, lane: Lane) -> None:
        if not self.experience(where).is_concurrent:
            asyncio.get_running_loop().call_later(_MUTE, self._make_way, where, lane)

    def _make_way(self, where: Endpoint, lane: Lane) -> None:
        """Close the idle lanes to a host that has not begun to respond on ``lane``, and never served two of them.

        A simple server waits for the next request on a connection, or its end, before it looks at any other one.
        """
        if lane.ending is None and lane.is_mute and not self.experience(where).is_concurrent:
            self._spares.drop(where)
            for idle, _ in self._idle.pop(where, ()):
                idle.close()
            for kept, _, _ in self._shared.pop(where, ()):
                kept.close()
            self._expect(where, lane)

    async def _sent_early(self, where: Endpoint, data: bytes, *, is_head: bool) -> Exchange | None:
        """The exchange of a request that was sent before the event loop; None if there is none. Raises RequestError."""
        connection = self._dialer.sent_early(where, data)
        if connection is None:
            return None
        lane = self._made(where, is_ahead=False)
        exchange = Exchange(lane, self._patience.silence, self.experience(where).first)
        exchange.expect(data, connection.sent, is_head=is_head)
        self._connections(where).adopt(lane)
        await self._dialer.adopt(where, connection.socket, lane)
        self._expect(where, lane)
        await exchange.arrived()
        return exchange

    async def _send_on(self, where: Endpoint, lane: Lane, data: bytes, *, is_head: bool) -> Exchange:
        exchange = Exchange(lane, self._patience.silence, self.experience(where).first)
        await exchange.send(data, is_head=is_head)
        return exchange

    def _note_end(self, where: Endpoint, lane: Lane, ending: Ending) -> None:
        found, loop = self.experience(where), asyncio.get_running_loop()
        self._unclosed += 1
        loop.call_soon(loop.call_soon, self._note_closed)
        self._connections(where).ended(lane)
        self._talking.get(where, set()).discard(lane)
        if ending is Ending.ANNOUNCED:
            if not found.is_persistent:
                self._spares.drop(where)
            found.note_end(lane.answered)
        elif ending in EXCESSES and lane.is_shared:
            found.note_excess()

    def _note_closed(self) -> None:
        self._unclosed -= 1

    def _put(self, where: Endpoint, lane: Lane) -> None:
        found, talking = self.experience(where), self._talking.setdefault(where, set())
        talking.add(lane)
        found.note_response(lane.minor, len(talking))
        if self._is_closed:
            lane.close()
        elif not lane.in_flight and not lane.is_shared:
            self._idle.setdefault(where, []).append((lane, asyncio.get_running_loop().time()))
            self._connections(where).rest(lane)

    def _take(self, where: Endpoint, kept: float = _KEPT) -> Lane | None:
        """The lane that became idle last, at most ``kept`` seconds ago, or None. Closes lanes that cannot be used."""
        idle = self._idle.get(where)
        oldest = asyncio.get_running_loop().time() - kept
        while idle:
            lane, since = idle.pop()
            if since >= oldest and lane.is_quiet():
                self._connections(where).use(lane)
                return lane
            lane.close()
        return None

    async def close(self) -> None:
        """Close all idle lanes, and those in use as soon as their responses have arrived."""
        self._is_closed = True
        idle = [lane for lane, _ in chain(*self._idle.values())]
        for lane in idle + [lane for lane, _, _ in chain(*self._shared.values())]:
            lane.close()
        self._idle.clear()
        self._shared.clear()
        await self._spares.close()
        await self._dialer.close()
        await self._closed()
