"""Recognises a body that was sent short, so that a response to something else fills the rest of it.

A server may send fewer bytes than it announced and go on (RFC 9112 section 8), for example with a 408 for an idle
connection. Curl and wget take the beginning of that response for the end of the body.
"""

from __future__ import annotations

import re

MERGED = "it is shorter than announced, and another response begins in it"
"""The reason for a BodyError about such a body."""
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}")
_LONGEST_START = len(b"HTTP/1.1 200") - 1
"""Maximum number of bytes of a status line that are needed behind the end of a body to recognise it."""
_TAIL = 8192
"""Number of bytes at the end of a body that are searched; responses that nobody asked for are shorter."""


def is_merged(data: bytes, start: int, end: int) -> bool:
    """Whether a response begins in ``data[start:end]``, the last part of a body, behind which other bytes follow."""
    return end < len(data) and _STATUS_LINE.search(data, max(start, end - _TAIL), end + _LONGEST_START) is not None
