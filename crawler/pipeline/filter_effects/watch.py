"""Watches what the filters of a run match and refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crawler.model.config import Config
from crawler.model.observer import Observer
from crawler.model.options.rules import Rule
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.pipeline.filter_effects.facts import Facts, Kind, Use, never
from crawler.pipeline.filter_effects.findings import Finding, findings
from crawler.pipeline.filter_effects.proposals import proposals
from crawler.pipeline.rules.filters import compiled_rule
from crawler.text.escape import printable

_NAMES_KEPT = 500
"""Maximum number of distinct names that are kept for suggestions."""


class FilterEffects(Observer):
    """Notes what the options --ext, --include, --exclude, sizes and ages decide. Paths are relative to DIR."""

    def __init__(self, config: Config, root: str = "") -> None:
        """``root``: URL, or "" for a list of URLs."""
        self._config = config
        self._idle = [*_extensions(config), *(_of_rule(rule, root) for rule in config.rules)]
        self._rules = tuple(self._idle)
        self._facts = Facts(is_flat=config.no_recursive)

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        if path:
            self._directory(path)

    def rejected(self, path: str, rejection: Rejection) -> None:
        if rejection.reason == Reason.DEPTH:
            self._shut(path, f"--max-depth {self._config.max_depth}")
        elif rejection.reason == Reason.EXCLUDE and rejection.subject.endswith("/"):
            self._facts.prune()
            self._shut(rejection.subject.rstrip("/"), _as_typed("exclude", printable(rejection.detail)))

    def _shut(self, path: str, option: str) -> None:
        if len(self._facts.shut) < _NAMES_KEPT:
            self._facts.shut[path] = option
        self._directory(path)

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
        self._drop(lambda use: use.kind is not Kind.DIRECTORIES and use.matches(path))
        for use in self._idle:
            use.try_file(path)

    def _directory(self, path: str) -> None:
        if len(self._facts.directories) < _NAMES_KEPT:
            self._facts.directories[path.rpartition("/")[2]] = None
        self._drop(lambda use: use.kind is Kind.DIRECTORIES and use.matches(path))
        for use in self._idle:
            use.try_directory(path)

    def _drop(self, has_matched: Callable[[Use], bool]) -> None:
        """Forget the filters that have matched something."""
        if any(map(has_matched, self._idle)):
            self._idle = [use for use in self._idle if not has_matched(use)]

    def findings(self) -> list[Finding]:
        """The findings about filters that decided nothing or refused everything, after a complete run."""
        return findings(self._facts, self._config, self._idle, self._rules)


def _of_rule(rule: Rule, root: str) -> Use:
    pattern, is_expression = compiled_rule(rule), rule.pattern.startswith("re:")
    is_of_directories = rule.pattern.endswith("/")
    any_case = compiled_rule(Rule(rule.include, rule.pattern.lower())).matches if not is_expression else None
    return Use(
        option=_as_typed("include" if rule.include else "exclude", printable(rule.pattern)),
        pattern=rule.pattern,
        kind=Kind.DIRECTORIES if is_of_directories else Kind.INCLUDE if rule.include else Kind.EXCLUDE,
        matches=pattern.matches_directory if is_of_directories else pattern.matches,
        matches_any_case=(lambda path: any_case(path.lower())) if any_case and not is_of_directories else never,
        is_shut_out=never if is_expression or is_of_directories else _below(rule.pattern),
        proposals=proposals(rule, root),
    )


def _as_typed(key: str, pattern: str) -> str:
    """The option as on the command line, with its value in quotes."""
    if "'" not in pattern:
        return f"--{key} '{pattern}'"
    from crawler.model.options.names.places import Place, rendered

    return rendered(key, [pattern], Place.COMMAND_LINE)


def _below(pattern: str) -> Callable[[str], bool]:
    """Whether the glob ``pattern``, a path, matches only what is below the directory at a path."""
    segments = pattern.strip("/").split("/")[:-1]

    def is_below(directory: str) -> bool:
        above = segments[: directory.count("/") + 1]
        if "**" in "".join(above) or len(above) <= directory.count("/"):
            return False
        return compiled_rule(Rule(True, "/" + "/".join(above))).matches(directory)

    return is_below


def _extensions(config: Config) -> list[Use]:
    names = (part.strip().lstrip("*").lstrip(".").lower() for item in config.ext for part in item.split(","))

    def matcher(extension: str) -> Callable[[str], bool]:
        return lambda path: path.lower().endswith("." + extension)

    return [
        Use(option=f"--ext {printable(name)}", pattern=name, kind=Kind.EXTENSION, matches=matcher(name),
            matches_any_case=never)
        for name in dict.fromkeys(names) if name
    ]  # fmt: skip
