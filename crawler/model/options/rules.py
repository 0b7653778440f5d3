"""Filter rules: --include and --exclude, in order."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.errors import ConfigError
from crawler.model.options.readers import check_pattern
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


def parse_rule(text: str, *, include: bool, where: str) -> Rule:
    """The Rule for the value of an --include or --exclude. Raises ConfigError."""
    try:
        return Rule(include, check_pattern(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r}: {error}") from None


def check_rules(rules: object, where: str) -> tuple[Rule, ...]:
    """A sequence of Rule as a tuple. Raises ConfigError."""
    if not isinstance(rules, list | tuple) or not all(isinstance(rule, Rule) for rule in rules):
        raise ConfigError(f"{where}: rules: expected a sequence of Rule (include and exclude accept strings)")
    return tuple(parse_rule(rule.pattern, include=rule.include, where=f"{where}: rules") for rule in rules)


def rules_of(values: Mapping[str, object], where: str) -> tuple[Rule, ...]:
    """The rules in ``include`` and ``exclude``, includes first, because the two lists have no common order.

    Raises ConfigError.
    """
    rules = []
    for key in ("include", "exclude"):
        value = values.get(key, [])
        for text in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(text, str):
                raise ConfigError(f"{where}: {key}: expected a string or a list of strings")
            rules.append(parse_rule(text, include=key == "include", where=f"{where}: {key}"))
    return tuple(rules)
