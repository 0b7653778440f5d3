"""Finds the links, buttons, forms and selections of a page that may lead to other pages of its listing.

This works on the markup, so the result does not depend on whether the tree was built whole, abridged or in parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

from crawler.listings.html.pager.hints import (
    attributes_of,
    is_current,
    is_disabled,
    is_pager_mark,
    is_slider,
    label_of,
    placed_by,
)
from crawler.listings.html.pager.labels import POSSIBLE, Label, Says, understood
from crawler.listings.values import queries
from crawler.model.struct import Struct, Value, field
from crawler.text.patterns import pattern

_TAG = pattern(
    r"<(a|button|option|link|input|form|/form|select|/select"
    r"|(?:span|div|li)(?=\s[^<>]{0,300}?(?:\bonclick\s*=|\brole\s*=\s*[\"']?button\b)))\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.IGNORECASE,
)
_SUSPECT = pattern(
    rf"\brel\s*=\s*[\"']?[^\"'>]{{0,99}}\b(?:next|prev)|aria-label|[?&;](?:{'|'.join(queries.PAGE_KEYS)})=\d",
    re.IGNORECASE,
)
"""Attributes of a link that is worth a closer look whatever its text is."""
_INNER = r"<(?!/?a\b)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>"
_OPENING = pattern(rf"(?:\s*+{_INNER})*+", re.IGNORECASE)
_NAMELESS = pattern(rf"(?:[^\w<&]|&(?:#|\w)\w{{1,9}};|{_INNER})*+</?a\b", re.IGNORECASE)
"""A text without letters and digits, or none."""
_HINT = pattern(r"(next|prev)|\b(?:alt|title)\s*=\s*[\"']?([^\"'<>]*)", re.IGNORECASE)
"""Where the tags in and around a link without a name may say something."""
_WITH_TEXT = ("a", "button", "option", "span", "div", "li")
_END = {name: pattern(rf"</?{name}\b|</select\b", re.IGNORECASE) for name in _WITH_TEXT}
_MARKUP = pattern(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_IMAGE = pattern(r"<img\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ENCLOSING = pattern(r"<(?:li|span|td|th|div|p)\b([^<>]{0,300})>\s*\Z", re.IGNORECASE)
_CHOSEN = pattern(
    r"location(?:\.href)?\s*=\s*[\"']([^\"'+]{0,500}\?[^\"'+]{0,500}=)[\"']\s*\+\s*(?:this\.)?"
    r"(?:value|options\[[^\]]{1,40}\]\.value)\s*;?\s*\Z",
    re.IGNORECASE,
)
"""A script that goes to the URL with the chosen value at its end."""
_SUBMITS = pattern(r"\bsubmit\b", re.IGNORECASE)
_LOCAL = pattern(r"#[^!/?=]+")
"""A link to a place on the same page."""
_ELLIPSIS = pattern(r"\u2026|\u22ef|\.\.\.|&hellip;|&#8230;|&#x2026;", re.IGNORECASE)
_GAP = pattern(r"(?<![\w.,:/-])(\d{1,6})[^\w.,:/-]{0,5}\s*(?:\u2026|\u22ef|\.{3})\W{0,5}\Z")
_CUT_TAG = pattern(r"\A[^<>]*>")
_GAP_LENGTH = 300
"""Number of characters of markup between the number before a gap and the link after it."""
_BEFORE = 350
"""Number of characters before a control in which the element around it begins."""
_LONGEST = 600
"""Number of characters of markup that no label exceeds."""
_PAGED_NAME = pattern(
    r"(?:^|[\W_])(?:page|pages|pager|pagination|seite|pagina|pag|pg|p|start|offset)(?:$|[\W_\d])", re.IGNORECASE
)


class Control(Value, frozen=True):
    """A link, a button or an option, and what it says."""

    label: Label
    text: str
    """What it shows, or the attribute that says it."""
    href: str | None
    """Where it leads, as written; None if only a script or a POST request leads there."""
    is_current: bool = False
    """Whether it is marked as that of the page that shows it."""
    is_named: bool = True
    """Whether ``text`` is visible, so that it may be the name of a file."""
    is_loaded: bool = False
    """Whether a script loads ``href`` and adds it to the page."""
    follows_gap: bool = False
    """Whether it is the number after a gap, as in ``1 … 40``."""
    action: str = ""
    """The document that receives its form, as written; "" if that is the page itself, or if it has no form."""


class _Form(Struct):
    action: str = ""
    is_get: bool = True
    fields: list[tuple[str, str]] = field(default_factory=list)

    def href(self, *more: tuple[str, str]) -> str | None:
        """Where a button of the form leads; None for POST."""
        query = urlencode([*self.fields, *more], errors="surrogateescape")
        return f"{self.action.partition('?')[0].partition('#')[0]}?{query}" if self.is_get and query else None


def controls_in(markup: str) -> Iterator[Control]:
    """The controls of ``visible`` markup that may lead to other pages, in order."""
    form: _Form | None = None
    pending: list[tuple[_Form, re.Match[str]]] = []
    select: dict[str, str] | None = None
    for tag in _TAG.finditer(markup):
        name = tag[1].lower()
        if name == "a":
            yield from _link(markup, tag) if _may_turn(markup, tag) else ()
        elif name == "link":
            yield from _relation(tag)
        elif name == "form":
            attributes = attributes_of(tag[2])
            form = _Form(attributes.get("action", ""), attributes.get("method", "get").lower() != "post")
        elif name == "/form":
            for owner, each in pending:
                yield from _button(markup, each, owner)
            form, pending = None, []
        elif name == "select":
            select = attributes_of(tag[2])
        elif name == "/select":
            select = None
        elif name == "option":
            yield from _option(markup, tag, select, form)
        elif form is not None:
            if name == "input" and (attributes := attributes_of(tag[2])).get("type", "").lower() == "hidden":
                form.fields.append((attributes.get("name", ""), attributes.get("value", "")))
            pending.append((form, tag))
        else:
            yield from _button(markup, tag, None)
    for owner, each in pending:
        yield from _button(markup, each, owner)


def _may_turn(markup: str, tag: re.Match[str]) -> bool:
    """Whether a link is worth a closer look. Most are the names of files, and to see that takes less time."""
    opening = _OPENING.match(markup, tag.end(), tag.end() + _LONGEST)
    if _SUSPECT.search(tag[2]) or POSSIBLE.match(markup, opening.end() if opening else tag.end()):
        return True
    nameless = _NAMELESS.match(markup, tag.end(), tag.end() + _LONGEST)
    if nameless is None:
        return False
    around = max(0, markup.rfind("<", max(0, tag.start() - _BEFORE), tag.start()))
    return any(hint[1] or POSSIBLE.match(hint[2]) for hint in _HINT.finditer(markup, around, nameless.end()))


def _relation(tag: re.Match[str]) -> Iterator[Control]:
    attributes = attributes_of(tag[2])
    relations = attributes.get("rel", "").lower().split()
    for relation, says in (("next", Says.NEXT), ("prev", Says.BACK), ("previous", Says.BACK)):
        if relation in relations and "href" in attributes:
            yield Control(Label(says), tag[0], attributes["href"], is_named=False)


def _link(markup: str, tag: re.Match[str]) -> Iterator[Control]:
    attributes, text = attributes_of(tag[2]), _text(markup, tag, "a")
    around = _around(markup, tag)
    if is_disabled(attributes, around):
        return
    label, shown, is_named = label_of(attributes, around, text)
    href = attributes.get("href", "").strip()
    if label.says is Says.OTHER and not href:
        return
    placed: str | None = href
    is_nowhere = "href" not in attributes or href.startswith("#") or href.lower().startswith("javascript:")
    if is_nowhere or (not href and "onclick" in attributes):
        if _LOCAL.fullmatch(href) and label.says is not Says.NEXT:
            return
        is_mark = is_named and href in {"", "#"} and not is_pager_mark(text, attributes, around)
        if is_mark or is_slider(attributes, around):
            return
        placed = placed_by(attributes)
        if placed is None and label.says not in {Says.NEXT, Says.NUMBER}:
            return
    follows_gap = label.says is Says.NUMBER and _follows_gap(markup, tag, label.number)
    yield Control(label, shown, placed, is_current(attributes, around), is_named, follows_gap=follows_gap)


def _button(markup: str, tag: re.Match[str], form: _Form | None) -> Iterator[Control]:
    attributes, name = attributes_of(tag[2]), tag[1].lower()
    usual = {"button": "submit", "input": "text"}.get(name, "button")
    kind = attributes.get("type", usual).lower()
    if kind not in {"submit", "button"} or is_disabled(attributes, around := _around(markup, tag)):
        return
    text = attributes.get("value", "") if name == "input" else _text(markup, tag, name)
    label, shown, is_named = label_of(attributes, around, text)
    href = placed_by(attributes)
    if href is None and form is not None and kind == "submit":
        own = attributes.get("name", "")
        href = form.href((own, attributes.get("value", ""))) if own else form.href()
    is_labelled = label.says in {Says.NEXT, Says.NUMBER, Says.LAST, Says.MORE}
    if not is_labelled and (label.says is Says.BACK or queries.page_of((href or "").partition("?")[2])[1] < 2):
        return
    turns_pages = is_pager_mark(shown, attributes, around) and not is_slider(attributes, around)
    if href is None and (label.says not in {Says.NEXT, Says.NUMBER} or not turns_pages):
        return
    yield Control(label, shown, href, is_named=is_named, action=form.action if form is not None else "")


def _option(markup: str, tag: re.Match[str], select: dict[str, str] | None, form: _Form | None) -> Iterator[Control]:
    attributes, text = attributes_of(tag[2]), _text(markup, tag, "option")
    label, value = understood(text), attributes.get("value", text)
    if select is None or label.says is not Says.NUMBER or "disabled" in attributes:
        return
    is_current, key = "selected" in attributes, select.get("name", "")
    chosen = _CHOSEN.search(select.get("onchange", ""))
    if chosen is not None:
        yield Control(label, text, chosen[1] + value, is_current, is_named=False)
    elif "?" in value:
        yield Control(label, text, value, is_current, is_named=False)
    elif any(_PAGED_NAME.search(select.get(each, "")) for each in ("name", "id", "class", "aria-label", "title")):
        href = form.href((key, value)) if form is not None and key else None
        yield Control(label, text, href, is_current, is_named=False, action=form.action if form is not None else "")
    elif form is not None and key and form.is_get and _SUBMITS.search(select.get("onchange", "")):
        yield Control(label, text, form.href((key, value)), is_current, is_named=False)


def _text(markup: str, tag: re.Match[str], name: str) -> str:
    """The visible text of an element, or the text in place of its image."""
    found = _END[name].search(markup, tag.end(), tag.end() + _LONGEST)
    inner = markup[tag.end() : found.start() if found else tag.end()]
    text = unescape(_MARKUP.sub(" ", inner)).split()
    if not text and (image := _IMAGE.search(inner)) is not None:
        text = attributes_of(image[1]).get("alt", "").split()
    return " ".join(text)


def _follows_gap(markup: str, tag: re.Match[str], number: int) -> bool:
    """Whether a smaller number and an ellipsis precede the link of ``number``."""
    before = markup[max(0, tag.start() - _GAP_LENGTH) : tag.start()]
    if _ELLIPSIS.search(before) is None:
        return False
    found = _GAP.search(" ".join(unescape(_MARKUP.sub(" ", _CUT_TAG.sub("", before))).split()))
    return found is not None and int(found[1]) < number


def _around(markup: str, tag: re.Match[str]) -> dict[str, str]:
    """The attributes of the element that begins directly before ``tag``."""
    found = _ENCLOSING.search(markup, max(0, tag.start() - _BEFORE), tag.start())
    return {} if found is None else attributes_of(found[1])
