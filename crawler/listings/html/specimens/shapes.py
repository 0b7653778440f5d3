"""Divides a row into its *shape*, the markup, and its *values*, the texts and attributes of one entry.

Only a row whose markup means the same wherever it occurs has a shape: it is balanced and consists of well-known
elements, and its values contain only the most common character references.
"""

from __future__ import annotations

import re
from collections.abc import Container

from crawler.listings.html.tree.cells import HINTS
from crawler.model.struct import Value

FIRST_PLACE = 0xE000
"""The first placeholder for a value. Placeholders are private-use characters; a page with any is not abridged."""
NUMBER = "\uf8ff"
"""Encloses the number of the specimen after a placeholder."""
MAX_PLACES = 100
MAX_SHAPES = 500
MAX_TAGS = 5_000
MAX_ROW = 4_000
"""Maximum length in characters of a row with a shape, because the readers use only the beginning of longer texts."""

_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|\r(?!\n)")
_PLAIN = r"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff<>&"
_TEXT = rf"( *[^\s>{_PLAIN}][^>{_PLAIN}]*)"
_ARROW = "->"  # printed for a symlink, which affects how the next row is read
_QUOTED = {'"': rf'([^"{_PLAIN}]+)', "'": rf"([^'{_PLAIN}]+)", "": rf"([^\s\"'=`/{_PLAIN}]+)"}
_ADDRESS = {quote: rf"{group[:-2]}*[^\s\"'=`/{_PLAIN}])" for quote, group in _QUOTED.items()}
_TAG = re.compile(r"(<[^<>]*>)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NAME = re.compile(r"<(/?)([A-Za-z]+)(?=[\s/>])")
_ATTRIBUTE = re.compile(r"""\s+([A-Za-z_:][\w:.-]*)(\s*=\s*)?(?(2)("[^"]*"|'[^']*'|[^\s"'=<>`/]+))""", re.ASCII)
_END = re.compile(r"\s*(/?>)")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|nbsp)|#0{0,2}(3[2-9]|[4-9]\d|1[01]\d|12[0-6]));|&(?=[A-Za-z#])")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": "\xa0"}
_VALUES = frozenset(HINTS)
_MARKS = {
    "class", "id", "alt", "type", "colspan", "data-type", "data-kind", "data-icon", "aria-label", "xlink:href",
}  # fmt: skip
"""Attributes that are part of a shape. The readers use only these, ``src``, and the attributes in ``_VALUES``."""
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "br", "code", "em", "font", "i", "img", "input", "kbd", "label", "nobr",
    "path", "small", "span", "strike", "strong", "sub", "sup", "svg", "time", "tt", "u", "use", "var",
}  # fmt: skip
_CELLS = {"td", "th"}
_BLOCKS = _INLINE | {"div", "center", "button"}
_IN_FRAME = {"tr": _BLOCKS | _CELLS, "li": _BLOCKS, "div": _BLOCKS, "article": _BLOCKS, "section": _BLOCKS}
_VOID = {"br", "hr", "img", "input"}
_OPEN_ENDED = _CELLS | {"tr", "li"}


class Shape(Value, frozen=True, eq=False):
    """The markup of a row: literal text, and the places of its values."""

    parts: tuple[str | int, ...]
    links: int
    """The number of links."""
    open: tuple[str, ...]
    """Elements that the row leaves open, for the next row to close."""
    pattern: str
    """A regular expression for most rows of this shape, with a group per value. ``Shapes.read`` handles the others."""

    def specimen(self, number: int) -> str:
        """The first row of this shape, with placeholders for its values."""
        mark = f"{NUMBER}{number}{NUMBER}"
        return "".join(part if isinstance(part, str) else chr(FIRST_PLACE + part) + mark for part in self.parts)


class Shapes:
    """Divides rows into shape and values, and caches the shapes."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str | int, ...], Shape | None] = {}
        self._tags: dict[str, str] = {}

    def read(self, row: str) -> tuple[Shape, list[str]] | None:
        """The shape and the values of a row; None if it has no shape, so that it must be parsed itself."""
        if len(row) > MAX_ROW or _ODD.search(row):
            return None
        taken = _Row()
        is_tag = True
        for piece in _TAG.split(row):
            is_tag = not is_tag
            if not piece:
                continue
            if is_tag and (known := self._tags.get(piece)) is not None:
                taken.add(known, piece)
            elif not (self._add_tag(taken, piece) if is_tag else taken.add_text(piece)):
                return None
        if not taken.address or len(taken.values) > MAX_PLACES:
            return None
        shape = self._shape_of(taken)
        return None if shape is None else (shape, taken.values)

    def _shape_of(self, row: _Row) -> Shape | None:
        key = tuple(row.key)
        if key not in self._shapes:
            if len(self._shapes) >= MAX_SHAPES:
                return None
            left = _left_open(row.raw)
            self._shapes[key] = None if left is None else Shape(tuple(row.raw), row.links, left, "".join(row.pattern))
        return self._shapes[key]

    def _add_tag(self, row: _Row, tag: str) -> bool:
        found = _NAME.match(tag)
        if found is None:
            return False
        name, position, done = found[2].lower(), found.end(), 0
        literal = f"<{found[1]}{name}"
        while attribute := _ATTRIBUTE.match(tag, position):
            position = attribute.end()
            label, value = attribute[1].lower(), attribute[3] or ""
            quote = value[:1] if value[:1] in {'"', "'"} else ""
            if label in _VALUES or label == "data-href" or (label == "href" and name == "a"):
                row.add(f"{literal} {label}={quote}", tag[done : attribute.start(3)] + quote)
                if not value or not row.add_attribute(value.strip(quote), quote, leads=label not in _VALUES):
                    return False
                literal, done = "", position - len(quote)
            elif label == "src":
                literal += f" src={value.strip(quote)[-60:].rpartition('/')[2]}"
            elif label in _MARKS:
                literal += f" {label}={value}" if value else f" {label}"
        end = _END.match(tag, position)
        if end is None:
            return False
        literal += end[1]
        row.add(literal, tag[done:])
        if not done and len(self._tags) < MAX_TAGS:
            self._tags[tag] = literal
        return True


class _Row:
    """Collects the parts of a row."""

    __slots__ = ("_place", "address", "key", "links", "pattern", "raw", "values")

    def __init__(self) -> None:
        self.key: list[str | int] = []
        """Identifies the shape: the markup without the attributes that no reader uses."""
        self.raw: list[str | int] = []
        self.pattern: list[str] = []
        self.values: list[str] = []
        self.address = ""
        self.links = 0
        self._place = -1

    def add(self, literal: str, raw: str) -> None:
        """Add markup: ``literal`` identifies it, ``raw`` is its text on the page."""
        self.key.append(literal)
        self.raw.append(raw)
        self.pattern.append(re.escape(raw))

    def add_text(self, text: str) -> bool:
        """Add text between tags, with a place for each line that is not blank. False if the row has no shape."""
        if "<" in text:
            return False
        for number, line in enumerate(text.split("\n")):
            if number:
                self.add("\n", "\n")
            value = _decoded(line.removesuffix("\r"))
            if value is None or value.rstrip().endswith(_ARROW):
                return False
            if value.strip():
                self._add_value(value, _TEXT)
                line = line[-1:] if line.endswith("\r") else ""
            if line:
                self.add(line, line)
        return True

    def add_attribute(self, text: str, quote: str, *, leads: bool) -> bool:
        """Add a value in an attribute. False if the row has no shape.

        ``leads``: it is the target of a link. The first target is the row's address; later ones must contain it.
        """
        value = _decoded(text)
        if value is None or "\n" in value or "\t" in value:
            return False
        self.links += leads
        if not leads:
            self._add_value(value, _QUOTED[quote])
            return True
        if self._place < 0:
            slash = "/" if value.endswith("/") else ""  # other links of a directory's row may extend its URL
            self.address, self._place = value.removesuffix("/"), len(self.values)
            self._add_value(self.address, _ADDRESS[quote])
            self.add(slash, slash)
            return bool(self.address)
        before, found, after = value.partition(self.address)
        if not found or self.address in after or "&" in text:
            return False
        made: list[str | int] = [before, self._place, after]
        self.key += made
        self.raw += made
        self.pattern.append(f"{re.escape(before)}(?:\\{self._place + 1}){re.escape(after)}")
        return True

    def _add_value(self, value: str, pattern: str) -> None:
        self.key.append(len(self.values))
        self.raw.append(len(self.values))
        self.pattern.append(pattern)
        self.values.append(value)


def _decoded(text: str) -> str | None:
    """``text`` with character references resolved; None if it has uncommon ones."""
    if "&" not in text:
        return text
    if any(not (found[1] or found[2]) for found in _REFERENCE.finditer(text)):
        return None
    return _REFERENCE.sub(lambda found: _NAMED[found[1]] if found[1] else chr(int(found[2])), text)


def _left_open(parts: list[str | int]) -> tuple[str, ...] | None:
    """The elements that a row leaves open, usually none; None if a tree parser might restructure the row."""
    pieces = _TAG.split("".join(part if isinstance(part, str) else "x" for part in parts))
    frame = _frame_of(pieces[1])
    if frame and pieces[0].strip():
        return None  # text outside the element that is the row
    stack: list[str] = []
    for number in range(1, len(pieces), 2):
        if not _open_or_close(stack, pieces[number], frame, is_first=number == 1):
            return None
        if frame and not stack:
            return None if "".join(pieces[number + 1 :]).strip() else ()
    return tuple(stack) if all(name in _OPEN_ENDED for name in stack) else None


def is_self_contained(row: str) -> bool:
    """True if a row, whatever its markup, does not affect which element the following rows belong to.

    A row affects this if it closes an element that it did not open, or leaves one open that the next row does not end.
    ``</td>``, ``</tr>`` and ``</li>`` may be missing.
    """
    pieces = _TAG.split(_COMMENT.sub("", row))
    if any("<" in text for text in pieces[::2]):
        return False
    frame = _frame_of(pieces[1]) if len(pieces) > 1 else ""
    stack: list[str] = []
    for tag in pieces[1::2]:
        found = _NAME.match(tag)
        if found is None:
            return False
        name, closing = found[2].lower(), bool(found[1])
        if tag.endswith("/>") and not closing:
            continue
        if not _step(stack, name, closing=closing, alone=False, ended=_OPEN_ENDED):
            return False
    ended_by_next_row = {"tr": _CELLS | {"tr"}, "li": {"li"}}.get(frame, set())
    return ended_by_next_row.issuperset(stack)


def _frame_of(tag: str) -> str:
    """The name of the element around a whole row; "" if the row's first ``tag`` does not begin such an element."""
    found = _NAME.match(tag)
    name = found[2].lower() if found else ""
    return name if name in _IN_FRAME else ""


def _open_or_close(stack: list[str], tag: str, frame: str, *, is_first: bool) -> bool:
    """Apply a tag to the open elements. False if it is not allowed here or not nested properly."""
    found = _NAME.match(tag)
    if found is None:
        return False
    name, closing = found[2].lower(), bool(found[1])
    is_frame = name == frame and (is_first or closing)
    if not is_frame and name not in _IN_FRAME.get(frame, _INLINE):
        return False
    return _step(stack, name, closing=closing, alone=tag.endswith("/>"), ended=_CELLS)


def _step(stack: list[str], name: str, *, closing: bool, alone: bool, ended: Container[str]) -> bool:
    """Apply the tag ``name`` to the open elements. False if it is not nested properly.

    ``alone``: the element has no content. ``ended``: elements that end with an enclosing element. A cell also ends
    where the next one begins.
    """
    if closing:
        while stack and stack[-1] in ended and stack[-1] != name:
            stack.pop()
        return bool(stack) and stack.pop() == name
    if name in _VOID:
        return True
    while name in _CELLS and stack and stack[-1] in _CELLS:
        stack.pop()
    if name in stack and name in {"a", "button"}:
        return False
    if alone:
        return bool(stack)
    stack.append(name)
    return True
