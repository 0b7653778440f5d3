"""What the fields beside the rows of a listing mean for it: further pages, claims on its length, and flaws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_plus

from crawler.listings.statements import key_words as words
from crawler.listings.statements.statement import (
    Statement,
    address_in,
    flag_in,
    is_nothing,
    is_trouble,
    number_in,
)
from crawler.listings.statements.topics import Topic, topic_of
from crawler.listings.values.exact_urls import base_of, resolve_link
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.struct import Struct, Value, field
from crawler.text.urls import before_query

_FIRST_ERROR, _LAST_ERROR, _PARTIAL = 400, 599, 206
_WORSE = words.TROUBLE | words.PART | words.UNWELL
_FLAGS_OF_ZERO = frozenset({"complete", "completed", "done", "finished", "eof", "exhausted", "whole", "entire"})
"""Words of flags that may be 0, but for which that is no number of a page."""


class Counts(Value, frozen=True):
    """The numbers of rows of a page."""

    rows: int
    """All rows, also those that are no entries."""
    entries: int
    files: int
    """Rows that are no directories."""
    directories: int

    def meet(self, topic: Topic, number: int) -> bool:
        """Whether the rows may be the ``number`` of which the page speaks.

        A number of rows may leave out directories, or what is no entry.
        """
        if topic is Topic.DIRECTORIES:
            return number <= self.directories or self.entries <= number <= self.rows
        return number <= self.files or self.entries <= number <= self.rows or number == self.directories


class Verdict(Struct):
    """What the fields of one page mean."""

    flaws: list[Flaw] = field(default_factory=list)
    next_pages: dict[str, None] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)


def verdict_on(statements: Iterable[Statement], counts: Counts, url: str, *, is_followed: bool) -> Verdict:
    """What ``statements`` mean for the page at ``url`` that has ``counts`` rows.

    ``is_followed``: whether its further pages are already known, in the way of its format.
    """
    said = _Said()
    for statement in statements:
        topic = topic_of(statement.path)
        if topic is not None:
            _READERS[topic](said, statement, topic, url)
    verdict = Verdict(flaws=said.troubles())
    if is_followed:
        return verdict
    verdict.next_pages = dict.fromkeys(page for page in said.links if _is_beside(page, url))
    is_told = said.is_ended or (said.is_last and not said.ways)
    if verdict.next_pages:
        verdict.claims.append(Claim(ClaimKind.NEXT, said.ways[0].name))
    else:
        more = [*said.more, *([] if said.is_ended else said.ways), *([] if is_told else said.cursors)]
        verdict.flaws += [Flaw(FlawKind.PART, _shown(statement)) for statement in more[:1]]
        is_told = is_told or bool(more)
    is_alone = not (verdict.next_pages or "?" in url)  # else all pages together meet the claims
    verdict.claims += _claims(said, counts, is_alone=is_alone, is_told=is_told)
    if is_alone:
        verdict.flaws += [Flaw(FlawKind.PART, claim.quote) for claim in verdict.claims[:1]]
    return verdict


class _Said(Struct):
    """What the fields of a page say, by what they are about."""

    is_ended: bool = False
    """Whether a flag says that no further rows follow."""
    is_last: bool = False
    """Whether a field for the way to further rows has no value."""
    more: list[Statement] = field(default_factory=list)
    """Flags that say that further rows follow."""
    ways: list[Statement] = field(default_factory=list)
    """Fields that hold the way to further rows."""
    links: list[str] = field(default_factory=list)
    """The URLs among them."""
    cursors: list[Statement] = field(default_factory=list)
    """Fields that may hold it, or the place of this page."""
    bad: list[tuple[FlawKind, Statement]] = field(default_factory=list)
    numbers: list[tuple[Topic, int, Statement]] = field(default_factory=list)
    why: str = ""

    def troubles(self) -> list[Flaw]:
        """The flaw of the first field that says that something is wrong, with the message of the page."""
        if not self.bad:
            return []
        kind, statement = self.bad[0]
        text = statement.text
        return [Flaw(kind, text if self.why in text else f"{text}, {self.why}")]


def _next(said: _Said, statement: Statement, topic: Topic, url: str) -> None:
    flag, address = flag_in(statement.value), address_in(statement)
    if flag is not None:
        said.is_ended = said.is_ended or not flag
        said.more += [statement] * flag
    elif address is not None and (page := resolve_link(url, address)) is not None:
        said.ways.append(statement)
        said.links.append(page)
    elif is_nothing(statement.value):
        said.is_last = True
    elif topic is Topic.NEXT:
        said.ways.append(statement)
    elif str(statement.value) not in unquote_plus(url.partition("?")[2]):
        said.cursors.append(statement)


def _end(said: _Said, statement: Statement, _topic: Topic, _url: str) -> None:
    flag = flag_in(statement.value)
    if number_in(statement.value) == 0 and not _FLAGS_OF_ZERO.isdisjoint(words.words_of(statement.path[-1])):
        flag = False
    if flag is not None:
        said.is_ended = said.is_ended or flag
        said.more += [statement] * (not flag)


def _trouble(said: _Said, statement: Statement, topic: Topic, _url: str) -> None:
    is_period = "timeout" in words.words_of(statement.path[-1]) and number_in(statement.value) is not None
    if is_trouble(statement.value) and not is_period:
        said.bad.append((FlawKind.ERROR if topic is Topic.TROUBLE else FlawKind.PART, statement))


def _good(said: _Said, statement: Statement, _topic: Topic, url: str) -> None:
    number = number_in(statement.value)
    is_count = "found" in words.words_of(statement.path[-1])
    if flag_in(statement.value) is False or (number == 0 and not is_count):
        said.bad.append((FlawKind.ERROR, statement))
    elif is_count:
        _number(said, statement, Topic.ROWS, url)  # "found": 20


def _status(said: _Said, statement: Statement, _topic: Topic, _url: str) -> None:
    value = statement.value
    number = number_in(value)
    is_bad = number is not None and (_FIRST_ERROR <= number <= _LAST_ERROR or number == _PARTIAL)
    if isinstance(value, str):
        told = {part for word in value.split()[:6] for part in words.words_of(word)}
        is_bad = is_bad or (not told.isdisjoint(_WORSE) and told.isdisjoint(words.NOT))
    if is_bad or flag_in(value) is False:
        said.bad.append((FlawKind.ERROR, statement))


def _number(said: _Said, statement: Statement, topic: Topic, url: str) -> None:
    number = number_in(statement.value)
    if topic is Topic.PAGES and flag_in(statement.value) is not None:
        _end(said, statement, Topic.END, url)  # "lastPage": false
    elif number is not None and number > 0:
        said.numbers.append((topic, number, statement))


def _why(said: _Said, statement: Statement, _topic: Topic, _url: str) -> None:
    if isinstance(statement.value, str):
        said.why = said.why or " ".join(statement.value.split())


_READERS: dict[Topic, Callable[[_Said, Statement, Topic, str], None]] = {
    Topic.NEXT: _next,
    Topic.CURSOR: _next,
    Topic.END: _end,
    Topic.PART: _trouble,
    Topic.TROUBLE: _trouble,
    Topic.GOOD: _good,
    Topic.STATUS: _status,
    Topic.ROWS: _number,
    Topic.FILES: _number,
    Topic.DIRECTORIES: _number,
    Topic.PAGES: _number,
    Topic.LIMIT: _number,
    Topic.WHY: _why,
}


def _claims(said: _Said, counts: Counts, *, is_alone: bool, is_told: bool) -> Iterator[Claim]:
    """What the numbers claim; of a page that ``is_alone`` only what its own rows do not meet.

    ``is_told``: whether other fields say if further rows follow, so that a limit tells nothing.
    """
    has_total = any(topic in {Topic.ROWS, Topic.PAGES} for topic, _, _ in said.numbers)
    for topic, number, statement in said.numbers:
        quote = f"{statement.name}: {number}"
        if topic is Topic.PAGES:
            claim, is_met = Claim(ClaimKind.PAGES, quote, number), number <= 1
        elif topic is Topic.LIMIT:
            claim, is_met = Claim(ClaimKind.LIMIT, quote, number), is_told or has_total or counts.rows < number
        else:
            claim, is_met = Claim(ClaimKind.ENTRIES, quote, number), counts.meet(topic, number)
        if not (is_met and (is_alone or topic is Topic.LIMIT)):
            yield claim


def _is_beside(page: str, url: str) -> bool:
    """Whether ``page`` has the path of ``url``, or is below its directory: then it can be read."""
    return before_query(page) == before_query(url) or before_query(page).startswith(base_of(url))


def _shown(statement: Statement) -> str:
    """The statement for a message. A token is left out: it may grant access."""
    value = statement.value
    return statement.text if isinstance(value, bool) or number_in(value) is not None else statement.name
