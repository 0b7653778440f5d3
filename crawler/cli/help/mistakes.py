"""Explains an option that does not exist, or is given too often. Imported only for that message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crawler.model.options.names.hints import hint, of_another_program, own
from crawler.model.options.names.places import Place
from crawler.text.escape import printable

_DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
"""Characters that word processors and web pages put in place of hyphens, as a range of a regular expression."""
_TYPOGRAPHIC = re.compile(f"-?[{_DASHES}][-{_DASHES}]*(?=[A-Za-z])")
_ONE_LETTER = ("-e", "-h", "-q", "-v", "-w")
_FALSE = frozenset({"0", "false", "no", "off", "none", "never", ""})
_TRUE = frozenset({"1", "true", "yes", "on", "y"})
_ARGUMENT_NAMES = {"config_file": "config"}
_OPTION_LIKE = re.compile(r"--?[A-Za-z?][\w-]*(?:=.*)?|--?", re.DOTALL)
_UNIT = re.compile(r"(?:[KMGT]i?B?|bytes?)(?:/s)?|%|[smhdw]|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?", re.I)
_ONE_DASH = re.compile(r"-[A-Za-z][\w-]+(?:=.*)?", re.DOTALL)


def unknown_option(name: str, args: Sequence[str], known: Sequence[str]) -> str:
    """The message for the unknown option ``name`` (of a bundle like ``-np`` the first letter) in ``args``.

    ``known``: the options that exist.
    """
    if name in {"-?", "--?"}:
        return f"no such option: {name}: write --help"
    typed = _typed(name, args)
    if dashes := typographic_dash(args):
        return dashes
    if missing_dash := one_dash(args, known):
        return missing_dash
    for each in dict.fromkeys((typed, name)):
        if written := own(each, Place.COMMAND_LINE):
            return f"no such option: {printable(each)}: {written}"
        if here := of_another_program(each, Place.COMMAND_LINE):
            return f"no such option: {printable(each)}; {here} (see --help)"
    return f"no such option: {printable(typed)}{hint(typed, Place.COMMAND_LINE) or ' (see --help)'}"


def without_option(name: str, args: Sequence[str]) -> list[str]:
    """``args`` without the word that contains the unknown option ``name``, and a value such as ``- *.iso`` after it."""
    typed = _typed(name, args)
    at = next((place for place, arg in enumerate(args) if arg.partition("=")[0] == typed), len(args))
    following = args[at + 1 : at + 2]
    is_value = bool(following) and following[0][:1] == "-" and not _OPTION_LIKE.fullmatch(following[0])
    return [*args[:at], *args[at + 1 + is_value :]]


def _typed(name: str, args: Sequence[str]) -> str:
    """The word of the command line that contains the option ``name``, without its value."""
    words = [arg.partition("=")[0] for arg in args]
    if name in words:
        return name
    if name.startswith("--"):
        return name
    bundled = (word for word in words if re.match(r"-[A-Za-z]", word) and name[1:] in word)
    return next(bundled, next((word for word in words if word.startswith(name)), name))


def typographic_dash(args: Sequence[str]) -> str:
    """A message for an option that begins with dashes instead of hyphens, such as an en dash; "" if there is none."""
    for arg in args:
        if arg == "--":
            break
        if found := _TYPOGRAPHIC.match(arg):
            name = arg[found.end() :].partition("=")[0]
            typed = f"{'-' if len(name) == 1 else '--'}{printable(name)}"
            path = f"./{printable(arg)} if it is a path"
            return f"{printable(arg)}: options begin with hyphens, not with a dash: write {typed}, or {path}"
    return ""


def swallowed_option(values: Mapping[str, object], known: Sequence[str]) -> str:
    """A message for an option without its value, which took the next option as one; "" if there is none.

    ``values``: what each option was given, by key; ``known``: the options that exist.
    """
    for key, value in values.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and (text in _ONE_LETTER or text.partition("=")[0] in known):
                option = f"--{_ARGUMENT_NAMES.get(key, key).replace('_', '-')}"
                return f"{option} took {printable(text)} as its value: give it one of its own"
    return ""


def one_dash(args: Sequence[str], known: Sequence[str]) -> str:
    """A message for a long option that was written with one dash, such as ``-workers``; "" if there is none."""
    for arg in args:
        if arg == "--":
            break
        word = arg.partition("=")[0]
        if _ONE_DASH.fullmatch(arg) and f"-{word}" in known:
            return f"{printable(word)}: long options have two dashes: -{printable(word)}"
    return ""


def flag_with_value(name: str, args: Sequence[str]) -> str:
    """The message for the flag ``name`` if ``args`` give it a value; "" if they do not."""
    value = next((arg.partition("=")[2] for arg in args if arg.startswith(f"{name}=")), None)
    if value is None:
        return ""
    if value.lower() not in _FALSE:
        return f"{name} takes no value: write {name}"
    instead = {"--verbose": "write --quiet", "--verify-digests": "write --no-verify-digests"}.get(name, "leave it out")
    return f"{name} takes no value: {instead}"


def value_before_url(flags: Sequence[str], word: str) -> str:
    """The message for a ``word`` before URL: a value for one of the ``flags``, or the unit of a value; "" if neither.

    ``flags``: those of the command line that take no value.
    """
    if word and flags and word.lower() in _FALSE | _TRUE:
        return f"{' and '.join(flags)}: no value follows, leave out {printable(word)}"
    if _UNIT.fullmatch(word):
        return f"a value and its unit are one word: write 10{word}, not 10 {word}"
    if "--netrc" in flags and ("/" in word or "netrc" in word) and "://" not in word:
        return f"--netrc takes no value: name the file by the variable, NETRC={printable(word)}"
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
