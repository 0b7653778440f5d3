"""A site whose listing has several pages, of which one may be wrong, for as long as it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.support.paged_site import STYLES, PagedSite, Paging, words

FORWARD = {"more", "load-more", "aria", "class", "link", "relation", "form"}
"""Styles without a link to the page before."""
WORDS = FORWARD | {"next", "older", "arrow", "german", "chinese", "icons"}
"""Styles in which each page leads to the next one."""
_ENDLESS = 100_000


def both_relations(page: int, last: int, href: Callable[[int], str]) -> str:
    after = f'<link rel="next" href="{href(page + 1)}">' if page < last else ""
    return after + (f'<link rel="prev" href="{href(page - 1)}">' if page > 1 else "")


STYLES_AND_MORE = {**STYLES, "relations": both_relations, "bare-words": words("Next", "")}
FAULTS = (
    "emptied", "emptied-bare", "bare", "half", "previous", "next", "first", "last", "not-found", "other", "stale",
    "foreign",
)  # fmt: skip
"""Beside these faults of a page itself, another one is sent for it: the one before it, after it, the first, the last or
any "other" one; the same one as it was before the last changes; and one of the listing of another directory.
"""


@dataclass(slots=True, kw_only=True)
class FaultySite:
    """The listing of ``names`` on pages of ``length`` rows."""

    names: list[str]
    length: int
    style: str
    paging: Paging = Paging()
    is_endless: bool = False
    """Whether "Next" stands on every page, also on the last one."""
    beyond: str = "empty"
    """What follows the last page: an "empty" one, an empty one that is "bare", the "last" one or the "first" one again,
    "not-found".
    """
    first_href: bool = False
    """Whether the URL of the first page has no query in links."""
    fault: str = ""
    place: int = 0
    """Number of the page with the fault."""
    source: int = 0
    """Number of the page that is sent for it if that is any "other" one."""
    was_last: bool = field(default=False, init=False)
    """Whether the page with the fault has been the last one since the fault began."""
    _before: list[str] = field(default_factory=list)
    """The files when the fault began."""

    @property
    def last(self) -> int:
        """Number of the last page."""
        return max(1, -(-len(self.names) // self.length))

    def begin(self, fault: str, place: int, source: int = 0) -> None:
        """Begin a fault, "" for none."""
        self.fault, self.place, self.source, self.was_last = fault, place, source, False
        self._before = list(self.names)

    def page(self, query: str) -> str | None:
        """The page that ``query`` names; None if there is none."""
        self.was_last = self.was_last or (bool(self.fault) and self.place >= self.last)
        number = next(
            (n for n in range(1, self.last + 50) if query in {"", self.paging.href(n)[1:]} and (query or n == 1)), None
        )
        if number is not None and self.fault and number == self.place:
            return self._wrong(number)
        if number is None or (number > self.last and self.beyond == "not-found"):
            return None
        if number > self.last and self.beyond == "bare":
            return self._markup([], "")
        if number > self.last:
            number = {"last": self.last, "first": 1}.get(self.beyond, number)
        return self._markup(self._rows(number, self.names), self._pager(number, self.last))

    def _wrong(self, number: int) -> str | None:
        sent, rows = self._sent(number), self.sent_rows(number)
        last = -(-len(self._before) // self.length) if self.fault == "stale" else self.last
        if self.fault == "not-found":
            return None
        return self._markup(rows, "" if self.fault in {"bare", "emptied-bare"} else self._pager(sent, last))

    def _sent(self, number: int) -> int:
        """Number of the page that is sent for one with the fault."""
        sent = {
            "previous": max(1, number - 1),
            "next": min(number + 1, max(number, self.last)),
            "first": 1,
            "last": self.last,
            "other": min(self.source, self.last),
        }
        return sent.get(self.fault, number)

    @property
    def sends_later(self) -> bool:
        """Whether a page after the one with the fault is sent for it."""
        return self._sent(self.place) > self.place

    def sent_rows(self, number: int) -> list[str]:
        """The rows that are sent for a page with the fault."""
        rows = self._rows(self._sent(number), self._before if self.fault == "stale" else self.names)
        if self.fault.startswith("emptied"):
            return []
        return [f"x{row}" for row in rows] if self.fault == "foreign" else rows[:: 1 + (self.fault == "half")]

    def other_rows(self, number: int) -> list[list[str]]:
        """The rows of each page but one that is stale; if it was the last one, "Next" leads to none after it."""
        is_end = self.style in WORDS and not self.is_endless and number * self.length >= len(self._before)
        last = min(number, self.last) if is_end else self.last
        return [self._rows(page, self.names) for page in range(1, last + 1) if page != number]

    def _rows(self, number: int, names: list[str]) -> list[str]:
        return names[self.length * (number - 1) : self.length * number]

    def _pager(self, number: int, last: int) -> str:
        def href(page: int) -> str:
            return "./" if page == 1 and self.first_href else self.paging.href(page)

        if last == 1 and not self.is_endless:
            return ""
        return STYLES_AND_MORE[self.style](number, _ENDLESS if self.is_endless else last, href)

    def _markup(self, rows: list[str], pager: str) -> str:
        return PagedSite(rows, _ENDLESS, STYLES["numbers"]).markup(1).replace("</table>", f"</table>{pager}")

    def change(self, random: Random) -> None:
        """Remove some files, add some, and sometimes change the order."""
        for name in random.sample(self.names, min(len(self.names) - 1, random.choice([0, 1, 1, 2, self.length]))):
            self.names.remove(name)
        for _ in range(random.choice([0, 0, 1, 2])):
            self.names.append(f"n{random.randrange(10**6):06d}.zip")
        if random.random() < 0.3:
            random.shuffle(self.names)


def faulty_site(random: Random, pagings: list[Paging]) -> FaultySite:
    """A site of any kind, without a fault."""
    length, style = random.choice([2, 3, 5, 7]), random.choice([*STYLES_AND_MORE])
    count = random.choice([2, 3, 4, 5]) * length + random.choice([0, 0, 1, -1])
    paging = Paging() if style == "form-select" else random.choice(pagings)
    is_endless = style in WORDS and random.random() < 0.3
    beyond = ["empty", "bare", "last", "not-found", *(() if is_endless else ("first",))]  # "Next" never leads there
    return FaultySite(
        names=[f"f{number:03d}.zip" for number in range(count)],
        length=length,
        style=style,
        paging=paging,
        is_endless=is_endless,
        beyond=random.choice(beyond),
        first_href=style != "form-select" and not paging.is_opaque and random.random() < 0.4,
    )
