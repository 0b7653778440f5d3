"""Filter rules: --include and --exclude, in order."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

from crawler.model.errors import ConfigError, Problems
from crawler.model.options.given import several
from crawler.model.options.option import location_of
from crawler.model.struct import Value

LAST = (
    "*SUMS*", "*CHECKSUM*", "*checksums*", "*.sha1", "*.sha256", "*.sha512", "*.md5", "*.asc", "*.sig", "Release",
    "InRelease", "Release.gpg", "repomd.xml", "Packages*", "Sources*", "APKINDEX*", "*.db",
)  # fmt: skip
"""Patterns of files that are saved after everything else, unless --last gives others."""


class Rule(Value, frozen=True):
    """A filter rule: one --include or --exclude."""

    include: bool
    pattern: str


def compile_expression(text: str) -> re.Pattern[str]:
    """``text`` as a regular expression, without Python's warnings about what a later version may read differently."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(text)


def check_pattern(text: str) -> str:
    """The pattern of a filter rule, unchanged. Raises ValueError if it is empty or an invalid regular expression."""
    if text.startswith("re:"):
        try:
            compile_expression(text[3:])
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if posix := re.search(r"\[:\^?[a-z]+:\]", text):
            raise ValueError(f"{posix[0]} is not known in regular expressions here: write \\d, \\w, \\s or [A-Za-z]")
    if not text:
        raise ValueError("expected a pattern")
    if not text.strip("/"):
        raise ValueError("expected the name or path of what is below URL: the directory at URL is always entered")
    return text


def check_last(text: str) -> str:
    """A pattern of --last, unchanged. Raises ValueError if no name of a file can match it."""
    if "/" in text:
        raise ValueError("it is compared with names of files, which have no slash")
    return text


def parse_rule(text: str, *, include: bool, where: str) -> Rule:
    """The Rule for the value of an --include or --exclude. Raises ConfigError."""
    try:
        return Rule(include, check_pattern(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r}: {error}") from None


def check_rules(rules: object, where: str) -> tuple[Rule, ...]:
    """A sequence of Rule as a tuple. Raises ConfigError."""
    found = [rules] if isinstance(rules, set | frozenset) else several(rules)  # refused: sets have no order
    if not all(isinstance(rule, Rule) for rule in found):
        raise ConfigError(f"{where}: rules: expected a sequence of Rule (include and exclude accept strings)")
    kept = [rule for rule in found if isinstance(rule, Rule)]
    checked = (parse_rule(rule.pattern, include=rule.include, where=f"{where}: rules") for rule in kept)
    return _effective(tuple(checked), where)


def _effective(rules: tuple[Rule, ...], where: str) -> tuple[Rule, ...]:
    """``rules`` unchanged. Raises ConfigError if the last rule for directories is an include: it has no effect."""
    of_directories = [rule for rule in rules if rule.pattern.endswith("/")]
    if of_directories and of_directories[-1].include:
        where, pattern = location_of(where, "include"), of_directories[-1].pattern
        raise ConfigError(
            f"{where}: {pattern!r} has no effect: a rule ending in / applies to directories, and these are entered "
            "unless a later exclude matches: leave it out; for the files below a directory write 'directory/**'"
        )
    return rules


def rules_of(values: Mapping[str, object], where: str) -> tuple[Rule, ...]:
    """The rules in ``include`` and ``exclude``, includes first, because the two lists have no common order.

    Raises ConfigError.
    """
    rules, problems = list[Rule](), Problems()
    for key in ("include", "exclude"):
        for text in several(values.get(key, [])):
            with problems.collecting():
                if not isinstance(text, str):
                    kind, expression = type(text).__name__, getattr(text, "pattern", "")
                    advice = f": write 're:{expression}'" if isinstance(expression, str) and expression else ""
                    raise ConfigError(f"{where}: {key}: expected a string or a list of strings, not {kind}{advice}")
                rules.append(parse_rule(str.__str__(text), include=key == "include", where=f"{where}: {key}"))
    problems.raise_any()
    return _effective(tuple(rules), where)
