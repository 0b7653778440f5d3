"""Rows H: servers that try to write outside DIR or to obtain credentials for another host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import pytest

from tests.support.misbehaving.behaviours import CookieGate, Redirect, Says
from tests.support.misbehaving.logins import PASSWORD, USER, AsksForDigest
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import (
    authority,
    beside,
    blob,
    certificate,
    each_beside,
    populate,
    with_credentials,
)
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Log, Site
from tests.support.misbehaving.site import OLD, Resource

OWNED = b"owned"

# fmt: off
TRAVERSALS = (
    "../../owned", "%2e%2e/%2e%2e/owned", "..%2f..%2fowned", "%2e%2e%2f%2e%2e%2fowned", "%252e%252e%252fowned",
    "....//....//owned", "..%252f..%252fowned", ".%2e/.%2e/owned", "%2e./owned", "sub/../../owned", "./../owned",
    "..%2F", "..%2f/owned", "%2e%2e%2fowned/", "a%2f..%2f..%2f..%2fowned", "..%c0%afowned", "..;/owned",
    "../pub2/owned", "/pub2/owned", "/publ/../pub2/owned",
)
DISGUISES = (
    "%2Ftmp%2Fowned", "/tmp/owned", "//tmp/owned", "///owned", "..%5c..%5cowned", "C:%5cowned", "C:/owned", "%00",
    "~", "~root/owned", "$HOME/owned", ".", "%2E/", "%2e", "..", "%2e%2e", "..%00/owned", "\\owned", "..\\..\\owned",
    "owned%00.txt", "http:owned", "http:///owned", "http://", "http://[::1/owned", "//[", "%", "%zz", "%2",
    "http://127.0.0.1:99999/owned",
)
# fmt: on


def answers_everything(site: Site) -> None:
    """A site where every undefined URL is a file whose name leads elsewhere."""

    def resource(target: str) -> Resource | None:
        if target == "/robots.txt" or target.endswith("/"):
            return None
        return Resource(path=target, state=Version(data=OWNED, mtime=OLD))

    site.otherwise = resource


def stay_below_the_root(log: Log) -> None:
    for target in log.targets:
        if target != "/robots.txt":
            assert f"{normpath(unquote(target.partition('?')[0]))}/".startswith("/pub/"), target


@pytest.mark.row("H01", "H02")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
@pytest.mark.parametrize("hrefs", [TRAVERSALS, DISGUISES], ids=["H01 traversals", "H02 disguises"])
def test_no_name_leads_out_of_the_directory(sandbox: Sandbox, shape: str, hrefs: tuple[str, ...]) -> None:
    with Site(shape=shape) as site:
        answers_everything(site)
        wanted = populate(site)
        site.links(*hrefs)
        run = sandbox.mirror(site.url, attempts=1)
        run.ends(0, 5)
        there = sandbox.tree()
        assert {path: there.get(path) for path in wanted} == wanted
        stay_below_the_root(site.log)


@pytest.mark.row("H01")
def test_directories_may_not_lead_out_either(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    answers_everything(site)
    site.links(*(f"{href.rstrip('/')}/" for href in TRAVERSALS), size=None)
    run = sandbox.mirror(site.url, attempts=1)
    run.ends(0, 5)
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted} == wanted
    stay_below_the_root(site.log)


@pytest.mark.own
@pytest.mark.row("H01", "H02")
@pytest.mark.parametrize("href", ["..%2fesc", "a%00b"])
def test_a_name_that_cannot_be_saved_fails_in_every_run_and_is_given_a_reason(
    sandbox: Sandbox, site: Site, href: str
) -> None:
    populate(site)
    site.links(href)
    sandbox.mirror(site.url).fails(5)
    there = sandbox.tree()
    site.remove("other/g")
    for delete in (False, True):
        run = sandbox.mirror(site.url, delete=delete)
        run.fails(5)
        run.says("contains a slash or NUL")
    sandbox.holds(there)


@pytest.mark.row("H03")
def test_a_redirect_or_a_disposition_does_not_choose_the_name(sandbox: Sandbox, site: Site) -> None:
    wish = (("Content-Disposition", "attachment; filename=\"../../x\"; filename*=UTF-8''..%2F..%2F.bashrc"),)
    site.file("a.bin", blob(500), Says(headers=wish))
    site.file("b.bin", blob(600), Redirect("/pub/elsewhere/.bashrc"))
    site.file("elsewhere/.bashrc", blob(600))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("H03")
def test_a_redirect_out_of_the_tree_is_refused(sandbox: Sandbox, site: Site) -> None:
    answers_everything(site)
    targets = ("%2e%2e%2f.bashrc", "/pub/%2e%2e%2f.bashrc", "../.bashrc", "/pub/../.bashrc", "/.bashrc")
    good = each_beside(site, {f"f{n}": Redirect(target) for n, target in enumerate(targets)}, blob(5))
    sandbox.mirror(site.url, attempts=1).fails(5)
    sandbox.holds(good)
    stay_below_the_root(site.log)


ELSEWHERE = (
    "http://localhost:{port}/pub/x",
    "//localhost:{port}/pub/x",
    "http://127.0.0.1:{port}/pub/x",
    "http://127.0.0.1:{here}@127.0.0.1:{port}/pub/x",
    "http://127.0.0.1:{port}#@127.0.0.1:{here}/pub/x",
    "http://127.0.0.1:{port}\\@127.0.0.1:{here}/pub/x",
    "http://[::ffff:127.0.0.1]:{port}/pub/x",
    "http://2130706433:{port}/pub/x",
    "http:\\\\127.0.0.1:{port}/pub/x",
    "http:/\t/127.0.0.1:{port}/pub/x",
)


@pytest.mark.row("H04")
@pytest.mark.parametrize("kind", ["files", "folders"])
def test_a_link_to_another_origin_is_not_followed(sandbox: Sandbox, site: Site, kind: str) -> None:
    wanted = populate(site)
    with Site() as other:
        answers_everything(other)
        hrefs = [href.format(port=other.port, here=site.port) for href in ELSEWHERE]
        site.links(*(hrefs if kind == "files" else [f"{href}/" for href in hrefs]), size=5 if kind == "files" else None)
        sandbox.mirror(site.url, attempts=1)
        assert other.log == []
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted} == wanted


BASES = ("http://localhost:{port}/pub/", "//127.0.0.1:{port}/", "file:///etc/", "/", "../../")


@pytest.mark.row("H04")
def test_a_base_that_points_elsewhere_is_not_followed(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    with Site() as other:
        answers_everything(other)
        for number, base in enumerate(BASES):
            page = nginx(f"/pub/sub{number}/", [Row(href="passwd", size=5, mtime=OLD)]).decode()
            tag = f'<head><base href="{base.format(port=other.port)}">'
            site.listing(f"sub{number}", page.replace("<head>", tag).encode())
        sandbox.mirror(site.url, attempts=1)
        assert other.log == []
        stay_below_the_root(site.log)
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted} == wanted


@pytest.mark.row("H05")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["port", "host"])
def test_credentials_do_not_follow_a_redirect(sandbox: Sandbox, site: Site, host: str) -> None:
    with Site(host=host) as other:
        for status in (301, 302, 303, 307, 308):
            other.file(f"{status}", blob(500))
            site.file(f"{status}", blob(500), Redirect(f"{other.url}{status}", status=status))
        site.file("good.bin", blob(100))
        site.on("", Says(headers=(("Set-Cookie", "secret=c00kie; Path=/"),)))
        sandbox.mirror(with_credentials(site)).fails(5)
        assert "authorization" in site.log.of("/pub/good.bin")[0].headers
        for request in other.log:
            assert {"authorization", "cookie", "referer"}.isdisjoint(request.headers)


@pytest.mark.own
@pytest.mark.row("H25")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_site_that_sets_a_cookie_before_it_sends_anything_is_mirrored(
    sandbox: Sandbox, site: Site, processes: str
) -> None:
    for name in ("a.bin", "sub/b.bin"):
        site.file(name, blob(500), CookieGate())
    for directory in ("", "sub/"):
        site.on(directory, CookieGate())
    sandbox.mirror(site.url, more=[f"--processes={processes}"]).succeeds()
    sandbox.holds(site.contents())
    sandbox.mirror(site.url, more=["--header=Cookie: own=1"]).fails(3)
    given = sandbox.reports / "cookies.txt"
    given.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tseen\t1\n")
    before = len(site.log)
    clean = sandbox.mirror(site.url, more=[f"--cookies={given}"])
    clean.succeeds()
    assert all("seen=1" in request.headers.get("cookie", "") for request in site.log[before:])
    assert "seen" not in clean.output
    given.write_text("seen=1\n")
    wrong = sandbox.mirror(site.url, more=[f"--cookies={given}"])
    wrong.fails(2)
    wrong.says(f"--cookies {given}: not in Netscape's format")


@pytest.mark.own
@pytest.mark.row("H05", "M15")
@pytest.mark.parametrize("netrc", [False, True], ids=["url", "netrc with default"])
def test_credentials_stay_at_home_even_when_the_other_host_is_allowed(
    sandbox: Sandbox, site: Site, netrc: bool
) -> None:
    with Site(host="localhost") as other:
        other.file("a.bin", blob(500))
        other.file("b.bin", blob(600))
        site.file("good.bin", blob(100))
        site.file("a.bin", blob(500), Redirect(f"{other.url}a.bin"))
        site.links(f"{other.url}b.bin", size=600)
        more = [f"--allow-host={other.host}", f"--allow-host={other.host}:{other.port}", "--header=X-Token: t0ken"]
        url = with_credentials(site)
        if netrc:
            path = sandbox.home / ".netrc"
            path.write_text("machine 127.0.0.1 login someone password pa55w0rd\ndefault login any password other\n")
            path.chmod(0o600)
            sandbox.remember()
            url, more = site.url, [*more, "--netrc"]
        sandbox.mirror(url, more=more).succeeds()
        assert sandbox.tree()["a.bin"] == blob(500)
        assert all("authorization" in request.headers for request in site.log.of("/pub/good.bin"))
        assert other.log != []
        for request in other.log:
            assert {"authorization", "cookie", "referer", "x-token"}.isdisjoint(request.headers)


@pytest.mark.row("H26")
def test_a_password_is_proven_where_digest_is_asked_for_and_never_sent(sandbox: Sandbox, site: Site) -> None:
    digest = AsksForDigest(uses=2, beside=('Basic realm="x"',))
    site.directory("", digest)
    for name in ("a.bin", "b.bin", "c.bin"):
        site.file(name, blob(500), digest)
    with Site(host="localhost") as other:
        other.file("d.bin", blob(600), digest)
        site.links(f"{other.url}d.bin", size=600)
        url = site.url.replace("://", f"://{USER}:{PASSWORD.replace(' ', '%20')}@")
        run = sandbox.mirror(url, more=["--allow-host=*", "--attempts=1"])
        run.fails(5)
        assert [request.headers.get("authorization") for request in other.log if "d.bin" in request.target] == [None]
    assert sorted(sandbox.tree()) == ["a.bin", "b.bin", "c.bin"]
    sent = [request.headers.get("authorization", "") for request in site.log]
    assert {text.partition(" ")[0] for text in sent} == {"", "Digest"}
    assert PASSWORD not in run.output + str(sent)


@pytest.mark.row("H27")
def test_a_server_cannot_choose_where_a_file_goes(sandbox: Sandbox, site: Site) -> None:
    names = ["..%2F..%2Fevil", "%2Ftmp%2Fevil", ".crawler", "good", "good", "a%1B%5B31m", "sub%2Fevil"]
    for number, name in enumerate(names):
        said = (("Content-Disposition", f"attachment; filename=decoy; filename*=UTF-8''{name}"),)
        site.file(f"{number}", blob(100), Says(headers=said))
    given = sandbox.reports / "urls"
    given.write_text("".join(f"{site.url}{number}\n" for number in range(len(names))))
    command = sandbox.command(site.url, more=["--name-from=header", f"--input-file={given}", "--attempts=1"])
    command.remove(site.url)
    run = sandbox.note(sandbox.start_raw(command).finish())
    run.fails(5)
    run.says("contains '..'", "is an absolute path", "contains a slash", "two URLs for one path")
    assert sorted(sandbox.tree()) == ["good"]


@pytest.mark.row("H06")
@pytest.mark.parametrize("when", ["file", "folder", "root"])
def test_a_redirect_to_another_origin_is_refused(sandbox: Sandbox, site: Site, when: str) -> None:
    good = beside(site, "a.bin", blob(500))
    with Site() as other:
        populate(other)
        to = Redirect(f"{other.origin}/latest/meta-data/")
        site.directory("sub", to) if when == "folder" else site.on("a.bin" if when == "file" else "", to)
        run = sandbox.mirror(site.url)
        run.fails(3 if when == "root" else 5)
        assert other.log == []
        if when == "file":
            sandbox.holds(good)
            run.says("--allow-host")


@pytest.mark.row("H07")
def test_https_is_never_left_for_http(sandbox: Sandbox) -> None:
    ca_file = authority(sandbox.reports)
    with Site(tls=certificate()) as site, Site() as plain:
        good = beside(site, "a.bin", blob(500))
        plain.file("a.bin", blob(500))
        site.on("a.bin", Redirect(f"{plain.url}a.bin"))
        sandbox.mirror(site.url, ca_file=ca_file).fails(5)
        sandbox.holds(good)
        assert plain.log == []


@pytest.mark.row("H28")
def test_no_module_in_dir_is_imported_though_dir_is_the_working_directory(site: Site, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in sorted(sys.stdlib_module_names | {"lxml", "rich", "aiohttp", "brotli", "uvloop", "sitecustomize"}):
        site.file(f"{name}.py", f"open({str(ran)!r}, 'a').write({name!r})".encode())
    directory = tmp_path / "mirror"
    directory.mkdir()
    options = ["--snapshots=2", "--delete", "--newer-than=2001-01-01", f"--summary={tmp_path / 'summary.json'}"]
    subprocess.run(
        [sys.executable, "-m", "crawler", *options, f"--report={tmp_path / 'report.html'}", site.url, "."],
        cwd=directory, check=True, timeout=60,
    )  # fmt: skip
    assert (directory / "_strptime.py").exists()
    assert not ran.exists(), ran.read_text()
