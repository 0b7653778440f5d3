"""Finds the links, buttons, forms and selections of a page that may lead to other pages of its listing.

This works on the markup, so the result does not depend on whether the tree was built whole, abridged or in parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

from crawler.listings.html.pager.labels import POSSIBLE, Label, Says, understood
from crawler.listings.values import queries
from crawler.model.struct import Struct, Value, field
from crawler.text.patterns import pattern

_TAG = pattern(
    r"<(a|button|option|link|input|form|/form|select|/select"
    r"|(?:span|div|li)(?=\s[^<>]{0,300}?(?:\bonclick\s*=|\brole\s*=\s*[\"']?button\b)))\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.IGNORECASE,
)
_ATTRIBUTE = pattern(r"([a-z@:][\w@:.-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.IGNORECASE)
_AMPERSAND = pattern(r"&(?=[a-z][a-z0-9_-]*=)", re.IGNORECASE)
"""An ampersand before a parameter: ``&currentpage=2`` in an attribute has no character reference ``&curren``."""
_SUSPECT = pattern(
    r"href\s*=\s*[\"']?(?:#|javascript:)|\brel\s*=\s*[\"']?(?:next|prev)\b|aria-label"
    r"|\b(?:title|class|id)\s*=\s*[\"'][^\"']{0,99}(?:next|page)"
    rf"|[?&;](?:{'|'.join(queries.PAGE_KEYS)})=\d",
    re.IGNORECASE,
)
"""Attributes of a link that is worth a closer look whatever its text is."""
_WITH_TEXT = ("a", "button", "option", "span", "div", "li")
_END = {name: pattern(rf"</?{name}\b|</select\b", re.IGNORECASE) for name in _WITH_TEXT}
_MARKUP = pattern(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_ALT = pattern(r"<img\b[^>]{0,300}?\balt\s*=\s*[\"']([^\"']{1,40})", re.IGNORECASE)
_ENCLOSING = pattern(r"<(?:li|span|td|th|div|p)\b([^<>]{0,300})>\s*\Z", re.IGNORECASE)
_DISABLED = pattern(r"(?:^|[\s_-])(?:disabled?|inactive|unavailable)(?:$|[\s_-])", re.IGNORECASE)
_CLASSES = pattern(r"[\w-]*next[\w-]*|[\w-]*prev[\w-]*", re.IGNORECASE)
_SLIDER = pattern(
    r"carousel|slide[rs]?\b|slick|swiper|splide|glide|owl-|flickity|lightbox|calendar|datepicker"
    r"|cookie|consent|gdpr|survey|wizard|quiz|\bpoll\b|newsletter",
    re.IGNORECASE,
)
_PAGER = pattern(r"pag(?:e|ing|ina)|next|load", re.IGNORECASE)
"""Classes of controls that turn pages."""
_PLACED = pattern(r"location(?:\.href)?\s*=\s*[\"']([^\"'+]{1,500})[\"']\s*;?\s*(?:return\b.*)?\Z", re.IGNORECASE)
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
_GAP_LENGTH = 300
"""Number of characters of markup between the number before a gap and the link after it."""
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
            if _SUSPECT.search(tag[2]) or POSSIBLE.match(markup, tag.end()):
                yield from _link(markup, tag)
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


def attributes_of(text: str) -> dict[str, str]:
    """The attributes of a tag, decoded; the names are in small letters."""
    found: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(text):
        value = _AMPERSAND.sub("&amp;", each[2] or each[3] or each[4] or "")
        found.setdefault(each[1].lower(), unescape(value))
    return found


def _relation(tag: re.Match[str]) -> Iterator[Control]:
    attributes = attributes_of(tag[2])
    relations = attributes.get("rel", "").lower().split()
    for relation, says in (("next", Says.NEXT), ("prev", Says.BACK), ("previous", Says.BACK)):
        if relation in relations and "href" in attributes:
            yield Control(Label(says), tag[0], attributes["href"], is_named=False)


def _link(markup: str, tag: re.Match[str]) -> Iterator[Control]:
    attributes, text = attributes_of(tag[2]), _text(markup, tag, "a")
    around = _around(markup, tag)
    if _is_disabled(attributes, around):
        return
    label, shown, is_named = _label(attributes, around, text)
    href = attributes.get("href", "").strip()
    if label.says is Says.OTHER and not href:
        return
    placed: str | None = href
    is_nowhere = "href" not in attributes or href.startswith("#") or href.lower().startswith("javascript:")
    if is_nowhere or (not href and "onclick" in attributes):
        if href and _LOCAL.fullmatch(href) and label.says is not Says.NEXT:
            return
        is_mark = is_named and href in {"", "#"} and not _is_pager_mark(text, attributes, around)
        if is_mark or _is_slider(attributes, around):
            return
        placed = _placed(attributes)
        if placed is None and label.says not in {Says.NEXT, Says.NUMBER}:
            return
    is_current = "page" in attributes.get("aria-current", "") or _has_word(attributes, around, ("active", "current"))
    yield Control(label, shown, placed, is_current, is_named, follows_gap=_follows_gap(markup, tag, label))


def _button(markup: str, tag: re.Match[str], form: _Form | None) -> Iterator[Control]:
    attributes, name = attributes_of(tag[2]), tag[1].lower()
    usual = {"button": "submit", "input": "text"}.get(name, "button")
    kind = attributes.get("type", usual).lower()
    if kind not in {"submit", "button"} or _is_disabled(attributes, around := _around(markup, tag)):
        return
    text = attributes.get("value", "") if name == "input" else _text(markup, tag, name)
    label, shown, is_named = _label(attributes, around, text)
    href = _placed(attributes)
    if href is None and form is not None and kind == "submit":
        own = attributes.get("name", "")
        href = form.href((own, attributes.get("value", ""))) if own else form.href()
    is_labelled = label.says in {Says.NEXT, Says.NUMBER, Says.LAST, Says.MORE}
    if not is_labelled and (label.says is Says.BACK or queries.page_of((href or "").partition("?")[2])[1] < 2):
        return
    turns_pages = _is_pager_mark(shown, attributes, around) and not _is_slider(attributes, around)
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
    text = " ".join(unescape(_MARKUP.sub(" ", inner)).split())
    if not text and (image := _ALT.search(inner)) is not None:
        text = unescape(image[1])
    return text


def _follows_gap(markup: str, tag: re.Match[str], label: Label) -> bool:
    """Whether a smaller number and an ellipsis precede the link of a number."""
    start = max(0, tag.start() - _GAP_LENGTH)
    if label.says is not Says.NUMBER or _ELLIPSIS.search(markup, start, tag.start()) is None:
        return False
    before = markup[markup.find(">", start) + 1 : tag.start()]
    found = _GAP.search(" ".join(unescape(_MARKUP.sub(" ", before)).split()))
    return found is not None and int(found[1]) < label.number


def _around(markup: str, tag: re.Match[str]) -> dict[str, str]:
    """The attributes of the element that begins directly before ``tag``."""
    found = _ENCLOSING.search(markup, max(0, tag.start() - 350), tag.start())
    return {} if found is None else attributes_of(found[1])


def _is_disabled(attributes: dict[str, str], around: dict[str, str]) -> bool:
    return any(
        "disabled" in each or each.get("aria-disabled", "").lower() == "true" or _DISABLED.search(each.get("class", ""))
        for each in (attributes, around)
    )


def _is_slider(attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control turns pictures or months instead of pages, or goes on in something else, such as a survey."""
    return any(map(_SLIDER.search, attributes)) or any(
        _SLIDER.search(each.get(name, "")) for each in (attributes, around) for name in ("class", "id")
    )


def _is_pager_mark(text: str, attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control without a URL may turn pages. An arrow does so only if a script or a class says that."""
    is_mark = not any(map(str.isalnum, text))
    return (
        not is_mark
        or "onclick" in attributes
        or any(_PAGER.search(each.get("class", "")) for each in (attributes, around))
    )


def _has_word(attributes: dict[str, str], around: dict[str, str], words: tuple[str, ...]) -> bool:
    return any(word in each.get("class", "").lower() for each in (attributes, around) for word in words)


def _label(attributes: dict[str, str], around: dict[str, str], text: str) -> tuple[Label, str, bool]:
    """What a control says, the text that says it, and whether that is visible."""
    relations = attributes.get("rel", "").lower().split()
    if "next" in relations:
        return Label(Says.NEXT), text or "next", False
    if "prev" in relations or "previous" in relations:
        return Label(Says.BACK), text, False
    label = understood(text)
    if label.says is not Says.OTHER:
        return label, text, True
    is_mark = len(text) < 4 and not any(map(str.isalnum, text))
    for hint in ("aria-label", "title") if is_mark or "aria-label" in attributes else ():
        said = understood(" ".join(attributes.get(hint, "").split()))
        if said.says is not Says.OTHER:
            return said, attributes[hint], False
    names = f"{attributes.get('class', '')} {around.get('class', '')} {attributes.get('id', '')}"
    if is_mark and (found := _CLASSES.search(names)) is not None:
        return Label(Says.NEXT if "next" in found[0].lower() else Says.BACK), found[0], False
    return label, text, True


def _placed(attributes: dict[str, str]) -> str | None:
    """The URL to which the script of a control leads, if that is all it does."""
    found = _PLACED.search(attributes.get("onclick", ""))
    return found[1] if found else None
