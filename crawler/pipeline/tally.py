"""The observer that counts a run and builds its report: listed = saved + unchanged + skipped + failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crawler.model.columns.new_files import SavedResults
from crawler.model.exit_codes import LIMITS, SIGNALS, ExitCode, worst
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.report import ListingFailure, Published, Report, Step
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.pipeline.outdated import Outdated

FAILURES_KEPT = 10_000
"""Maximum number of failures that are kept one by one; a dead server may have a million, which are only counted."""
REASONS_KEPT = 1_000
"""Maximum number of reasons that are counted separately; there may be any number, because some quote the server."""
OTHER = "other"
_ENDS = (Outcome.SAVED, Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.FAILED)


def _count(counts: dict[str, int], reason: str) -> None:
    if reason not in counts and len(counts) >= REASONS_KEPT:
        reason = OTHER
    counts[reason] = counts.get(reason, 0) + 1


class Tally(Observer):
    """Counts the events of a run and builds its report. An event takes well under a microsecond."""

    def __init__(self, url: str, directory: str, *, is_dry_run: bool = False) -> None:
        self.plan: list[Step] | None = [] if is_dry_run else None
        """Steps of a dry run, appended while it runs; None in any other run."""
        self._free: int | None = None
        self._extraneous = 0
        self._spared: Mapping[str, str] = {}
        self.url, self.directory = url, directory
        self._listed = self._listings = self._listings_failed = 0
        self._received = self._saved_bytes = 0
        self._ended = dict.fromkeys(Outcome, 0)
        self._skipped_by: dict[str, int] = {}
        self._rejected_by: dict[str, int] = {}
        self._failures: list[Result] = []
        self._listing_failures: list[ListingFailure] = []
        self._warnings: list[str] = []
        self._code = 0
        self._outdated = Outdated()
        self._limit: str | None = None
        self._published: Published | None = None
        self._upstreams: dict[str, int] = {}
        self._notes: list[str] = []
        self.told: tuple[str, ...] = ()
        """Filters that, according to this run, decide nothing or refuse everything."""
        self.of_file, self._file = False, ""
        """Whether URL turned out to be the URL of a file, so that DIR is not a mirror of it."""

    @property
    def failed(self) -> int:
        """Number of files and listings that have failed so far."""
        return self._ended[Outcome.FAILED] + self._listings_failed

    @property
    def is_empty(self) -> bool:
        """Whether no listing has been read and no file is known so far."""
        return not (self._listings or self._listed or any(self._ended.values()))

    @property
    def skipped_by(self) -> Mapping[str, int]:
        """Reason → number of files that were skipped for it so far."""
        return self._skipped_by

    def warn(self, text: str, exit_code: int = 0) -> None:
        """Note a problem that does not concern a single file or listing, and its exit code. Each text is noted once."""
        if text not in self._warnings:
            self._warnings.append(text)
        self._code = worst((self._code, exit_code))

    def note(self, text: str) -> None:
        """Pass a remark that is not a problem to the observers."""
        if text not in self._notes:
            self._notes.append(text)

    def note_told(self, options: Iterable[str]) -> None:
        """Note that later runs need not warn about the filters ``options`` again."""
        self.told = tuple(options)

    def note_file(self, path: str) -> None:
        """Note that URL is the URL of a file, which is stored at ``path`` unless it is left out or fails."""
        self.of_file, self._file = True, path

    def stopped_at(self, option: str) -> None:
        """Note that the limit of ``option``, one of LIMITS, was reached, so that files are left for the next run."""
        self._limit = self._limit or option

    def note_free(self, free: int | None) -> None:
        """Note the free space at the destination in bytes when the run began; None if unknown."""
        self._free = free

    def note_published(self, snapshot: Published) -> None:
        """Note the snapshot that this run has published."""
        self._published = snapshot

    def note_extraneous(self, count: int, spared: Mapping[str, str]) -> None:
        """Note that ``count`` local files are not listed; those in ``spared`` (path → what it is) are never deleted."""
        self._extraneous, self._spared = count, spared

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self._listings += 1

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self._listings_failed += 1
        if len(self._listing_failures) < FAILURES_KEPT:
            self._listing_failures.append(ListingFailure(path=path, url=url, reason=reason))

    def rejected(self, path: str, rejection: Rejection) -> None:
        _count(self._rejected_by, rejection.reason)

    def listed(self, path: str, size: int | None) -> None:
        self._listed += 1

    def all_listed(self, files: Sequence[tuple[str, int | None]]) -> None:
        self._listed += len(files)

    def finished(self, result: Result) -> None:
        outcome = result.outcome
        self._ended[outcome] += 1
        self._received += result.received
        self._outdated.note(result)
        if outcome is Outcome.SAVED:
            self._saved_bytes += result.size
            if result.upstream:
                _count(self._upstreams, result.upstream)
        elif outcome is Outcome.SKIPPED:
            _count(self._skipped_by, result.reason)
        elif outcome is Outcome.FAILED and len(self._failures) < FAILURES_KEPT:
            self._failures.append(result)

    def all_saved(self, results: Sequence[Result]) -> None:
        self._ended[Outcome.SAVED] += len(results)
        if isinstance(results, SavedResults):
            self._received += results.size
            self._saved_bytes += results.size
            self._outdated.note_listed(results.listed)
            return
        note = self._outdated.note
        for result in results:
            self._received += result.received
            self._saved_bytes += result.size
            note(result)
            if result.upstream:
                _count(self._upstreams, result.upstream)

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        self.count_unchanged(len(files), 0)

    def counts_unchanged(self) -> bool:
        return True

    def count_unchanged(self, files: int, size: int) -> None:
        self._listed += files
        self._ended[Outcome.UNCHANGED] += files

    def close(self, seconds: float, interrupted: str | None = None) -> Report:
        """The report of a run that took ``seconds``. ``interrupted``: what ended it early, other than a limit.

        In an interrupted run, listed entries without a result count as skipped with the reason ``not reached``.
        """
        ended, interrupted = self._ended, interrupted or self._limit
        listed = self._listed - ended[Outcome.DIRECTORY]
        skipped_by = self._skips(listed, interrupted)
        self._conclude(listed, skipped_by, interrupted)
        return Report(
            url=self.url,
            directory=self.directory,
            listed=listed,
            saved=ended[Outcome.SAVED],
            unchanged=ended[Outcome.UNCHANGED],
            skipped=sum(skipped_by.values()),
            failed=ended[Outcome.FAILED],
            deleted=ended[Outcome.DELETED],
            extraneous=self._extraneous,
            spared=dict(self._spared),
            listings_read=self._listings,
            listings_failed=self._listings_failed,
            received=self._received,
            saved_bytes=self._saved_bytes,
            seconds=seconds,
            skipped_by=skipped_by,
            rejected_by=dict(self._rejected_by),
            failures=tuple(self._failures),
            listing_failures=tuple(self._listing_failures),
            warnings=tuple(self._warnings),
            notes=tuple(self._notes),
            interrupted=interrupted,
            exit_code=self._exit_code(interrupted),
            plan=None if self.plan is None else tuple(sorted(self.plan, key=lambda step: step.path)),
            free=self._free,
            published=self._published,
            upstreams=dict(self._upstreams),
        )

    def _skips(self, listed: int, interrupted: str | None) -> dict[str, int]:
        """Reason → number of skipped entries; in an interrupted run also of ``listed`` ones that were not reached."""
        skipped_by = dict(self._skipped_by)
        unreached = listed - sum(self._ended[outcome] for outcome in _ENDS)
        if interrupted is not None and unreached > 0:
            skipped_by[Reason.NOT_REACHED] = skipped_by.get(Reason.NOT_REACHED, 0) + unreached
        return skipped_by

    def _conclude(self, listed: int, skipped_by: Mapping[str, int], interrupted: str | None) -> None:
        """Note what only the results of all entries can justify."""
        if self._file and (self._ended[Outcome.SAVED] or self._ended[Outcome.UNCHANGED] or self.plan):
            self.note(f"URL is a file, not a listing: its path is {self.directory.rstrip('/')}/{self._file}")
        if outdated := self._outdated.warning():
            self.warn(*outdated)
        if skipped_by:
            from crawler.pipeline.rules.unusable_rows import nothing_wanted  # imported only if needed

            for text in nothing_wanted(listed, skipped_by, interrupted):
                self.warn(text, 5)

    def _exit_code(self, interrupted: str | None) -> int:
        failed = self._ended[Outcome.FAILED] or self._listings_failed
        ended_by = ExitCode.STOPPED if interrupted in LIMITS else SIGNALS.get(interrupted or "", 0)
        return worst((self._code, 5 if failed else 0, ended_by))
