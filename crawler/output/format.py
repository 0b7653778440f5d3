"""Renders entries, plans and explanations as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from crawler.model.report import Step
from crawler.model.values import Entry, Kind, Span
from crawler.text.escape import masked, printable
from crawler.text.units import render_size

_MARKS = {Kind.FILE: "-", Kind.DIRECTORY: "d", Kind.SYMLINK: "l", Kind.OTHER: "o", Kind.UNKNOWN: "?"}


def json_text(key: str, text: str) -> dict[str, str]:
    """``text`` as JSON members that strict parsers accept.

    A name that is not UTF-8 contains lone surrogates, which strict parsers reject (RFC 8259 section 8.2). They are
    replaced by U+FFFD, and an additional member ``<key>_hex`` holds the original bytes.
    """
    if text.isascii():
        return {key: text}
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that does not stand for a byte, as in some JSON listings
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


def render_entries(entries: Iterable[Entry], format: str) -> str:  # noqa: A002 RUF100 - named like the option
    """The entries of a listing as columns (``text``) or an array of objects (``json``), without a final newline.

    Text: kind as in ls (- file, d directory, l link, o other, ? unknown), size in bytes or ``~`` and the rounded size,
    time as printed by the server (with its UTC offset if known), URL. JSON: sizes and times are ``[low, high]``, equal
    if the listing is exact.
    """
    if format == "json":
        rows = (json.dumps(_entry_values(entry)) for entry in entries)
        return "[\n" + ",\n".join(rows) + "\n]"
    return "\n".join(
        f"{_MARKS[entry.kind]} {_size_column(entry.size):>13} {_time_column(entry.modified):<24} {masked(entry.url)}"
        for entry in entries
    )


def heading(name: str) -> str:
    """The line above what is printed about the mirror ``name``, if there may be several."""
    return f"--- {printable(name)}"


def plan_lines(
    steps: Sequence[Step],
    free: int | None,
    format: str,  # noqa: A002 RUF100 - named like the option
    *,
    name: str = "",
    has_failures: bool = False,
) -> Iterator[str]:
    """What a run would do: a line for each step, then the totals. A plan may have millions of lines.

    Text: action, size as in ``render_entries``, path and reason; then the totals. JSON: one object with ``steps``,
    ``totals`` (by action: ``files``, and ``bytes`` as ``[low, high]``, high null where sizes are unknown) and ``free``.
    ``name``: that of the mirror, if there may be several: a heading, or ``mirror`` in JSON. ``has_failures``: files or
    listings have failed, so that the plan may lack something.
    """
    totals = {action: _total(steps, action) for action in ("fetch", "ask", "delete")}
    if format == "json":
        sums = {action: {"files": count, "bytes": [low, high]} for action, (count, low, high) in totals.items()}
        yield f'{{"mirror": {json.dumps(name)}, "steps": [' if name else '{"steps": ['
        for number, step in enumerate(steps, 1):
            yield json.dumps(_step_values(step)) + ("," if number < len(steps) else "")
        yield f'],\n"totals": {json.dumps(sums)},\n"free": {json.dumps(free)}}}'
        return
    if name:
        yield heading(name)
    for step in steps:
        yield f"{step.action:<6} {_size_column(step.size):>13} {printable(step.path)} ({printable(step.reason)})"
    words = [
        f"{count:,} to {verb}{_sum_text(low, high)}"
        for (count, low, high), verb in zip(totals.values(), ("fetch", "check", "delete"), strict=True)
        if count
    ]
    room = "" if free is None else f"; the disk has {render_size(free)} free"
    nothing = "nothing to do beside what failed" if has_failures else "nothing to do"
    yield f"Plan: {', '.join(words) or nothing}{room}"


def _total(steps: Iterable[Step], action: str) -> tuple[int, int, int | None]:
    """(number of files, minimum bytes, maximum bytes or None if unknown) of the steps with ``action``."""
    count = low = 0
    high: int | None = 0
    for step in steps:
        if step.action == action and not step.path.endswith("/"):
            count += 1
            low += step.size.low if step.size else 0
            high = None if high is None or step.size is None else high + step.size.high
    return count, low, high


def _sum_text(low: int, high: int | None) -> str:
    if high is None:
        return f" (more than {render_size(low)})" if low else ""
    return f" ({render_size((low + high) / 2)})"


def _step_values(step: Step) -> dict[str, object]:
    return {
        "action": step.action,
        **json_text("path", step.path),
        "size": None if step.size is None else [step.size.low, step.size.high],
        "reason": step.reason,
        "url": masked(step.url),
    }


def render_facts(facts: Iterable[tuple[str, str]]) -> str:
    """A line for each (label, fact), without a final newline. Control characters and passwords are masked."""
    return "\n".join(f"{word:<10}{masked(text)}" for word, text in facts)
