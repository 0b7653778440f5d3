"""Which errors are worth another attempt, and when."""

from __future__ import annotations

import pytest

from crawler.model import limits
from crawler.model.errors import Cause, CrawlerError, DestinationError, FetchError, ListingError, VerificationError
from crawler.pipeline import retry


def fetch_error(**more: object) -> FetchError:
    return FetchError("it failed", url="http://h/a", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (fetch_error(), True),
        (fetch_error(connection=True), True),
        (fetch_error(retryable=False), False),
        (fetch_error(retryable=False, retry_after=1.0), False),
        (fetch_error(retry_after=0.0), 0.0),
        (fetch_error(retry_after=2.5), 2.5),
        (fetch_error(retry_after=limits.RETRY_AFTER), limits.RETRY_AFTER),
        (fetch_error(retry_after=limits.RETRY_AFTER + 1), False),
        (VerificationError("digest"), True),
        (VerificationError("too long", retryable=False), False),
        (ListingError("no listing"), False),
        (DestinationError("full"), False),
        (CrawlerError("what"), False),
        (OSError("what"), False),
    ],
    ids=repr,
)
def test_which_errors_are_worth_another_attempt(error: Exception, expected: bool | float) -> None:
    delay = retry.next_delay(error)
    assert delay == expected
    assert type(delay) is type(expected)


@pytest.mark.parametrize("cause", [None, *Cause])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_first_contact_with_what_is_no_web_server_is_given_up_after_two_attempts(
    cause: Cause | None, is_new: bool
) -> None:
    is_hopeless = cause in {Cause.REFUSED, Cause.UNKNOWN_HOST, Cause.NO_HTTP, Cause.PROXY_REFUSED}
    assert retry.attempts_after(fetch_error(cause=cause), 5, is_new=is_new) == (2 if is_new and is_hopeless else 5)
    assert retry.attempts_after(fetch_error(cause=cause), 1, is_new=is_new) == 1
