"""Where users name options (the command line, the file of --config, the library), what exists there, how it is written.

Imported only for the message about a name that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    plain = unquoted(value)
    is_placeholder = _PLACEHOLDER.fullmatch(plain) is not None and plain != "N"
    if place is Place.COMMAND_LINE:
        return f"{written(name, place)} {value}".rstrip()
    if name in FLAGS or name in NEGATIVE:
        return f"{rendered(name, (), place)}{f' {value}' if value else ''}"
    if not value or (is_placeholder and not placeholders):
        return name
    is_number = plain == "N" or (value == plain and plain.isdecimal())
    return f"{name}{_equals(place)}{plain}" if is_number else rendered(name, [plain], place)


def rendered(name: str, values: Sequence[str], place: Place) -> str:
    """The option ``name`` with these ``values`` (none for a flag), as it is written at ``place``.

    Several values are a list, or repetitions of the option on the command line.
    """
    if place is Place.COMMAND_LINE:
        option = written(name, place)
        return " ".join(f"{option} {_quoted(value)}" for value in values) or option
    if not values:
        truth = name not in NEGATIVE
        return f"{NEGATIVE.get(name, name)}{_equals(place)}{str(truth) if place.is_library else str(truth).lower()}"
    import json

    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    return f"{name}{_equals(place)}" + (texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _equals(place: Place) -> str:
    return "=" if place.is_library else " = "


def unquoted(value: str) -> str:
    """``value`` without the quotes around it, if there are any."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _quoted(value: str) -> str:
    """``value`` as one word of a shell."""
    if "'" in value and not re.search(r'["$`\\!]', value):
        return f'"{value}"'
    escaped = value.replace("'", "'\"'\"'")
    return f"'{escaped}'"


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
