"""Resolves host names without the event loop's own functions.

uvloop aborts the process if the system starts no more threads; and a run that is stopped would wait, on any loop, until
a resolver that is silent has used up its time, often 10 seconds or more. Here a thread that nobody waits for asks it.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Thread

from crawler.http.sockets.endpoint import Address, Endpoint, look_up


async def addresses(where: Endpoint) -> list[Address]:
    """All addresses of ``where``. Raises OSError or UnicodeError if there are none, RuntimeError without threads."""
    if where.is_address:
        return look_up(where, socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Address]] = loop.create_future()

    def settle(result: list[Address] | BaseException) -> None:
        if found.done():  # it has been cancelled
            return
        if isinstance(result, BaseException):
            found.set_exception(result)
        else:
            found.set_result(result)

    def ask() -> None:
        result: list[Address] | BaseException
        try:
            result = look_up(where, socket.AI_ADDRCONFIG)
        except BaseException as error:  # noqa: BLE001 - it is raised where the addresses are awaited
            result = error
        with suppress(RuntimeError):  # the run has ended, and closed its loop
            loop.call_soon_threadsafe(settle, result)

    Thread(target=ask, name="resolver", daemon=True).start()
    return await found
