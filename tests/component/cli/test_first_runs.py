"""The URL of a file, and a run without DIR. The program runs in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

import crawler
from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Cut, Page, Redirect, Status
from tests.support.misbehaving.server import Site

LOGIN = b"<html><body><form>Log in</form></body></html>"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_url_of_a_file_saves_that_file_and_asks_with_a_condition_later(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = bytes(range(256)) * 4096
    with Site() as site:
        site.file("a.zip", b"PK one", content_type="application/zip")
        site.file("b.json", b'{"b": 1}', content_type="application/json")
        site.file("c.bin", large)
        for name in ("a.zip", "b.json", "c.bin", "a.zip"):
            assert cli.run(["-v", site.url + name, "DIR"]) == 0
            assert f"Note: URL is a file, not a listing: its path is DIR/{name}" in capsys.readouterr().out
        assert (here / "DIR/a.zip").read_bytes() == b"PK one"
        assert (here / "DIR/c.bin").read_bytes() == large
        assert [request.status for request in site.log.of("/pub/a.zip")] == [200, 304]
        site.log.clear()
        assert cli.run([site.url + "a.zip", "DIR"]) == 0
        assert capsys.readouterr() == ("", ""), "under cron a run without a problem prints nothing"
        assert [(request.path, request.status) for request in site.log] == [("/robots.txt", 404), ("/pub/a.zip", 304)]
        site.file("a.zip", b"PK second", mtime=1_740_000_000, content_type="application/zip")
        assert cli.run(["--delete", site.url + "a.zip", "DIR"]) == 0
        assert (here / "DIR/a.zip").read_bytes() == b"PK second"
        assert sorted(path.name for path in (here / "DIR").iterdir()) == [".crawler", "a.zip", "b.json", "c.bin"]
        site.on("a.zip", Page(LOGIN))
        assert cli.run([site.url + "a.zip", "DIR"]) == 5
        assert "login" in capsys.readouterr().err
        site.on("a.zip", Status(404))
        assert cli.run([site.url + "a.zip", "DIR"]) == 5
        assert (here / "DIR/a.zip").read_bytes() == b"PK second"


def test_a_page_in_place_of_the_file_is_not_saved(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        site.on("a.zip", Page(LOGIN))
        site.on("b.zip", Redirect("/pub/login"))
        site.on("login", Page(LOGIN))
        site.on("c.zip", Status(403))
        for name in ("a.zip", "b.zip", "c.zip"):
            assert cli.run([site.url + name, "DIR"]) == 3
        assert [path.name for path in (here / "DIR").iterdir()] == [".crawler"]
    assert "no file came but a web page, perhaps of a login or an error" in capsys.readouterr().err


def test_a_mirror_whose_listing_becomes_a_text_stays_as_it_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        site.file("sub/a.txt", b"a")
        site.on("sub", Redirect("/pub/sub/", status=301))
        url = site.url + "sub"
        assert cli.run([url, "DIR"]) == 0
        site.file("sub", b"under maintenance", listed=False, content_type="text/plain")
        assert cli.run([url, "DIR"]) == 3
        assert "not a directory listing (text/plain)" in capsys.readouterr().err
        assert cli.run([site.url + "sub/a.txt", "DIR"]) == 2
        assert "is the mirror of" in capsys.readouterr().err
    assert sorted(path.name for path in (here / "DIR").iterdir()) == [".crawler", "a.txt"]


def test_without_dir_the_last_segment_of_url_names_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site, Site() as other:
        for each in (site, other):
            each.file("sub/a.txt", b"a")
        (here / "pub").mkdir()
        assert cli.run(["-v", site.url, "-v"]) == 0
        assert capsys.readouterr().err.splitlines()[0] == f"Mirroring {site.url} into pub"
        assert (here / "pub/sub/a.txt").read_bytes() == b"a"
        assert cli.run([site.url]) == 0, "a second run continues"
        assert capsys.readouterr() == ("", "")
        assert cli.run([other.url]) == 2
        assert "pub is the mirror of" in capsys.readouterr().err
        (here / "sub").mkdir()
        (here / "sub/mine").touch()
        assert cli.run(["--delete", site.url + "sub/"]) == 2
        assert "sub exists here and is not a mirror: write DIR" in capsys.readouterr().err
        assert [path.name for path in (here / "sub").iterdir()] == ["mine"]


def test_without_any_argument_the_usage_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    assert capsys.readouterr().err.startswith("Usage:\n  crawler [OPTIONS] URL [DIR] ")


def test_the_help_page_ends_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert "Examples:\n" in capsys.readouterr().out


def test_a_filter_that_matches_nothing_is_said_and_is_a_warning_only_if_nothing_is_left(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        for name in ("a.zip", "b.iso", "releases/c.zip"):
            site.file(name, b"a")
        nothing = "problem: no file matched --include '*.ZIP': upper and lower case differ, there is a.zip"
        for _ in range(2):
            assert cli.run(["--include", "*.ZIP", site.url, "one"]) == 0
            assert nothing in capsys.readouterr().out
        for _ in range(2):
            assert cli.run(["--ext", "zip,tar", "--exclude", "releases", site.url, "two"]) == 0
            assert capsys.readouterr() == ("", ""), "cron does not mail it"
        assert cli.run(["-v", "--ext", "zip,tar", "--exclude", "releases", site.url, "two"]) == 0
        said = capsys.readouterr().out
        assert "Note: no file matched --ext tar: the extensions listed are " in said
        assert "Note: no file matched --exclude 'releases': releases is a directory: write 'releases/'" in said
        assert cli.run(["-v", "--max-files", "1", "--ext", "zip,tar", site.url, "three"]) == 9
        assert "no file matched" not in capsys.readouterr().out, "not everything was seen"


def test_an_observer_is_told_where_a_body_continues(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Offsets(crawler.Observer):
        def __init__(self) -> None:
            self.seen: list[tuple[str, int]] = []
            self.bytes = 0

        def received(self, job: crawler.Job, count: int) -> None:
            self.bytes += count

        def resumed(self, job: crawler.Job, offset: int) -> None:
            self.seen.append((job.path, offset))

    monkeypatch.setattr("crawler.model.limits.BACKOFF_INITIAL", 0.01)
    data, offsets = bytes(range(256)) * 8192, Offsets()
    with Site() as site:
        site.file("a.bin", data, Cut(at=0.5, times=1))
        site.file("b.bin", data)
        assert crawler.mirror_sync(site.url, here / "DIR", observers=[offsets]).saved == 2
    assert offsets.seen == [("a.bin", len(data) // 2)]
    assert offsets.bytes == 2 * len(data), "only what came over the network"
