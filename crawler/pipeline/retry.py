"""Whether to try again, and when: the policy as pure functions. ``attempts`` waits accordingly."""

from __future__ import annotations

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError


def next_delay(error: Exception) -> bool | float:
    """False: give up. True: try again after the usual backoff. A number: wait that many seconds first."""
    if isinstance(error, VerificationError):
        return error.retryable
    if not isinstance(error, FetchError) or not error.retryable:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= limits.RETRY_AFTER else False
