"""The house rules, held by the source itself: imports go down only, each library has one home, budgets are kept.

The table is the one in docs/architecture.md. A new module gets its line in LAYERS below, and there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "crawler"

LAYERS = {
    0: "version models flaws errors refusals months units directory_digest",
    1: "listings web_links filters hosts urls scope unusable loops comparison robots kinds plan pieces resuming "
    "evidence racy outdated leaf learnt window pace meter breaker proxies netrc_file zones retry limits space digests "
    "config mirrors ownership report summary render escape wire framing splitter interfaces remembered observer exits "
    "jobs http_fields tally",
    2: "event_loop client reply requests connection access gate rates deadline decoding tls turns spawn link crew "
    "parsers destinations state progress commands outputs target log history html_report",
    3: "run permission url_list engine discover reading leaves opened effort producer transfer probing sniffing "
    "segments fetching attempts committer deletion absence collecting dryrun checksums explain verify stop "
    "mirror_run allowance obstructed neighbours lookahead",
    4: "account app browse upkeep",
    5: "signals printing console modes cli child parser_process __main__",
}
"""Layer → modules and packages in it; a package stands for all of its modules."""

HOMES = {
    "aiohttp": "client connection reply requests",
    "bs4": "listings",
    "lxml": "listings",
    "sqlite3": "state",
    "idna": "hosts",
    "rich": "progress",
    "click": "cli",
    "protego": "robots",
    "stamina": "attempts log",
    "jinja2": "html_report",
    "markupsafe": "html_report",
    "squarify": "html_report",
    "svg": "html_report",
}
"""Library → the modules or packages that import it: one, or one that uses it and one that listens to it."""

IMPURE = {"asyncio", "shutil", "socket", "subprocess", "tempfile", "threading", "time"}
"""Standard modules that wait, run or open something: not for layers 0 and 1."""

FILE_LINES, FUNCTION_LINES = 300, 40

LARGE = {
    "config": "one table: each option with its meaning, unit, group and reader in one place",
}
"""``module`` or ``module.function`` that is over the budget → why it may be."""

LAYER = {room: number for number, rooms in LAYERS.items() for room in rooms.split()}
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")  # that one is lazy exports


def name_of(path: Path) -> str:
    """``crawler/listings/page.py`` → ``listings.page``."""
    return ".".join(part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


MODULES = {name_of(path): path for path in SOURCES}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def room_of(module: str) -> str:
    return module.partition(".")[0]


def layer_of(module: str) -> int:
    """A module without a layer may import anything; one test says that it lacks one."""
    return LAYER.get(room_of(module), max(LAYERS))


def imports_of(module: str) -> Iterator[str]:
    """Every imported module, under ``if TYPE_CHECKING`` and in functions too; ours as ``crawler.…``."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative imports hide the layer"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports_of(module: str) -> set[str]:
    """Modules of ours; ``from crawler.storage.state import records`` is an import of ``state.records`` alone."""
    names = {name.removeprefix("crawler.") for name in imports_of(module) if name.startswith("crawler.")}
    found = names & MODULES.keys() - {module}
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def functions_of(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree_of(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


each_module = pytest.mark.parametrize("module", MODULES)


@each_module
def test_every_module_has_a_layer(module: str) -> None:
    assert room_of(module) in LAYER, f"add {room_of(module)!r} to LAYERS in {Path(__file__).name} and to the docs"


@each_module
def test_imports_go_down_only(module: str) -> None:
    here = layer_of(module)
    above = {name for name in own_imports_of(module) if layer_of(name) > here}
    assert not above, f"{module} (layer {here}) imports from above"


@each_module
def test_flow_and_adapters_do_not_know_each_other(module: str) -> None:
    if layer_of(module) == 3:
        assert not {name for name in own_imports_of(module) if layer_of(name) == 2}


@each_module
def test_each_library_has_one_home(module: str) -> None:
    strangers = {library for name in imports_of(module) if (library := name.partition(".")[0]) in HOMES}
    assert {library for library in strangers if room_of(module) not in HOMES[library].split()} == set()


def test_no_imports_in_circles() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for name in own_imports_of(module):
                visit(name, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@each_module
def test_pure_modules_wait_for_nothing(module: str) -> None:
    if layer_of(module) <= 1:
        assert not IMPURE.intersection(imports_of(module))
        assert [function.name for function in functions_of(module) if _is_async_with_a_body(function)] == []


def _is_async_with_a_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A Protocol's method is a docstring and ``...``: it describes, and does not run."""
    kept = [line for line in function.body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
    return isinstance(function, ast.AsyncFunctionDef) and bool(kept)


@each_module
def test_only_the_edge_catches_everything_or_exits(module: str) -> None:
    if layer_of(module) == 5:
        return
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "Exception"
            assert not re.search(r"\bException\b", caught), f"{module}:{node.lineno} catches everything"
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in {"sys.exit", "exit", "os._exit"}, f"{module}:{node.lineno} exits"


def over_budget(module: str) -> dict[str, int]:
    """Names in ``module`` that have too many lines, and how many."""
    functions = {f"{module}.{one.name}": (one.end_lineno or 0) - one.lineno + 1 for one in functions_of(module)}
    lines = len(MODULES[module].read_text().splitlines())
    over = {name: size for name, size in functions.items() if size > FUNCTION_LINES}
    return over | ({module: lines} if lines > FILE_LINES else {})


@each_module
def test_files_and_functions_keep_their_budget(module: str) -> None:
    unexcused = {name: size for name, size in over_budget(module).items() if name not in LARGE}
    assert not unexcused, "split it, or give the reason in LARGE"


def test_every_excuse_is_still_needed() -> None:
    assert LARGE.keys() <= {name for module in MODULES for name in over_budget(module)}


def test_the_engine_fits_one_page() -> None:
    assert len(MODULES["engine"].read_text().splitlines()) <= 100
