"""From the bytes of the file of --config to its mirrors."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from crawler.cli.mirrors_file import MirrorsFile, parse_mirrors
from crawler.model.errors import ConfigError


def parse_file(content: bytes, overrides: Mapping[str, object], where: str) -> MirrorsFile:
    """The mirrors of a TOML file. ``overrides`` (from the command line) take precedence over the file's options.

    Raises ConfigError, which names ``where``, the line if it is known, table and key, and says what to write.
    """
    try:
        text = content.decode("utf-8-sig")
        return parse_mirrors(tomllib.loads(text), overrides, where)
    except (UnicodeDecodeError, ConfigError, tomllib.TOMLDecodeError) as error:
        from crawler.cli.mirrors import mistakes

        if isinstance(error, UnicodeDecodeError):
            problem = mistakes.encoding_problem(content, where)
        elif isinstance(error, tomllib.TOMLDecodeError):
            problem = mistakes.syntax_problem(str(error), where, text)
        else:
            problem = mistakes.located(str(error), where, text)
        raise ConfigError(problem) from None
