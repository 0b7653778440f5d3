"""A large file in pieces: when that is possible, how large they are, and what an answer to one of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crawler.model import limits
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.verdict import Action, is_same_version
from crawler.text.http_fields import coding_of, content_length, validators_of, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The one version of a file that all of its pieces must be of."""

    length: int
    """Bytes."""
    validators: Validators
    """Strong ones."""


def whole(action: Action, headers: Mapping[str, str], validators: Validators) -> Whole | None:
    """What the pieces of a body are to be of, or None if it must come in one stream.

    ``action`` says what the answer with ``headers`` means, ``validators`` are those of it that are strong. The server
    must have said that it knows ranges (RFC 9110 section 14.3), or given one.
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
    """Bytes of the next piece when ``left`` bytes are to be shared by ``streams`` connections.

    Pieces become smaller towards the end of a file, so that no connection is left with much more than the others.
    """
    most = max(limits.PIECE_LEAST, limits.PIECES_AHEAD // (2 * streams))
    size = min(most, max(limits.PIECE_LEAST, left // streams))
    return size if left - size >= limits.PIECE_LEAST else left


def mismatch(status: int, headers: Mapping[str, str], start: int, end: int, of: Whole) -> str | None:
    """Why an answer is not exactly the bytes from ``start`` to before ``end`` of ``of``; None if it is.

    What is not sure to be of the same version is not used.
    """
    if status != 206:
        return f"HTTP {status} in answer to a range"
    if value_of(headers, "Content-Range").lower() != f"bytes {start}-{end - 1}/{of.length}":
        return "the server answered with another range"
    now = validators_of(headers)
    if not is_same_version(now, of.validators) or now.last_modified not in (None, of.validators.last_modified):
        return "the file changed meanwhile"
    if content_length(headers) != end - start or coding_of(headers):
        return "length and range of the answer disagree"
    return None
