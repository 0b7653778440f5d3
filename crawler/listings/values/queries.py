"""Classifies the queries and path parameters of links: view, session, key, or something else.

``sub/?C=M&O=D`` is the directory in another sort order, ``a.iso;jsessionid=1`` the file in a session and
``a.iso?k=KEY`` the file with an access key: each is the entry itself. ``sub/?zip`` and ``view.php?id=7`` are not.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from urllib.parse import parse_qsl, unquote

from crawler.text.patterns import pattern
from crawler.text.urls import INDEX_SORT

_SESSIONS = r"jsessionid|phpsessid|sessionid|session_id|aspsessionid\w*|sid"
_SESSION_PARAMETER = pattern(rf";(?:{_SESSIONS})=[^/?#;]*", re.IGNORECASE)
_TYPE_CODE = pattern(r";type=[adi](?=/?(?:[?#]|\Z))")
_VIEW = pattern(
    rf"(?:{_SESSIONS}|session|sort|order|orderby|order_by|sortby|sort_by|sortorder|sort_order|sorting|ordering|dirsort"
    r"|asc|desc|col|column|srt|sb|view|layout|theme|lang|locale|hl|style|display|limit)(?:=.*)?|[cofsv]=\w?",
    re.IGNORECASE | re.DOTALL,
)
"""Parameters that select a presentation or identify a session: dropped."""
_DIRECTORY_VIEW = pattern(r"(?:raw|[cosn])(?:=.*)?", re.IGNORECASE | re.DOTALL)
_FETCHED = pattern(r"(?:raw|download|dl|attachment|inline|force)(?:=.*)?", re.IGNORECASE | re.DOTALL)
"""Parameters that make a server send the file itself: kept in the request."""
_OTHER = pattern(
    r"(?:zip|tar|tgz|tar_?gz|targz|archive|compress|pack|json|xml|rss|atom|feed|simple|format|output|delete|del|remove|rm"
    r"|edit|rename|move|mv|copy|upload|mkdir|new|share|log[io]n|logout|auth_?action|action|act|op|cmd|do|task|info|stat"
    r"|history|blame|diff|thumb|thumbnail|th|preview|hash|md5|sha\d+|checksum|meta|metadata|properties|acl|uploads|q"
    r"|search|query|page|pg|paged|start|offset|marker|prefix|path|dir|folder|directory|id)(?:=.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""Parameters that make a server send something other than the entry, or modify it."""
_SCRIPT_NAME = pattern(r"\.(?:php\d?|phtml|aspx?|ashx|jsp|jspx|cgi|fcgi|pl|cfm|do|action|dll|exe)$", re.IGNORECASE)
_FILE_NAME = pattern(r"\.[A-Za-z0-9]{1,10}$")
_DOUBTFUL = pattern(r"[?#]|\A[^/?#:]*:")
RESERVED = pattern(r"[?#:]")
"""Characters that end a path or a scheme (RFC 3986), but occur in unescaped names."""
SORT_KEYS = pattern(
    r"(?:^|[&;])(?:(?:sort|order|orderby|order_by|sortby|sort_by|sortorder|"
    r"sort_order|sorting|ordering|dirsort|o|c|s|asc|desc|col|column|srt|sb)(?:=|$|&))",
    re.IGNORECASE,
)
PLAIN_DIRECTORY_KEYS = {"dir", "path", "folder", "directory", "subdir", "subfolder", "/"}
"""Keys that always name a directory."""
DIRECTORY_KEYS = PLAIN_DIRECTORY_KEYS | {"d", "location", "prefix", "p", "cd", "cwd", "sd"}
_LEADING = pattern(r"\A(?:\.?/)+")
_STANDARD_BASE64 = str.maketrans(" -_", "++/")
_CONTROLS = pattern(r"[\x00-\x1f\x7f]")
PAGE_KEYS = ("page", "p", "pg", "paged", "pageno", "pagenum", "start", "offset", "from", "skip", "marker", "after")
"""Parameters that name a page, by its number or by what precedes it."""
CURSOR_KEYS = frozenset({
    "cpage", "curpage", "currentpage", "current_page", "cursor", "continuation", "continuation-token",
    "continuationtoken", "first", "next", "next_page", "nexttoken", "ofs", "pag", "page_no", "page_num", "page_token",
    "pageindex", "page_index", "pagenumber", "page_number", "pagetoken", "pagina", "seite", "sida", "sivu",
    "startindex", "start-after", "start_after", "startat", "strona", "token",
})  # fmt: skip
"""Less usual ones: they count where the label of a link says that it leads to a page."""
_COUNTS = pattern(
    r"limit|per_?page|page_?size|rows|num|count|size|cols?|columns|zoom|level|depth|year|month|day|date|rating|stars"
    r"|version|tab|step",
    re.IGNORECASE,
)
_SETTING = pattern(
    r"lang|language|locale|hl|skin|theme|colou?rs?|rss|atom|feed|print|mirrors?|info|help|about", re.IGNORECASE
)
"""Parameters that select a language, a look, a mirror or a format."""
_ACTION = pattern(
    r"votes?|rate|ratings?|score|stars|likes?|poll|zip|tar|tgz|tar_?gz|targz|archive|compress|export|download|dl"
    r"|log[io]n|logout|delete|del|remove|rm|edit|upload|mkdir|rename",
    re.IGNORECASE,
)
"""Parameters that make a server do something: count a vote, build an archive."""
_HIDDEN = pattern(r"(?:show_?)?(?:hidden|dot_?files|all)", re.IGNORECASE)
OWN_SCRIPT = pattern(r"index\.(?:php\d?|phtml|aspx?|jsp|cgi|pl)", re.IGNORECASE)
"""Names of scripts that print the page of a directory."""


def is_doubtful(href: str) -> bool:
    """True if ``href`` contains a delimiter that may be an unescaped character of a name.

    A colon after a slash, as in ``./1:2.deb``, belongs to the name (RFC 3986 section 4.2).
    """
    return _DOUBTFUL.search(href) is not None


def without_session(href: str) -> str:
    """``href`` without the session parameters of its path (``;jsessionid=…``), which differ on every visit."""
    return _SESSION_PARAMETER.sub("", href)


def without_parameters(href: str) -> str:
    """``href`` without its session parameters and without FTP's type code (``;type=i``, RFC 1738 section 3.2.2)."""
    return _TYPE_CODE.sub("", without_session(href))


def has_parameter(href: str) -> bool:
    """True if ``href`` has a path parameter that is not part of the name, unless the page shows it in the name."""
    return ";" in href and without_parameters(href) != href


def kept_of(path: str, query: str) -> str | None:
    """The part of ``query`` that a request for the entry at ``path`` needs; None if the link is not the entry itself.

    Views, sort orders and sessions are dropped; keys, signatures and download parameters are kept byte for byte. A
    link to a script is not an entry; after a name without an extension only known parameters are accepted.
    """
    if INDEX_SORT.fullmatch(query):
        return ""
    is_directory = path.endswith("/")
    name = unquote(path.rstrip("/").rpartition("/")[2])
    if not is_directory and _SCRIPT_NAME.search(name):
        return None
    kept = []
    for part in filter(None, re.split("[&;]", query)):
        if _VIEW.fullmatch(part) or (is_directory and _DIRECTORY_VIEW.fullmatch(part)):
            continue
        if _OTHER.fullmatch(part) or (is_directory and _FETCHED.fullmatch(part)):
            return None
        if not (is_directory or _FETCHED.fullmatch(part) or _FILE_NAME.search(name)):
            return None
        kept.append(part)
    return "&".join(kept)


def directory_value(query: str, *, coded: bool = False) -> tuple[str, str] | None:
    """(key, directory) that a query names; the directory is decoded, without leading ``./`` and outer slashes.

    ``coded``: values are base64 if they can be decoded as such. None if the query names no directory.
    """
    named = directory_parameter(query)
    if named is None:
        return None
    key, value = named
    plain = from_base64(value) if coded and key != "/" else None
    return key, trimmed(value if plain is None else plain)


def directory_parameter(query: str) -> tuple[str, str] | None:
    """(key, value) of the parameter that names a directory, the value decoded once with all its slashes; or None."""
    if query.startswith("/"):
        return "/", unquote(query.partition("&")[0], errors="surrogateescape")
    for key, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=None):
        if key.lower() in DIRECTORY_KEYS and not (key.lower() == "p" and value.isdigit()):  # a page
            return key.lower(), value
    return None


def directory_key(url: str, *, coded: bool) -> str:
    """A spelling shared by all URLs whose queries name the same directory; "" if the query names none."""
    address, _, query = url.partition("?")
    value = directory_value(query, coded=coded) if query else None
    return f"{address}?{value[0]}={value[1]}" if value else ""


def from_base64(value: str) -> str | None:
    """``value`` decoded from base64 (RFC 4648 sections 4 and 5), with or without padding; None if that is impossible.

    Spaces are read as ``+``, which form decoding turns into spaces.
    """
    try:
        padded = value.rstrip("=").translate(_STANDARD_BASE64)
        plain = b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return None if not plain or _CONTROLS.search(plain) else plain


def trimmed(value: str) -> str:
    """A directory path without leading ``./``, outer slashes and repeated slashes; backslashes count as slashes."""
    value = _LEADING.sub("", re.sub(r"/+", "/", value.replace("\\", "/")))
    return "" if value == "." else value.rstrip("/")


def is_view(key: str, value: str) -> bool:
    """Whether a parameter selects an order, a view or a number of rows, also if its values are numbers."""
    return _VIEW.fullmatch(f"{key}={value}") is not None or _COUNTS.fullmatch(key) is not None


def is_setting(key: str) -> bool:
    """Whether a parameter selects a language, a look or a format, and no page."""
    return _SETTING.fullmatch(key) is not None


def is_action(key: str) -> bool:
    """Whether a parameter makes a server do something, such as count a vote, so that no link with it is followed."""
    return _ACTION.fullmatch(key) is not None


def is_hidden(key: str) -> bool:
    """Whether a parameter asks for the hidden files, too. A directory that has none shows the same rows."""
    return _HIDDEN.fullmatch(key) is not None


def is_sort(key: str, value: str) -> bool:
    """Whether a parameter selects an order."""
    return SORT_KEYS.search(f"{key}={value}") is not None and not value.isdigit()


def with_value(url: str, key: str, value: str) -> str:
    """``url`` with another ``value``, which needs no encoding, of the parameter ``key`` that it has."""
    return re.sub(rf"(?<=[?&;]){re.escape(key)}=[^&;#]*", lambda _: f"{key}={value}", url, count=1)


def page_of(query: str) -> tuple[str, int]:
    """(key, number) of the page that a query requests; ("", 0) if it names none."""
    for key, value in parse_qsl(query, errors="surrogateescape"):
        if key.lower() in PAGE_KEYS and value.isascii() and value.isdigit() and len(value) < 10:
            return key.lower(), int(value)
    return "", 0
