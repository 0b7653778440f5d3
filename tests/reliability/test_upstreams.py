"""Several upstreams: the first is the scripted server, which fails in every way; the second is nginx, which works.

Runs are in this process, which is much faster, except for what the program prints and writes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import crawler
from crawler.app.api import RunContext, run_download
from crawler.cli.input_file import read_items
from crawler.model.report import Report
from tests.conftest import started
from tests.support import servers
from tests.support.misbehaving.behaviours import Becomes, Behaviour, Cut, HangUp, Redirect, Says, Status
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource

pytestmark = pytest.mark.own

DAY = 86_400
DOWN = (Status(500),)
FILES = {"a.bin": blob(3_000, 1), "big.bin": blob(900_000, 2), "d/c.txt": blob(40, 3), "d/e/f.txt": blob(41, 4)}


@pytest.fixture(scope="module")
def nginx() -> Iterator[servers.Server]:
    root = Path(tempfile.mkdtemp(prefix="crawler-docroot-"))
    root.chmod(0o755)
    server = started(servers.FLAVOURS["nginx"], root)
    yield server
    server.stop()
    shutil.rmtree(root)


class Second:
    """The tree of nginx, below a directory of its own for each test."""

    def __init__(self, server: servers.Server, name: str) -> None:
        self._server, self._root = server, server.root / name
        self.url = f"{server.url}{name}/"
        for path, data in FILES.items():
            self.file(path, data)
        server.forget()

    def file(self, path: str, data: bytes, mtime: float = OLD) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (mtime, mtime))

    def requests(self) -> list[str]:
        """``GET a.bin`` and the like, below URL, since the last call."""
        base = self.url[len(self._server.url) - 1 :]
        found = [f"{each.method} {each.path.removeprefix(base)}" for each in self._server.requests()]
        self._server.forget()
        return [each for each in found if each != "GET /robots.txt"]

    def files(self) -> list[str]:
        """Those of ``requests`` that are about files."""
        return [each for each in self.requests() if not each.endswith(("/", " "))]


@pytest.fixture
def second(nginx: servers.Server, request: pytest.FixtureRequest) -> Second:
    return Second(nginx, str(abs(hash(request.node.nodeid))))


def publish(site: Site) -> None:
    for path, data in FILES.items():
        site.file(path, data)


def run(site: Site, *others: str, into: Path, **options: object) -> Report:
    settings = {"attempts": 1, "fallback": others, **options}
    return crawler.mirror_sync(site.url, into, **settings)  # type: ignore[arg-type]


def content(directory: Path) -> dict[str, bytes]:
    paths = (path for path in directory.rglob("*") if path.is_file() and ".crawler" not in path.parts)
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.row("U01")
def test_an_upstream_that_works_is_the_only_one_that_is_asked(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    report = run(site, second.url, into=tmp_path)
    assert (report.exit_code, report.saved, report.warnings) == (0, 4, ())
    assert report.upstreams == {site.url: 4}
    assert second.requests() == []


@pytest.mark.row("U02")
def test_a_file_that_its_host_does_not_deliver_comes_from_the_next_one(
    site: Site, second: Second, sandbox: Sandbox
) -> None:
    publish(site)
    site.on("a.bin", Status(404))
    site.on("big.bin", Cut(at=0.7))
    site.on("d/c.txt", Cut(at=0.5, how="rst"))
    summary, metrics, changes = (sandbox.reports / name for name in ("summary", "run.prom", "changes"))
    files = [f"--summary={summary}", f"--metrics={metrics}", f"--changes={changes}"]
    done = sandbox.mirror(site.url, more=["--attempts=2", f"--fallback={second.url}", *files])
    done.succeeds()
    sandbox.holds(FILES)
    done.says("/pub/", "; 3 files came from", second.url, f"1 from {site.url}")
    report = json.loads(summary.read_text())
    assert report["upstreams"] == {site.url: 1, second.url: 3}
    assert f'upstream="{second.url}"}} 3' in metrics.read_text()
    lines = {line["path"]: line for line in map(json.loads, changes.read_text().splitlines())}
    assert lines["big.bin"]["upstream"] == second.url
    assert lines["d/e/f.txt"]["upstream"] == site.url
    assert all("range" not in each for each in second.requests())
    for path in FILES:  # the next run asks the first host, once, about what came from the other one
        site.on(path)
    site.log.clear()
    assert run(site, second.url, into=sandbox.directory).exit_code == 0
    assert {each.path for each in site.log if each.method == "HEAD"} == {"/pub/a.bin", "/pub/big.bin", "/pub/d/c.txt"}
    assert site.log.bodies() == []
    site.log.clear()
    assert run(site, second.url, into=sandbox.directory).exit_code == 0
    assert {each.method for each in site.log} == {"GET"}
    assert site.log.bodies() == []


@pytest.mark.row("U03")
@pytest.mark.parametrize("fault", [Status(500), Status(404), Cut(at=0.6), Cut(at=0.0, how="rst")])
def test_a_listing_comes_whole_from_one_upstream_and_nothing_is_deleted_on_its_word(
    site: Site, second: Second, tmp_path: Path, fault: Behaviour
) -> None:
    publish(site)
    site.file("d/only-first.txt", b"known to the first host alone")
    site.file("gone.txt", b"gone from everywhere soon")
    assert run(site, second.url, into=tmp_path).exit_code == 0
    before = content(tmp_path)
    site.remove("gone.txt")
    site.on("d/", fault)
    second.file("d/new.txt", b"on the second host")
    report = run(site, second.url, into=tmp_path, delete=True, max_delete="100%", ignore_errors=True)
    assert (report.exit_code, report.saved, report.deleted) == (0, 1, 0)
    assert content(tmp_path) == before | {"d/new.txt": b"on the second host"}
    assert any("1 listing and 1 file came from" in text for text in report.warnings)
    assert any("nothing was deleted, because some listings came from a fallback" in text for text in report.warnings)
    assert [each for each in second.files() if each.startswith("GET")] == ["GET d/new.txt"]
    site.directory("d")
    site.at("d/").behave(())
    report = run(site, second.url, into=tmp_path, delete=True, max_delete="100%")
    assert (report.exit_code, report.deleted) == (0, 2)
    assert content(tmp_path) == FILES | {"d/only-first.txt": b"known to the first host alone"}


@pytest.mark.row("U04")
def test_a_host_that_is_down_is_replaced_as_a_whole(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    site.portal = DOWN
    for expected in (4, 0):
        report = run(site, second.url, into=tmp_path, delete=True)
        assert (report.exit_code, report.saved, report.unchanged) == (0, expected, 4 - expected)
        assert content(tmp_path) == FILES
        assert len(report.warnings) == 1
        assert [each.path for each in site.log] == ["/robots.txt"], "it is not asked for each file"
        site.log.clear()
        assert len(second.files()) == expected
    site.portal = ()
    assert run(site, second.url, into=tmp_path).exit_code == 0
    assert {each.path for each in site.log if each.method == "HEAD"} == {f"/pub/{path}" for path in FILES}
    site.portal = DOWN
    second.requests()
    report = run(site, second.url, into=tmp_path)
    assert (report.exit_code, report.unchanged) == (0, 4)
    assert all(each.startswith("HEAD") for each in second.files()), "where a row does not tell, HEAD does"


@pytest.mark.row("U05")
def test_a_host_that_fails_again_and_again_is_given_up(site: Site, second: Second, tmp_path: Path) -> None:
    for number in range(30):
        site.file(f"n/{number}.bin", blob(50 + number, number), Status(503))
        second.file(f"n/{number}.bin", blob(50 + number, number))
    report = run(site, second.url, into=tmp_path, workers=1, pipeline="off")
    assert (report.exit_code, report.saved, report.upstreams) == (0, 30, {second.url: 30})
    assert len([each for each in site.log if each.path.endswith(".bin")]) == 3


@pytest.mark.row("U06")
def test_a_fallback_that_is_behind_is_not_followed(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    site.file("d/c.txt", b"the new version", mtime=OLD + 3 * DAY)
    with Site() as third:
        publish(third)
        third.file("d/c.txt", b"the new version", mtime=OLD + 3 * DAY)
        assert run(site, second.url, into=tmp_path).exit_code == 0
        before = content(tmp_path)
        site.portal = DOWN
        report = run(site, second.url, into=tmp_path, delete=True)
        assert report.exit_code == 5
        assert [each.path for each in report.listing_failures] == ["d"]
        assert "it is behind: c.txt" in report.listing_failures[0].reason
        assert content(tmp_path) == before
        assert run(site, second.url, third.url, into=tmp_path).exit_code == 0
        assert content(tmp_path) == before


@pytest.mark.row("U14")
def test_if_no_upstream_works_the_error_names_each_of_them(site: Site, tmp_path: Path) -> None:
    site.portal = DOWN
    with pytest.raises(crawler.RobotsForbidden) as caught:
        run(site, "http://127.0.0.1:9/pub/", into=tmp_path)
    assert f"{site.origin}/robots.txt cannot be read (HTTP 500)" in str(caught.value)
    assert "http://127.0.0.1:9/pub/: cannot connect" in str(caught.value)
    site.portal = ()
    with Site() as third:
        third.file("a.bin", b"a")
        site.on("", Status(503))
        third.on("", Says(headers=(("Content-Type", "text/html"),), body=b"<html><p>Welcome</html>"))
        with pytest.raises(crawler.ListingError) as found:
            run(site, third.url, "http://127.0.0.1:9/pub/", into=tmp_path)
        reasons = str(found.value).split("; ")
    assert reasons[0] == f"{site.url}: HTTP 503: the server is overloaded or under maintenance: try again later"
    assert reasons[1].startswith(f"{third.url}: the response is not a directory listing")
    assert reasons[1].endswith("is it the page of a directory?")
    assert reasons[2].startswith("http://127.0.0.1:9/pub/: cannot connect")
    site.on("")
    site.file("a.bin", b"a", Status(500))
    report = run(site, "http://127.0.0.1:9/pub/", into=tmp_path)
    assert report.exit_code == 5
    assert report.failures[0].reason == "HTTP 500"
    assert any("http://127.0.0.1:9/pub/: cannot connect" in text for text in report.warnings)


@pytest.mark.row("U07")
def test_a_file_that_may_be_another_version_is_not_taken(site: Site, second: Second, tmp_path: Path) -> None:
    """The fallback has an older file of the same size; another one lists the new time and sends the old file."""
    new, old = b"new version", b"old version"
    site.file("v.txt", new, mtime=OLD + 3 * DAY)
    second.file("v.txt", old)
    site.on("v.txt", Status(500))
    report = run(site, second.url, into=tmp_path)
    assert report.exit_code == 5
    assert report.failures[0].reason == (
        f"HTTP 500; {second.url}: nothing proves that this upstream has the listed version"
    )
    assert content(tmp_path) == {}
    site.on("v.txt")
    assert run(site, second.url, into=tmp_path).exit_code == 0
    with Site() as liar:
        liar.file("v.txt", old, Becomes(state=Version(data=old, mtime=OLD)), mtime=OLD + 9 * DAY)
        site.portal = DOWN
        report = run(site, liar.url, into=tmp_path)
        assert report.exit_code == 5
        assert content(tmp_path) == {"v.txt": new}


@pytest.mark.row("U08")
def test_a_published_digest_proves_a_file_whatever_its_time(site: Site, second: Second, tmp_path: Path) -> None:
    good, bad = blob(500, 7), blob(500, 8)
    sums = "".join(f"{hashlib.sha256(good).hexdigest()}  {name}\n" for name in ("good.bin", "bad.bin")).encode()
    site.file("SHA256SUMS", sums)
    for name, data in (("good.bin", good), ("bad.bin", bad)):
        site.file(name, good, Status(404))
        second.file(name, data, mtime=OLD - 9 * DAY)
    report = run(site, second.url, into=tmp_path)
    assert report.exit_code == 5
    assert [each.path for each in report.failures] == ["bad.bin"]
    assert "the body does not have the published digest" in report.failures[0].reason
    assert (tmp_path / "good.bin").read_bytes() == good


@pytest.mark.row("U15")
@pytest.mark.parametrize("published", ["SHA256SUMS", "fallback", "sidecar", "RFC 6249"])
def test_a_file_with_the_published_digest_is_current_although_its_time_is_older(
    site: Site, second: Second, tmp_path: Path, published: str
) -> None:
    """From a fallback, from the only host, and from a copy that a redirect names."""
    data = FILES["a.bin"]
    second.file("a.bin", data, mtime=OLD - 9 * DAY)
    digest = hashlib.sha256(data)
    options: dict[str, object] = {"attempts": 1, "allow_host": [second.url.split("/")[2]]}
    if published == "RFC 6249":
        text = base64.b64encode(digest.digest()).decode()
        headers = (("Digest", f"SHA-256={text}"), ("Link", f"<{second.url}a.bin>; rel=duplicate"))
        site.file("a.bin", data, Redirect("http://127.0.0.1:9/a.bin", headers=headers))
        options["allow_host"] = ["127.0.0.1:9", second.url.split("/")[2]]
    else:
        name = "a.bin.sha256" if published == "sidecar" else "SHA256SUMS"
        site.file(name, f"{digest.hexdigest()}  a.bin\n".encode())
        site.file("a.bin", data, Status(404) if published == "fallback" else Redirect(f"{second.url}a.bin"))
        options["fallback"] = [second.url] if published == "fallback" else []
    report = crawler.mirror_sync(site.url, tmp_path, **options)  # type: ignore[arg-type]
    assert (report.exit_code, report.failures) == (0, ())
    assert not [text for text in report.warnings if "older version" in text]
    second.requests()
    report = crawler.mirror_sync(site.url, tmp_path, **options)  # type: ignore[arg-type]
    assert (report.exit_code, report.saved, report.warnings) == (0, 0, ())
    assert second.requests() == [], "the body is not asked for again"


@pytest.mark.row("U09")
def test_each_upstream_has_its_own_rules_and_credentials(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    with Site() as third, Site() as fourth:
        for other in (third, fourth):
            publish(other)
        rules = Version(data=b"User-agent: *\nDisallow: /pub/\n", mtime=OLD)
        fourth.otherwise = lambda target: Resource(path=target, state=rules) if target == "/robots.txt" else None
        site.portal = DOWN
        login = third.url.replace("://", "://user:secret@")
        report = run(site, fourth.url, login, into=tmp_path, header="X-Token: of the first")
        assert report.exit_code == 0
        assert report.upstreams == {third.url: 4}
        assert {each.path for each in fourth.log} == {"/robots.txt"}
        for each in third.log:
            assert "x-token" not in each.headers
        assert all("secret" not in text for text in report.warnings)


@pytest.mark.row("U11")
def test_a_single_file_has_fallbacks_too(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    site.on("big.bin", Cut(at=0.5))
    for fault, directory in (((), tmp_path / "cut"), (DOWN, tmp_path / "down")):
        site.portal = fault
        for expected in (1, 0):
            report = crawler.mirror_sync(f"{site.url}big.bin", directory, attempts=1, fallback=f"{second.url}big.bin")
            assert (report.exit_code, report.saved, report.unchanged) == (0, expected, 1 - expected), report
            assert content(directory) == {"big.bin": FILES["big.bin"]}
        assert [each for each in second.requests() if each == "GET big.bin"]


@pytest.mark.row("U11")
@pytest.mark.parametrize("fault", [Status(503), Status(404), HangUp()], ids=["503", "404", "reset"])
def test_the_first_run_of_a_single_file_that_its_host_does_not_send(
    site: Site, second: Second, tmp_path: Path, fault: Behaviour
) -> None:
    """The host works otherwise, as its robots.txt shows. A page in its place at the fallback is no file."""
    files = {"a.iso": blob(40, 1), "a.txt": b"plain text", "a.json": b'{"a": 1}', "a.html": b"<html><p>text</html>"}
    for name, data in files.items():
        site.file(name, data, fault)
        second.file(name, data)
        report = crawler.mirror_sync(f"{site.url}{name}", tmp_path / name, attempts=1, fallback=f"{second.url}{name}")
        assert (report.exit_code, content(tmp_path / name)) == (0, {name: data}), report
    site.file("login", b"x", fault)
    second.file("login/index.html", b"<html><p>Please log in</html>")
    with pytest.raises(crawler.ListingError, match="not a directory listing"):
        crawler.mirror_sync(f"{site.url}login", tmp_path / "l", attempts=1, fallback=f"{second.url}login")


def described(name: str, data: bytes, *urls: str, digest: bytes | None = None) -> str:
    digest = data if digest is None else digest
    hashed = f'<hash type="sha-256">{hashlib.sha256(digest).hexdigest()}</hash>'
    listed = "".join(f'<url priority="{number}">{url}</url>' for number, url in enumerate(urls, 1))
    return f'<file name="{name}"><size>{len(data)}</size>{hashed}{listed}</file>'


def download(files: list[str], into: Path) -> Report:
    list_of_files = into.parent / "list.meta4"
    list_of_files.write_text(f'<metalink xmlns="urn:ietf:params:xml:ns:metalink">{"".join(files)}</metalink>')
    config = crawler.Config(attempts=1)
    report, error = asyncio.run(run_download(read_items(str(list_of_files)), into, config, RunContext()))
    assert error is None
    return report


@pytest.mark.row("U12")
def test_a_metalink_names_urls_and_digests(site: Site, second: Second, tmp_path: Path) -> None:
    publish(site)
    site.file("d/c.txt", b"x" * 40)
    site.on("big.bin", Cut(at=0.5))
    good = [described(path, data, f"{site.url}{path}", f"{second.url}{path}") for path, data in FILES.items()]
    bad = [
        described("../out.bin", b"x", f"{site.url}a.bin"),
        described("ftp.bin", b"x", "ftp://127.0.0.1/x"),
        described("size.bin", FILES["a.bin"], f"{site.url}a.bin").replace("<size>3000<", "<size>3 kB<"),
        described("other.bin", b"x" * 3_000, f"{site.url}a.bin", f"{second.url}a.bin"),
    ]
    report = download(good + bad, tmp_path / "mirror")
    assert report.exit_code == 5
    assert content(tmp_path / "mirror") == FILES
    reasons = {each.path: each.reason for each in report.failures}
    assert reasons.keys() == {"../out.bin", "ftp.bin", "size.bin", "other.bin"}
    assert reasons["size.bin"] == "the list gives a size that is no number of bytes: '3 kB'"
    assert reasons["../out.bin"] == "'../out.bin' contains '..': files are saved in DIR alone"
    assert "no http or https URL" in reasons["ftp.bin"]
    assert reasons["other.bin"].count("does not have the published digest") == 2
    assert not (tmp_path / "out.bin").exists()
    site.log.clear()
    second.requests()
    report = download(good, tmp_path / "mirror")
    assert (report.exit_code, report.unchanged) == (0, 4)
    assert site.log == second.requests() == [], "the digest is that of the last run"
    site.portal = DOWN
    new = described("a.bin", b"the next version", f"{site.url}a.bin", f"{second.url}a.bin")
    second.file("a.bin", b"the next version", mtime=OLD - DAY)
    report = download([new], tmp_path / "mirror")
    assert (report.exit_code, report.saved) == (0, 1), report
    assert (tmp_path / "mirror" / "a.bin").read_bytes() == b"the next version"


@pytest.mark.row("U13")
@pytest.mark.parametrize("fault", ["cut", "wrong", "missing", "dead"])
def test_the_copies_that_a_response_names_are_tried(site: Site, second: Second, tmp_path: Path, fault: str) -> None:
    """RFC 6249. Only on hosts that may be asked, only with a digest, and the body must have it."""
    data = FILES["a.bin"]
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    link = f"<{second.url}none.bin>; rel=duplicate; pri=1, <{second.url}a.bin>; rel=duplicate; pri=2"
    headers = (("Digest", f"SHA-256={digest}"), ("Link", link))
    if fault == "cut":
        site.file("a.bin", data, Says(headers=headers), Cut(at=0.5))
    elif fault == "wrong":
        site.file("a.bin", data[:-1] + b"?", Says(headers=headers))
    else:
        dead = "http://127.0.0.1:9/a.bin" if fault == "dead" else f"{second.url}none.bin"
        site.file("a.bin", data, Redirect(dead, headers=headers))
    host = second.url.split("/")[2]
    report = crawler.mirror_sync(site.url, tmp_path, attempts=1, allow_host=["127.0.0.1:9"])
    assert (report.exit_code, content(tmp_path)) == (5, {})
    report = crawler.mirror_sync(site.url, tmp_path, attempts=1, allow_host=["127.0.0.1:9", host])
    assert (report.exit_code, content(tmp_path)) == (0, {"a.bin": data}), report.failures


@pytest.mark.row("U10")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--processes=2", "URL", "DIR"], "--fallback cannot be combined with --processes"),
        (["--list", "URL"], "--fallback cannot be combined with --list"),
        (["--input-file=-", "DIR"], "--fallback cannot be combined with --input-file"),
        (["--fallback=URL", "URL", "DIR"], "named twice, or the same as URL"),
        (["--fallback=ftp://h/x", "URL", "DIR"], "--fallback: "),
    ],
)
def test_what_does_not_combine_is_refused_by_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    from crawler.cli.parser import run as run_program

    places = {"URL": "http://127.0.0.1:9/pub/", "DIR": str(tmp_path / "mirror")}
    given = [arg.replace("=URL", f"={places['URL']}") for arg in arguments]
    code = run_program(["--fallback=http://127.0.0.1:9/other/", *(places.get(arg, arg) for arg in given)])
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "mirror").exists()
