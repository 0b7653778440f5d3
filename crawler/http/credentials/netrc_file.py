"""The file of --netrc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from crawler.http.credentials.netrc import NetrcEntry, lack, parse_netrc
from crawler.model.errors import ConfigError
from crawler.paths import is_special, text_of
from crawler.text.escape import printable


def netrc_path() -> Path:
    """The file of --netrc: the one that the variable NETRC names, or ~/.netrc."""
    path = Path(os.environ.get("NETRC") or "~/.netrc")
    with suppress(RuntimeError):  # no home directory: opening the file will fail
        path = path.expanduser()
    return path


def is_read_once() -> bool:
    """Whether the file is a pipe or the like."""
    return is_special(netrc_path())


def entries() -> list[NetrcEntry]:
    """The entries of the file. Raises ConfigError."""
    path = netrc_path()
    try:
        found = parse_netrc(text_of(f"--netrc: {path}", path))
    except ValueError as error:
        raise ConfigError(f"--netrc: {path}: {error}") from None
    if not found:  # a login was asked for: without it a server may show less, and --delete would remove the rest
        form = "machine HOST login USER password PASSWORD"
        raise ConfigError(f"--netrc: {printable(str(path))}: holds no entry: write '{form}' in it")
    return found


def netrc_lack(host: str) -> str:
    """What the file has instead of a login for ``host``; "" if it has one.

    Raises ConfigError if it cannot be read (again).
    """
    if is_read_once():
        raise ConfigError("--netrc: a pipe is read once")
    return lack(entries(), host)
