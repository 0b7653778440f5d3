"""Renders what a run did as JSON: the summary, and the lines of the change list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from crawler.model.report import Report
from crawler.model.values import Outcome, Result
from crawler.output.format import json_text
from crawler.text.escape import masked
from crawler.version import __version__


def change_of(result: Result, when: float) -> dict[str, object] | None:
    """One line of the change list; None if the result is not a change. ``when``: seconds since the epoch."""
    if result.outcome is Outcome.SAVED:
        change = "added" if result.old_size is None else "updated"
    elif result.outcome in (Outcome.DELETED, Outcome.FAILED):
        change = result.outcome.value
    else:
        return None
    values: dict[str, object] = {"change": change, **json_text("path", result.path), "url": masked(result.url)}
    if result.outcome is Outcome.SAVED:
        values["size"] = result.size
    if result.old_size is not None:
        values["old_size"] = result.old_size
    if result.known is not None:
        values["modified"] = iso_time(result.known.mtime / 1e9)
    if result.digest is not None:
        values["digest"] = result.digest
    if result.upstream:
        values["upstream"] = result.upstream
    if result.outcome is Outcome.FAILED:
        values["reason"] = masked(result.reason)
    values["time"] = iso_time(when)
    return values


def iso_time(moment: float) -> str:
    """``moment``, in seconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def render_json_summary(
    report: Report, ended: float, *, name: str = "", more: Mapping[str, object] | None = None
) -> str:
    """The report as a JSON object. ``ended``: end of the run, in seconds since the epoch.

    ``name``: name of the mirror. ``more``: further members of the object.
    """
    values: dict[str, object] = {
        "version": __version__,
        **json_text("mirror", name),
        "url": masked(report.url),
        **json_text("directory", report.directory),
        "started": iso_time(ended - report.seconds),
        "ended": iso_time(ended),
        "exit_code": report.exit_code,
        "interrupted": report.interrupted,
    }
    for name in (
        "listed", "saved", "unchanged", "skipped", "failed", "deleted", "extraneous", "listings_read",
        "listings_failed", "received", "saved_bytes",
    ):  # fmt: skip
        values[name] = getattr(report, name)
    values["snapshot"] = None if report.published is None else report.published.name
    values["seconds"] = round(report.seconds, 3)
    values["speed"] = round(report.speed)
    values["spared"] = [{**json_text("path", path), "what": what} for path, what in sorted(report.spared.items())]
    values["upstreams"] = dict(report.upstreams)
    values["skipped_by"] = {masked(reason): count for reason, count in report.skipped_by.items()}
    values["rejected_by"] = {masked(reason): count for reason, count in report.rejected_by.items()}
    for key, problems in (("failures", report.failures), ("listing_failures", report.listing_failures)):
        values[key] = [
            {**json_text("path", item.path), "url": masked(item.url), "reason": masked(item.reason)}
            for item in problems
        ]
    values["warnings"] = [masked(text) for text in report.warnings]
    values["notes"] = [masked(text) for text in report.notes]
    values |= more or {}
    return json.dumps(values, indent=1) + "\n"
