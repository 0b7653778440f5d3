"""Takes the path of a page out of its texts: ``Index of /pub/page/2`` is a heading, and no statement about pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler.listings.values.queries import directory_value
from crawler.model.struct import Value
from crawler.text.urls import decoded

_SEPARATOR = r"\s{0,3}[/\\|>:\u00bb\u203a\u2192\u00b7\u2022]\s{0,3}"
"""What stands between the directories of a path or of breadcrumbs."""
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"


class OwnPath(Value, frozen=True):
    """The directories in the URL of a page, in the forms in which texts show them."""

    names: frozenset[str] = frozenset()
    forms: re.Pattern[str] | None = None

    def left_of(self, text: str) -> str:
        """``text`` without the path; "" if all of it is the name of one of the directories, as in breadcrumbs."""
        if text.strip(" /") in self.names:
            return ""
        return text if self.forms is None else self.forms.sub(" ", text)


def own_path(url: str) -> OwnPath:
    """The path of the page at ``url``: decoded and as it is written, also that of a query, as in ``?dir=/pub/page/2``.

    A name alone is no path: what is "2" or "page" in a text may say anything.
    """
    address, _, query = url.partition("#")[0].partition("?")
    path = address.partition("://")[2].partition("/")[2]
    named = directory_value(query)
    paths = [path, decoded(path), *(named[1:] if named else ())]
    several = [names for names in ([name for name in each.split("/") if name] for each in paths) if names]
    forms = sorted({form for names in several for form in _forms(names)}, key=len, reverse=True)
    return OwnPath(
        frozenset(name for names in several for name in names), re.compile("|".join(forms)) if forms else None
    )


def _forms(names: Sequence[str]) -> Iterator[str]:
    """Patterns of the path: whole; and from the root with other directories before the last, as behind a proxy."""
    last = re.escape(names[-1])
    yield rf"(?<![\w/.:])/(?:[^/]{{1,255}}/){{1,60}}{last}{_END}"
    if not all(map(str.isdecimal, names)):
        yield rf"(?<![\w/.:])/{_SEPARATOR.join(map(re.escape, names))}{_END}"
        if len(names) > 1:
            yield rf"{_START}{_SEPARATOR.join(map(re.escape, names))}{_END}"
