"""Rows L: pages that are listings but do not prove the content of their directory."""

from __future__ import annotations

import json
import sys

import pytest

from crawler.model.flaws import MEANINGS, FlawKind
from tests.support.misbehaving.behaviours import Page, Says
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

_TABLE = (
    "<table><tr><th>Name</th><th>Size</th><th>Date</th></tr><tr><td><a href='../'>..</a></td><td>-</td><td>-</td></tr>"
)


def page(place: str, inside: str = "", around: str = "") -> bytes:
    text = (
        f"<title>Index of {place}</title><body><h1>Index of {place}</h1>{_TABLE}{inside}</table>{around}</body></html>"
    )
    return f"<html>{text}".encode()


@pytest.mark.row("L22")
def test_a_page_that_proves_nothing_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    row = "<tr><td>f.bin</td><td>100</td><td>2020-01-01 00:00</td></tr>"
    unsound = {
        "linkless": (row, ""),
        "error": ("", "<p>scandir: Permission denied</p>"),
        "warning": ("", "<b>Warning</b>: scandir() in <b>i.php</b> on line <b>3</b>"),
        "part": ("", "<p>Showing 0 of 1 entries</p>"),
        "script": ("", "<script>var x = '<a href=' + n; document.write(x)</script>"),
        "login": ("", "<form action=/login><input type=password></form>"),
    }
    for number, name in enumerate((*unsound, "other", "empty")):
        site.file(f"{name}/f.bin", blob(100, number))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for name, (inside, around) in unsound.items():
        site.listing(name, lambda name=name, inside=inside, around=around: page(f"{site.root}{name}/", inside, around))
    site.listing("other", lambda: page("/elsewhere/"))
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
    run.fails(6)  # 5 without the directories in which deletion was refused
    run.says("no-link")
    sandbox.holds(wanted)
    for name in (*unsound, "other"):
        site.listing(name, lambda name=name: nginx(f"{site.root}{name}/", [Row(href="f.bin", size=100, mtime=OLD)]))
    site.listing("empty", lambda: page(f"{site.root}empty/"))
    site.vanish("empty/f.bin")
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path != "empty/f.bin"})


_COMMAND = (sys.executable, "-m", "crawler")
_DAV = (
    b"<D:multistatus xmlns:D='DAV:'><D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype><D:collection/>"
    b"</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>%s</D:multistatus>"
)
_MEMBER = b"<D:response><D:href>f.bin</D:href><D:status>HTTP/1.1 500 Failed</D:status></D:response>"
_OTHER_ROW = "<tr><td><a href='g.bin'>g.bin</a></td><td>5</td><td>2020-01-01</td></tr>"
_BODIES: dict[FlawKind, tuple[str, str]] = {
    FlawKind.CUT: ("", "<!--"),
    FlawKind.UNBOUNDED: ("", ""),
    FlawKind.ERROR: ("", "<p>scandir: Permission denied</p>"),
    FlawKind.PART: ("", "<p>Showing 0 of 1 entries</p>"),
    FlawKind.REPEATED: (_OTHER_ROW, "<a href='?page=2'>Next</a>"),
    FlawKind.DEAD_END: (_OTHER_ROW, "<a href='#'>Next</a>"),
    FlawKind.OTHER_PATH: (_OTHER_ROW, "<a href='page/2/'>Next</a>"),
    FlawKind.ERROR_FOLLOWS: ("", "<!DOCTYPE html><title>502 Bad Gateway</title>"),
    FlawKind.SCRIPT: ("", "<script>var x = '<' + 'a hr' + 'ef=' + n; document.write(x)</script>"),
    FlawKind.ELSEWHERE: ("<tr><td><a href='http://cdn.invalid/x?k=1'>f</a></td><td>5</td><td>2020-01-01</td></tr>", ""),
    FlawKind.UNLINKED: (_OTHER_ROW, "<p>f.bin 12 MB"),
    FlawKind.UNKNOWN: ("", "<p>Please log in to see the files.</p>"),
}  # fmt: skip


def _break(site: Site, kind: FlawKind) -> None:
    """Give the listing of the directory named ``kind`` that flaw."""
    place = f"{site.root}{kind}/"
    if kind is FlawKind.HEADING:
        site.listing(kind, page("/elsewhere/"))
    elif kind is FlawKind.MEMBER:
        site.at(f"{kind}/").behave((Page(_DAV % (place.encode(), _MEMBER), content_type="application/xml"),))
    elif kind is FlawKind.NOT_THIS:
        site.at(f"{kind}/").behave((Page(b"<D:multistatus xmlns:D='DAV:'/>", content_type="application/xml"),))
    elif kind is FlawKind.UNBOUNDED:
        site.listing(kind, f"<h1>Index of {place}</h1><a href='../'>..</a><p>0 files</p>".encode())
        site.at(f"{kind}/").behave((Says(framing="close", http="HTTP/1.0"),))
    else:
        whole = page(place, *_BODIES[kind])
        site.listing(kind, whole.partition(b"</table>")[0] if kind is FlawKind.CUT else whole)


_OF_SEVERAL = {FlawKind.SKIPPED, FlawKind.LOOP, FlawKind.NOT_FOUND}
_FLAWS_OF_PAGES = [kind for kind in FlawKind if kind not in {FlawKind.FALLBACK, *_OF_SEVERAL}]
"""FALLBACK is no flaw of a page, but says who sent it: see test_upstreams. The others need several pages."""


@pytest.mark.own
@pytest.mark.row("L23")
def test_each_flaw_of_a_page_is_reported_by_its_own_name(sandbox: Sandbox, site: Site) -> None:
    for number, kind in enumerate(_FLAWS_OF_PAGES):
        site.file(f"{kind}/f.bin", blob(100, number))
    for kind in (FlawKind.UNLINKED, FlawKind.REPEATED, FlawKind.DEAD_END, FlawKind.OTHER_PATH):
        site.file(f"{kind}/g.bin", blob(5, 5))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for kind in _FLAWS_OF_PAGES:
        _break(site, kind)
    log = sandbox.reports / "log"
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors", "--log-file", str(log), "--log-format=json"])
    run.fails(6)
    sandbox.holds(wanted)
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    reported = [line for line in run.errors.splitlines() if line.startswith(("listing failed: ", "problem: "))]
    for kind in _FLAWS_OF_PAGES:
        meaning = MEANINGS[kind]
        lines = [line for line in reported if f"/{kind}" in line and meaning.text in line]
        assert len(lines) == 1, (kind, str(run))
        assert lines[0].endswith(meaning.advice), "it says what can be done"
        assert lines[0].startswith("listing failed: " if meaning.is_incomplete else "problem: nothing was deleted in /")
        assert any(meaning.text in str(event.get("reason")) for event in events), f"{kind} is in the log"
    for kind in (FlawKind.ERROR, FlawKind.SCRIPT, FlawKind.ELSEWHERE):
        words = ["--explain", f"{site.url}{kind}/f.bin", site.url, str(sandbox.directory)]
        explained = sandbox.note(sandbox.start_raw([*_COMMAND, *words]).finish())
        explained.says(MEANINGS[kind].text, MEANINGS[kind].advice)
    for kind in (FlawKind.ERROR, FlawKind.SCRIPT):
        shown = sandbox.note(sandbox.start_raw([*_COMMAND, "-v", "--list", f"{site.url}{kind}/"]).finish())
        shown.fails(5 if kind is FlawKind.ERROR else 0)
        shown.says(MEANINGS[kind].text)


@pytest.mark.own
@pytest.mark.row("L34")
def test_pages_that_the_user_trusts_once_are_whole_until_one_is_broken(sandbox: Sandbox, site: Site) -> None:
    rows, dead = [_OTHER_ROW.replace("g.bin", name) for name in ("f.bin", "g.bin", "h.bin")], "<a href='#'>Next</a>"
    for name in ("f.bin", "g.bin", "h.bin"):
        site.file(f"d/{name}", blob(5, 5))
    place = f"{site.root}d/"
    site.listing("d", page(place, rows[0] + rows[1]))
    sandbox.mirror(site.url).succeeds()
    site.listing("d", page(place, rows[0], dead))
    for _ in range(2):
        run = sandbox.mirror(site.url, delete=True)
        run.fails(5)
        run.says("leads nowhere", "run once with --trust-pages")
    log = sandbox.reports / "log"
    sandbox.mirror(site.url, delete=True, more=["--trust-pages", f"--log-file={log}", "-v"]).succeeds()
    assert log.read_text("utf-8").count("trusted") == 1, "once for a directory"
    assert [path for path in sandbox.tree() if path.startswith("d/")] == ["d/f.bin"]
    for inside in (rows[0], rows[0] + rows[2]):
        site.listing("d", page(place, inside, dead))
        sandbox.mirror(site.url, delete=True).succeeds()
    site.listing("d", page(place, rows[0] + rows[2]).partition(b"</table>")[0])
    for more in ([], ["--trust-pages"]):
        sandbox.mirror(site.url, delete=True, more=more).fails(5)


_OTHERS = ["404 Not Found", "Log in", "Zugriff verweigert", "Search results", "Index of /elsewhere/", ""]
"""Headings of pages that may show some of the files of a directory."""
_REFUSED = {"404 Not Found", "Log in", "Zugriff verweigert"}
"""Those that no listing has."""


@pytest.mark.own
@pytest.mark.row("L35")
def test_a_page_with_another_heading_and_fewer_rows_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    names = ("f.bin", "g.bin", "h.bin")
    rows = [_OTHER_ROW.replace("g.bin", name) for name in names]
    place, others = f"{site.root}d/", {f"d{number}": text for number, text in enumerate(_OTHERS)}
    for directory in ("d", *others):
        for name in names:
            site.file(f"{directory}/{name}", blob(5, 5))
        site.listing(directory, page(f"{site.root}{directory}/", "".join(rows)))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for directory, text in others.items():
        site.listing(directory, page(place, "".join(rows[:2])).replace(f"Index of {place}".encode(), text.encode()))
    for _ in range(2):
        run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
        run.fails(5)
        assert run.errors.count("not a directory listing") == len(_REFUSED)
        assert run.errors.count("the server still has it") == len(others) - len(_REFUSED), "the second run, too"
        run.says("run once with --trust-pages")
        sandbox.holds(wanted)
    for directory in others:
        site.listing(directory, page(f"{site.root}{directory}/", "".join(rows[:2])))
        site.vanish(f"{directory}/h.bin")
    site.listing("d", page(place, "".join(rows)).replace(b"Index", b"All files of the index"))
    sandbox.mirror(site.url, delete=True).succeeds()
    gone = {f"{directory}/h.bin" for directory in others}
    sandbox.holds({path: body for path, body in wanted.items() if path not in gone})
    site.listing("d", page(place, rows[0]))
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.mirror(site.url, delete=True, more=["--trust-pages"]).succeeds()
    site.listing("d", page(place, rows[1]))
    site.vanish("d/f.bin", "d/h.bin")
    sandbox.mirror(site.url, delete=True).succeeds()
    assert [path for path in sandbox.tree() if path.startswith("d/")] == ["d/g.bin"]


@pytest.mark.own
@pytest.mark.row("L36")
def test_half_a_listing_with_an_error_in_unknown_words_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    rows = [_OTHER_ROW.replace("g.bin", name) for name in ("f.bin", "g.bin")]
    for name in ("f.bin", "g.bin"):
        site.file(f"d/{name}", blob(5, 5))
    place = f"{site.root}d/"
    site.listing("d", page(place, "".join(rows)))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    broken = page(place, rows[0], "<p>Viga kataloogi lugemisel</p>")
    site.listing("d", broken)
    for _ in range(2):
        run = sandbox.mirror(site.url, delete=True)
        run.fails(5)
        run.says("d/g.bin is not listed any more, but the server still has it", "run once with --trust-pages")
        sandbox.holds(wanted)
    site.listing("d", page(place, "".join(rows)))
    sandbox.mirror(site.url, delete=True).succeeds()
    site.listing("d", broken)
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.mirror(site.url, delete=True, more=["--trust-pages"]).succeeds()
    assert [path for path in sandbox.tree() if path.startswith("d/")] == ["d/f.bin"]


@pytest.mark.own
@pytest.mark.row("L37")
def test_a_directory_has_become_empty_if_its_page_has_nothing_but_its_heading(sandbox: Sandbox, site: Site) -> None:
    place, words = f"{site.root}{{}}/", "<p>Serveeritud Acme abil</p>"
    heading = "<html><head><title>{0}</title></head><body><h1>{0}</h1><ul></ul></body></html>"
    for directory in ("heading", "words"):
        site.file(f"{directory}/f.bin", blob(5, 5))
    site.listing("words", page(place.format("words"), _OTHER_ROW.replace("g.bin", "f.bin"), words))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.vanish("heading/f.bin", "words/f.bin")
    site.listing("heading", heading.format(f"Index of {place.format('heading')}").encode())
    for more in (words, f"{words}<p>Viga</p>"):
        site.listing("words", page(place.format("words"), "", more))
        run = sandbox.mirror(site.url, delete=True)
        run.fails(6)
        run.says("nothing was deleted in /words", "run once with --trust-pages")
        sandbox.holds({"words/f.bin": wanted["words/f.bin"]})
        sandbox.mirror(site.url).succeeds()
    sandbox.mirror(site.url, delete=True, more=["--trust-pages"]).succeeds()
    sandbox.holds({})
