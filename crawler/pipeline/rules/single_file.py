"""Decides whether URL is the address of a file rather than of a listing."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.pipeline.rules.responses.content_type import is_html
from crawler.text.urls import file_name_problem, last_name

_DATA = re.compile(r"[^;]*\b(?:json|xml)\b", re.IGNORECASE)
"""Content types of listings in JSON or XML."""
_EXTENSION = re.compile(r".\.[A-Za-z0-9]{1,10}$")


def names_file(url: str) -> bool:
    """Whether ``url`` looks like that of a file: no slash at the end, no query, and a valid file name."""
    parts = urlsplit(url)
    return not parts.query and not parts.path.endswith("/") and file_name_problem(last_name(url)) is None


def is_file_at_once(url: str, content_type: str) -> bool:
    """Whether the headers alone show that a response from ``url`` is a file, so that its body is not read as a page."""
    return names_file(url) and bool(content_type) and not is_html(content_type) and not _DATA.match(content_type)


def may_be_file(url: str, content_type: str | None, *, is_mirror: bool) -> bool:
    """Whether the response to ``url``, which is not a listing, may be saved as a file.

    An HTML page never is, because it may be a login or error page; nor is JSON or XML if ``url`` has no extension.
    ``is_mirror``: an earlier run found a listing there, so a file is not expected.
    """
    if is_mirror or not content_type or not names_file(url) or is_html(content_type):
        return False
    return not _DATA.match(content_type) or _EXTENSION.search(last_name(url)) is not None
