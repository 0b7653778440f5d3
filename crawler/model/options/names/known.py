"""Lets a dataclass of options refuse unknown names, and name options as its callers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from typing import Any

from crawler.model.errors import CrawlerError

TYPE_CHECKING = False


class _Signature:
    """The signature of the constructor of a class, made when somebody asks for it."""

    def __get__(self, _value: object, owner: Any) -> object:
        from inspect import Parameter, Signature

        def parameter(item: Field[Any]) -> Parameter:
            return Parameter(item.name, Parameter.KEYWORD_ONLY, annotation=item.type, default=_default(item))

        return Signature([parameter(item) for item in owner.__dataclass_fields__.values()])


class KnownNames:
    """A dataclass whose constructor raises ConfigError for an unknown keyword argument, and suggests a known one.

    All fields have defaults. ``dataclass`` would generate a constructor with a parameter for each field, a comparison
    and a hash, which take 1.5 ms to compile for 67 fields.
    """

    __slots__ = ()
    __signature__ = _Signature()

    if not TYPE_CHECKING:  # type checkers use the signature of the constructor

        def __new__(cls, *positional: object, **options: object) -> object:
            if positional:
                raise TypeError(f"{cls.__name__} takes keyword arguments only, such as workers=4")
            for name in options:
                if name not in cls.__dataclass_fields__:
                    from crawler.model.options.names.hints import Place, unknown_keyword

                    raise unknown_keyword(Place.CONFIG, name)
            return object.__new__(cls)

        def __init__(self, **options: object) -> None:
            given = {name: _default(item) for name, item in self.__dataclass_fields__.items()} | options
            for item in fields(self):
                object.__setattr__(self, item.name, given.pop(item.name))
            self.__post_init__(**given)

        def __eq__(self, other: object) -> object:
            if other.__class__ is not self.__class__:
                return NotImplemented
            return all(getattr(self, item.name) == getattr(other, item.name) for item in fields(self))

        def __hash__(self) -> int:
            return hash(tuple(getattr(self, item.name) for item in fields(self) if item.hash is not False))


def _default(item: Field[Any]) -> object:
    return item.default if item.default_factory is MISSING else item.default_factory()


@contextmanager
def errors_in_keywords() -> Iterator[None]:
    """Let errors name options as keyword arguments, not as on the command line."""
    try:
        yield
    except CrawlerError as error:
        error.reword(*map(in_keywords, error.args))
        raise


def in_keywords(text: str) -> str:
    """``text`` with options of the command line as keyword arguments."""
    if "-" not in text:
        return text
    from crawler.model.options.names import prose

    return prose.in_keywords(text)
