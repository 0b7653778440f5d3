"""Repeats requests that failed: ``retry`` decides whether and when, and stamina waits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.pipeline.retry import attempts_after, next_delay

T = TypeVar("T")
Announce = Callable[[int, float, Exception], None]
"""Callback for a retry: (number of the next attempt, seconds until it, error of the last attempt)."""

_announce: Announce | None = None


def announce_to(*told: Announce) -> None:
    """Announce all retries of this process to ``told`` in place of stamina's own hooks. Only ``cli`` may call this."""
    global _announce

    def tell(attempt: int, wait: float, error: Exception) -> None:
        for one in told:
            one(attempt, wait, error)

    _announce = tell


def announce(attempt: int, wait: float, error: Exception) -> None:
    """Announce a retry that happens in a worker process."""
    if _announce is not None:
        _announce(attempt, wait, error)


def prepare() -> None:
    """Import what the first retry or a long page needs now: later, too many files may be open to import anything."""
    import hashlib  # noqa: F401

    import stamina  # noqa: F401


async def persist(action: Callable[[], Awaitable[T]], attempts: int, *, is_new: bool = False) -> T:
    """Call ``action`` until it succeeds, at most ``attempts`` times, with backoff and jitter in between.

    ``is_new``: nothing is known of the host (see ``retry.attempts_after``).

    Raises the last FetchError or VerificationError. The first attempt is made before stamina is imported, so a run
    without failures does not pay for it.
    """
    try:
        return await action()
    except (FetchError, VerificationError) as error:
        attempts = attempts_after(error, attempts, is_new=is_new)
        if attempts == 1 or next_delay(error) is False:
            raise
        first: Exception | None = error
    import stamina

    if _announce is not None:
        tell = _announce
        stamina.instrumentation.set_on_retry_hooks(
            [lambda retry: tell(retry.retry_num + 1, retry.wait_for, retry.caused_by)]
        )
    elif not (log := logging.getLogger("stamina")).handlers:
        log.addHandler(logging.NullHandler())  # a program without logging configuration would print stamina's events
    async for attempt in stamina.retry_context(
        on=next_delay,
        attempts=attempts,
        timeout=None,
        wait_initial=limits.BACKOFF_INITIAL,
        wait_max=limits.BACKOFF_MAX,
        wait_jitter=limits.BACKOFF_INITIAL,
    ):
        with attempt:
            if first is not None:
                known, first = first, None
                raise known
            return await action()
    raise AssertionError("stamina returns or raises")
