"""Compares ``docs/reliability.md``, which names the tests of each row, with the marks on the tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "reliability.md"
TEST = re.compile(r"`(test_\w+)::(test_\w+)`")


def marked() -> set[tuple[str, str, str]]:
    """(row, module, test) of every ``@pytest.mark.row``."""
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.unparse(mark).startswith(
                    "pytest.mark.row("
                ):
                    found |= {(ast.literal_eval(row), path.stem, node.name) for row in mark.args}
    return found


def rows() -> list[str]:
    """The name of every row, in the order of the document."""
    return re.findall(r"^\| ([A-Z]\d\d) \|", TABLE.read_text("utf-8"), re.MULTILINE)


def documented() -> set[tuple[str, str, str]]:
    found = set()
    for line in TABLE.read_text("utf-8").splitlines():
        row = re.match(r"\| ([A-Z]\d\d) \|", line)
        if row:
            found |= {(row[1], module, test) for module, test in TEST.findall(line)}
    return found


def test_the_table_of_rows_names_the_tests_that_are_marked_with_them() -> None:
    assert sorted(marked() - documented()) == [], "marked, but not in docs/reliability.md"
    assert sorted(documented() - marked()) == [], "in docs/reliability.md, but no such mark"


def test_no_two_rows_have_the_same_name() -> None:
    assert sorted(rows()) == sorted(set(rows()))


def test_every_test_of_a_fault_names_its_row() -> None:
    with_row = {(module, test) for _, module, test in marked()}
    for path in HERE.glob("test_*.py"):
        if path.name != Path(__file__).name:
            tests = {
                node.name
                for node in ast.parse(path.read_text("utf-8")).body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert {test for test in tests if test.startswith("test_")} <= {
                test for module, test in with_row if module == path.stem
            }
