"""The house rules that import-linter does not know: one home for each library, no I/O in pure modules, budgets.

Which package may import which is a contract in pyproject.toml, checked by ``make check``.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache, wraps
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crawler"

TOP_LEVEL = {
    ".ci", ".dockerignore", ".editorconfig", ".github", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md",
    "CONTRIBUTING.md", "Dockerfile", "LICENSE", "Makefile", "README.md", "SECURITY.md", "benchmarks", "config",
    "constraints.txt", "crawler", "docs", "examples", "pyproject.toml", "tests",
}  # fmt: skip
"""What the top level of the repository holds: a mirror made there to try something is soon added by mistake."""

HOMES = {
    "aiohttp": "http",
    "aiohappyeyeballs": "http.sockets.connect",
    "multidict": "http __main__",
    "bs4": "listings",
    "lxml": "listings",
    "msgspec": "model.struct storage.json_cells",
    "obstore": "storage.objects",
    "dask": "workers.cluster",
    "distributed": "workers.cluster",
    "sqlite3": "storage.state",
    "idna": "text.hosts",
    "uvloop": "workers.event_loop",
    "rich": "output.progress",
    "tqdm": "output.progress.third_party",
    "click": "cli",
    "protego": "pipeline.rules.robots",
    "stamina": "pipeline.attempts output.log",
    "jinja2": "output.html_report",
    "markupsafe": "output.html_report",
    "squarify": "output.html_report",
    "svg": "output.html_report",
}
"""Library → the packages or modules that import it: one that uses it and, for some, one that receives its events."""

PURE = (
    "http.credentials.netrc", "http.framing", "http.lane.deadline", "http.lane.pipeline_depth", "http.lane.loss",
    "http.lane.reader", "http.lane.request", "http.pacing.circuit_breaker",
    "http.pacing.concurrency", "http.pacing.meter", "http.pacing.refusals", "http.pacing.window",
    "http.proxies", "listings", "model", "output.commands.notices", "output.format",
    "output.html_report.status.cards", "output.summary", "pipeline.fetch.ranges", "pipeline.outdated",
    "pipeline.plan.jobs", "pipeline.retry", "pipeline.rules", "pipeline.tally", "text",
    "workers.cluster.shards", "workers.cluster.connection_shares", "workers.frames", "workers.listing_codec",
)  # fmt: skip
"""Packages and modules that are functions of values: no clock, no environment, nothing to wait for."""

IMPURE = {"asyncio", "shutil", "socket", "subprocess", "tempfile", "threading", "time"}
"""Standard modules that wait, run or open something."""

EDGE = (
    "__main__",
    "app.arguments.observers",
    "app.cluster.local_worker",
    "cli",
    "workers.page_parser_process",
)
"""The entry points of processes, which may catch every exception and end the process; and the calls into the code of
callers, which may raise anything."""

QUESTIONS = {
    "absolute", "abspath", "cwd", "exists", "expanduser", "getcwd", "is_dir", "is_file", "is_symlink", "isdir",
    "isfile", "lexists", "realpath", "resolve", "samefile",
}  # fmt: skip
"""Methods and functions that ask the file system about a path; some raise an error if it does not say."""

ASKING: dict[str, str] = {
    "app.cluster": "DIR is locked by then",
    "app.object_stores": "a directory of the program's own",
    "cli.mirrors.table": "expands ~ only",
    "http.credentials.netrc_file": "expands ~ only",
    "importing": "the program's own files",
    "paths": "this is where paths of users are asked about",
    "pipeline": "asks destinations and URLs",
    "storage": "DIR and the state, whose errors have their own rules",
    "workers.child_process": "the program's own path",
}
"""Package or module that may call QUESTIONS → why."""

FILE_LINES, FUNCTION_LINES, DIRECTORY_MODULES = 300, 40, 12

LARGE: dict[str, str] = {}
"""``module`` or ``module.function`` that is over the budget → why it may be."""

SOURCES = sorted(
    path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"
)  # that one only has lazy exports


def name_of(path: Path) -> str:
    """``crawler/listings/page.py`` → ``listings.page``."""
    return ".".join(part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


MODULES = {name_of(path): path for path in SOURCES}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@cache
def nodes_of(module: str) -> tuple[ast.AST, ...]:
    """Every node of the syntax tree of ``module``."""
    return tuple(ast.walk(tree_of(module)))


def is_in(module: str, places: tuple[str, ...]) -> bool:
    """Whether ``module`` is one of ``places`` or lies in one of them."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


@cache
def imports_of(module: str) -> frozenset[str]:
    """Every imported module, including those under ``if TYPE_CHECKING`` and in functions; our own as ``crawler.…``."""
    names: set[str] = set()
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative imports hide the package"
            names.update((node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)))
    return frozenset(names)


def functions_of(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes_of(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def for_each_module(rule: Callable[[str], Iterable[str]]) -> Callable[[], None]:
    """A test that shows every module that ``rule`` finds something in, with all that it finds there."""

    @wraps(rule)
    def test() -> None:
        assert {module: found for module in MODULES if (found := list(rule(module)))} == {}

    del test.__wrapped__  # else pytest would take the parameter for a fixture
    return test


@for_each_module
def test_each_library_has_one_home(module: str) -> Iterator[str]:
    for library in sorted({name.partition(".")[0] for name in imports_of(module)} & HOMES.keys()):
        if not is_in(module, tuple(HOMES[library].split())):
            yield f"imports {library}"


@for_each_module
def test_plain_data_derives_from_the_bases_that_are_cheap_to_import(module: str) -> Iterator[str]:
    cheap = is_in(module, ("model.config", "model.options.option", "model.struct"))
    if not cheap and "dataclasses.dataclass" in imports_of(module):
        yield "imports dataclasses.dataclass"


@for_each_module
def test_pure_modules_wait_for_nothing(module: str) -> Iterator[str]:
    if is_in(module, PURE):
        yield from (f"imports {name}" for name in sorted(IMPURE & imports_of(module)))
        yield from (f"{function.name} waits" for function in functions_of(module) if _is_async_with_a_body(function))


def test_every_pure_place_exists() -> None:
    packages = {str(path.parent.relative_to(PACKAGE)).replace("/", ".") for path in SOURCES}
    assert set(PURE) <= MODULES.keys() | packages


def _is_async_with_a_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether an async function does something; a method of a Protocol is only a docstring and ``...``."""
    kept = [line for line in function.body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
    return isinstance(function, ast.AsyncFunctionDef) and bool(kept)


@for_each_module
def test_paths_of_users_are_asked_about_in_one_place(module: str) -> Iterator[str]:
    """Elsewhere, crawler.paths is asked, which turns errors into messages for the user."""
    if is_in(module, tuple(ASKING)):
        return
    for node in nodes_of(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in QUESTIONS:
            yield f"line {node.lineno} calls {node.func.attr}: ask crawler.paths"


@for_each_module
def test_only_the_edge_catches_everything_or_exits(module: str) -> Iterator[str]:
    if is_in(module, EDGE):
        return
    for node in nodes_of(module):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "Exception"
            if re.search(r"\bException\b", caught):
                yield f"line {node.lineno} catches everything"
        elif isinstance(node, ast.Call) and _dotted(node.func) in {"sys.exit", "exit", "os._exit"}:
            yield f"line {node.lineno} exits"


def _dotted(function: ast.expr) -> str:
    """``name`` or ``name.attribute``; empty for every other expression."""
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return ""


def over_budget(module: str) -> dict[str, int]:
    """Names in ``module`` that have too many lines, and how many."""
    functions = {f"{module}.{one.name}": (one.end_lineno or 0) - one.lineno + 1 for one in functions_of(module)}
    lines = len(MODULES[module].read_text().splitlines())
    over = {name: size for name, size in functions.items() if size > FUNCTION_LINES}
    return over | ({module: lines} if lines > FILE_LINES else {})


@for_each_module
def test_files_and_functions_keep_their_budget(module: str) -> Iterator[str]:
    for name, size in over_budget(module).items():
        if name not in LARGE:
            yield f"{name} has {size} lines: split it, or give the reason in LARGE"


def test_every_excuse_is_still_needed() -> None:
    assert LARGE.keys() <= {name for module in MODULES for name in over_budget(module)}


def test_no_directory_has_too_many_modules() -> None:
    directories: dict[Path, int] = {}
    for path in SOURCES:
        if path.name != "__init__.py":
            directories[path.parent] = directories.get(path.parent, 0) + 1
    assert {str(directory): count for directory, count in directories.items() if count > DIRECTORY_MODULES} == {}


def test_the_engine_fits_one_page() -> None:
    assert len(MODULES["pipeline.engine"].read_text().splitlines()) <= 100


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="not a checkout of git")
def test_the_top_level_of_the_repository_holds_only_what_is_meant() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {path.partition("/")[0] for path in tracked.splitlines()} == TOP_LEVEL
