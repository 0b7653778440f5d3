"""Decides what new text on a page means: rows that were known are missing, and the page says something new.

It may be why they are missing, in words that nobody knows. Of a page on which the text changes each time it is no
evidence, and neither is one that stays: after ``DOUBTS`` runs it is believed to belong to the page.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from zlib import crc32

from crawler.model.struct import Value
from crawler.model.values import MARKUP
from crawler.pipeline.rules.listings.page_heading import settled

DOUBTS = 2
"""Number of runs in succession in which new text is doubted, and of changes after which text is known to change."""
_WIDTH = 4
"""Number of characters of the digest of a text."""


class Judgement(Value, frozen=True):
    """What the texts of a page mean, and what is to be remembered of them."""

    doubt: str | None
    """The new text that may be the reason why rows are missing, if there is any."""
    noted: str
    """What is to be remembered of the page unless it is doubted: the number of versions of it in succession that had
    new text, and the digests of all texts; "" if they are unknown."""


def judge(known: str, texts: Sequence[str] | None, *, is_lossy: bool, doubts: int = 0) -> Judgement:
    """What ``texts`` mean on a page of which ``known`` is remembered; None if they cannot be compared.

    ``is_lossy``: whether rows that were known are not on the page. ``doubts``: number of visits, directly before this
    one, in which new text was doubted.
    """
    if texts is None:
        return Judgement(None, "")
    if not known:
        return Judgement(None, _noted(0, texts))
    changes, before = _read(known)
    new = [text for text in texts if not text.startswith(MARKUP) and _digest(text) not in before]
    if not new:
        return Judgement(None, _noted(0, texts))
    doubt = new[0].partition("\0")[0] if is_lossy and max(changes, doubts) < DOUBTS else None
    return Judgement(doubt, _noted(min(changes + doubts + 1, DOUBTS), texts))


def are_known(known: str, texts: Sequence[str] | None) -> bool:
    """Whether nothing in ``texts`` is new on a page of which ``known`` is remembered, and it did not change lately."""
    if texts is None or not known:
        return False
    changes, before = _read(known)
    return changes == 0 and all(_digest(text) in before for text in texts)


def _noted(changes: int, texts: Sequence[str]) -> str:
    return f"{changes}{''.join(sorted({_digest(text) for text in texts}))}"


def _read(known: str) -> tuple[int, set[str]]:
    return int(known[0]), {known[start : start + _WIDTH] for start in range(1, len(known), _WIDTH)}


def _digest(text: str) -> str:
    """A short digest of ``text`` without its numbers and dates, but with its links."""
    shown, nul, links = text.partition("\0")
    stable = (shown if shown.startswith(MARKUP) else settled(shown)) + nul + links
    return b64encode(crc32(stable.encode("utf-8", "replace")).to_bytes(4, "big")[:3]).decode()
