"""The heading of an HTML page, also in a form that stays the same while its numbers and dates change.

Other parts of it may change, too: "Index of /pub (Dienstag)", "Downloads, newest: b.zip". A heading that has done so
twice, with no row missing or from one doubted visit to the next, is the same one as long as the rest of it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.model.state.surroundings import Surroundings
from crawler.model.struct import Struct, field, replace
from crawler.text.patterns import pattern

_BEGINNING = 16_384
"""Number of bytes of a page in which its heading is looked for."""
CHANGES = 2
"""Number of changes after which a heading is known to change."""
_PARTS = " | "
_VARIES = "\n"
"""In place of what changes in a part of a heading."""
_LONGEST = 200
"""Maximum number of characters of a heading."""
_HEADING = pattern(rb"(?is)<(title|h1)\b[^<>]{0,300}>(.{0,600}?)</\1\b")
_TAG = pattern(rb"(?s)<[^<>]{0,300}>")
_CHANGING = pattern(
    r"(?i)\d[\d.,:/]*\s?\w*"  # a number, and what it counts
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b"
)


def heading_of(page: bytes) -> str:
    """The text of the first title and of the first first-level heading of ``page``; one of them if they are equal.

    Empty if there is neither. Bytes that are not UTF-8 are replaced, so that the result never depends on a header.
    """
    found: dict[bytes, bytes] = {}
    for kind, text in _HEADING.findall(page[:_BEGINNING]):
        found.setdefault(kind.lower(), text)
    different = dict.fromkeys(found.values())  # often they are equal
    texts = [" ".join(_TAG.sub(b"", text).decode("utf-8", "replace").split()) for text in different]
    return _PARTS.join(dict.fromkeys(filter(None, texts)))[:_LONGEST]


def settled(heading: str) -> str:
    """``heading`` without what may change each day: letter case, numbers and what they count, months and weekdays."""
    return _CHANGING.sub("0", heading).lower()


def is_same(known: Surroundings, heading: str) -> bool:
    """Whether ``heading`` is that of the page of which ``known`` is remembered."""
    is_variant = known.changes >= CHANGES and _common(known.common, heading) == known.common
    return is_variant or heading == known.heading


def changing_parts(known: Surroundings, heading: str) -> Sequence[str]:
    """The parts of ``heading`` if it is known to change, so that it is no text that tells anything new."""
    return heading.split(_PARTS) if known.changes >= CHANGES else ()


def with_heading(known: Surroundings, heading: str, *, is_lossy: bool) -> Surroundings:
    """What is to be remembered of a version that has ``heading``. ``is_lossy``: whether rows are missing on it."""
    if heading == known.heading:
        return replace(known, doubted="")
    common = _common(known.common or known.heading, heading)
    changes = min(known.changes + (not is_lossy), CHANGES) if common else 0
    return replace(known, heading=heading, changes=changes, common=common, doubted="")


def with_doubt(known: Surroundings, heading: str) -> Surroundings:
    """What is to be remembered while ``heading`` is doubted to be that of the page. One that stays tells nothing."""
    common = _common(known.common or known.heading, heading)
    if heading == known.doubted or not common:
        return known
    return replace(known, changes=min(known.changes + 1, CHANGES), common=common, doubted=heading)


class Headings(Struct):
    """The headings of several pages, each in the form that is compared."""

    _found: dict[str, tuple[str, str]] = field(default_factory=dict)
    """URL of a page → the heading that it had, "" if that is not known, and its heading now."""

    def note(self, url: str, known: Surroundings, heading: str) -> None:
        """Note the ``heading`` of the page at ``url``, of which ``known`` is remembered."""
        self._found[url] = heading if known.heading and is_same(known, heading) else known.heading, heading

    def other(self, urls: Iterable[str]) -> str | None:
        """The one of ``urls`` whose page alone has another heading than it had, or a new one than all had; or None.

        An error, a login or a search may show some rows. If several pages have other headings, so have those of today.
        """
        found = [(url, *self._found[url]) for url in urls if url in self._found]
        before = {was for _, was, _ in found if was}
        usual = before.pop() if len(before) == 1 else ""
        others = [url for url, was, now in found if now != (was or usual or now)]
        is_kept = any(was and was == now for _, was, now in found)
        return others[0] if is_kept and len(others) == 1 else None


def _common(known: str, heading: str) -> str:
    """What ``known``, which several headings have in common, and ``heading`` do; "" unless it is most of that."""
    before, now = known.split(_PARTS), heading.split(_PARTS)
    found = _PARTS.join(map(_common_part, before, now)) if len(before) == len(now) else ""
    return found if 2 * len(found.replace(_VARIES, "")) > len(heading) else ""


def _common_part(known: str, text: str) -> str:
    if known == text:
        return known
    start, varies, end = known.partition(_VARIES)
    first = _beginning(start, text)
    rest = end if varies else known[len(first) :]
    return f"{first}{_VARIES}{_beginning(rest[::-1], text[len(first) :][::-1])[::-1]}"


def _beginning(one: str, other: str) -> str:
    """What both texts begin with."""
    return one[: next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(other))]
