"""Tries what a pattern may mean against what a run lists; only what matches something is proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crawler.model.options.rules import Rule
from crawler.model.struct import Struct
from crawler.pipeline.filter_effects.notations import readings, selects
from crawler.pipeline.rules.filters import compiled_rule


class Trial(Struct):
    """A rule that may have been meant, as one for files and as one for directories, and what it has matched so far."""

    for_files: Rule
    for_directories: Rule
    """The same for directories; an include rule for what is below them."""
    is_of_directories: bool
    """Whether the pattern was written as one for directories."""
    matches_file: Callable[[str], bool]
    matches_directory: Callable[[str], bool]
    file: str = ""
    """Path of a file that the rule for files matches; "" if there is none."""
    directory: str = ""
    """Path of a directory that the rule for directories matches; "" if there is none."""

    @classmethod
    def of(cls, rule: Rule) -> Trial:
        """The trial of ``rule``, for files and for directories alike."""
        pattern = rule.pattern
        bare, is_expression = pattern.rstrip("/"), pattern.startswith("re:")
        whole = bare.removesuffix("$") if is_expression else bare
        below = ("/." if is_expression else "/**") if rule.include else "/"
        return cls(
            for_files=Rule(rule.include, bare),
            for_directories=Rule(rule.include, whole + below),
            is_of_directories=pattern.endswith("/"),
            matches_file=compiled_rule(Rule(rule.include, bare)).matches,
            matches_directory=compiled_rule(Rule(False, f"{whole}/")).matches_directory,
        )

    def try_file(self, path: str) -> None:
        """Note the file ``path`` if it matches."""
        if not self.file and self.matches_file(path):
            self.file = path

    def try_directory(self, path: str) -> None:
        """Note the directory ``path`` if it matches."""
        if not self.directory and self.matches_directory(path):
            self.directory = path

    @property
    def written(self) -> Rule:
        """The rule for what it has matched: for files, or for directories."""
        if (self.file and not self.directory) if self.is_of_directories else (self.file or not self.directory):
            return self.for_files
        pattern, is_include = self.for_directories.pattern, self.for_directories.include
        is_name = "/" not in self.for_files.pattern and not pattern.startswith("re:")
        deeper = "**/" if is_include and is_name and "/" in self.directory else ""  # a path begins at URL
        return Rule(is_include, deeper + pattern)


class Proposal(Struct):
    """One or several rules that may have been meant by one pattern."""

    why: str
    """What is wrong with the pattern; "" if it is read as it is."""
    trials: tuple[Trial, ...]
    is_certain: bool = False
    """Whether ``why`` is true whatever the rules match."""

    @property
    def has_matched(self) -> bool:
        """Whether any of the rules has matched something."""
        return any(trial.file or trial.directory for trial in self.trials)


def proposals(rule: Rule, root: str) -> tuple[Proposal, ...]:
    """What ``rule`` may mean, the likeliest first: itself as a rule for the other kind of entry, then other notations.

    ``root``: URL, or "" for a list of URLs.
    """
    found = [Proposal(why="", trials=(Trial.of(rule),))] if selects(rule.pattern) else []
    found += [
        Proposal(why=reading.why, trials=tuple(map(Trial.of, reading.rules)), is_certain=reading.is_certain)
        for reading in readings(rule, root)
    ]
    return tuple(found)


def best(found: Iterable[Proposal]) -> Proposal | None:
    """The first of the proposals that has matched something; else the first whose reason is certain; None if none."""
    ordered = list(found)
    matched = (each for each in ordered if each.has_matched)
    return next(matched, next((each for each in ordered if each.is_certain), None))
