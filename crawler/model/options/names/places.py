"""Where users name options (the command line, the file of --config, the library), what exists there, how it is written.

Imported only for the message about a name that does not exist.
"""

from __future__ import annotations

import re
from enum import Enum

from crawler.model.options.keywords import DownloadOptions, Options, ProgramOptions, WalkOptions

CONFIG_KEYS = ProgramOptions.__optional_keys__
"""All options of ``Config``, by key."""
FLAGS = frozenset(key for key in CONFIG_KEYS if ProgramOptions.__annotations__[key].__forward_arg__ == "bool")
"""Options without a value."""
OF_PROGRAM = (
    "config", "explain", "help", "history", "input_file", "list", "list_snapshots", "only", "quiet", "repair",
    "rollback", "verbose", "verify", "version",
)  # fmt: skip
"""Options that exist on the command line alone."""
OF_FILE = ("jobs", "status", "status_public")
"""Keys for the whole file of --config, above its tables."""
TABLES = {"defaults": "[defaults]", "mirror": "[[mirror]]", "objects": "[objects]"}
OF_MIRROR = ("name", "url", "dir")
"""Keys of each [[mirror]] that are no options."""
OF_CALL = ("url", "items", "directory", "config", "observers", "destination")
"""Arguments of library calls that are no options."""
SHORT = {"e": "ext", "h": "help", "q": "quiet", "v": "verbose", "vv": "verbose", "w": "workers"}
NEGATIVE = {"no_verify_digests": "verify_digests"}
"""Option of the command line that switches another one off → that one."""

_PLACEHOLDER = re.compile(r"[A-Z]+(?:\+1)?")
_OPTION = re.compile(r"(?<!\S)(--?[a-z][\w-]*)(?:[ =]('[^']*'|@?[^\s-]\S*))?")


class Place(Enum):
    """A place where users name options."""

    COMMAND_LINE = "command line"
    FILE = "file"
    """The top of the file of --config, above its tables."""
    TABLE = "table"
    """Below [[mirror]] or [defaults], or a mapping with the same keys."""
    CONFIG = "Config"
    MIRROR = "mirror"
    DOWNLOAD = "download"
    WALK = "walk"

    @property
    def is_library(self) -> bool:
        """Whether the names are keyword arguments."""
        return self in {Place.CONFIG, Place.MIRROR, Place.DOWNLOAD, Place.WALK}


_COMMAND_LINE = (CONFIG_KEYS - {"rules", "objects"}) | {*OF_PROGRAM, "status", "status_public", *NEGATIVE}
NAMES: dict[Place, frozenset[str]] = {
    Place.COMMAND_LINE: _COMMAND_LINE,
    Place.FILE: frozenset({*OF_FILE, *TABLES}),
    Place.TABLE: (CONFIG_KEYS - {"rules"}) | {*OF_MIRROR},
    Place.CONFIG: CONFIG_KEYS,
    Place.MIRROR: Options.__optional_keys__ | {"url", "directory", "config", "observers", "destination"},
    Place.DOWNLOAD: DownloadOptions.__optional_keys__ | {"items", "directory", "config", "observers", "destination"},
    Place.WALK: WalkOptions.__optional_keys__ | {"url", "config"},
}
"""Place → the names that exist there, with ``_`` for ``-``."""


def written(name: str, place: Place) -> str:
    """``name``, which exists at ``place``, as it is written there."""
    if place is Place.COMMAND_LINE:
        return "--" + name.replace("_", "-")
    return TABLES.get(name, name) if place is Place.FILE else name


def setting(name: str, value: str, place: Place, *, placeholders: bool = False) -> str:
    """``name`` with a ``value`` from the command line ("" for a flag), as it is written at ``place``.

    A value that only stands for one, such as FILE, is left out unless ``placeholders`` is set.
    """
    if place is Place.COMMAND_LINE:
        return f"{written(name, place)} {value}".rstrip()
    equals = "=" if place.is_library else " = "
    if name in NEGATIVE:
        return f"{NEGATIVE[name]}{equals}{'False' if place.is_library else 'false'}"
    if name in FLAGS:
        return f"{name}{equals}{'True' if place.is_library else 'true'}{f' {value}' if value else ''}"
    plain = value.strip("'")
    if not value or (_PLACEHOLDER.fullmatch(plain) and plain != "N" and not placeholders):
        return name
    return f"{name}{equals}{plain}" if plain == "N" or plain.isdecimal() else f'{name}{equals}"{plain}"'


def translated(code: str, place: Place) -> list[tuple[str, str]]:
    """(key, text at ``place``, or "" if it is not known there) for each option in ``code``, such as ``--workers N``."""
    found = []
    for option, value in _OPTION.findall(code):
        word = option.lstrip("-")
        key = SHORT.get(word, word.replace("-", "_"))
        is_typed = place is not Place.COMMAND_LINE and key in OF_PROGRAM  # --config FILE is not the argument config
        exists = not is_typed and (key in NAMES[place] or NEGATIVE.get(key) in NAMES[place])
        found.append((key, setting(key, value, place) if exists else ""))
    return found
