"""File types: the words that formats use for them, and what becomes of a word that a format does not know."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.values import Kind


def kind_of(word: object, kinds: Mapping[str, Kind]) -> Kind | None:
    """The kind that a format calls ``word``; None for a word that it does not know.

    A row of kind ``other`` (a device, a broken link) is rejected (``exact_entries.Rows``). With an unknown word, a row
    of a known server is of kind ``unknown``, which is requested like a file and may turn out to be a directory, or the
    page is not that server's; ``generic`` accepts such a row only with a size and a time.
    """
    return kinds.get(word) if isinstance(word, str) else None
