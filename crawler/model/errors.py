"""Every error the program raises by name, and the exit code it leads to.

CrawlerError
 ├─ ConfigError           2    wrong option, URL or configuration file
 ├─ ListingError          3    the root could not be fetched or is not a listing (below the root: exit 5)
 ├─ DestinationError      4    disk full, permission, DIR is not a directory
 ├─ FetchError            5    one file or listing could not be fetched
 ├─ VerificationError     5    a body contradicts its length, its listing row or its digest
 ├─ DeleteRefused         6    too much would be deleted, or the walk was incomplete
 ├─ AlreadyRunning        7    another run holds DIR
 └─ RobotsForbidden       8    robots.txt forbids the root

Exit code 9 belongs to no error: it is a run that stopped at a limit that was set (``exits.STOPPED``).
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import ClassVar

from crawler.model.values import Known, Rejection

NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
"""``errno`` of a process or a system that has no file descriptor left: the error of no single file."""


class CrawlerError(Exception):
    """Base of all of them. ``str(error)`` is one line: what, which URL or path, what to do."""

    exit_code: ClassVar[int] = 1


class ConfigError(CrawlerError):
    exit_code = 2


class ListingError(CrawlerError):
    exit_code = 3


class DestinationError(CrawlerError):
    """The destination as a whole cannot take files.

    ``done`` is what the failing ``commit`` had already given its final name: worth remembering.
    """

    exit_code = 4

    def __init__(self, message: str, *, done: Sequence[Known] = ()) -> None:
        super().__init__(message)
        self.done = tuple(done)


class FetchError(CrawlerError):
    """One request failed.

    ``status`` is the HTTP status or None when there was no answer; ``retry_after`` is what the server
    asked for, in seconds; ``connection`` is True when there was none to send it on: the host was not asked;
    ``rejection`` says which rule refused a redirect.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int | None = None,
        retryable: bool = True,
        retry_after: float | None = None,
        connection: bool = False,
        rejection: Rejection | None = None,
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.connection = connection
        self.rejection = rejection


class VerificationError(CrawlerError):
    """The body is not what was announced. Worth another attempt unless ``retryable`` is False."""

    exit_code = 5

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class DeleteRefused(CrawlerError):
    exit_code = 6


class AlreadyRunning(CrawlerError):
    exit_code = 7


class RobotsForbidden(CrawlerError):
    exit_code = 8


def innermost(error: BaseException) -> BaseException:
    """The first error that is no group of others: what the tasks of a group died of."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
