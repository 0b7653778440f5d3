"""Renders a report for people: the summary of a run, and the result of --verify."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crawler.model.exit_codes import LIMITS, SIGNALS
from crawler.model.reasons import NAVIGATION, OPTIONS, Reason
from crawler.model.report import Published, Report
from crawler.output.failures import advice_line, failure_lines
from crawler.text.escape import masked, printable
from crawler.text.units import render_duration, render_size

WARNINGS_SHOWN = 20
"""Maximum number of printed problems that do not concern a single file."""
SPARED_SHOWN = 5
"""Maximum number of spared paths that are named."""
_BY: dict[str, str] = {**{reason: f"by {option}" for reason, option in OPTIONS.items()}, Reason.ROBOTS: "by robots.txt"}


def _by_reason(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {_BY.get(reason, printable(reason))}" for reason, number in ordered)


def _transfer_line(report: Report) -> str:
    took, place = render_duration(report.seconds), printable(report.directory)
    if not report.saved:
        return f"Saved nothing to {place} in {took}"
    whole = report.interrupted is None and report.seconds > 0  # a stopped run has received more than what it saved
    rate = min(report.received, report.saved_bytes) / report.seconds if whole else 0.0
    rated = f" ({render_size(rate)}/s)" if rate else ""
    line = f"Saved {render_size(report.saved_bytes)} in {took}{rated} to {place}"
    extra = report.received - report.saved_bytes
    return line + (f"; {render_size(extra)} more received but not kept" if extra > 1024 * 1024 else "")


def _problem_lines(report: Report, say: Callable[[str], str]) -> list[str]:
    warnings = [f"problem: {masked(text)}" for text in report.warnings[:WARNINGS_SHOWN]]
    more = len(report.warnings) - len(warnings)
    rest = [f"problem: {more:,} more (the log file names all)"] if more else []
    return [*failure_lines(report), *map(say, advice_line(report)), *warnings, *rest]


def _published_line(snapshot: Published) -> str:
    files = "1 file" if snapshot.files == 1 else f"{snapshot.files:,} files"
    line = f"Published {snapshot.name}: {files}, {render_size(snapshot.size)}"
    return line + (f"; without {_named(snapshot.left_out)}" if snapshot.left_out else "")


def _named(paths: Mapping[str, str]) -> str:
    """The first few of ``paths`` (path → what it is) as text."""
    named = [f"{printable(path)} ({printable(what)})" for path, what in sorted(paths.items())[:SPARED_SHOWN]]
    more = len(paths) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def render_summary(report: Report, *, verbose: bool = False, say: Callable[[str], str] = str) -> str:
    """The summary of a run as lines, without a final newline: problems first, the totals last, where readers look.

    Terminal control characters are escaped. ``say`` words what the lines tell about options; the texts of ``report``
    are worded already.
    """
    lines = [
        str(report),
        _transfer_line(report),
    ]
    if report.skipped_by:
        lines.append(say(f"Skipped: {_by_reason(report.skipped_by)}"))
    notable = {reason: n for reason, n in report.rejected_by.items() if verbose or reason not in NAVIGATION}
    if notable:
        lines.append(say(f"Links not followed: {_by_reason(notable)}"))
    if report.deleted:
        lines.append(f"Deleted: {report.deleted:,} gone upstream")
    if report.extraneous > report.deleted:
        lines.append(f"Kept: {report.extraneous - report.deleted:,} gone upstream")
    if report.upstreams:
        named = [f"{count:,} from {masked(name)}" for name, count in sorted(report.upstreams.items())]
        lines.append(f"Files: {', '.join(named)}")
    if report.spared:
        lines.append(f"Left alone: {_named(report.spared)}")
    if report.published is not None:
        lines.append(_published_line(report.published))
    lines += [f"Note: {masked(text)}" for text in report.notes]
    if verbose:
        lines.append(f"Listings: {report.listings_read:,} read, {report.listings_failed:,} failed")
    if report.interrupted is not None:
        is_requested = report.interrupted in SIGNALS or report.interrupted in LIMITS
        why = f"by {report.interrupted}" if is_requested else "early"
        lines.append(say(f"Stopped {printable(why)}: incomplete{_continues(report)}"))
    return "\n".join(_problem_lines(report, say) + lines)


def _continues(report: Report) -> str:
    """That the next run continues, unless no run can save what is missing, which a warning says."""
    left = report.skipped_by.keys() & {Reason.BUDGET, Reason.NOT_REACHED} or report.failed or report.listings_failed
    is_futile = Reason.LARGER_THAN_BUDGET in report.skipped_by and not left
    return "" if is_futile else ", the next run continues"


def render_verification(report: Report) -> str:
    """The result of --verify as lines, without a final newline."""
    line = f"Verified {report.listed:,} in {render_duration(report.seconds)}: {report.unchanged:,} good"
    line += f", {report.saved:,} repaired" if report.saved else ""
    lines = [f"{line}, {report.failed:,} bad in {printable(report.directory)}"]
    if report.skipped_by:
        lines.append(f"Not verified: {_by_reason(report.skipped_by)}")
    return "\n".join(_problem_lines(report, str) + lines)
