"""The SQLite connection: opening, recovery from damage, transactions. Used only by the thread that owns it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from crawler.storage.state import schema, visits
from crawler.storage.state.schema import APPLICATION_ID, OLDEST_VERSION, SCHEMA_VERSION
from crawler.text.escape import printable
from crawler.text.urls import STATE_DIRECTORY

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long to wait, in seconds, for another process that is writing."""

# SQLITE_ERROR covers "no such table": the statements are correct, so the tables must be damaged.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}

_IDS = os.access in os.supports_effective_ids
_BESIDE = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps next to the database."""
_LOGS = ("-wal", "-journal")
"""Those without which a database that a killed run has left is incomplete, or half of a transaction."""
_NEEDS_TO_WRITE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
"""Errors on a read-only disk: SQLite writes even to read what a log has not brought into the database."""


class _NotUsableError(ValueError):
    """An intact database that this version cannot use."""


class _ForeignError(Exception):
    """What is in place of the database belongs to somebody else."""


class Database:
    """The database file at ``path``. It raises no sqlite3.Error: errors become a line in ``problem``."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.problem: str | None = None
        self._path = path
        self._read_only = read_only
        self._without = "nothing is known of earlier runs" if read_only else "this run continues without it"
        """The consequence if the file cannot be used, for messages. What only reads, like --history, may be no run."""
        self._writable = not read_only
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        try:
            self._path = self._path.resolve()  # SQLite puts -wal and -shm next to the target of a link
            self._refuse_strange()
            self._notice_permissions()
            self._connection = self._connect()
        except _ForeignError as error:
            self._note(f"cannot be used ({error}: move it away, or name another file): {self._without}")
        except (sqlite3.Error, ValueError) as error:
            self._recover(error)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symlinks (before Python 3.13)
            self._note(f"cannot be opened ({error}): {self._without}")

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def ask(self, question: Callable[[sqlite3.Connection], T], default: T) -> T:
        """Run ``question`` and return its result, or ``default`` if there is no usable state."""
        return self._attempt(question, default, self._recover)

    def write(self, action: Callable[[sqlite3.Connection], T], default: T) -> T:
        """Run ``action`` in a transaction. After a failure nothing more is written."""
        if not self._writable:
            return default
        return self._attempt(lambda connection: _in_transaction(connection, action), default, self._give_up_writing)

    def _attempt(self, action: Callable[[sqlite3.Connection], T], default: T, fail: Callable[[Exception], None]) -> T:
        """The result of ``action``, retried once without damaged records; ``default`` if that fails too."""
        for is_last in (False, True):
            if self._connection is None:
                break
            try:
                return action(self._connection)
            except (sqlite3.Error, ValueError) as error:
                if is_last or not _is_of_a_record(error) or not self._repair():
                    fail(error)
                    break
        return default

    def _give_up_writing(self, error: Exception) -> None:
        if _is_damage(error):
            self._recover(error)
            return
        self._writable = False
        self._note(f"cannot be written ({error}): the rest of this run is not recorded")

    def _repair(self) -> bool:
        """Drop the records that do not match their checksums. False if the file is damaged beyond that."""
        assert self._connection is not None
        try:
            if self._read_only:
                self._connection = _copied(self._connection)
                visits.prepare(self._connection)
            dropped = _in_transaction(self._connection, schema.repair)
        except (sqlite3.Error, ValueError):
            return False
        records = "1 damaged record was" if dropped == 1 else f"{dropped} damaged records were"
        self._note(f"is damaged: {records} dropped, the others are used")
        return True

    def _refuse_strange(self) -> None:
        """Raise an error if SQLite would open what is not a regular file: a FIFO would wait forever for a writer.

        In a mirror's own directory it is in the way of the state, and set aside like a damaged one. Elsewhere it is
        what the user has named, such as /dev/null, and stays.
        """
        places = [self._path, *(Path(f"{self._path}{suffix}") for suffix in _BESIDE)]
        strange = next((place for place in places if os.path.lexists(place) and not place.is_file()), None)
        if strange is not None:
            is_own = self._path.parent.name == STATE_DIRECTORY
            raise (_NotUsableError if is_own else _ForeignError)(f"{strange} is not a regular file")

    def _notice_permissions(self) -> None:
        """Only read what this user may not write. SQLite would leave files with the mode of the database, read-only."""
        if self._read_only:
            return
        wal, shm, journal = (f"{self._path}{suffix}" for suffix in _BESIDE)
        beside = [Path(name) for name in (wal, shm, journal) if name != journal or _size(name)]
        places = (self._path.parent, self._path, *beside)
        if all(os.access(place, os.R_OK | os.W_OK, effective_ids=_IDS) or not place.exists() for place in places):
            return
        from crawler.storage.access import mend, unwritable  # imported only if needed

        for place in beside:
            mend(place)
        reason = next(filter(None, map(unwritable, places)), None)
        if reason is not None:
            self._read_only, self._writable = True, False
            self._note(f"cannot be written ({reason}): this run is not recorded")

    def _connect(self) -> sqlite3.Connection | None:
        if not self._read_only:
            return self._opened("rwc")
        if not self._path.exists():
            return None
        if not any(_size(f"{self._path}{suffix}") for suffix in _LOGS):
            return self._opened("ro&immutable=1")  # which touches no other file
        try:
            return self._opened("ro")  # SQLite needs locks to read a log
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NEEDS_TO_WRITE:
                raise
        return self._prepared(_copied_with_logs(self._path))

    def _opened(self, mode: str) -> sqlite3.Connection:
        return self._prepared(
            sqlite3.connect(f"{self._path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        )

    def _prepared(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        try:
            return self._prepare(connection)
        except (sqlite3.Error, ValueError):
            connection.close()
            raise

    def _prepare(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The connection to use: to a copy if an older file must be converted but may not be changed."""
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("BEGIN")  # a consistent view: another process may be creating the file
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
        connection.execute("COMMIT")
        is_new = (application, version, tables) == (0, 0, None)
        if not is_new and application != APPLICATION_ID:
            raise _NotUsableError("it belongs to another program")
        if not is_new and version not in {OLDEST_VERSION, SCHEMA_VERSION}:
            raise _NotUsableError(f"it has schema {version}, this version reads {SCHEMA_VERSION}")
        if not self._read_only:
            connection.execute("PRAGMA synchronous = NORMAL")
            if is_new:
                schema.create(connection)
            with suppress(sqlite3.OperationalError):  # locked: another process, or the next run, will switch
                connection.execute("PRAGMA journal_mode = WAL")
        if version == OLDEST_VERSION:
            connection = _copied(connection) if self._read_only else connection
            _in_transaction(connection, schema.upgrade)
        visits.prepare(connection)
        return connection

    def _recover(self, error: Exception) -> None:
        """Continue with a new file if the old one is damaged, otherwise without a file."""
        self.close()
        if self._read_only or not _is_damage(error):
            self._note(f"cannot be used ({error}): {self._without}")
            return
        try:
            aside = self._set_aside()
        except OSError as obstacle:
            self._note(f"cannot be used ({error}) nor set aside ({obstacle}: move it away): {self._without}")
            return
        self._note(f"cannot be used ({error}): set aside as {aside}, and a new one begun")
        try:
            self._connection = self._connect()
        except (sqlite3.Error, ValueError) as obstacle:
            self._note(f"cannot be created ({obstacle}): {self._without}")

    def _set_aside(self) -> str:
        name = f"{self._path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        number, aside = 1, self._path.with_name(name)
        while aside.exists():
            number, aside = number + 1, self._path.with_name(f"{name}-{number}")
        # The main file comes last: SQLite would delete an old log next to a new file.
        for suffix in (*_BESIDE, ""):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        return aside.name

    def _note(self, text: str) -> None:
        line = printable(f"state {self._path} {text}")
        self.problem = f"{self.problem}; {line}" if self.problem else line


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy in a temporary database. Closes ``connection``."""
    with closing(connection):
        copy = sqlite3.connect("", isolation_level=None)
        connection.backup(copy)
    return copy


def _copied_with_logs(path: Path) -> sqlite3.Connection:
    """A copy, in a temporary database, of the one at ``path`` and what its logs add or take back. Raises OSError."""
    import shutil  # imported only if needed
    import tempfile

    with tempfile.TemporaryDirectory(prefix="crawler-") as place:
        copy = f"{place}/{path.name}"
        for suffix in ("", *_LOGS):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        return _copied(sqlite3.connect(copy, isolation_level=None))


def _in_transaction(connection: sqlite3.Connection, action: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = action(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has already rolled back if the disk is full
            connection.execute("ROLLBACK")
        raise
    return done


def _is_damage(error: Exception) -> bool:
    """True if the file is damaged; damage of a record alone arrives here only if it could not be repaired."""
    return _is_of_a_record(error) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _is_of_a_record(error: Exception) -> bool:
    """True if a record is damaged: a wrong checksum, or text that is not UTF-8, which only Python detects."""
    is_text = isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
    return isinstance(error, ValueError) or is_text


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
