"""One upstream, and the errors of several."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from crawler.model.errors import FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.model.struct import Struct, field
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.rules.upstreams.ages import Zone
from crawler.pipeline.rules.upstreams.condition import Condition
from crawler.pipeline.rules.upstreams.roots import base_of
from crawler.text.advice.requests import advice, failure_of
from crawler.text.escape import masked

Failure = FetchError | VerificationError | ListingError


class Root(Struct):
    """The state of one upstream."""

    url: str
    scope: Scope | None = None
    """The scope of the mirror there; None until its root listing has been read."""
    condition: Condition = field(default_factory=Condition)
    zone: Zone = field(default_factory=Zone)
    """The time zone of its rows, as far as its files show it."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    content_type: str | None = None
    """That of the response to a fallback which has no listing at its URL."""

    refused_by: FetchError | VerificationError | ListingError | RobotsForbidden | None = None
    """The error because of which nothing is fetched from there; None if there is none."""

    def refuse(self, error: FetchError | VerificationError | ListingError | RobotsForbidden) -> None:
        """Note why nothing is fetched from there."""
        self.condition.give_up(named(self.url, error))
        self.refused_by = error
        self.content_type = error.content_type if isinstance(error, ListingError) else None

    def settle(self, scope: Scope) -> None:
        """Note the scope of the mirror, which the root listing has shown."""
        self.scope = scope

    @property
    def base(self) -> str:
        return self.scope.base if self.scope is not None else base_of(self.url)


def combined(url: str, failures: Mapping[int, Failure], roots: Sequence[Root]) -> Failure:
    """The error of the first upstream for ``url``, followed by those of the others.

    If ``url`` is the root, so that the run ends, each reason is followed by the advice on it.
    """
    first, is_root = failures.get(0), url == roots[0].url
    is_advised = is_root and not (isinstance(first, FetchError) and first.rejection is not None)
    reasons = []
    for number, root in enumerate(roots):
        failure = failures.get(number)
        reason = _reason(root, failure, is_first=not number)
        reasons.append(advised(reason, root, failure) if is_advised else reason)
    text = "; ".join(reasons)
    kinds = [error.content_type for error in failures.values() if isinstance(error, ListingError)]
    kind = next((kind for kind in kinds if kind is not None), None)
    if is_advised or not isinstance(first, FetchError) or kind is not None:
        return ListingError(text, content_type=kind, is_advised=is_advised)
    rejection, cause = first.rejection, first.cause
    return FetchError(text, url=url, status=first.status, retryable=False, rejection=rejection, cause=cause)


def _reason(root: Root, failure: Failure | None, *, is_first: bool) -> str:
    if failure is None:
        return root.condition.reason or f"{masked(root.url)}: not asked"
    return str(failure) if is_first else named(root.url, failure)


def advised(reason: str, root: Root, failure: Failure | None) -> str:
    """``reason`` with the advice on the ``failure`` of ``root`` or, if that is None, on why it was given up."""
    error = failure or root.refused_by
    if not isinstance(error, FetchError) and not (isinstance(error, ListingError) and error.content_type is not None):
        return reason
    clause = advice(failure_of(root.url, error))
    return f"{reason}: {clause}" if clause and not reason.endswith(clause) else reason


def named(url: str, error: Exception) -> str:
    """``error`` as a text that names the upstream ``url``, which some messages do not name themselves."""
    text = str(error)
    return text if text.startswith(masked(url)) else f"{masked(url)}: {text}"
