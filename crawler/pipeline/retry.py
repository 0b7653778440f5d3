"""The retry policy: whether and when to try again, as pure functions. ``attempts`` applies it."""

from __future__ import annotations

from crawler.model import limits
from crawler.model.errors import Cause, FetchError, VerificationError

_UNREACHABLE = frozenset({Cause.REFUSED, Cause.UNKNOWN_HOST, Cause.NO_HTTP, Cause.PROXY_REFUSED})


def next_delay(error: Exception) -> bool | float:
    """Decide on a retry. False: give up; True: try again after the usual backoff; a number: after so many seconds."""
    if isinstance(error, VerificationError):
        return error.retryable
    if not isinstance(error, FetchError) or not error.retryable:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= limits.RETRY_AFTER else False


def attempts_after(error: Exception, attempts: int, *, is_new: bool) -> int:
    """The number of attempts for a request whose first attempt ended with ``error``; ``attempts`` is the usual number.

    ``is_new``: nothing is known of the host. Then a refused connection, an unknown host name or a port that does not
    speak HTTP more likely means that the URL, or that of the proxy, is misspelt than that the server is restarting, so
    one more attempt about a second later is enough.
    """
    is_unreachable = isinstance(error, FetchError) and error.cause in _UNREACHABLE
    return min(attempts, 2) if is_new and is_unreachable else attempts
