"""The inputs to the planner's decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from crawler.model.struct import Value, field
from crawler.model.values import Job, Span
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.other_mirrors import Neighbours
from crawler.pipeline.rules.budgets import Room
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories

Holds = Callable[[Job], bool]
"""Called with each job before it is put, if anything is at its path. Returns True if the job must wait."""


class Policy(Value, frozen=True, kw_only=True):
    """The inputs to the planner's decisions other than the filters."""

    rules: RobotsTxt
    """The robots.txt rules of each host."""
    room: Room
    allowance: Allowance = field(default_factory=Allowance)
    last: Collection[str] = ()
    """Globs of the files that are fetched after all others (--last)."""
    check: str = "listing"
    checksums: Checksums | None = None
    """Published digests; None if they are not consulted."""
    make_directories: bool = True
    """Whether directories that are empty upstream are created. False for a run that changes nothing."""
    unchanged: UnchangedDirectories | None = None
    neighbours: Neighbours | None = None
    expect: Callable[[Sequence[Span[int] | None]], None] = lambda _sizes: None
    """Called with the sizes of the entries of a page that shows new files."""
    holds: Holds = lambda _job: False
