"""Imports the modules of this program, and those of Python's library, with less work than Python's own importer.

That asks several finders for each module, lists each directory, tries each suffix, and looks at the source twice.
Here a module is looked for where it has to be, with two system calls, and its compiled form is taken if it is what
Python would take: made by this version from a source of this time and size. Whatever is not as usual is left to
Python's importer, which also compiles. Only the program uses this, not those that import the package.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

_OWN = __name__.partition(".")[0]
_LIBRARY = os.__file__.rpartition("/")[0]
_SUFFIX = f".{sys.implementation.cache_tag}.pyc"
_BY_TIME = MAGIC_NUMBER + bytes(4)
"""How a compiled module begins that is valid as long as its source has a time and a size, which follow."""
_HEAD, _MOST, _WORD = 16, 1 << 16, 0xFFFF_FFFF
_library = set[str]()
"""The modules and packages of Python's library that are nowhere before it in ``sys.path``, once this is known."""


class PlainModules:
    """A finder, as in ``sys.meta_path``."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """The module ``name`` in the directory of its package, ``path``; None to ask other finders."""
        if (directory := _directory(name, path)) is None:
            return None
        place = f"{directory}/{name.rpartition('.')[2]}"
        if (status := _status(f"{place}.py")) is not None:
            return _spec(name, f"{place}.py", f"{directory}/__pycache__/{place[len(directory) + 1 :]}{_SUFFIX}", status)
        if (status := _status(f"{place}/__init__.py")) is None:
            return None
        spec = _spec(name, f"{place}/__init__.py", f"{place}/__pycache__/__init__{_SUFFIX}", status)
        spec.submodule_search_locations = [place]
        return spec


class _Loader(SourceFileLoader):
    """Loads a module whose source has been found with ``status``; its compiled form should be in ``compiled``."""

    def __init__(self, name: str, source: str, compiled: str, status: os.stat_result) -> None:
        super().__init__(name, source)
        self._compiled, self._status = compiled, status

    def get_code(self, name: str) -> CodeType | None:
        found = _read(self._compiled)
        times = int(self._status.st_mtime) & _WORD, self._status.st_size & _WORD
        if found[:_HEAD] == _BY_TIME + b"".join(number.to_bytes(4, "little") for number in times):
            code: CodeType = loads(memoryview(found)[_HEAD:])
            if code.co_filename == self.path:  # not moved since
                return code
        return super().get_code(name)


def _directory(name: str, path: Sequence[str] | None) -> str | None:
    """Where the module ``name`` has to be if it is in the package at ``path``; None if others are to look for it."""
    above = name.partition(".")[0]
    if above == _OWN:
        return path[0] if path and name != above else None
    if above not in _library or FrozenImporter.find_spec(name) is not None:
        return None
    if above == name:
        return _LIBRARY
    return path[0] if path and path[0].startswith(f"{_LIBRARY}/{above}") else None


def _spec(name: str, source: str, compiled: str, status: os.stat_result) -> ModuleSpec:
    spec = ModuleSpec(name, _Loader(name, source, compiled, status), origin=source)
    spec.has_location, spec.cached = True, compiled
    return spec


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - pathlib is not imported yet
    except OSError:
        return None


def _read(path: str) -> bytes:
    """The content of a file; empty if it cannot be read, or is as large as no module is."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = os.read(file, _MOST)
        finally:
            os.close(file)
    except OSError:
        return b""
    return content if len(content) < _MOST else b""


def import_plainly() -> None:
    """Have plain modules imported as is done here, if compiled ones are where Python puts them by default.

    Finders that somebody has put before Python's own remain before this one.
    """
    is_usual = sys.pycache_prefix is None and not sys.flags.optimize and sys.implementation.cache_tag is not None
    if not is_usual or BuiltinImporter not in sys.meta_path or PlainModules in sys.meta_path:
        return
    sys.meta_path.insert(sys.meta_path.index(BuiltinImporter), PlainModules)
    _library.update(_of_library())


def _of_library() -> set[str]:
    """The modules of Python's library that Python would look for there first of all."""
    if _LIBRARY not in sys.path:
        return set()
    found = {name for name in sys.stdlib_module_names if name[0] != "_"}.difference(sys.builtin_module_names)
    for place in sys.path[: sys.path.index(_LIBRARY)]:
        try:
            found.difference_update(name.partition(".")[0] for name in os.listdir(place or "."))  # noqa: PTH208
        except FileNotFoundError:
            continue  # like the archive that there could be
        except OSError:
            return set()
    return found
