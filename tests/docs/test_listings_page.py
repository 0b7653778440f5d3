"""docs/listings.md has exactly the reasons that the listing readers give, and names each family."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import crawler.listings
from crawler.listings.html.families import FAMILIES
from crawler.listings.values.hrefs import LinkKind
from crawler.model.reasons import Reason
from tests.docs.markdown import REPOSITORY, rows_of

PAGE = REPOSITORY / "docs" / "listings.md"
TREES = [ast.parse(path.read_text(), str(path)) for path in sorted(Path(crawler.listings.__path__[0]).rglob("*.py"))]
FUNCTIONS = [node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
WAYS = {way.value for way in LinkKind} - {LinkKind.CHILD.value, LinkKind.PAGE.value}
"""Values of LinkKind that are reasons for rejections."""


def documented() -> list[str]:
    """The first column of the table of reasons."""
    rows = [row[0] for row in rows_of(PAGE)]
    return rows[rows.index("reason") + 1 :]


def given() -> set[str]:
    """The first arguments of all calls that create a rejection."""
    found: set[str] = set()
    for function in FUNCTIONS:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and called(node) in {"Rejection", "reject"}:
                found |= set(values(node.args[0], function))
    return found


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def values(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """The strings that ``node`` can evaluate to in ``function``. Fails if they cannot be determined."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Constant(value=None):
            return
        case ast.IfExp(body=first, orelse=second):
            yield from values(first, function)
            yield from values(second, function)
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from values(part, function)
        case ast.Attribute(value=ast.Name(id="Reason"), attr=name):
            yield Reason[name].value
        case ast.Attribute(attr="value"):
            yield from WAYS
        case ast.Call():
            for result in results(called(node)):
                yield from values(result[0], result[1])
        case ast.Name(id=name) if name not in {argument.arg for argument in function.args.args}:
            for value in assigned(name, function):
                yield from values(value, function)
        case ast.Name():
            return  # passed through: the caller's own call is examined
        case _:
            raise AssertionError(f"a reason that this test cannot follow: {ast.unparse(node)}")


def results(name: str) -> Iterator[tuple[ast.expr, ast.FunctionDef]]:
    for function in FUNCTIONS:
        if function.name == name:
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield node.value, function


def assigned(name: str, function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        match node.targets[0]:
            case ast.Name(id=target) if target == name:
                yield node.value
            case ast.Tuple(elts=targets):
                places = [place for place, part in enumerate(targets) if getattr(part, "id", "") == name]
                for choice in (
                    (node.value.body, node.value.orelse) if isinstance(node.value, ast.IfExp) else [node.value]
                ):
                    assert isinstance(choice, ast.Tuple) or not places, ast.unparse(node)
                    yield from (choice.elts[place] for place in places if isinstance(choice, ast.Tuple))


def test_every_reason_is_documented_and_every_documented_reason_is_given() -> None:
    assert set(documented()) == given()


def test_no_reason_is_documented_twice() -> None:
    assert len(documented()) == len(set(documented()))


def test_reasons_are_followed_through_variables_branches_and_functions() -> None:
    assert {"duplicate", "navigation", "deep", "bad-name", "other", "sort"} <= given()


def test_every_family_of_pages_is_in_the_table() -> None:
    """Some names are followed by a shape, such as ``apache-pre``."""
    named = [name for row in rows_of(PAGE) for name in row[0].split(", ")]
    missing = [each.name for each in FAMILIES if not any(f"{name}-".startswith(f"{each.name}-") for name in named)]
    assert missing == []
