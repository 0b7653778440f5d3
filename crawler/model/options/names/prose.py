"""Messages that name options of the command line, in the notation of keyword arguments."""

from __future__ import annotations

import re

from crawler.model.options.names.places import CONFIG_KEYS, Place, setting

_OPTION = re.compile(
    r"""
    (?<![\w/.=&?#-])--([a-z][a-z0-9-]*)(?![\w/-])
    (?:[ ](
        '[^']*'                                         # quoted
        | @?[A-Z]{2,}\b                                 # a placeholder such as FILE
        | \d+(?:\.\d+)?[%KMGTsmhd]?(?![\w./:-])         # a number, or a number with a unit
        | (?:none|windows|header)\b                     # a word that an option takes
        | [\w-]+(?:\.[\w-]+)+(?![\w/])                  # a host, or the name of a file
    ))?
    """,
    re.VERBOSE,
)
_LOG = re.compile(r"(?<![\w-])-vv?(?= shows)")


def in_keywords(text: str) -> str:
    """``text`` with the options of the command line that it names as keyword arguments of the library.

    ``--no-robots ignores it`` becomes ``no_robots=True ignores it``; ``--netrc, or --header @FILE`` becomes
    ``netrc=True, or header="@FILE"``. Options that the command line alone has are unchanged.
    """
    return _LOG.sub("the log", _OPTION.sub(_keyword, text)) if "-" in text else text


def _keyword(found: re.Match[str]) -> str:
    key, value = found[1].replace("-", "_"), found[2] or ""
    if key == "input_file":
        return f"crawler.download {value}".rstrip()
    if key not in CONFIG_KEYS:
        return found[0]
    if found.string[found.end() :].startswith(":"):  # names what is wrong, not what to write
        return f"{key} {value}".rstrip()
    return setting(key, value, Place.MIRROR, placeholders=True)
