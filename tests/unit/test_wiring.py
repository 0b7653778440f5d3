"""Wiring at birth: an object has all its attributes from its constructor, and no other module sets them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.unit.test_architecture import MODULES, nodes_of

_LIBRARY = "an object of a library that is configured by its attributes"
_COMMIT = "PendingFile is the progress of one file through the steps of a commit"
_THREAD = "an attribute of the current thread, which threading.local is for"

FROM_OUTSIDE = {
    "app.cluster.reporting: _LOG.propagate": _LIBRARY,
    "cli.late_modules: module.__class__": "a module becomes an ordinary one when it has been executed",
    "importing: spec.cached": "of a module spec, which Python's importer completes, too",
    "importing: spec.has_location": "the same",
    "importing: spec.submodule_search_locations": "the same",
    "http.credentials.cookie_jars: cookie.domain": _LIBRARY,
    "http.credentials.cookie_jars: cookie.expires": _LIBRARY,
    "http.tls: context.check_hostname": _LIBRARY,
    "http.tls: context.verify_mode": _LIBRARY,
    "http.session: connector._factory": _LIBRARY,
    "http.session: self._session._retry_connection": _LIBRARY,
    "output.progress.third_party: self._bar.total": _LIBRARY,
    "output.log: LOGGER.propagate": _LIBRARY,
    "output.log: stamina_log.handlers": _LIBRARY,
    "output.log: stamina_log.propagate": _LIBRARY,
    "storage.directory.incoming.part_threads: self._memories.memory": _THREAD,
    "storage.state.schema: connection.text_factory": _LIBRARY,
    **{
        f"storage.directory.commit: file.{name}": _COMMIT for name in ("descriptor", "mtime", "placed", "size", "timed")
    },
    **{f"storage.directory.incoming.new_files: file.{name}": _COMMIT for name in ("descriptor", "placed")},
}
"""``module: object.attribute`` that is set from outside → the reason why this is allowed."""

AFTER_BIRTH: dict[str, str] = {}
"""``module: Class.attribute`` that no constructor sets → the reason why this is allowed."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def stored(nodes: Iterable[ast.AST]) -> Iterator[ast.Attribute]:
    """The attributes assigned among ``nodes``."""
    return (each for each in nodes if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store))


def is_own(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.value, ast.Name) and attribute.value.id in {"self", "cls"}


def classes_of(module: str) -> Iterator[ast.ClassDef]:
    return (node for node in nodes_of(module) if isinstance(node, ast.ClassDef))


def declared(kind: ast.ClassDef) -> set[str]:
    """Fields of a struct, and attributes of the class itself."""
    return {
        ast.unparse(target)
        for line in kind.body
        if isinstance(line, ast.Assign | ast.AnnAssign)
        for target in (line.targets if isinstance(line, ast.Assign) else [line.target])
    }


def is_record(kind: ast.ClassDef) -> bool:
    """Whether a class is plain data that may change: a Struct."""
    return any(ast.unparse(base) == "Struct" for base in kind.bases)


def set_from_outside(module: str) -> Iterator[str]:
    """Assignments to attributes of other objects, except records that only this module fills in."""
    records = set[str]().union(*(declared(kind) for kind in classes_of(module) if is_record(kind)))
    for attribute in stored(nodes_of(module)):
        if not is_own(attribute) and attribute.attr not in records:
            yield f"{module}: {ast.unparse(attribute)}"


def born(kind: ast.ClassDef) -> set[str]:
    """The attributes that the constructor sets, directly or in methods that it calls."""
    methods = {line.name: line for line in kind.body if isinstance(line, Function)}
    names, todo, done = declared(kind), ["__init__", "__new__", "__post_init__"], set[str]()
    while todo:
        name = todo.pop()
        if name in done or name not in methods:
            continue
        done.add(name)
        nodes = tuple(ast.walk(methods[name]))
        names |= {attribute.attr for attribute in stored(nodes) if is_own(attribute)}
        todo += [
            node.func.attr
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_own(node.func)
        ]
    return names


def set_after_birth(module: str) -> Iterator[str]:
    """Attributes that exist only once a method has run."""
    for kind in classes_of(module):
        names = born(kind)
        for attribute in stored(ast.walk(kind)):
            if is_own(attribute) and attribute.attr not in names:
                yield f"{module}: {kind.name}.{attribute.attr}"


def test_no_attribute_is_set_from_outside() -> None:
    assert {each for module in MODULES for each in set_from_outside(module)} == set(FROM_OUTSIDE)


def test_every_attribute_exists_from_birth() -> None:
    assert {each for module in MODULES for each in set_after_birth(module)} == set(AFTER_BIRTH)
