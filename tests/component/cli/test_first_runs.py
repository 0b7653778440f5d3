"""First runs: the URL of a file, and a run without DIR. The program runs in this process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import crawler
from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Cut, Page, Redirect, Status
from tests.support.misbehaving.server import Site

LOGIN = b"<html><body><form>Log in</form></body></html>"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory, made the current one."""
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
        assert not (here / "DIR").exists()
    assert "a web page came instead of a file, perhaps a login or error page" in capsys.readouterr().err


def test_a_login_page_and_a_redirect_to_a_file_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        site.file("a.zip", b"PK one", content_type="application/zip")
        site.on("login/", Page(b"<html><form><input type=password></form></html>"))
        site.on("latest/", Redirect("/pub/a.zip"))
        for name, said in (("login/", "it asks for a password: --cookies FILE, --netrc or --header @FILE may log in"),
                           ("latest/", f"it redirects to a file: give its URL, {site.url}a.zip")):  # fmt: skip
            assert cli.run([site.url + name, "DIR"]) == 3
            assert capsys.readouterr().err.rstrip().endswith(said)


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
        assert "sub exists here and is not a mirror: specify DIR" in capsys.readouterr().err
        assert [path.name for path in (here / "sub").iterdir()] == ["mine"]


def test_an_explanation_without_dir_is_about_the_directory_that_a_run_would_have(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        site.file("a.txt", b"a")
        for said in ("fetch: new", "unchanged, no request: same row"):
            assert cli.run(["--explain", "a.txt", site.url]) == 0
            assert said in capsys.readouterr().out
            assert cli.run([site.url]) == 0
        (here / "pub/.crawler").rename(here / "elsewhere")
        assert cli.run(["--explain", "a.txt", site.url]) == 2
        assert "pub exists here and is not a mirror: specify DIR" in capsys.readouterr().err


def test_without_any_argument_the_usage_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    assert capsys.readouterr().err.startswith("Usage:\n  crawler [OPTIONS] URL [DIR] ")


def test_the_help_page_ends_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert "Examples:\n" in capsys.readouterr().out


FILTERS: list[tuple[list[str], str]] = [
    (["--include", "*.ZIP"], "no file matched --include '*.ZIP': case matters, and there is a.zip"),
    (["--exclude", "*"], "--exclude '*' refused all 3 files"),
    (["--exclude", "releases"],
     "no file matched --exclude 'releases': releases is a directory: write 'releases/'"),
    (["--exclude", "release/"], "no directory matched --exclude 'release/': did you mean releases/?"),
    (["--exclude", "/pub/releases/"],
     "no directory matched --exclude '/pub/releases/': a path is relative to URL: write 'releases/'"),
    (["--ext", "zpi"], "no file matched --ext zpi: did you mean zip?"),
    (["--min-size", "1T"], "--min-size 1.0 TiB refused all 3 files: the largest has 3 B"),
    (["--max-size", "1"], "--max-size 1 B refused all 3 files: the smallest has 3 B; a number without a unit is bytes"),
    (["--newer-than", "7"],
     "--newer-than 7s refused all 3 files: a number without a unit is seconds; did you mean 7d?"),
]  # fmt: skip
"""Options → what is said of them, by each way to run a mirror."""


def test_a_filter_that_decides_nothing_or_refuses_everything_is_mailed_once(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        for name in ("a.zip", "b.iso", "releases/c.zip"):
            site.file(name, b"abc")
        for number, (options, text) in enumerate(FILTERS):
            arguments = [*options, site.url, f"d{number}"]
            assert cli.run(["--quiet", *arguments]) == 0
            printed = capsys.readouterr()
            assert f"problem: {text}\n" in printed.err
            assert not printed.out
            assert cli.run(["--quiet", *arguments]) == 0
            assert capsys.readouterr() == ("", ""), "cron does not mail it each night"
            assert cli.run(["-v", *arguments]) == 0
            assert f"Note: {text}\n" in capsys.readouterr().out
        report = crawler.mirror_sync(site.url, "library", include="*.{zip,tar}")
        said = 'no file matched include="*.{zip,tar}": {a,b} is not supported: write include=["*.zip", "*.tar"]'
        assert (report.ok, report.warnings) == (True, (said,))
        mirror = f'[[mirror]]\nname = "x"\nurl = "{site.url}"\n'
        (here / "m.toml").write_text(f'{mirror}dir = "toml"\nexclude = "*"\n')
        for is_new in (True, False):
            assert cli.run(["--config", "m.toml"]) == 0
            assert ('problem: exclude = "*" refused all 3 files\n' in capsys.readouterr().err) == is_new


def test_a_hint_is_in_the_notation_in_which_its_option_was_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filed = 'no file matched include = "*.{zip,tar}": {a,b} is not supported: write include = ["*.zip", "*.tar"]'
    typed = filed.replace('include = "*.{zip,tar}"', "--include '*.{zip,tar}'")
    typed = typed.replace('include = ["*.zip", "*.tar"]', "--include '*.zip' --include '*.tar'")
    with Site() as site:
        site.file("a.zip", b"abc")
        site.on("login/", Status(401, (("WWW-Authenticate", "Basic"),)))
        mirror = f'[defaults]\nattempts = 1\n[[mirror]]\nname = "x"\nurl = "{site.url}"\n'
        (here / "a.toml").write_text(f'{mirror}dir = "a"\ninclude = "*.{{zip,tar}}"\nlog_file = "log"\n')
        (here / "b.toml").write_text(f'{mirror}dir = "b"\n'.replace(site.url, f"{site.url}login/"))
        assert cli.run(["--config", "a.toml"]) == 0
        printed = capsys.readouterr().err
        assert f"problem: {filed}\n" in printed
        assert "Skipped: 1 by include\n" in printed
        assert f"({filed})" in Path("log").read_text()
        assert cli.run(["--include", "*.{zip,tar}", site.url, "c"]) == 0
        assert f"problem: {typed}\n" in capsys.readouterr().err
        Path("a/.crawler/state.sqlite3").unlink()
        assert cli.run(["--config", "a.toml", "--include", "*.{zip,tar}"]) == 0
        assert f"problem: {typed}\n" in capsys.readouterr().err
        assert cli.run(["--config", "b.toml"]) == 3
        assert 'netrc = true, or header = "@FILE"' in capsys.readouterr().err


def test_filters_apply_to_the_entries_that_are_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*options: str) -> list[str]:
        assert cli.run(["--list", *options, site.url]) == 0
        return [line.rpartition("/")[2] or "releases/" for line in capsys.readouterr().out.splitlines()]

    with Site() as site:
        for name in ("a.zip", "b.iso", "releases/c.zip"):
            site.file(name, b"abc")
        assert sorted(listed()) == ["a.zip", "b.iso", "releases/"]
        assert sorted(listed("--ext", "zip")) == ["a.zip", "releases/"]
        assert sorted(listed("--exclude", "releases/", "--exclude", "a*")) == ["b.iso"]
        assert listed("--min-size", "1K", "--exclude", "releases/") == []
    assert list(here.iterdir()) == []


def test_a_filter_that_may_have_nothing_to_do_is_a_note_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Site() as site:
        for name in ("a.zip", "b.iso", "releases/c.zip"):
            site.file(name, b"abc")
        options = ["--exclude", "*.tmp", "--exclude", "tmp/", "--min-size", "1", "--older-than", "30"]
        week = ["--newer-than", "1h", "--ext", "zip"]
        notes = [
            "Note: no file matched --exclude '*.tmp'",
            "Note: no directory matched --exclude 'tmp/'",
            "Note: --min-size 1 B refused no file: the smallest has 3 B",
            "Note: --older-than 30s refused no file: a number without a unit is seconds; did you mean 30d?",
        ]
        assert cli.run([*options, site.url, "one"]) == 0
        assert capsys.readouterr() == ("", ""), "cron does not mail it"
        assert cli.run([*week, site.url, "week"]) == 0
        assert capsys.readouterr() == ("", ""), "there may be a new file tomorrow"
        assert cli.run(["-v", *week, site.url, "another"]) == 0
        assert re.search("Note: .*--newer-than 1h.* refused all 3 files\n", capsys.readouterr().out)
        assert cli.run(["-v", *options, site.url, "two"]) == 0
        assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("Note: ")] == notes
        assert cli.run(["-v", *options, site.url, "two"]) == 0
        assert "Note: " not in capsys.readouterr().out
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


def test_observers_know_the_size_of_a_single_file_before_it_arrives(here: Path) -> None:
    class Events(crawler.Observer):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def listed(self, path: str, size: int | None) -> None:
            self.seen.append(f"listed {path} {size}")

        def walked(self) -> None:
            self.seen.append("walked")

        def started(self, job: crawler.Job) -> None:
            self.seen.append(f"started {job.path}")

        def received(self, job: crawler.Job, count: int) -> None:
            if self.seen[-1] != "received":
                self.seen.append("received")

        def finished(self, result: crawler.Result) -> None:
            self.seen.append(f"finished {result.path}")

    data, events = bytes(range(256)) * 8192, Events()
    with Site() as site:
        site.file("a.bin", data)
        assert crawler.mirror_sync(site.url + "a.bin", here / "DIR", observers=[events]).saved == 1
    assert events.seen == [f"listed a.bin {len(data)}", "walked", "started a.bin", "received", "finished a.bin"]


@pytest.mark.filterwarnings("error")
def test_a_bracket_in_a_set_is_no_warning_of_python(here: Path) -> None:
    with Site() as site:
        site.file("[a].zip", b"abc")
        assert crawler.mirror_sync(site.url, "d", include=r"re:[[]a[]]\.zip$").saved == 1
