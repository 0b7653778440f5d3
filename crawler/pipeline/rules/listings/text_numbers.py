"""The numbers in a text that count something, and what the text says apart from them.

"Files: 20, errors: 0" says nothing new as "Files: 21, errors: 0" if there are 21 files; "errors: 3" may be the reason
why there are fewer. Dates, durations, amounts of bytes and decimal fractions change from day to day, and count nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.model.struct import Value
from crawler.model.values import Entry, Kind
from crawler.text.patterns import pattern

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_LATER = r"(?:(?:19|20)\d\d\b|\d{1,2}:\d\d)"
"""What follows the day and the month of a date."""
_CHANGING = pattern(
    r"\b\d{4}([-/.])\d{1,2}\1\d{1,2}(?:t(?=\d))?|\b\d{1,2}([-/.])\d{1,2}\2\d{2,4}\b"
    r"|\d+\s?[年月日時时分秒년월일시분초]"
    rf"|\b{_DAY}[. -]{{0,2}}{_MONTH}\b|\b{_MONTH}\.?[ -]{_DAY}\b"
    rf"|\b{_DAY}\.?[ -][^\W\d_]{{3,12}}\.?,?[ -](?={_LATER})"  # in any language
    rf"|\b[^\W\d_]{{3,12}}\.? {_DAY},? (?={_LATER})"
    rf"|\b(?:{_MONTH}|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)\b"
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[ap]\.?m\b\.?)?"
    r"|\b(?:19|20)\d\d\b"  # a year
    r"|\b\d+(?:[.,]\d+)*\s?(?:[kmgtp]i?b?|b|bytes?|octets?|[kmgt]?o|[mµu]?s|ns|sec(?:ond)?s?|min(?:ute)?s?"
    r"|h(?:ou)?rs?|h|days?)\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # identifiers of a request
    r"|(?<![0-9a-z])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{10,}(?![0-9a-z])",
)
_RUN = pattern(r"~(?:[ ,.:]*~)+")
"""The parts of a date, of which the number depends on the language."""
_NUMBER = pattern(
    r"(?P<word>[a-z])?(?:(?P<count>\d{1,3}(?:,\d{3})+(?![.,]?\d)|\d{1,3}(?:\.\d{3}){2,}(?![.,]?\d)|\d+(?![.,]?\d))"
    r"|\d+(?:[.,]\d+)*)"
)
_WORD = pattern(r"(# ?)([^\W\d_]+)")
_ENDING = pattern(r"(?<=...)[aeinosruwyóůаеиовыяьйαεηιοσςυωتانيه]+\Z")
"""The end of a word that may depend on the number before it, in scripts in which words have such ends."""
_MOST = 12
"""Maximum number of numbers in a text that are compared."""


class Counts(Value, frozen=True):
    """The numbers that the rows of a page explain."""

    known: tuple[int, ...] = ()
    """How many rows, files and directories it has, and how many rows and directories with the one above."""
    total: tuple[int, int] | None = None
    """The least and greatest size of its files together."""

    def kinds(self, number: int) -> int:
        """What ``number`` may be, as bits; 0 if the rows do not explain it."""
        is_total = self.total is not None and self.total[0] <= number <= self.total[1]
        return sum(1 << bit for bit, count in enumerate(self.known) if count == number) + (is_total << len(self.known))


def counts_of(entries: Sequence[Entry]) -> Counts:
    """The numbers that ``entries``, all rows of a page, explain."""
    directories = sum(entry.kind is Kind.DIRECTORY for entry in entries)
    sizes = [entry.size for entry in entries if entry.kind is not Kind.DIRECTORY]
    known = [size for size in sizes if size is not None]
    total = (sum(size.low for size in known), sum(size.high for size in known)) if len(known) == len(sizes) else None
    rows = len(entries)
    return Counts((rows, rows - directories, directories, rows + 1, directories + 1), total)


def without_numbers(text: str) -> tuple[str, list[int]]:
    """``text`` without its numbers, and those of them that count something, in their order; below 0 if part of a word.

    Letter case, dates and measures are left out, too, and the ends of words that agree with a number: "1 file".
    """
    numbers = list[int]()

    def masked(found: re.Match[str]) -> str:
        count = found["count"]
        if count is None or len(numbers) == _MOST:
            return f"{found['word'] or ''}~"
        number = int("".join(filter(str.isdigit, count)))
        numbers.append(-1 - number if found["word"] else number)
        return f"{found['word'] or ''}#"

    shown = _NUMBER.sub(masked, _RUN.sub("~", _CHANGING.sub("~", text.lower())))
    return _WORD.sub(lambda found: found[1] + _ENDING.sub("", found[2]), shown), numbers
