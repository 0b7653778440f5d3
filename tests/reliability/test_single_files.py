"""The URL of a single file: what is saved, what contradicts an intact copy, and what DIR is afterwards. In-process."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import download
from crawler.cli import parser as cli
from crawler.model import limits
from crawler.model.config import Config
from tests.support.misbehaving.behaviours import Cut, Page, Redirect
from tests.support.misbehaving.samples import KB, blob
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import Resource

PK = b"PK\x03\x04" + bytes(range(256)) * 8
NEWS = b"<!DOCTYPE html><title>News</title><p>Words"
LOGIN = b"<!DOCTYPE html><title>Sign in</title><form><input type=password></form>"
ERROR, XML = b'{"error": "quota exceeded"}', b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
ZIP, TEXT, HTML, JSON = "application/zip", "text/plain", "text/html", "application/json"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory, made the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], args: list[str], code: int) -> str:
    """The output of a run, whose exit code must be ``code``."""
    assert cli.run(["--attempts", "2", *args]) == code
    return "".join(capsys.readouterr())


CONTRADICTIONS = [
    # the copy; the later response; the message; whether the response is accepted once the copy is removed
    ("a.zip", PK, ZIP, ERROR, JSON, "got JSON or XML instead of the file", False),
    ("a.zip", PK, ZIP, XML, "application/xml", "got JSON or XML instead of the file", False),
    ("a.zip", PK, ZIP, b"Error: token expired\n", TEXT, "got text instead of the file", False),
    ("a.zip", PK, ZIP, b"Error: token expired\n", "", "got text instead of the file", False),
    ("a.zip", PK, ZIP, b"Error: token expired\n", ZIP, "got text in place of the file that is here", True),
    ("a.zip", PK, ZIP, LOGIN, HTML, "got an HTML page", False),
    ("a.zip", PK, ZIP, LOGIN, "application/octet-stream", "got an HTML page", False),
    ("a.zip", PK, ZIP, b"", ZIP, "got an empty body in place", True),
    ("a.dat", PK, "application/octet-stream", b"try again", "application/octet-stream", "got text in place", True),
    ("a.pdf", b"%PDF-1.4\n%\x00", "application/pdf", b"no", "application/pdf", "got text in place", True),
    ("a.csv", b"a,b\n1,2\n", "text/csv", ERROR, JSON, "got JSON or XML in place", True),
    ("a.csv", b"a,b\n1,2\n", "text/csv", LOGIN, "text/csv", "got an HTML page in place", True),
    ("README", b"Read me\n", TEXT, LOGIN, TEXT, "got an HTML page in place", True),
    ("README", b"Read me\n", TEXT, b"", TEXT, "got an empty body in place", True),
    ("a.json", b'{"a": 1}', JSON, b"", JSON, "got an empty body in place", True),
    ("a.json", b'{"a": 1}', JSON, b"Error: backend unavailable", TEXT, "got text in place", True),
    ("a.html", NEWS, HTML, b"Error: backend unavailable", TEXT, "got text in place", True),
    ("a.txt", b"plain", TEXT, PK, ZIP, "got binary data in place", True),
]


@pytest.mark.row("L24")
def test_what_contradicts_the_copy_of_a_single_file_does_not_replace_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        for number, (name, good, kind, bad, bad_kind, message, accepted) in enumerate(CONTRADICTIONS):
            url, copy = site.url + name, here / str(number) / name
            site.file(name, good, content_type=kind)
            said(capsys, [url, str(number)], 0)
            site.on(name, Page(bad, bad_kind))
            for is_recorded in (True, False):
                if not is_recorded:  # a copy of another program is as good as one of this
                    (copy.parent / ".crawler/state.sqlite3").unlink()
                is_page = "HTML" in message and bad_kind == HTML and not is_recorded
                text = said(capsys, [url, str(number)], 3 if is_page else 5)
                assert ("a web page came instead of a file" if is_page else message) in text, CONTRADICTIONS[number]
                assert copy.read_bytes() == good
            copy.unlink()
            if accepted:
                said(capsys, [url, str(number)], 0)
                assert copy.read_bytes() == bad
            else:
                assert cli.run([url, str(number)]) in {3, 5}
                assert not copy.exists()
            capsys.readouterr()
            site.remove(name)


@pytest.mark.row("L24")
def test_what_does_not_contradict_the_copy_replaces_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = [
        ("a.zip", PK, ZIP, PK[:-1], ZIP), ("a.zip", PK, ZIP, PK[:-1], TEXT), ("b.csv", b"1", "text/csv", b"2,", TEXT),
        ("c.json", b"[1]", JSON, b'{"a": 2}', JSON), ("d.txt", b"", TEXT, b"text", TEXT), ("e.bin", b"", ZIP, PK, ""),
        ("f.txt", PK, TEXT, b"plain", TEXT), ("h.zip", PK, ZIP, b"z" * 1_100_000, ""),
        ("g.html", NEWS, HTML, b"<html>other", HTML),
    ]  # fmt: skip
    with Site() as site:
        for number, (name, old, old_kind, new, kind) in enumerate(changes):
            site.file(name, old, content_type=old_kind)
            said(capsys, [site.url + name, str(number)], 0)
            site.file(name, new, content_type=kind, mtime=1_740_000_000)
            said(capsys, [site.url + name, str(number)], 0)
            assert (here / str(number) / name).read_bytes() == new, name


@pytest.mark.row("L25")
def test_a_single_file_of_any_type_is_one_transfer_and_later_one_conditional_request(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = 600_000
    bodies = {
        "a.zip": (PK * 300, ZIP), "b.json": (b"[" + b"1," * size + b"1]", JSON),
        "c.xml": (b"<a>" + b"x" * size, "text/xml"),
        "d.html": (b"<html>" + b"x" * size, HTML), "e.txt": (b"x" * size, TEXT), "f.bin": (PK * 300, ""),
        "g.zip": (PK * 300, HTML), "h": (b"words", ""), "i.svg": (b"<svg/>", "image/svg+xml"), "j.bin": (b"", ZIP),
    }  # fmt: skip
    with Site() as site:
        for name, (body, kind) in bodies.items():
            site.file(name, body, content_type=kind)
            for status in (200, 304):
                site.log.clear()
                said(capsys, [site.url + name, "DIR"], 0)
                assert (here / "DIR" / name).read_bytes() == body
                assert [(request.path, request.status) for request in site.log] == [
                    ("/robots.txt", 404), (f"/pub/{name}", status)
                ]  # fmt: skip
        site.file("k.bin", PK * 300, Cut(at=0.6, times=1))
        site.log.clear()
        said(capsys, [site.url + "k.bin", "DIR"], 0)
        assert [request.status for request in site.log.of("/pub/k.bin")] == [200, 206], "a broken transfer goes on"
        for number, at in ((1, 0.6), (2, 0.6), (3, 0.0)):
            name = f"broken{number}.bin"
            site.file(name, PK * 300, Cut(at=at))
            for more in ([], ["--processes", "2"]):
                site.log.clear()
                said(capsys, [*more, "--attempts", str(number), site.url + name, f"CUT{len(more)}"], 5)
                assert len(site.log.of(f"/pub/{name}")) == number, "no more requests than --attempts"
        site.file("l.bin", PK * 300, Cut(at=0.6, times=1))
        said(capsys, ["--attempts", "1", site.url + "l.bin", "DIR"], 5)
        site.log.clear()
        said(capsys, [site.url + "l.bin", "DIR"], 0)
        assert [request.status for request in site.log.of("/pub/l.bin")] == [206], "also in the next run"


@pytest.mark.row("L28")
def test_a_login_page_is_not_the_page_that_was_requested(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = {"form.html": Page(LOGIN), "moved.html": Redirect("/login/moved.html"), "other.html": Redirect("/login"),
               "back.html": Redirect("/start/back.html?next=/pub/back.html"), "up.html": Redirect("/pub/")}  # fmt: skip
    taken = {"login.html": Page(LOGIN), "new.html": Redirect("/en/new.html"), "plain.html": Page(NEWS)}
    with Site(shape="python") as site:  # whose listings have no sizes
        for name, behaviour in (refused | taken).items():
            site.file(name, NEWS, behaviour, content_type=HTML)
        site.otherwise = lambda target: None if "robots" in target else Resource(path=target, behaviours=[Page(NEWS)])
        for name in refused:
            assert ("that is above URL" if name == "up.html" else "perhaps a login") in said(
                capsys, [site.url + name, "first"], 3
            )
        assert not (here / "first").exists()
        for name in taken:
            said(capsys, [site.url + name, f"{name}.d"], 0)
            assert (here / f"{name}.d" / name).exists()
        (here / "list").write_text("".join(f"{site.url}{name}\n" for name in refused | taken))
        problem = "got another page instead, perhaps for a login (--netrc, --header @FILE, --cookies FILE)"
        assert said(capsys, ["--input-file", "list", "listed"], 5).count(problem) == len(refused)
        assert {path.name for path in (here / "listed").iterdir()} == {*taken, ".crawler"}
        said(capsys, [site.url, "mirror", "-q"], 5)
        there = {"form.html", "login.html", "plain.html", ".crawler"}  # a listing shows the form; /en/ is elsewhere
        assert {path.name for path in (here / "mirror").iterdir()} == there
        site.file("later.html", NEWS, content_type=HTML, etag=None)
        said(capsys, [f"{site.url}later.html", "copy"], 0)
        for behaviour in [*refused.values(), Redirect("/start/later.html?next=/pub/later.html")]:
            if behaviour is refused["back.html"]:  # leads back to another page
                continue
            site.file("later.html", NEWS, behaviour, content_type=HTML, etag=None)
            assert problem in said(capsys, [f"{site.url}later.html", "copy"], 5)
            assert (here / "copy/later.html").read_bytes() == NEWS


@pytest.mark.row("L25")
def test_a_file_of_a_program_on_the_server_gets_the_name_that_it_is_given(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attached = (("Content-Disposition", 'attachment; filename="real.zip"'), ("ETag", '"1"'))
    with Site() as site:
        site.on("get.php", Page(PK, ZIP, attached))
        url = site.url + "get.php"
        for _ in range(2):
            assert "its path is DIR/real.zip" in said(capsys, ["-v", f"{url}?id=5", "DIR"], 0)
        assert (here / "DIR/real.zip").read_bytes() == PK
        problem = said(capsys, [f"{url}?id=6", "DIR"], 2)
        assert f"DIR/real.zip is the file of {url}?id=5, not of {url}?id=6" in problem
        said(capsys, ["--moved", f"{url}?id=6", "DIR"], 0)
        (here / "MINE").mkdir()
        (here / "MINE/real.zip").write_bytes(b"mine")
        assert "no run has saved: rename or remove that first" in said(capsys, [f"{url}?id=5", "MINE"], 5)
        assert (here / "MINE/real.zip").read_bytes() == b"mine"
        site.on("get.php", Page(LOGIN))
        assert "a web page came instead of a file" in said(capsys, [f"{url}?id=7", "OTHER"], 3)


@pytest.mark.row("F14")
def test_a_directory_of_single_files_is_no_mirror_of_another_url(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site, Site() as other:
        for each in (site, other):
            each.file("a.zip", PK, content_type=ZIP)
            each.file("sub/b.txt", b"b", content_type=TEXT)
            each.on("empty", Page(b"text", TEXT))
        said(capsys, [site.url + "a.zip", "DIR"], 0)
        said(capsys, [site.url + "sub/b.txt", "DIR"], 0)
        before = sorted(path.name for path in (here / "DIR").iterdir())
        for more in ([], ["--delete"], ["--dry-run"]):
            problem = said(capsys, [*more, other.url, "DIR"], 2)
            assert f"DIR holds files of other URLs, such as a.zip of {site.url}a.zip" in problem
            assert other.url in problem
            assert sorted(path.name for path in (here / "DIR").iterdir()) == before
        problem = said(capsys, [other.url + "a.zip", "DIR"], 2)
        assert f"DIR/a.zip is the file of {site.url}a.zip, not of {other.url}a.zip" in problem
        said(capsys, [site.url, "DIR"], 2)  # b.txt is not where that mirror would store it
        (here / "ONE").mkdir()
        said(capsys, [site.url + "a.zip", "ONE"], 0)
        said(capsys, ["--delete", site.url, "ONE"], 0)
        assert (here / "ONE/a.zip").read_bytes() == PK, "the mirror of the directory of a file takes it over"
        said(capsys, ["--moved", "--delete", "--max-delete", "9", other.url, "DIR"], 0)
        assert sorted(path.name for path in (here / "DIR").iterdir()) == [".crawler", "a.zip", "sub"]


@pytest.mark.row("F14")
def test_the_advice_about_a_directory_that_belongs_to_something_else_leads_on_when_it_is_followed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site, Site() as other:
        for each in (site, other):
            each.file("a.zip", PK, content_type=ZIP)
            each.on("notes", Page(b"text", TEXT))
        said(capsys, [site.url, "DIR"], 0)
        inside = said(capsys, [site.url + "a.zip", "DIR"], 2)
        assert f"or run {site.url}, which has it" in inside
        assert "--moved" not in inside
        outside = said(capsys, [other.url + "a.zip", "DIR"], 2)
        assert outside.rstrip().endswith(": choose another directory for this file")
        assert "add --moved" in said(capsys, [other.url + "notes", "DIR"], 2)
        assert "save it to a directory other than the mirror DIR" in said(
            capsys, ["--moved", other.url + "notes", "DIR"], 3
        )
        said(capsys, [other.url + "notes", "ELSE"], 0)
        assert "add --moved" in said(capsys, [other.url, "DIR"], 2)
        said(capsys, ["--moved", other.url, "DIR"], 0)


@pytest.mark.row("F18")
def test_a_list_and_a_mirror_share_dir_only_if_they_agree_about_each_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site, Site() as other:
        for each in (site, other):
            for name in ("a.zip", "sub/b.zip", "c.zip"):
                each.file(name, PK, content_type=ZIP)
        own, foreign = site.url + "a.zip", other.url + "c.zip"
        (here / "own.txt").write_text(f"{own}\n{site.url}sub/b.zip\tsub/b.zip\n")
        (here / "other.txt").write_text(f"{own}\n{foreign}\tx/c.zip\n")
        (here / "place.txt").write_text(f"{site.url}sub/b.zip\n")
        elsewhere = ["--state", "state.db"]
        for number, state in enumerate(([], elsewhere)):
            mirror, listed = f"MIRROR{number}", f"LIST{number}"
            said(capsys, [*state, site.url, mirror], 0)
            before = sorted((here / mirror).rglob("[a-z]*"))
            for more in ([], ["--moved"], ["--dry-run"], ["--exclude", "c.zip"], ["--name-from", "header"]):
                for name, url in (("other.txt", foreign), ("place.txt", f"{site.url}sub/b.zip")):
                    problem = said(capsys, [*state, *more, "--input-file", name, mirror], 2)
                    assert f"{mirror} is the mirror of {site.url}, to which this file of the list" in problem
                    assert (own if "header" in more and name == "other.txt" else url) in problem
                    assert sorted((here / mirror).rglob("[a-z]*")) == before
            said(capsys, [*state, "--input-file", "own.txt", mirror], 0)
            said(capsys, [*state, "--delete", site.url, mirror], 0)
            assert sorted((here / mirror).rglob("[a-z]*")) == before
            if state:
                (here / "state.db").unlink()
            said(capsys, [*state, "--input-file", "other.txt", listed], 0)
            for more in ([], ["--delete"], ["--dry-run"]):
                problem = said(capsys, [*state, *more, site.url, listed], 2)
                assert f"{listed} holds files of other URLs, such as x/c.zip of {foreign}" in problem
                assert site.url in problem
            said(capsys, [*state, "--input-file", "place.txt", listed], 0)
            assert (here / listed / "x/c.zip").exists(), "a list may lose URLs and gain others"
            assert (here / listed / "b.zip").exists()


@pytest.mark.row("L25")
def test_the_filters_apply_to_a_single_file_and_the_one_that_leaves_it_out_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        site.file("a.zip", PK, content_type=ZIP)
        for options, option in (
            (["--ext", "csv"], "--ext"), (["--exclude", "*.zip"], "--exclude"), (["--include", "*.csv"], "--include"),
            (["--max-size", "10"], "--max-size"), (["--min-size", "1G"], "--min-size"),
            (["--newer-than", "1d"], "--newer-than"), (["--older-than", "2000-01-01"], "--older-than"),
        ):  # fmt: skip
            text = said(capsys, [*options, site.url + "a.zip", "DIR"], 0)
            assert f"problem: {site.url}a.zip is a file, and {option} leaves it out" in text
            assert not (here / "DIR/a.zip").exists()
        assert "larger than --max-total-size" in said(capsys, ["--max-total-size", "9", site.url + "a.zip", "DIR"], 9)
        assert not (here / "DIR/a.zip").exists()
        for options in (["--ext", "csv,zip"], ["--include", "a.*"], ["--max-size", "1M"]):
            assert said(capsys, [*options, site.url + "a.zip", "DIR"], 0) == ""
            (here / "DIR/a.zip").unlink()


@pytest.mark.own
@pytest.mark.row("L27")
async def test_the_same_bytes_are_unchanged_though_the_server_knows_neither_times_nor_conditions(
    site: Site, tmp_path: Path
) -> None:
    bodies = {"tagged": b"a", "bare": b"b", "large": blob(limits.SMALL_BODY + KB), "changing": b"c"}
    for name, body in bodies.items():
        headers = (("ETag", '"1"'),) if name == "tagged" else ()
        site.file(name, body, Page(body, "application/octet-stream", headers))
    items, config = [(site.url + name, "") for name in bodies], Config(snapshots=9)
    assert (await download(items, tmp_path, config)).saved == 4
    before = {name: (tmp_path / name).stat() for name in bodies}
    report = await download(items, tmp_path, config)
    assert (report.saved, report.unchanged, report.exit_code, report.published) == (0, 4, 0, None)
    site.on("changing", Page(b"d", "application/octet-stream"))
    report = await download(items, tmp_path, config)
    assert (report.saved, report.unchanged, report.exit_code) == (1, 3, 0)
    after = {name: (tmp_path / name).stat() for name in bodies}
    same = [
        name
        for name, was in before.items()
        if (was.st_ino, was.st_mtime_ns) == (after[name].st_ino, after[name].st_mtime_ns)
    ]
    assert same == ["tagged", "bare", "large"]
    assert (tmp_path / "changing").read_bytes() == b"d"
    assert not list((tmp_path / ".crawler" / "parts").iterdir())
