"""Values as HTML tables, for notebooks. Servers choose the names in them: every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import islice

ROWS = 50
"""Maximum number of rows that a table shows."""


LONGEST = 500
"""Maximum length of the text in a cell; longer text is cut."""


def shown(value: object) -> str:
    """``value`` as HTML text, cut if it is long; None is empty, and a float has two decimal places.

    Controls, bidi marks and the like appear as escapes.
    """
    text = "" if value is None else str(value)
    if type(value) in {int, float}:
        text = f"{value:,}" if type(value) is int else f"{value:,.2f}"
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    if not text.isprintable():
        text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return escape(text)


def pairs_table(title: str, fields: Mapping[str, object]) -> str:
    """An HTML table with one row for each of ``fields``: its name and its value."""
    rows = "".join(f"<tr><th>{shown(name)}</th><td>{shown(value)}</td></tr>" for name, value in fields.items())
    return f"<table><caption>{shown(title)}</caption>{rows}</table>"


def rows_table(title: str, records: Iterable[Mapping[str, object]], count: int) -> str:
    """An HTML table of the first ROWS of ``records``, which have the same keys. ``count``: how many there are.

    Columns that are empty in these rows are left out.
    """
    kept = list(islice(records, ROWS))
    names = [name for name in (kept[0] if kept else ()) if any(row[name] not in {None, ""} for row in kept)]
    head = "".join(f"<th>{shown(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{shown(row[name])}</td>" for name in names) + "</tr>" for row in kept)
    caption = f"<caption>{shown(title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{_more(count)}"


def text_list(title: str, texts: Sequence[str]) -> str:
    """The first ROWS of ``texts`` as an HTML list below ``title``; "" if there are none."""
    if not texts:
        return ""
    items = "".join(f"<li>{shown(text)}</li>" for text in texts[:ROWS])
    return f"<p>{shown(title)}</p><ul>{items}</ul>{_more(len(texts))}"


def _more(count: int) -> str:
    return f"<p>… and {count - ROWS:,} more</p>" if count > ROWS else ""
