"""Messages in the notation of the place where the user wrote the options: one translation for all of them.

Messages are composed in the notation of the command line. Where the options of a run come from a file or from keyword
arguments, ``in_notation`` translates what they say about options.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from crawler.model.options.keywords import ProgramOptions
from crawler.model.options.names.places import CONFIG_KEYS, FLAGS, NEGATIVE, Place, rendered, setting, unquoted
from crawler.model.struct import Value

_TOKEN = re.compile(
    r"""
      (?<!\w) (?:'[^'\n]*'|"[^"\n]*") (?!\w)                   # quoted: unchanged, since users may have written it
    | (?<![\w/.=&?\#-]) -- (?P<option>[a-z][a-z0-9-]*) (?![\w/-])
    | (?<![\w-]) (?P<log>-vv?) (?=\ shows)
    """,
    re.VERBOSE,
)
_VALUE = re.compile(
    r"""[ ](?:
      '[^'\n]*' | "[^"\n]*"
    | @?[A-Z]{2,}\b | N\b                                      # a placeholder, such as FILE
    | \d{4}-\d\d-\d\d(?:T[\d:.+-]*[\d])?                       # a date or time
    | \d+(?:\.\d+)?(?:[%smhd]|[ ]?(?:[KMGT]i?)?B\b|[KMGT]\b)?(?![\w./:-])
    | [a-z]\w+://[^\s,;)'"]*[^\s,;)'":]
    | [\w-]+(?:\.[\w-]+)+(?::\d+)?(?!\w|[./:-]\w)              # a host, or the name of a file
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"""[ ]([^\s,;()'"]*[^\s,;()'":.])(?=(.?))""")
_CHOICE = re.compile(r"['\"](\w+)['\"]")
_ALWAYS = frozenset({"allow_host"})
"""Options that messages never name without a value."""
_LISTED = "ext"
"""An option whose value is a plain word, and a value only if the phrase ends after it."""


class _Named(Value, frozen=True):
    """An option that a text names, with its value as written there; "" if it has none."""

    key: str
    value: str
    start: int
    end: int


def in_keywords(text: str) -> str:
    """``text`` with the options of the command line that it names as keyword arguments of the library.

    ``--no-robots ignores it`` becomes ``no_robots=True ignores it``; ``--netrc, or --header @FILE`` becomes
    ``netrc=True, or header="@FILE"``. Options that the command line alone has are unchanged.
    """
    return in_notation(text, Place.MIRROR)


def in_notation(text: str, place: Place, typed: Collection[str] = ()) -> str:
    """``text`` with the options of the command line that it names in the notation of ``place``.

    Values of an option that is named several times become a list: ``--include '*.zip' --include '*.txt'`` becomes
    ``include = ["*.zip", "*.txt"]`` in a file, and ``include=["*.zip", "*.txt"]`` in a call. Quoted text is unchanged,
    and so are ``typed``, the keys of options that were given on the command line, and options that ``place`` lacks.
    """
    if "-" not in text or place is Place.COMMAND_LINE:
        return text
    done, at = list[str](), 0
    for group in _groups(text, place, typed):
        between = text[at : group[0].start]
        done += (", " if done and between == " " else between, _said(group, text, place))
        at = group[-1].end
    return "".join((*done, text[at:]))


def _groups(text: str, place: Place, typed: Collection[str]) -> Iterator[list[_Named]]:
    """What ``text`` names that is written otherwise at ``place``; repetitions of an option are one group."""
    group: list[_Named] = []
    for each in _named(text, place):
        key = NEGATIVE.get(each.key, each.key)
        is_known = key in CONFIG_KEYS or each.key == "" or (place.is_library and key == "input_file")
        if not is_known or key in typed:
            continue
        if group and group[-1].key == each.key and each.value and text[group[-1].end : each.start] == " ":
            group.append(each)
            continue
        if group:
            yield group
        group = [each]
    if group:
        yield group


def _named(text: str, place: Place) -> Iterator[_Named]:
    """The options in ``text``, in order. The key "" stands for -v, which the library does not have."""
    at = 0
    while (found := _TOKEN.search(text, at)) is not None:
        at = found.end()
        if found["option"]:
            key = found["option"].replace("-", "_")
            at += len(value := _value(key, text, at))
            yield _Named(key, value.strip(), found.start(), at)
        elif found["log"] and place.is_library:
            yield _Named("", "", found.start(), at)


def _value(key: str, text: str, at: int) -> str:
    """The value of the option ``key`` in ``text``, whose name ends at ``at``, with the space before it; "" for none."""
    if key in FLAGS or key in NEGATIVE:
        return ""
    if found := _VALUE.match(text, at):
        return found[0]
    if not (word := _WORD.match(text, at)):
        return ""
    ends = not word[2] or word[2] in ":,;)"
    is_value = key in _ALWAYS or word[1] in _choices(key) or (key == _LISTED and ends)
    return word[0] if is_value else ""


def _choices(key: str) -> Collection[str]:
    """The words that the option ``key`` takes, such as ``none`` for --lock."""
    kind = ProgramOptions.__annotations__.get(key)
    return _CHOICE.findall(kind.__forward_arg__) if kind is not None else ()


def _said(group: list[_Named], text: str, place: Place) -> str:
    """One option with its values at ``place``."""
    first = group[0]
    if not first.key:
        return "the log"
    if first.key == "input_file":
        return f"crawler.download {first.value}".rstrip()
    if len(group) > 1:
        return rendered(first.key, [unquoted(each.value) for each in group], place)
    if first.start == 0 and text[first.end :].startswith(":"):  # names what is wrong, not what to write
        return f"{first.key} {first.value}".rstrip()
    return setting(first.key, first.value, place, placeholders=True)
