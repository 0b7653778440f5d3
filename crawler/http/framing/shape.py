"""Header sections that differ only in a few fields: what all of them mean is found out once.

The responses of a server to requests for files have the same header section but for the length and the validators of
the file, and the time; those to requests for listings often differ in the time alone, and are chunked. The first one
becomes a pattern. What one that matches it means is known: the same as ``header_section`` would find, field by field.
One that does not match is parsed there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, overload

from crawler.http.framing.chunks import tidy_body
from crawler.http.framing.header_section import BodyEnd, Head
from crawler.model.network.shapes import Alike, HeaderShape, Varying

if TYPE_CHECKING:
    from crawler.model.network.receiving import HeadPattern

_VALUES = {
    b"content-length": rb"(0|[1-9][0-9]{0,17})",
    b"last-modified": rb"([!-~][ -~]{1,98}[!-~])",
    b"etag": rb"([!-~][ -~]{1,198}[!-~])",
    b"date": rb"([!-~][ -~]{1,98}[!-~])",
}
"""The fields that may differ, in lower case → what their values look like. Others than these are parsed one by one."""
_NAMES = tuple(_VALUES)
_LENGTH = _NAMES[0]
_ENDS = (BodyEnd.LENGTH, BodyEnd.CHUNKED)
_ABSENT = b"((?!))?"
_KEPT, _LEARNT = 6, 24
"""Number of shapes of a host that are tried, and number of those that are learnt; files of each type have their own."""
_LONGEST = 4096
"""Maximum size in bytes of a header section that becomes a shape."""


class Shape:
    """The pattern of a header section with status 200 after which the connection stays open.

    The body that follows has a length, or is chunked.
    """

    __slots__ = ("_groups", "_is_chunked", "_match", "common", "pattern")

    def __init__(self, lines: tuple[bytes, ...], minor: int, sample: Sequence[tuple[str, str]]) -> None:
        """``lines``: a regular expression for each line. ``sample``: the fields of the first header section."""
        names = [name.lower().encode() for name, _ in sample]
        varying = [name for name in names if name in _VALUES]
        self._is_chunked = _LENGTH not in names
        expression = b"\r\n".join(lines) + b"\r\n\r\n" + _ABSENT
        self._match = re.compile(expression).match
        self._groups = [varying.index(name) + 1 if name in varying else len(varying) + 1 for name in _NAMES]
        length, modified, etag, date = self._groups
        self.pattern: HeadPattern | None = None if self._is_chunked else (expression, (length, modified, etag, date))
        """What others need to cut out bodies by this shape; None if they are chunked."""
        constant = {name: value for name, value in sample if name.lower().encode() not in _VALUES}
        self.common = HeaderShape(tuple(name for name, _ in sample), constant, minor)

    def match(self, data: bytes, at: int) -> tuple[Head, int] | None:
        """(The header section at offset ``at`` of ``data``, the offset behind it); None if it has another shape."""
        found = self._match(data, at)
        if found is None:
            return None
        length, modified, etag, date = found.group(*self._groups)
        stop, size = found.end(), 0 if length is None else int(length)
        end = BodyEnd.CHUNKED if self._is_chunked else BodyEnd.LENGTH
        fields = ShapedFields(self.common, size, _texts(modified, etag, date))
        return Head(200, data[at:stop], end, size, True, self.common.minor, fields), stop

    def responses(self, data: bytes, at: int, most: int, count: int) -> tuple[list[Alike], int]:
        """(The complete responses of this shape at offset ``at`` of ``data``, the offset behind them).

        There may be none, and there are at most ``count``; no body has more than ``most`` bytes, or many chunks.
        """
        match, groups, common, size = self._match, self._groups, self.common, len(data)
        is_chunked = self._is_chunked
        found: list[Alike] = []
        last_modified: bytes | None = None  # many files have the values of the one before
        last_date: bytes | None = None
        modified_text: str | None = None
        date_text: str | None = None
        while count and (head := match(data, at)) is not None:
            length, modified, etag, date = head.group(*groups)
            start = head.end()
            if is_chunked:
                if (chunked := tidy_body(data, start, most)) is None:
                    break
                body, stop = chunked
            else:
                stop = start + int(length)
                if stop > size or stop > start + most:
                    break
                body = data[start:stop]
            if modified != last_modified:
                last_modified, modified_text = modified, None if modified is None else modified.decode()
            if date != last_date:
                last_date, date_text = date, None if date is None else date.decode()
            found.append(Alike(common, (modified_text, None if etag is None else etag.decode(), date_text), body))
            at = stop
            count -= 1
        return found, at


def _texts(modified: bytes | None, etag: bytes | None, date: bytes | None) -> Varying:
    return (
        None if modified is None else modified.decode(),
        None if etag is None else etag.decode(),
        None if date is None else date.decode(),
    )


class ShapedFields(Sequence[tuple[str, str]]):
    """The fields of a header section, which are only put together if somebody looks at them."""

    __slots__ = ("_length", "shape", "values")

    def __init__(self, shape: HeaderShape, length: int, values: Varying) -> None:
        self.shape = shape
        """What this header section has in common with others."""
        self._length = length
        self.values = values

    def _all(self) -> list[tuple[str, str]]:
        return self.shape.fields(self._length, self.values)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[str, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | Sequence[tuple[str, str]]:
        return self._all()[index]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, ShapedFields) else other)

    def __hash__(self) -> int:
        return hash(tuple(self._all()))


def shape_of(data: bytes, head: Head) -> Shape | None:
    """The shape of the header section ``data``, whose meaning is ``head``; None if it must be parsed each time."""
    if head.status != 200 or head.end not in _ENDS or not head.is_kept or len(data) > _LONGEST:
        return None
    names = [name.lower() for name, _ in head.fields]
    has_length = head.end is BodyEnd.LENGTH
    if len({*names, "set-cookie"}) < len(names) + 1 or ("content-length" in names) != has_length or data != head.data:
        return None
    start, *lines = data[:-4].split(b"\r\n")
    return _shape((re.escape(start), *map(_line, lines)), head.minor, tuple(head.fields))


class Shapes:
    """The shapes of the header sections of one host; the one that fitted last is tried first."""

    __slots__ = ("_known", "_learnt")

    def __init__(self) -> None:
        self._known: list[Shape] = []
        self._learnt = 0

    def match(self, data: bytes, at: int) -> tuple[Head, int] | None:
        """(The header section at offset ``at`` of ``data``, the offset behind it); None if no shape fits."""
        for place, shape in enumerate(self._known):
            if (found := shape.match(data, at)) is not None:
                if place:
                    self._known.insert(0, self._known.pop(place))
                return found
        return None

    def responses(self, data: bytes, at: int, most: int, count: int) -> tuple[list[Alike], int]:
        """``Shape.responses`` of one shape after the other, as long as one of them fits."""
        found: list[Alike] = []
        place = 0
        while place < len(self._known) and at < len(data) and len(found) < count:
            some, at = self._known[place].responses(data, at, most, count - len(found))
            if some and place:
                self._known.insert(0, self._known.pop(place))
            place = 0 if some else place + 1
            found += some
        return found, at

    def patterns(self, accepts: Callable[[HeaderShape], bool]) -> list[HeadPattern]:
        """The patterns of those shapes that ``accepts`` agrees to."""
        return [each.pattern for each in self._known if each.pattern is not None and accepts(each.common)]

    def learn(self, data: bytes, head: Head) -> Head:
        """Note the shape of the header section ``data``, if it has one. Returns ``head``, which is its meaning.

        A server that changes its header sections all the time has no shapes.
        """
        shape = shape_of(data, head) if self._learnt < _LEARNT else None
        if shape is None:
            return head
        self._learnt += 1
        self._known = [shape, *self._known][:_KEPT]
        found = shape.match(data, 0)
        return head if found is None else found[0]


def _line(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    pattern = _VALUES.get(name.lower())
    if pattern is None:
        return re.escape(line)
    blank = value[: len(value) - len(value.lstrip(b" \t"))]
    return re.escape(name + colon + blank) + pattern


@lru_cache(maxsize=64)
def _kept(lines: tuple[bytes, ...]) -> list[Shape]:
    """A place for the shape with these lines, the first of which tells the version of HTTP."""
    return []


def _shape(lines: tuple[bytes, ...], minor: int, sample: Sequence[tuple[str, str]]) -> Shape:
    """The one shape with these lines, so that what is found out about it is found out once."""
    place = _kept(lines)
    if not place:
        place.append(Shape(lines, minor, sample))
    return place[0]
