"""Flaws that keep a listing page from proving what its directory contains, and their messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from crawler.model.struct import Value

_LONGEST = 120
"""Maximum number of characters that a message quotes from a page."""


class FlawKind(StrEnum):
    """Flaws of a page. The first group makes a listing incomplete, the second inconclusive."""

    CUT = "cut"
    UNBOUNDED = "unbounded"
    ERROR = "error"
    PART = "part"
    REPEATED = "repeated"
    SKIPPED = "skipped"
    DEAD_END = "dead-end"
    OTHER_PATH = "other-path"
    LOOP = "loop"
    NOT_FOUND = "not-found"
    ERROR_FOLLOWS = "error-follows"
    MEMBER = "member"
    NOT_THIS = "not-this"

    ELSEWHERE = "elsewhere"
    SCRIPT = "script"
    UNLINKED = "unlinked"
    HEADING = "heading"
    UNKNOWN = "unknown"
    FALLBACK = "fallback"


OF_PAGING = frozenset({
    FlawKind.REPEATED, FlawKind.SKIPPED, FlawKind.DEAD_END, FlawKind.OTHER_PATH, FlawKind.LOOP,
    FlawKind.NOT_FOUND,
})  # fmt: skip
"""Flaws of links between pages, or of a page among others."""
TRUSTED = OF_PAGING | {FlawKind.ERROR, FlawKind.PART, FlawKind.UNKNOWN}
"""With --trust-pages, none of these makes a listing incomplete or inconclusive.

What a page states of itself may be misread: a total of something else, or a warning that concerns no row. What a
response proves, such as that its end is missing, is never trusted away.
"""
TRUST = "if the listing is complete as it is, run once with --trust-pages"
"""For what one run with the option settles."""
_TRUST_EACH = "if the listing is complete as it is, run with --trust-pages"


class Meaning(Value, frozen=True):
    """The message and the effect of one kind of flaw."""

    text: str
    """What is wrong with the page."""
    advice: str
    """What to do about the flaw."""
    is_incomplete: bool = True
    """Whether the flaw makes the listing fail; otherwise the listing is used, but proves no name absent."""


MEANINGS: Mapping[FlawKind, Meaning] = {
    FlawKind.CUT: Meaning("the listing was cut short: its end is missing", "the next run reads it again"),
    FlawKind.UNBOUNDED: Meaning(
        "the listing may have been cut short: it has no closing tags, and its response no length",
        "a server or proxy that sends Content-Length or chunks would settle it",
    ),
    FlawKind.ERROR: Meaning(
        "its page reports an error",
        f"entries may be missing until the server can read the directory again; {TRUST}",
    ),
    FlawKind.PART: Meaning(
        "its page shows only part of the listing",
        f"compare it with a browser: a URL that shows everything, or --input-file, gets the rest; {TRUST}",
    ),
    FlawKind.REPEATED: Meaning(
        "its page says that another one follows, and that is the first page again",
        f"a cache that ignores what follows the ? of a URL would do that; {TRUST}",
    ),
    FlawKind.SKIPPED: Meaning(
        "one of its pages is empty or another one again, and a page after it is not, so rows may be missing",
        f"the next run reads it again; {_TRUST_EACH}",
    ),
    FlawKind.DEAD_END: Meaning(
        "its page has a control for further entries that leads nowhere",
        f"compare it with a browser: a URL that shows everything, or --input-file, gets the rest; {TRUST}",
    ),
    FlawKind.OTHER_PATH: Meaning(
        "its page has a control for further entries that leads to another path",
        f"compare it with a browser: a URL that shows everything, or --input-file, gets the rest; {TRUST}",
    ),
    FlawKind.LOOP: Meaning("its pages link to each other in a loop", f"the next run reads it again; {_TRUST_EACH}"),
    FlawKind.NOT_FOUND: Meaning(
        "a page to which it links cannot be read", f"the next run reads it again; {_TRUST_EACH}"
    ),
    FlawKind.ERROR_FOLLOWS: Meaning("an error page follows the listing", "the next run reads it again"),
    FlawKind.MEMBER: Meaning(
        "the server could not describe every member of the directory", "entries may be missing until it can"
    ),
    FlawKind.NOT_THIS: Meaning("the response does not describe the directory that was requested", "check URL"),
    FlawKind.ELSEWHERE: Meaning(
        "every file link in its listing points outside the directory", "-v shows where", is_incomplete=False
    ),
    FlawKind.SCRIPT: Meaning(
        "a script on its page can add rows, and scripts are not run",
        "compare it with a browser; a plain index or --input-file lists every file",
        is_incomplete=False,
    ),
    FlawKind.UNLINKED: Meaning(
        "its page shows what may be files without a link",
        "compare it with a browser; --input-file can name files that have no link",
        is_incomplete=False,
    ),
    FlawKind.HEADING: Meaning(
        "its page has no rows and the heading of another directory",
        "check that the server maps URL to the right directory",
        is_incomplete=False,
    ),
    FlawKind.UNKNOWN: Meaning(
        "its page has no rows, and more on it than the page of an empty directory",
        f"look at it in a browser: it may be an error, a login or a script; {TRUST}",
        is_incomplete=False,
    ),
    FlawKind.FALLBACK: Meaning(
        "its listing came from a fallback", "only that of URL proves what is gone", is_incomplete=False
    ),
}  # fmt: skip
"""The meaning of each kind of flaw."""


class ClaimKind(StrEnum):
    """What a page says about the length of its listing."""

    ENTRIES = "entries"
    """How many entries there are."""
    PAGES = "pages"
    """How many pages there are."""
    OF = "of"
    """That it shows so many of so many; it may speak of entries or of pages."""
    NEXT = "next"
    """That a page follows it."""
    LIMIT = "limit"
    """That it shows no more than so many, so there may be others if it shows as many."""
    BACK = "back"
    """That a page precedes it; the quote is the URL of that page."""
    PLACE = "place"
    """Which page it is."""
    DEAD_END = "dead-end"
    """That a page follows it, to which a control without a URL would lead; the quote is its text."""
    OTHER_PATH = "other-path"
    """Likewise, with the URL of another path."""
    PART = "part"
    """That rows are missing; if that is known by a number, it is that of another claim with the same quote."""
    ERROR = "error"
    """That something has failed."""
    END = "end"
    """That no page was there to which the last one leads on, as a run has noted: no page itself says so."""


class Claim(Value, frozen=True):
    """A statement of a page about the length of its listing."""

    kind: ClaimKind
    quote: str = ""
    """The text of the page."""
    number: int = 0
    """How many there are."""
    shown: int = 0
    """How many of these it shows, or which page it is."""

    def is_met(self, rows: int, pages: int) -> bool:
        """Whether ``rows`` rows on ``pages`` pages are as many as the statement says."""
        if self.kind is ClaimKind.ENTRIES:
            return rows >= self.number
        if self.kind is ClaimKind.PAGES:
            return pages >= self.number
        if self.kind is ClaimKind.LIMIT:
            return pages > 1 or rows < self.number
        if self.kind in _FLAWED:
            return False
        return self.kind is not ClaimKind.OF or pages >= self.number or (rows >= self.number and self.shown > 1)

    @property
    def flaw(self) -> Flaw:
        """The flaw of a listing that does not meet the statement."""
        return Flaw(FlawKind.ERROR if self.kind is ClaimKind.ERROR else FlawKind.PART, self.quote)


_FLAWED = frozenset({ClaimKind.PART, ClaimKind.ERROR})
"""Claims that the listing is not whole, whatever its pages show together."""


class Flaw(Value, frozen=True):
    """One flaw of a page."""

    kind: FlawKind
    quote: str = ""
    """The text of the page that shows the flaw, if any."""

    @property
    def is_incomplete(self) -> bool:
        """Whether the flaw makes the listing fail; otherwise the listing is used, but proves no name absent."""
        return MEANINGS[self.kind].is_incomplete

    def __str__(self) -> str:
        meaning = MEANINGS[self.kind]
        words = " ".join(self.quote.split())
        short = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
        return f"{meaning.text}{f' ({short!r})' if short else ''}; {meaning.advice}"


def worst_flaw(flaws: Iterable[Flaw], *, is_incomplete: bool) -> Flaw:
    """The first of ``flaws`` with this ``is_incomplete``; if there is none, CUT (for True) or ELSEWHERE (for False)."""
    found = (flaw for flaw in flaws if flaw.is_incomplete is is_incomplete)
    return next(found, Flaw(FlawKind.CUT if is_incomplete else FlawKind.ELSEWHERE))


def unmet(claims: Iterable[Claim], rows: int, pages: int = 1) -> list[Claim]:
    """Those of ``claims`` on a listing of ``rows`` rows on ``pages`` pages that say that it is not whole, as such."""
    missed = (claim for claim in claims if not claim.is_met(rows, pages))
    return [claim if claim.kind in _FLAWED else Claim(ClaimKind.PART, claim.quote, claim.number) for claim in missed]


def is_stated(claims: Iterable[Claim]) -> bool:
    """Whether any of ``claims`` says that the listing is not whole, whatever its pages show together."""
    return any(claim.kind in _FLAWED for claim in claims)


DEAD_ENDS: Mapping[FlawKind, ClaimKind] = {
    FlawKind.DEAD_END: ClaimKind.DEAD_END,
    FlawKind.OTHER_PATH: ClaimKind.OTHER_PATH,
}
"""Flaws of a page that all pages of its listing together may disprove → what the page claims."""


def dead_end(claims: Iterable[Claim]) -> Flaw | None:
    """The flaw of a page with these ``claims`` that has a control for further entries which cannot be followed."""
    kinds = {claim: flaw for flaw, claim in DEAD_ENDS.items()}
    return next((Flaw(kinds[claim.kind], claim.quote) for claim in claims if claim.kind in kinds), None)


def is_cut_short(flaws: Sequence[Flaw]) -> bool:
    """True if the last row of an incomplete listing with these flaws may be truncated."""
    return not any(flaw.is_incomplete for flaw in flaws) or any(flaw.kind is FlawKind.CUT for flaw in flaws)
