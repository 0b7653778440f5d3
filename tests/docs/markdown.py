"""Reads Markdown files for the tests: sections, code blocks, tables and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = tuple(sorted([REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]))

_HEADING = re.compile(r"(#+) (.+)")
_FENCE = re.compile(r"```(\w*)\s*$")
_CELL = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block."""

    page: str
    section: str
    """The nearest heading above it."""
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    """All code blocks of ``page``, in order."""
    return tuple(_blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    section, language, start, lines = "", None, 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and language is None:
            language, start, lines = fence[1], number, []
        elif fence:
            yield Block(page.name, section, language or "", "\n".join(lines) + "\n", start)
            language = None
        elif language is not None:
            lines.append(line)
        elif heading := _HEADING.match(line):
            section = heading[2]
    assert language is None, f"{page.name}:{start}: a code block without an end"


def rows_of(page: Path) -> Iterator[tuple[str, ...]]:
    """The rows of all tables of ``page`` including their headings, without Markdown's marks for code."""
    for line in page.read_text().splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            cells = _CELL.split(line.strip().strip("|"))
            yield tuple(cell.replace("\\|", "|").replace("`", "").strip() for cell in cells)


def links_of(page: Path) -> Iterator[str]:
    """The targets of the links of ``page``, except those in code blocks."""
    inside = False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield from _LINK.findall(line)
