"""Finds what a page says about the number of its entries and pages: "30 files", "15 of 30", "page 1 of 3"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from crawler.listings.html.pager.counting_words import DIRECTORIES, FILES, ITEMS, OF, TOTAL
from crawler.listings.html.pager.labels import Says, understood, without_labels, without_turns
from crawler.listings.html.pager.page_numbers import page_in
from crawler.listings.html.soundness.own_path import own_path
from crawler.listings.html.soundness.passages import Passage
from crawler.listings.values.mentioned_names import last_name
from crawler.model.flaws import Claim, ClaimKind
from crawler.text.patterns import pattern

_LONGEST = 300
"""Maximum length of a statement in characters; longer passages are prose."""
_LONGEST_PAGER = 100
"""Same, of a statement in one line with a pager."""
_N = r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d{1,9}"
_THINGS = r"elements?|results?|matches|images?|pictures?|videos?|packages?|documents?"
"""These may be entries, or what a site has, plays or was asked for: they count beside a word that says so."""
_NOUN = rf"(?:{DIRECTORIES}|{FILES}|{ITEMS}|{_THINGS})(?:\(e?s\))?"
_COUNT = pattern(
    rf"(?:(?<![\w.,:/-])|(?<=[\u5168\u5171\ucd1d]))(?P<number>{_N})[ \u4e2a\u500b\uac1c\u306e]{{0,3}}"
    rf"(?:(?P<directories>{DIRECTORIES})|(?P<files>{FILES})|(?P<items>{ITEMS})|(?P<things>{_THINGS}))(?:\(e?s\))?(?!\w)",
    re.IGNORECASE,
)
_LABELLED = pattern(
    rf"(?:(?:total|number of|total number of) )?(?:(?P<directories>{DIRECTORIES})|(?P<files>{FILES})"
    rf"|(?P<items>{ITEMS})|(?P<things>{_THINGS}))(?: ?: ?| (?=\d+[\u500b\uac1c]))"
    rf"(?P<number>{_N})[\u4e2a\u500b\uac1c]?(?!\w|\.\w)",
    re.IGNORECASE,
)
_KINDS = ("files", "directories", "items", "things")
_NUMBER_OF = r"anzahl(?: der)?|nombre(?: de)?|n[u\u00fa]mero(?: d[ei])?|aantal|antal(?:l)?|liczba"
_UNIT = r"(?:bytes?|[kmgtp]i?b(?:ytes)?|b|octets?|[kmgt]o|blocks?)"
_SIZE = rf"(?:\d[\d.,]* ?)?{_UNIT}"
_BARE = pattern(
    rf"(?<![\w.,:/-])(?P<number>{_N}) (?:in )?{TOTAL}(?!\w)(?! ?{_UNIT}\b)"
    rf"|\b{TOTAL}(?: ?[:=] ?| )(?P<after>{_N})(?!\w|[.,:/-]\d| ?{_UNIT}\b| ?[%\u20ac$])",
    re.IGNORECASE,
)
"""A total without a noun. Beside counts with nouns it may be anything: AutoIndex counts downloads with it."""
_USES = pattern(r"\b(?:downloads?|hits|views|visits|visitors)\b", re.IGNORECASE)
_BLOCKS = pattern(rf"{TOTAL} (?:{_N})", re.IGNORECASE)
"""A line of ``ls -l``, above the names: the size of all files in blocks."""
_MODE = pattern(r"(?<!\S)[bcdlps-](?:[r-][w-][xsStT-]){3}(?![\w-])")
_FILLER = pattern(
    rf"(?>[\W_]|\b(?:{TOTAL}|{_SIZE}|(?:showing|displaying) (?:{_N})|(?:{_N}) (?:shown|displayed)"
    rf"|(?:{_N}) {_USES.pattern}|total of|total size|(?:sub)?totals?|size|in (?:total|all|this (?:folder|directory))"
    r"|and|und|et|y|e|sum|this (?:folder|directory)|contains?|there (?:are|is)|found|listed"
    r"|listing|showing|displaying|shows|(?:show )?all|directory|folder|\d+ hidden|about|items"
    rf"|{FILES}|{DIRECTORIES}|{_NUMBER_OF})\b)*+",
    re.IGNORECASE,
)
"""What may stand beside a total. "In 5 folders" and "recursive" do not: such a total includes the directories below."""
_TO = r"(?:to|through|bis|\u00e0|\.{2,3}|[-\u2013\u2014\u2026])"
_PART = pattern(
    rf"(?<![\w.,:/-])(?P<range>(?:{_N}) ?{_TO} ?)?(?P<shown>{_N})(?P<what> {_NOUN})? {OF}"
    rf" (?:(?:a )?total(?: of)? |about |over )?(?P<number>{_N})(?! ?[/:-]\d)(?P<noun> {_NOUN})?(?!\w|\.\w)",
    re.IGNORECASE,
)
_MARKS = " .)]|[(<>\u00ab\u00bb\u2039\u203a\u2190\u2192\u00b7\u2022"
"""What may follow a total: the end of a sentence, and a pager."""
_SHOWING = pattern(
    r"\b(?:showing|displaying|shown|displayed|listed|listing|only|zeige|angezeigt|affichage|mostrando|visualizza)\b",
    re.IGNORECASE,
)
_ASKED = pattern(rf"{_SHOWING.pattern}|\b(?:found|about)\b", re.IGNORECASE)
_LEAD = pattern(rf"(?:[\W_]|\b(?:{_NOUN}|search|total|found)\b)*", re.IGNORECASE)
"""What may precede "15 of 30" if it has no noun: part, disc, mirror and day 2 of 3 count neither entries nor pages."""
_LIMITED_NOUN = rf"(?:{DIRECTORIES}|files?|dateien|fichiers?|images?|packages?|documents?|{ITEMS})(?:\(e?s\))?"
_SHOWS = r"(?:show(?:s|ing|n)?|display(?:s|ing|ed)?|list(?:s|ing|ed)?|output|results?)"
_LIMIT = pattern(
    rf"\b{_SHOWS}\b[: ]*(?:is |are |only |just |the ){{0,3}}"
    rf"(?:first|last|latest|newest|top|most recent|up to|at most|no more than|(?:a )?max(?:imum)?(?: of)?)"
    rf" (?P<first>{_N})(?:(?! ?\w)| {_LIMITED_NOUN}(?!\w))"
    rf"|\b(?:the )?(?:first|latest|newest|up to|at most|no more than|(?:a )?max(?:imum)?(?: of)?) (?P<up>{_N})"
    rf" {_LIMITED_NOUN} (?:(?:are|is|were|will be) )?(?:shown|displayed|listed)\b"
    rf"|\b(?:limited to|limit(?: of|:)?|maximum(?: of|:)?|max:?) (?:the )?(?:first )?(?P<limit>{_N})"
    rf" {_LIMITED_NOUN}(?!\w)|\b{_SHOWS}\b[^.\d]{{0,40}}\blimit(?:ed to|:| of|) ?(?P<list>{_N})(?! ?\w)"
    rf"|\b{_SHOWS}\b[: ]*(?:only |the )?(?P<with>{_N}) {_LIMITED_NOUN}\b.{{0,60}}?(?<!no )\blimit(?:s|ed)?\b",
    re.IGNORECASE,
)
_TRANSFERS = pattern(
    r"\b(?:upload\w*|drop|drag|attach\w*|select\w*|choose|at (?:a time|once)|per (?:day|hour|user|ip))\b",
    re.IGNORECASE,
)
"""What says that a limit is not that of the listing: of an upload form, or of a visitor."""
_FRACTION = pattern(
    rf"\W*(?:(?:showing|displaying)[: ]+)?(?P<range>[1-9]\d{{0,5}} ?[-\u2013\u2014] ?)?(?P<shown>\d{{1,6}})"
    rf" ?/ ?(?P<number>\d{{1,6}})(?P<noun> {_NOUN})?"
    r"(?: (?:shown|displayed|listed))?\W*",
    re.IGNORECASE,
)
_DIGITS = pattern(r"\d+")
_MEASURED = pattern(rf"\d ?(?:{_UNIT}|[smh]|ms|min)\b|\d[.,:/]\d|[%\u20ac$]", re.IGNORECASE)
"""A number that counts no entries: a size, a time, a price."""
_RANGE = r"(?P<first>\d+)\s*(?:[-\u2013\u2014\u2026~]|\.{2,3}|[^\s\d.,:;/()|]+)\s*(?P<last>\d+)"
"""Two numbers with a dash or one word between them."""
_RANGE_FIRST = pattern(rf"\D*{_RANGE}\D*[^\d\s-]\D*(?P<number>\d+)\D*")
_RANGE_LAST = pattern(rf"\D*(?P<number>\d+)\D*[^\d\s-]\D*{_RANGE}\D*")
_CELLS = pattern(r"(?<=\d)\t(?=\d)")
"""Between the numbers of two cells, which are not one with a separator of thousands."""
_YEAR = pattern(r"(?:19|20)\d\d")
_PAGER = pattern(r"\b(?:class|id|role|aria-label)\s*=[^=]{0,60}\b(?:pager|paging|pagina)", re.IGNORECASE)
_TURNS = {Says.NEXT, Says.BACK, Says.LAST}
_OF_ITEMS = pattern(r"(\d{1,6}) ?\u4ef6\u4e2d")


def claims_in(
    passages: Sequence[Passage], rows: Collection[int], names: Collection[str], url: str = ""
) -> tuple[Claim, ...]:
    """What the passages of the page at ``url`` outside ``rows`` (``id`` of passages) state, the highest of each kind.

    Its path in a heading states nothing. ``names``: of the entries. What stands between their rows belongs to one of
    them ("12 items"), and so does what looks like it.
    """
    found = dict[ClaimKind, Claim]()
    for text, passage in _statements(passages, rows, names):
        is_row = sum(map(bool, map(str.strip, passage.cells))) > 1
        stated = _claims(text, len(names), is_row=is_row)
        if stated and (left := own_path(url).left_of(text)) != text:
            stated = _claims(left, len(names), is_row=is_row)
        for claim in stated:
            if claim.kind not in found or claim.number > found[claim.kind].number:
                found[claim.kind] = claim
    return tuple(found.values())


def say_last(passages: Sequence[Passage], rows: Collection[int], names: Collection[str], url: str = "") -> bool:
    """Whether the passages outside ``rows`` say that the page is the last one: "page 3 of 3", "31-34 of 34"."""
    path = own_path(url)
    return any(_says_last(path.left_of(text)) for text, _ in _statements(passages, rows, names))


def _says_last(text: str) -> bool:
    if (page := page_in(text)) is not None:
        return page[0] == page[1]
    part = _part_in(text)
    return part is not None and _number(part["shown"]) == _number(part["number"]) and _is_stated(part)


def _statements(
    passages: Sequence[Passage], rows: Collection[int], names: Collection[str]
) -> Iterator[tuple[str, Passage]]:
    """The passages with numbers that may state something of the listing, and their texts."""
    shown = [number for number, each in enumerate(passages) if id(each) in rows or _shows_one(each, names)]
    first, last = (shown[0], shown[-1]) if shown else (len(passages), len(passages))
    shapes = set[str]()
    for passage in passages[first:last]:
        if _DIGITS.search(passage.cells[0]):  # empty in a row of a table, whose cells follow
            shapes.add(_DIGITS.sub("#", passage.text))
    for number, passage in enumerate(passages):
        if first <= number <= last or not any(map(_DIGITS.search, passage.cells)):
            continue
        text = passage.text if len(passage.cells) == 1 else _row_text(passage.cells)
        if len(text) > _LONGEST or _DIGITS.sub("#", text) in shapes or _gives_blocks(passages, number):
            continue
        if _is_fraction(text) and not (_names_rows(text) or _is_in_pager(passages, number)):
            continue
        yield text, passage


def _row_text(cells: Sequence[str]) -> str:
    """The text of ``cells``, white space folded; between two numbers, ``;`` keeps them apart."""
    texts = [" ".join(cell.split()) for cell in cells]
    return " ".join(_CELLS.sub(" ; ", "\t".join(filter(None, texts))).split())


def _shows_one(passage: Passage, names: Collection[str]) -> bool:
    """Whether a passage shows one of ``names``, or links to it."""
    return any(cell.strip().rstrip("/") in names for cell in passage.cells if cell) or any(
        last_name(href) in names for href in passage.hrefs
    )


def _gives_blocks(passages: Sequence[Passage], number: int) -> bool:
    """Whether a passage gives the size of all files in blocks, as ``ls -l`` does above them.

    In a ``pre`` it needs no file modes below, because ``ls -s`` prints none.
    """
    passage, after = passages[number], passages[number + 1 : number + 6]
    if _BLOCKS.fullmatch(passage.text) is None:
        return False
    in_pre = passage.kind == "pre" and any(each.region == passage.region for each in after)
    return in_pre or any(_MODE.search(each.text) for each in after)


def _claims(text: str, entries: int, *, is_row: bool) -> Sequence[Claim]:
    """``is_row``: the text is that of several cells, so a number without a noun may be the sum of a column."""
    if (page := page_in(text)) is not None:
        return [Claim(ClaimKind.PAGES, text, page[1])]
    found = _OF_ITEMS.search(text)
    if found is not None:
        return [Claim(ClaimKind.ENTRIES, text, int(found[1]))]
    found = _part_in(text)
    if found is None:
        limit = _LIMIT.search(text)
        if limit is not None and _TRANSFERS.search(text) is None:
            return [Claim(ClaimKind.LIMIT, text, _number(next(filter(None, limit.groups()))))]
        return _range_of(text, entries) or _total(text) or (() if is_row else _bare_total(text))
    shown, number = _number(found["shown"]), _number(found["number"])
    is_part = shown < number or 1 < _number(found["range"] or "0") <= shown == number  # the last part
    return [Claim(ClaimKind.OF, text, number, shown)] if is_part and _is_stated(found) else _range_of(text, entries)


def _is_stated(part: re.Match[str]) -> bool:
    """Whether "15 of 30" is about what a page shows. A fraction is nothing but that, and has been looked at before."""
    return part.re.pattern == _FRACTION.pattern or _names_rows(part.string) or _is_all(part)


def _part_in(text: str) -> re.Match[str] | None:
    """The statement of a part in ``text``; a fraction may have nothing but a pager beside it."""
    is_short = len(text) <= _LONGEST_PAGER
    found = _FRACTION.fullmatch(text) or (
        is_short and "/" in text and _FRACTION.fullmatch(" ".join(without_turns(text).split()))
    )
    return found or _PART.search(text)


def _names_rows(text: str) -> bool:
    """Whether "15 of 30" in ``text`` is about what a page shows, by its words."""
    found = _FRACTION.fullmatch(text) or _PART.search(text)
    is_named = found is not None and any(found.groupdict().get(noun) for noun in ("noun", "what"))
    return is_named or _SHOWING.search(text) is not None


def _is_all(part: re.Match[str]) -> bool:
    """Whether a text has no words besides a ``part``, as in "1-15 of 30 Next", that say what it counts."""
    before, after = without_labels(part.string[: part.start()]), without_labels(part.string[part.end() :])
    return not after.strip(_MARKS) and (bool(part["range"]) or _LEAD.fullmatch(before) is not None)


def _is_fraction(text: str) -> bool:
    """Whether a text is "1 / 3", which may count anything; "1-15 / 30" counts rows, unless 30 is a year."""
    found = _FRACTION.fullmatch(text)
    return found is not None and (not found["range"] or _YEAR.fullmatch(found["number"]) is not None)


def _is_in_pager(passages: Sequence[Passage], number: int) -> bool:
    """Whether a passage without a word, as "1 / 3", stands in a pager, among arrows or beside "Next"."""
    if _PAGER.search(passages[number].opened):
        return True
    near = [passage.text for passage in passages[max(0, number - 2) : number + 3]]
    marks = _DIGITS.sub(" ", passages[number].text).split()
    return any(understood(text).says in _TURNS for text in (*near, *marks))


def _range_of(text: str, entries: int) -> Sequence[Claim]:
    """What a short text with three numbers states in any language: a range of as many as ``entries``, and a total."""
    if len(text) > _LONGEST_PAGER or entries < 2 or _MEASURED.search(text):
        return []
    for found in filter(None, (_RANGE_FIRST.fullmatch(text), _RANGE_LAST.fullmatch(text))):
        first, last, number = map(int, found.group("first", "last", "number"))
        if first > 0 and last - first + 1 == entries and number > last and not _YEAR.fullmatch(found["number"]):
            return [Claim(ClaimKind.OF, text, number, last)]
    return []


def _total(text: str) -> Sequence[Claim]:
    """The total in a text that consists of numbers of files, directories or entries, and of sizes."""
    kind = _COUNT if _COUNT.search(text) else _LABELLED
    counts = list(kind.finditer(text))
    is_vague = not any(each[kind] for each in counts for kind in _KINDS[:-1])
    if is_vague and _ASKED.search(text) is None:
        return []
    if not counts or _FILLER.fullmatch(kind.sub(" ", text)) is None:
        return []
    most = {kind: max((_number(each["number"]) for each in counts if each[kind]), default=0) for kind in _KINDS}
    return [Claim(ClaimKind.ENTRIES, text, max(most["items"], most["things"], most["files"] + most["directories"]))]


def _bare_total(text: str) -> Sequence[Claim]:
    """The total in a text like "30 total" or "Total: 30"."""
    found = None if _USES.search(text) else _BARE.search(text)
    if found is None or _FILLER.fullmatch(f"{text[: found.start()]} {text[found.end() :]}") is None:
        return []
    return [Claim(ClaimKind.ENTRIES, text, _number(found["number"] or found["after"]))]


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
