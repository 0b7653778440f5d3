"""Filters: decide which files of a listing are wanted, by extension, include and exclude rules, size and age.

A filter returns the rule that decided. A listing shows size and time as intervals, which may leave a limit undecided;
then the response headers decide before the body is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from crawler.model.config import Config
from crawler.model.limits import EASTERNMOST_ZONE
from crawler.model.options.rules import Rule, compile_expression
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.model.values import Rejection, Span
from crawler.text.names.places import directories_above
from crawler.text.patterns import pattern

_GLOBSTAR = pattern(r"\*{2,}/?")
_TOKEN = pattern(r"\*|\?|\[(?P<not>[!^]?)(?P<set>\]?[^\]/]*)\]|[^*?\[]+|\[")


class Check(Value, frozen=True, kw_only=True):
    """The result of one rule for one file, for ``--explain``."""

    rule: str
    """The rule as on the command line: ``--exclude *debug*``."""
    matched: bool | None
    """Whether the rule matches the file; None if this cannot be decided by the listing alone."""


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """Compile a glob to a function that tells whether it matches a whole name or path.

    ``*`` and ``?`` do not match slashes, ``**`` does; ``[a-z]`` and ``[!a-z]`` are sets. ``**/`` matches any number of
    directories, including none. Matching is case-sensitive.

    Names come from servers, so no name must make matching slow. A wildcard that is followed by another one takes the
    first position that fits and never tries a second one (an atomic group); no match is lost.
    """
    stars, parts = list(_GLOBSTAR.finditer(pattern)), _GLOBSTAR.split(pattern)
    text = _segments(parts[0], final=not stars)
    for star, part in zip(stars, parts[1:], strict=True):
        crossing = ".*?"
        if star[0].endswith("/"):
            opens_segment = star.start() == 0 or pattern[star.start() - 1] == "/"
            crossing = "(?:.*?/)??" if opens_segment else ".*?/"
        final = star is stars[-1]
        body = crossing + _segments(part, final=final)
        text += body if final else f"(?>{body})"
    compiled = re.compile(text, re.DOTALL)
    return lambda subject: compiled.fullmatch(subject) is not None


def _segments(part: str, *, final: bool) -> str:
    """The regular expression of a glob without ``**``. ``final``: the pattern ends with it."""
    runs = [""]
    for token in _TOKEN.finditer(part):
        if token[0] == "*":
            runs.append("")
        elif token[0] == "?":
            runs[-1] += "[^/]"
        elif token["set"]:
            runs[-1] += _set(token["set"], negated=bool(token["not"]))
        else:
            runs[-1] += re.escape(token[0])
    text = runs[0]
    for number, run in enumerate(runs[1:], start=2):
        text += f"[^/]*?{run}" if final and number == len(runs) else f"(?>[^/]*?{run})"
    return text


def _set(characters: str, *, negated: bool) -> str:
    inside = ""
    for item in re.finditer(r"(.)-(.)|(.)", characters, re.DOTALL):
        if item[3]:
            inside += re.escape(item[3])
        elif item[1] <= item[2]:  # a reversed range matches nothing
            inside += f"{re.escape(item[1])}-{re.escape(item[2])}"
    if negated:
        return f"[^/{inside}]"
    return f"(?!/)[{inside}]" if inside else "(?!)"


class Pattern(Value, frozen=True):
    """A compiled include or exclude rule."""

    rule: Rule
    on_name: bool
    test: Callable[[str], bool]

    @property
    def text(self) -> str:
        return f"--{'include' if self.rule.include else 'exclude'} {self.rule.pattern}"

    def matches(self, path: str) -> bool:
        """Whether the rule matches ``path`` (relative to URL). For regular expressions, directories end in a slash."""
        return self.test(path.rpartition("/")[2] if self.on_name else path)

    def matches_directory(self, path: str) -> bool:
        return self.matches(path + "/" if self.rule.pattern.startswith("re:") else path)


def compiled_rule(rule: Rule) -> Pattern:
    if rule.pattern.startswith("re:"):
        compiled = compile_expression(rule.pattern[3:])
        return Pattern(rule, False, lambda path: compiled.search(path) is not None)
    glob = rule.pattern.removesuffix("/")
    return Pattern(rule, "/" not in glob, compile_glob(glob.removeprefix("/")))


class _Limit(Value, frozen=True):
    """A limit on size or age. ``bound`` has the type of the values that are compared to it."""

    rule: str
    reason: str
    bound: Any
    minimum: bool

    def holds(self, low: Any, high: Any) -> bool | None:
        """Whether the limit holds for a value between ``low`` and ``high``; None if that depends on the value."""
        if self.minimum:
            return True if low >= self.bound else False if high < self.bound else None
        return True if high <= self.bound else False if low > self.bound else None


def _limits_of(config: Config, now: datetime) -> tuple[list[_Limit], list[_Limit]]:
    sizes, ages = [], []
    if config.min_size is not None:
        sizes.append(_Limit(f"--min-size {config.min_size}", Reason.TOO_SMALL, config.min_size, True))
    if config.max_size is not None:
        sizes.append(_Limit(f"--max-size {config.max_size}", Reason.TOO_LARGE, config.max_size, False))
    if config.newer_than is not None:
        moment = _moment(config.newer_than, now)
        ages.append(_Limit(f"--newer-than {moment.isoformat()}", Reason.TOO_OLD, moment, True))
    if config.older_than is not None:
        moment = _moment(config.older_than, now)
        ages.append(_Limit(f"--older-than {moment.isoformat()}", Reason.TOO_NEW, moment, False))
    return sizes, ages


def _moment(age: datetime | timedelta, now: datetime) -> datetime:
    if isinstance(age, datetime):
        return age
    try:
        return now - age
    except OverflowError:  # the date would be before the year 1
        return datetime.min.replace(tzinfo=UTC)


class Filters:
    """The filters of one run."""

    def __init__(self, config: Config, now: datetime) -> None:
        """``now``: the start of the run, with a time zone; ages count back from it."""
        texts = (part.strip().lstrip("*").lstrip(".").lower() for item in config.ext for part in item.split(","))
        self._extensions = tuple("." + text for text in dict.fromkeys(texts) if text)
        patterns = [compiled_rule(rule) for rule in config.rules]
        self._directory_rules = [item for item in patterns if item.rule.pattern.endswith("/")]
        self._file_rules = [item for item in patterns if not item.rule.pattern.endswith("/")]
        self._included = ", ".join(item.rule.pattern for item in self._file_rules if item.rule.include)
        self._sizes, self._ages = _limits_of(config, now)
        self._by_name = bool(self._extensions or patterns)
        self.has_limits = bool(self._sizes or self._ages)
        """Whether there is any limit on size or age."""
        self.refuse_nothing = not (self._by_name or self.has_limits)
        """Whether every file is wanted."""
        self._excluded_in = lru_cache(maxsize=1024)(self._find_excluded_in)

    def rejects(
        self, path: str, name: str, size: Span[int] | None, modified: Span[datetime] | None
    ) -> Rejection | None:
        """The rejection of the file ``name`` at ``path`` (relative to URL); None if it is wanted or headers decide.

        A file below an excluded directory is refused, too: flat listings show all levels at once.
        """
        if self._by_name:
            rejection = self._rejects_name(path, name)
            if rejection:
                return rejection
        if self.has_limits:
            for limit, held in self._held(size, modified):
                if held is False:
                    return Rejection(limit.reason, path, limit.rule)
        return None

    def needs_headers(self, size: Span[int] | None, modified: Span[datetime] | None) -> bool:
        """Whether a limit on size or age is set and cannot be decided by these spans."""
        return self.has_limits and any(held is None for _, held in self._held(size, modified))

    def rejects_headers(self, size: int | None, modified: datetime | None, path: str = "") -> Rejection | None:
        """The rejection of a file by its Content-Length or Last-Modified, or None. A missing header refuses nothing."""
        exact = None if size is None else Span(size, size)
        for limit, held in self._held(exact, None if modified is None else Span(modified, modified)):
            if held is False:
                return Rejection(limit.reason, path, limit.rule)
        return None

    def prunes(self, path: str) -> Rejection | None:
        """The rejection of the directory ``path`` (relative to URL); None if it is entered.

        It is not entered if the first directory rule that matches it, or a directory above it, is an exclude rule.
        """
        rule = self._excluded_in(path.rstrip("/")) if self._directory_rules else None
        return Rejection(Reason.EXCLUDE, path.rstrip("/") + "/", rule) if rule else None

    def explains(self, path: str, name: str, size: Span[int] | None, modified: Span[datetime] | None) -> list[Check]:
        """All rules in the order of evaluation, each with its result for this file."""
        checks = []
        if self._extensions:
            checks.append(Check(rule=f"--ext {self._extension_list()}", matched=self._has_extension(name)))
        above = list(directories_above(path))
        checks += [
            Check(rule=item.text, matched=any(item.matches_directory(directory) for directory in above))
            for item in self._directory_rules
        ]
        checks += [Check(rule=item.text, matched=item.matches(path)) for item in self._file_rules]
        return checks + [Check(rule=limit.rule, matched=held) for limit, held in self._held(size, modified)]

    def _extension_list(self) -> str:
        return ",".join(extension[1:] for extension in self._extensions)

    def _has_extension(self, name: str) -> bool:
        lowered = name.lower()
        # A file that is named just ".zip" is a hidden file without an extension.
        return lowered.endswith(self._extensions) and lowered not in self._extensions

    def _rejects_name(self, path: str, name: str) -> Rejection | None:
        if self._extensions and not self._has_extension(name):
            return Rejection(Reason.EXTENSION, path, self._extension_list())
        if self._directory_rules:
            rule = self._excluded_in(path.rpartition("/")[0])
            if rule:
                return Rejection(Reason.EXCLUDE, path, rule)
        for item in self._file_rules:
            if item.test(name if item.on_name else path):
                return None if item.rule.include else Rejection(Reason.EXCLUDE, path, item.rule.pattern)
        return Rejection(Reason.NOT_INCLUDED, path, self._included) if self._included else None

    def _find_excluded_in(self, directory: str) -> str | None:
        for above in directories_above(directory + "/"):
            deciding = next((item.rule for item in self._directory_rules if item.matches_directory(above)), None)
            if deciding and not deciding.include:
                return deciding.pattern
        return None

    def _held(self, size: Span[int] | None, modified: Span[datetime] | None) -> Iterator[tuple[_Limit, bool | None]]:
        for limit in self._sizes:
            yield limit, None if size is None else limit.holds(size.low, size.high)
        times = _moments(modified) if self._ages else None
        for limit in self._ages:
            yield limit, None if times is None else limit.holds(*times)


class Excluded(Container[str]):
    """The set of all paths that the filters exclude; neither these files nor their parts are deleted."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str):
            return False
        return self._filters.rejects(path, path.rpartition("/")[2], None, None) is not None


def _moments(span: Span[datetime] | None) -> tuple[datetime, datetime] | None:
    """The first and the last moment that ``span`` can mean, with time zones; None if it is not a real time."""
    if span is None:
        return None
    if span.low.tzinfo is not None:
        return span.low, span.high
    try:
        return span.low.replace(tzinfo=UTC) - EASTERNMOST_ZONE, span.high.replace(tzinfo=UTC) + EASTERNMOST_ZONE
    except OverflowError:  # in the year 1 or 9999, so not a real time
        return None
