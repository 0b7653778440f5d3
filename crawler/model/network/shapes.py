"""What the header sections of many responses have in common."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.struct import Struct

Varying = tuple[str | None, str | None, str | None]
"""The values of Last-Modified, ETag and Date in one header section; None for a field that is absent."""


class HeaderShape(Struct, eq=False):
    """The part of a header section with status 200 that is the same in all responses with this very object.

    They differ only in Content-Length, which is that of the body, Last-Modified, ETag and Date. No name occurs twice.
    """

    names: tuple[str, ...]
    """The names of all fields, as received."""
    constant: Mapping[str, str]
    """The fields that do not differ, by name as received."""
