"""Judges the responses to requests that shared a connection: which count, and whether the connection may go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from crawler.model.network.pipelining import Carried, Findings, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.pipeline.rules.responses.carried import History, history_of
from crawler.pipeline.rules.responses.neighbours import (
    Aspect,
    Facts,
    Judgement,
    Row,
    are_interchangeable,
    confirmed_by,
    have_distinct_places,
    have_distinct_sizes,
    is_empty,
    judge_confirmed,
)
from crawler.pipeline.rules.responses.page_place import title_place
from crawler.text.http_fields import OVERLOAD_STATUS, may_hold_response


def verdict(
    rows: Sequence[Row],
    facts: Sequence[Facts | None],
    carried: Carried | None,
    *,
    is_trusted: bool = False,
    is_ended: bool = True,
) -> Verdict:
    """Whether each response belongs to its request, and what all show of the host. None: there is no response.

    ``carried``: what the connection carried before. ``is_trusted``: the user says that the host answers in order, so a
    response need not be told from those to the other requests. If one contradicts its row, none counts. The connection
    may go on only if every response is proven: then the next one is due, and none of those before can pass for it.
    Empty files that are interchangeable, whose responses are, too, need not be told from each other. ``is_ended``: see
    ``Together.judge``.
    """
    history = history_of(carried)
    proven, contradicting = _compared(rows, facts, _neighbours(rows, facts, history, is_trusted=is_trusted))
    if contradicting:
        return _contradicted(rows, contradicting)
    whole = _whole(proven, facts, is_ended=is_ended)
    is_useless = not any(proven) and any(
        fact is not None and fact.status not in OVERLOAD_STATUS and row.place is None and row.part is None
        for row, fact in zip(rows, facts, strict=True)
    )
    if all(whole):
        for row, fact in zip(rows, facts, strict=True):
            if fact is not None:
                history.add(row, fact)
    findings = Findings(agreed=sum(whole), is_doubtful=is_useless)
    return Verdict(proven=whole, findings=findings, carried=history if all(whole) else None)


def _compared(
    rows: Sequence[Row], facts: Sequence[Facts | None], others_of: Callable[[int, Facts, Aspect | None], list[Row]]
) -> tuple[list[bool], list[tuple[Row, Facts]]]:
    """(whether each response belongs to its request, the rows that are contradicted with the properties that do so)."""
    proven, contradicting = list[bool](), list[tuple[Row, Facts]]()
    for place, (row, fact) in enumerate(zip(rows, facts, strict=True)):
        if fact is None:
            proven.append(False)
            continue
        confirmed = confirmed_by(row, fact)
        judgement = judge_confirmed(row, others_of(place, fact, confirmed), fact, confirmed)
        if judgement is Judgement.DISAGREES:
            contradicting.append((row, fact))
        statuses = (200, 304) if row.part is None else (206,)
        proven.append(judgement is Judgement.AGREES and fact.status in statuses)
    return proven, contradicting


def _contradicted(rows: Sequence[Row], contradicting: Sequence[tuple[Row, Facts]]) -> Verdict:
    """The verdict if the responses ``contradicting`` contradict their rows."""
    is_exchanged = any(confirmed_by(row, fact) for _, fact in contradicting for row in rows)
    is_doubtful = is_exchanged or any(row.place is None for row, _ in contradicting)
    findings = Findings(is_doubtful=is_doubtful, is_exchanged=is_exchanged)
    return Verdict(proven=[False] * len(rows), findings=findings, carried=None)


def _whole(proven: Sequence[bool], facts: Sequence[Facts | None], *, is_ended: bool) -> list[bool]:
    """Which of the responses that are ``proven`` have the whole body, and nothing else in it.

    A server may send fewer bytes than it announced and go on (RFC 9112 section 8). Then the beginning of what follows
    is taken for the end of the body. So the response behind it has to be that to the next request, or nothing may
    follow.
    """
    whole = list[bool]()
    for place, (is_proven, fact) in enumerate(zip(proven, facts, strict=True)):
        behind = place + 1
        is_last = behind == len(facts) or facts[behind] is None
        is_followed_rightly = is_ended if is_last else proven[behind]
        is_short = fact is not None and (fact.may_hold_response or not is_followed_rightly) and not _is_empty(fact)
        whole.append(is_proven and not is_short)
    return whole


def _is_empty(fact: Facts) -> bool:
    """Whether a response has no body."""
    return fact.status == 304 or fact.size == 0


def _have_same_empty_files(rows: Sequence[Row], facts: Sequence[Facts | None], history: History) -> bool:
    """Whether the empty files of a batch are interchangeable, and so are their responses.

    Each request must have its response: an error, or none, would otherwise be that for an empty file, too.
    """
    empty = [place for place, row in enumerate(rows) if is_empty(row)]
    if not empty or not all(fact is not None and fact.status == 200 for fact in facts):
        return False
    first = rows[empty[0]]
    validators = history.of_empty if history.may_repeat(first) else None
    for place in empty:
        fact = facts[place]
        own = fact.of_empty if fact is not None else None
        is_other = validators is not None and own != validators
        if own is None or is_other or not are_interchangeable(first, rows[place]):
            return False
        validators = own
    return True


def _neighbours(
    rows: Sequence[Row], facts: Sequence[Facts | None], history: History, *, is_trusted: bool
) -> Callable[[int, Facts, Aspect | None], list[Row]]:
    """A function that returns the neighbours of a row, by its place, from which its response is still to be told."""
    differ_in_size, differ_in_place = have_distinct_sizes(rows), have_distinct_places(rows)
    is_same = _have_same_empty_files(rows, facts, history)
    carried = history.unlike if is_same else history.suspects

    def neighbours(place: int, fact: Facts, confirmed: Aspect | None) -> list[Row]:
        is_told, row = is_trusted, rows[place]
        if fact.status == 200:  # what differs is then confirmed or contradicted
            is_told = is_told or (differ_in_size and fact.size is not None) or (differ_in_place and bool(fact.place))
        others = [] if is_told else [other for at, other in enumerate(rows) if at != place]
        if is_same and is_empty(row):
            others = [other for other in others if not are_interchangeable(row, other)]
        return [*others, *carried(row, confirmed)] if history and confirmed is not None else others

    return neighbours


@lru_cache(maxsize=64)
def is_plain_page(shape: HeaderShape) -> bool:
    """Whether responses of this shape are HTML pages as they are, without a coding."""
    fields = {name.lower(): value for name, value in shape.constant.items()}
    return fields.get("content-type", "").startswith("text/html") and "content-encoding" not in fields


def pages_verdict(
    rows: Sequence[Row], responses: Sequence[WholeResponse | None], carried: Carried | None, *, is_ended: bool
) -> Verdict | None:
    """The result of ``verdict`` if each response is proven by its title alone; None otherwise."""
    history, places = history_of(carried), [row.place for row in rows]
    if not is_ended or len({*places, None}) <= len(rows) or not history.lacks_places(places):
        return None
    for row, response in zip(rows, responses, strict=True):
        if response is None or response.shape is None or not is_plain_page(response.shape):
            return None
        if row.place is None or title_place(response.body) != row.place or may_hold_response(response.body):
            return None
        if row.size is not None or row.modified is not None or row.digest is not None or row.part is not None:
            return None
    history.add_pages(rows, [len(response.body) for response in responses if response is not None])
    return Verdict(proven=[True] * len(rows), findings=Findings(agreed=len(rows)), carried=history)
