"""What the file system says about a path that the user gave. Whatever is asked of such a path is asked here.

The system may refuse to say anything: without permission, for a loop of links, a name that is too long, or a working
directory that is gone. ``GivenPath`` then raises an error for the user; the functions, which only compare, never do.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.struct import Value
from crawler.text.advice import files as advice
from crawler.text.escape import printable

_MEMORY, _NULL = 1, 3
"""The numbers of devices such as ``/dev/zero``, and that of ``/dev/null`` among them, which is empty (Linux)."""
_NO_BASE = "the working directory no longer exists: change to another one"


class GivenPath(Value, frozen=True):
    """The path that an option names. What cannot be found out about it raises ``error``, with the reason and advice."""

    what: str
    """The option: the message begins with it, and with the path."""
    path: str
    error: type[CrawlerError] = ConfigError

    @classmethod
    def of_mirror(cls, path: Path | str) -> GivenPath:
        """DIR, or a path in it: the error is DestinationError."""
        return cls("cannot look for", os.fspath(path), DestinationError)

    def status(self) -> os.stat_result | None:
        """The status of the file, behind links; None if there is none."""
        with self._asked():
            return Path(self.path).stat()
        return None

    def own_status(self) -> os.stat_result | None:
        """The status of the file, or that of the link if it is one; None if there is none."""
        with self._asked():
            return Path(self.path).lstat()
        return None

    def is_directory(self) -> bool:
        """Whether it is a directory, or a link to one, or would be one, such as ``x/``."""
        if self.path.rpartition("/")[2] in {"", ".", ".."}:
            return True
        return (status := self.status()) is not None and stat.S_ISDIR(status.st_mode)

    def is_regular(self) -> bool:
        """Whether it is a regular file, or a link to one."""
        return (status := self.status()) is not None and stat.S_ISREG(status.st_mode)

    def is_special(self) -> bool:
        """Whether it is a pipe, a device or the like, which may be read only once, and is never replaced."""
        return (status := self.status()) is not None and not (stat.S_ISREG(status.st_mode) or self.is_directory())

    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return (status := self.own_status()) is not None and stat.S_ISLNK(status.st_mode)

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes of the file; nothing if there is none. Do not call it for a pipe or a device."""
        try:
            with Path(self.path).open("rb") as stream:
                return stream.read(size)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._problem(unreadable(error, self.path)) from None

    def refuse_unwritable_kind(self) -> None:
        """Raise the error for what can be opened, but never written as a file: a socket, or a file of the kernel."""
        status = self.status()
        if status is not None and stat.S_ISSOCK(status.st_mode):
            raise self._problem("is a socket: name a file")
        if (status is None or stat.S_ISREG(status.st_mode)) and is_of_kernel(self.path):
            raise self._problem("is a place of the kernel, not of files: name another")

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Do nothing after an error that says that there is no file; raise ``self.error`` after any other."""
        if not _has_base(self.path):
            raise self._problem(_NO_BASE)
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise self._problem(advice.unreachable(error)) from None
        except ValueError:  # NUL, or a surrogate, in a path
            raise self._problem("no file can have that name") from None

    def _problem(self, reason: str) -> CrawlerError:
        return self.error(f"{self.what} {printable(self.path)}: {reason}")


def unreadable(error: OSError, path: str) -> str:
    """Why the file at ``path``, as given, cannot be read after ``error``, and what to do."""
    return advice.unreadable(error, path) if _has_base(path) else _NO_BASE


def text_of(what: str, path: Path) -> str:
    """The text of a file without its byte order mark. Raises ConfigError, whose message begins with ``what``."""
    if is_endless(path):
        raise ConfigError(f"{what}: a device without an end: name a file")
    try:
        return path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(f"{what}: {unreadable(error, str(path))}") from None


def _has_base(path: str) -> bool:
    """Whether ``path`` is absolute, or relative to a directory that exists. ``stat(".")`` succeeds even without it."""
    try:
        return Path(path).is_absolute() or bool(Path.cwd())
    except OSError:
        return False


def real_path(path: Path | str) -> Path:
    """The absolute path without links, as far as they can be followed; ``path`` itself without a working directory."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return Path(path)


def identity_of(path: Path | str) -> object:
    """A value that is the same for all names of the file at ``path``, which need not exist."""
    with suppress(OSError, ValueError):
        status = Path(path).stat()
        return status.st_dev, status.st_ino
    return str(real_path(path))


def is_of_kernel(path: Path | str) -> bool:
    """Whether it is below ``/proc`` or ``/sys``, where no file can be created."""
    return real_path(path).parts[1:2] in {("proc",), ("sys",)}


def may_write(path: Path) -> bool:
    """Whether this user may write the file at ``path`` (without links) and create files beside it."""
    is_given = not exists(path) or os.access(path, os.W_OK)
    return is_given and os.access(path.parent, os.W_OK | os.X_OK)


def is_directory(path: Path | str) -> bool:
    """Whether it is a directory, or a link to one; False if that cannot be found out."""
    with suppress(ConfigError):
        return GivenPath("", os.fspath(path)).is_directory()
    return False


def is_special(path: Path | str) -> bool:
    """See ``GivenPath.is_special``; False if that cannot be found out."""
    with suppress(ConfigError):
        return GivenPath("", os.fspath(path)).is_special()
    return False


def is_endless(path: Path | str) -> bool:
    """Whether it is a device such as ``/dev/zero``, which could be read for ever; False if that cannot be found out."""
    with suppress(ConfigError):
        status = GivenPath("", os.fspath(path)).status()
        is_memory = status is not None and stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == _MEMORY
        return is_memory and status is not None and os.minor(status.st_rdev) != _NULL and sys.platform == "linux"
    return False


def exists(path: Path | str) -> bool:
    """Whether something has that name, if only a link to nowhere; False if that cannot be found out."""
    return os.path.lexists(path)
