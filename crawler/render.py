"""Values as text: sizes and times for people, entries as columns, names as JSON that every reader accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from crawler.escape import masked
from crawler.models import Entry, Kind, Span

_MARKS = {Kind.FILE: "-", Kind.DIRECTORY: "d", Kind.SYMLINK: "l", Kind.OTHER: "o", Kind.UNKNOWN: "?"}


def render_size(count: float) -> str:
    """Bytes as people read them, in powers of 1024: ``512 B``, ``1.2 GiB``."""
    if count < 1024:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        count /= 1024
        if count < 999.5 or unit == "TiB":
            break
    return f"{count:.1f} {unit}" if count < 99.95 else f"{count:,.0f} {unit}"


def render_duration(seconds: float) -> str:
    """Seconds as people read them: ``0.34 s``, ``12.3 s``, ``2:05 min``, ``3:07:00 h``."""
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def json_text(key: str, text: str) -> dict[str, str]:
    """``text`` as JSON members that every reader accepts.

    A name that is not UTF-8 holds lone surrogates, which strict JSON readers refuse (RFC 8259 section
    8.2): they become U+FFFD, and ``<key>_hex`` beside it holds the true bytes.
    """
    if text.isascii():
        return {key: text}
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: JSON listings can hold them
        raw = text.encode("utf-8", "surrogatepass")
    shown = raw.decode("utf-8", "replace")
    return {key: text} if shown == text else {key: shown, f"{key}_hex": raw.hex()}


def _entry_values(entry: Entry) -> dict[str, object]:
    def span(value: Span[int] | None) -> list[int] | None:
        return None if value is None else [value.low, value.high]

    modified = entry.modified
    return {
        **json_text("name", entry.name),
        "kind": entry.kind.value,
        "url": masked(entry.url),
        "size": span(entry.size),
        "modified": None if modified is None else [modified.low.isoformat(), modified.high.isoformat()],
        **json_text("folder", entry.folder),
        "row": json_text("row", entry.row)["row"],
        "digest": entry.digest,
        "etag": entry.etag,
        "external": entry.external,
    }


def _size_column(size: Span[int] | None) -> str:
    if size is None:
        return "-"
    return str(size.low) if size.exact else "~" + render_size((size.low + size.high) / 2).replace(" ", "")


def _time_column(modified: Span[datetime] | None) -> str:
    if modified is None:
        return "-"
    text = modified.low.strftime("%Y-%m-%d %H:%M:%S" if modified.exact else "%Y-%m-%d %H:%M")
    return text + (modified.low.strftime("%z") or "")


def render_entries(entries: Iterable[Entry], format: str) -> str:  # noqa: A002 RUF100 - the option's name
    """The entries of a listing as columns (``text``) or as an array of objects (``json``), no final newline.

    Text: kind as in ls (- file, d directory, l link, ? unknown), size in bytes or ``~`` and the rounded
    size, time as the server prints it (with its offset from UTC where that is known), URL.
    JSON: sizes and times are ``[low, high]``, the two equal where the listing is exact.
    """
    if format == "json":
        rows = (json.dumps(_entry_values(entry)) for entry in entries)
        return "[\n" + ",\n".join(rows) + "\n]"
    return "\n".join(
        f"{_MARKS[entry.kind]} {_size_column(entry.size):>13} {_time_column(entry.modified):<24} {masked(entry.url)}"
        for entry in entries
    )
