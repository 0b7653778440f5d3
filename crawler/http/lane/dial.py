"""Opens the connections of lanes: resolves the host, tries all of its addresses (RFC 8305), and sets up TLS."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable

from crawler.http.lane.deadline import Patience
from crawler.http.lane.lane import Lane
from crawler.http.problem import UNKNOWN_HOST, RequestError
from crawler.http.sockets.connect import HEAD_START, connected, drop_first, established
from crawler.http.sockets.early import EarlyConnection, EarlyConnections
from crawler.http.sockets.endpoint import Address, Endpoint
from crawler.http.sockets.resolver import addresses
from crawler.http.sockets.tcp import has_no_bytes, send_at_once
from crawler.http.tls import alert_text, certificate_problem, is_not_tls
from crawler.model.errors import NO_DESCRIPTORS, Cause
from crawler.model.struct import Value
from crawler.text.escape import printable

_ADDRESSES_KEPT = 300.0
"""Seconds for which the resolved addresses of a host are reused."""
_AT_ONCE, _APART = 4, 0.002
"""Number of connections to one endpoint that are opened at once, and seconds between any further ones."""
_ADDRESS_QUOTED = ("Connect call failed", "Multiple exceptions")
"""Beginnings of asyncio's error messages, which name an address instead of the system's reason."""
_MOMENT = 0.05
"""Seconds that a handshake gets to end before it is cancelled."""
_NO_REASON = "the server closed the connection during the TLS handshake"


class ConnectionSettings(Value, frozen=True):
    """Settings for opening connections, and the timeouts of the server."""

    connect_timeout: float
    """Seconds to wait until a connection is open."""
    patience: Patience
    tls: Callable[[], ssl.SSLContext]
    """Returns the context for https, the same each time; it is called when the first one is needed."""


class Dialer:
    """Opens connections. ``early``: those that were opened before the event loop."""

    def __init__(self, settings: ConnectionSettings, early: EarlyConnections | None = None) -> None:
        self._early = early
        self._connect_timeout, self._read_timeout = settings.connect_timeout, settings.patience.silence
        self._tls = settings.tls
        self._found: dict[tuple[str, int], tuple[float, asyncio.Future[list[Address]]]] = {}
        """(host, port) → (time at which its addresses expire, on the clock of the event loop; the lookup)."""
        self._reached: dict[Endpoint, asyncio.Event] = {}
        self._turns: dict[Endpoint, float] = {}
        """When the next connection to an endpoint has its turn, on the clock of the event loop."""

    async def _turn(self, where: Endpoint) -> None:
        """Wait until another connection to ``where`` may be opened: not all are opened at once.

        A simple server lets only five wait to be accepted; others are lost, or reset when they are closed.
        """
        now = asyncio.get_running_loop().time()
        at = max(self._turns.get(where, 0.0), now - _AT_ONCE * _APART)
        self._turns[where] = at + _APART
        if at > now:
            await asyncio.sleep(at - now)

    async def close(self) -> None:
        """Stop the lookups that nobody waits for any more."""
        lookups = [lookup for _, lookup in self._found.values()]
        for lookup in lookups:
            lookup.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)

    async def reached(self, where: Endpoint) -> None:
        """Wait until any connection to ``where`` has been made, maybe without TLS yet."""
        await self._reached.setdefault(where, asyncio.Event()).wait()

    async def dial(self, where: Endpoint, make: Callable[[], Lane]) -> Lane:
        """Open a new lane to ``where``. Raises RequestError."""
        context = self._tls() if where.is_tls else None
        await self._turn(where)
        try:
            async with asyncio.timeout(self._connect_timeout + self._read_timeout):
                if where.proxy is not None:
                    return await self._connect_through(where.proxy, where, make, context)
                return await self._connect(where, make, context, await self._addresses(where))
        except _NoConnection:
            raise self._late() from None
        except OSError as error:
            if not _is_timeout(error):
                raise _explained(error) from None
            text = f"no response within {self._read_timeout:g} s"
            raise RequestError(text, blames_host=True) from None

    async def connect(self, where: Endpoint) -> socket.socket:
        """Open a connection to ``where``, without TLS or a proxy, on which the event loop does nothing.

        Raises RequestError.
        """
        await self._turn(where)
        try:
            async with asyncio.timeout(self._connect_timeout):
                opened = await connected(await self._addresses(where))
        except OSError as error:
            raise (self._late() if _is_timeout(error) else _explained(error)) from None
        send_at_once(opened)
        return opened

    async def _connect(
        self, where: Endpoint, make: Callable[[], Lane], context: ssl.SSLContext | None, addresses: list[Address]
    ) -> Lane:
        """Try the addresses; if the TLS handshake fails, try again without the first of them."""
        name = where.host.rstrip(".") if context is not None else None
        while True:
            try:
                async with asyncio.timeout(self._connect_timeout):
                    opened = await self._opened_early(where, len(addresses)) or await connected(addresses)
                    self._reached.setdefault(where, asyncio.Event()).set()
                    return await _lane_on(opened, make, context, name)
            except OSError as error:
                drop_first(addresses)
                if not addresses:
                    raise (_NoConnection if _is_timeout(error) else error) from None

    def sent_early(self, where: Endpoint, data: bytes) -> EarlyConnection | None:
        """The connection on which ``data`` was sent to ``where`` before the event loop; None if there is none."""
        return None if self._early is None else self._early.sent(where, data)

    def early_left(self, where: Endpoint) -> int:
        """Number of connections to ``where`` that were opened before the event loop, and are not used yet."""
        return 0 if self._early is None else self._early.left(where)

    async def adopt(self, where: Endpoint, opened: socket.socket, lane: Lane) -> None:
        """Make ``lane`` the protocol of a connection to ``where`` that is open. Raises RequestError."""
        self._reached.setdefault(where, asyncio.Event()).set()
        try:
            await _lane_on(opened, lambda: lane, None, None)
        except BaseException as error:
            lane.close()
            if lane.socket is None:
                opened.close()
            if isinstance(error, OSError):
                raise _explained(error) from None
            raise

    async def _opened_early(self, where: Endpoint, addresses: int) -> socket.socket | None:
        """The connection that was begun before the event loop; None if there is none, or it has failed.

        It leads to the first of several ``addresses``, which gets no more time than it would get here.
        """
        opened = None if self._early is None or where.proxy is not None else self._early.opened(where)
        if opened is None:
            return None
        try:
            async with asyncio.timeout(HEAD_START if addresses > 1 else None):
                await established(opened)
            if has_no_bytes(opened):
                return opened
        except OSError:  # the usual attempt finds out why
            pass
        except BaseException:
            opened.close()
            raise
        opened.close()
        return None

    async def _connect_through(
        self, proxy: str, where: Endpoint, make: Callable[[], Lane], context: ssl.SSLContext | None
    ) -> Lane:
        from crawler.http.lane import socks

        is_remote = proxy.startswith("socks5h:")
        hosts = [where.host] if is_remote else [str(each[4][0]) for each in await self._addresses(where)]
        name = where.host.rstrip(".") if context is not None else None
        try:
            async with asyncio.timeout(self._connect_timeout):
                opened = await socks.connect(proxy, hosts, where.port)
                return await _lane_on(opened, make, context, name)
        except TimeoutError as error:
            if not _is_timeout(error):
                raise
            text = f"no connection through the SOCKS proxy within {self._connect_timeout:g} s"
            raise RequestError(text, blames_host=True, is_unsent=True) from None

    def _late(self) -> RequestError:
        text = f"no connection within {self._connect_timeout:g} s"
        return RequestError(text, blames_host=True, is_unsent=True)

    async def _addresses(self, where: Endpoint) -> list[Address]:
        """The addresses of a host. Concurrent callers share one lookup. Raises OSError."""
        loop = asyncio.get_running_loop()
        key = where.host, where.port
        until, lookup = self._found.get(key, (0.0, None))
        if lookup is None or until <= loop.time():
            lookup = asyncio.ensure_future(addresses(where))
            lookup.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, even if nobody waits
            self._found[key] = (loop.time() + _ADDRESSES_KEPT, lookup)
        try:
            return list(await asyncio.shield(lookup))
        except OSError:
            self._found.pop(key, None)
            raise


async def _lane_on(
    opened: socket.socket, make: Callable[[], Lane], context: ssl.SSLContext | None, name: str | None
) -> Lane:
    """The lane on the connected socket ``opened``, after the TLS handshake if there is a ``context``. Raises OSError.

    If the handshake failed while it is cancelled, as happens if that of another connection has failed, the event loop
    would print an error that nobody has seen. So it gets a moment to end.
    """
    loop = asyncio.get_running_loop()
    connecting = loop.create_connection(make, sock=opened, ssl=context, server_hostname=name)
    if context is None:
        return (await connecting)[1]
    making = asyncio.ensure_future(connecting)
    try:
        return (await asyncio.shield(making))[1]
    except asyncio.CancelledError:
        await asyncio.wait([making], timeout=_MOMENT)
        making.cancel()
        (made,) = await asyncio.gather(making, return_exceptions=True)
        if not isinstance(made, BaseException):
            made[0].close()
        raise


class _NoConnection(Exception):
    """There was neither a connection nor an error within the time limit."""


def _is_timeout(error: Exception) -> bool:
    """Whether a time limit of this program has expired; the system's own timeouts have an ``errno``."""
    return isinstance(error, TimeoutError) and error.errno is None


def _explained(error: OSError | ssl.CertificateError) -> RequestError:
    if isinstance(error, ssl.CertificateError):  # SSLCertVerificationError is one
        text, kind = certificate_problem(error)
        return RequestError(text, is_permanent=True, is_unsent=True, cause=kind)
    if isinstance(error, ssl.SSLError):
        cause = Cause.NOT_TLS if is_not_tls(error) else None
        return RequestError(alert_text(error), is_permanent=True, is_unsent=True, cause=cause)
    cause, reason = None, printable(str(error.strerror or error))
    if not reason:
        cause, reason = Cause.TLS_CLOSED, _NO_REASON
    if isinstance(error, socket.gaierror):
        if error.errno in UNKNOWN_HOST:
            cause, reason = Cause.UNKNOWN_HOST, "unknown host"
    elif error.errno == errno.ECONNREFUSED:
        cause, reason = Cause.REFUSED, "connection refused"
    elif error.errno is not None and reason.startswith(_ADDRESS_QUOTED):
        reason = os.strerror(error.errno).lower()
    is_ours = error.errno in NO_DESCRIPTORS
    return RequestError(f"cannot connect: {reason}", blames_host=not is_ours, is_unsent=True, cause=cause)
