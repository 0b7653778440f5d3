"""Decides whether URL is the address of a file rather than of a listing, by the evidence of its response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from urllib.parse import urlsplit

from crawler.model import limits
from crawler.model.errors import CrawlerError, FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.model.reasons import Reason
from crawler.pipeline.rules.responses.content_type import begins_like_html, is_binary, is_html
from crawler.pipeline.rules.responses.login_page import asks_for_password, is_login_page, leads_astray
from crawler.pipeline.rules.robots import is_of_robots
from crawler.text.escape import masked
from crawler.text.http_fields import coding_of, content_length
from crawler.text.patterns import pattern
from crawler.text.urls import INDEX_PAGE, file_name_problem, last_name, looks_like_file, without_query

_DATA = pattern(r"[^;]*\b(?:json|xml)\b", re.IGNORECASE)
"""Content types of listings in JSON or XML."""
_EXTENSION = pattern(r".\.[A-Za-z0-9]{1,10}$")
_HTML_EXTENSION = pattern(r".\.(?:[sx]?html?|xht|mht)$", re.IGNORECASE)
_SCRIPT = pattern(r"(?:^[^.]*|\.(?:php\d?|cgi|aspx?|jsp|pl|py|do))$", re.IGNORECASE)
"""Names of programs on a server, which send a different file for each query."""


class Look(Enum):
    """The nature of a response to URL, judged by what has been read of it so far."""

    FILE = auto()
    PAGE = auto()
    """Not a file, whatever it contains, so it is read as a page."""
    UNDECIDED = auto()
    """More of the body must be read to decide."""


def names_file(url: str) -> bool:
    """Whether ``url`` looks like that of a file: it ends in a valid file name, and so not in a slash."""
    return file_name_problem(last_name(url)) is None


def file_name(url: str, headers: Mapping[str, str]) -> str | None:
    """The name of the file at ``url``; None if it has none.

    It is the last segment of the URL; if that is empty, or if there is a query, a name given by the server counts more.
    """
    disposition = headers.get("Content-Disposition")
    if disposition is not None and (not names_file(url) or urlsplit(url).query):
        from crawler.text.names.disposition import disposition_name  # imported only if needed

        given = disposition_name(disposition)
        if isinstance(given, str):
            return given
    return last_name(url) if names_file(url) else None


def by_headers(url: str, headers: Mapping[str, str]) -> Look:
    """Judge the response to ``url`` by its headers alone, before its body is read."""
    content_type = headers.get("Content-Type", "")
    if file_name(url, headers) is None:
        return Look.PAGE
    if headers.get("Content-Disposition", "").strip().lower().startswith("attachment"):
        return Look.FILE
    is_page = not content_type or is_html(content_type) or _DATA.match(content_type) is not None
    if not is_page:
        return Look.FILE
    if coding_of(headers):
        return Look.PAGE
    too_long = (content_length(headers) or 0) > limits.LISTING_RAW
    return Look.FILE if too_long and _names_data(url, content_type) else Look.UNDECIDED


def by_beginning(url: str, content_type: str, head: bytes) -> Look:
    """Judge a response by the first bytes of its body, since pages of any kind are text.

    UNDECIDED means that it is a file unless it is a listing. A ``head`` of less than ``content_type.SNIFFED`` bytes is
    the whole body.
    """
    if is_binary(head) and not begins_like_html(head):
        return Look.FILE
    if content_type or begins_like_html(head) or head.lstrip()[:1] in {b"{", b"[", b"<"}:
        return Look.UNDECIDED
    return Look.FILE if head else Look.PAGE


def may_be_file(url: str, answered: str, content_type: str, body: bytes) -> bool:
    """Whether the text at ``url``, which is not a listing, may be saved as a file. ``answered``: after redirects.

    HTML may be a login or error page, unless the URL has an extension of HTML and nothing shows that it is one; an
    index page stands for the listing of its directory. JSON and XML may be an error message, unless the URL has an
    extension.
    """
    if not names_file(url):
        return False
    if is_html(content_type) or (not content_type and begins_like_html(body)):
        name = last_name(url)
        is_index = INDEX_PAGE.fullmatch(name.encode("utf-8", "surrogateescape")) is not None
        if is_index or _HTML_EXTENSION.search(name) is None or last_name(answered) != name:
            return False
        return not (leads_astray(url, answered, body) or is_login_page(url, body))
    return _names_data(url, content_type)


def why_no_listing(url: str, answered: str, content_type: str, body: bytes) -> str:
    """What the response to ``url`` is, if not a listing, and what to do; "" if unknown.

    ``answered``: its URL, after redirects.
    """
    if is_html(content_type) or begins_like_html(body):
        is_login = asks_for_password(body) and not (looks_like_file(url) or urlsplit(url).query)
        return "it asks for a password: --cookies FILE, --netrc or --header @FILE may log in" * is_login
    is_file = bool(content_type) and _DATA.match(content_type) is None and names_file(answered)
    return f"it redirects to a file: give its URL, {masked(answered)}" if is_file and answered != url else ""


def _names_data(url: str, content_type: str) -> bool:
    """Whether data in JSON or XML at ``url`` may be a file."""
    return not is_html(content_type) and _EXTENSION.search(last_name(url)) is not None and not _is_script(url)


def _is_script(url: str) -> bool:
    return _SCRIPT.search(last_name(url)) is not None


def is_same_file(first: str, second: str) -> bool:
    """Whether two URLs of files with the same name lead to the same file: queries may hold changing signatures."""
    if without_query(first) != without_query(second):
        return False
    return first == second or not _is_script(first)


def root_error(url: str, error: FetchError | VerificationError | ListingError) -> CrawlerError:
    """The error, with advice, of a run whose root at ``url`` cannot be read because of ``error``."""
    rejection = error.rejection if isinstance(error, FetchError) else None
    if is_of_robots(rejection):
        return RobotsForbidden(f"{masked(url)}: {error}: --no-robots continues without it")
    from crawler.text.advice.requests import with_advice  # imported only if needed

    is_refused = rejection is not None and rejection.reason != Reason.REDIRECTS
    problem = str(error) if is_refused else with_advice(url, error)
    kind = error.content_type if isinstance(error, ListingError) else None
    return ListingError(f"{masked(url)}: {problem}", content_type=kind)
