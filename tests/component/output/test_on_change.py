"""The --on-change command ends with the program, at whatever moment that ends."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from crawler.output import on_change


async def test_a_command_that_is_just_being_started_is_ended_before_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs, but the program does not know its process group yet."""
    begun, alive = tmp_path / "begun", tmp_path / "alive"
    os.mkfifo(begun)
    os.mkfifo(alive)
    start, runs, known = asyncio.create_subprocess_shell, asyncio.Event(), asyncio.Event()

    async def slow_start(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*arguments, **options)
        runs.set()
        await known.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_shell", slow_start)
    monkeypatch.setattr(on_change, "_then", None)
    exits: list[str] = []
    with Path(os.devnull).open("rb") as nothing:
        command = f"cat {alive} & echo > {begun}; wait"
        running = asyncio.create_task(on_change.run_command(command, nothing))
        await runs.wait()
        await asyncio.to_thread(begun.read_bytes)
        writer = await asyncio.to_thread(os.open, alive, os.O_WRONLY)
        on_change.terminate_all(then=lambda: exits.append("exit"))
        assert exits == []
        known.set()
        assert await running == f"was ended by signal 15: {command}"
    assert exits == ["exit"]
    monkeypatch.setattr(on_change, "_then", None)
    with pytest.raises(BrokenPipeError):
        while os.write(writer, b"x"):
            continue
    os.close(writer)
    on_change.terminate_all(then=lambda: exits.append("again"))
    assert exits == ["exit", "again"]
