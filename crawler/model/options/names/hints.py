"""What to write instead of a name that does not exist where it was written: one rule for every place.

This program's own names come first, in any spelling and from any place; then those of other programs; then names that
are similar. Each hint is in the notation of the place where the name was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.model.errors import ConfigError
from crawler.model.options.combinations import NOT_IN_LISTS
from crawler.model.options.names.other_programs import elsewhere
from crawler.model.options.names.places import (
    CONFIG_KEYS,
    FLAGS,
    NAMES,
    NEGATIVE,
    OF_CALL,
    OF_FILE,
    OF_MIRROR,
    OF_PROGRAM,
    SHORT,
    TABLES,
    Place,
    setting,
    translated,
    written,
)
from crawler.model.options.names.spelling import nearest

_ALL = (*sorted(CONFIG_KEYS), *NEGATIVE, *OF_PROGRAM, *OF_FILE, *TABLES, *OF_MIRROR, *OF_CALL)
_ALIASES = {"configfile": "config", "rule": "rules"}
"""Words that are no names of this program, though they look like it, and what they stand for."""
_AT_TOP_ALIASES = {
    **dict.fromkeys(("mirrors", "site", "sites"), "mirror"),
    **dict.fromkeys(("default", "options", "global"), "defaults"),
}
_ABBREVIATED = 3
"""Minimum number of letters of a word that may abbreviate a name."""
_TYPED, _IN_FILES = "only on the command line: ", "only in the file of --config"
_OF_URL, _OF_DIR = "the first argument, URL", "the second argument, DIR"
_OF_CALL = "an argument of the calls, such as crawler.mirror, not an option"
_OF_CALL_BY_ANOTHER_NAME = "it is the argument directory of the calls, such as crawler.mirror, not an option"
_IN_LIBRARY = "only in calls of the library"
_BELOW = "options are in a table: write {} below [[mirror]], or below [defaults] for all mirrors"
_NOTHING_SAVED = "walk yields every entry and saves nothing"

_INSTEAD: Mapping[Place, Mapping[str, str]] = {
    Place.COMMAND_LINE: {
        "url": f"it is {_OF_URL}",
        **dict.fromkeys(("dir", "directory", "destination"), f"it is {_OF_DIR}"),
        "items": "--input-file FILE reads a list of URLs",
        "rules": "write --include and --exclude",
        "objects": f"{_IN_FILES}, as the table [objects]",
        "defaults": f"{_IN_FILES}, as the table [defaults]",
        "mirror": "not needed: URL and DIR suffice",
        "jobs": f"{_IN_FILES}, for mirrors at once; here --workers N sets the files at once",
        "name": f"{_IN_FILES}, for each mirror",
        "observers": _IN_LIBRARY,
    },
    Place.FILE: {
        **dict.fromkeys(OF_MIRROR, "write it below [[mirror]]"),
        **dict.fromkeys(("directory", "destination"), "write dir below [[mirror]]"),
        "rules": _BELOW.format("include and exclude"),
        "no_verify_digests": _BELOW.format("verify_digests = false"),
        "items": f"{_TYPED}--input-file",
        "observers": _IN_LIBRARY,
    },
    Place.TABLE: {
        **dict.fromkeys(OF_FILE, "it is for the whole file: write it at the top, above all tables"),
        **dict.fromkeys(("directory", "destination"), "write dir"),
        "rules": "write include and exclude",
        "no_verify_digests": "write verify_digests = false",
        "defaults": "[defaults] is a table of the whole file, not of a mirror",
        "mirror": "options are written directly below [[mirror]]",
        "items": f"{_TYPED}--input-file",
        "observers": _IN_LIBRARY,
    },
    Place.MIRROR: {"dir": "write directory", "items": "crawler.download takes a list of URLs"},
    Place.DOWNLOAD: {"dir": "write directory", "url": "write items"},
    Place.WALK: {
        **dict.fromkeys(("dir", "directory", "destination", "observers"), _NOTHING_SAVED),
        "items": "write url",
    },
    Place.CONFIG: {**dict.fromkeys(OF_CALL, _OF_CALL), "dir": _OF_CALL_BY_ANOTHER_NAME},
}
"""Where a name is written → name that does not exist there → what to write instead."""
_SWITCHED_OFF = {
    "progress": "none", "fsync": "none", "lock": "none", "pipeline": "off", "min_speed": "0", "max_delete": "100%",
}  # fmt: skip
"""Option that has an effect by default → the value that switches it off."""
_NOT_IN_FILES: Mapping[str, str] = {
    **dict.fromkeys(("schedule", "cron", "interval", "every", "frequency"), "cron or a systemd timer runs the program"),
    **dict.fromkeys(
        ("enabled", "enable", "disabled", "active"), "on the command line, --only NAME runs some of the mirrors"
    ),
}
"""Word, without separators, that other files of settings have → what stands in its place here."""
_RETURNED = "use the report that the call returns"
_IN_CALLS: Mapping[str, str] = {
    "input_file": "crawler.download saves a list of URLs",
    "list": "crawler.walk yields the entries of listings",
    "config": "crawler.Config holds options for several calls",
    "defaults": "crawler.Config holds options for several calls",
    "mirror": "options are arguments of the call itself",
    "help": "help(crawler.Options) and help(crawler.WalkOptions) list the options",
    "version": "crawler.__version__ is the version",
    "verbose": "logging.getLogger('crawler') is the log",
    "quiet": "calls print nothing",
    "verify": "insecure=True accepts any certificate; files are verified on the command line: crawler --verify",
    "jobs": "asyncio.gather makes several calls at once; workers=N sets the files at once",
    "name": f"{_IN_FILES}: a call needs no name",
    **dict.fromkeys(("status", "status_public"), f"{_IN_FILES}: calls return their reports"),
    **dict.fromkeys(("format", "summary", "changes", "metrics", "report"), _RETURNED),
    **dict.fromkeys(("on_change", "on_failure", "on_end"), _RETURNED),
    **dict.fromkeys(("log_file", "log_format"), "logging.getLogger('crawler') is the log"),
    "progress": "crawler.TqdmProgress() and crawler.RichProgress() are observers that show it",
}
"""Name that no call has → what a program does instead."""
_ARGUMENTS: Mapping[Place, tuple[str, str]] = {
    Place.TABLE: ("url", "dir"),
    Place.MIRROR: ("url", "directory"),
    Place.DOWNLOAD: ("items", "directory"),
    Place.WALK: ("url", "nothing, because nothing is saved"),
    Place.CONFIG: ("the url of the calls", "the directory of the calls"),
}
"""What stands for the arguments URL and DIR of the command line."""


def unknown_key(where: str, key: object, value: object) -> ConfigError:
    """The error for a ``key`` of a mirror's table that does not exist. ``where``: the table that contains it."""
    if not isinstance(key, str):  # a mapping of Python or YAML
        return ConfigError(f"{where}: {key!r}: expected the name of an option, not {type(key).__name__}")
    return ConfigError(f"{where}: unknown key {key!r}{_advice(key, value)}")


def stands_for(key: str, value: object, name: str) -> bool:
    """Whether ``key`` of a mirror's table is unknown, and the error for it says to write ``name`` instead."""
    is_unknown = key not in NAMES[Place.TABLE]
    return is_unknown and re.search(rf"(?<![\w-]){name}(?![\w-])", _advice(key, value)) is not None


def _advice(key: str, value: object) -> str:
    """What to write instead of the unknown ``key`` of a mirror's table: the end of a message."""
    if not isinstance(value, Mapping):
        return hint(key, Place.TABLE)
    inner = next((each for each in value if each in NAMES[Place.TABLE]), "its keys")
    return f": options are in no further table: write {inner} directly below [[mirror]]"


def unknown_keyword(place: Place, name: str) -> ConfigError:
    """The error for a keyword argument that the call ``place`` does not have."""
    kind = {Place.WALK: "WalkOptions", Place.DOWNLOAD: "DownloadOptions"}.get(place, "Options")
    advice = hint(name, place) or f"; help(crawler.{kind}) lists all"
    return ConfigError(f"{place.value}: unknown option {name!r}{advice}")


def hint(name: str, place: Place) -> str:
    """What to write instead of ``name``, which does not exist at ``place``: the end of a message, or "" if unknown."""
    elsewhere_set = _NOT_IN_FILES.get(_plain(name), "") if place in {Place.FILE, Place.TABLE} else ""
    if found := own(name, place) or elsewhere_set or of_another_program(name, place):
        return f": {found}"
    if similar := _similar(name, place):
        return f": did you mean {' or '.join(written(each, place) for each in similar)}?"
    if place is Place.FILE and (similar := _similar(name, Place.TABLE)):
        return f": did you mean {' or '.join(similar)}, below [[mirror]]?"
    return ""


def _similar(name: str, place: Place) -> list[str]:
    """At most two names of ``place`` that ``name`` misspells or, as other programs allow it, abbreviates."""
    names, plain = sorted(NAMES[place]), _plain(name)
    longer = [each for each in names if _plain(each).startswith(plain)] if len(plain) >= _ABBREVIATED else []
    return nearest(name, names) or (longer if len(longer) <= 2 else [])


def own(name: str, place: Place) -> str:
    """What to write for ``name`` if this program has it elsewhere, or spells it otherwise; "" for any other name."""
    key = _key_of(name, place)
    if not key:
        return _opposite(name, place)
    if key not in NAMES[place]:
        return instead(key, place)
    is_misplaced = place is Place.TABLE and key == name  # a mapping that is not the table of a mirror
    if is_misplaced and key == "dir":
        return _OF_CALL_BY_ANOTHER_NAME
    each = " for each mirror" if place is Place.FILE and key == "mirror" else ""
    return _OF_CALL if is_misplaced else f"write {written(key, place)}{each}"


def _key_of(name: str, place: Place) -> str:
    """The name of this program that ``name`` is another spelling of; "" if there is none."""
    word = name.lstrip("-")
    if place is Place.COMMAND_LINE and not name.startswith("--"):
        return ""
    if len(word) <= 2:
        return SHORT.get(word, "")
    plain = _plain(word.rpartition(".")[2])
    if place is Place.FILE and plain in _AT_TOP_ALIASES:
        return _AT_TOP_ALIASES[plain]
    names = (*sorted(NAMES[place]), *_ALL)
    return next((each for each in names if _plain(each) == plain), _ALIASES.get(plain, ""))


def _plain(word: str) -> str:
    return re.sub(r"[-_\s]", "", word).lower()


def _opposite(name: str, place: Place) -> str:
    """What to write for ``name`` if it is the opposite of a flag, such as ``recursive`` or ``no_delete``."""
    plain = _plain(name)
    for each in sorted((NAMES[place] & CONFIG_KEYS) - FLAGS):
        if plain == f"no{_plain(each)}":
            off = _SWITCHED_OFF.get(each)
            return f"leave {written(each, place)} out" if off is None else f"write {setting(each, off, place)}"
    for flag in FLAGS & NAMES[place]:
        if plain == f"no{_plain(flag)}":
            return f"it is the default, unless {setting(flag, '', place)} is given"
        if _plain(flag) == f"no{plain}":
            return f"it is the default; {setting(flag, '', place)} switches it off"
    return ""


def of_another_program(name: str, place: Place) -> str:
    """What to write for ``name`` if it is an option of another program; "" if it is not known."""
    noted = Place.TABLE if place is Place.FILE else place
    missing, present = list[str](), list[str]()

    def translate(code: str) -> str:
        if place is Place.COMMAND_LINE or not code.startswith("-"):
            return code
        pieces = translated(code, noted)
        missing.extend(key for key, text in pieces if not text)
        present.extend(text for _, text in pieces if text)
        if texts := [text for _, text in pieces if text]:
            return ", ".join(texts)
        typed = written(missing[-1], Place.COMMAND_LINE)
        return instead(missing[-1], noted) if noted.is_library else f"{typed} on the command line"

    options = [name] if name.startswith("-") else [f"--{name.replace('_', '-')}", f"-{name}"] if len(name) > 1 else []
    here = next(filter(None, (elsewhere(each, translate) for each in options)), "")
    if missing and not present:
        return instead(missing[0], place)
    for phrase, argument in zip((_OF_URL, _OF_DIR), _ARGUMENTS.get(noted, ()), strict=False):
        here = here.replace(phrase, argument).replace(phrase.partition(",")[0], argument)
    lead = "" if here.startswith("not ") else "here "
    return f"{lead}{here}{', below [[mirror]]' if place is Place.FILE else ''}" if here else ""


def instead(key: str, place: Place) -> str:
    """What to write at ``place`` for a name of this program, ``key``, that does not exist there."""
    if key in _INSTEAD[place]:
        return _INSTEAD[place][key]
    typed = written(key, Place.COMMAND_LINE)
    if not place.is_library:
        return f"{_TYPED}{typed}" if key in OF_PROGRAM else _BELOW.format(key)
    if key in _IN_CALLS:
        return _IN_CALLS[key]
    if NEGATIVE.get(key) in NAMES[place]:
        return f"write {setting(key, '', place)}"
    key = NEGATIVE.get(key, key)
    return why_not(key, place) if key in CONFIG_KEYS else f"{_TYPED}crawler {typed}"


def why_not(key: str, place: Place) -> str:
    """Why the option ``key`` of ``Config`` has no effect in the call ``place``."""
    if key not in NAMES[Place.MIRROR] | NAMES[Place.DOWNLOAD]:
        return "only the program uses it: use the report or an observer"
    if place is Place.WALK:
        return _NOTHING_SAVED
    return NOT_IN_LISTS[key] if place is Place.DOWNLOAD else "a listing names its files itself"
