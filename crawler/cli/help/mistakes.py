"""Explains an option that does not exist, or is given too often. Imported only for that message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.model.options.names.hints import hint, of_another_program, own
from crawler.model.options.names.places import Place
from crawler.text.escape import printable

_ONE_DASH = re.compile(r"-[A-Za-z][\w-]+(?:=.*)?", re.DOTALL)


def unknown_option(name: str, args: Sequence[str], known: Sequence[str]) -> str:
    """The message for the unknown option ``name`` (of a bundle like ``-np`` the first letter) in ``args``.

    ``known``: the options that exist.
    """
    typed = _typed(name, args)
    if missing_dash := one_dash(args, known):
        return missing_dash
    for each in dict.fromkeys((typed, name)):
        if written := own(each, Place.COMMAND_LINE):
            return f"no such option: {printable(each)}: {written}"
        if here := of_another_program(each, Place.COMMAND_LINE):
            return f"no such option: {printable(each)}; {here} (see --help)"
    return f"no such option: {printable(typed)}{hint(typed, Place.COMMAND_LINE) or ' (see --help)'}"


def _typed(name: str, args: Sequence[str]) -> str:
    """The word of the command line that contains the option ``name``, without its value."""
    words = [arg.partition("=")[0] for arg in args]
    if name in words:
        return name
    if name.startswith("--"):
        return name
    return next((word for word in words if re.match(r"-[A-Za-z]", word) and name[1:] in word), name)


def one_dash(args: Sequence[str], known: Sequence[str]) -> str:
    """A message for a long option that was written with one dash, such as ``-workers``; "" if there is none."""
    for arg in args:
        if arg == "--":
            break
        word = arg.partition("=")[0]
        if _ONE_DASH.fullmatch(arg) and f"-{word}" in known:
            return f"{printable(word)}: long options have two dashes: -{printable(word)}"
    return ""


def repeated(option: str, values: Sequence[str]) -> str:
    """Explain in one line that ``option``, which takes one value, was given several ``values``."""
    advice = {
        "--config": "run the program once for each file",
        "--input-file": "join the lists and give - for standard input, or run the program once for each",
        "--explain": "run the program once for each entry",
    }.get(option, "give one")
    times = "twice" if len(values) == 2 else f"{len(values)} times"
    return f"{option} is given {times} ({', '.join(map(printable, values))}): {advice}"
