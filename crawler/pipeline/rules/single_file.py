"""Decides whether URL is the address of a file rather than of a listing."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.pipeline.rules.responses.content_type import is_html
from crawler.text.urls import file_name_problem, last_name

_DATA = re.compile(r"[^;]*\b(?:json|xml)\b", re.IGNORECASE)
"""Content types of listings that are not HTML."""
_EXTENSION = re.compile(r".\.[A-Za-z0-9]{1,10}$")


def names_file(url: str) -> bool:
    """Whether ``url`` has the form of a file's: no slash at the end, no query, and a name that a file can have."""
    parts = urlsplit(url)
    return not parts.query and not parts.path.endswith("/") and file_name_problem(last_name(url)) is None


def is_file_at_once(url: str, content_type: str) -> bool:
    """Whether a response from ``url`` is a file by its header section alone, so that its body is not read as a page."""
    return names_file(url) and bool(content_type) and not is_html(content_type) and not _DATA.match(content_type)


def may_be_file(url: str, content_type: str | None, *, is_mirror: bool) -> bool:
    """Whether the response to ``url``, which is not a listing, may be saved as a file.

    A page of HTML never is: it may be a login or an error. JSON and XML without an extension in ``url`` may be an error
    too. ``is_mirror``: a listing was found there before; then nothing else is expected.
    """
    if is_mirror or not content_type or not names_file(url) or is_html(content_type):
        return False
    return not _DATA.match(content_type) or _EXTENSION.search(last_name(url)) is not None
