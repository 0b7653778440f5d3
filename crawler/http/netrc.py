"""The .netrc file: which user and password belong to which host, read as curl reads it (its lib/netrc.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'[ \t]*(?:#.*|"((?:[^"\\]|\\.)*)"|(")|([^\s"#]\S*))')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetrcEntry:
    """One ``machine`` or ``default`` of the file, in its order."""

    host: str | None
    """None for ``default``, which stands for every host."""
    login: str | None = None
    password: str | None = None


def parse_netrc(text: str) -> list[NetrcEntry]:
    """The entries of a .netrc file. Words that are no keyword are passed over, as are comments and macros.

    Raises ValueError, which quotes nothing of the file, for a quoted word without its end.
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
    """The words of the file without its macros, each of which ends at an empty line."""
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
    """(user, password) for ``host``, or None: the first entry that is for it, or for every host, and has a password.

    Host names have no case (RFC 4343). With ``user`` only an entry of that user will do.
    """
    for entry in entries:
        matches = entry.host is None or entry.host.strip("[]").rstrip(".").lower() == host.rstrip(".").lower()
        if matches and entry.password is not None and user in (None, entry.login or ""):
            return entry.login or "", entry.password
    return None
