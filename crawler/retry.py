"""What is worth another attempt, and when: the policy as pure functions. Who waits is ``attempts``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from crawler import limits
from crawler.errors import FetchError, VerificationError

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Time-outs, overload and gateways that lost their server: curl's --retry list and Cloudflare's 52x."""
_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_IMF_FIXDATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
"""What servers send; the obsolete forms take the slower way."""
OVERLOAD_STATUS = frozenset({429, 503})


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Retry-After in seconds from ``now`` (server's clock, seconds since the epoch), both forms of RFC 9110 10.2.3.

    None if it is absent or unreadable; never negative.
    """
    if value is None:
        return None
    if re.fullmatch(r"\d{1,12}", value.strip()):
        return float(value)
    moment = parse_http_date(value)
    return None if moment is None else max(0.0, moment - now)


def parse_age(value: str | None) -> int:
    """Age in seconds (RFC 9111 section 5.1); of several the largest. 0 if it is absent or not a number."""
    return max((int(part) for part in re.findall(r"(?<![^ ,])\d{1,10}(?![^ ,])", value or "")), default=0)


@lru_cache(maxsize=1024)
def parse_http_date(value: str | None) -> float | None:
    """An HTTP date (RFC 9110 section 5.6.7) as seconds since the epoch, or None."""
    if not value:
        return None
    fixed = _IMF_FIXDATE.fullmatch(value)
    if fixed and fixed[2] in _MONTHS:
        try:
            day, year, hour, minute, second = (int(fixed[group]) for group in (1, 3, 4, 5, 6))
            return datetime(year, _MONTHS[fixed[2]], day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()
        except (ValueError, OverflowError):
            return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def next_delay(error: Exception) -> bool | float:
    """False: give up. True: try again after the usual backoff. A number: wait that many seconds first."""
    if isinstance(error, VerificationError):
        return error.retryable
    if not isinstance(error, FetchError) or not error.retryable:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= limits.RETRY_AFTER else False
