"""Spellings of a name that some servers and file systems do not distinguish: letter case, and Unicode forms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from unicodedata import normalize

from crawler.text.names.windows import folded


def plain(name: str) -> str:
    """What all spellings of ``name`` have in common."""
    return folded(normalize("NFC", name))


def twins(names: Iterable[str], others: Iterable[str]) -> dict[str, list[str]]:
    """Each of ``names`` of which any of ``others``, but no other of ``names``, is a spelling → those of ``others``."""
    names = set(names)
    by_plain: dict[str, list[str]] = {}
    for other in others:
        if other not in names:
            by_plain.setdefault(plain(other), []).append(other)
    return {name: by_plain[plain(name)] for name in names if plain(name) in by_plain}


def another_spelling(name: str, taken: Collection[str], twins: Collection[str]) -> str | None:
    """A spelling of ``name`` that is not ``taken``, and differs from it as its ``twins`` do; None if there is none.

    Whether a server has a file under that name, too, tells whether it distinguishes the name from its twins.
    """
    same_form = normalize("NFC", name)
    is_form = any(normalize("NFC", twin) == same_form for twin in twins)
    found = _in_other_forms(name) if is_form else _in_other_case(name)
    return next((each for each in found if each != name and each not in taken), None)


def _in_other_case(name: str) -> Iterator[str]:
    for at, letter in enumerate(name):
        other = letter.swapcase()
        if len(other) == 1 and folded(other) == folded(letter):
            yield f"{name[:at]}{other}{name[at + 1 :]}"


def _in_other_forms(name: str) -> Iterator[str]:
    for end in range(len(name), 0, -1):
        for form in ("NFC", "NFD"):
            yield normalize(form, name[:end]) + name[end:]
