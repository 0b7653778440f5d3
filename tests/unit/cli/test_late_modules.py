"""A late module is executed once, when it is used, and is then as if it had been imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from crawler.cli.late_modules import LateModule, import_late

_numbers = count()


class Written:
    """A module and a package, which can be imported, with names that no other test has."""

    def __init__(self, directory: Path) -> None:
        number = next(_numbers)
        self.name, self.package = f"late_{number}", f"late_package_{number}"
        self._directory = directory

    def write(self, text: str) -> ModuleType:
        (self._directory / f"{self.name}.py").write_text(text)
        import_late({self.name: {"early": 1}})
        return import_module(self.name)

    def write_in_package(self, text: str) -> str:
        (self._directory / self.package).mkdir()
        (self._directory / self.package / "__init__.py").write_text("")
        (self._directory / self.package / "inner.py").write_text(text)
        return f"{self.package}.inner"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Written(tmp_path)
    yield made
    for name in (made.name, made.package, f"{made.package}.inner"):
        sys.modules.pop(name, None)


def test_it_is_executed_when_something_is_used_that_was_not_known_before(written: Written) -> None:
    module = written.write("early = 2\ndef late(): return __name__")
    assert module.early == 1
    assert isinstance(module, LateModule)
    assert module.late() == written.name
    assert module.early == 2
    assert type(module) is ModuleType
    assert import_module(written.name) is module
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        module.other  # noqa: B018


def test_what_asks_about_the_module_itself_does_not_execute_it(written: Written) -> None:
    module = written.write("raise AssertionError")
    assert not hasattr(module, "__path__")
    assert module.__file__ is not None
    assert module.__file__.endswith(f"{written.name}.py")
    assert repr(module)


def test_names_are_imported_from_it(written: Written) -> None:
    written.write("late = 3")
    namespace: dict[str, object] = {}
    exec(f"from {written.name} import late", namespace)
    assert namespace["late"] == 3


def test_a_failure_is_no_end_of_it(written: Written) -> None:
    """As without memory or descriptors. The next use tries again."""
    module = written.write(
        "import sys\nif not hasattr(sys, '_tried'):\n    sys._tried = 1\n    raise OSError\nlate = 4"
    )
    try:
        with pytest.raises(OSError):
            module.late  # noqa: B018
        assert module.late == 4
    finally:
        del sys._tried  # type: ignore[attr-defined]


def test_all_threads_wait_until_one_has_executed_it(written: Written) -> None:
    module = written.write("import time\nruns = [1]\ntime.sleep(0.02)\nlate = len(runs)")
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: module.late, range(8))) == [1] * 8


def test_a_module_that_uses_itself_while_it_is_executed_lacks_what_is_not_there_yet(written: Written) -> None:
    module = written.write(f"import {written.name} as me\nhad = hasattr(me, 'late')\nlate = 5")
    assert (module.late, module.had) == (5, False)


def test_that_of_a_package_does_not_import_the_package(written: Written) -> None:
    name = written.write_in_package("late = 6")
    import_late({name: {}})
    assert written.package not in sys.modules
    namespace: dict[str, object] = {}
    exec(f"from {written.package} import inner", namespace)
    assert isinstance(inner := namespace["inner"], LateModule)
    assert inner.late == 6


def test_what_has_been_imported_or_does_not_exist_is_left_alone(written: Written) -> None:
    before = sys.modules["pathlib"]
    import_late({"pathlib": {"Path": None}, written.name: {}})
    assert sys.modules["pathlib"] is before
    assert before.Path is Path
    assert written.name not in sys.modules
