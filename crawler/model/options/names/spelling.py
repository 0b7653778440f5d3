"""Finds the known word that an unknown word may be a misspelling of. Imported only when a message needs it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.75
"""Minimum similarity (0 to 1) of a word that is proposed: one or two letters of a short word may differ."""
_BESIDE = 0.05
"""Maximum difference in similarity between the first word proposed and the second."""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """At most two words of ``known`` of which ``word`` may be a misspelling, the most similar first."""

    def plain(text: str) -> str:
        return text.lower().lstrip("-").replace("_", "-")

    def score(first: str, second: str) -> float:
        return 1.0 if _is_swap(first, second) else SequenceMatcher(None, first, second).ratio()

    words = dict.fromkeys(known)
    scored = sorted(((score(plain(word), plain(each)), each) for each in words), key=lambda pair: -pair[0])
    best = scored[0][0] if scored else 0.0
    return [each for score, each in scored[:2] if score >= _ALIKE and score >= best - _BESIDE]


def _is_swap(first: str, second: str) -> bool:
    """Whether the words are the same but for two letters beside each other that have changed places."""
    differing = [place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other]
    if len(first) != len(second) or len(differing) != 2:
        return False
    left, right = differing
    return right == left + 1 and first[left] == second[right] and first[right] == second[left]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message, ``: did you mean x or y?``; "" if nothing is similar."""
    found = nearest(word, known)
    return f": did you mean {' or '.join(found)}?" if found else ""
