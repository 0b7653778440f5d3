"""Resolves host names without the event loop's own functions.

uvloop aborts the process if the system starts no more threads; and a run that is stopped would wait, on any loop, until
a resolver that is silent has used up its time, often 10 seconds or more. Here a thread that nobody waits for asks it.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Thread
from typing import cast

from crawler.http.sockets.endpoint import Address, Endpoint


async def addresses(where: Endpoint) -> list[Address]:
    """All addresses of ``where``. Raises OSError or UnicodeError if there are none, RuntimeError without threads."""
    if where.is_address:
        return _look_up(where, socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Address]] = loop.create_future()

    def settle(result: list[Address] | BaseException) -> None:
        if found.done():  # it has been cancelled
            return
        if isinstance(result, BaseException):
            found.set_exception(result)
        else:
            found.set_result(result)

    def look_up() -> None:
        result: list[Address] | BaseException
        try:
            result = _look_up(where, socket.AI_ADDRCONFIG)
        except BaseException as error:  # noqa: BLE001 - it is raised where the addresses are awaited
            result = error
        with suppress(RuntimeError):  # the run has ended, and closed its loop
            loop.call_soon_threadsafe(settle, result)

    Thread(target=look_up, name="resolver", daemon=True).start()
    return await found


def _look_up(where: Endpoint, flags: int) -> list[Address]:
    """A name in bytes is not encoded: for text, Python would import its codec of international names."""
    host = where.host.encode("ascii")
    return cast("list[Address]", socket.getaddrinfo(host, where.port, type=socket.SOCK_STREAM, flags=flags))
