"""What the header sections of many responses have in common."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.struct import Struct, Value

Varying = tuple[str | None, str | None, str | None]
"""The values of Last-Modified, ETag and Date in one header section; None for a field that is absent."""
UNKNOWN: Varying = (None, None, None)
_VARYING = ("last-modified", "etag", "date")


class HeaderShape(Struct, eq=False):
    """The part of a header section with status 200 that is the same in all responses with this very object.

    They differ only in Content-Length, which is that of the body, Last-Modified, ETag and Date. No name occurs twice.
    """

    names: tuple[str, ...]
    """The names of all fields, as received."""
    constant: Mapping[str, str]
    """The fields that do not differ, by name as received."""
    minor: int = 1
    """The minor version of HTTP/1."""

    def fields(self, length: int, varying: Varying) -> list[tuple[str, str]]:
        """All fields of a header section of this shape with the Content-Length ``length``, in their order."""
        given = dict(zip(_VARYING, varying, strict=True))
        given["content-length"] = str(length)
        return [(name, self.constant.get(name) or given.get(name.lower()) or "") for name in self.names]


class Alike(Value, frozen=True, gc=False):
    """A complete response whose header section has a shape."""

    shape: HeaderShape
    varying: Varying
    body: bytes
