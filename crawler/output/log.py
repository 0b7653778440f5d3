"""The log: one line for each decision, as text or JSON, on standard error and in a file.

Events go through the standard logger ``crawler``. The message of a record is the stable name of the event, and its
``fields`` (see ``event``) hold the rest: ``run-start``, ``listing``, ``listing-failed``, ``rejected``,
``saved``, ``unchanged``, ``skipped``, ``failed``, ``deleted``, ``request``, ``retry``, ``pace``, ``rate``, ``run-end``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from crawler.model.errors import ConfigError
from crawler.model.observer import Observer
from crawler.model.reasons import NAVIGATION
from crawler.model.report import Report
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.paths import is_special
from crawler.text.escape import masked, printable
from crawler.text.units import render_duration, render_size

LOGGER = logging.getLogger("crawler")

_LEVELS = {
    Outcome.SAVED: logging.INFO,
    Outcome.UNCHANGED: logging.DEBUG,
    Outcome.SKIPPED: logging.INFO,
    Outcome.FAILED: logging.WARNING,
    Outcome.DELETED: logging.INFO,
    Outcome.DIRECTORY: logging.DEBUG,
}
_REPEATED_IN_SUMMARY = {"failed", "listing-failed"}
"""Events that the summary repeats; without -v they appear only in the summary."""


def event(level: int, name: str, /, **fields: object) -> None:
    """Log the event ``name``. Text fields are escaped when printed.

    ``size`` is in bytes, ``seconds`` a duration. In a text line ``path`` comes first and ``reason`` last.
    """
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, name, extra={"fields": fields})


class LogObserver(Observer):
    """Logs what happens to each entry. Events below the log level cost almost nothing."""

    def __init__(self, say: Callable[[str], str] = str) -> None:
        """``say`` words what reasons tell about options in the notation in which the user wrote these."""
        self._say = say

    def run_started(self, url: str, directory: str) -> None:
        event(logging.INFO, "run-start", path=directory, url=url)

    def run_ended(self, report: Report) -> None:
        event(
            logging.INFO,
            "run-end",
            path=report.directory,
            url=report.url,
            exit_code=report.exit_code,
            listed=report.listed,
            saved=report.saved,
            unchanged=report.unchanged,
            skipped=report.skipped,
            failed=report.failed,
            deleted=report.deleted,
            received=report.received,
            seconds=round(report.seconds, 3),
            reason=report.interrupted or "",
        )
        for text in report.warnings:
            event(logging.INFO, "warning", reason=text)
        for text in report.notes:
            event(logging.INFO, "note", reason=text)

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        event(logging.INFO, "listing", path=path, url=url, entries=entries, family=family, confidence=confidence)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        event(logging.WARNING, "listing-failed", path=path, url=url, reason=self._say(reason))

    def rejected(self, path: str, rejection: Rejection) -> None:
        level = logging.DEBUG if rejection.reason in NAVIGATION else logging.INFO
        if LOGGER.isEnabledFor(level):
            reason = f"{rejection.reason}: {rejection.detail}" if rejection.detail else rejection.reason
            event(level, "rejected", path=path, link=rejection.subject, reason=self._say(reason))

    def counts_unchanged(self) -> bool:
        return not LOGGER.isEnabledFor(_LEVELS[Outcome.UNCHANGED])

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        if LOGGER.isEnabledFor(_LEVELS[Outcome.UNCHANGED]):
            super().all_unchanged(directory, files, reason)

    def all_saved(self, results: Sequence[Result]) -> None:
        if LOGGER.isEnabledFor(_LEVELS[Outcome.SAVED]):
            super().all_saved(results)

    def finished(self, result: Result) -> None:
        level = _LEVELS[result.outcome]
        if not LOGGER.isEnabledFor(level):
            return
        fields: dict[str, object] = {"path": result.path, "url": result.url}
        if result.outcome is Outcome.SAVED:
            fields |= {"size": result.size, "seconds": round(result.seconds, 3), "received": result.received}
        if result.attempts > 1:
            fields["attempts"] = result.attempts
        if result.old_size is not None:
            fields["old_size"] = result.old_size
        if result.digest is not None:
            fields["digest"] = result.digest
        if result.upstream:
            fields["upstream"] = result.upstream
        event(level, result.outcome.value, **fields, reason=self._say(result.reason))


_PLAIN = {"path", "size", "seconds", "reason", "url", "digest", "received", "old_size"}


def _text_of(name: str, fields: Mapping[str, object]) -> str:
    """The text of an event: ``saved a/b.zip 1.2 MiB 0.34 s (row changed)``; with the URL if it tells more."""
    words = [name]
    if "path" in fields:
        words.append(printable(str(fields["path"])) or "/")
    if fields.get("url") and name not in {"saved", "unchanged", "skipped", "deleted"}:
        words.append(masked(str(fields["url"])))
    if isinstance(size := fields.get("size"), int):
        words.append(render_size(size))
    words += [f"{key}={masked(str(value))}" for key, value in fields.items() if key not in _PLAIN]
    if isinstance(seconds := fields.get("seconds"), float):
        words.append(render_duration(seconds))
    if fields.get("reason"):
        words.append(f"({masked(str(fields['reason']))})")
    return " ".join(words)


def _json_of(fields: Mapping[str, object]) -> dict[str, object]:
    from crawler.output.format import json_text  # imported only if needed

    values: dict[str, object] = {}
    for key, value in fields.items():
        if key == "path":
            values |= json_text(key, str(value))
        elif isinstance(value, str):
            if value:
                values[key] = masked(value)
        else:
            values[key] = value
    return values


class TextFormatter(logging.Formatter):
    """Formats text: ``2026-01-31 12:00:00+01:00 saved a/b.zip 1.2 MiB 0.34 s``; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().isoformat(sep=" ", timespec="seconds")
        return f"{moment} {self.line(record)}"

    def line(self, record: logging.LogRecord) -> str:
        """The line without the time."""
        fields = getattr(record, "fields", None)
        if fields is None:
            text = f"{record.levelname.lower()}: {masked(record.getMessage())}"
        else:
            text = _text_of(record.getMessage(), fields)
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            text += "".join(f"\n  {masked(line)}" for line in trace.splitlines())
        return text


class ConsoleFormatter(TextFormatter):
    """Formats lines of text with only the time of day, to keep them short on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S} {self.line(record)}"


class BriefFormatter(TextFormatter):
    """Formats lines of text with the program's name instead of the time, for the few lines printed without -v."""

    def format(self, record: logging.LogRecord) -> str:
        return f"crawler: {self.line(record)}"


class JsonFormatter(logging.Formatter):
    """Formats JSON objects, one per line, in ASCII: time (UTC), level, event, and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values: dict[str, object] = {"time": moment, "level": record.levelname.lower()}
        fields = getattr(record, "fields", None)
        if fields is None:
            values |= {"event": "message", "logger": record.name, "message": masked(record.getMessage())}
        else:
            values |= {"event": record.getMessage(), **_json_of(fields)}
        if record.exc_info:
            values["traceback"] = masked(self.formatException(record.exc_info))
        return json.dumps(values)


class _Console(logging.Handler):
    """Passes lines to the owner of the terminal, so that they do not disturb the progress bars."""

    def __init__(self, write: Callable[[str], None], hidden: set[str]) -> None:
        super().__init__()
        self._write = write
        self._hidden = hidden

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "fields") and record.getMessage() in self._hidden:
            return
        try:
            self._write(self.format(record))
        except (OSError, ValueError):
            return  # standard error is closed, or its reader has gone


def configure(
    verbosity: int,
    quiet: bool,
    log_file: str | None,
    log_format: str,
    write: Callable[[str], None] | None = None,
    say: Callable[[str], str] = str,
) -> LogObserver:
    """Configure the log and return the observer that feeds it. For the command line only.

    Standard error receives warnings and errors, with ``verbosity`` 1 every decision, with 2 everything; with ``quiet``
    only warnings and errors. The file receives at least every decision. ``write`` prints a line on standard error
    without disturbing the progress display. ``say``: see LogObserver. Raises ConfigError if the file cannot be opened.
    """
    for old in LOGGER.handlers[:]:
        LOGGER.removeHandler(old)
        old.close()
    shown = {0: logging.WARNING, 1: logging.INFO}.get(0 if quiet else verbosity, logging.DEBUG)
    brief = shown == logging.WARNING and log_format == "text"
    console = _Console(write or _to_stderr, _REPEATED_IN_SUMMARY if brief else set())
    console.setLevel(shown)
    formatter = JsonFormatter() if log_format == "json" else TextFormatter()
    console_formatter = BriefFormatter() if brief else ConsoleFormatter()
    console.setFormatter(console_formatter if log_format == "text" else formatter)
    LOGGER.addHandler(console)
    kept = shown
    if log_file is not None:
        kept = logging.DEBUG if verbosity > 1 else logging.INFO
        LOGGER.addHandler(_opened(log_file, kept, formatter))
    LOGGER.setLevel(min(shown, kept))
    LOGGER.propagate = False
    _silence_stamina()
    return LogObserver(say)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _opened(path: str, level: int, formatter: logging.Formatter) -> logging.Handler:
    from crawler.output.log_file import LogFile

    try:
        if is_special(path):
            from crawler.output.atomic_file import opened_for_writing

            os.close(opened_for_writing(path))
        handler = LogFile(LOGGER, path)
    except OSError as error:
        from crawler.output.atomic_file import check_target

        check_target("--log-file", path, is_appended=True)
        raise ConfigError(f"--log-file {printable(path)}: {error.strerror}") from None
    handler.setLevel(level)
    handler.setFormatter(formatter)
    return handler


def _silence_stamina() -> None:
    """Silence the logger on which stamina announces retries, because ``log_retry`` logs them."""
    stamina_log = logging.getLogger("stamina")
    stamina_log.handlers, stamina_log.propagate = [logging.NullHandler()], False


def log_retry(attempt: int, wait: float, error: Exception) -> None:
    """Log that attempt number ``attempt`` follows in ``wait`` seconds, because of ``error``; the first attempt is 1."""
    url = getattr(error, "url", "")
    event(logging.INFO, "retry", url=url, attempt=attempt, wait=round(wait, 2), reason=str(error))
