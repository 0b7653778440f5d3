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

    def refuse(self, error: FetchError | VerificationError | ListingError | RobotsForbidden) -> None:
        """Note why nothing is fetched from there."""
        self.condition.give_up(named(self.url, error))
        self.content_type = error.content_type if isinstance(error, ListingError) else None

    def settle(self, scope: Scope) -> None:
        """Note the scope of the mirror, which the root listing has shown."""
        self.scope = scope

    @property
    def base(self) -> str:
        return self.scope.base if self.scope is not None else base_of(self.url)


def combined(url: str, failures: Mapping[int, Failure], roots: Sequence[Root]) -> Failure:
    """The error of the first upstream for ``url``, followed by those of the others."""
    reasons = [_reason(root, failures.get(number), is_first=not number) for number, root in enumerate(roots)]
    text, first = "; ".join(reasons), failures.get(0)
    kinds = [error.content_type for error in failures.values() if isinstance(error, ListingError)]
    kind = next((kind for kind in kinds if kind is not None), None)
    if not isinstance(first, FetchError) or kind is not None:
        return ListingError(text, content_type=kind)
    rejection, cause = first.rejection, first.cause
    return FetchError(text, url=url, status=first.status, retryable=False, rejection=rejection, cause=cause)


def _reason(root: Root, failure: Failure | None, *, is_first: bool) -> str:
    if failure is None:
        return root.condition.reason or f"{masked(root.url)}: not asked"
    return str(failure) if is_first else named(root.url, failure)


def named(url: str, error: Exception) -> str:
    """``error`` as a text that names the upstream ``url``, which some messages do not name themselves."""
    text = str(error)
    return text if text.startswith(masked(url)) else f"{masked(url)}: {text}"
