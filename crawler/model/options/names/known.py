"""Lets a dataclass of options refuse unknown names, and name options as its callers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crawler.model.errors import CrawlerError

TYPE_CHECKING = False


class KnownNames:
    """A dataclass whose constructor raises ConfigError for an unknown keyword argument, and suggests a known one."""

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers use the signature of the constructor

        def __new__(cls, *_positional: object, **options: object) -> object:
            for name in options:
                if name not in cls.__dataclass_fields__:
                    from crawler.model.options.names.hints import Place, unknown_keyword

                    raise unknown_keyword(Place.CONFIG, name)
            return object.__new__(cls)


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
