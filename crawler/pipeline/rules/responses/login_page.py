"""Recognises a login page that was sent with status 200 in place of a page of which nothing else is known.

A page is text like any other page, so neither its type nor its beginning shows that it is the wrong one. What shows it
is where redirects have led, and a form that asks for a password.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.text.patterns import pattern

READ = 1 << 16
"""Number of bytes at the beginning of a page in which a login form is looked for."""
_PASSWORD = pattern(rb"<input\b[^>]{0,500}?\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_TITLE = pattern(rb"<title\b[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_TITLE_WORDS = pattern(
    r"\blog[\s-]?[io]n\b|\bsign[\s-]?[io]n\b|authenticat|authoriz|anmeld|einlogg|connexion|se connecter|identifiez"
    r"|iniciar sesi|accedi\b|inloggen|logga in|logg inn|zaloguj|logowanie|авториз|вход"
    r"|登录|登入|ログイン|サインイン|로그인",
    re.IGNORECASE,
)
"""Words in the title of a login page, in the languages of most sites."""
_WORDS = frozenset(
    {"login", "logon", "signin", "signon", "sso", "auth", "authenticate", "authentication", "authorize", "oauth"}
    | {"oauth2", "openid", "saml", "saml2", "idp", "adfs", "shibboleth", "wayf"}
)
"""Words in the paths of login pages, and first labels of their hosts."""
_RETURN = pattern(r"next|return|continu|redir|target|dest|service|back|goto|state|came|origin|ref|url", re.IGNORECASE)
"""Names of the parameter that tells a login page where to return to; not of one that names a file to be sent."""
_SEPARATORS = pattern(r"[/.]+")
_NAMED = pattern(r"log-?[io]n|sign-?(?:in|on|up)|auth|passw|regist|account", re.IGNORECASE)
"""Words in the names of pages that may well ask for a password."""


def leads_astray(asked: str, answered: str, body: bytes) -> bool:
    """Whether redirects from the URL ``asked`` have led to a login page, or up to a directory, at ``answered``.

    ``body``: at least the first ``READ`` bytes of the page.
    """
    if asked == answered:
        return False
    first, last = urlsplit(asked), urlsplit(answered)
    wanted, found = unquote(first.path) or "/", unquote(last.path) or "/"
    if (first.hostname, wanted) == (last.hostname, found):
        return False
    if found.endswith("/") and wanted.startswith(found) and first.hostname == last.hostname:
        return True
    back = (value for name, value in parse_qsl(last.query) if _RETURN.search(name))
    is_return = len(wanted) > 1 and any(wanted in unquote(value) for value in back)
    is_login = not _WORDS.isdisjoint(_words(answered) - _words(asked))
    return is_return or is_login or asks_for_password(body)


def is_login_page(url: str, body: bytes) -> bool:
    """Whether the page at ``url`` is a login form by its title and its content, and nothing in its name says so.

    ``body``: at least its first ``READ`` bytes.
    """
    title = _TITLE.search(body[:READ])
    is_titled = title is not None and _TITLE_WORDS.search(title[1].decode("utf-8", "replace")) is not None
    return is_titled and asks_for_password(body) and _NAMED.search(unquote(urlsplit(url).path)) is None


def asks_for_password(body: bytes) -> bool:
    """Whether the first ``READ`` bytes of a page have a field for a password."""
    return _PASSWORD.search(body[:READ]) is not None


def _words(url: str) -> set[str]:
    parts = urlsplit(url)
    text = f"{(parts.hostname or '').partition('.')[0]}/{unquote(parts.path)}".lower()
    words = _SEPARATORS.split(text)
    return {re.sub("[-_]", "", word) for word in words} | {part for word in words for part in re.split("[-_]", word)}
