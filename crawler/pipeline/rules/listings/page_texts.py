"""Decides what new text on a page means: rows that were known are missing, and the page says something new.

It may be why they are missing, in words that nobody knows. Of a page on which the text changes each time it is no
evidence, and neither is one that stays: after ``DOUBTS`` visits in succession it is believed to belong to the page.
A number counts as text unless the rows explain it, or it is known to change while no row is missing. Text that came
with the visit before this one is as new as what comes with this one: many an outage is announced.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from crawler.model.state.surroundings import YOUNG
from crawler.model.struct import Struct, Value, field
from crawler.model.values import ASIDE, MARKUP
from crawler.pipeline.rules.listings.page_heading import settled

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.text_numbers import Counts

DOUBTS = 2
"""Number of visits in succession in which new text is doubted, and of changes after which text is known to change."""
_MARK = "n"
"""What begins a record of this version."""
_TEXT, _NUMBER = 4, 3
"""Numbers of characters of the digests of a text and of a number in it."""
_VARIES, _UNKNOWN = "***", "???"
"""In place of the digest of a number: one that is known to change, and one of which it is not known what it counts."""
_OF_ROWS = 0b11
"""The bits of a number that is that of rows or files (see ``Counts.kinds``)."""
_DATA = {"archive-org", "azure-blob", "pcloud", "thredds", "webdav", "webhdfs"}
"""Families of JSON and XML whose names do not end in the name of their format."""
_EITHER = {"swift", "none"}
"""Families of several formats."""
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Judgement(Value, frozen=True):
    """What the texts of a page mean, and what is to be remembered of them."""

    doubt: str | None
    """The new text that may be the reason why rows are missing, if there is any."""
    noted: str
    """What is to be remembered of the page unless it is doubted: the number of versions of it in succession that had
    new text, and the digests of all texts with their numbers; "" if they are unknown."""


class _Remembered(Struct):
    """What is remembered of the texts of a page."""

    changes: int = 0
    young: set[str] = field(default_factory=set)
    """Digests of the texts without their numbers that were new in the last visit."""
    numbers: dict[str, list[list[str]]] = field(default_factory=dict)
    """Digest of a text without its numbers → digests of these, for each text that differs only in them."""

    def closest(self, text: str, numbers: Sequence[str]) -> list[str] | None:
        """The numbers of the known text that is ``text`` with the fewest other numbers; None if none is."""
        known = self.numbers.get(text)
        return None if known is None else min(known, key=lambda was: _count_changes(was, numbers))


def judge(
    known: str,
    texts: Sequence[str] | None,
    *,
    is_lossy: bool,
    doubts: int = 0,
    counts: Counts | None = None,
    names: Collection[str] = (),
) -> Judgement:
    """What ``texts`` mean on a page of which ``known`` is remembered; None if they cannot be compared.

    ``is_lossy``: whether rows that were known are not on the page. ``doubts``: number of visits, directly before this
    one, in which new text was doubted. ``counts``: what the rows explain; None if they are not all rows. ``names``:
    texts that an older version did not keep.
    """
    if texts is None:
        # A page with too many texts has new ones, unless it had too many before.
        return Judgement("more texts than can be compared" if known and is_lossy and doubts < DOUBTS else None, "")
    if not known:
        return Judgement(None, _noted(0, _digests(texts, counts).values()))
    if not known.startswith(_MARK):
        return _judge_older(known, texts, counts, names, doubts=doubts if is_lossy else DOUBTS)
    before, now = _read(known), _digests(texts, counts)
    found = {text: before.closest(each, numbers) for text, (each, numbers) in now.items()}
    new = [text for text, was in found.items() if was is None and not text.startswith(MARKUP)]
    other = [text for text, was in found.items() if was is not None and _count_changes(was, now[text][1])]
    young = [text for text, was in found.items() if was is not None and now[text][0] in before.young]
    fresh = [*new, *young] if before.changes < DOUBTS else []
    doubted = [*fresh, *other] if is_lossy and doubts < DOUBTS else []
    after = ((each, _merged(found[text], numbers, may_vary=not is_lossy)) for text, (each, numbers) in now.items())
    changes = min(before.changes + 1 + (doubts if is_lossy else 0), DOUBTS) if new else 0
    noted = _noted(changes, after, () if is_lossy else {now[text][0] for text in new})
    return Judgement(shown(doubted[0]) if doubted else None, noted)


def is_data(family: str) -> bool | None:
    """Whether pages of ``family`` are JSON or XML; None if they are that or HTML."""
    if family in _EITHER:
        return None
    is_named = family.endswith(("-json", "-jsonp", "-xml")) or family in {"json-generic", *_DATA}
    return is_named and not family.startswith("embedded-")


def is_another_format(was: str, now: str) -> bool:
    """Whether pages of the families ``was`` and ``now`` are of two formats: what one says is not new on the other.

    A server may send data for a directory with rows, and HTML for an empty one.
    """
    return {is_data(was), is_data(now)} == {True, False}


def are_known(known: str, texts: Sequence[str] | None, counts: Counts | None = None) -> bool:
    """Whether nothing in ``texts`` is new on a page of which ``known`` is remembered, and it did not change lately."""
    if texts is None or not known:
        return False
    if not known.startswith(_MARK):
        return known[0] == "0" and not _new_to_older(known, texts, ())
    before = _read(known)
    found = [(before.closest(each, numbers), numbers) for each, numbers in _digests(texts, counts).values()]
    return before.changes == 0 and all(was is not None and not _count_changes(was, numbers) for was, numbers in found)


def shown(text: str) -> str:
    """What a text of a page is without its links."""
    return text.removeprefix(ASIDE).partition("\0")[0]


def _noted(changes: int, digests: Iterable[tuple[str, Sequence[str]]], young: Collection[str] = ()) -> str:
    items = {text + "".join(numbers) + (YOUNG if text in young else "") for text, numbers in digests}
    return f"{_MARK}{changes}{' '.join(sorted(items))}"


def _read(known: str) -> _Remembered:
    found = _Remembered(int(known[1]))
    for each in known[2:].split():
        item = each.removesuffix(YOUNG)
        if item != each:
            found.young.add(item[:_TEXT])
        numbers = [item[at : at + _NUMBER] for at in range(_TEXT, len(item), _NUMBER)]
        found.numbers.setdefault(item[:_TEXT], []).append(numbers)
    return found


def _count_changes(was: Sequence[str], now: Sequence[str]) -> int:
    """How many of the numbers in a text have changed without a reason."""
    return sum(not _is_same(*pair) for pair in zip(was, now, strict=False))


def _is_same(was: str, now: str) -> bool:
    if was == _VARIES or _UNKNOWN in {was, now}:
        return True
    kinds = _DIGITS.index(was[2])
    if kinds & _DIGITS.index(now[2]):
        return True
    # The number of rows that there were says that some are missing now; a small number may be equal by chance.
    return was[:2] == now[:2] and (was[:2] in _SMALL or not kinds & _OF_ROWS)


def _merged(was: Sequence[str] | None, now: Sequence[str], *, may_vary: bool) -> Sequence[str]:
    """What is to be remembered of the numbers in a text. ``may_vary``: whether one that has changed is to vary."""
    if was is None:
        return now
    pairs = zip(was, now, strict=False)
    return [_VARIES if a == _VARIES or (may_vary and not _is_same(a, b)) else b for a, b in pairs]


def _digests(texts: Iterable[str], counts: Counts | None) -> dict[str, tuple[str, list[str]]]:
    """Each text → its digest without its numbers but with its links, and the digests of its numbers."""
    return {text: _digests_of(text, counts) for text in texts}


def _digests_of(text: str, counts: Counts | None) -> tuple[str, list[str]]:
    words, nul, links = text.removeprefix(ASIDE).partition("\0")
    numbers = list[int]()
    if not words.startswith(MARKUP):
        from crawler.pipeline.rules.listings.text_numbers import without_numbers  # not needed for known servers

        words, numbers = without_numbers(words)
    return _digest(words + nul + links), [_digest_of(number, counts) for number in numbers]


def _digest_of(number: int, counts: Counts | None) -> str:
    return _UNKNOWN if counts is None else _value(number) + _DIGITS[counts.kinds(number)]


def _value(number: int) -> str:
    value = crc32(b"%d" % number)
    return _DIGITS[value >> 6 & 63] + _DIGITS[value & 63]


_SMALL = {_value(number) for number in range(5)}
"""Digests of numbers that may be equal to that of the rows by chance."""


def _digest(text: str) -> str:
    return b64encode(crc32(text.encode("utf-8", "replace")).to_bytes(4, "big")[:3]).decode()


def _judge_older(
    known: str, texts: Sequence[str], counts: Counts | None, names: Collection[str], *, doubts: int
) -> Judgement:
    """The judgement of texts of which an older version has kept other digests: what it would have said."""
    new = [text for text in _new_to_older(known, texts, names) if not text.startswith(MARKUP)]
    doubt = shown(new[0]) if new and max(doubts, int(known[0])) < DOUBTS else None
    return Judgement(doubt, _noted(0, _digests(texts, counts).values()))


def _new_to_older(known: str, texts: Iterable[str], names: Collection[str]) -> list[str]:
    before = {known[start : start + _TEXT] for start in range(1, len(known), _TEXT)}
    older = [text for text in texts if not text.startswith(ASIDE) and shown(text) not in names]
    return [text for text in older if _older_digest(text) not in before]


def _older_digest(text: str) -> str:
    words, nul, links = text.partition("\0")
    return _digest((words if words.startswith(MARKUP) else settled(words)) + nul + links)
