"""Decides whether the scripts of a page can add rows to it, in which case its markup may not show all rows.

Scripts are not run; their source is searched. A script can add rows if it writes into the page and either builds links
to files or loads markup. Harmless are sorting, which moves existing rows and writes only ``#`` and ``?`` links;
breadcrumbs, which lead up; counters, which load scripts but no markup; and links that a script clicks itself, to save
something.
"""

from __future__ import annotations

import re

from crawler.listings.html.soundness.passages import scripts

_HANDLER = re.compile(r"\son[a-z]{3,20}\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_NO_LINK = r"(?!\s*[\\\"']*(?:[#?]|https?:|javascript:|mailto:))"
_JOINT = re.compile(r"([\"'`])\s*\+\s*[\"'`]")
"""The code between two string literals that it concatenates."""
_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})|\\u00([0-9A-Fa-f]{2})|%([0-9A-Fa-f]{2})")
_WRITES = re.compile(
    r"document\.write(?:ln)?\s*\(|insertAdjacent(?:HTML|Element)\s*\(|(?:inner|outer)HTML\s*\+?=(?!=)"
    r"|\.(?:append|prepend|appendChild|insertBefore|replaceChildren|replaceWith|appendTo|before|after|html)\s*\("
    r"|createContextualFragment\s*\(|\.setHTML\w*\s*\(|\.insert(?:Row|Cell)\s*\("
)
_MARKUP = re.compile(
    rf"<a\s+(?:[a-z-]{{1,30}}\s*=\s*\\?[\"'][^\"'<>]{{0,80}}\\?[\"']\s+){{0,4}}href\s*={_NO_LINK}"
    rf"|(?<!link)(?<!var)(?<!let)(?<!const)[\s\"'`]href={_NO_LINK}(?=[\\\"'`$])"
    r"|createTextNode\s*\(\s*[\"']<a\s",
    re.IGNORECASE,
)
_MAKES_ANCHOR = re.compile(r"createElement\s*\(\s*[\"'`]a[\"'`]\s*\)", re.IGNORECASE)
_SETS_HREF = re.compile(
    r"\.href\s*=(?![=\s]*[\"'][#?])|\.(?:setAttribute|attr)\s*\(\s*[\"'`]href[\"'`]\s*,(?!\s*[\"'][#?])"
)
_INDEXED_HREF = re.compile(r"\[\s*[\"'`]href[\"'`]\s*\]\s*=(?!=)")
_HIDES = re.compile(r"\batob\s*\(")
_RUNS_HIDDEN = re.compile(r"\beval\s*\(\s*(?:atob|unescape)\s*\(")
_CLICKS = re.compile(r"\.click\s*\(\s*\)")
_STYLE = re.compile(r"<link\b[^<>]{0,300}>?", re.IGNORECASE)
_CRUMBS = re.compile(
    r"\b\w{0,40}(?:bread|crumb)\w{0,40}(?:[\"'`]\s*\)\s*\.\s*(?:inner|outer)HTML)?\s*\+?=(?!=)[^;]{0,2000};",
    re.IGNORECASE,
)
"""Breadcrumbs, which some themes write with a script."""
_LOADS = re.compile(
    r"\bfetch\s*\(|XMLHttpRequest|\$\.(?:get|ajax|getJSON|post)\s*\(|\baxios\b|new (?:WebSocket|EventSource)\b"
)
_FILLS = re.compile(r"insertAdjacentHTML\s*\(|(?:inner|outer)HTML\s*\+?=(?!=)|\.html\s*\(|\.insert(?:Row|Cell)\s*\(")
_LOADS_INTO = re.compile(r"\)\s*\.load\s*\(\s*[\"'`]")


def adds_rows(markup: str) -> bool:
    """True if a script element or an event handler of a page can add rows with links."""
    code = "\n".join([*scripts(markup), *(found[1] for found in _HANDLER.finditer(markup))])
    if not code:
        return False
    code = _STYLE.sub("", _CRUMBS.sub(";", _joined(code)))
    makes = _MARKUP.search(code) or (
        _MAKES_ANCHOR.search(code)
        and (_SETS_HREF.search(code) or _INDEXED_HREF.search(code))
        and not _CLICKS.search(code)
    )
    writes = (makes or _HIDES.search(code)) and _WRITES.search(code)
    return bool(
        writes or _RUNS_HIDDEN.search(code) or _LOADS_INTO.search(code) or (_LOADS.search(code) and _FILLS.search(code))
    )


def _joined(code: str) -> str:
    """``code`` with concatenated literals joined and with escapes that may hide markup decoded."""

    def character(found: re.Match[str]) -> str:
        return chr(int(found[1] or found[2] or found[3], 16))

    return _JOINT.sub("", _ESCAPE.sub(character, code))
