"""Parses .netrc files, which contain a user and password per host, as curl does (lib/netrc.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from crawler.model.struct import Value
from crawler.text.patterns import pattern

_TOKEN = pattern(r'[ \t]*(?:#.*|"((?:[^"\\]|\\.)*)"|(")|([^\s"#]\S*))')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_BLANK = pattern(r"\s*")


class NetrcEntry(Value, frozen=True, kw_only=True):
    """One ``machine`` or ``default`` entry."""

    host: str | None
    """The host that the entry applies to; None for ``default``, which matches every host."""
    login: str | None = None
    password: str | None = None


def parse_netrc(text: str) -> list[NetrcEntry]:
    """The entries of a .netrc file, in order. Unknown words, comments and macros are ignored.

    Raises ValueError for an unclosed quotation mark; the message quotes nothing from the file.
    """
    entries: list[NetrcEntry] = []
    words = _Words(text)
    for word in words:
        keyword = word.lower()
        if keyword == "macdef":
            words.skip_macro()
        elif keyword == "machine":
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


class _Words:
    """An iterator over the words of a file."""

    def __init__(self, text: str) -> None:
        self._in_macro = False
        self._words = self._split(text)

    def __iter__(self) -> Iterator[str]:
        return self._words

    def __next__(self) -> str:
        return next(self._words)

    def skip_macro(self) -> None:
        """Skip the macro that begins with the last word; it ends at an empty line."""
        self._in_macro = True

    def _split(self, text: str) -> Iterator[str]:
        for number, line in enumerate(text.split("\n"), 1):
            if self._in_macro:
                self._in_macro = not _BLANK.fullmatch(line)
                continue
            position = 0
            while not self._in_macro and (match := _TOKEN.match(line, position)):
                position = match.end()
                quoted, unclosed, plain = match.groups()
                if unclosed is not None:
                    raise ValueError(f"line {number}: a quotation mark is not closed")
                if quoted is not None:
                    yield re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), quoted)
                elif plain is not None:
                    yield plain


def login_for(entries: Iterable[NetrcEntry], host: str, user: str | None = None) -> tuple[str, str] | None:
    """(user, password) of the first entry with a password that matches ``host`` and, if given, ``user``; or None.

    Host names are compared without regard to case (RFC 4343).
    """
    for entry in entries:
        if _applies(entry, host) and entry.password is not None and user in (None, entry.login or ""):
            return entry.login or "", entry.password
    return None


def lack(entries: Sequence[NetrcEntry], host: str) -> str:
    """What a file with ``entries`` has instead of a login for ``host``; "" if it has one."""
    if login_for(entries, host) is not None:
        return ""
    found = [entry for entry in entries if _applies(entry, host)]
    if not found:
        return f"no entry for {host}"
    which = "a default entry" if all(entry.host is None for entry in found) else f"an entry for {host}"
    return f"{which} without a password: write 'password PASSWORD' in it"


def _applies(entry: NetrcEntry, host: str) -> bool:
    return entry.host is None or entry.host.strip("[]").rstrip(".").lower() == host.rstrip(".").lower()
