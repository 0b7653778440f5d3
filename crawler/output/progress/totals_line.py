"""The totals of a run as short texts."""

from __future__ import annotations

from crawler.model import limits
from crawler.output.progress.counters import Totals
from crawler.text.units import render_size


def render_files(totals: Totals, at_least: str) -> str:
    """The counts of files, ``1,234/5,678 files``; ``at_least`` precedes the total while it grows."""
    return f"{totals.done:,}/{at_least if totals.growing else ''}{totals.files:,} files"


def render_bytes(done: int, total: int, at_least: str = "") -> str:
    """The counts of bytes, ``1.2/3.4 GiB``, both in the unit of the total."""
    whole = render_size(total)
    number, _, unit = whole.partition(" ")
    factor = {"B": 1, "KiB": limits.KIB, "MiB": limits.MIB, "GiB": limits.GIB, "TiB": 1024 * limits.GIB}[unit]
    part = done / factor
    shown = f"{part:,.1f}" if "." in number else f"{part:,.0f}"
    return f"{shown}/{at_least}{number} {unit}"


def render_eta(seconds: float) -> str:
    """A duration as ``2:05`` or ``3:07:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def render_parts(totals: Totals, *, at_least: str, ellipsis: str) -> dict[str, str]:
    """The parts of the line, name → text, in order; empty parts are left out."""
    lower = totals.growing or totals.sizes_unknown
    parts = {}
    if totals.mirrors is not None:
        parts["mirrors"] = f"{totals.mirrors[0]}/{totals.mirrors[1]} mirrors"
    if totals.files or not totals.growing:
        parts["files"] = render_files(totals, at_least)
    if totals.sizes_unknown and totals.bytes_total == totals.bytes_done:
        parts["bytes"] = render_size(totals.bytes_done)  # the total is unknown, because no listing shows sizes
    elif totals.bytes_total:
        parts["bytes"] = render_bytes(totals.bytes_done, totals.bytes_total, at_least if lower else "")
    if (totals.files or totals.rate) and not totals.finishing:
        parts["rate"] = render_size(totals.rate) + "/s"
    parts["elapsed"] = f"elapsed {render_eta(totals.elapsed)}"
    if totals.finishing:
        parts["eta"] = f"finishing{ellipsis}"
    elif totals.growing:
        parts["eta"] = f"listing{ellipsis}"
    elif totals.eta is not None:
        parts["eta"] = f"ETA {at_least if totals.sizes_unknown else ''}{render_eta(totals.eta)}"
    if totals.failed:
        parts["failed"] = f"{totals.failed:,} failed"
    return parts
