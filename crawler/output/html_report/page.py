"""Renders the HTML report from ``Contents``.

Every value that the template prints passes through ``_sanitized`` and is escaped by the engine; nothing that is added
to the template can bypass this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crawler.model.report import Report
from crawler.model.struct import Value
from crawler.output.history import figures_of
from crawler.output.html_report.charts import MIN_SLOTS, legible, render_map, render_share
from crawler.output.html_report.contents import Contents
from crawler.output.html_report.directories import ROWS, SizeItem, SizeTree
from crawler.output.html_report.history import TimeFormatter, charts_of, outcome
from crawler.storage.state.runs import Figures, RunRecord
from crawler.text.units import render_duration, render_size
from crawler.version import __version__

RUNS_CHARTED = 60
RUNS_LISTED = 15
FAILURES_SHOWN = 50
REASONS_SHOWN = 6
MAPS = ((1080, 360), (340, 460))
"""Width and height of the map in pixels, for a wide and a narrow page."""


class LatestRun(Value, frozen=True, kw_only=True):
    """The last run: start in seconds since the epoch, and its figures, None if it did not end."""

    started: float
    figures: Figures | None


class DirectoryRow(Value, frozen=True, kw_only=True):
    """A row in the table of directories."""

    place: SizeItem
    share: Markup


class Problem(Value, frozen=True, kw_only=True):
    """A file or listing that failed."""

    path: str
    reason: str


def render_page(contents: Contents, now: float, zone: tzinfo | None = None) -> str:
    """Render the report. ``now``: seconds since the epoch; ``zone``: time zone of all times, None for local time."""
    tree = SizeTree(contents.directories)
    places = tree.map()
    runs = contents.runs[:RUNS_CHARTED][::-1]
    moments = TimeFormatter(zone)
    report = contents.last.report if contents.last else None
    problems = _problems(report) if report else []
    template = environment().get_template("page.html")
    return template.render(
        version=__version__,
        now=now,
        moments=moments,
        contents=contents,
        url=_url(contents),
        total=tree.total(),
        latest=_latest(contents, now),
        good=next((run for run in contents.runs if run.figures and run.figures.exit_code == 0), None),
        report=report,
        maps=[render_map(places, *room) for room in MAPS] if places else [],
        rows=_rows(tree),
        runs=runs,
        listed_runs=contents.runs[:RUNS_LISTED],
        charts=charts_of(runs, moments),
        ends=_axis_labels(runs, moments),
        problems=problems[:FAILURES_SHOWN],
        problem_count=report.failed + report.listings_failed if report else 0,
        reasons=_common_reasons(problems),
    )


@cache
def environment() -> Environment:
    """The template engine, with the filters of all pages."""
    environment = Environment(
        loader=PackageLoader("crawler.output.html_report"),
        autoescape=True,
        finalize=_sanitized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(size=render_size, duration=render_duration, count="{:,}".format, outcome=outcome)
    return environment


def _sanitized(value: object) -> object:
    """``value`` as the template may print it: drawings unchanged, everything else as sanitized text."""
    return value if isinstance(value, Markup) else legible(str(value))


def _url(contents: Contents) -> str:
    """The URL of the mirror; "" for a list of URLs."""
    if contents.last and contents.last.report.url:
        return contents.last.report.url
    return next((run.url for run in contents.runs if run.url), "")


def _latest(contents: Contents, now: float) -> LatestRun | None:
    if contents.last:
        report = contents.last.report
        return LatestRun(started=now - report.seconds, figures=figures_of(report, 0))
    return LatestRun(started=contents.runs[0].started, figures=contents.runs[0].figures) if contents.runs else None


def _axis_labels(runs: Sequence[RunRecord], moments: TimeFormatter) -> tuple[str, str]:
    """The dates below a chart, on the left and on the right; a chart of few runs has both on the left."""
    if not runs:
        return "", ""
    first, last = moments.day(runs[0].started), moments.day(runs[-1].started)
    if len(runs) >= MIN_SLOTS:
        return first, last
    return first if first == last else f"{first} – {last}", ""


def _problems(report: Report) -> list[Problem]:
    listings = [Problem(path=f"{item.path}/", reason=f"listing: {item.reason}") for item in report.listing_failures]
    return listings + [Problem(path=item.path, reason=item.reason) for item in report.failures]


def _common_reasons(problems: Sequence[Problem]) -> list[tuple[str, int]]:
    """(reason, count) for reasons shared by several problems; empty if all have the same reason."""
    counts = Counter(problem.reason for problem in problems)
    return [item for item in counts.most_common(REASONS_SHOWN) if item[1] > 1] if len(counts) > 1 else []


def _rows(tree: SizeTree) -> list[DirectoryRow]:
    places = tree.places(tree.base, ROWS)
    whole = tree.total().size
    return [DirectoryRow(place=place, share=render_share(place.size / whole if whole else 0)) for place in places]
