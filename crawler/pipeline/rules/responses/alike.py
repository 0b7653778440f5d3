"""Judges plain responses together: those to requests for small files whose sizes differ, with headers that are alike.

Nearly every batch of a first run is of this kind. Each function has the result of the general rule, or None where that
might depend on something else; then the general rule is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from crawler.model.network.pipelining import Carried, Findings, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.pipeline.rules.responses.carried import history_of
from crawler.pipeline.rules.responses.content_type import is_html
from crawler.pipeline.rules.responses.neighbours import Row
from crawler.text.digests import may_have_digest
from crawler.text.http_fields import http_datetime

_DECISIVE = frozenset({"transfer-encoding", "content-encoding", "content-range"})
"""Fields that change what a body is."""


@lru_cache(maxsize=256)
def are_special(names: tuple[str, ...]) -> bool:
    """Whether header fields with these names may change what the body is, or tell its digest."""
    return may_have_digest(names) or not _DECISIVE.isdisjoint(map(str.lower, names))


@lru_cache(maxsize=64)
def is_ordinary(shape: HeaderShape) -> bool:
    """Whether responses of this shape are files as they are, and no pages, without a digest in their headers."""
    if are_special(shape.names) or "age" in map(str.lower, shape.names):
        return False
    kinds = [value for name, value in shape.constant.items() if name.lower() == "content-type"]
    return not any(map(is_html, kinds))


def sizes_of(rows: Sequence[Row]) -> frozenset[int] | None:
    """The sizes of ``rows``, if each is exact and no two are equal, so that sizes alone tell them apart; else None."""
    sizes = frozenset([row.size.low for row in rows if row.size is not None and row.size.low == row.size.high])
    return sizes if len(sizes) == len(rows) else None


def with_size(sizes: frozenset[int], row: Row) -> frozenset[int] | None:
    """``sizes_of`` the rows that have ``sizes`` and one ``row`` more."""
    size = row.size
    return sizes | {size.low} if size is not None and size.low == size.high and size.low not in sizes else None


def may_follow(rows: Sequence[Row], sizes: Collection[int] | None, carried: Carried) -> bool | None:
    """The result of ``carried.may_follow`` if the sizes decide; ``sizes`` is the result of ``sizes_of(rows)``."""
    return True if sizes is not None and history_of(carried).lacks(sizes, len(rows)) else None


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
    if sizes is None or not history.lacks(sizes):
        return None
    for row, response in zip(rows, responses, strict=True):
        if response is None or not _is_proven(row, response):
            return None
    history.add_files(rows)
    count = len(rows)
    return Verdict(proven=[True] * count, findings=Findings(agreed=count), carried=history)


def _is_proven(row: Row, response: WholeResponse) -> bool:
    """Whether ``response`` has the size of ``row``, and nothing in it can contradict that row."""
    size, shape, modified = row.size, response.shape, row.modified
    if shape is None or size is None or len(response.body) != size.low or not is_ordinary(shape):
        return False
    if row.digest is not None or row.etag is not None or row.place is not None or row.part is not None:
        return False
    if modified is None or modified.low.tzinfo is None or response.varying[0] is None:
        return True
    moment = http_datetime(response.varying[0])
    return moment is None or moment in modified
