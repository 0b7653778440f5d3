"""Maps the URLs of a file on several hosts with the same tree to each other."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.text.urls import INDEX_PAGE, directory_of, in_scope, last_name


def base_of(root: str) -> str:
    """The URL of the directory at ``root``, whose listing has not been read: with a slash, without an index page.

    A query is left out.
    """
    plain = root.partition("?")[0]
    if plain.endswith("/") or INDEX_PAGE.fullmatch(last_name(plain).encode("utf-8", "surrogateescape")):
        return directory_of(plain)
    return f"{plain}/"


def counterpart(url: str, base: str, other: str) -> str | None:
    """The URL below ``other`` that corresponds to ``url`` below ``base``; None if ``url`` is not below ``base``.

    Its escapes are kept, because both hosts serve the same names.
    """
    if not url.startswith(base) or not in_scope(url, base):
        return None
    return other + url[len(base) :]


def root_of(url: str, bases: Sequence[str]) -> int | None:
    """The index in ``bases`` of the longest base that contains ``url``; None if none does."""
    found = [number for number, base in enumerate(bases) if in_scope(url, base)]
    return max(found, key=lambda number: len(bases[number]), default=None)
