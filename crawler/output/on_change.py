"""Commands of the user's own that a run starts: each in a session of its own, which ends with the run."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import IO

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL for a command that is no longer wanted."""
_running: set[int] = set()


def terminate_all() -> None:
    """Tell all that runs to end (SIGTERM), and do not wait: for a process that is about to go itself."""
    for group in list(_running):
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)


async def run_command(command: str, given: IO[bytes]) -> str | None:
    """Run a shell command with ``given`` as its input. Returns what went wrong, or None.

    The text is the user's own and is for ``/bin/sh``, as in a crontab; nothing a server said becomes part of it.
    It gets a session of its own: if we are cancelled all of it is told to end (SIGTERM), and killed if the shell is
    not done with that.
    """
    shell = asyncio.create_subprocess_shell(command, stdin=given, start_new_session=True)
    starting = asyncio.ensure_future(shell)  # it may run before we hear of it, and is ours to end from then on
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
