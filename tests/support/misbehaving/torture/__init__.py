"""Runs in which one file-system call fails. ``sitecustomize`` makes it fail, ``nursery`` makes many runs cheap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent


def path() -> str:
    """PYTHONPATH with this ``sitecustomize`` in front."""
    return os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One file-system call inside DIR."""

    n: int
    call: str
    path: str
    to: str | None
    inode: int | None
    failed: bool


def read_log(path: Path) -> list[Call]:
    """The calls of a run in order."""
    return [Call(**json.loads(line)) for line in path.read_text().splitlines()]


def environment(root: Path, log: Path, **settings: Any) -> dict[str, str]:
    """The environment in which ``sitecustomize`` acts on a subprocess."""
    return {"PYTHONPATH": path(), "TORTURE": json.dumps({"root": str(root), "log": str(log), **settings})}


class Nursery:
    """A process that forks one run per order."""

    def __init__(self, env: dict[str, str]) -> None:
        argv = [sys.executable, "-W", "ignore::DeprecationWarning", str(HERE / "nursery.py")]
        self._process = subprocess.Popen(
            argv, env=env | {"PYTHONPATH": path()}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, argv: list[str], output: Path, root: Path, log: Path, **settings: Any) -> int:
        """Exit code of one run of the program with ``argv`` (its options alone)."""
        order = {"argv": argv, "output": str(output), "torture": {"root": str(root), "log": str(log), **settings}}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
