"""What every display can do, and all that one without output does."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from crawler.model.observer import Observer


class SilentDisplay(Observer):
    """A display that counts and shows nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def retrying(self, attempt: int, wait: float, error: Exception) -> None:
        """Note that attempt number ``attempt`` (the first is 1) follows in ``wait`` seconds because of ``error``."""
        return

    def finishing(self) -> None:
        """Note that no transfer is left: the run only has to write its output files and to run the user's commands."""
        return

    def write(self, line: str) -> None:
        """Print ``line`` (without a newline) so that it does not disturb the display. Thread-safe."""
        self._stream.write(line + "\n")
        self._stream.flush()
