"""Judges plain responses together: those to requests for small files whose sizes differ, with headers that are alike.

Nearly every batch of a first run is of this kind. Each function has the result of the general rule, or None where that
might depend on something else; then the general rule is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.model.network.pipelining import Carried, Findings, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.model.values import Span, Validators
from crawler.pipeline.rules.responses.carried import history_of
from crawler.pipeline.rules.responses.content_type import is_file_itself
from crawler.pipeline.rules.responses.neighbours import Row, are_interchangeable, is_empty
from crawler.text.http_fields import http_datetime, may_hold_response

if TYPE_CHECKING:
    from crawler.model.network.receiving import Arrived


@lru_cache(maxsize=64)
def is_ordinary(shape: HeaderShape) -> bool:
    """Whether responses of this shape are files as they are, and no pages, without a digest in their headers."""
    kinds = [value for name, value in shape.constant.items() if name.lower() == "content-type"]
    return is_file_itself(shape.names, *kinds)


def sizes_of(rows: Sequence[Row]) -> set[int] | None:
    """The sizes of ``rows``, if each is exact and tells its row from all that are not interchangeable with it.

    Otherwise None.
    """
    sizes = {row.size.low for row in rows if row.size is not None and row.size.low == row.size.high}
    if len(sizes) == len(rows):
        return sizes
    empty = [row for row in rows if is_empty(row)]
    is_one_group = all(are_interchangeable(empty[0], row) for row in empty[1:])
    return sizes if empty and is_one_group and len(sizes) - 1 + len(empty) == len(rows) else None


def is_like(row: Row, empty: Row | None) -> bool:
    """Whether ``row`` is that of an empty file and interchangeable with ``empty``."""
    return empty is not None and are_interchangeable(row, empty)


def may_follow(rows: Sequence[Row], sizes: Collection[int] | None, carried: Carried) -> bool | None:
    """The result of ``carried.may_follow`` if the sizes decide; ``sizes`` is the result of ``sizes_of(rows)``."""
    return True if sizes is not None and history_of(carried).lacks(sizes, _empty_of(rows, sizes), len(rows)) else None


def _empty_of(rows: Sequence[Row], sizes: Collection[int]) -> Row | None:
    """One of ``rows``, which have ``sizes``, that is of an empty file."""
    return next((row for row in rows if is_empty(row)), None) if 0 in sizes else None


def verdict(
    rows: Sequence[Row],
    sizes: Collection[int] | None,
    responses: Sequence[WholeResponse | None],
    carried: Carried | None,
) -> Verdict | None:
    """The result of ``shared.verdict`` if each response is proven by its size alone; None otherwise.

    ``sizes`` is the result of ``sizes_of(rows)``.
    """
    history = history_of(carried)
    if sizes is None:
        return None
    empty = _empty_of(rows, sizes)
    if not history.lacks(sizes, empty):
        return None
    validators = history.of_empty if empty is not None else None
    ordinary = None
    for row, response in zip(rows, responses, strict=True):
        if response is None or (shape := response.shape) is None:
            return None
        if shape is not ordinary:
            if not is_ordinary(shape):
                return None
            ordinary = shape
        if not _is_proven(row, response):
            return None
        if empty is not None and not response.body:
            modified, etag, _ = response.varying
            own = Validators(etag=etag, last_modified=modified)
            if validators is not None and own != validators:
                return None
            validators = own
    history.add_files(rows, validators)
    count = len(rows)
    return Verdict(proven=[True] * count, findings=Findings(agreed=count), carried=history)


def _is_proven(row: Row, response: WholeResponse) -> bool:
    """Whether ``response``, whose shape is ordinary, has the size of ``row``.

    Then nothing in it can contradict that or be of another response.
    """
    size, modified = row.size, row.modified
    if size is None or len(response.body) != size.low:
        return False
    if row.digest is not None or row.etag is not None or row.place is not None or row.part is not None:
        return False
    if may_hold_response(response.body):
        return False
    if modified is None or modified.low.tzinfo is None or response.varying[0] is None:
        return True
    moment = http_datetime(response.varying[0])
    return moment is None or moment in modified


def proven_first(rows: Sequence[Row], arrived: Arrived) -> tuple[int, Findings]:
    """(How many of the first responses are proven by their sizes, which all differ; what they show of the host).

    One that announces another size, or has a time that is not that of its row, contradicts the listing, and so does
    what nobody has requested: then none counts. A response that is not followed by the next one may be too short.
    """
    count, other = len(arrived.etags), arrived.other_size
    if other is not None:
        is_exchanged = any(row.size is not None and row.size.low == other for row in rows)
        return 0, Findings(is_doubtful=True, is_exchanged=is_exchanged)
    if arrived.is_followed:
        return 0, Findings(is_exchanged=True)
    last: Span[datetime] | None = None  # a row and a Last-Modified that agree
    last_text: str | None = None
    for row, text in zip(rows, arrived.modified, strict=False):
        span = row.modified
        if span is None or span.low.tzinfo is None or text is None or (span is last and text == last_text):
            continue
        moment = http_datetime(text)
        if moment is not None and moment not in span:
            return 0, Findings(is_doubtful=True)
        last, last_text = span, text
    proven = count if arrived.is_whole else max(0, count - 1)
    return proven, Findings(agreed=proven)
