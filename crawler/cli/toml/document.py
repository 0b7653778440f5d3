"""From the bytes of a TOML file to its values, and from messages about these back to its lines."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from crawler.model.errors import ConfigError, Problems

DEEPEST = 10
"""Maximum number of lists and tables within each other; options need four."""
_TOO_LONG = "a number has at most 64 bits"
_TOO_DEEP = f"lists and tables are nested more than {DEEPEST} deep"


def load(content: bytes, where: str) -> dict[str, object]:
    """The tables and keys of a TOML file. Raises ConfigError, which names ``where``, and the line if it is known."""
    text = ""
    try:
        text = content.decode("utf-8-sig")
        data = tomllib.loads(text)
        excess = _excess(data)
    except (ValueError, RecursionError) as error:  # both decoding errors are ValueErrors
        from crawler.cli.toml import mistakes

        if isinstance(error, UnicodeDecodeError):
            problem = mistakes.encoding_problem(content, where)
        elif isinstance(error, tomllib.TOMLDecodeError):
            problem = mistakes.syntax_problem(str(error), where, text)
        else:
            problem = mistakes.excess_problem(
                _TOO_DEEP if isinstance(error, RecursionError) else _TOO_LONG, where, text
            )
        raise ConfigError(problem) from None
    if excess:
        from crawler.cli.toml import mistakes

        raise ConfigError(mistakes.excess_problem(excess, where, text))
    return data


def _excess(data: Mapping[str, object]) -> str:
    """What is wrong with the size of a value: an integer of more than 64 bits, or deep nesting; "" if nothing is."""
    level: list[object] = [data]
    for _ in range(DEEPEST):
        level = [
            each
            for value in level
            for each in (value.values() if isinstance(value, dict) else value)  # type: ignore[attr-defined]
            if isinstance(each, dict | list | int)
        ]
        if any(isinstance(each, int) and not -(1 << 63) <= each < 1 << 63 for each in level):
            return _TOO_LONG
        level = [each for each in level if not isinstance(each, int)]
    return _TOO_DEEP if level else ""


def located(error: ConfigError, where: str, content: bytes) -> ConfigError:
    """``error`` about the file ``where``, with the lines of ``content`` that its messages are about.

    The messages are in the order of the lines. A mistake in ``[defaults]`` concerns each mirror, but is reported once.
    """
    from crawler.cli.toml import mistakes

    text, lines, seen = content.decode("utf-8-sig"), list[str](), set[str]()
    for message in error.problems:
        line = mistakes.located(message, where, text)
        if (same := mistakes.without_mirror(line)) not in seen or line == message:
            lines.append(line)
        seen.add(same)
    problems = Problems()
    problems.add(sorted(lines, key=lambda line: mistakes.line_number(line, where)))
    return problems.error() or error
