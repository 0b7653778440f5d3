"""Rows L: misleading listings, and files that differ from what the listing shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

import pytest

from crawler.model import limits
from tests.support.misbehaving import tools
from tests.support.misbehaving.behaviours import Behaviour, Page, Redirect, Says, Status
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.responses import Request, Response, Version
from tests.support.misbehaving.samples import DAY, LOGIN, SILENCE, beside, blob, each_beside, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource

SOFT_404 = b"<!DOCTYPE html><html><head><title>404</title></head><body><h1>404 - page not found</h1></body></html>"
NGINX = (
    b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>"
)


@pytest.mark.row("L01")
def test_sort_links_and_other_furniture_are_never_requested(sandbox: Sandbox) -> None:
    with Site(shape="apache") as site:
        wanted = populate(site)
        site.links(
            *("?C=N;O=D", "?sort=name", "#", "#top", "mailto:a@b.example", "javascript:void(0)", "data:text/plain,x"),
            *("/", "/pub/", "./", "", "?download=1", "/icons/"),
            size=None,
        )
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(wanted)
        assert [target for target in site.log.targets if "?" in target or "#" in target] == []
        for directory in ("/pub/", "/pub/sub/", "/pub/sub/deep/", "/pub/other/"):
            assert site.log.times(directory, "GET") == 1
        assert {target for target in site.log.targets if not target.startswith("/pub/")} <= {"/robots.txt"}


AWKWARD = (
    "a b",
    "100%",
    "a%20b",
    "a&amp;b",
    "a&b",
    "é",
    "it's",
    "~",
    ".hidden",
    "-rf",
    "()[]",
    "日本",
    "+plus+",
    "a;b,c=d@e!$",
    "drum&notes.txt",
    "a&copy=b",
    "end;",
)


@pytest.mark.row("L02")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python", "go"])
def test_awkward_names_are_decoded_once(sandbox: Sandbox, shape: str) -> None:
    with Site(shape=shape) as site:
        site.otherwise = lambda target: site.at(unquote(target).removeprefix(site.root))  # "&" for "%26"
        for number, name in enumerate(AWKWARD):
            if shape == "go" and "&amp;" in name:
                continue  # Go does not escape it, so its page shows something else
            site.file(name, blob(100 + number, number))
            site.file(f"d {name}/{name}", blob(200 + number, number))
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


UNUSUAL = (
    *("what?", "a#b", "a:b", "a*b", 'a"b', "a|b", "a<b>c", "back\\slash", "CON", "aux.txt", "dot.", "space "),
    *("README", "readme", "Readme", "%2e%2e.txt", "%252e.txt", "\u00e9-nfc", "e\u0301-nfd", "caf\u00e9", "cafe\u0301"),
    *("?C=N;O=D", "Parent Directory", "Name", "..twodots", "...", "-"),
)


@pytest.mark.row("L03")
def test_names_that_other_systems_refuse_are_all_distinct_here(sandbox: Sandbox, site: Site) -> None:
    for number, name in enumerate(UNUSUAL):
        site.file(name, blob(100 + number, number))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("L02")
def test_bytes_that_are_not_utf8_survive(sandbox: Sandbox, site: Site) -> None:
    site.file("latin-\udce9.txt", blob(100))
    sandbox.mirror(site.url, env={"LC_ALL": "C"}).succeeds()
    sandbox.holds(site.contents())


def endless(site: Site, *, changing: bool) -> None:
    """``loop/loop/loop/…``. With ``changing``, each level has a different file, so that no two listings are equal."""
    numbers = itertools.count()

    def resource(target: str) -> Resource | None:
        if not target.startswith("/pub/loop/"):
            return None
        if not target.endswith("/"):
            return Resource(path=target, state=Version(data=blob(5), mtime=OLD))
        name = f"f{next(numbers)}" if changing else "file"
        rows = [Row(href="loop/", size=None), Row(href=name, size=5, mtime=OLD)]
        return Resource(path=target, page=lambda: nginx("/pub/loop/", rows))

    site.otherwise = resource
    site.links("loop/", size=None)


@pytest.mark.row("L06")
@pytest.mark.parametrize("changing", [False, True], ids=["same listing", "new names"])
def test_a_directory_without_end_is_cut_and_reported(sandbox: Sandbox, site: Site, changing: bool) -> None:
    wanted = populate(site)
    endless(site, changing=changing)
    run = sandbox.mirror(site.url)
    run.fails(5)
    assert len(site.log) <= 3000
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted} == wanted


@pytest.mark.own
@pytest.mark.row("L06")
def test_a_loop_is_detected_after_few_levels(sandbox: Sandbox, site: Site) -> None:
    endless(site, changing=False)
    run = sandbox.mirror(site.url)
    run.fails(5)
    assert len(site.log) <= 20
    run.says("loop")


def circle(site: Site, rows: dict[str, list[str]], circles: Callable[[str], str]) -> None:
    """Part of the tree below ``/pub/round/``. ``circles``: directory → the rows (of ``rows``) in its listing."""

    def resource(target: str) -> Resource | None:
        if not target.startswith("/pub/round/"):
            return None
        if not target.endswith("/"):
            return Resource(path=target, state=Version(data=blob(5), mtime=OLD))
        here = [Row(href=name, size=None if name.endswith("/") else 5, mtime=OLD) for name in rows[circles(target)]]
        return Resource(path=target, page=lambda: nginx(target, here))

    site.otherwise = resource
    site.links("round/", size=None)


@pytest.mark.own
@pytest.mark.row("L06")
def test_a_loop_through_two_directories_ends_beside_real_copies_and_names_the_remedy(
    sandbox: Sandbox, site: Site
) -> None:
    for path in ("x/file", "x/x/file", "x/x/x/file"):  # a directory that contains two copies of itself
        site.file(path, blob(100))
    wanted = site.contents()
    rows = {"round/": ["a/", "one"], "a/": ["b/", "two"], "b/": ["a/", "one"]}
    circle(site, rows, lambda target: target.rstrip("/").rpartition("/")[2] + "/")
    run = sandbox.mirror(site.url)
    run.fails(5)
    run.says("round/a/b", "--exclude /round/a/b/", "--max-depth")
    saved = {"round/one": blob(5), "round/a/two": blob(5)}
    sandbox.holds(wanted | saved)
    assert len(site.log) <= 30
    sandbox.mirror(site.url, more=["--exclude=/round/a/b/"]).succeeds()
    sandbox.holds(wanted | saved)


@pytest.mark.row("L07")
def test_nothing_below_the_depth_is_requested(sandbox: Sandbox, site: Site) -> None:
    for path in ("0", "1/a", "1/2/b", "1/2/3/c", "1/2/3/4/d"):
        site.file(path, blob(100, len(path)))
    sandbox.mirror(site.url, max_depth=2).succeeds()
    assert sorted(sandbox.tree()) == ["0", "1/2/b", "1/a"]
    assert [target for target in site.log.targets if target.startswith("/pub/1/2/3/")] == []


JUNK = (
    *(b"<![", b"<![CDATA[", b"<!--", b"<!DOCTYPE [", b"\0" * 500, b"\xff\xfe<\0a\0", b"<" * 9000, b"&#xFFFFFFFF;" * 50),
    b"<a href=x>x</a><![",
)


@pytest.mark.row("L09")
def test_a_listing_that_breaks_parsers_is_an_error_of_its_directory(sandbox: Sandbox, site: Site) -> None:
    good = each_beside(site, {}, b"")
    for number, junk in enumerate(JUNK):
        site.listing(f"sub{number}", junk)
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(5)
    sandbox.holds(good)
    run.says(*(f"sub{number}" for number in range(len(JUNK))))


@pytest.mark.row("L10", "L11")
@pytest.mark.parametrize("page", [LOGIN, SOFT_404], ids=["login", "soft 404"])
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
def test_a_page_with_status_200_is_not_an_archive(sandbox: Sandbox, shape: str, page: bytes) -> None:
    with Site(shape=shape) as site:
        beside(site, "old.tar.gz", blob(5000))
        old = site.contents()
        sandbox.mirror(site.url).succeeds()
        site.file("old.tar.gz", blob(5000, 7), Page(page), mtime=OLD + DAY)
        site.file("new.tar.gz", blob(5000, 8), Page(page))
        large = page.ljust(limits.SMALL_BODY + 1)
        for name, same in (("same.tar.gz", page), ("same.bin", page), ("large.zip", large)):
            site.file(name, blob(len(same), 9), Page(same))  # of exactly the listed size
        run = sandbox.mirror(site.url)
        run.fails(5)
        if shape == "nginx":  # which shows exact sizes
            run.says("although it has the expected size")
        sandbox.holds(old)


@pytest.mark.own
@pytest.mark.row("L10", "L11")
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_page_is_known_by_its_body_where_the_listing_has_no_sizes(sandbox: Sandbox, kind: str) -> None:
    names = ["a.tar.gz", "tool.AppImage", "data.parquet", "app.flatpak"]
    if kind.startswith("text/html"):
        names += ["q.unheard", "vmlinuz", "tool-1.2"]
    with Site(shape="python") as site:
        beside(site, "README", blob(700))
        for name in names:
            site.file(name, blob(5000))
        old = site.contents()
        sandbox.mirror(site.url).succeeds()
        for name in names:
            site.file(name, blob(5000, 7), Page(LOGIN, kind), mtime=OLD + DAY)
        site.file("new.AppImage", blob(5000, 8), Page(LOGIN, kind))
        site.file("new.whl", blob(5000, 9), Page(b'{"error": "unauthorized"}', "application/json"))
        run = sandbox.mirror(site.url)
        run.fails(5)
        run.says(*names, "got an HTML page instead of the file", "new.whl", "got JSON or XML instead of the file")
        sandbox.holds(old)


@pytest.mark.row("L10")
def test_a_file_that_the_server_only_calls_html_arrives(sandbox: Sandbox) -> None:
    """A further control: text/html is the default type of many servers."""
    with Site(shape="python") as site:
        for name in ("q.unheard", "vmlinuz", "x.dat"):
            site.file(name, b"\x7fELF" + blob(5000), content_type="text/html")
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.row("L10")
def test_a_html_file_that_is_listed_as_such_arrives(sandbox: Sandbox) -> None:
    """The control for the rows above: pages are refused only in place of binary files."""
    with Site(shape="python") as site:
        site.file("page.html", LOGIN, content_type="text/html")
        site.file("README", LOGIN, content_type="text/html")
        site.file("x.tar.gz", blob(5000), content_type="application/gzip")
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


VERSIONS = b"""<!DOCTYPE html><html><head><title>tool: all versions</title></head><body><a href="/">Home</a><table>
<tr><th>Version</th><th>Downloads</th><th>Last updated</th></tr>
<tr><td><a href="2.0.8">2.0.8</a></td><td>120,345</td><td>2024-03-12</td></tr>
<tr><td><a href="2.0.7">2.0.7</a></td><td>98,211</td><td>2024-01-07</td></tr>
<tr><td><a href="1.9">1.9</a></td><td>7,101</td><td>2023-05-01</td></tr></table></body></html>"""
ABSENT = b"""<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/pub/absent/</D:href><D:propstat>
<D:prop/><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response></D:multistatus>"""

OTHER_ANSWERS: dict[str, Behaviour] = {
    "versions": Page(VERSIONS),
    "absent": Page(ABSENT, "application/xml"),
    "json": Page(b'{"error": "no such index"}', "application/json"),
    "nginx": Page(NGINX),
    "login": Page(LOGIN),
    "empty": Page(b""),
    "text": Page(b"plain text", "text/plain"),
    "binary": Page(b"\x7fELF" + blob(500), "application/octet-stream"),
    "redirect": Redirect("/pub/login.html"),
    "401": Status(401),
    "403": Status(403),
    "404": Status(404),
}


@pytest.mark.row("L12")
def test_a_directory_with_an_unexpected_response_keeps_its_files(sandbox: Sandbox, site: Site) -> None:
    for name in OTHER_ANSWERS:
        many(site, 2, name)
    old = each_beside(site, {}, b"")
    sandbox.mirror(site.url).succeeds()
    site.on("login.html", Page(LOGIN))
    for name, fault in OTHER_ANSWERS.items():
        site.on(f"{name}/", fault)
    log = sandbox.reports / "log"
    is_ours = tools.NAME == "crawler"
    more = ["--ignore-errors", "--max-delete=100%", f"--log-file={log}"] if is_ours else []
    run = sandbox.mirror(site.url, delete=True, attempts=2, more=more)
    run.fails(5)
    sandbox.holds(old)
    run.says("5 × the response is not a directory listing")
    lines = log.read_text().splitlines() if is_ours else []
    for name in OTHER_ANSWERS if is_ours else ():
        assert any(f" listing-failed {name} http" in line for line in lines), name


@pytest.mark.row("L13")
def test_a_file_and_a_directory_of_one_name_are_not_both_saved(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "x/inner.txt", blob(500))
    site.at("x").state = Version(data=blob(5), mtime=OLD)
    site.links("x")
    run = sandbox.mirror(site.url)
    run.fails(5)
    there = sandbox.tree()
    assert there.pop("x", None) in (None, blob(5))
    assert there.pop("x/inner.txt", None) in (None, blob(500))
    assert there == good
    run.says("x")


@pytest.mark.row("L14")
def test_a_file_that_became_a_directory_is_replaced_or_refused(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "x", blob(500))
    sandbox.mirror(site.url).succeeds()
    site.remove("x")
    site.file("x/inner.txt", blob(600))
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    sandbox.holds(site.contents() if run.code == 0 else {**good, "x": blob(500)})


@pytest.mark.row("L14")
def test_a_directory_that_became_a_file_is_replaced_or_refused(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "x/inner.txt", blob(500))
    sandbox.mirror(site.url).succeeds()
    site.remove("x/inner.txt")
    del site._rows[""]["x"]
    site.file("x", blob(600))
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    sandbox.holds(site.contents() if run.code == 0 else {**good, "x/inner.txt": blob(500)})


@pytest.mark.row("L15")
def test_the_longest_names_are_stored_and_longer_ones_refused(sandbox: Sandbox, site: Site) -> None:
    beside(site, "a" * 255, blob(500, 1))
    site.file("日" * 84 + "x", blob(500, 2))
    good = site.contents()
    site.file("b" * 256, blob(500, 3))
    site.file("c" * 304, blob(500, 4))
    site.file("本" * 86, blob(500, 5))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)


@pytest.mark.row("L15")
def test_a_long_name_can_be_resumed_and_retried_too(sandbox: Sandbox, site: Site) -> None:
    site.file("a" * 255, blob(900_000, 1), Status(503, times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.heavy
@pytest.mark.row("L17")
def test_a_million_rows_end_in_bounded_memory(sandbox: Sandbox, site: Site) -> None:
    site.file("wanted.iso", blob(500))
    line = (
        '<a href="f%07d.txt">f%07d.txt</a>                                  02-Jan-2025 03:04                 500\r\n'
    )
    rows = "".join(line % (number, number) for number in range(1_000_000))
    last = '<a href="wanted.iso">wanted.iso</a>       02-Jan-2025 03:04                 500\r\n'
    head = "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
    site.listing("", f'{head}<a href="../">../</a>\r\n{rows}{last}</pre><hr></body>\r\n</html>\r\n'.encode())
    run = sandbox.mirror(site.url, ext="iso", patience=240, timeout=60)
    run.succeeds()
    sandbox.holds({"wanted.iso": blob(500)})
    assert run.peak < 1500 << 20


@pytest.mark.own
@pytest.mark.row("M16")
def test_index_files_come_after_everything_else(sandbox: Sandbox, site: Site) -> None:
    for name in ("dists/Release", "dists/Packages.gz", "SHA256SUMS", "repodata/repomd.xml"):
        site.file(name, blob(100, len(name)), content_type="text/plain")
    many(site, 20, "pool")
    site.file("SHA256SUMS", b"")
    sandbox.mirror(site.url, more=["--no-verify-digests"]).succeeds()
    order = [request.path.rpartition("/")[2] for request in site.log.bodies()]
    assert set(order[-4:]) == {"Release", "Packages.gz", "SHA256SUMS", "repomd.xml"}


@pytest.mark.row("M18")
@pytest.mark.parametrize("shift", [-5 * 3600, 2 * 3600, 13 * 3600 + 45 * 60])
def test_a_listing_in_the_time_of_another_zone_is_not_a_change(sandbox: Sandbox, shift: int) -> None:
    with Site(shape="apache") as site:
        wanted = populate(site)
        for path in wanted:
            directory, _, name = path.rpartition("/")
            site._rows[directory][name].mtime = OLD + shift
        sandbox.mirror(site.url).succeeds()
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert site.log.bodies() == []
        sandbox.holds(wanted)


@pytest.mark.row("E06")
def test_a_listed_name_that_belongs_to_the_program_is_refused(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, ".crawler/state.sqlite3", b"not a database")
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert site.log.bodies("/pub/.crawler") == []
    state = sandbox.directory / ".crawler" / "state.sqlite3"
    assert state.read_bytes()[:15] == b"SQLite format 3"


@pytest.mark.row("E07")
def test_pages_that_continue_each_other_in_a_circle_end(sandbox: Sandbox, site: Site) -> None:
    page = (
        b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<Name>pub</Name><Prefix></Prefix><Marker></Marker><NextMarker>a.bin</NextMarker><IsTruncated>true</IsTruncated>"
        b"<Contents><Key>a.bin</Key><LastModified>2025-01-02T03:04:05.000Z</LastModified><Size>500</Size></Contents>"
        b"</ListBucketResult>"
    )
    site.file("a.bin", blob(500))
    site.on("", Page(page, "application/xml"))
    run = sandbox.mirror(site.url, delete=True)
    run.fails(3, 5)
    assert len(site.log) < 50


@pytest.mark.row("E08")
def test_an_endless_listing_is_cut_off(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "sub/hidden", blob(500))
    line = b'<a href="x">x</a>   02-Jan-2025 03:04   5\r\n'
    site.listing("sub", lambda: b"<html><pre>" + line)
    site.on("sub/", Says(length=1 << 40))
    sandbox.mirror(site.url, attempts=2, timeout=SILENCE).fails(5)
    sandbox.holds(good)


@pytest.mark.row("E09")
def test_a_link_to_another_host_is_skipped_and_not_a_failure(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    with Site() as other:
        other.file("far.bin", blob(500))
        site.links(f"{other.url}far.bin")
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(wanted)
        assert other.log == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Behaviour):
    """A listing on two pages; the first names the second in a Link header (RFC 8288)."""

    def shape(self, response: Response, request: Request) -> Response:
        rows = [Row(href=name, size=500, mtime=OLD) for name in ("a", "b", "c")]
        if "page=2" in request.target:
            return replace(response, body=nginx("/pub/", rows[2:]))
        first = replace(response, body=nginx("/pub/", rows[:2]))
        return first.with_headers(("Link", '<?page=1>; rel="first"'), ("link", '<?page=2>; title="a,b"; rel=next'))


@pytest.mark.row("L18")
def test_a_listing_goes_on_where_its_link_header_says(sandbox: Sandbox, site: Site) -> None:
    for number, name in enumerate(("a", "b", "c")):
        site.file(name, blob(500, number))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.directory("", Paged())
    site.log.clear()
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(wanted)
    assert [request.target for request in site.log if request.target != "/robots.txt"] == ["/pub/", "/pub/?page=2"]
