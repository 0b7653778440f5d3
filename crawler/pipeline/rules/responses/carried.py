"""Summary of what a connection has carried: a further response on it must be distinguishable from all of that.

A server, or something in between, may send a response twice or late. It then answers a later request. That is noticed
if each request on the connection differs from all others in something that its response confirms.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from crawler.model.network.pipelining import Carried
from crawler.model.struct import replace
from crawler.model.values import Span, Validators
from crawler.pipeline.rules.responses.neighbours import Aspect, Facts, Row, are_apart, are_interchangeable

LONGEST = 256
"""Maximum number of responses on a connection that several requests share."""
_SIZE_AND_PLACE = Aspect.SIZE | Aspect.PLACE
_NOWHERE = "-"
"""The place of a response that is not an index page."""


class History:
    """Implements ``Carried``: the rows of all requests on a connection, with what their responses have shown."""

    __slots__ = (
        "_anywhere",
        "_bodiless",
        "_empty",
        "_files",
        "_parts",
        "_places",
        "_rows",
        "_sizes",
        "_stand_in",
        "of_empty",
    )

    def __init__(self) -> None:
        self._files: dict[int, Row] = {}
        """Size in bytes → row: files that ``add_files`` has noted and that are not in the other collections yet."""
        self._parts = set[str]()
        """The ranges that have been requested. No response to any other request looks like one to these."""
        self._rows: list[Row] = []
        self._sizes: dict[int, list[Row]] = {}
        """Size in bytes → the rows whose responses had that size."""
        self._places: dict[str, list[Row]] = {}
        """Place → the rows whose responses named it."""
        self._bodiless: list[Row] = []
        """The rows whose responses had no body."""
        self._anywhere: list[Row] = []
        """The rows whose responses neither named a place nor proved to be of a file that names none."""
        self._empty: Row | None = None
        """The row of an empty file that stands for all those that are interchangeable with it."""
        self._stand_in: Row | None = None
        """That row in the other collections, if it is there."""
        self.of_empty: Validators | None = None
        """The validators in the responses to all these, while nothing else was in them; None if there are none."""

    def __len__(self) -> int:
        return len(self._rows) + len(self._files) + len(self._parts)

    def lacks(self, sizes: Collection[int], empty: Row | None = None, more: int = 0) -> bool:
        """Whether the size tells each file with one of ``sizes`` from all rows, and there is room for ``more`` rows.

        ``empty``: the row of one with the size 0; it may also be interchangeable with those of that size.
        """
        if self._bodiless or len(self) + more > LONGEST:
            return False
        if empty is not None and self.may_repeat(empty) and len(self._sizes.get(0, ())) <= 1:
            sizes = [size for size in sizes if size]
        return self._files.keys().isdisjoint(sizes) and self._sizes.keys().isdisjoint(sizes)

    def new_sizes(self, rows: Sequence[Row]) -> set[int]:
        """The exact sizes of ``rows`` for which ``unlike`` has no suspects, because no response had them."""
        if self._bodiless:
            return set()
        sizes = {row.size.low for row in rows if row.size is not None and row.size.low == row.size.high}
        return {size for size in sizes if size not in self._files and size not in self._sizes}

    def lacks_places(self, places: Collection[str | None]) -> bool:
        """Whether ``suspects`` has none for a row with one of ``places`` that its response confirms."""
        return not self._anywhere and self._places.keys().isdisjoint(places)

    def add_pages(self, rows: Sequence[Row], sizes: Sequence[int]) -> None:
        """``add`` for pages of these ``sizes`` with status 200 that are proven by their places."""
        if self._files:
            self._settle()
        for row, size in zip(rows, sizes, strict=True):
            assert row.place is not None, "not proven by its place"
            noted = Row(size=Span(size, size), etag=row.etag, place=row.place)
            self._rows.append(noted)
            self._places.setdefault(row.place, []).append(noted)
            self._sizes.setdefault(size, []).append(noted)

    def may_repeat(self, row: Row) -> bool:
        """Whether ``row`` is that of an empty file, interchangeable with those that the connection has carried."""
        return self._empty is not None and are_interchangeable(row, self._empty)

    def add_files(self, rows: Sequence[Row], of_empty: Validators | None = None) -> None:
        """Note responses that are proven to belong to ``rows``, each of which has its exact size and names no place.

        This is ``add``, but only what ``lacks`` needs is done at once. ``of_empty``: the validators of all empty files.
        """
        files, is_noted = self._files, self._empty is not None
        for row in rows:
            assert row.size is not None
            size = row.size.low
            if size or not is_noted:
                files[size] = row
        if of_empty is not None and not is_noted:
            self._empty, self.of_empty = files[0], of_empty

    def _settle(self) -> None:
        """Move the rows that ``add_files`` has noted to the other collections."""
        files, self._files = self._files, {}
        for size, row in files.items():
            self.add(row, Facts(status=200, size=size))

    def add(self, row: Row, facts: Facts) -> None:
        """Note a response that is proven to belong to ``row``."""
        if row.part is not None:
            self._parts.add(row.part)
            return
        if self._files:
            self._settle()
        if facts.of_empty is not None and self.may_repeat(row):
            if facts.of_empty == self.of_empty:
                return
            self._empty = self.of_empty = None
        elif facts.of_empty is not None and self._empty is None:
            self._empty, self.of_empty = row, facts.of_empty
        size, place, original = facts.size, _place(row, facts), row
        row = replace(row, size=row.size if size is None else Span(size, size), place=place)
        if original is self._empty:
            self._stand_in = row
        self._rows.append(row)
        (self._anywhere if place is None else self._places.setdefault(place, [])).append(row)
        if size is None:
            self._bodiless.append(row)
        else:
            self._sizes.setdefault(size, []).append(row)

    def suspects(self, row: Row, confirmed: Aspect) -> Sequence[Row]:
        """The rows that may not be told from ``row`` if ``confirmed`` is what its response confirms."""
        if row.part is not None:
            return [row] if row.part in self._parts else []
        size, place = row.size, row.place
        if size is not None and size.low == size.high and Aspect.SIZE in confirmed:
            if size.low and (same := self._files.get(size.low)) is not None:
                return [replace(same, place=_NOWHERE), *self._sizes.get(size.low, ()), *self._bodiless]
            if self._files and not size.low:
                self._settle()
            alike = self._sizes.get(size.low)
            return [*alike, *self._bodiless] if alike else self._bodiless
        if self._files:
            self._settle()
        if place is not None and Aspect.PLACE in confirmed:
            return [*self._places.get(place, ()), *self._anywhere]
        return self._rows

    def unlike(self, row: Row, confirmed: Aspect) -> Sequence[Row]:
        """``suspects`` without the empty files that are interchangeable with that of ``row``."""
        found = self.suspects(row, confirmed)
        return [other for other in found if other is not self._stand_in] if self.may_repeat(row) else found


def _place(row: Row, facts: Facts) -> str | None:
    """The place that the response to ``row`` names, should it come late; None if that is unknown.

    A 304 that does not repeat the entity tag may be a stray one: the true response may have any body.
    """
    place = facts.place or row.place
    is_proven = facts.size is not None or (row.etag is not None and facts.etag == row.etag)
    return place or (_NOWHERE if is_proven else None)


def history_of(carried: Carried | None) -> History:
    """The history of a connection; a new one if it has none."""
    return History() if carried is None else cast("History", carried)


def followers(rows: Sequence[Row], carried: Carried | None) -> list[int]:
    """The places of those ``rows`` for which requests may be sent on a connection with the history ``carried``."""
    history = history_of(carried)
    new = history.new_sizes(rows)
    found = [
        place
        for place, row in enumerate(rows)
        if (row.size is not None and row.size.low in new and row.size.low == row.size.high and row.part is None)
        or all(are_apart(row, other) for other in history.unlike(row, _SIZE_AND_PLACE))
    ]
    return found[: max(0, LONGEST - len(history))]


def may_follow(rows: Sequence[Row], carried: Carried | None) -> bool:
    """Whether requests for all ``rows`` may be sent on a connection with the history ``carried``."""
    return len(followers(rows, carried)) == len(rows)
