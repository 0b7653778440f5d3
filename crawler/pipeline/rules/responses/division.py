"""Tells files apart whose rows do not: each is requested in two ranges that meet where those of no other file do.

The Content-Range of a response says which range it is (RFC 9110 section 14.4), and so to which request it belongs. The
two ranges are joined only if strong validators show that they belong to one version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.model.network.responses import WholeResponse
from crawler.model.struct import Struct
from crawler.model.values import Job
from crawler.text.digests import may_have_digest
from crawler.text.http_fields import (
    coding_of,
    is_multipart,
    is_strong_tag,
    parse_age,
    parse_http_date,
    validators_of,
    value_of,
)

_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
LEAST = 32
"""Size in bytes of the smallest file that is divided: smaller ones meet in too few places."""
_PLACES = 4096
"""Number of places that are used in turn; a connection carries far fewer files."""


class Part(Struct):
    """A part of a file, as a Content-Range describes it."""

    range: str
    """``FIRST-LAST``, or ``FIRST-`` if it extends to the end of the file; both count from 0."""
    total: int
    """Size of the file in bytes."""


def may_divide(job: Job) -> bool:
    """Whether ``job`` is about a new file that is large enough."""
    is_new = job.known is None and job.copy is None and not (job.fresh or job.probe)
    return is_new and job.size is not None and job.size.low >= LEAST


def ranges_for(job: Job, number: int) -> tuple[str, str]:
    """The two ranges (see ``Part.range``) of a file for which ``may_divide`` is True, the one with this ``number``."""
    assert job.size is not None
    place = 1 + number % min(_PLACES, job.size.low - 1)
    return f"0-{place - 1}", f"{place}-"


def part_of(status: int, headers: Mapping[str, str], body: bytes) -> Part | None:
    """The part that a response contains; None if it does not contain exactly one, as it is stored."""
    if status != 206 or coding_of(headers) or is_multipart(headers):
        return None
    found = _CONTENT_RANGE.fullmatch(value_of(headers, "Content-Range").lower())
    if found is None:
        return None
    first, last, total = map(int, found.groups())
    if not first <= last < total or len(body) != last - first + 1:
        return None
    return Part(f"{first}-" if last == total - 1 else f"{first}-{last}", total)


def are_one_file(first: WholeResponse, second: WholeResponse) -> bool:
    """Whether two responses, proven to be those to the requests for the two ranges of a file, contain all of it.

    False if they may belong to different versions, or if a header field may be about a range alone.
    """
    one, two = first.headers, second.headers
    parts = part_of(first.status, one, first.body), part_of(second.status, two, second.body)
    if parts[0] is None or parts[1] is None or parts[0].total != parts[1].total:
        return False
    if len(first.body) + len(second.body) != parts[0].total:
        return False
    if validators_of(one) != validators_of(two) or not (_is_settled(one) and _is_settled(two)):
        return False
    return not (may_have_digest(tuple(one)) or may_have_digest(tuple(two)))


def _is_settled(headers: Mapping[str, str]) -> bool:
    """Whether a strong entity tag names the version, which is at least one second old if its time is known."""
    validators, sent = validators_of(headers), parse_http_date(headers.get("Date"))
    modified = parse_http_date(validators.last_modified)
    is_old = modified is None or (sent is not None and sent - parse_age(headers.get("Age")) - modified >= 1)
    return is_strong_tag(validators.etag) and is_old
