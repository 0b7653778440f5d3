"""Report: what a run did, as a value.

The account always closes: listed = saved + unchanged + skipped + failed. Links that are no entries (sort
links, the parent) are rejections and stand beside the account; deletions are of local files and do too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crawler.model.exit_codes import worst
from crawler.model.values import Result, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFailure:
    """A listing that could not be read."""

    path: str
    """Path of the directory under DIR; "" is DIR itself."""
    url: str
    """URL of the listing."""
    reason: str
    """Why it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the plan that ``--dry-run`` prints: what a run would do now, and why."""

    action: str
    """``fetch``; ``ask`` for a request that may show the local copy to be current; ``delete``."""
    path: str
    """Path under DIR."""
    reason: str
    """Why the step would be taken."""
    size: Span[int] | None = None
    """Bytes that would be fetched or deleted; None if the listing does not say."""
    url: str = ""
    """URL of the file; "" for a deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. Sizes in bytes, times in seconds."""

    url: str
    directory: str
    listed: int = 0
    """Entries that the run had to decide about."""
    saved: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    deleted: int = 0
    """Local files removed because they are gone upstream. Not part of ``listed``."""
    extraneous: int = 0
    """Local files gone upstream: the candidates for deletion, removed or not."""
    spared: Mapping[str, str] = field(default_factory=dict)
    """What lies in DIR, is not listed and no candidate: path → what it is (a symbolic link, ``--log-file``, …)."""
    listings_read: int = 0
    listings_failed: int = 0
    received: int = 0
    """Body bytes of files that came over the network, over all attempts."""
    saved_bytes: int = 0
    seconds: float = 0.0
    skipped_by: Mapping[str, int] = field(default_factory=dict)
    """Reason → entries."""
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    """Reason → links that were not taken as entries."""
    failures: tuple[Result, ...] = ()
    """The first 10,000."""
    listing_failures: tuple[ListingFailure, ...] = ()
    """The first 10,000."""
    warnings: tuple[str, ...] = ()
    interrupted: str | None = None
    """What cut the run short: ``SIGINT``, ``SIGTERM``, ``--max-files``, …; None if it came to its end."""
    exit_code: int = 0
    plan: tuple[Step, ...] | None = None
    """What a run would do, ordered by path; None for a run that did it."""
    free: int | None = None
    """Bytes that the disk had to spare when the run began; None where that was not looked at."""

    @property
    def accounts(self) -> bool:
        """True when every listed entry ended exactly once."""
        return self.listed == self.saved + self.unchanged + self.skipped + self.failed

    @property
    def speed(self) -> float:
        """Received bytes per second over the whole run."""
        return self.received / self.seconds if self.seconds > 0 else 0.0

    @property
    def changed(self) -> bool:
        """True when DIR holds something else than before."""
        return bool(self.saved or self.deleted)

    def warned(self, text: str, exit_code: int = 0) -> Report:
        """This report with one more warning, which may make the exit code worse."""
        return replace(self, warnings=(*self.warnings, text), exit_code=worst((self.exit_code, exit_code)))
