"""Modules of the standard library that are imported when something in them is first used.

asyncio, dataclasses and others import them for functions that few runs call. A run that may use up its descriptors
imports them at once: later there may be none to read a module.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import GeneratorType, ModuleType
from typing import Any

_importing = RLock()
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "inspect": {"isgenerator": lambda value: isinstance(value, GeneratorType)},
    "ssl": {"SSLSocket": type("SSLSocket", (), {})},
    "asyncio.sslproto": {},
    "hashlib": {},
    "ipaddress": {},
    "json": {},
    "locale": {},
    "subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3},
    "textwrap": {},
    "tokenize": {},
}
"""Module → what asyncio uses of it in any case, as it is when the module has not been imported: there are no sockets of
``ssl`` then."""
_in_c = vars(import_module("_datetime")).items()
DATETIME = {"datetime": {name: value for name, value in _in_c if not name.startswith("__")}}
"""The module with versions in Python of what is all taken from the one in C."""


class LateModule(ModuleType):
    """A module that is executed when an attribute is first looked up that it does not have yet.

    ``importlib.util.LazyLoader`` has no attributes that are known before, and before Python 3.12 no lock.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # ``__path__``, for which the importer asks: the real ones are there
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        with _importing:
            if type(self) is LateModule:
                _execute(self)
        return getattr(self, name)


class _ExecutedModule(LateModule):
    """A late module that is being executed by the thread that holds the lock."""

    def __getattr__(self, name: str) -> Any:
        with _importing:  # other threads wait
            if type(self) is not _ExecutedModule:
                return getattr(self, name)
        raise AttributeError(f"partially initialized module {self.__name__!r} has no attribute {name!r}")


def _execute(module: ModuleType) -> None:
    """Execute ``module``. If that fails, for want of memory or descriptors, the next use tries it again."""
    assert module.__spec__ is not None and module.__spec__.loader is not None, "not made by import_late"
    module.__class__ = _ExecutedModule
    try:
        module.__spec__.loader.exec_module(module)
    except BaseException:
        module.__class__ = LateModule
        raise
    module.__class__ = ModuleType


def import_late(modules: Mapping[str, Mapping[str, Any]] = KNOWN) -> None:
    """Have ``modules`` imported late, unless they have been imported. Their packages are not imported either."""
    for name, known in modules.items():
        if name not in sys.modules:
            _stand_in(name, known)


def _stand_in(name: str, known: Mapping[str, Any]) -> None:
    parent = name.rpartition(".")[0]
    package = find_spec(parent) if parent else None
    spec = PathFinder.find_spec(name, package.submodule_search_locations if package else None)
    if spec is None:  # not a file: it is imported as usual
        return
    module = module_from_spec(spec)
    vars(module).update(known)
    module.__class__ = LateModule
    sys.modules[name] = module
