"""Rules for fetching a large file in pieces: when it is possible, how large they are, which responses are usable."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model import limits
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.verdict import Action, is_same_version
from crawler.text.http_fields import coding_of, content_length, is_multipart, validators_of, value_of


class Whole(Value, frozen=True, kw_only=True):
    """The version of a file to which all of its pieces must belong."""

    length: int
    """Length in bytes."""
    validators: Validators
    """Its strong validators."""


def whole(action: Action, headers: Mapping[str, str], validators: Validators) -> Whole | None:
    """The version whose pieces may be fetched, or None if the body must come in one stream.

    ``action``: the verdict on the response with ``headers``. ``validators``: its strong validators. The server must
    have announced ranges (RFC 9110 section 14.3) or sent one.
    """
    length = action.length
    if length is None or length - action.offset < limits.SEGMENTED_BODY or not validators:
        return None
    if content_length(headers) is None or coding_of(headers):
        return None
    ranges = {unit.strip().lower() for unit in value_of(headers, "Accept-Ranges").split(",")}
    if "bytes" not in ranges and not action.offset:
        return None
    return Whole(length=length, validators=validators)


def piece_size(left: int, streams: int) -> int:
    """Size in bytes of the next piece if ``left`` bytes are shared by ``streams`` connections.

    Pieces become smaller towards the end of a file, so that no connection is left with much more than the others.
    """
    most = max(limits.PIECE_LEAST, limits.PIECES_AHEAD // (2 * streams))
    size = min(most, max(limits.PIECE_LEAST, left // streams))
    return size if left - size >= limits.PIECE_LEAST else left


def mismatch(status: int, headers: Mapping[str, str], start: int, end: int, of: Whole) -> str | None:
    """Explain why a response is not exactly the bytes [``start``, ``end``) of the version ``of``; None if it is.

    Bytes that may belong to another version are not used.
    """
    if status != 206:
        return f"HTTP {status} in response to a range request"
    if value_of(headers, "Content-Range").lower() != f"bytes {start}-{end - 1}/{of.length}" or is_multipart(headers):
        return "the server sent another range"
    now = validators_of(headers)
    if not is_same_version(now, of.validators) or now.last_modified not in (None, of.validators.last_modified):
        return "the file changed meanwhile"
    if content_length(headers) != end - start or coding_of(headers):
        return "length and range of the response disagree"
    return None
