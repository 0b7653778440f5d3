"""Draws charts as inline SVG. They contain shapes and classes; the style sheet sets colours for light, dark and print.

svg.py does not escape text, so all text goes through ``_escaped``. Charts of runs have no visible text and stretch to
the available width. The map is laid out in percent, once for a wide and once for a narrow page, so that the size of its
text does not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import squarify  # type: ignore[import-untyped]
import svg
from markupsafe import Markup, escape

from crawler.model.struct import Value
from crawler.output.html_report.directories import SizeItem
from crawler.text.escape import masked
from crawler.text.units import render_size

SLOT, HEIGHT = 10, 100
"""Width and height of one run in the charts of runs, in user units of the SVG."""
MIN_SLOTS = 12
"""Minimum number of slots, so that a single run is drawn as a bar, not as a block."""
MAX_TEXT = 300
"""Maximum number of characters of a name or reason in the report."""
TONES = 6
"""Number of colours in the map."""
_CHARACTER_WIDTH = 7.0
"""Upper bound for the average character width in the map, in pixels; longer labels are shortened."""
_LINE_HEIGHT = 17


_OUTLIER = 4
"""How many times as high as the next highest bar an outlier is."""


class Slot(Value, frozen=True, kw_only=True):
    """One run in a chart."""

    title: str
    """Text of the tooltip."""
    up: float | None = None
    """Value drawn above the base line; None if unknown."""
    down: float = 0.0
    """Value drawn below the base line."""
    is_bad: bool = False


def legible(text: str) -> str:
    """``text`` without control characters and passwords, the middle elided if longer than MAX_TEXT."""
    shown = masked(text)
    return shown if len(shown) <= MAX_TEXT else f"{shown[: MAX_TEXT // 2]} … {shown[-MAX_TEXT // 2 :]}"


def _escaped(text: str) -> str:
    return str(escape(legible(text)))


def _title(text: str) -> svg.Title:
    return svg.Title(text=_escaped(text))


def _frame(slots: Sequence[Slot], shapes: list[svg.Element]) -> Markup:
    """An SVG of ``shapes``, with an invisible strip over each run that carries its tooltip."""
    strips = [
        svg.Rect(class_=["strip"], x=number * SLOT, y=0, width=SLOT, height=HEIGHT, elements=[_title(slot.title)])
        for number, slot in enumerate(slots)
    ]
    width = max(len(slots), MIN_SLOTS) * SLOT
    drawing = svg.SVG(
        class_=["runs"],
        viewBox=svg.ViewBoxSpec(0, 0, width, HEIGHT),
        preserveAspectRatio=svg.PreserveAspectRatio("none"),
        elements=[*shapes, *strips],
    )
    return Markup(drawing.as_str())  # noqa: S704 RUF100 - all of its text went through _escaped


def visible_top(values: Sequence[float]) -> float:
    """The top of the scale for bars of ``values``: the highest value, unless a few outliers would flatten all others.

    The first run of a mirror saves everything, later ones a little. Up to a tenth of the bars, but at least one, may be
    outliers, which are several times as high as the highest of the others. They are cut off a quarter above that one.
    """
    ordered = sorted(values, reverse=True)
    for count in range(max(1, len(ordered) // 10), 0, -1):
        if count < len(ordered) and ordered[count] > 0 and ordered[count - 1] > _OUTLIER * ordered[count]:
            return ordered[count] * 1.25
    return ordered[0] if ordered else 0


def render_bars(slots: Sequence[Slot]) -> Markup:
    """A bar for each run, oldest first; values below the base line have the same scale."""
    up, down = visible_top([slot.up or 0 for slot in slots]), visible_top([slot.down for slot in slots])
    scale = HEIGHT / (up + down) if up + down else 0
    line = round(up * scale if scale else HEIGHT, 2)
    shapes: list[svg.Element] = []
    for number, slot in enumerate(slots):
        for value, top, name in ((slot.up or 0, up, "up"), (slot.down, down, "down")):
            if value > 0:
                size = max(round(min(value, top) * scale, 2), 1.5)  # so that any value but zero is visible
                y = line if name == "down" else max(line - size, 0)
                classes = [name, "bad"] if slot.is_bad else [name]
                shapes.append(svg.Rect(class_=classes, x=number * SLOT + 1.5, y=round(y, 2), width=7, height=size))
                if value > top:
                    end = y + size - 7 if name == "down" else y + 4
                    shapes.append(svg.Rect(class_=["cut"], x=number * SLOT, y=round(end, 2), width=SLOT, height=3))
        if slot.up is None:
            shapes.append(svg.Rect(class_=["unknown"], x=number * SLOT + 1.5, y=0, width=7, height=HEIGHT))
    width = max(len(slots), MIN_SLOTS) * SLOT
    shapes.append(svg.Line(class_=["line"], x1=0, x2=width, y1=line, y2=line))
    return _frame(slots, shapes)


def render_steps(slots: Sequence[Slot]) -> Markup:
    """The value after each run as a stepped area, with gaps where it is unknown and a mark below each failed run."""
    top = max((slot.up or 0 for slot in slots), default=0) or 1
    shapes: list[svg.Element] = []
    for is_known, piece in groupby(enumerate(slots), key=lambda item: item[1].up is not None):
        if is_known:
            numbers, known = zip(*piece, strict=True)
            shapes += _steps(numbers[0], [round(HEIGHT - (slot.up or 0) / top * (HEIGHT - 2), 2) for slot in known])
    shapes += [
        svg.Rect(class_=["bad"], x=number * SLOT + 1, y=HEIGHT - 8, width=SLOT - 2, height=8)
        for number, slot in enumerate(slots)
        if slot.is_bad
    ]
    return _frame(slots, shapes)


def _steps(start: int, levels: Sequence[float]) -> list[svg.Element]:
    points: list[tuple[float, float]] = []
    for number, level in enumerate(levels, start):
        points += [(number * SLOT, level), ((number + 1) * SLOT, level)]
    first, last = points[0][0], points[-1][0]
    path = [svg.MoveTo(*points[0]), *(svg.LineTo(*point) for point in points[1:])]
    area = [*path, svg.LineTo(last, HEIGHT), svg.LineTo(first, HEIGHT), svg.ClosePath()]
    return [svg.Path(class_=["area"], d=area), svg.Path(class_=["edge"], d=list(path))]


def render_share(share: float) -> Markup:
    """A thin bar filled to ``share`` (0 to 1) of its width."""
    width = svg.Length(round(100 * share, 2), "%")
    bar = svg.Rect(class_=["up"], width=width, height=svg.Length(100, "%"))
    return Markup(svg.SVG(class_=["share"], elements=[bar]).as_str())  # noqa: S704 RUF100 - no text


def render_map(places: Sequence[SizeItem], width: int, height: int) -> Markup:
    """A treemap of about ``width`` × ``height`` pixels, in which the area of each item is its size in bytes.

    ``places`` must be sorted, largest first, and none of them empty.
    """
    groups: dict[int, list[SizeItem]] = {}
    for place in places:
        groups.setdefault(place.group, []).append(place)
    ordered = sorted(groups.values(), key=_size_of, reverse=True)
    cells: list[svg.Element] = []
    for group, room in zip(ordered, _boxes([_size_of(group) for group in ordered], 0, 0, width, height), strict=True):
        boxes = _boxes([place.size for place in group], room["x"], room["y"], room["dx"], room["dy"])
        cells += [_cell(place, box, (width, height)) for place, box in zip(group, boxes, strict=True)]
    return Markup(svg.SVG(class_=["map"], elements=cells).as_str())  # noqa: S704 RUF100 - all text went through _escaped


def _size_of(group: Sequence[SizeItem]) -> int:
    return sum(place.size for place in group)


def _boxes(sizes: Sequence[int], x: float, y: float, width: float, height: float) -> list[dict[str, float]]:
    """A rectangle for each of ``sizes`` (largest first) that together fill the given rectangle."""
    boxes: list[dict[str, float]] = squarify.squarify(
        squarify.normalize_sizes(sizes, width, height), x, y, width, height
    )
    return boxes


def _cell(place: SizeItem, box: dict[str, float], room: tuple[int, int]) -> svg.SVG:
    size = render_size(place.size)
    files = f"{place.files:,} {'file' if place.files == 1 else 'files'}"
    elements: list[svg.Element] = [
        _title(f"{place.label} – {size}, {files}"),
        svg.Rect(width=svg.Length(100, "%"), height=svg.Length(100, "%")),
    ]
    lines = [_shortened(place.label, box["dx"]), size if len(size) * _CHARACTER_WIDTH < box["dx"] - 14 else ""]
    if box["dy"] >= _LINE_HEIGHT + 6 and lines[0]:
        elements.append(svg.Text(x=8, y=18, text=_escaped(lines[0])))
        if box["dy"] >= 2 * _LINE_HEIGHT + 6 and lines[1]:
            elements.append(svg.Text(class_=["size"], x=8, y=18 + _LINE_HEIGHT, text=_escaped(lines[1])))

    def part(value: float, whole: float) -> svg.Length:
        return svg.Length(round(100 * value / whole, 3), "%")

    return svg.SVG(
        class_=[f"tone{place.group % TONES}"],
        x=part(box["x"], room[0]),
        y=part(box["y"], room[1]),
        width=part(box["dx"], room[0]),
        height=part(box["dy"], room[1]),
        elements=elements,
    )


def _shortened(label: str, width: float) -> str:
    """As many trailing path segments of ``label`` as fit into ``width`` pixels; "" if too little would be left."""
    letters = int((width - 14) / _CHARACTER_WIDTH)
    names = masked(label).removesuffix("/").split("/")
    for first in range(len(names)):
        tail = "/".join(names[first:])
        if len(tail) <= letters:
            return tail
    return f"{names[-1][: letters - 1]}…" if letters >= 5 else ""
