"""Finds rows of a listing without a usable link: they are counted, and their files are not proven absent.

In a table, such a row has as many cells as the entries, and a date or a size; in a ``pre``, it is a line with a name, a
date and a size; in a list, an item that is a file name. Headings, totals, separators and links up are not rows.

Outside the elements that contain the entries, a line or block is such a row if it consists of a file name and a date or
a size with a unit. If the entries are such lines themselves, or there are no entries, it is a row of the listing.
Otherwise it may be a sentence of a README, so it only keeps the page from proving anything absent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from crawler.listings.html.soundness.passages import Passage
from crawler.listings.html.tree.file_names import is_filelike
from crawler.listings.html.tree.headings import count_words
from crawler.listings.values.mentioned_names import last_name
from crawler.listings.values.sizes import is_no_size, read_size
from crawler.listings.values.times import find_date

_USELESS = re.compile(r"(?:mailto|tel):|\Z", re.IGNORECASE)
_EXEMPT = re.compile(
    r"\W*(?:(?:sub)?totals?\b|sum\b|summe\b|\d[\d.,]*\s+(?:files?|items?|objects?|(?:sub)?(?:folders?|director(?:y|ies)))\b"
    r"|(?:to )?parent (?:directory|folder|dir)\b|\.{1,2}/?(?!\S)|(?:last )?(?:generated|updated|modified)\b)",
    re.IGNORECASE,
)
_SIZE = r"(?:-|&lt;dir&gt;|<dir>|\d[\d.,]*\s?(?:[kmgtp]i?b?|b|bytes)?)"
_UNIT = re.compile(r"[kmgtp]?i?b(?:ytes)?", re.IGNORECASE)
_AROUND = " \t,;:|()[]\u2022\u00b7\u2013\u2014-"
_HAS_UNIT = re.compile(r"\d\s?(?:[kmgtp]i?b?|b|bytes?|octets?|[kmgt]?o)\Z", re.IGNORECASE)
_LONGEST_LINE = 300
_NAME_FIRST = re.compile(rf"\s{_SIZE}(?:\s.*)?", re.IGNORECASE)
_DATE_FIRST = re.compile(rf"\s+{_SIZE}\s+(\S.*)", re.IGNORECASE)


def lacks_usable_link(passage: Passage) -> bool:
    """True if no link of a passage can lead to a file, and the passage does not show the target, such as an address."""
    targets = [href.strip() for href in passage.hrefs]
    return all(_USELESS.match(target) and not (target and target in passage.text) for target in targets)


def listing_regions(passages: Sequence[Passage], names: Collection[str]) -> set[int]:
    """The numbers of the regions that contain the entries, or that would on a page without entries."""
    holders = {p.region for p in passages if p.region and any(last_name(href) in names for href in p.hrefs)}
    if holders or names:
        return holders
    first: dict[str, int] = {}
    for passage in passages:
        if passage.kind in {"table", "pre"}:
            first.setdefault(passage.kind, passage.region)
    lists = {p.region for p in passages if p.kind in {"ul", "ol"} and any(is_parent_link(href) for href in p.hrefs)}
    return {*first.values(), *lists}


def is_parent_link(href: str) -> bool:
    """True if ``href`` is ``..``, the usual link to the directory above."""
    return href.rstrip("/") == ".."


def names_without_link(passages: Iterable[Passage]) -> dict[int, str]:
    """``id`` → name shown, for those of the passages of one region that are rows without a link."""
    in_region = list(passages)
    linked = Counter(len(passage.cells) for passage in in_region if not lacks_usable_link(passage))
    width = linked.most_common(1)[0][0] if linked else max(len(passage.cells) for passage in in_region)
    found: dict[int, str] = {}
    for passage in in_region:
        if passage.boilerplate or not lacks_usable_link(passage):
            continue
        name = _row_name(passage, width) if passage.kind == "table" else _line_name(passage)
        if name and (_is_file_name(name) or not any(map(_EXEMPT.match, (passage.text, name)))):
            found[id(passage)] = name
    return found


def is_row_outside(passage: Passage, regions: Collection[int], names: Collection[str]) -> bool:
    """True if a passage is the row of an entry but outside ``regions``, or in a list."""
    outside = passage.region not in regions or passage.kind in {"ul", "ol", "dl"}
    return outside and not passage.boilerplate and any(last_name(href) in names for href in passage.hrefs)


def lines_without_link(passages: Sequence[Passage], regions: Collection[int]) -> dict[int, str]:
    """``id`` → name shown, for passages without a link that look like rows, outside ``regions`` or in lists."""
    found: dict[int, str] = {}
    alone: Passage | None = None
    for passage in passages:
        if passage.region in regions and passage.kind not in {"ul", "ol", "dl"}:
            alone = None
            continue
        text = passage.text
        if passage.boilerplate or passage.hrefs or len(text) > _LONGEST_LINE:
            alone = None
            continue
        name = _name_beside_facts(text)
        if name:
            found[id(passage)] = name
        elif alone is not None and _are_facts(text):  # each cell of the row is a separate block
            found[id(alone)] = last_name(alone.text)
        alone = passage if _is_name(text) else None
    return found


def _name_beside_facts(text: str) -> str:
    """The name in a line that consists of a name, first or last, and a date or size; "" for any other line."""
    first, _, rest = text.partition(" ")
    if _is_name(first.rstrip(":,")) and _are_facts(rest):
        return last_name(first.rstrip(":,"))
    before, _, last = text.rpartition(" ")
    return last_name(last) if _is_name(last) and _are_facts(before) else ""


def _is_file_name(text: str) -> bool:
    """True for a name with a file extension, even if it begins like a total: ``Total war.zip``, not ``Total 1.5MB``."""
    return is_filelike(text) and _HAS_UNIT.search(text) is None


def _is_name(text: str) -> bool:
    if " " in text or "@" in text or read_size(text) is not None or find_date(text) is not None:
        return False
    return is_filelike(text) or (len(text) > 2 and text.endswith("/") and "://" not in text and text[0].isalnum())


def _are_facts(text: str) -> bool:
    """True if ``text`` consists of a date, a size with a unit, or both."""
    moment = find_date(text)
    rest = text if moment is None else f"{text[: moment.start]} {text[moment.end :]}"
    size = rest.strip(_AROUND)
    if moment is not None and (not size or is_no_size(size)):
        return True
    return read_size(size) is not None and (moment is not None or _HAS_UNIT.search(size) is not None)


def _row_name(passage: Passage, width: int) -> str:
    if len(passage.cells) != width:
        return ""
    cells = [" ".join(cell.split()) for cell in passage.cells]
    facts = {cell for cell in cells if find_date(cell) is not None or read_size(cell) is not None}
    name = next((cell for cell in cells if cell and cell not in facts and not is_no_size(cell)), "")
    is_heading = sum(count_words(cell) > 0 for cell in cells) > 1 and not _is_file_name(name)
    return name if facts and not is_heading else ""


def _line_name(passage: Passage) -> str:
    text = passage.text
    if passage.kind in {"ul", "ol"}:
        is_fact = read_size(text) is not None or find_date(text) is not None
        return text if is_filelike(text) and " " not in text and not is_fact else ""
    moment = find_date(text) if passage.kind == "pre" else None
    if moment is None:
        return ""
    before, after = text[: moment.start].strip(), text[moment.end :]
    if before:
        return before if _NAME_FIRST.fullmatch(after) else ""
    found = _DATE_FIRST.fullmatch(after)
    return found[1] if found and not _UNIT.fullmatch(found[1]) else ""
