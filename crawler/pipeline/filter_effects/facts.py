"""Collects what a run shows about the effects of its filters."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from crawler.model.struct import Struct, field
from crawler.pipeline.filter_effects.proposals import Proposal


class Kind(Enum):
    """The kind of a filter by name."""

    EXTENSION = "ext"
    INCLUDE = "include"
    EXCLUDE = "exclude"
    DIRECTORIES = "directories"
    """A rule that ends in a slash."""


def never(_path: str) -> bool:
    """False for every path."""
    return False


class Use(Struct):
    """A filter by name, with names that almost matched it as long as no file has matched."""

    option: str
    """The option and its pattern, as on the command line."""
    pattern: str
    kind: Kind
    matches: Callable[[str], bool]
    matches_any_case: Callable[[str], bool]
    near: str = ""
    """Path of a file that would match if case were ignored; "" if there is none."""
    is_shut_out: Callable[[str], bool] = never
    """Whether it matches files below a directory alone, by that directory's path."""
    proposals: tuple[Proposal, ...] = ()
    """What may have been meant, the likeliest first."""

    def try_file(self, path: str) -> None:
        """Note the file ``path``, which does not match, if it would in another case, or if something else was meant."""
        if not self.near and self.matches_any_case(path):
            self.near = path
        for proposal in self.proposals:
            for trial in proposal.trials:
                trial.try_file(path)

    def try_directory(self, path: str) -> None:
        """Note the directory ``path`` for what may have been meant."""
        for proposal in self.proposals:
            for trial in proposal.trials:
                trial.try_directory(path)


class Facts(Struct):
    """Counts of a run, and some of the names that it has seen."""

    is_flat: bool = False
    """Whether no directory is entered, as with --no-recursive."""
    listed: int = 0
    """Number of files that were listed."""
    kept: int = 0
    """Number of files that no filter has refused."""
    pruned: int = 0
    """Number of directories that were not entered because a rule excludes them."""
    refused: dict[str, int] = field(default_factory=dict)
    """Reason → number of files that were refused for it."""
    smallest: int | None = None
    """Size of the smallest file, in bytes."""
    largest: int | None = None
    """Size of the largest file, in bytes."""
    names: dict[str, None] = field(default_factory=dict)
    """Names of files, without directories."""
    directories: dict[str, None] = field(default_factory=dict)
    """Names of directories, without their parents."""
    shut: dict[str, str] = field(default_factory=dict)
    """Path of a directory that was not entered → the option because of which it was not."""

    def keep(self, count: int = 1) -> None:
        """Count files that are wanted."""
        self.listed += count
        self.kept += count

    def refuse(self, reason: str) -> None:
        """Count a file that is not wanted."""
        self.listed += 1
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def prune(self) -> None:
        """Count a directory that is not entered."""
        self.pruned += 1

    def measure(self, size: int) -> None:
        """Note the size of a file."""
        if self.smallest is None or self.largest is None:
            self.smallest = self.largest = size
        elif size < self.smallest:
            self.smallest = size
        elif size > self.largest:
            self.largest = size
