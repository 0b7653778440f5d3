"""Maps names that FAT, NTFS and CIFS cannot hold to names that they can: a bijection, as pure functions.

Whatever such a file system refuses or changes is written as ``%XX``, as in URLs (UTF-8, upper case):
``< > : " \\ | ? *``, a dot or space at the end, the first letter of a device name (``CON``, ``nul.txt``), and bytes
that are not UTF-8. A ``%`` that could be taken for the beginning of ``%XX`` becomes ``%25``. Other names do not change.
"""

from __future__ import annotations

import re

from crawler.text.patterns import pattern
from crawler.text.urls import STATE_DIRECTORY

_ESCAPE = pattern(r"(?:%[0-9A-F]{2})+")
_ALWAYS = pattern('[<>:"\\\\|?*\udc80-\udcff]|%(?=[0-9A-Fa-f]{2})|[. ]\\Z')
_REFUSED = pattern(r'[<>:"\\|?*]|[. ]\Z')
_DEVICE = pattern(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|\Z)", re.IGNORECASE)

_UNUSABLE = frozenset({"", ".", "..", STATE_DIRECTORY})
"""Names that no file can have."""


def is_refused(name: str) -> bool:
    """Whether FAT, NTFS or CIFS refuse or change ``name``."""
    return _REFUSED.search(name) is not None or _DEVICE.match(name) is not None


def encoded(name: str) -> str:
    """The name under which ``name`` is stored."""
    if name in _UNUSABLE:
        return name
    text = _ALWAYS.sub(_escaped, name)
    if _DEVICE.match(name) or name.lower() == STATE_DIRECTORY:
        return _hex(text[0]) + text[1:]
    return text


def spelled_out(name: str) -> str:
    """The name under which ``name`` is stored if a name that differs only in case has taken ``encoded``.

    All of its letters that have upper and lower case belong to escapes, so two such names never differ only in case.
    """
    if name in _UNUSABLE:
        return name
    found = {match.start() for match in _ALWAYS.finditer(name)}
    return "".join(_hex(each) if place in found or _is_cased(each) else each for place, each in enumerate(name))


def decoded(stored: str) -> str | None:
    """The name that is stored as ``stored``; None if no name is stored that way."""
    name = _ESCAPE.sub(
        lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogateescape"), stored
    )
    return name if stored in {encoded(name), spelled_out(name)} else None


def decoded_path(stored: str) -> str | None:
    """The path whose names are stored as those of ``stored``; None if there is none."""
    names = [decoded(name) for name in stored.split("/")]
    return None if None in names else "/".join(name for name in names if name is not None)


def folded(stored: str) -> str:
    """A key that is equal for names that a case-insensitive file system may treat as the same name."""
    return stored.upper().casefold()


def _is_cased(character: str) -> bool:
    return character != character.casefold() or character != character.upper() or character != character.lower()


def _escaped(found: re.Match[str]) -> str:
    return _hex(found[0])


def _hex(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
