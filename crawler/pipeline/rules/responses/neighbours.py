"""Decides which requests may share a connection: those whose responses cannot be mixed up unnoticed.

If a server responds in the wrong order or leaves out a response, a request gets the response to a neighbour. So the
rows of neighbours must differ in some aspect, and a response is accepted only if it confirms that aspect of its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, Flag, auto
from functools import cache
from typing import TypeVar

from crawler.model import limits
from crawler.model.freshness import Dating
from crawler.model.network.responses import WholeResponse
from crawler.model.struct import Value
from crawler.model.values import Job, Kind, Span, Validators
from crawler.pipeline.rules.responses.page_place import page_place
from crawler.text.digests import matches, parse_digest
from crawler.text.http_fields import http_datetime, is_strong_tag, may_hold_response, validators_of

T = TypeVar("T", int, datetime)
_FILE, _UNRELIABLE = Kind.FILE, Dating.UNRELIABLE  # a member of an enumeration takes 80 ns to look up


class Aspect(Flag):
    """The properties that can tell two files apart."""

    NONE = 0
    SIZE = auto()
    TIME = auto()
    DIGEST = auto()
    ETAG = auto()
    PLACE = auto()
    PART = auto()


@cache
def _aspects(*present: bool) -> Aspect:
    """The aspects of which each is present or not, in their order. Combining flags takes a microsecond."""
    found = Aspect.NONE
    for aspect, is_present in zip(tuple(Aspect), present, strict=True):
        if is_present:
            found |= aspect
    return found


class Row(Value, frozen=True, kw_only=True, gc=False):
    """What the listing and the state tell in advance of the response to a request."""

    size: Span[int] | None = None
    modified: Span[datetime] | None = None
    digest: str | None = None
    """``algorithm:<hex>``, as published."""
    etag: str | None = None
    """The strong entity tag of the local copy, if the request is conditional."""
    place: str | None = None
    """For a listing: the path that it should name in its title, see ``page_place``."""
    part: str | None = None
    """The requested range of the file (see ``division.Part``); None if all of it is requested."""


class Facts(Value, frozen=True, kw_only=True):
    """The properties of a complete response."""

    status: int
    size: int | None = None
    """Size of the file in bytes; None if the response contains no part of it."""
    modified: datetime | None = None
    digest: str | None = None
    """The digest of the body, computed with the algorithm that the row names."""
    etag: str | None = None
    place: str | None = None
    """The path that the title of an HTML page names; None if there is none."""
    part: str | None = None
    """The range of the file that the response contains; None if it does not contain exactly one."""
    may_hold_response: bool = False
    """Whether another response may begin in the body."""
    of_empty: Validators | None = None
    """The validators of an empty file, if nothing else in its response tells it from that of another one."""


class Judgement(Enum):
    """The decision whether a response belongs to its request."""

    AGREES = "it can belong to none of the neighbours"
    UNPROVEN = "it may belong to a neighbour: the request is sent again, alone"
    DISAGREES = "it contradicts the row: so is the request, and the host gets one at a time"


def row_of(job: Job) -> Row:
    """The row of ``job``: what is known in advance of the response to its request."""
    modified = None if job.dating is _UNRELIABLE else job.moment or job.modified
    if job.known is None and job.digest is None:  # nearly always
        return Row(size=job.size, modified=modified)
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
        and job.kind is _FILE
        and not job.probe
        and (job.known is None or is_strong_tag(job.known.validators.etag))
        and not job.fresh
    )


def facts_of(row: Row, status: int, headers: Mapping[str, str], body: bytes, *, is_dated: bool = True) -> Facts:
    """The properties of a complete response to the request for ``row``. ``is_dated``: whether its time matters."""
    modified, etag = headers.get("Last-Modified") if is_dated else None, headers.get("ETag")
    digest = None
    if row.digest is not None and status == 200:
        digest = row.digest if matches(body, row.digest) else f"{_algorithm(row.digest)}:"
    part = None
    if row.part is not None and status == 206:
        from crawler.pipeline.rules.responses.division import part_of  # imported only if needed

        part = part_of(status, headers, body)
    return Facts(
        status=status,
        size=len(body) if status == 200 else part.total if part else None,
        modified=http_datetime(modified) if modified else None,
        digest=digest,
        etag=etag if is_strong_tag(etag) else None,
        place=page_place(headers, body) if status == 200 else None,
        part=part.range if part else None,
        may_hold_response=may_hold_response(body),
        of_empty=validators_of(headers) if status == 200 and not body and is_empty(row) and _is_file(headers) else None,
    )


def _is_file(headers: Mapping[str, str]) -> bool:
    from crawler.pipeline.rules.responses.content_type import is_file_itself  # imported only if needed

    return is_file_itself(tuple(headers), headers.get("Content-Type", ""))


def all_facts(rows: Sequence[Row], responses: Sequence[WholeResponse | None]) -> list[Facts | None]:
    """The properties of the response to each request, without times that no row can confirm; None: no response."""
    is_dated = any(_dated(row) for row in rows)
    return [
        None if reply is None else facts_of(row, reply.status, reply.headers, reply.body, is_dated=is_dated)
        for row, reply in zip(rows, responses, strict=True)
    ]


def have_distinct_sizes(rows: Sequence[Row]) -> bool:
    """Whether each row has an exact size that no other row has, so that the size tells each from all others."""
    sizes = {row.size.low for row in rows if row.size is not None and row.size.low == row.size.high}
    return len(sizes) == len(rows)


def have_distinct_places(rows: Sequence[Row]) -> bool:
    """Whether each row has a place that no other row has, so that the place tells each from all others."""
    return len({row.place for row in rows if row.place}) == len(rows)


def told_apart(one: Row, other: Row) -> Aspect:
    """The aspects in which no response fits both rows."""
    mine, theirs = _dated(one), _dated(other)
    return _aspects(
        _sizes_differ(one, other),
        mine is not None and theirs is not None and _are_disjoint(mine, theirs),
        _differ(one.digest, other.digest) and _algorithm(one.digest) == _algorithm(other.digest),
        _differ(one.etag, other.etag),
        _differ(one.place, other.place),
        one.part != other.part,
    )


def are_apart(one: Row, other: Row) -> bool:
    """Whether two rows can be told apart. The size is compared first, because it differs most often."""
    return _sizes_differ(one, other) or bool(told_apart(one, other))


def is_empty(row: Row) -> bool:
    """Whether ``row`` is that of a new file without content."""
    size = row.size
    is_new = row.digest is None and row.etag is None and row.place is None and row.part is None
    return is_new and size is not None and size.low == size.high == 0


def are_interchangeable(one: Row, other: Row) -> bool:
    """Whether two rows are of empty files that nothing in a listing tells apart.

    If their responses have the same validators, too, it makes no difference which of them is whose.
    """
    return is_empty(one) and is_empty(other) and one.modified == other.modified


def judge(row: Row, neighbours: Iterable[Row], facts: Facts) -> Judgement:
    """Decide whether a response belongs to the request for ``row`` and not to that for one of its ``neighbours``.

    The neighbours are all requests that were in flight together with it, or whose responses its connection has carried
    before. A request without neighbours needs no proof.
    """
    return judge_confirmed(row, neighbours, facts, confirmed_by(row, facts))


def judge_confirmed(row: Row, neighbours: Iterable[Row], facts: Facts, confirmed: Aspect | None) -> Judgement:
    """Like ``judge``; ``confirmed`` is the result of ``confirmed_by``."""
    if confirmed is None:
        return Judgement.DISAGREES
    has_size = facts.status == 200 and row.size is not None and facts.size is not None  # so it is confirmed
    for neighbour in neighbours:
        if not (has_size and _sizes_differ(row, neighbour)) and not told_apart(row, neighbour) & confirmed:
            return Judgement.UNPROVEN
    return Judgement.AGREES


def confirmed_by(row: Row, facts: Facts) -> Aspect | None:
    """The aspects of the row that a response confirms; None if it contradicts the row. An error confirms nothing."""
    if facts.part is None if row.part is not None else facts.status not in (200, 304):
        return Aspect.NONE
    dated, is_whole = _dated(row), facts.status == 200
    total = facts.size if is_whole or facts.part is not None else None
    size = total in row.size if row.size is not None and total is not None else None
    time = facts.modified in dated if dated is not None and facts.modified is not None else None
    digest = _agrees(row.digest, facts.digest) if is_whole else None
    etag = None if is_whole else _agrees(row.etag, facts.etag)  # a 200 means that the version is not the stored one
    place = _agrees(row.place, facts.place) if is_whole else None
    part = _agrees(row.part, facts.part)
    if False in (size, time, digest, etag, place, part):
        return None
    return _aspects(size is True, time is True, digest is True, etag is True, place is True, part is True)


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
