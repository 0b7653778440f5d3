"""``mount --bind`` for tests, undone afterwards. Tests are skipped where it is not permitted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Bindings:
    """Mount points, the most recent last."""

    def __init__(self) -> None:
        self._points: list[Path] = []

    def bind(self, source: Path, point: Path) -> None:
        """Bind-mount ``source``, a file or directory, at the existing path ``point``."""
        done = subprocess.run(["mount", "--bind", source, point], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount here: {done.stderr.decode('utf-8', 'replace').strip()}")
        self._points.append(point)

    def unbind(self, point: Path) -> None:
        self._points.remove(point)
        subprocess.run(["umount", "-l", point], check=True)

    def unbind_all(self) -> None:
        for point in reversed(list(self._points)):
            with suppress(FileNotFoundError):
                self.unbind(point)


@contextmanager
def bindings() -> Iterator[Bindings]:
    made = Bindings()
    try:
        yield made
    finally:
        made.unbind_all()
