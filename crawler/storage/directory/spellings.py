"""Other spellings of a name that lead to the same file, on file systems that fold case or normalise Unicode."""

from __future__ import annotations

import os
from contextlib import suppress


def other_spellings(name: str) -> set[str]:
    """Other spellings of ``name`` on a file system that folds case or normalises Unicode."""
    if name.isascii():
        return {name.swapcase()} - {name}
    import unicodedata  # imported only if needed

    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    return (forms | {name.swapcase()}) - {name}


def answers_to_another(name: bytes, parent: int, itself: tuple[int, int]) -> bool:
    """True if another spelling of ``name`` leads to the same file. ``itself``: its ``tree.Identity``."""
    for other in other_spellings(name.decode("utf-8", "surrogateescape")):
        with suppress(OSError, UnicodeEncodeError):
            status = os.stat(other.encode("utf-8", "surrogateescape"), dir_fd=parent, follow_symlinks=False)
            if (status.st_dev, status.st_ino) == itself:
                return True
    return False
