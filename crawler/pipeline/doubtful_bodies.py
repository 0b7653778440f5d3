"""Whether a complete body may be that of another response, or end with one, so that it must come twice to count.

A server or a proxy that has lost count sends a response once more, and all that follow on the connection one request
late. If both files have the same size, nothing in the response tells, and their times may be equal, too. A server that
sends less than it announces lets the next response fill the rest. But two files may well have the same content, and a
file may end like a response.
"""

from __future__ import annotations

from crawler.model.network.responses import Carrier, WholeResponse
from crawler.text.digests import sha256_of


class DoubtfulBodies:
    """The bodies of a run that must come twice, and the contents that several files have."""

    def __init__(self) -> None:
        self._doubted = dict[str, str]()
        """URL of a file → digest of the body that came, "" if it has none."""
        self._common = set[str]()
        """Digests of contents that have come again, and are no longer doubted if they come twice in a row."""

    def is_first_doubtful(self, first: WholeResponse | None) -> bool:
        """Whether the file of the first of several responses, which rows tell apart, has to be requested once more."""
        if first is None or first.carrier is None:
            return False
        return self.is_doubtful(first.url, len(first.body), sha256_of(first.body), first.carrier, may_be_cut=False)

    def is_doubtful(
        self, url: str, size: int, digest: str | None, carrier: Carrier | None, *, may_be_cut: bool
    ) -> bool:
        """Whether the file at ``url`` has to be requested once more: its body of ``size`` bytes does not count yet.

        ``digest``: of the body; None if it is not known. ``carrier``: see ``Response.carrier``. ``may_be_cut``: whether
        the body ends with the beginning of a response.
        """
        known = digest or ""
        is_repeated = carrier is not None and digest is not None and carrier.has_carried(url, digest)
        if self._doubted.pop(url, None) == known:
            self._common.add(known)
            return False
        if carrier is not None and is_repeated and size and known not in self._common:
            carrier.suspect()
        is_late = carrier is not None and carrier.is_suspect
        if is_late or may_be_cut:
            self._doubted[url] = known
        return is_late or may_be_cut
