"""The mirrors of a --config file without running them."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.cli.mirrors.file import MirrorsFile, read_mirrors
from crawler.cli.toml.document import load, located
from crawler.model.errors import ConfigError, Problems


def parse_mirrors(data: Mapping[str, object], overrides: Mapping[str, object], where: str) -> MirrorsFile:
    """The mirrors of a parsed file. Raises ConfigError with everything that is wrong."""
    problems = Problems()
    file = read_mirrors(data, overrides, where, problems)
    problems.raise_any()
    return file


def parse_file(content: bytes, overrides: Mapping[str, object], where: str) -> MirrorsFile:
    """The mirrors of a TOML file. Raises ConfigError as the program prints it."""
    data = load(content, where)
    try:
        return parse_mirrors(data, overrides, where)
    except ConfigError as error:
        raise located(error, where, content) from None
