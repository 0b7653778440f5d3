"""docs/architecture.md agrees with the tested rules, and docs/troubleshooting.md with the reasons in the code."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from crawler.model.reasons import Reason
from crawler.pipeline.plan import planner
from crawler.pipeline.rules import compare, filters
from tests.docs.markdown import PAGES, REPOSITORY, rows_of
from tests.unit.test_architecture import HOMES, LARGE, PACKAGE

DOCS = REPOSITORY / "docs"
PAGE = DOCS / "architecture.md"
ROWS = list(rows_of(PAGE))
PACKAGES = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {
    path.name for path in (PACKAGE / "pipeline").iterdir() if path.is_dir()
}
DOTTED = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)`")
FILE = re.compile(r"`((?:[\w*]+/)*\w+\.py)`")


def drawn() -> set[str]:
    """The packages of the tree at the head of the page, as paths below crawler/."""
    found, above = set[str](), list[str]()
    for line in PAGE.read_text().partition("```text\ncrawler/\n")[2].partition("```")[0].splitlines():
        match = re.match(r"((?:│   |    )*)[├└]── (\w+)/ ", line)
        assert match, line
        above = [*above[: len(match[1]) // 4], match[2]]
        found.add("/".join(above))
    return found


def test_the_picture_is_the_directory_tree() -> None:
    files = (path for path in PACKAGE.glob("*/**/*") if path.is_file() and path.parent.name != "__pycache__")
    assert drawn() == {str(path.parent.relative_to(PACKAGE)) for path in files}


def test_every_library_is_at_home_where_the_page_says() -> None:
    after = ROWS[ROWS.index(next(row for row in ROWS if row[0] == "Library")) + 1 :]
    documented = {name: row[1] for row in after if len(row) == 4 for name in row[0].split(", ")}
    for library, homes in HOMES.items():
        name = {"bs4": "beautifulsoup4"}.get(library, library)
        assert library == "sqlite3" or set(documented[name].split(", ")) == set(homes.split())


def test_modules_over_the_budget_are_justified_on_the_page() -> None:
    after = ROWS[ROWS.index(("Module", "Reason")) + 1 :]
    assert {row[0]: row[1] for row in after} == LARGE


def reasons(module: ModuleType, maker: str) -> set[str]:
    """The constant texts that ``module`` passes to ``maker`` as reasons."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)]
    given = [argument for call in calls if ast.unparse(call.func) == maker for argument in call.args[:2]]
    chosen = [(item.body, item.orelse) if isinstance(item, ast.IfExp) else (item,) for item in given]
    texts = {item.value for items in chosen for item in items if isinstance(item, ast.Constant)}
    members = {item.attr for items in chosen for item in items if ast.unparse(item).startswith("Reason.")}
    return {text for text in texts if isinstance(text, str)} | {Reason[name].value for name in members}


def test_every_reason_of_a_plan_and_every_filter_is_explained() -> None:
    explained = {word for row in rows_of(DOCS / "troubleshooting.md") for word in row[0].split(", ")}
    assert reasons(compare, "Decision") | reasons(planner, "Decision") <= explained
    assert reasons(filters, "Rejection") <= explained
    assert {"new", "racy", "row changed"} <= reasons(compare, "Decision")


def exists(module: str) -> bool:
    """True if ``module``, relative to crawler or crawler.pipeline, is a module or a package."""
    path = module.replace(".", "/")
    roots = (PACKAGE, PACKAGE / "pipeline")
    return any((root / f"{path}.py").exists() or (root / path / "__init__.py").exists() for root in roots)


def test_every_module_that_the_page_names_exists() -> None:
    cells = {row[0] for row in ROWS} | {name for row in ROWS if len(row) == 4 for name in row[1].split(", ")}
    named = {name for name in [*DOTTED.findall(PAGE.read_text()), *cells] if name.partition(".")[0] in PACKAGES}
    assert len(named) > 30
    assert [name for name in sorted(named) if not exists(name)] == []


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "SECURITY.md"], ids=lambda page: page.name)
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    files = {path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("[!.]*/**/*.py")}
    named = {name for name in FILE.findall(page.read_text()) if "NAME" not in name}
    assert [name for name in sorted(named) if not any(f"/{file}".endswith(f"/{name}") for file in files)] == []
