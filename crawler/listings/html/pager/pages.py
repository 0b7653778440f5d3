"""Decides which controls of a page lead to pages that continue its listing, and whether any of them cannot be followed.

A link leads to another page of the listing if it leads to the same directory with another query, and says so: by its
relation or words ("Next"), or by a number. A number alone may also be a rating, a zoom level or a year, so numbers
count if the parameter in which they differ is a known one, or if they behave as the numbers of pages do: they grow
evenly, and either begin beside the current page, which is not a link to another page, or leave a gap, as in 1 … 40.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from crawler.listings.html.pager.controls import Control
from crawler.listings.html.pager.labels import Says
from crawler.listings.html.pager.parameters import changed, differing, is_known, is_no_page, is_presentation, varying
from crawler.listings.html.pager.place import Place, is_numbered_path, is_other_form, may_continue
from crawler.listings.values import queries
from crawler.listings.values.mentioned_names import last_name
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.struct import Struct, Value, field
from crawler.text.url_parameters import is_number, parameters

_NOWHERE = "\0"
"""Stands for the parameter of numbers that lead nowhere, or by a path."""
_FORWARD = {Says.NEXT, Says.LAST, Says.MORE}


class Continuation(Value, frozen=True):
    """What the controls of a page say about other pages of its listing."""

    next_pages: tuple[str, ...] = ()
    """The pages that come after this one, as far as it links to them."""
    claims: tuple[Claim, ...] = ()
    """What they say about the number of pages."""
    labels: frozenset[str] = frozenset()
    """The texts of the links to other pages, unless other controls have them, too."""
    links: frozenset[str] = frozenset()
    """All other pages of the listing to which the page links, also those before it."""
    flaw: Flaw | None = None
    """Why the listing is incomplete: a control leads to further entries, and cannot be followed."""


class _Numbered(Value, frozen=True):
    """A control that shows the number of a page."""

    number: int
    url: str | None
    control: Control


class _Found(Struct):
    texts: list[tuple[str | None, str]] = field(default_factory=list)
    """(URL, text) of each control."""
    order: dict[str, None] = field(default_factory=dict)
    """URLs of the same directory, in the order of the page."""
    pages: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    claims: dict[Claim, None] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """Links to page 1 without a known label. It is the second one if numbers begin at 0 and nothing else leads on."""
    unusable: list[Control] = field(default_factory=list)


def continuation(
    controls: Iterable[Control], place: Place, names: Collection[str], entries: Collection[str]
) -> Continuation:
    """The pages that continue the one at ``place``.

    ``names``: what its rows show; a visible name is no label. ``entries``: URLs of its entries.
    """
    found, numbers, here, own = _Found(), dict[str, list[_Numbered]](), list[_Numbered](), list[_Numbered]()
    for control in controls:
        says = control.label.says
        url = None if control.href is None else (place.target(control.href) or "").partition("#")[0]
        if url in entries or _is_row(control, url, names, place) or is_other_form(control, place):
            continue
        if url != place.url:
            found.texts.append((url, control.text))
        is_here = bool(url) and place.shows_same(url or "")
        if url and is_here:
            found.order[url] = None
        if says is Says.NUMBER:
            numbered = _Numbered(control.label.number, url, control)
            if url == place.url or (control.href is None and control.is_current):
                own.append(numbered)
            elif is_here:
                here.append(numbered)
            elif control.href is None or is_numbered_path(control, url or "", place):
                numbers.setdefault(_NOWHERE, []).append(numbered)
        elif not is_here:
            if says is Says.NEXT and (url is None or may_continue(control, url, place)):
                found.unusable.append(control)
        elif url and not _is_this_page(control, url, place):
            _note(found, control, url, place)
    found.claims |= dict.fromkeys(_position(own, here))
    several = varying(each.url or "" for each in here)
    for each in here:
        numbers.setdefault(differing(each.url or "", place.url, each.number, several), []).append(each)
    for key, run in numbers.items():
        _note_numbers(found, key, [*run, *own], place)
    return _concluded(found)


def _position(own: Sequence[_Numbered], here: Sequence[_Numbered]) -> Iterator[Claim]:
    """Which page it is, by the control that is marked as its own."""
    current = {each.number for each in (*own, *here) if each.control.is_current}
    if len(current) == 1:
        yield Claim(ClaimKind.PLACE, number=current.pop())


def _concluded(found: _Found) -> Continuation:
    """The result, if all controls have been noted.

    Where links lead to the pages before this one, "Next" without a target says that this is the last one.
    """
    if not found.pages:
        found.pages |= found.doubtful
        found.links |= found.doubtful
    lost = [control for control in found.unusable if not (found.links and control.href is None)]
    is_dead = all(control.href is None for control in lost)
    kind = FlawKind.DEAD_END if is_dead else FlawKind.OTHER_PATH
    flaw = Flaw(kind, lost[0].text) if lost and not found.pages else None
    others = {text for url, text in found.texts if url not in found.links}
    return Continuation(
        next_pages=tuple(url for url in found.order if url in found.pages),
        claims=tuple(found.claims),
        labels=frozenset(text for _, text in found.texts) - others,
        links=frozenset(found.links),
        flaw=flaw,
    )


def _is_this_page(control: Control, url: str, place: Place) -> bool:
    """Whether a link to the same directory, which shows no number, leads to no other page of its listing.

    Such are the URL without a query, which is that of the first page, breadcrumbs of a directory that has the name of a
    label, as ``next``, arrows of columns and calendars, and links that set a language or do something, such as a vote.
    """
    if url == place.url or not url.partition("?")[2]:
        return control.label.says is not Says.BACK or url == place.url
    if is_no_page(url, place.url):
        return True
    _, directory = queries.directory_parameter(url.partition("?")[2]) or ("", "")
    is_name = control.is_named and control.text in {last_name(url), directory.rstrip("/").rpartition("/")[2]}
    is_mark = not any(map(str.isalnum, control.text))
    return (is_name or is_mark) and is_presentation(url, place.url)


def _is_claim(control: Control, url: str, place: Place) -> bool:
    """Whether a label says for certain that a page follows at ``url``: it also stands at other views, and in menus."""
    is_mark = control.is_named and not any(map(str.isalnum, control.text))
    is_sure = not is_mark or any(map(is_known, changed(url, place.url)))
    return is_sure and not is_presentation(url, place.url)


def _note(found: _Found, control: Control, url: str, place: Place) -> None:
    """Note a control that leads to the same directory and does not show a number."""
    says, text = control.label.says, control.text
    key, number = queries.page_of(url.partition("?")[2])
    own_key, own = queries.page_of(place.url.partition("?")[2])
    is_before = bool(key) and own_key in {"", key} and number < own
    if says is Says.BACK or (says in _FORWARD and is_before):
        found.links.add(url)
    elif says in _FORWARD:
        found.links.add(url)
        found.pages.add(url)
        if says is Says.NEXT and _is_claim(control, url, place):
            found.claims[Claim(ClaimKind.NEXT)] = None
        elif says is Says.LAST and key.startswith("p"):
            found.claims[Claim(ClaimKind.PAGES, text, number)] = None
    elif key and not is_before and number > max(own, 1 if key.startswith("p") else 0):
        found.links.add(url)
        found.pages.add(url)  # a label in another language, or an image
    elif number == 1 and own == 0 and len(changed(url, place.url)) == 1:
        found.doubtful.add(url)


def _note_numbers(found: _Found, key: str, run: Sequence[_Numbered], place: Place) -> None:
    """Note the numbers of pages that differ in the query parameter ``key``."""
    shown = {each.number for each in run}
    if key == _NOWHERE:
        current = next((each.number for each in run if each.control.is_current), 1)
        if {current, current + 1} <= shown or {current + 1, current + 2} <= shown:
            found.unusable += [each.control for each in run if each.number == current + 1]
        return
    current = _current(key, run, place)
    if not (is_known(key) or _are_pages(key, run, current, place)):
        return
    for each in run:
        if each.url and each.url != place.url:
            found.links.add(each.url)
            if each.number > current:
                found.pages.add(each.url)
    step = _step(key, run)
    if step is not None and current + 1 not in shown and current + 1 < max(shown):  # 1 … 40
        last = max(run, key=lambda each: each.number).url or ""
        missing = queries.with_value(last, key, str(step[0] * (current + 1) + step[1]))
        found.order[missing] = None
        found.pages.add(missing)


def _are_pages(key: str, run: Sequence[_Numbered], current: int, place: Place) -> bool:
    """Whether the numbers that differ in an unknown parameter ``key`` behave as those of pages do."""
    values = {parameters(each.url or "").get(key, "") for each in run}
    is_offset = key == "s" and all(map(is_number, values - {""}))  # with letters, it is a column to sort by
    is_other = queries.is_setting(key) or queries.is_action(key)
    is_view = is_other or (not is_offset and any(queries.is_view(key, value) for value in values))
    if not key or is_view or _step(key, run) is None:
        return False
    shown = {each.number for each in run}
    if any(each.control.follows_gap for each in run):
        return True
    is_linked = any(each.number == current and each.url != place.url and not each.control.is_current for each in run)
    return not shown.isdisjoint({current - 1, current + 1}) and (
        not is_linked or shown == set(range(1, len(shown) + 1))
    )


def _current(key: str, run: Sequence[_Numbered], place: Place) -> int:
    """The number of the page itself; 1 if its URL has no parameter ``key``, and 0 if it is unknown."""
    own = parameters(place.url).get(key)
    marked = [each.number for each in run if each.url == place.url or each.control.is_current]
    if marked or own is None:
        return marked[0] if marked else 1
    if all(each.number == 1 and key not in parameters(each.url or "") for each in run):
        return 2  # at least: only the first page may lack the parameter
    step = _step(key, run)
    return (int(own) - step[1]) // step[0] if step is not None and is_number(own) else 0


def _step(key: str, run: Sequence[_Numbered]) -> tuple[int, int] | None:
    """(a, b) if the value of ``key`` is a · number + b in all links of ``run``; None if it is not."""
    points = dict[int, int]()
    for each in run:
        value = parameters(each.url or "").get(key)
        if value is None and each.number == 1:
            continue
        if value is None or not is_number(value):
            return None
        points[each.number] = int(value)
    if not points:
        return None
    (first, at), (last, to) = min(points.items()), max(points.items())
    if first == last:
        step = 1 if at in {first, first - 1} or first < 2 else at // (first - 1)  # page numbers, or offsets
        return (step, at - step * first) if step else None
    step, rest = divmod(to - at, last - first)
    is_even = step > 0 and not rest and all(value == at + step * (number - first) for number, value in points.items())
    return (step, at - step * first) if is_even else None


def _is_row(control: Control, url: str | None, names: Collection[str], place: Place) -> bool:
    """Whether a control is the link of a row, which shows the last segment of its path."""
    if not control.is_named or control.text not in names or not url or "?" in url:
        return False
    return last_name(url) == control.text and place.shows_same(f"{url.rstrip('/').rpartition('/')[0]}/")
