"""Restores the links and rows of an abridged page, by copying those of each specimen with other values.

A specimen (see ``abridged_page``) is parsed with placeholders for values. Wherever a placeholder appears in the text of
a cell, a link or a hint, each replaced row has its own value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from crawler.listings.html.specimens.abridged_page import Specimen
from crawler.listings.html.specimens.shapes import FIRST_PLACE, NUMBER
from crawler.listings.html.tree.cells import Cell
from crawler.listings.html.tree.rows import Row
from crawler.listings.html.tree.survey import Link, squeezed
from crawler.listings.values.hrefs import Resolver

_PLACE = re.compile(f"([\ue000-\uf8fe]){NUMBER}([0-9]+){NUMBER}")


class NotAbridgeable(Exception):
    """A specimen did not parse as a separate row, so the page must be read unabridged."""


class _Text:
    """A text of a specimen, which may contain placeholders."""

    __slots__ = ("_parts", "_place", "_places")

    def __init__(self, text: str, number: int) -> None:
        """Raises NotAbridgeable if the text belongs to another specimen."""
        parts = _PLACE.split(text)
        if any(int(found) != number for found in parts[2::3]):
            raise NotAbridgeable
        self._places = [ord(place) - FIRST_PLACE for place in parts[1::3]]
        self._parts = [part for index, part in enumerate(parts) if index % 3 < 2]
        self._place = self._places[0] if len(self._places) == 1 and not any(parts[::3]) else -1

    @property
    def constant(self) -> str | None:
        """The text if all rows share it, else None."""
        return None if self._places else self._parts[0]

    def fill(self, values: Sequence[str]) -> str:
        """The text with ``values`` in their places."""
        if self._place >= 0:
            return values[self._place]
        if self._places:
            self._parts[1::2] = [values[place] for place in self._places]
            return "".join(self._parts)
        return self._parts[0]


class _OwnText(_Text):
    """A text between tags, which in a specimen consists of placeholders only."""

    __slots__ = ()

    def __init__(self, text: str, number: int) -> None:
        """Raises NotAbridgeable if the text is outside the specimen."""
        super().__init__(text, number)
        if self.constant and not self.constant.isspace():
            raise NotAbridgeable


class _LinkTemplate:
    """A link of a specimen."""

    __slots__ = ("_following", "_href", "_pieces", "_tag", "_title")

    def __init__(self, link: Link, number: int) -> None:
        self._tag = link.tag
        self._href, self._title = _Text(link.href, number), _Text(link.title, number)
        self._following = _Text(link.following, number)
        self._pieces = [_Text(piece, number) for piece in link.pieces]

    def fill(self, values: Sequence[str], resolver: Resolver) -> Link:
        """The same link in a row with ``values``."""
        href = self._href.fill(values)
        pieces = [squeezed(piece.fill(values)) for piece in self._pieces]
        return Link(
            self._tag, href, resolver.target(href), pieces, self._title.fill(values), self._following.fill(values)
        )


class _CellTemplate:
    """A cell of a specimen."""

    __slots__ = ("_cell", "_constant", "_hints", "_text")

    def __init__(self, cell: Cell, number: int) -> None:
        self._cell = cell
        self._text, self._hints = _OwnText(cell.text, number), [_Text(hint, number) for hint in cell.hints]
        self._constant = self._text.constant == "" and all(hint.constant is not None for hint in self._hints)

    def fill(self, values: Sequence[str]) -> Cell:
        """The same cell with ``values``."""
        cell = self._cell
        if self._constant:
            return cell
        hints = [hint.fill(values) for hint in self._hints]
        return Cell(squeezed(self._text.fill(values)), hints, cell.linked, cell.label)


class _RowTemplate:
    """A row of a specimen."""

    __slots__ = ("_after", "_before", "_cells", "_indices", "_row")

    def __init__(self, row: Row, links: list[Link], number: int) -> None:
        self._row = row
        self._indices = [links.index(link) for link in row.links]
        self._cells = [_CellTemplate(cell, number) for cell in row.cells]
        self._before, self._after = _OwnText(row.before, number), _OwnText(row.after, number)

    def fill(self, values: Sequence[str], links: list[Link], group: int) -> Row:
        """The same row with ``values``, and with ``links``, which were made from them."""
        row = self._row
        return Row(
            row.region,
            row.element,
            [links[index] for index in self._indices],
            [cell.fill(values) for cell in self._cells],
            self._before.fill(values),
            self._after.fill(values),
            row.in_table,
            row.extra,
            group if row.group else 0,
            row,
        )


class _Model:
    """The links and rows of one specimen in the tree."""

    def __init__(self, number: int, links: list[Link]) -> None:
        self.number, self.links = number, links
        self.link_templates = [_LinkTemplate(link, number) for link in links]
        self.rows: list[_RowTemplate] = []
        self._is_single = len({link.href for link in links}) == 1

    def add_row(self, row: Row) -> None:
        """Add a row of the tree. Raises NotAbridgeable if it contains links of other specimens."""
        if any(link not in self.links for link in row.links):
            raise NotAbridgeable
        self.rows.append(_RowTemplate(row, self.links, self.number))

    def copy_links(self, values: Sequence[str], resolver: Resolver) -> list[Link]:
        """The links of a replaced row."""
        return [template.fill(values, resolver) for template in self.link_templates]

    def copy_rows(self, values: Sequence[str], links: list[Link], group: int) -> Iterator[Row]:
        """The rows for other ``values``. Raises NotAbridgeable if the kinds of their links differ."""
        if not self._is_single and [link.target.kind for link in links] != [link.target.kind for link in self.links]:
            raise NotAbridgeable  # the kinds of links determine which of them belong to one row
        for row in self.rows:
            yield row.fill(values, links, group)


class Copies:
    """The links and rows of an abridged page, including those that are not in its tree."""

    def __init__(self, links: list[Link], specimens: list[Specimen], resolver: Resolver) -> None:
        """``links`` are those of the tree. Raises NotAbridgeable."""
        self.tree_links = links
        self.links: list[Link] = []
        self._specimens = specimens
        self._models: list[_Model] = []
        self._copied: list[list[Link]] = []
        if specimens and any("</" in link.href for link in links):
            raise NotAbridgeable  # a quote that is not closed has taken in rows
        for number, group in groupby(links, _number_of):
            if number < 0:
                self.links += group
                continue
            if number != len(self._models):
                raise NotAbridgeable
            self._models.append(_Model(number, list(group)))
            if len(self._models[number].links) != specimens[number].shape.links:
                raise NotAbridgeable
            for like, values in specimens[number].rows:
                copied = self._models[like.number].copy_links(values, resolver)
                self._copied.append(copied)
                self.links += copied
        if len(self._models) != len(specimens):
            raise NotAbridgeable

    def retarget(self, resolver: Resolver) -> None:
        """Resolve all links again, after the root of ``resolver`` has changed."""
        copied = (link for links in self._copied for link in links)
        for link in chain(self.tree_links, copied):
            link.retarget(resolver.target(link.href))

    def rows(self, cut: list[Row]) -> list[Row]:
        """``cut``, the rows of the tree, with each specimen replaced by the rows that it stands for."""
        regions: dict[int, set[int]] = {}
        for row in cut:
            regions.setdefault(id(row.region), set()).add(_number_of(row.links[0]))
        if any(len(numbers) == 1 and max(numbers) >= 0 for numbers in regions.values()):
            raise NotAbridgeable  # a region with the rows of one specimen only would have been repeated for each row
        result: list[Row] = []
        copied = iter(self._copied)
        for number, group in groupby(cut, lambda row: _number_of(row.links[0])):
            if number < 0:
                for row in group:
                    _check_own(row)
                    result.append(row)
                continue
            model = self._models[number]
            if model.rows:
                raise NotAbridgeable
            for row in group:
                model.add_row(row)
            for like, values in self._specimens[number].rows:
                result += self._models[like.number].copy_rows(values, next(copied), -len(result) - 1)
        if next(copied, None) is not None:
            raise NotAbridgeable
        return result


def _number_of(link: Link) -> int:
    """The number of the specimen that contains a link, or -1."""
    found = _PLACE.search(link.href)
    return int(found[2]) if found else -1


def _check_own(row: Row) -> None:
    """Raises NotAbridgeable if a row that does not belong to a specimen contains text of one."""
    texts = (row.before, row.after, *(cell.text for cell in row.cells))
    if any(_PLACE.search(text) for text in texts) or any(_number_of(link) >= 0 for link in row.links):
        raise NotAbridgeable
