"""docs/architecture.md and the rules that are tested, the reasons and the page that explains them."""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

from crawler.pipeline.plan import planner
from crawler.pipeline.rules import compare, filters
from tests.docs.markdown import REPOSITORY, rows_of
from tests.unit.test_architecture import HOMES, LARGE, PACKAGE

DOCS = REPOSITORY / "docs"
PAGE = DOCS / "architecture.md"
ROWS = list(rows_of(PAGE))


def drawn() -> set[str]:
    """The packages of the tree at the head of the page, as paths below crawler/."""
    found, above = set[str](), list[str]()
    for line in PAGE.read_text().partition("```text\ncrawler/\n")[2].partition("```")[0].splitlines():
        match = re.match(r"((?:│   |    )*)[├└]── (\w+)/ ", line)
        assert match, line
        above = [*above[: len(match[1]) // 4], match[2]]
        found.add("/".join(above))
    return found


def test_the_picture_is_the_folder_tree() -> None:
    assert drawn() == {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.glob("*/**/__init__.py")}


def test_every_library_is_at_home_where_the_page_says() -> None:
    after = ROWS[ROWS.index(next(row for row in ROWS if row[0] == "Library")) + 1 :]
    documented = {name: row[1] for row in after if len(row) == 4 for name in row[0].split(", ")}
    for library, homes in HOMES.items():
        name = {"bs4": "beautifulsoup4"}.get(library, library)
        assert library == "sqlite3" or set(documented[name].split(", ")) == set(homes.split())


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
    assert reasons(compare, "Decision") | reasons(planner, "Decision") <= explained
    assert reasons(filters, "Rejection") <= explained
    assert {"new", "racy", "row changed"} <= reasons(compare, "Decision")
