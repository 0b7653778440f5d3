"""The file of --log-file."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from contextlib import suppress


class LogFile(logging.handlers.WatchedFileHandler):
    """A log file that may be rotated during a run. If it can no longer be written, the run continues without it."""

    def __init__(self, logger: logging.Logger, path: str) -> None:
        """``logger``: the logger that this handler is added to. Raises OSError if the file cannot be opened."""
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 RUF100 - overrides logging.Handler
        problem = sys.exc_info()[1]
        self._logger.removeHandler(self)
        with suppress(OSError):  # its buffer cannot be written either
            self.close()
        self._logger.warning("--log-file %s can no longer be written: %s", self.baseFilename, problem)
