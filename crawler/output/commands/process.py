"""Runs a command of the user in a session of its own, which is ended together with the run."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL when a command is cancelled."""
_running: set[int] = set()
"""Process groups of the running commands."""
_starting = 0
"""Number of commands that are being started, so that their process groups are not known yet."""
_then: Callable[[], object] | None = None


def terminate_all(then: Callable[[], object]) -> None:
    """Send SIGTERM to all running commands without waiting, and call ``then``, which ends this process.

    If a command is being started, this happens as soon as its process group is known.
    """
    global _then
    if _starting:
        _then = then
        return
    for group in list(_running):
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)
    then()


async def run_command(command: str, stdin: IO[bytes], variables: Mapping[str, str] | None = None) -> str | None:
    """Run a shell command with ``stdin`` as its standard input. Returns a description of what went wrong, or None.

    ``variables`` are added to its environment. ``command`` is the user's own text for ``/bin/sh``, as in a crontab;
    nothing from a server becomes part of it. It runs in a session of its own: on cancellation the session gets SIGTERM,
    and SIGKILL if the shell has not exited after GRACE seconds.
    """
    starting = asyncio.ensure_future(
        _start(command, stdin, variables or {})
    )  # a command that starts during a cancellation must be ended, too
    try:
        process = await asyncio.shield(starting)
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


async def _start(command: str, stdin: IO[bytes], variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    global _starting
    _starting += 1
    try:
        environment = {**os.environ, **variables}
        process = await asyncio.create_subprocess_shell(command, stdin=stdin, start_new_session=True, env=environment)
        _running.add(process.pid)
        return process
    finally:
        _starting -= 1
        if _then is not None:
            terminate_all(_then)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    _running.discard(process.pid)
