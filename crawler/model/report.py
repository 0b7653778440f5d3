"""The report: what a run did, as a value.

The counts always add up: listed = saved + unchanged + skipped + failed. Links that are not entries (sort links, the
parent) are counted as rejections and local files that were deleted as deletions; neither is part of ``listed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crawler.model.exit_codes import worst
from crawler.model.struct import Brief, Record, Value, field, html_table, replace
from crawler.model.values import Result, Span


class ListingFailure(Record, frozen=True, kw_only=True):
    """A listing that could not be read."""

    path: str
    """Path of the directory under DIR; "" is DIR itself."""
    url: str
    """URL of the listing."""
    reason: str
    """Why it could not be read."""


class Step(Record, frozen=True, kw_only=True):
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
    _columns: ClassVar = "action path reason size.low size.high url"


_FIGURES = (
    "listed", "saved", "unchanged", "skipped", "failed", "deleted", "received", "interrupted", "exit_code",
)  # fmt: skip
"""The attributes of a report that a notebook shows."""


class Published(Brief, frozen=True, kw_only=True):
    """A snapshot that a run has published."""

    name: str
    """Name of the snapshot: the moment at which it was made."""
    files: int
    """Number of files in the snapshot."""
    size: int
    """Total size of the files in bytes, shared with other snapshots or not."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Path in DIR that is not part of the snapshot → what it is, or why it was left out."""


class Snapshot(Value, frozen=True, kw_only=True):
    """A snapshot of a mirror, as --list-snapshots shows it."""

    name: str
    """The moment at which it was made, in UTC: ``20261129T104704Z``."""
    path: str
    """Directory of the snapshot."""
    files: int | None
    """Number of files in the snapshot; None if its manifest is missing."""
    size: int | None
    """Total size of the files in bytes, shared with other snapshots or not; None if the manifest is missing."""
    is_current: bool
    """Whether this is the snapshot that readers see."""


class Report(Brief, frozen=True, kw_only=True):
    """The results of a run. Sizes are in bytes, times in seconds. ``str`` gives one line, ``to_dict`` everything."""

    _shown: ClassVar = f"url directory {' '.join(_FIGURES)}"

    url: str
    """The start URL, without credentials."""
    directory: str
    """DIR as the user named it."""
    listed: int = 0
    """Entries that the run had to decide about: saved + unchanged + skipped + failed."""
    saved: int = 0
    """Files fetched and saved."""
    unchanged: int = 0
    """Files that were already current."""
    skipped: int = 0
    """Entries refused by a filter, a limit or scope."""
    failed: int = 0
    """Entries that should have been saved and were not."""
    deleted: int = 0
    """Local files deleted because they are gone upstream; not part of ``listed``."""
    extraneous: int = 0
    """Local files that are gone upstream, deleted or not."""
    spared: Mapping[str, str] = field(default_factory=dict)
    """Unlisted paths in DIR that are never deleted → what they are (a symbolic link, the ``--log-file``, …)."""
    listings_read: int = 0
    """Listings read completely."""
    listings_failed: int = 0
    """Listings that could not be read."""
    received: int = 0
    """Body bytes of files received over the network, over all attempts."""
    saved_bytes: int = 0
    """Total size of the saved files in bytes."""
    seconds: float = 0.0
    """Duration of the run in seconds."""
    skipped_by: Mapping[str, int] = field(default_factory=dict)
    """Reason → number of skipped entries."""
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    """Reason → number of links that were not taken as entries."""
    failures: tuple[Result, ...] = ()
    """The first 10,000 failed entries."""
    listing_failures: tuple[ListingFailure, ...] = ()
    """The first 10,000 listings that could not be read."""
    warnings: tuple[str, ...] = ()
    """Problems that do not concern a single entry, one line each."""
    notes: tuple[str, ...] = ()
    """Remarks that are not problems, one line each."""
    interrupted: str | None = None
    """What ended the run early: ``SIGINT``, ``SIGTERM``, ``--max-files``, …; None if it ran to its end."""
    exit_code: int = 0
    """The exit code of the program for this run."""
    plan: tuple[Step, ...] | None = None
    """The steps that a dry run found, ordered by path; None for a real run."""
    free: int | None = None
    """Free disk space in bytes when the run began; None if it was not determined."""
    published: Published | None = None
    """The snapshot that this run has published, or None."""
    upstreams: Mapping[str, int] = field(default_factory=dict)
    """Upstream → number of files saved from it, if there are several; see ``Result.upstream``."""

    @property
    def ok(self) -> bool:
        """True if the program would have ended with exit code 0: every listed and wanted file is present."""
        return self.exit_code == 0

    @property
    def accounts(self) -> bool:
        """True if every listed entry ended exactly once."""
        return self.listed == self.saved + self.unchanged + self.skipped + self.failed

    @property
    def speed(self) -> float:
        """Received bytes per second over the whole run."""
        return self.received / self.seconds if self.seconds > 0 else 0.0

    @property
    def changed(self) -> bool:
        """True if the run changed the content of DIR."""
        return bool(self.saved or self.deleted)

    def warned(self, text: str, exit_code: int = 0) -> Report:
        """A copy with one more warning and the worse of both exit codes."""
        return replace(self, warnings=(*self.warnings, text), exit_code=worst((self.exit_code, exit_code)))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data that ``json.dumps`` accepts: text, numbers, lists and dicts."""
        plain = {name: _plain(getattr(self, name)) for name in self.__struct_fields__}
        return {**plain, "ok": self.ok, "changed": self.changed, "speed": self.speed}

    def __str__(self) -> str:
        """The totals: how many entries were listed, and how they ended."""
        return (
            f"Listed {self.listed:,}: {self.saved:,} saved, {self.unchanged:,} unchanged, "
            f"{self.skipped:,} skipped, {self.failed:,} failed"
        )

    def _repr_html_(self) -> str:
        from crawler.model.notebook.tables import pairs_table, text_list

        figures = {name.replace("_", " "): getattr(self, name) for name in _FIGURES}
        known = {name: value for name, value in figures.items() if value is not None}
        table = pairs_table(f"{self.url} → {self.directory}", {**known, "seconds": self.seconds})
        lists = {"Failed": self.failures, "Listings that failed": self.listing_failures, "Plan": self.plan or ()}
        tables = [html_table(title, records) for title, records in lists.items() if records]
        return "".join([table, *tables, text_list("Warnings", self.warnings)])


def _plain(value: Any) -> Any:
    """``value`` as data that JSON can represent."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value.to_dict() if isinstance(value, Record) else value
