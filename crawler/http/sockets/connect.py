"""Opens a TCP connection to one of the addresses of a host; several are tried side by side (RFC 8305)."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextlib import suppress

from crawler.http.sockets.endpoint import Address

HEAD_START = 0.25
"""Seconds before the next address is tried in parallel (RFC 8305 section 5)."""


async def connected(addresses: list[Address]) -> socket.socket:
    """A non-blocking socket that is connected to one of ``addresses``. Raises OSError.

    aiohappyeyeballs is imported only if there is a choice. uvloop would look up the one address again in a thread.
    """
    if len(addresses) != 1:
        import aiohappyeyeballs

        return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=HEAD_START)
    family, kind, protocol, _, address = addresses[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        with suppress(BlockingIOError):
            opened.connect(address)
            return opened
        await established(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def drop_first(addresses: list[Address]) -> None:
    """Remove the first of ``addresses`` of each family, which turned out not to serve."""
    if len(addresses) == 1:
        addresses.clear()
        return
    import aiohappyeyeballs

    aiohappyeyeballs.pop_addr_infos_interleave(addresses, 1)


async def established(opened: socket.socket) -> None:
    """Wait until the connection that ``opened`` has begun is there. Raises OSError."""
    await _writable(opened)
    _raise_error(opened)


async def _writable(opened: socket.socket) -> None:
    """Wait until ``opened`` can be written to, or has failed, as that to a near host has at once."""
    now = select.poll()
    now.register(opened, select.POLLOUT)
    if now.poll(0):
        return
    loop = asyncio.get_running_loop()
    writable = loop.create_future()
    loop.add_writer(opened, _note, writable)
    try:
        await writable
    finally:
        loop.remove_writer(opened)


def _note(writable: asyncio.Future[None]) -> None:
    if not writable.done():
        writable.set_result(None)


def _raise_error(opened: socket.socket) -> None:
    """Raise the OSError of the connection attempt, if it failed."""
    if code := opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(code, os.strerror(code))
