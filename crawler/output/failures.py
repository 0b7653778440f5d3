"""Renders failures for people: one by one if they are few, otherwise in groups."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.report import Report
from crawler.model.struct import Value
from crawler.text.advice.requests import advice_on_files, advice_on_list
from crawler.text.escape import masked, printable
from crawler.text.patterns import pattern

LINES = 10
"""Maximum number of lines for failed files, and for failed listings."""
_LONGEST_SHOWN = 500
"""Maximum number of characters of a path, URL or reason on a line; the middle of a longer one is left out."""
_LONGEST = 100
"""Maximum number of characters of a reason by which failures are grouped; longer reasons are cut."""
_VARIABLE = pattern(r"https?://\S+|sha\d+:[0-9a-f]+|md5:[0-9a-f]+|\d{3,}(?= bytes)|'[^']*'")
"""The parts in which reasons with the same meaning differ."""


class Failed(Value, frozen=True):
    """A file or listing that failed."""

    path: str
    url: str
    reason: str


def failure_lines(report: Report) -> list[str]:
    """The failures of ``report``, escaped for a terminal."""
    files = [Failed(item.path, item.url, item.reason) for item in report.failures]
    listings = [Failed(item.path, item.url, item.reason) for item in report.listing_failures]
    return [
        *_lines("failed", files, report.failed),
        *_lines("listing failed", listings, report.listings_failed),
    ]


def advice_line(report: Report) -> list[str]:
    """One line on what to do, if all files failed, and for one reason that concerns the whole site.

    Files that a filter has skipped say nothing about the site, nor do listings if there are files. A list of URLs,
    whose report names no URL, may have one that cannot be meant so.
    """
    if not report.url and (text := advice_on_list((item.url, item.reason) for item in report.failures)):
        return [f"Advice: {text}"]
    is_partly_here = report.saved or report.unchanged or report.failed < report.listed
    if is_partly_here or (not report.failed and report.listings_read > 1):
        return []
    failed = [(item.url, item.reason) for item in report.failures]
    failed += [(item.url, item.reason) for item in report.listing_failures]
    text = advice_on_files(failed)
    return [f"Advice: {text}"] if text else []


def _lines(label: str, failures: Sequence[Failed], count: int) -> list[str]:
    """At most LINES lines about ``failures``, the first ones of ``count``."""
    more = [f"{label}: {count - len(failures):,} more"] if count > len(failures) else []
    if len(failures) + len(more) <= LINES:
        return [f"{label}: {where(each.path, each.url)}: {_short(masked(each.reason))}" for each in failures] + more
    groups = grouped(failures)
    shown = groups if len(groups) + len(more) <= LINES else groups[: LINES - 1 - len(more)]
    rest = sum(len(group) for group in groups[len(shown) :])
    lines = [f"{label}: {_group_line(group)}" for group in shown]
    if rest:
        lines.append(f"{label}: {rest:,} in {len(groups) - len(shown):,} more groups")
    return lines + more


def grouped(failures: Sequence[Failed]) -> list[list[Failed]]:
    """``failures`` grouped by directory and reason, or, if that makes more than LINES groups, by reason only.

    The largest group comes first; within a group the order is kept.
    """
    for with_directory in (True, False):
        groups = dict[tuple[str, str], list[Failed]]()
        for each in failures:
            key = (each.path.rpartition("/")[0] if with_directory else "", _kind(each.reason))
            groups.setdefault(key, []).append(each)
        if len(groups) <= LINES:
            break
    return sorted(groups.values(), key=lambda group: -len(group))


def _kind(reason: str) -> str:
    return _VARIABLE.sub("…", reason)[:_LONGEST]


def _group_line(group: Sequence[Failed]) -> str:
    first = group[0]
    if len(group) == 1:
        return f"{where(first.path, first.url)}: {_short(masked(first.reason))}"
    reasons = {each.reason for each in group}
    reason = first.reason if len(reasons) == 1 else _kind(first.reason)
    directories = {each.path.rpartition("/")[0] for each in group}
    if len(directories) == 1:
        place, name = f"{directories.pop() or '.'}/", first.path.rpartition("/")[2]
    else:
        place, name = f"{len(directories):,} directories", first.path
    return (
        f"{len(group):,} × {_short(masked(reason))} in {_short(printable(place))} ({_short(printable(name)) or '/'} …)"
    )


def where(path: str, url: str) -> str:
    """A path, and its URL if there is one, escaped for a terminal."""
    shown = _short(printable(path)) or "/"
    return f"{shown} ({_short(masked(url))})" if url else shown


def _short(text: str) -> str:
    """``text`` without its middle if it is long: a server can give names of thousands of characters."""
    half = _LONGEST_SHOWN // 2
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:half]}…{text[-half:]}"
