"""What follows the last page of a healthy chain: whatever it is, the listing is whole again within two visits.

A page that is not there, or shows nothing but a heading, is met twice before it is believed to follow the last one.
Rows that were known, and may be behind it, are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from tests.support.paged_mirror import PagedMirror, page_of

LENGTH = 3
HEADING = "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1>{}</body></html>"


@dataclass(slots=True, kw_only=True)
class Chain:
    """The listing of ``names``. Each page leads to the next one; so does the last one, unless ``end`` is "none"."""

    names: list[str]
    end: str
    urls: str
    """How the URL of a page names it: by a "number", by the "row" before it, or by a "token" of that and the visit."""
    sends_last: bool = False
    """Whether the last page is sent for the first one."""
    _visit: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)
    """Token of this visit → the row that it names."""

    def page(self, query: str) -> str | None:
        if not query:
            self._visit += 1
            self._tokens.clear()
        value = query.partition("=")[2]
        if self.urls == "token" and value and value not in self._tokens:
            return None
        row = self._tokens.get(value, value)
        start = LENGTH * int(value or 0) if self.urls == "number" else sum(name <= row for name in self.names)
        if start and start >= len(self.names):
            return self._after_the_end(start)
        return self._markup(self._last if self.sends_last and not query else start)

    def _after_the_end(self, start: int) -> str | None:
        found = {
            "not-found": None, "heading": HEADING.format(""), "text": HEADING.format("<p>No files</p>"),
            "list": HEADING.format("<ul>\n</ul>"), "copy": self._markup(self._last), "empty": self._markup(start),
            "bare": self._markup(start, pager=False),
        }  # fmt: skip
        return found.get(self.end)

    @property
    def _last(self) -> int:
        """Number of the first row of the last page."""
        return (len(self.names) - 1) // LENGTH * LENGTH

    def _href(self, start: int) -> str:
        if not start or self.urls == "number":
            return f"?page={start // LENGTH}" if start else "./"
        row = self.names[min(start, len(self.names)) - 1]
        token = row if self.urls == "row" else f"t{self._visit}{row[1:-4]}x"
        self._tokens[token] = row
        return f"?marker={quote(token)}"

    def _markup(self, start: int, *, pager: bool = True) -> str:
        rows = "".join(
            f'<tr><td><a href="{name}">{name}</a></td><td>2025-01-02 03:04</td><td>5 KiB</td></tr>'
            for name in self.names[start : start + LENGTH]
        )
        is_last = start == self._last
        following = {"self": start, "first": 0}.get(self.end, start + LENGTH) if is_last else start + LENGTH
        leads_on = pager and not (self.end == "none" and is_last)
        link = f'<a href="{self._href(following)}">Next</a>' if leads_on else ""
        table = f'<table><tr><th><a href="?C=N&amp;O=D">Name</a></th><th>Date</th><th>Size</th></tr>{rows}</table>'
        return HEADING.format(f"{table}<div>{link}</div>")


def files(count: int) -> list[str]:
    return [f"f{number:03d}.zip" for number in range(count)]


def changed(names: list[str], change: str) -> list[str]:
    """``names`` after a change upstream, which leaves one row, or none, on the last page, or as many as there are."""
    return {
        "nothing": names,
        "one more": [*names, "g.zip"],
        "a page more": [*names, "g1.zip", "g2.zip", "g3.zip"],
        "filled": [*names, *(f"g{number}.zip" for number in range(-len(names) % LENGTH))],
        "two gone": [names[0], *names[3:]],
        "one gone": [names[0], *names[2:]],
        "the last one gone": names[:-1],
        "the last page gone": names[: (len(names) - 1) // LENGTH * LENGTH],
        "others": [names[0], *names[3:], "g1.zip", "g2.zip"],
    }[change]


KNOWN = ("none", "empty", "bare", "copy", "self", "first")
"""What shows that it is the last page, or is a page of the listing without rows of its own: that is no error."""
ABSENT = ("not-found", "heading", "text", "list")


@pytest.mark.parametrize("urls", ["number", "row", "token"])
@pytest.mark.parametrize("end", KNOWN)
async def test_a_chain_whose_end_can_be_read_is_whole_at_once(end: str, urls: str) -> None:
    for count, change in [(8, "filled"), (9, "the last page gone")]:
        chain = Chain(names=files(count), end=end, urls=urls)
        mirror = PagedMirror(chain)
        assert await mirror.runs(2) == "00"
        chain.names = changed(chain.names, change)
        assert await mirror.runs(2) == "00", change
        assert mirror.names == set(chain.names), change


@pytest.mark.parametrize("end", ABSENT)
@pytest.mark.parametrize(
    ("count", "change", "urls", "expected"),
    [
        (8, "nothing", "row token", "00 00"),
        (9, "nothing", "number row token", "50 00"),
        (8, "filled", "row token", "00 00"),
        (8, "one more", "row token", "00 00"),
        (9, "one more", "number row token", "50 00"),
        (9, "a page more", "number row token", "50 00"),
        (8, "two gone", "row token", "00 00"),
        (9, "one gone", "number row token", "50 00"),
        (9, "the last one gone", "row token", "50 00"),
        (9, "others", "number row token", "50 00"),
        (8, "the last page gone", "number row token", "00 00"),
        (9, "the last page gone", "number row", "50 00"),
    ],
)
async def test_a_chain_whose_end_is_not_there_is_whole_within_two_visits(
    count: int, change: str, urls: str, expected: str, end: str
) -> None:
    for each in urls.split():
        chain = Chain(names=files(count), end=end, urls=each)
        mirror = PagedMirror(chain)
        found = [await mirror.runs(2)]
        chain.names = changed(chain.names, change)
        found.append(await mirror.runs(2))
        assert " ".join(found) == expected, each
        assert (mirror.names == set(chain.names)) is (expected[-1] == "0")


@pytest.mark.parametrize("end", ABSENT)
@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("has_changed", [False, True])
async def test_rows_that_may_be_behind_a_page_that_is_not_there_are_not_gone(
    end: str, place: int, *, has_changed: bool
) -> None:
    """Half an outage: the pages that had them are not there, or show nothing."""
    chain = Chain(names=files(12), end=end, urls="token")
    mirror = PagedMirror(chain)
    assert await mirror.runs(2) == "50"
    if has_changed:
        chain.names = ["a.zip", *chain.names[1:]]
    whole, chain.names = chain.names, chain.names[: place * LENGTH]
    mirror.site = page_of(whole, chain.page)
    assert await mirror.runs(3) == "555"
    chain.names = whole
    assert "0" in await mirror.runs(2)
    assert mirror.names == {*whole}


@pytest.mark.parametrize("urls", ["number", "row", "token"])
@pytest.mark.parametrize("is_changed", [False, True])
async def test_the_last_page_in_place_of_the_first_one_hides_the_others(urls: str, *, is_changed: bool) -> None:
    """By name, all that are missing come before it."""
    chain = Chain(names=files(9), end="not-found", urls=urls)
    mirror = PagedMirror(chain)
    assert await mirror.runs(2) == "50"
    chain.sends_last = True
    if is_changed:
        chain.names = chain.names[1:]
    assert await mirror.runs(3) == "555"
    chain.sends_last = False
    assert await mirror.runs(2) == "00"
    assert mirror.names == {*chain.names}
