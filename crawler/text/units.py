"""Sizes and durations in human-readable form."""

from __future__ import annotations


def render_size(count: float) -> str:
    """A size in bytes as ``512 B`` or ``1.2 GiB``, in powers of 1024."""
    if count < 1024:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        count /= 1024
        if count < 999.5 or unit == "TiB":
            break
    return f"{count:.1f} {unit}" if count < 99.95 else f"{count:,.0f} {unit}"


def render_duration(seconds: float) -> str:
    """A duration in seconds as ``0.34 s``, ``12.3 s``, ``2:05 min`` or ``3:07:00 h``."""
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
