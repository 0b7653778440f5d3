"""What ``import crawler`` promises: complete, documented, and loaded only on use."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
import typing
from pathlib import Path

import pytest

import crawler
from crawler.model.config import option_fields

_OTHERS = {"PathLike", "Sequence", "Iterable", "AsyncIterator", "AbstractAsyncContextManager", "Unpack"}
"""Types of the standard library."""

SOURCE = ast.parse(Path(crawler.__file__).read_text())


def names_for_type_checkers() -> set[str]:
    """The names under ``if TYPE_CHECKING``, the only ones that type checkers see."""
    (block,) = [node for node in SOURCE.body if isinstance(node, ast.If)]
    return {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_all_is_sorted_and_names_everything_once() -> None:
    assert crawler.__all__ == sorted(set(crawler.__all__))


def test_the_three_lists_of_names_agree() -> None:
    assert set(crawler._MODULE_OF) == set(crawler.__all__) - {"__version__"}
    assert set(crawler._MODULE_OF) - set(vars(crawler)) - names_for_type_checkers() == set()
    assert names_for_type_checkers() == set(crawler._MODULE_OF)


@pytest.mark.parametrize("name", crawler.__all__)
def test_every_name_can_be_imported_and_comes_from_its_home(name: str) -> None:
    value = getattr(crawler, name)
    if name != "__version__":
        assert value.__name__ == name
        assert value.__module__.startswith(crawler._MODULE_OF[name])


@pytest.mark.parametrize("name", sorted(crawler._MODULE_OF))
def test_every_name_has_a_docstring(name: str) -> None:
    value = getattr(crawler, name)
    text = inspect.getdoc(value) if not issubclass_of_error(value) else value.__doc__ or value.__mro__[1].__doc__
    assert text
    if dataclasses.is_dataclass(value):
        assert not text.startswith(f"{name}("), "that is what dataclass writes when there is none"


def issubclass_of_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, crawler.CrawlerError)


def test_every_error_that_the_program_raises_by_name_is_public() -> None:
    from crawler.model import errors

    raised = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CrawlerError)
    }
    assert raised <= set(crawler.__all__)


FUNCTIONS = (
    crawler.mirror, crawler.mirror_sync, crawler.download, crawler.download_sync, crawler.walk, crawler.parse_listing,
)  # fmt: skip


def test_help_shows_the_types_that_a_call_has() -> None:
    """``walk`` is a context manager, and no iterator. The two forms of the other calls differ in ``await`` alone."""
    shown = str(inspect.signature(crawler.walk)).replace("'", "")
    assert shown.endswith("-> AbstractAsyncContextManager[AsyncIterator[Entry]]")
    for plain, waiting in ((crawler.mirror_sync, crawler.mirror), (crawler.download_sync, crawler.download)):
        assert inspect.signature(plain) == inspect.signature(waiting)
        assert (inspect.iscoroutinefunction(plain), inspect.iscoroutinefunction(waiting)) == (False, True)
    for function in FUNCTIONS:
        assert typing.get_type_hints(function), "every name of the annotations can be resolved"


def test_every_public_type_of_a_signature_is_public_too() -> None:
    """Users must be able to name every value that ``mirror`` takes or returns."""
    for function in FUNCTIONS:
        for annotation in inspect.get_annotations(inspect.unwrap(function)).values():
            named = set(re.findall(r"\b[A-Z]\w+\b", str(annotation))) - {"None"}
            ours = named - _OTHERS
            assert ours <= set(crawler.__all__), function


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        crawler.nothing  # noqa: B018
    assert not hasattr(crawler, "no_such_name")


def test_the_version_is_that_of_the_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", crawler.__version__)
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert f'version = "{crawler.__version__}"' in project.read_text()


HEAVY = ("aiohttp", "bs4", "lxml", "rich", "stamina", "protego", "sqlite3", "asyncio", "click", "crawler.app.api")


def imported_by(code: str) -> set[str]:
    """Modules that a fresh interpreter has loaded after ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not imported_by("import crawler").intersection(HEAVY)


def test_values_and_errors_bring_no_library() -> None:
    loaded = imported_by("from crawler import Config, ConfigError, Entry, Kind, Outcome, Report, Span")
    assert not loaded.intersection(set(HEAVY) - {"asyncio"})


def test_completion_offers_the_public_names_before_their_first_use() -> None:
    assert dir(crawler) == crawler.__all__


def test_a_star_import_brings_exactly_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from crawler import *", names)
    assert set(names) - {"__builtins__"} == set(crawler.__all__)


def documented_members(value: type) -> dict[str, str]:
    """Public methods, attributes and enum members that ``value`` itself defines → their docstrings, "" for none."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    assert isinstance(tree, ast.ClassDef)
    members: dict[str, str] = {}
    for node, following in itertools.zip_longest(tree.body, tree.body[1:]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            members[node.name] = ast.get_docstring(node) or ""
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                text = following.value if isinstance(following, ast.Expr) else None
                members[target.id] = str(text.value) if isinstance(text, ast.Constant) else ""
    return {name: text for name, text in members.items() if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(crawler._MODULE_OF))
def test_every_public_method_and_attribute_has_a_docstring(name: str) -> None:
    value = getattr(crawler, name)
    if not isinstance(value, type):
        return
    explained = set(option_fields()) if value is crawler.Config else set()  # each has its help text
    if value in (crawler.Options, crawler.DownloadOptions, crawler.WalkOptions):
        explained = set(value.__annotations__)  # in the docstring of the class
    inherited = {"exit_code"} if issubclass_of_error(value) and value is not crawler.CrawlerError else set()
    members = documented_members(value)
    assert {member for member, text in members.items() if not text} <= explained | inherited


def test_a_member_without_a_docstring_is_noticed() -> None:
    class Sample:
        documented: int = 0
        """A member with a docstring."""
        bare: int = 0

        def method(self) -> None: ...

    assert documented_members(Sample) == {"documented": "A member with a docstring.", "bare": "", "method": ""}
