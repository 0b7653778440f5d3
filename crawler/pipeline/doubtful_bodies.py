"""Whether a complete body may be that of another response, or end with one, so that its file is requested again.

A server or a proxy that has lost count sends a response once more, and all that follow on the connection one request
late. If both files have the same size, nothing in the response tells, and their times may be equal, too. A server that
sends less than it announces lets the next response fill the rest. But two files may well have the same content, and a
file may end like a response.

So what a suspect connection carries never counts, and says nothing about any file, however often it comes: several
connections may be late alike. What may be cut counts if it comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crawler.model.errors import FetchError, VerificationError
from crawler.model.network.responses import Response, Turn, WholeResponse
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.evidence import Unwanted
from crawler.text.digests import sha256_of
from crawler.text.http_fields import validators_of

_REDIRECTS = 300
_NOT_MODIFIED = 304
_MOST = 1 << 12
"""Maximum number of contents that are kept."""


class Body(Value, frozen=True):
    """A complete body."""

    url: str
    size: int
    """Number of bytes."""
    digest: str | None
    """Its SHA-256; None if that is not known."""
    validators: Validators
    """Those of its response."""


class DoubtfulBodies:
    """The bodies of a run that must come twice, and the contents that several files have."""

    def __init__(self) -> None:
        self._doubted = dict[str, str]()
        """URL of a file → digest of a body that may be cut, "" if it has none."""
        self._seen = dict[str, str | None]()
        """Digest of a body that counted → URL of its file; None if several files have it."""

    def is_first_doubtful(self, first: WholeResponse | None) -> bool:
        """Whether the file of the first of several responses, which rows tell apart, has to be requested once more."""
        if first is None or first.turn is None:
            return False
        body = Body(first.url, len(first.body), sha256_of(first.body), validators_of(first.headers))
        return self.is_doubtful(body, first.turn, may_be_cut=False)

    def is_doubtful(self, body: Body, turn: Turn | None, *, may_be_cut: bool) -> bool:
        """Whether a file has to be requested once more: its ``body`` does not count yet.

        ``turn``: that of its response if the body is all of that, see ``Response.turn``. ``may_be_cut``: whether the
        body ends with the beginning of a response.
        """
        digest, url = body.digest or "", body.url
        if turn is not None:
            is_repeated = digest != "" and turn.is_repeated(url, f"{digest} {body.validators}")
            if is_repeated and body.size and self._seen.get(digest, "") is not None:
                turn.carrier.suspect()
            if turn.carrier.is_suspect:
                return True
        if self._doubted.pop(url, None) != digest and may_be_cut:
            self._doubted[url] = digest
            return True
        if digest:
            self._note(digest, url)
        return False

    def _note(self, digest: str, url: str) -> None:
        """Note that the content with ``digest`` is that of ``url``."""
        if self._seen.setdefault(digest, url) != url:
            self._seen[digest] = None
        if len(self._seen) > _MOST:
            del self._seen[next(iter(self._seen))]


@contextmanager
def judged(response: Response) -> Iterator[None]:
    """Suspect the connection of a ``response`` that turns out not to be the requested file.

    It may be the response to an earlier request, such as that for the listing; then those that follow are late, too.
    """
    try:
        yield
    except (FetchError, VerificationError) as error:
        if (response.status < _REDIRECTS or response.status == _NOT_MODIFIED) and not isinstance(error, Unwanted):
            suspect(response)
        raise


def suspect(response: Response) -> None:
    """Suspect the connection of a ``response`` that may be the one to an earlier request."""
    if response.turn is not None:
        response.turn.carrier.suspect()
