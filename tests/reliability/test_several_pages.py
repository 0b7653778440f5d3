"""Rows L: listings of several HTML pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.support.misbehaving.behaviours import Behaviour
from tests.support.misbehaving.responses import Request, Response, Version
from tests.support.misbehaving.samples import LOGIN, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource
from tests.support.paged_site import STYLES, PagedSite

Answer = Callable[[Response, str], Response]
"""(the page, its query) → what is sent in its place."""


@dataclass(slots=True, kw_only=True)
class Listing:
    """The listing of ``names`` on pages of three rows."""

    names: list[str]
    style: str = "numbers"
    text: str = ""
    answer: Answer = lambda page, _query: page
    version: int = 0
    """Increased to have all pages sent anew."""
    is_fresh: bool = False
    """Whether the last request bypassed caches."""
    seen: list[tuple[str, bool]] = field(default_factory=list)
    """(query, whether the page was unchanged) of each request."""

    def response(self, page: Response, request: Request) -> Response:
        query = request.target.partition("?")[2]
        site = PagedSite(self.names, 3, STYLES[self.style], total=self.text, size="100")
        etag = f'"{query}-{len(self.names)}-{self.version}"'
        is_known = request.headers.get("if-none-match") == etag
        self.is_fresh = request.headers.get("cache-control") == "no-cache"
        self.seen.append((query, is_known))
        body = b"" if is_known else (site.page(query) or "").encode()
        return self.answer(
            replace(page, status=304 if is_known else 200, body=body).with_headers(("ETag", etag)), query
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Behaviour):
    """Responds with a page of ``listing``."""

    listing: Listing

    def shape(self, response: Response, request: Request) -> Response:
        return self.listing.response(response, request)


def begin(site: Site, count: int = 8, style: str = "numbers") -> Listing:
    listing = Listing(names=[f"f{number}.bin" for number in range(count)], style=style)
    for number, name in enumerate(listing.names):
        site.file(name, blob(100, number))
    site.directory("", Paged(listing=listing))
    return listing


@pytest.mark.row("L29")
@pytest.mark.parametrize("style", ["numbers", "bootstrap", "form", "own-next"])
def test_all_pages_of_a_listing_are_mirrored_kept_and_cleaned(sandbox: Sandbox, site: Site, style: str) -> None:
    listing = begin(site, style=style)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    assert listing.seen == [("", False), ("page=2", False), ("page=3", False)]
    listing.seen.clear()
    site.log.clear()
    sandbox.mirror(site.url, delete=True).succeeds()
    assert listing.seen == [("", True), ("page=2", True), ("page=3", True)]
    assert [target for target in site.log.targets if target.endswith(".bin")] == []
    site.remove(listing.names.pop())
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path != "f7.bin"})


FAILURES: dict[str, Answer] = {
    "error": lambda page, _query: replace(page, status=500),
    "login": lambda page, _query: replace(page, body=LOGIN),
    "cut": lambda page, _query: replace(page, body=page.body[: page.body.index(b"</table>") - 20]),
    "first again": lambda page, _query: replace(page, body=PagedSite(["f0.bin"], 3, STYLES["next"]).markup(1).encode()),
}  # fmt: skip


@pytest.mark.row("L30")
@pytest.mark.parametrize("name", FAILURES)
def test_a_page_that_fails_deletes_nothing(sandbox: Sandbox, site: Site, name: str) -> None:
    listing = begin(site, style="next")
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.remove(listing.names.pop(1))
    listing.answer = lambda page, query: FAILURES[name](page, query) if query == "page=2" else page
    sandbox.mirror(site.url, delete=True, attempts=1).fails(5, 6)
    sandbox.holds(wanted)


@pytest.mark.row("L30")
@pytest.mark.parametrize("style", ["numbers", "next"])
def test_a_row_that_moves_between_two_pages_is_not_deleted(sandbox: Sandbox, site: Site, style: str) -> None:
    listing = begin(site, style=style)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    gone = listing.names[0]

    def vanish(page: Response, query: str) -> Response:
        if not query and gone in listing.names:  # once the first page has been sent, all rows move up
            site.remove(gone)
            listing.names.remove(gone)
        return page

    listing.answer = vanish
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5)  # f3.bin was on no page, and is found when they are read again
    run.says("read again before deleting")
    sandbox.holds(wanted)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path != gone})


@pytest.mark.row("L30")
def test_an_older_page_from_a_cache_is_not_what_deletes(sandbox: Sandbox, site: Site) -> None:
    listing = begin(site)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    old = PagedSite(list(listing.names), 3, STYLES[listing.style], size="100").markup(2).encode()
    gone = listing.names.pop(4)
    listing.answer = lambda page, query: (
        replace(page, status=200, body=old) if query == "page=2" and not listing.is_fresh else page
    )
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5)  # f6.bin has moved to the second page
    run.says("read again before deleting")
    sandbox.holds(wanted)
    listing.answer, listing.version = lambda page, _query: page, 1
    site.remove(gone)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path != gone})


@pytest.mark.row("L31")
@pytest.mark.parametrize(
    ("markup", "quote"),
    [
        ("<p>Total: 12 files</p>", "Total: 12 files"),
        ("<p>12 total, limited to 2 entries</p>", "12 total, limited to 2 entries"),
        ("<div class=pager data-pages=4></div>", "data-pages=4"),
        ("<button onclick=more()>Load more</button>", "Load more"),
        ("<a href='#' onclick=go(1)>1</a> <a href='#' onclick=go(2)>2</a>", "2"),
    ],
)
def test_a_page_that_says_that_there_is_more_is_incomplete(
    sandbox: Sandbox, site: Site, markup: str, quote: str
) -> None:
    listing = begin(site, 3)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.remove(listing.names.pop())
    listing.text = markup
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5, 6)
    run.says(quote)
    sandbox.holds(wanted)


@pytest.mark.row("L33")
def test_what_only_looks_like_a_pager_costs_no_request_and_no_deletion(sandbox: Sandbox, site: Site) -> None:
    listing = begin(site, 3)
    listing.text = (
        "<p>Show <select name=length><option>10</option><option>25</option></select> entries</p>"
        "<form method=post action=/poll><button>Next</button></form><p><a href='?hl=fr'>Suivant</a></p><p>"
        + "".join(f"<a href='?vote={stars}'>{stars}</a>" for stars in range(1, 6))
        + "</p><p><a>Previous</a> Page 1 of 1 <a>Next</a></p>"
    )
    sandbox.mirror(site.url, delete=True).succeeds()
    gone = listing.names.pop()
    site.remove(gone)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())
    assert {query for query, _ in listing.seen} == {""}


@pytest.mark.row("L30")
def test_a_page_that_robots_txt_forbids_makes_the_listing_incomplete(sandbox: Sandbox, site: Site) -> None:
    listing = begin(site)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.remove(listing.names.pop(0))
    listing.seen.clear()
    rules = Version(data=b"User-agent: *\nDisallow: /pub/?page=3\n", mtime=OLD)
    site.otherwise = lambda target: Resource(path=target, state=rules) if target == "/robots.txt" else None
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5, 6)
    run.says("?page=3", "robots.txt")
    assert [query for query, _ in listing.seen] == ["", "page=2"]
    sandbox.holds(wanted)


WRONG: dict[str, tuple[str, Answer]] = {
    "without its pager": ("", lambda page, _query: replace(page, body=page.body.replace(b"page=", b"C="))),
    "the second one": ("", lambda page, _query: _sent(page, ["f3.bin", "f4.bin", "f5.bin", "f6.bin", "f7.bin"], 2)),
    "not found": ("page=2", lambda page, _query: replace(page, status=404)),
    "empty": ("page=3", lambda page, _query: _sent(page, [], 1)),
    "half": ("page=2", lambda page, _query: replace(page, body=page.body.replace(b"f4.bin", b"../"))),
}  # fmt: skip


def _sent(page: Response, names: list[str], number: int) -> Response:
    rows = PagedSite(names, 99, STYLES["next"]).markup(1)
    pager = STYLES["next"](number, 3, lambda target: f"?page={target}" if target > 1 else "./")
    return replace(page, body=rows.replace("</table>", f"</table>{pager}").replace("5 KiB", "100").encode())


@pytest.mark.row("L32")
@pytest.mark.parametrize("name", WRONG)
def test_a_page_that_stays_wrong_deletes_nothing(sandbox: Sandbox, site: Site, name: str) -> None:
    listing = begin(site, style="next")
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    query, wrong = WRONG[name]
    listing.answer = lambda page, asked: wrong(page, asked) if asked == query else page
    for _ in range(2):
        listing.version += 1
        sandbox.mirror(site.url, delete=True, attempts=1).fails(5)
        sandbox.holds(wanted)
    listing.version += 1
    listing.answer = lambda page, _query: page
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(wanted)


@pytest.mark.row("L32")
def test_a_page_that_hides_what_only_a_run_that_failed_has_seen_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    listing = begin(site, style="next")
    sandbox.mirror(site.url).succeeds()
    site.file("new.bin", blob(100, 8))
    listing.names.insert(0, "new.bin")
    listing.answer = lambda page, query: replace(page, status=500) if query == "page=2" else page
    sandbox.mirror(site.url, delete=True, attempts=1).fails(5)
    sandbox.holds(site.contents())
    listing.names = [f"f{number}.bin" for number in range(4)] + ["new.bin", *(f"f{n}.bin" for n in range(4, 8))]
    listing.answer = lambda page, query: _sent(page, ["f3.bin", "f4.bin"], 2) if query == "page=2" else page
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5)
    run.says("new.bin is not listed any more, but the server still has it")
    sandbox.holds(site.contents())
    listing.answer, listing.version = lambda page, _query: page, 1
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("L32")
@pytest.mark.parametrize("count", [3, 1, 6])
def test_a_listing_that_has_become_shorter_is_believed(sandbox: Sandbox, site: Site, count: int) -> None:
    listing = begin(site)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for name in listing.names[count:]:
        site.remove(name)
    del listing.names[count:]
    listing.answer = lambda page, _query: page if page.body or page.status == 304 else replace(page, status=404)
    sandbox.mirror(site.url, delete=True, max_delete="100%").succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path in listing.names})


HEADING = b"<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1></body></html>"
ENDS: dict[str, tuple[int, Answer]] = {
    "not found": (5, lambda page, _query: replace(page, status=404)),
    "a heading": (5, lambda page, _query: replace(page, body=HEADING)),
    "no rows": (0, lambda page, _query: replace(page, body=PagedSite([], 3, STYLES["next"]).markup(1).encode())),
}
"""What follows the last page of a chain → the exit code of the first run, and the page."""


@pytest.mark.row("L32")
@pytest.mark.parametrize("name", ENDS)
def test_whatever_follows_the_last_page_of_a_chain_is_the_end_for_the_second_run(
    sandbox: Sandbox, site: Site, name: str
) -> None:
    listing, (code, end) = begin(site, 6), ENDS[name]

    def answer(page: Response, query: str) -> Response:
        names = [each for each in listing.names if each > query.partition("=")[2]][:3]
        if page.status == 304 or not names:
            return page if page.status == 304 else end(page, query)
        markup = PagedSite(names, 99, STYLES["next"], size="100").markup(1)
        return replace(page, body=markup.replace("</table>", f"</table><a href='?after={names[-1]}'>Next</a>").encode())

    listing.answer = answer
    assert sandbox.mirror(site.url).code == code
    sandbox.mirror(site.url, delete=True).succeeds()
    for gone in ("f1.bin", "f2.bin", "f3.bin"):  # the second page goes, and the first one is the last
        site.remove(gone)
        listing.names.remove(gone)
    listing.version += 1
    assert 0 in [sandbox.mirror(site.url, delete=True, max_delete="100%").code for _ in range(2)]
    sandbox.holds(site.contents())
