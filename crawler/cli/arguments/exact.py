"""Reads command lines that need no parser: each word is an option in full, its value, or a positional argument.

Nearly every command line is of that kind. Importing and building the parser of the others, with help, completion and
suggestions, takes a tenth of a short run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from crawler.cli.arguments.declared import RULE_SIGNS, VERBOSITY, Declared, declared_options


def read_exact(args: Sequence[str]) -> dict[str, Any] | None:
    """The value of each option and of ``positional`` by key, as ``with_click`` reads them; None if that has to.

    Options that are given come first, in their order.
    """
    options = list(declared_options())
    spelled = {spelling: option for option in options for spelling in (*option.spellings, option.negative) if spelling}
    given: dict[str, object] = {}
    positional: list[str] = []
    words = iter(args)
    for word in words:
        if word[:1] != "-" or word == "-":
            positional.append(word)
            continue
        name, equals, value = word.partition("=")
        option = spelled.get(name)
        if option is None or (equals and (option.metavar is None or not name.startswith("--"))):
            return None
        if option.metavar is None:
            _switch(given, option, name)
            continue
        if not equals:
            value = next(words, "-")
            if value[:1] == "-":  # there is no value, or what stands there looks like an option
                return None
        _add(given, option, RULE_SIGNS.get(name, "") + value)
    return {**given, **{each.key: each.default for each in options if each.key not in given}, "positional": positional}


def _switch(given: dict[str, object], option: Declared, name: str) -> None:
    """Note the flag ``name`` of ``option``."""
    if option.key == VERBOSITY:
        given[option.key] = cast("int", given.get(option.key, 0)) + 1
    else:
        given[option.key] = name != option.negative


def _add(given: dict[str, object], option: Declared, value: str) -> None:
    before = cast("tuple[str, ...]", given.get(option.key, ()))
    given[option.key] = (*before, value) if option.has_tuple else value
