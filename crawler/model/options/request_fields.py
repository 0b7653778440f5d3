"""Reads --header and --user-agent, and refuses request fields that are the program's own.

A response to a field that a user has set, such as Range, would look like a fault of the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.model.options.readers import foreign_path, path_problem

_CONNECTIONS = "the program manages its connections: see --workers and --pipeline"
_CONDITIONS = "the program sets conditions by what it has saved: --check headers asks about each file"
_RANGES = "the program requests ranges itself: it resumes, and --segments N fetches several at once"
_NO_BODY = "requests have no body: leave it out"

OWN_FIELDS: Mapping[str, str] = {
    "Accept-Encoding": "files are requested as they are, listings compressed: leave it out",
    "Range": _RANGES,
    "If-Range": _RANGES,
    "If-Match": _CONDITIONS,
    "If-None-Match": _CONDITIONS,
    "If-Modified-Since": f"{_CONDITIONS}, and --newer-than TIME selects by age",
    "If-Unmodified-Since": f"{_CONDITIONS}, and --older-than TIME selects by age",
    "Host": "it is that of URL: to reach another address under this name, use /etc/hosts or --proxy",
    "Connection": _CONNECTIONS,
    "Keep-Alive": _CONNECTIONS,
    "Proxy-Connection": _CONNECTIONS,
    "Upgrade": _CONNECTIONS,
    "HTTP2-Settings": _CONNECTIONS,
    "TE": _CONNECTIONS,
    "Content-Length": _NO_BODY,
    "Content-Encoding": _NO_BODY,
    "Transfer-Encoding": _NO_BODY,
    "Trailer": _NO_BODY,
    "Expect": _NO_BODY,
    "User-Agent": "robots.txt is read for the same name: write --user-agent TEXT",
    "Proxy-Authorization": "the server would see it: write --proxy http://user:password@host:port",
}
"""Field that --header must not set → why, and what to do instead (RFC 9110, RFC 9112 and RFC 9113)."""
_BY_NAME = {name.lower(): name for name in OWN_FIELDS}


def parse_header(text: str) -> tuple[str, str]:
    """``Name: value`` → (name, value), stripped.

    Raises ValueError, which never quotes the value: it may be secret; also for a field that is the program's own.
    """
    name, colon, value = text.partition(":")
    name = name.strip(" \t")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
        raise ValueError("expected 'Name: value' or @FILE")
    if own := _BY_NAME.get(name.lower()):
        raise ValueError(f"{own} cannot be set: {OWN_FIELDS[own]}")
    return name, value.strip(" \t")


def check_header(text: str) -> str:
    """``Name: value`` or ``@FILE``, unchanged. Raises ValueError; the file is not read."""
    if not text.startswith("@") or len(text) == 1:
        parse_header(text)
    elif problem := path_problem(text[1:]) or foreign_path(text[1:]):
        raise ValueError(problem)
    return text


def check_agent(text: str) -> str:
    """The value of a User-Agent header, unchanged. Raises ValueError."""
    if re.search(r"[\r\n\0]", text):
        raise ValueError("expected one line of text")
    return text
