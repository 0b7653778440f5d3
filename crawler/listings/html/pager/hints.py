"""What the attributes of a control say about it, and those of the element around it: a label, disabled, current."""

from __future__ import annotations

import re
from html import unescape

from crawler.listings.html.pager.labels import Label, Says, understood
from crawler.text.patterns import pattern

_ATTRIBUTE = pattern(r"([a-z@:][\w@:.-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.IGNORECASE)
_AMPERSAND = pattern(r"&(?=[a-z][a-z0-9_-]*=)", re.IGNORECASE)
"""An ampersand before a parameter: ``&currentpage=2`` in an attribute has no character reference ``&curren``."""
_DISABLED = pattern(r"(?:^|[\s_-])(?:disabled?|inactive|unavailable)(?:$|[\s_-])", re.IGNORECASE)
_NAMES = pattern(r"[\w-]*next[\w-]*|[\w-]*prev[\w-]*", re.IGNORECASE)
_SLIDER = pattern(
    r"carousel|slide[rs]?\b|slick|swiper|splide|glide|owl-|flickity|lightbox|calendar|datepicker"
    r"|cookie|consent|gdpr|survey|wizard|quiz|\bpoll\b|newsletter",
    re.IGNORECASE,
)
_PAGER = pattern(r"pag(?:e|ing|ina)|next|load", re.IGNORECASE)
"""Classes of controls that turn pages."""
_WORDS = ("aria-label", "title")
"""Attributes whose words explain a control."""
_PLACED = pattern(r"location(?:\.href)?\s*=\s*[\"']([^\"'+]{1,500})[\"']\s*;?\s*(?:return\b.*)?\Z", re.IGNORECASE)


def attributes_of(text: str) -> dict[str, str]:
    """The attributes of a tag, decoded; the names are in small letters."""
    found: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(text):
        value = _AMPERSAND.sub("&amp;", each[2] or each[3] or each[4] or "")
        found.setdefault(each[1].lower(), unescape(value))
    return found


def is_disabled(attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control is shown, but leads nowhere: on the last page, "Next" often is."""
    return any(
        "disabled" in each or each.get("aria-disabled", "").lower() == "true" or _DISABLED.search(each.get("class", ""))
        for each in (attributes, around)
    )


def is_slider(attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control turns pictures or months instead of pages, or goes on in something else, such as a survey."""
    return any(map(_SLIDER.search, attributes)) or any(
        _SLIDER.search(each.get(name, "")) for each in (attributes, around) for name in ("class", "id")
    )


def is_pager_mark(text: str, attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control without a URL may turn pages. An arrow does so only if a script, words or a class say that."""
    return (
        any(map(str.isalnum, text))
        or "onclick" in attributes
        or any(understood(attributes.get(name, "")).says is not Says.OTHER for name in _WORDS)
        or _PAGER.search(_classes(attributes, around)) is not None
    )


def is_current(attributes: dict[str, str], around: dict[str, str]) -> bool:
    """Whether a control is marked as that of the page that shows it."""
    classes = _classes(attributes, around).lower()
    return "page" in attributes.get("aria-current", "") or "active" in classes or "current" in classes


def label_of(attributes: dict[str, str], around: dict[str, str], text: str) -> tuple[Label, str, bool]:
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
    for hint in _WORDS if is_mark or "aria-label" in attributes else ():
        said = understood(" ".join(attributes.get(hint, "").split()))
        if said.says is not Says.OTHER:
            return said, attributes[hint], False
    names = f"{_classes(attributes, around)} {attributes.get('id', '')}"
    if is_mark and (found := _NAMES.search(names)) is not None:
        return Label(Says.NEXT if "next" in found[0].lower() else Says.BACK), found[0], False
    return label, text, True


def placed_by(attributes: dict[str, str]) -> str | None:
    """The URL to which the script of a control leads, if that is all it does."""
    found = _PLACED.search(attributes.get("onclick", ""))
    return found[1] if found else None


def _classes(attributes: dict[str, str], around: dict[str, str]) -> str:
    return f"{attributes.get('class', '')} {around.get('class', '')}"
