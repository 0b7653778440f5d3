"""Parses .netrc files, which contain a user and password per host, as curl does (lib/netrc.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.model.struct import Value

_TOKEN = re.compile(r'[ \t]*(?:#.*|"((?:[^"\\]|\\.)*)"|(")|([^\s"#]\S*))')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_BLANK = re.compile(r"\s*")


class NetrcEntry(Value, frozen=True, kw_only=True):
    """One ``machine`` or ``default`` entry."""

    host: str | None
    """None for ``default``, which matches every host."""
    login: str | None = None
    password: str | None = None


def parse_netrc(text: str) -> list[NetrcEntry]:
    """The entries of a .netrc file, in order. Unknown words, comments and macros are ignored.

    Raises ValueError for an unclosed quotation mark; the message quotes nothing from the file.
    """
    entries: list[NetrcEntry] = []
    words = _words(text)
    for word in words:
        keyword = word.lower()
        if keyword == "machine":
            entries.append(NetrcEntry(host=next(words, "")))
        elif keyword == "default":
            entries.append(NetrcEntry(host=None))
        elif keyword in {"login", "password"} and entries:
            value, last = next(words, ""), entries[-1]
            login = value if keyword == "login" else last.login
            password = value if keyword == "password" else last.password
            entries[-1] = NetrcEntry(host=last.host, login=login, password=password)
        elif keyword in {"login", "password", "account"}:
            next(words, "")
    return entries


def _words(text: str) -> Iterator[str]:
    """The words of the file outside macros. A macro ends at an empty line."""
    in_macro = False
    for number, line in enumerate(text.split("\n"), 1):
        if in_macro:
            in_macro = not _BLANK.fullmatch(line)
            continue
        position = 0
        while match := _TOKEN.match(line, position):
            position = match.end()
            quoted, unclosed, plain = match.groups()
            if unclosed is not None:
                raise ValueError(f"line {number}: a quotation mark is not closed")
            if quoted is not None:
                yield re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), quoted)
            elif plain is not None and plain.lower() == "macdef":
                in_macro = True
                break
            elif plain is not None:
                yield plain


def login_for(entries: Iterable[NetrcEntry], host: str, user: str | None = None) -> tuple[str, str] | None:
    """(user, password) of the first entry with a password that matches ``host`` and, if given, ``user``; or None.

    Host names are compared without regard to case (RFC 4343).
    """
    for entry in entries:
        matches = entry.host is None or entry.host.strip("[]").rstrip(".").lower() == host.rstrip(".").lower()
        if matches and entry.password is not None and user in (None, entry.login or ""):
            return entry.login or "", entry.password
    return None
