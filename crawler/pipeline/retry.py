"""Whether to try again, and when: the policy as pure functions. ``attempts`` waits accordingly."""

from __future__ import annotations

from crawler.model import limits
from crawler.model.errors import Cause, FetchError, VerificationError

_UNREACHABLE = frozenset({Cause.REFUSED, Cause.UNKNOWN_HOST, Cause.NO_HTTP})


def next_delay(error: Exception) -> bool | float:
    """False: give up. True: try again after the usual backoff. A number: wait that many seconds first."""
    if isinstance(error, VerificationError):
        return error.retryable
    if not isinstance(error, FetchError) or not error.retryable:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= limits.RETRY_AFTER else False


def attempts_after(error: Exception, attempts: int, *, is_new: bool) -> int:
    """How many attempts a request gets whose first one ended with ``error``; ``attempts`` is the usual number.

    ``is_new``: nothing is known of the host. Then a refused connection, an unknown name or a port that does not
    speak HTTP is more likely a misspelt URL than a server that restarts: one more attempt, about a second later, is
    enough.
    """
    is_unreachable = isinstance(error, FetchError) and error.cause in _UNREACHABLE
    return min(attempts, 2) if is_new and is_unreachable else attempts
