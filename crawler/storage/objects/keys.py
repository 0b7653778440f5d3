"""Decides which paths can be keys of objects. Pure functions of strings."""

from __future__ import annotations

from crawler.text.urls import path_problem

KEY_BYTES = 1024
"""Longest key, in bytes of UTF-8, that S3 and Google Cloud Storage accept; Azure accepts as many characters."""


def key_problem(path: str, prefix: str) -> str | None:
    """The reason why ``path`` below ``prefix`` cannot be a key; None if it can. ``path`` is valid below DIR."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "is not UTF-8, as keys of objects must be"
    size += len(prefix.encode()) + 1 if prefix else 0
    return f"makes a key longer than {KEY_BYTES} bytes" if size > KEY_BYTES else None


def unusable(path: str, prefix: str) -> str | None:
    """Why nothing, whatever its kind, can be stored at ``path``; None if something can."""
    return path_problem(path) or key_problem(path, prefix)


def prefix_problem(prefix: str) -> str | None:
    """The reason why ``prefix`` cannot be the prefix of a mirror; None if it can."""
    return unusable(prefix, "")


def parents(path: str) -> list[str]:
    """The directories above a path: ``a/b/c`` → ``a/b``, ``a``."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found
