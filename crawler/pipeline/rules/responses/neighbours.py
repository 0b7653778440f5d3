"""Decides which requests may share a connection: those whose responses cannot be mixed up unnoticed.

If a server responds in the wrong order or leaves out a response, a request gets the response to a neighbour. So the
rows of neighbours must differ in some aspect, and a response is accepted only if it confirms that aspect of its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, Flag, auto
from itertools import product
from typing import TypeVar

from crawler.model import limits
from crawler.model.currency import Dating
from crawler.model.struct import Value
from crawler.model.values import Job, Kind, Span
from crawler.text.digests import matches, parse_digest
from crawler.text.http_fields import OVERLOAD_STATUS, http_datetime, is_strong_tag

T = TypeVar("T", int, datetime)


class Aspect(Flag):
    """The properties that can tell two files apart."""

    NONE = 0
    SIZE = auto()
    TIME = auto()
    DIGEST = auto()
    ETAG = auto()


def _aspects(*present: bool) -> Aspect:
    found = Aspect.NONE
    for aspect, is_present in zip((Aspect.SIZE, Aspect.TIME, Aspect.DIGEST, Aspect.ETAG), present, strict=True):
        if is_present:
            found |= aspect
    return found


_ASPECTS = {present: _aspects(*present) for present in product((False, True), repeat=4)}
"""(size, time, digest, ETag), each whether it is included → the aspects. A table, because combining flags is slow."""


class Row(Value, frozen=True, kw_only=True):
    """What the listing and the state tell in advance of the response to a request."""

    size: Span[int] | None = None
    modified: Span[datetime] | None = None
    digest: str | None = None
    """``algorithm:<hex>``, as published."""
    etag: str | None = None
    """The strong entity tag of the local copy, if the request is conditional."""


class Facts(Value, frozen=True, kw_only=True):
    """The properties of a complete response."""

    status: int
    size: int | None = None
    """Size of the body in bytes; None if there is no body."""
    modified: datetime | None = None
    digest: str | None = None
    """The digest of the body, computed with the algorithm that the row names."""
    etag: str | None = None


class Findings(Value, frozen=True, kw_only=True):
    """What the responses on a shared connection have shown about the host."""

    agreed: int = 0
    """Number of responses that provably belong to their requests."""
    is_doubtful: bool = False
    """Whether a response contradicts what is known about its request."""
    is_exchanged: bool = False
    """Whether a response arrived in place of another one."""


class Judgement(Enum):
    """The decision whether a response belongs to its request."""

    AGREES = "it can belong to none of the neighbours"
    UNPROVEN = "it may belong to a neighbour: the request is sent again, alone"
    DISAGREES = "it contradicts the row: so is the request, and the host gets one at a time"


def row_of(job: Job) -> Row:
    """The row of ``job``: what is known in advance of the response to its request."""
    modified = None if job.dating is Dating.UNRELIABLE else job.moment or job.modified
    etag = job.known.validators.etag if job.known is not None else None
    return Row(
        size=job.size,
        modified=modified,
        digest=parse_digest(job.digest) if job.digest else None,
        etag=etag if is_strong_tag(etag) else None,
    )


def is_plain(job: Job) -> bool:
    """Whether ``job`` is a small file that takes one GET, as far as is known.

    A 304 without a strong entity tag does not say which file it is about.
    """
    size = job.size
    return (
        size is not None
        and size.high <= limits.SMALL_BODY
        and job.kind is Kind.FILE
        and not job.probe
        and (job.known is None or is_strong_tag(job.known.validators.etag))
        and not job.fresh
    )


def facts_of(row: Row, status: int, headers: Mapping[str, str], body: bytes) -> Facts:
    """The properties of a complete response to the request for ``row``."""
    modified, etag = headers.get("Last-Modified"), headers.get("ETag")
    digest = None
    if row.digest is not None and status == 200:
        digest = row.digest if matches(body, row.digest) else f"{_algorithm(row.digest)}:"
    return Facts(
        status=status,
        size=len(body) if status == 200 else None,
        modified=http_datetime(modified) if modified else None,
        digest=digest,
        etag=etag if is_strong_tag(etag) else None,
    )


def is_small(row: Row) -> bool:
    """Whether the file of ``row`` is small enough to share a connection with others."""
    return row.size is not None and row.size.high <= limits.SMALL_BODY


def may_share(row: Row, others: Iterable[Row]) -> bool:
    """Whether the request for ``row`` may be in flight together with the requests for ``others``."""
    return is_small(row) and all(is_small(other) and are_apart(row, other) for other in others)


def told_apart(one: Row, other: Row) -> Aspect:
    """The aspects in which no file fits both rows."""
    mine, theirs = _dated(one), _dated(other)
    return _ASPECTS[
        _sizes_differ(one, other),
        mine is not None and theirs is not None and _are_disjoint(mine, theirs),
        _differ(one.digest, other.digest) and _algorithm(one.digest) == _algorithm(other.digest),
        _differ(one.etag, other.etag),
    ]


def are_apart(one: Row, other: Row) -> bool:
    """Whether two rows can be told apart. The size is compared first, because it differs most often."""
    return _sizes_differ(one, other) or bool(told_apart(one, other))


def judge(row: Row, neighbours: Iterable[Row], facts: Facts) -> Judgement:
    """Decide whether a response belongs to the request for ``row`` and not to that for one of its ``neighbours``.

    The neighbours are all requests that were in flight together with it. A request without neighbours needs no proof.
    """
    confirmed = confirmed_by(row, facts)
    if confirmed is None:
        return Judgement.DISAGREES
    has_size = facts.status == 200 and row.size is not None and facts.size is not None  # so it is confirmed
    for neighbour in neighbours:
        if not (has_size and _sizes_differ(row, neighbour)) and not told_apart(row, neighbour) & confirmed:
            return Judgement.UNPROVEN
    return Judgement.AGREES


def confirmed_by(row: Row, facts: Facts) -> Aspect | None:
    """The aspects of the row that a response confirms; None if it contradicts the row. An error confirms nothing."""
    if facts.status not in (200, 304):
        return Aspect.NONE
    dated, is_whole = _dated(row), facts.status == 200
    size = facts.size in row.size if is_whole and row.size is not None and facts.size is not None else None
    time = facts.modified in dated if dated is not None and facts.modified is not None else None
    digest = _agrees(row.digest, facts.digest) if is_whole else None
    etag = None if is_whole else _agrees(row.etag, facts.etag)  # a 200 means that the version is not the stored one
    if size is False or time is False or digest is False or etag is False:
        return None
    return _ASPECTS[size is True, time is True, digest is True, etag is True]


def _dated(row: Row) -> Span[datetime] | None:
    """The time of a row, if its zone is known; other times can only be compared with times of the same server."""
    return row.modified if row.modified is not None and row.modified.low.tzinfo is not None else None


def _sizes_differ(one: Row, other: Row) -> bool:
    mine, theirs = one.size, other.size
    return mine is not None and theirs is not None and (mine.high < theirs.low or theirs.high < mine.low)


def _are_disjoint(one: Span[T], other: Span[T]) -> bool:
    return one.high < other.low or other.high < one.low


def _differ(one: str | None, other: str | None) -> bool:
    return _agrees(one, other) is False


def _agrees(one: str | None, other: str | None) -> bool | None:
    """Whether two texts are equal; None if one of them is unknown."""
    return one == other if one and other else None


def _algorithm(digest: str | None) -> str:
    return (digest or "").partition(":")[0]


def conclusions(rows: Sequence[Row], facts: Sequence[Facts | None], *, is_trusted: bool) -> tuple[list[bool], Findings]:
    """Whether each response belongs to its request, and what the responses show about the host.

    ``facts``: one for each row; None if there is no response. ``is_trusted``: the user asserts that the host responds
    in order, so no proof is needed; but if one response contradicts its row, none is accepted.
    """
    proven: list[bool] = []
    contradicting: list[Facts] = []
    for place, (row, fact) in enumerate(zip(rows, facts, strict=True)):
        if fact is None:
            proven.append(False)
            continue
        others = [] if is_trusted else [other for at, other in enumerate(rows) if at != place]
        judgement = judge(row, others, fact)
        if judgement is Judgement.DISAGREES:
            contradicting.append(fact)
        proven.append(judgement is Judgement.AGREES and fact.status in (200, 304))
    if contradicting:
        is_exchanged = any(confirmed_by(row, fact) for fact in contradicting for row in rows)
        return [False] * len(rows), Findings(is_doubtful=True, is_exchanged=is_exchanged)
    is_useless = not any(proven) and any(fact is not None and fact.status not in OVERLOAD_STATUS for fact in facts)
    return proven, Findings(agreed=sum(proven), is_doubtful=is_useless)
