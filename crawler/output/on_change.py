"""Runs the --on-change command in a session of its own, which ends with the run."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import IO

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL when a command is cancelled."""
_running: set[int] = set()
"""Process groups of the running commands."""


def terminate_all() -> None:
    """Send SIGTERM to all running commands without waiting, for a process that is about to exit."""
    for group in list(_running):
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)


async def run_command(command: str, stdin: IO[bytes]) -> str | None:
    """Run a shell command with ``stdin`` as its standard input. Returns what went wrong, or None.

    ``command`` is the user's own text for ``/bin/sh``, as in a crontab; nothing from a server becomes part of it. It
    runs in a session of its own: on cancellation the session gets SIGTERM, and SIGKILL if the shell has not exited
    after GRACE seconds.
    """
    shell = asyncio.create_subprocess_shell(command, stdin=stdin, start_new_session=True)
    starting = asyncio.ensure_future(
        shell
    )  # the process may exist before the await returns, and must be ended then, too
    try:
        process = await asyncio.shield(starting)
        _running.add(process.pid)
        try:
            code = await process.wait()
        finally:
            _running.discard(process.pid)
    except OSError as problem:
        return f"could not be run: {problem.strerror}"
    except asyncio.CancelledError:
        with suppress(OSError):
            await _end(await starting)
        raise
    if code < 0:
        return f"was ended by signal {-code}: {command}"
    return f"ended with exit status {code}: {command}" if code else None


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
