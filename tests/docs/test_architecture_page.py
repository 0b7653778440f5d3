"""docs/architecture.md and the rules that are tested, the reasons and the page that explains them."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

from crawler.pipeline.rules import filters, compare as plan
from crawler.pipeline.plan import planner as producer
from tests.docs.markdown import REPOSITORY, rows_of
from tests.unit.test_architecture import HOMES, LARGE, LAYERS

DOCS = REPOSITORY / "docs"
ROWS = list(rows_of(DOCS / "architecture.md"))


def test_the_table_of_layers_is_the_one_that_is_tested() -> None:
    documented = {int(row[0][0]): set(row[1].split(", ")) for row in ROWS if row[0][0].isdecimal()}
    assert documented == {number: set(rooms.split()) for number, rooms in LAYERS.items()}


def test_every_library_is_at_home_where_the_page_says() -> None:
    after = ROWS[ROWS.index(next(row for row in ROWS if row[0] == "Library")) + 1 :]
    documented = {name: row[1] for row in after if len(row) == 4 for name in row[0].split(", ")}
    for library, rooms in HOMES.items():
        name = {"bs4": "beautifulsoup4"}.get(library, library)
        assert library == "sqlite3" or set(documented[name].split(", ")) <= set(rooms.split())


def test_what_is_over_budget_is_excused_on_the_page_too() -> None:
    after = ROWS[ROWS.index(("Module", "Reason")) + 1 :]
    assert {row[0]: row[1] for row in after} == LARGE


def reasons(module: ModuleType, maker: str) -> set[str]:
    """The texts that ``module`` gives its ``maker`` as reason; those made at run time are left out."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)]
    given = [argument for call in calls if ast.unparse(call.func) == maker for argument in call.args[:2]]
    chosen = [(item.body, item.orelse) if isinstance(item, ast.IfExp) else (item,) for item in given]
    texts = {item.value for items in chosen for item in items if isinstance(item, ast.Constant)}
    return {text for text in texts if isinstance(text, str)}


def test_every_reason_of_a_plan_and_every_filter_is_explained() -> None:
    explained = {word for row in rows_of(DOCS / "troubleshooting.md") for word in row[0].split(", ")}
    assert reasons(plan, "Decision") | reasons(producer, "Decision") <= explained
    assert reasons(filters, "Rejection") <= explained
    assert {"new", "racy", "row changed"} <= reasons(plan, "Decision")
