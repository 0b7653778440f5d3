"""Pages whose rows are data for their own script: JSON in a template or script element, or calls that build the rows.

This module only finds the JSON; the readers of JSON listings read it. A page that fetches its rows from another URL
contains none and is not recognised.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

from crawler.listings.page import Page
from crawler.listings.values.hrefs import Resolver, link_name_problem
from crawler.listings.values.mentioned_names import names_of, row_rejection
from crawler.listings.values.times import read_stamp
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Rejection, Span

_HOLDER = re.compile(r"<(template|script)\b[^>]{0,500}>", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?:\b(?:var|let|const)\s+[\w$]+|\b[\w$.]+)\s*=\s*(?=[\[{])")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}\s*")
_LIMIT = 64 << 20
_MAX_ASSIGNMENTS = 40
_STRING = r"'((?:[^'\\\n]|\\.)*)'"
_FILE_CALL = re.compile(rf"^_f\({_STRING},(\d+),{_STRING},{_STRING}(?:,(\d+))?\);?", re.MULTILINE)
_DIRECTORY_CALL = re.compile(rf"^_d\({_STRING},{_STRING},{_STRING}(?:,\d+)?\);?", re.MULTILINE)
_JS_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def read_embedded(page: Page) -> Listing | None:
    """The listing embedded in a page as data; None if there is none."""
    called = _read_calls(page)
    if called is not None:
        return called
    from crawler.listings.json.formats import parse_json

    for document in _documents(page.text[:_LIMIT]):
        inner = Page(body=document.encode("utf-8", "surrogatepass"), url=page.url, content_type="application/json")
        listing = parse_json(inner)
        if listing is not None and listing.is_listing and listing.entries:
            return replace(listing, family=f"embedded-{listing.family}", confidence=min(listing.confidence, 0.8))
    return None


def _documents(text: str) -> Iterator[str]:
    decoder = json.JSONDecoder()
    for holder, content in _contents(text):
        if content[:1] in {"[", "{"} and content[-1:] in {"]", "}"}:
            yield content
        elif holder == "template" and _BASE64.fullmatch(content):
            try:
                yield base64.b64decode(content, validate=False).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue
        else:
            yield from _assigned(content, decoder)


def _contents(text: str) -> Iterator[tuple[str, str]]:
    """(element name, content) of templates and scripts, in linear time even if end tags are missing."""
    position = 0
    while found := _HOLDER.search(text, position):
        name = found[1].lower()
        end = text.find("</", found.end())
        while end >= 0 and text[end + 2 : end + 2 + len(name)].lower() != name:
            end = text.find("</", end + 2)
        if end < 0:
            return
        yield name, text[found.end() : end].strip()
        position = end


def _assigned(script: str, decoder: json.JSONDecoder) -> Iterator[str]:
    position = 0
    for _ in range(_MAX_ASSIGNMENTS):
        found = _ASSIGNED.search(script, position)
        if found is None:
            return
        position = found.end()
        try:
            value, position = decoder.raw_decode(script, position)
        except (ValueError, RecursionError):
            continue
        yield json.dumps(value)


def _read_calls(page: Page) -> Listing | None:
    """Reads rows in the form of calls ``_f(name, bytes, date, url, epoch)`` and ``_d(name, date, url)``."""
    if "_f(" not in page.text and "_d(" not in page.text:
        return None
    resolver = Resolver(page.url)
    entries: list[Entry] = []
    rejections: list[Rejection] = []
    rows = [(found, Kind.DIRECTORY) for found in _DIRECTORY_CALL.finditer(page.text)]
    rows += [(found, Kind.FILE) for found in _FILE_CALL.finditer(page.text)]
    for found, kind in rows:
        name, address = _unescaped(found[1]), _unescaped(found[4 if kind is Kind.FILE else 3])
        url = resolver.target(address).url
        problem = link_name_problem(name)
        if problem or not url:
            rejections.append(row_rejection(Reason.BAD_NAME if url else Reason.SCHEME, address, problem, name))
            continue
        entries.append(_entry(found, kind, name, url))
    if not entries:
        return None
    return Listing(
        url=page.url,
        family="script-calls",
        confidence=0.7,
        is_listing=True,
        complete="</html" in page.text[-2000:].lower() or "</script" in page.text[rows[-1][0].end() :].lower(),
        entries=tuple(entries),
        rejections=tuple(rejections),
        mentioned=frozenset(names_of(rejections)),
    )


def _entry(found: re.Match[str], kind: Kind, name: str, url: str) -> Entry:
    if kind is Kind.DIRECTORY:
        return Entry(name=name, kind=kind, url=url, row=_unescaped(found[2]))
    size = int(found[2])
    return Entry(
        name=name,
        kind=kind,
        url=url,
        size=Span(size, size),
        modified=read_stamp(found[5]) if found[5] else None,
        row=f"{found[5] or _unescaped(found[3])}  {found[2]}",
    )


def _unescaped(text: str) -> str:
    """The value of a JavaScript string literal (ECMA-262, section 12.9.4), given the text between its quotes."""

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": "\r"}.get(found[3], found[3])

    return _JS_ESCAPE.sub(character, text)
