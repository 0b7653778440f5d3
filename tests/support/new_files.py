"""New files as columns, and strategies that make them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from crawler.model.columns.new_files import NewFiles, columns_of
from crawler.model.freshness import Currency, Dating
from crawler.model.values import Job

Made = tuple[Job, bytes, int, str | None, str | None, float, Currency, float]
"""A job, its body, and what ``Columns`` has of it from the modification time on."""

_texts = st.sampled_from(["", "a", "b", "a/b", "ab", "b a", "é", "\udc80"])
made = st.tuples(
    st.builds(
        Job,
        path=_texts.map(lambda name: f"d/{name}") | _texts,
        url=_texts.map(lambda name: f"http://h/{name}"),
        row=_texts,
        reason=st.just("new"),
        dating=st.sampled_from(list(Dating)),
        spent=st.integers(0, 2),
    ),
    st.binary(max_size=3),
    st.sampled_from([0, 7, 2**63 - 1, 2**63, -1]),
    _texts | st.none(),
    _texts | st.none(),
    st.sampled_from([-1.0, 0, 5, 1e9]),
    st.sampled_from([currency for currency in Currency if currency is not Currency.OLDER]),
    st.floats(0, 9),
)


def new_files(several: Sequence[Made]) -> NewFiles:
    return NewFiles(
        columns_of([(job, len(body), *more) for job, body, *more in several]), [made[1] for made in several]
    )  # type: ignore[misc]


def plain_files(*paths: str) -> NewFiles:
    """New files whose bodies are their paths."""
    jobs = [Job(url=f"http://h/{path}", path=path, reason="new") for path in paths]
    return new_files([(job, job.path.encode(), 7 * 10**9, '"1"', "noon", 1.0, Currency.LISTED, 0.5) for job in jobs])
