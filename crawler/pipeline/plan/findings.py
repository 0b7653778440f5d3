"""What the planner leaves to the later stages of a run."""

from __future__ import annotations

from crawler.model.struct import Struct, field
from crawler.model.values import Job
from crawler.pipeline.rules.extraneous import Unlisted
from crawler.pipeline.walk.pages import Directory


class Findings(Struct):
    """What the planner leaves to the later stages of a run; nothing if it had nothing to decide."""

    held: list[Job] = field(default_factory=list)
    """Jobs that match --last, to be done after all others."""
    blocked: list[Job] = field(default_factory=list)
    blocked_directories: list[Directory] = field(default_factory=list)
    """Jobs, and empty directories, that wait for the removal of a file where their directory belongs."""
    unlisted: Unlisted = field(default_factory=Unlisted)
    local_files: int = 0
    """Number of files in the local directories that were compared."""

    def count_local(self, files: int) -> None:
        """Add the files of a local directory that was compared."""
        self.local_files += files
