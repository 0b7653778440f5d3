"""Listings that are requested together. Imported with the first of them: many a site is one page."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from crawler.model.network.pipelining import Carried, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.carried import may_follow
from crawler.pipeline.rules.responses.neighbours import Facts, Row, all_facts
from crawler.pipeline.rules.responses.page_place import requested_place
from crawler.pipeline.rules.responses.pipelined import pages_verdict, verdict
from crawler.pipeline.walk.groups.line import Line, Wanted
from crawler.pipeline.walk.pages import Share
from crawler.text.http_fields import is_strong_tag


def wanted_page(url: str, headers: Mapping[str, str], validators: Validators) -> Wanted | None:
    """The page at ``url``, to be requested with ``headers``; None if it has to be requested alone.

    Only a strong entity tag says which page a 304 is about.
    """
    place, etag = requested_place(url), validators.etag if is_strong_tag(validators.etag) else None
    if place is None or (validators and etag is None):
        return None
    return Wanted(url, headers, Row(place=place, etag=etag))


class Group:
    """Pages of one host that are requested together. Implements ``sharing.Together``."""

    are_small = False

    def __init__(self, line: Line, url: str, waiting: deque[Wanted], share: Share) -> None:
        """``waiting``: the pages of which it takes some. ``share``: how many."""
        self._line, self._waiting, self._share = line, waiting, share
        self.url = url
        self.pages: list[Wanted] = []
        self._is_waiting = True
        line.began()

    def requests(self, most: int, free: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """See ``Together``. Servers may take long for a listing, so pages do not queue while connections are free."""
        if not self._line.is_naming:
            return []
        self._enter()
        waiting, places = self._waiting, set[str | None]()
        share = self._share(most, free)
        while waiting and len(self.pages) < share and waiting[0].row.place not in places:
            self.pages.append(waiting.popleft())
            places.add(self.pages[-1].row.place)
        self._line.call(most)
        return [(page.url, page.headers) for page in self.pages]

    @property
    def size(self) -> int:
        """See ``Together``."""
        return len(self.pages)

    def following(self, carried: Carried) -> Sequence[int]:
        """See ``Together``."""
        return range(len(self.pages)) if may_follow([page.row for page in self.pages], carried) else ()

    def keep(self, places: Sequence[int]) -> None:
        """See ``Together``. Pages that were not sent are requested alone."""
        for page in self.pages[len(places) :]:
            page.settle(None)
        del self.pages[len(places) :]

    def judge(self, responses: Sequence[WholeResponse | None], carried: Carried | None, *, is_ended: bool) -> Verdict:
        """See ``Together``. A host whose titles do not name its directories gets one request at a time from now on."""
        rows = [page.row for page in self.pages]
        if (found := pages_verdict(rows, responses, carried, is_ended=is_ended)) is not None:
            return found
        facts = all_facts(rows, responses)
        if any(_is_unnamed(row, fact) for row, fact in zip(rows, facts, strict=True)):
            self._line.note_titles(name_directories=False)
        return verdict(rows, facts, carried, is_ended=is_ended)

    def _enter(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._line.entered()

    def close(self) -> None:
        """Settle the pages that have no response; all that are waiting, if the host gets no groups any more.

        A reader may have left its page to this group, and find only now that it has to send one itself.
        """
        if self._is_waiting:
            self._enter()
            self.pages += self._waiting
            self._waiting.clear()
        for page in self.pages:
            page.settle(None)
        self._line.call(1)


def _is_unnamed(row: Row, fact: Facts | None) -> bool:
    """Whether the title of a page does not name its directory; a body that is too long counts, too."""
    return fact is None or (fact.status == 200 and fact.place != row.place)
