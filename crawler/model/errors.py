"""Every error that the program raises by name, and the exit code it leads to.

CrawlerError
 ├─ ConfigError           2    invalid option, URL or configuration file
 ├─ ListingError          3    the root could not be fetched or is not a listing (below the root: exit 5)
 ├─ DestinationError      4    disk full, permission denied, DIR is not a directory
 │   └─ UnreadableDirectory    a directory below DIR cannot be read; --verify goes on with the others
 ├─ FetchError            5    one file or listing could not be fetched
 ├─ VerificationError     5    a body contradicts its length, its listing row or its digest
 ├─ DeleteRefused         6    too much would be deleted, or the walk was incomplete
 ├─ AlreadyRunning        7    another run holds DIR
 └─ RobotsForbidden       8    robots.txt forbids the root

Exit code 9 belongs to no error: the run stopped at a limit that the user set.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, ClassVar

from crawler.model.exit_codes import ExitCode
from crawler.model.values import Known, Rejection

NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
"""``errno`` values for a process or system without free file descriptors: never the fault of a single file."""


class Cause(Enum):
    """Causes of a request without a response that suggest what to do."""

    REFUSED = auto()
    """Nothing listens on the port."""
    UNKNOWN_HOST = auto()
    """The host name has no address."""
    NOT_TLS = auto()
    """The server does not speak TLS on that port."""
    TLS_CLOSED = auto()
    """The server closed the connection during the TLS handshake, as some do that do not speak TLS on that port."""
    UNTRUSTED = auto()
    """The certificate is not signed by a trusted authority."""
    EXPIRED = auto()
    """The certificate has expired, or is not valid yet."""
    OTHER_NAME = auto()
    """The certificate is for another host."""
    NO_HTTP = auto()
    """The server ended the connection without a response, or with one that is not HTTP."""
    PROXY_REFUSED = auto()
    """Nothing listens on the port of the proxy."""
    PROXY_LOGIN = auto()
    """The proxy needs a login, or refuses the one given."""
    PROXY = auto()
    """There is no connection to the proxy for another reason, or it refuses to connect to the server."""
    SILENT = auto()
    """Nothing was received within the time limit."""
    RECEIVER_LOST = auto()
    """The process of this program that received the body is gone; the server is not to blame."""


class CrawlerError(Exception):
    """Base class of the program's errors. ``str(error)`` is one line: what failed, which URL or path, what to do."""

    exit_code: ClassVar[int] = ExitCode.ERROR.value
    """The program's exit code for this error."""

    def reword(self, *texts: str) -> None:
        """Replace the message by ``texts``; only a ConfigError has several."""
        Exception.__init__(self, *texts)

    def __reduce__(self) -> tuple[Any, ...]:
        """What ``pickle`` and ``copy`` need: otherwise they call the class, which may take more, with the message."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[CrawlerError], args: tuple[Any, ...], attributes: Mapping[str, Any]) -> CrawlerError:
    """The error of class ``kind`` that had ``args`` and ``attributes``."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class ConfigError(CrawlerError):
    """An option, the URL or the configuration file is invalid. Several mistakes may be reported together."""

    exit_code = ExitCode.CONFIG.value

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)

    def __str__(self) -> str:
        return "; ".join(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """The messages, one for each mistake."""
        return self.args


class Problems:
    """Collects the messages of errors, so that all of them can be reported at once."""

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}

    def add(self, messages: Iterable[str]) -> None:
        """Add ``messages``, each once."""
        self._messages.update(dict.fromkeys(messages))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect the ConfigError that the block raises, if any, instead of raising it."""
        try:
            yield
        except ConfigError as error:
            self.add(error.problems)

    def run(self, checks: Iterable[Callable[[], object]]) -> None:
        """Call each of ``checks``, and collect the ConfigErrors that they raise."""
        for check in checks:
            with self.collecting():
                check()

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages in the order in which they were added."""
        return tuple(self._messages)

    def error(self) -> ConfigError | None:
        """A ConfigError with all messages; None if there are none."""
        return ConfigError(*self._messages) if self._messages else None

    def raise_any(self) -> None:
        """Raise a ConfigError with all messages, if there are any."""
        if (error := self.error()) is not None:
            raise error


class ListingError(CrawlerError):
    """A listing could not be fetched, or its page is not a listing."""

    exit_code = ExitCode.LISTING.value

    content_type: str | None
    """Content-Type of a page that is not a listing, "" if it has none; None for all other errors."""

    is_advised: bool
    """Whether the message says what to do already."""

    is_empty: bool
    """Whether the page has the heading of a listing, and nothing else: an empty directory, or the end of a listing."""

    def __init__(
        self, message: str, *, content_type: str | None = None, is_advised: bool = False, is_empty: bool = False
    ) -> None:
        super().__init__(message)
        self.content_type = content_type
        self.is_advised = is_advised
        self.is_empty = is_empty


class DestinationError(CrawlerError):
    """The destination as a whole cannot take files, for example because the disk is full."""

    exit_code = ExitCode.DESTINATION.value

    done: tuple[Known, ...]
    """Files that the failing ``commit`` had already given their final names, for the state to record."""
    untouched: bool
    """Whether the failing ``commit`` has left the files that are not in ``done`` as they were, or has given them other
    versions, so that their earlier records are still right or can be seen to be wrong."""
    outcomes: Mapping[str, str | None]
    """What the failing ``delete`` had already done: path → None if it is gone, or the reason why it stayed. The paths
    that it did not reach are missing."""

    def __init__(self, message: str, *, done: Sequence[Known] = (), untouched: bool = False) -> None:
        super().__init__(message)
        self.done = tuple(done)
        self.untouched = untouched
        self.outcomes = {}

    def after(self, outcomes: Mapping[str, str | None]) -> DestinationError:
        """This error, raised by a ``delete`` that had done ``outcomes`` before."""
        self.outcomes = dict(outcomes)
        return self


class UnreadableDirectory(DestinationError):
    """One directory below DIR cannot be read, so that its files would appear to be gone. Others may be readable."""

    reason: str
    """Why it cannot be read."""

    def __init__(self, directory: str, reason: str, advice: str) -> None:
        super().__init__(f"cannot read the directory {directory} in DIR: {reason} ({advice})")
        self.reason = reason


@contextmanager
def noting_outcomes() -> Iterator[dict[str, str | None]]:
    """Yield the ``outcomes`` of a ``delete``, which a DestinationError that the block raises takes along."""
    outcomes: dict[str, str | None] = {}
    try:
        yield outcomes
    except DestinationError as error:
        raise error.after(outcomes) from error.__cause__


class FetchError(CrawlerError):
    """One request failed."""

    exit_code = ExitCode.INCOMPLETE.value

    url: str
    """URL of the request."""
    status: int | None
    """HTTP status, or None if there was no response."""
    retryable: bool
    """Whether another attempt may succeed."""
    retry_after: float | None
    """Seconds to wait before the next attempt, as requested by the server (Retry-After), or None."""
    connection: bool
    """True if no connection could be made, so the request was never sent."""
    rejection: Rejection | None
    """The rule that refused a redirect, or None."""
    cause: Cause | None
    """Why there was no response, if the cause is known."""
    logins: tuple[str, ...]
    """Authentication schemes that a 401 response offers, such as ``Basic`` (RFC 9110 section 11.6.1)."""
    promise: Mapping[str, str] | None
    """The fields Digest and Link of a redirect that led to the failing host (RFC 6249), or None."""

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
        cause: Cause | None = None,
        logins: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.connection = connection
        self.rejection = rejection
        self.cause = cause
        self.logins = tuple(logins)
        self.promise = None

    def after(self, promise: Mapping[str, str]) -> FetchError:
        """This error, with the ``promise`` of the redirect before it."""
        self.promise = promise
        return self


class VerificationError(CrawlerError):
    """A body contradicts its announced length, its listing row or its digest."""

    exit_code = ExitCode.INCOMPLETE.value

    retryable: bool
    """Whether another attempt may succeed."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class DeleteRefused(CrawlerError):
    """More would be deleted than ``max_delete`` allows, or the walk was incomplete."""

    exit_code = ExitCode.DELETION_REFUSED.value


class AlreadyRunning(CrawlerError):
    """Another run, in this process or another one, holds DIR."""

    exit_code = ExitCode.ALREADY_RUNNING.value


class RobotsForbidden(CrawlerError):
    """robots.txt forbids the root."""

    exit_code = ExitCode.ROBOTS.value


def innermost(error: BaseException) -> BaseException:
    """The first error in ``error`` that is not an exception group, as raised by a task of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
