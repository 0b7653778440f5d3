"""A site whose listings have several pages, with pagers in the styles of many programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qsl, quote

from crawler.model.struct import Value

Href = Callable[[int], str]
"""Number of a page, from 1 → the reference to it."""
Style = Callable[[int, int, Href], str]
"""(number of the page, number of the last one, references) → the markup of the pager."""


def _link(href: str, text: str, more: str = "") -> str:
    return f'<a href="{escape(href)}"{more}>{text}</a>'


def numbers(page: int, last: int, href: Href) -> str:
    return " ".join(f"<b>{n}</b>" if n == page else _link(href(n), str(n)) for n in range(1, last + 1))


def all_numbers(page: int, last: int, href: Href) -> str:
    return ", ".join(_link(href(n), f"[{n}]") for n in range(1, last + 1))


def window(page: int, last: int, href: Href) -> str:
    """``1 … 4 5 6 … 40``."""
    shown = sorted({1, last, *range(max(1, page - 1), min(last, page + 1) + 1)})
    return " &hellip; ".join(
        f'<span class="current">{n}</span>' if n == page else _link(href(n), str(n)) for n in shown
    )


def ends(page: int, last: int, href: Href) -> str:
    """Only the first and the last number, and the current one."""
    return " ... ".join(str(n) if n == page else _link(href(n), str(n)) for n in sorted({1, page, last}))


def words(next_text: str, previous: str = "&laquo; Previous", more: str = "") -> Style:
    def style(page: int, last: int, href: Href) -> str:
        back = _link(href(page - 1), previous) if page > 1 else ""
        return f"<div>{back} {_link(href(page + 1), next_text, more) if page < last else ''}</div>"

    return style


def bootstrap(page: int, last: int, href: Href) -> str:
    items = [
        f'<li class="page-item{" disabled" * (page == 1)}"><a class="page-link" href="{escape(href(max(1, page - 1)))}"'
        ' aria-label="Previous"><span aria-hidden="true">&laquo;</span></a></li>'
    ]
    for n in range(1, last + 1):
        state, target = (" active", "#") if n == page else ("", href(n))
        items.append(f'<li class="page-item{state}"><a class="page-link" href="{escape(target)}">{n}</a></li>')
    after = href(page + 1) if page < last else "#"
    items.append(
        f'<li class="page-item{" disabled" * (page == last)}"><a class="page-link" href="{escape(after)}"'
        ' aria-label="Next"><span aria-hidden="true">&raquo;</span></a></li>'
    )
    return f'<nav><ul class="pagination">{"".join(items)}</ul></nav>'


def relations(page: int, last: int, href: Href) -> str:
    return f'<link rel="next" href="{escape(href(page + 1))}">' if page < last else ""


def dead_next(page: int, last: int, href: Href) -> str:
    """The last page has "Next" without a target."""
    after = href(page + 1) if page < last else "javascript:void(0)"
    return f"{_link(href(max(1, page - 1)), '&lt;')} {_link(after, '&gt;')}"


def own_next(page: int, last: int, href: Href) -> str:
    """The last page has "Next" to itself."""
    return f"{_link(href(max(1, page - 1)), 'Back')} {_link(href(min(last, page + 1)), 'Next page')}"


def icons(page: int, last: int, href: Href) -> str:
    back = _link(href(page - 1), '<i class="fa-left"></i>', ' title="Previous page"') if page > 1 else ""
    return back + (_link(href(page + 1), '<i class="fa-right"></i>', ' title="Next page"') if page < last else "")


def select(page: int, last: int, href: Href) -> str:
    options = (
        f'<option value="{escape(href(n))}"{" selected" * (n == page)}>Page {n}</option>' for n in range(1, last + 1)
    )
    return f'<select onchange="location=this.value">{"".join(options)}</select>'


def buttons(page: int, last: int, href: Href) -> str:
    return "".join(
        f"<button onclick=\"location.href='{escape(href(n))}'\"{' disabled' * (n == page)}>{n}</button>"
        for n in range(1, last + 1)
    )


def form(page: int, last: int, href: Href) -> str:
    if page == last:
        return ""
    fields = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
        for key, value in parse_qsl(href(page + 1).partition("?")[2], keep_blank_values=True)
    )
    return f'<form method="get">{fields}<input type="submit" value="Next &raquo;"></form>'


def form_select(page: int, last: int, href: Href) -> str:
    *fixed, (key, _) = parse_qsl(href(2).partition("?")[2], keep_blank_values=True)
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fixed)
    options = "".join(
        f"<option value={dict(parse_qsl(href(n).partition('?')[2]))[key]}{' selected' * (n == page)}>{n}"
        for n in range(1, last + 1)
    )
    return f'<form action="">{hidden}<select name="{key}" title="page">{options}</select></form>'


STYLES: dict[str, Style] = {
    "numbers": numbers,
    "all-numbers": all_numbers,
    "window": window,
    "next": words("Next"),
    "older": words("Older entries", "Newer entries"),
    "more": words("More", ""),
    "load-more": words("Load more"),
    "arrow": words("&rarr;", "&larr;"),
    "german": words("N\u00e4chste Seite", "Vorherige Seite"),
    "chinese": words("\u4e0b\u4e00\u9875", "\u4e0a\u4e00\u9875"),
    "relation": words("Continue", "Return", ' rel="next"'),
    "aria": words("<svg><path/></svg>", "<svg></svg>", ' aria-label="Next page"'),
    "class": words("", "<i></i>", ' class="pager-next"'),
    "bootstrap": bootstrap,
    "link": relations,
    "dead-next": dead_next,
    "own-next": own_next,
    "icons": icons,
    "select": select,
    "buttons": buttons,
    "form": form,
    "form-select": form_select,
}
KEYED: dict[str, Style] = {"ends": ends}
"""Styles in which the numbers of most pages have to be worked out, so that the key must be that of a number."""


class Paging(Value, frozen=True):
    """How the queries of a site name its pages."""

    key: str = "page"
    first: int = 1
    """Value for the first page."""
    step: int = 1
    """By how much the values of two pages differ."""
    before: str = ""
    """What precedes the parameter in the query."""
    after: str = ""
    is_opaque: bool = False
    """Whether the values are tokens."""

    def href(self, page: int) -> str:
        """The reference to ``page``."""
        value = self.first + self.step * (page - 1)
        text = f"t{value * 7919 % 10007:x}z" if self.is_opaque else str(value)
        return f"?{self.before}{quote(self.key)}={text}{self.after}"


class PagedSite(Value, frozen=True):
    """A listing of ``names`` on pages of ``length`` rows."""

    names: Sequence[str]
    length: int
    style: Style
    paging: Paging = Paging()
    total: str = ""
    """A text with the number of names, such as ``{} files``."""
    size: str = "5 KiB"

    @property
    def last(self) -> int:
        """Number of the last page."""
        return max(1, -(-len(self.names) // self.length))

    def page(self, query: str) -> str | None:
        """The page that ``query`` names; None if there is no such page."""
        pages = {"": 1} | {self.paging.href(number)[1:]: number for number in range(1, self.last + 1)}
        number = pages.get(query)
        return None if number is None else self.markup(number)

    def markup(self, number: int) -> str:
        """The page with this number."""
        rows = "".join(
            f'<tr><td><a href="{quote(name)}">{escape(name)}</a></td><td>2025-01-02 03:04</td><td>{self.size}</td></tr>'
            for name in self.names[self.length * (number - 1) : self.length * number]
        )
        pager = self.style(number, self.last, self.paging.href) if self.last > 1 else ""
        return (
            "<!DOCTYPE html><html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1><table>"
            '<tr><th><a href="?C=N&amp;O=D">Name</a></th><th><a href="?C=M&amp;O=A">Date</a></th><th>Size</th></tr>'
            f"{rows}</table>{pager}<p>{self.total.format(len(self.names))}</p></body></html>"
        )
