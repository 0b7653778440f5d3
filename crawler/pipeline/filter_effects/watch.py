"""Watches what the filters of a run match and refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crawler.model.config import Config
from crawler.model.observer import Observer
from crawler.model.options.rules import Rule
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.pipeline.filter_effects.facts import Facts, Kind, Use
from crawler.pipeline.filter_effects.findings import Finding, findings
from crawler.pipeline.rules.filters import compiled_rule
from crawler.text.escape import printable

_WILDCARDS = frozenset("*?[")
_NAMES_KEPT = 500
"""Maximum number of distinct names that are kept for suggestions."""


class FilterEffects(Observer):
    """Notes what the options --ext, --include, --exclude, sizes and ages decide. Paths are relative to DIR."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._idle = [*_extensions(config), *map(_of_rule, config.rules)]
        self._rules = tuple(self._idle)
        self._facts = Facts()

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        if path:
            self._directory(path)

    def rejected(self, path: str, rejection: Rejection) -> None:
        if rejection.reason == Reason.EXCLUDE and rejection.subject.endswith("/"):
            self._facts.prune()
            self._directory(rejection.subject.rstrip("/"))

    def listed(self, path: str, size: int | None) -> None:
        if size is not None:
            self._facts.measure(size)

    def finished(self, result: Result) -> None:
        if result.outcome in {Outcome.DELETED, Outcome.DIRECTORY}:
            return
        if result.outcome is Outcome.SKIPPED and result.reason != Reason.DRY_RUN:
            self._facts.refuse(result.reason)
        else:
            self._facts.keep()
        if self._idle:
            self._file(result.path)

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        self._facts.keep(len(files))
        above = f"{directory}/" if directory else ""
        for file in files:
            self._facts.measure(file.size)
            if self._idle:
                self._file(above + file.name)

    def _file(self, path: str) -> None:
        name = path.rpartition("/")[2]
        if len(self._facts.names) < _NAMES_KEPT:
            self._facts.names[name] = None
        for use in self._idle:
            if use.kind is Kind.DIRECTORIES:
                continue
            if use.matches(path):
                self._idle = [each for each in self._idle if each.kind is Kind.DIRECTORIES or not each.matches(path)]
                break
            use.try_any_case(path)
            use.try_shorter(path)

    def _directory(self, path: str) -> None:
        if len(self._facts.directories) < _NAMES_KEPT:
            self._facts.directories[path.rpartition("/")[2]] = None
        for use in self._idle:
            use.try_directory(path)
        self._idle = [use for use in self._idle if not (use.kind is Kind.DIRECTORIES and use.directory)]

    def findings(self) -> list[Finding]:
        """The findings about filters that decided nothing or refused everything, after a complete run."""
        return findings(self._facts, self._config, self._idle, self._rules)


def _of_rule(rule: Rule) -> Use:
    is_of_directories = rule.pattern[-1:] == "/"
    any_case = compiled_rule(Rule(rule.include, rule.pattern.lower())).matches if rule.pattern[:3] != "re:" else None
    return Use(
        option=_as_typed("include" if rule.include else "exclude", printable(rule.pattern)),
        pattern=rule.pattern,
        kind=Kind.DIRECTORIES if is_of_directories else Kind.INCLUDE if rule.include else Kind.EXCLUDE,
        matches=compiled_rule(rule).matches,
        matches_any_case=(lambda path: any_case(path.lower())) if any_case else (lambda _path: False),
        shorter_ones={} if is_of_directories else dict(_shorter(rule)),
    )


def _as_typed(key: str, pattern: str) -> str:
    """The option as on the command line, with its value in quotes."""
    if "'" not in pattern:
        return f"--{key} '{pattern}'"
    from crawler.model.options.names.places import Place, rendered

    return rendered(key, [pattern], Place.COMMAND_LINE)


def _shorter(rule: Rule) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """The pattern of ``rule`` without its first segments, as long as these are names, and how each matches.

    A pattern of wildcards alone is left out: it would match every file.
    """
    first, slash, rest = rule.pattern.partition("/")
    while slash and rest.strip("*?/") and not _WILDCARDS.intersection(first):
        yield rest, compiled_rule(Rule(rule.include, rest)).matches
        first, slash, rest = rest.partition("/")


def _extensions(config: Config) -> list[Use]:
    names = (part.strip().lstrip("*").lstrip(".").lower() for item in config.ext for part in item.split(","))

    def matcher(extension: str) -> Callable[[str], bool]:
        return lambda path: path.lower().endswith("." + extension)

    return [
        Use(option=f"--ext {printable(name)}", pattern=name, kind=Kind.EXTENSION, matches=matcher(name),
            matches_any_case=lambda _path: False)
        for name in dict.fromkeys(names) if name
    ]  # fmt: skip
