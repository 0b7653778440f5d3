"""Where an entry belongs, whatever its name."""

from __future__ import annotations

from collections.abc import Iterator


def place_of_entry(directory: str, name: str) -> str:
    """The path under DIR at which the entry ``name`` of ``directory`` would be, for messages and filters.

    Nothing may be stored there if ``urls.entry_path`` refuses the name.
    """
    return f"{directory}/{name}" if directory else name


def directories_above(path: str) -> Iterator[str]:
    """The directories above a path: ``a/b/c.zip`` → ``a``, ``a/b``."""
    slash = path.find("/")
    while slash > 0:
        yield path[:slash]
        slash = path.find("/", slash + 1)
