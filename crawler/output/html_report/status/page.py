"""Renders the page of --status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from markupsafe import Markup

from crawler.model.exit_codes import is_trouble
from crawler.model.struct import Value
from crawler.output.history import problem_text
from crawler.output.html_report.charts import Slot, render_steps
from crawler.output.html_report.history import TimeFormatter, outcome
from crawler.output.html_report.page import environment
from crawler.output.html_report.status.cards import (
    PUBLIC,
    RUNS_CHARTED,
    CardFacts,
    MirrorFacts,
    Standing,
    card_of,
    is_current,
)
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import RunRecord
from crawler.text.units import render_size
from crawler.version import __version__

_TONES = {
    Standing.GOOD: "good",
    Standing.RUNNING: "quiet",
    Standing.NEW: "quiet",
    Standing.STOPPED: "quiet",
}
"""Standing → CSS class of its label; those that are missing get "bad"."""


class Card(Value, frozen=True, kw_only=True):
    """The values of one mirror that the template prints."""

    name: str
    word: str
    tone: str
    good: str
    """End of the last successful run; "" if there was none."""
    age: str
    """Time since the end of the last successful run."""
    totals: FileTotals | None
    growth: str
    trend: Markup | None
    spoken: str
    """The trend in words, for screen readers."""
    runs: int
    """Number of runs in the trend."""
    last: RunRecord | None
    """The last run; None on a public page."""
    result: str
    reasons: tuple[str, ...]
    failed_runs: int
    action: str
    url: str
    directory: str


def render_status(mirrors: Sequence[MirrorFacts], now: float, *, is_public: bool, zone: tzinfo | None = None) -> str:
    """Render the whole page. ``now``: seconds since the epoch; ``zone``: time zone of all times, None for local time.

    A public page has no URLs, paths, reasons or exit codes.
    """
    moments = TimeFormatter(zone)
    facts = [card_of(mirror, now) for mirror in mirrors]
    order = list(Standing)
    cards = [
        _card(card, now, moments, is_public=is_public)
        for card in sorted(facts, key=lambda card: order.index(card.standing))
    ]
    good = sum(is_current(card) for card in facts)
    known = [card.totals for card in facts if card.totals is not None]
    oldest = min((card.good for card in facts if card.good is not None), default=None)
    return (
        environment()
        .get_template("status.html")
        .render(
            version=__version__,
            now=now,
            moments=moments,
            is_public=is_public,
            cards=cards,
            good=good,
            total=FileTotals(sum(totals.files for totals in known), sum(totals.size for totals in known)),
            oldest=age(now - oldest) if oldest is not None else "",
            attention=sum(card.standing in set(Standing) - set(_TONES) for card in facts),
            never=sum(card.good is None for card in facts),
        )
    )


def age(seconds: float) -> str:
    """``seconds`` in the largest unit of which there are at least two: 45 min, 30 h, 12 days."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,.0f} {unit}"
    return "a minute" if seconds >= 60 else "less than a minute"


def _card(card: CardFacts, now: float, moments: TimeFormatter, *, is_public: bool) -> Card:
    facts, standing = card.facts, card.standing
    ended = [run for run in facts.runs if run.figures is not None]
    last = facts.runs[0] if facts.runs else None
    figures = ended[0].figures if ended else None
    growth = "" if not card.growth else f"{'+' if card.growth > 0 else '−'}{render_size(abs(card.growth))}"
    runs = facts.runs[:RUNS_CHARTED][::-1]
    slots = [_slot(run, moments, is_public=is_public) for run in runs]
    problems = figures.problems if figures and standing is Standing.FAILING else ()
    reasons = (facts.problem,) if facts.problem else tuple(problem_text(*problem) for problem in problems)
    return Card(
        name=facts.name,
        word=PUBLIC[standing] if is_public else standing.value,
        tone=_TONES.get(standing, "bad"),
        good="" if card.good is None else moments.minute(card.good),
        age="" if card.good is None else age(now - card.good),
        totals=card.totals,
        growth=growth,
        trend=render_steps(slots) if slots else None,
        spoken=f"{growth or 'no change'}, {sum(slot.is_bad for slot in slots)} failed",
        runs=len(runs),
        last=None if is_public else last,
        result="" if is_public or last is None else outcome(last.figures),
        reasons=() if is_public else reasons,
        failed_runs=card.failed_runs,
        action="" if is_public else card.action,
        url="" if is_public else facts.url,
        directory="" if is_public else facts.directory,
    )


def _slot(run: RunRecord, moments: TimeFormatter, *, is_public: bool) -> Slot:
    size = render_size(run.totals.size) if run.totals else "–"
    how = "" if is_public else f", {outcome(run.figures)}"
    return Slot(
        title=f"{moments.minute(run.started)}: {size}{how}",
        up=run.totals.size if run.totals else None,
        is_bad=run.figures is not None and is_trouble(run.figures.exit_code),
    )
