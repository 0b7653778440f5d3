"""The items of ``download``, and a destination of the caller's: what fits is taken, the rest is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from crawler.model.errors import ConfigError
from crawler.model.interfaces import Destination
from crawler.model.values import Entry
from crawler.text.arguments import path_text, start_url, url_text

_OF_A_LIST = re.compile(r"--input-file (.+) DIR saves the URLs that a file lists")
"""What the command line has for a file with URLs."""
_EXPECTED = "expected URLs, or pairs of URL and path"


def pairs_of(items: Any) -> list[tuple[str, str]]:
    """(URL, path, or "" for the last segment of the URL) for each item. Raises ConfigError, which numbers the item."""
    if isinstance(items, Mapping):
        raise ConfigError(f"items: {_EXPECTED}, not a mapping: pass its items()")
    if hasattr(items, "itertuples"):
        raise ConfigError("items: a table: give a column of it, or two with itertuples(index=False)")
    if isinstance(items, str) or _is_url_object(items):
        return [_pair(items, "items")]
    if isinstance(items, bytes) or not isinstance(items, Iterable):
        raise ConfigError(f"items: {_EXPECTED}, not {type(items).__name__}")
    if isinstance(items, tuple) and len(items) == 2 and _is_url(items[0]) and not _is_url(items[1]):
        raise ConfigError("items: a pair of URL and path is an item: put it into a list, [(url, path)]")
    return [_pair(item, f"items[{number}]") for number, item in enumerate(items)]


def _pair(item: Any, where: str) -> tuple[str, str]:
    if isinstance(item, Entry):
        raise ConfigError(f"{where}: {_EXPECTED}, not Entry: pass (entry.url, entry.path)")
    if isinstance(item, str) or _is_url_object(item):
        return _url(item, where), ""
    is_pair = isinstance(item, tuple | list) or getattr(item, "shape", None) == (2,)  # a row of NumPy
    if not is_pair or len(item) != 2 or item[1] is None:
        raise ConfigError(f"{where}: {_EXPECTED}, not {type(item).__name__}")
    if _is_url(item[1]) and not _is_url(item[0]):
        raise ConfigError(f"{where}: the URL comes first, then the path: ({str(item[1])!r}, {str(item[0])!r})")
    return _url(item[0], where), path_text(item[1], f"{where}: path")


def _url(url: Any, where: str) -> str:
    try:
        return start_url(url_text(url, "URL"))
    except ConfigError as error:
        text = _OF_A_LIST.sub(r"pass the URLs in it: Path('\1').read_text().split()", str(error))
        raise ConfigError(f"{where}: {text}") from None


def _is_url(item: object) -> bool:
    """Whether ``item`` is a URL with its scheme, as text or as an object."""
    return _is_url_object(item) or (isinstance(item, str) and "://" in item)


def _is_url_object(item: object) -> bool:
    """Whether ``item`` is a URL of some library, and neither text nor a pair; urllib's is a tuple."""
    return hasattr(item, "geturl") or (hasattr(item, "scheme") and hasattr(item, "host"))


def checked_destination(given: Any) -> AbstractAsyncContextManager[Destination] | None:
    """``given``, which is None or an async context manager. Raises ConfigError."""
    if isinstance(given, type):
        raise ConfigError(f"destination: {given.__name__} is a class: write {given.__name__}(...), an instance")
    if given is not None and not (hasattr(given, "__aenter__") and hasattr(given, "__aexit__")):
        kind = type(given).__name__
        raise ConfigError(f"destination: expected an async context manager, and {kind} has no __aenter__ and __aexit__")
    checked: AbstractAsyncContextManager[Destination] | None = given
    return checked


def checked_methods(destination: Destination) -> Destination:
    """``destination``, which has all methods of a Destination. Raises ConfigError."""
    names = [name for name, each in vars(Destination).items() if callable(each) and not name.startswith("_")]
    missing = [name for name in names if not callable(getattr(destination, name, None))]
    if missing:
        kind = type(destination).__name__
        raise ConfigError(f"destination: {kind} lacks {', '.join(missing)}: derive it from crawler.Destination")
    return destination
