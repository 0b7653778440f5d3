"""The declaration of an option, and the conversion of values from TOML, the command line or Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field
from typing import Any

from crawler.model.errors import ConfigError, Problems
from crawler.model.options.given import plain, several, text_of
from crawler.model.struct import Value, shortened

_TIMES = {"TIME", "AGE", "DAYS", "N|TIME"}
"""The placeholders of options whose values are durations or ages."""
_CREDENTIALS = r"(?s)://.*@"
"""A URL that may contain a user name and a password."""
HEADER = "'N: V'"
"""The placeholder of the option that takes headers."""
COMMAND_LINE = "command line"
"""The ``where`` of values from the command line: errors then name the flag, such as ``--max-size``."""


class Option(Value, frozen=True):
    """The properties of an option, except for its default."""

    group: str
    """Heading in ``--help``."""
    help: str
    metavar: str | None = None
    """Placeholder of the value; None for a flag."""
    parse: Callable[[str], Any] = str
    """Reads the text of the value; raises ValueError."""
    takes: type | None = None
    """A value of this type is checked by ``check`` instead of being read by ``parse``."""
    check: Callable[[Any], Any] = str
    """Checks a value of the type ``takes``; raises ValueError if it is out of range."""
    short: str | None = None
    """One-letter flag, such as ``-w``."""
    multiple: bool = False
    """Whether the option can be repeated; its value is then a tuple."""
    negative: str | None = None
    """Key of the flag that switches the option off, if any."""
    secret: bool = False
    """Whether error messages must not show the option's value."""
    shown: str | None = None
    """The default as shown to users, if ``str(default)`` is unsuitable."""


def option(default: Any, group: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    """A dataclass field that is an option; ``more`` are further fields of Option."""
    return field(default=default, metadata={"option": Option(group, help, metavar, **more)})


def option_of(item: Field[Any]) -> Option:
    """The Option of a field made by ``option``."""
    found = item.metadata["option"]
    assert isinstance(found, Option)
    return found


def default_of(item: Field[Any]) -> object:
    """The default of an option."""
    assert item.default is not MISSING
    return item.default


def location_of(where: str, key: str) -> str:
    """The name of an option in an error: ``--max-size``, or ``mirrors.toml: mirror 1: max_size``."""
    return "--" + key.replace("_", "-") if where == COMMAND_LINE else f"{where}: {key}"


def convert(item: Field[Any], value: object, where: str) -> object:
    """``value`` as the option of ``item`` stores it; a converted value is returned unchanged. Raises ConfigError."""
    option = option_of(item)
    if option.metavar is None:
        truth = plain(value)
        if not isinstance(truth, bool):
            raise ConfigError(f"{where}: expected true or false, not {shortened(value)}")
        return truth
    if option.metavar == HEADER and isinstance(value, Mapping):  # as other libraries take headers
        value = [_header_of(name, text, where) for name, text in value.items()]
    values = several(value)
    if not option.multiple and len(values) != 1:
        raise ConfigError(f"{where}: expected one value")
    problems, converted = Problems(), []
    for each in values:
        with problems.collecting():
            converted.append(_convert_one(option, each, where))
    problems.raise_any()
    return tuple(converted) if option.multiple else converted[0]


def _header_of(name: object, text: object, where: str) -> str:
    """The header of a mapping's item, as in the libraries of others. Raises ConfigError, which never shows the text."""
    text = plain(text)
    if not isinstance(name, str):
        raise ConfigError(f"{where}: expected the names of headers as text, not {type(name).__name__}")
    if text is None:
        raise ConfigError(f"{where}: {name}: expected a value, not None: is a variable unset?")
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        raise ConfigError(f"{where}: {name}: expected text, not {type(text).__name__}")
    return f"{name}: {text}"


def _read(option: Option, text: str) -> object:
    """The value of ``text``. Raises ValueError, also for empty text, which no option has a meaning for."""
    parsed = option.parse(text)
    if not text.strip():
        raise ValueError("expected a value, not an empty text: is a variable unset?")
    return parsed


def _convert_one(option: Option, value: object, where: str) -> object:
    if type(value) is not option.takes:
        value = plain(value)
    try:
        if option.takes is not None and isinstance(value, option.takes):
            option.check(value)
            return value
        return _read(option, text_of(value, takes_time=option.metavar in _TIMES))
    except TypeError:
        if where.endswith(": cluster"):  # a client of dask, probably
            what = f"expected text, not {type(value).__name__}: a client is an argument of the call"
            raise ConfigError(f"{where}: {what}: crawler.mirror(URL, DIR, config, cluster=client)") from None
        shown = "" if option.secret else f"{shortened(value)}: "
        advice = ": leave it out for its default" if value is None else ""
        raise ConfigError(f"{where}: {shown}expected text or a number, not {type(value).__name__}{advice}") from None
    except ValueError as error:
        shown = "" if option.secret or re.search(_CREDENTIALS, str(value)) else f"{str(value)!r}: "
        hint = "" if option.secret else _meant(option, value, str(error))
        raise ConfigError(f"{where}: {shown}{error}{hint}") from None


def _meant(option: Option, value: object, said: str) -> str:
    """What may have been meant by ``value``, which cannot be read: the end of the message that begins with ``said``."""
    from crawler.model.options.other_notations import meant  # imported only for a message

    return meant(str(value), option.parse, said)
