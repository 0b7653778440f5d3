"""Whether a complete body may be that of another response, or end with one, so that it must come twice to count.

A server or a proxy that has lost count sends a response once more, and all that follow on the connection one request
late. If both files have the same size, nothing in the response tells, and their times may be equal, too. A server that
sends less than it announces lets the next response fill the rest. But two files may well have the same content, and a
file may end like a response.
"""

from __future__ import annotations

from crawler.model.network.responses import Turn, WholeResponse
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.text.digests import sha256_of
from crawler.text.http_fields import validators_of

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
        """URL of a file → digest of the body that came, "" if it has none."""
        self._seen = dict[str, str | None]()
        """Digest of a content that has not only come directly after itself → URL of the file; None if of several."""

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
        is_repeated = turn is not None and digest != "" and turn.is_repeated(url, f"{digest} {body.validators}")
        is_again = self._doubted.pop(url, None) == digest
        if digest and (is_again or not is_repeated):
            self._note(digest, url)
        if is_again:
            return False
        if turn is not None:
            if is_repeated and body.size and self._seen.get(digest, "") is not None:
                turn.carrier.suspect()
            may_be_cut = may_be_cut or turn.carrier.is_suspect
        if may_be_cut:
            self._doubted[url] = digest
        return may_be_cut

    def _note(self, digest: str, url: str) -> None:
        """Note that the content with ``digest`` is that of ``url``."""
        if self._seen.setdefault(digest, url) != url:
            self._seen[digest] = None
        if len(self._seen) > _MOST:
            del self._seen[next(iter(self._seen))]
