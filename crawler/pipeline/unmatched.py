"""Finds the filters by name that match nothing in a run: a misspelt one would otherwise silently save nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crawler.model.config import Config
from crawler.model.observer import Observer
from crawler.model.options.rules import Rule
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.struct import Struct
from crawler.model.values import Outcome, Result
from crawler.pipeline.rules.filters import compiled_rule
from crawler.text.escape import printable

_EXTENSIONS_NAMED = 5
_WILDCARD = re.compile(r"[*?\[]")


class _Pending(Struct):
    """A filter that has matched no file so far."""

    option: str
    """The option and its pattern, as on the command line."""
    pattern: str
    is_include: bool
    matches: Callable[[str], bool]
    matches_any_case: Callable[[str], bool]
    near: str = ""
    """Path of a file that would match if case were ignored; "" if there is none."""
    directory: str = ""
    """Path of a directory that matches; "" if there is none."""


class UnmatchedFilters(Observer):
    """Notes which of the options --ext, --include and --exclude match no file. Paths are relative to DIR."""

    def __init__(self, config: Config) -> None:
        self._pending = [*_extensions(config), *(_of_rule(rule) for rule in config.rules if rule.pattern[-1:] != "/")]
        self._extensions = dict[str, None]()
        """The first few extensions of listed files, in order."""
        self._kept = self._listed = 0

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        for each in self._pending if path else ():
            if not each.directory and each.matches(path):
                each.directory = path

    def finished(self, result: Result) -> None:
        if result.outcome in {Outcome.DELETED, Outcome.DIRECTORY}:
            return
        self._listed += 1
        self._kept += result.outcome is not Outcome.SKIPPED or result.reason == Reason.DRY_RUN
        if self._pending:
            self._test(result.path)

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        self._listed += len(files)
        self._kept += len(files)
        above = f"{directory}/" if directory else ""
        for file in files if self._pending else ():
            self._test(above + file.name)

    def _test(self, path: str) -> None:
        for each in self._pending:
            if each.matches(path):
                self._pending = [other for other in self._pending if not other.matches(path)]
                break
            if not each.near and each.matches_any_case(path):
                each.near = path
        if len(self._extensions) < _EXTENSIONS_NAMED:
            extension = path.rpartition("/")[2].rpartition(".")[2]
            if 0 < len(extension) < 12 and "." in path:
                self._extensions[extension] = None

    def texts(self) -> list[str]:
        """A warning for each filter that matched nothing, except for rules that may well match nothing."""
        return [text for each in self._pending if self._listed and (text := self._text(each))]

    @property
    def is_all_refused(self) -> bool:
        """Whether the filters refused everything."""
        return not self._kept

    def _text(self, each: _Pending) -> str:
        name = printable(each.pattern)
        if each.directory:
            write = f"{name}/**" if each.is_include else f"{name}/"
            return f"no file matched {each.option}: {printable(each.directory)} is a directory: write '{write}'"
        if not each.is_include:
            return ""  # there may be nothing to exclude at present
        text = f"no file matched {each.option}"
        if each.near:
            return f"{text}: upper and lower case differ, there is {printable(each.near)}"
        if each.option.startswith("--ext"):
            return f"{text}: the extensions listed are {', '.join(map(printable, self._extensions)) or 'none'}"
        if not _WILDCARD.search(each.pattern) and not each.pattern.startswith("re:"):
            return f"{text}: a pattern is for the whole name, '*{name}*' for a part of it"
        return text


def _of_rule(rule: Rule) -> _Pending:
    option = f"--{'include' if rule.include else 'exclude'} '{printable(rule.pattern)}'"
    any_case = compiled_rule(Rule(rule.include, rule.pattern.lower())).matches if rule.pattern[:3] != "re:" else None
    return _Pending(
        option=option,
        pattern=rule.pattern,
        is_include=rule.include,
        matches=compiled_rule(rule).matches,
        matches_any_case=(lambda path: any_case(path.lower())) if any_case else (lambda _path: False),
    )


def _extensions(config: Config) -> list[_Pending]:
    names = (part.strip().lstrip("*").lstrip(".").lower() for item in config.ext for part in item.split(","))

    def matcher(extension: str) -> Callable[[str], bool]:
        return lambda path: path.lower().endswith("." + extension)

    return [
        _Pending(option=f"--ext {printable(name)}", pattern=name, is_include=True, matches=matcher(name),
                 matches_any_case=lambda _path: False)
        for name in dict.fromkeys(names) if name
    ]  # fmt: skip
