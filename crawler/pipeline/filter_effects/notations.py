"""Translates patterns in other notations, such as those of a shell or a URL, into patterns for --include."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from crawler.model.options.rules import Rule, check_pattern
from crawler.model.struct import Value
from crawler.text import urls

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_SET_OR_SEPARATOR = re.compile(r"\[[^\]]*\]|[,|;\s]")
_EXPRESSION = re.compile(r"\\[.dwsSDWb]|\.\+|^\^|\$$|\([^()]*\|[^()]*\)")
_ANYTHING = re.compile(r"\.\*[^.]")
"""What begins an expression if it selects files; a glob that leaves out hidden files may begin like this, too."""
_MARKED = re.compile(r"(?:re|regexp?|rx|r):\s*(?P<prefixed>.+)|\{\{(?P<doubled>.+)\}\}", re.I | re.S)
"""A regular expression as other programs mark it."""
_QUOTES = (("'", "'"), ('"', '"'), ("`", "`"), ("\u2018", "\u2019"), ("\u201c", "\u201d"), ("\u00ab", "\u00bb"))
_SIGNED = re.compile(r"([+-])\s*(.+)", re.S)
_PLACE = re.compile(r"(?:\./)+")
_SEPARATORS = {",": "a comma", "|": "|", ";": "a semicolon"}
_MOST = 16
"""Maximum number of patterns that are proposed in place of one."""
_NESTED = 3
"""Number of notations that are translated one after the other, such as a path within quotes."""


class Reading(Value, frozen=True):
    """What a pattern in another notation may mean."""

    why: str
    rules: tuple[Rule, ...]
    is_certain: bool = False
    """Whether the notation itself says that it is not one of this program's, even if the reading matches nothing."""


def readings(rule: Rule, root: str) -> list[Reading]:
    """What ``rule``, which decided nothing, may mean, the likeliest first; empty if it is in no other notation.

    ``root``: URL, or "" for a list of URLs. Each reading has to be tried against what was listed.
    """
    return [each for first in _first_readings(rule, root) for each in _with_inner(first, root)]


def _first_readings(rule: Rule, root: str) -> Iterator[Reading]:
    """What ``rule`` may mean if one notation is translated."""
    if rule.pattern.startswith("re:"):
        return
    relative = (Reading("a path is relative to URL", (Rule(rule.include, bare),)) for bare in _relatives(rule, root))
    for each in (*relative, *(step(rule) for step in _STEPS)):
        if each is not None and 0 < len(each.rules) <= _MOST and all(_is_valid(rule.pattern) for rule in each.rules):
            yield each


def _with_inner(found: Reading, root: str) -> Iterator[Reading]:
    """``found``, and what its rules may mean in turn, such as a path within quotes."""
    for _ in range(_NESTED):
        yield found
        inner = [next(_first_readings(rule, root), None) for rule in found.rules]
        pairs = zip(found.rules, inner, strict=True)
        rules = tuple(each for rule, meant in pairs for each in (meant.rules if meant else (rule,)))
        if rules == found.rules or len(rules) > _MOST:
            return
        found = Reading(found.why, rules, found.is_certain)


def _is_valid(pattern: str) -> bool:
    try:
        check_pattern(pattern)
    except ValueError:
        return False
    return selects(pattern)


def selects(pattern: str) -> bool:
    """Whether ``pattern`` is more than wildcards, which would match everything."""
    return bool(pattern.strip("*?/"))


def _quoted(rule: Rule) -> Reading | None:
    """The pattern without quotes, which a shell has not removed."""
    text = rule.pattern.strip()
    for first, last in _QUOTES:
        if len(text) > 2 and text[0] == first and text[-1] == last:
            return Reading("the quotes are part of the pattern", (Rule(rule.include, text[1:-1]),), True)
    return None


def _tidied(rule: Rule) -> Reading | None:
    """The pattern without spaces around it and characters of East Asian width."""
    from unicodedata import normalize

    bare, plain = rule.pattern.strip(), normalize("NFKC", rule.pattern)
    if bare != rule.pattern:
        return Reading("the spaces around it are part of the pattern", (Rule(rule.include, bare),))
    if plain != rule.pattern:
        return Reading("some of its characters only look like others", (Rule(rule.include, plain),))
    return None


def _negated(rule: Rule) -> Reading | None:
    """The opposite rule, for a pattern that begins with an exclamation mark."""
    if rule.pattern[0] != "!" or not rule.pattern[1:]:
        return None
    return Reading("! does not negate a pattern", (Rule(not rule.include, rule.pattern[1:]),))


def _signed(rule: Rule) -> Reading | None:
    """The rule that a plus or minus sign marks in rsync, rclone and HTTrack."""
    found = _SIGNED.fullmatch(rule.pattern)
    if found is None:
        return None
    return Reading(f"{found[1]} in front is not known here", (Rule(found[1] == "+", found[2]),))


def _expression(rule: Rule) -> Reading | None:
    """A regular expression."""
    pattern = rule.pattern
    if marked := _MARKED.fullmatch(pattern):
        inner = marked["prefixed"] or marked["doubled"]
        return Reading("a regular expression is written re:…", (Rule(rule.include, f"re:{inner}"),), True)
    if not _EXPRESSION.search(pattern) and not (rule.include and _ANYTHING.match(pattern)):
        return None
    return Reading("a regular expression needs re: in front", (Rule(rule.include, f"re:{pattern}"),))


def _anchored(rule: Rule) -> Reading | None:
    """A glob between the anchors of a regular expression."""
    bare = rule.pattern.removeprefix("^").removesuffix("$")
    if bare == rule.pattern or not bare:
        return None
    return Reading("a pattern matches whole names without ^ and $", (Rule(rule.include, bare),))


def _several(rule: Rule) -> Reading | None:
    """Several patterns in one."""
    pattern = rule.pattern.strip()
    if not _BRACES.search(pattern) and not any(sign in pattern for sign in _SEPARATORS):
        return None
    return _divided(rule, pattern)


def _listed(rule: Rule) -> Reading | None:
    """Several patterns with spaces between."""
    return _divided(rule, rule.pattern.strip()) if re.search(r"\s", rule.pattern.strip()) else None


def _divided(rule: Rule, pattern: str) -> Reading | None:
    """A rule for each part of ``pattern``; None if it has only one."""
    parts = [part for each in _expanded(pattern) for part in _split(each) if part]
    if len(parts) < 2:
        return None
    signs = [found[0] for found in _SET_OR_SEPARATOR.finditer(pattern) if len(found[0]) == 1]
    sign = next((_SEPARATORS[each] for each in signs if each in _SEPARATORS), "a space")
    is_braced = _BRACES.search(pattern) is not None
    why = "{a,b} is not supported" if is_braced else f"{sign} does not separate patterns"
    rules = tuple(Rule(rule.include, each) for each in dict.fromkeys(map(_placed, parts)) if each)
    return Reading(why, rules, is_braced)


def _slashed(rule: Rule) -> Reading | None:
    """A path that begins with a slash, which need not be in the directory at URL."""
    bare = rule.pattern.lstrip("/")
    if bare == rule.pattern:
        return None
    return Reading("a slash in front means the directory at URL alone", (Rule(rule.include, bare),))


def _backslashed(rule: Rule) -> Reading | None:
    """A path of Windows."""
    if "\\" not in rule.pattern:
        return None
    return Reading("a path is written with /", (Rule(rule.include, rule.pattern.replace("\\", "/")),))


def _encoded(rule: Rule) -> Reading | None:
    """A name as in a URL."""
    plain = unquote_to_bytes(rule.pattern.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    if plain == rule.pattern or "://" in rule.pattern:
        return None
    return Reading("names are matched without percent-encoding", (Rule(rule.include, plain),))


def _bracketed(rule: Rule) -> Reading | None:
    """A name that contains brackets."""
    if "[" not in rule.pattern:
        return None
    return Reading("[…] is a set of characters", (Rule(rule.include, rule.pattern.replace("[", "[[]")),))


def _in_place(rule: Rule) -> Reading | None:
    """A path that begins with ``./``."""
    place, bare = _PLACE.match(rule.pattern), _placed(rule.pattern)
    if not place or not bare:
        return None
    return Reading(f"paths are relative to URL, without {place[0]}", (Rule(rule.include, bare),))


_STEPS: tuple[Callable[[Rule], Reading | None], ...] = (
    _quoted, _expression, _several, _tidied, _negated, _signed, _anchored, _in_place, _slashed, _backslashed, _encoded,
    _bracketed, _listed,
)  # fmt: skip


def _relatives(rule: Rule, root: str) -> Iterator[str]:
    """The pattern of ``rule`` without what repeats URL or the end of its path, in each way to read it."""
    pattern = rule.pattern
    if not root:
        return
    host, above = _host_and_path(_directory(root))
    if "://" in pattern:
        path = _host_and_path(pattern)[1]
        if urls.is_same_site(urls.origin(root), urls.origin(pattern)) and path.startswith(above):
            yield path[len(above) :]
        return
    if pattern.startswith("/") and pattern.startswith(above):
        yield pattern[len(above) :]
    bare = pattern.lstrip("/")
    ends = [host, *filter(None, above.split("/"))]
    for count in range(len(ends), 0, -1):
        end = "/".join(ends[-count:]) + "/"
        if bare.startswith(end):
            yield bare[len(end) :]


def _directory(root: str) -> str:
    """The URL of the directory whose listing is at ``root``."""
    return urls.directory_of(root) if urls.looks_like_file(root) else f"{urls.before_query(root).rstrip('/')}/"


def _host_and_path(url: str) -> tuple[str, str]:
    """The host of ``url``, and its decoded path with everything behind it, which may be part of a pattern."""
    host, _, path = url.partition("://")[2].partition("/")
    return host, "/" + urls.decoded(path)


def _placed(pattern: str) -> str:
    """``pattern`` without ``./`` in front."""
    place = _PLACE.match(pattern)
    return pattern[place.end() :] if place else pattern


def _expanded(pattern: str) -> Iterator[str]:
    """The patterns that a shell makes of ``pattern``, whose braces contain alternatives; a few too many at most."""
    waiting = [pattern]
    for _ in range(4 * _MOST):
        if not waiting:
            return
        text = waiting.pop()
        found = _BRACES.search(text)
        if found is None:
            yield text
        else:
            options = found[1].split(",")
            waiting += [f"{text[: found.start()]}{each.strip()}{text[found.end() :]}" for each in reversed(options)]


def _split(pattern: str) -> Iterator[str]:
    """The parts of ``pattern`` between separators outside of sets such as ``[a,b]``."""
    start = 0
    for found in _SET_OR_SEPARATOR.finditer(pattern):
        if len(found[0]) == 1:
            yield pattern[start : found.start()].strip()
            start = found.end()
    yield pattern[start:].strip()
