"""The program that printed a page is recognised by what it prints itself, whatever the names of the files are."""

from __future__ import annotations

import re
import re._constants as opcodes
import re._parser as parser
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.listings.html.families import FAMILIES, family_of
from tests.unit.listings.printers import Node
from tests.unit.listings.test_every_family import CASES, HTML, Case

WHEN = datetime(2024, 3, 10, 7, 30, tzinfo=UTC)


def texts_of(parsed: Any) -> Iterator[str]:
    """The texts that the items of a parsed regular expression match literally, in order."""
    text = ""
    for operation, argument in parsed:
        if operation is opcodes.LITERAL:
            text += chr(argument)
            continue
        if text:
            yield text
        text = ""
        if operation in {opcodes.MAX_REPEAT, opcodes.MIN_REPEAT}:
            yield from texts_of(argument[2])
        elif operation is opcodes.SUBPATTERN:
            yield from texts_of(argument[-1])
        elif operation is opcodes.BRANCH:
            for branch in argument[1]:
                yield from texts_of(branch)
    if text:
        yield text


def names_like(mark: str) -> Iterator[str]:
    """File names made of the words of ``mark``: as a whole, and each text in it, with a version behind it."""
    texts = [text.replace("/", "").strip() for text in texts_of(parser.parse(mark, re.IGNORECASE | re.DOTALL))]
    for text in {*texts, " ".join(texts)}:
        if len(text) > 3:
            yield text[:200]
            yield f"{text[:200]} 2.3 (http:"


NAMES = sorted({name for family in FAMILIES for name in names_like(family.mark.pattern)})
PRINTED = [case for case in CASES if case.kind == HTML and case.key in {family.name for family in FAMILIES}]


def family_with(case: Case, name: str, *, directory: bool) -> str:
    """The family of ``case``'s page of one file or directory called ``name``."""
    return family_of(case.print([Node(name.encode(), directory, 5000, WHEN)])).name


@pytest.mark.parametrize("case", PRINTED, ids=str)
def test_the_name_of_a_file_is_no_mark_of_a_family(case: Case) -> None:
    for directory in {False, case.directories}:
        plain = family_with(case, "plain.bin", directory=directory)
        taken = {name: found for name in NAMES if (found := family_with(case, name, directory=directory)) != plain}
        assert taken == {}
