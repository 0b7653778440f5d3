"""The statements of docs/exit-codes.md about what ends with which code, tried. In-process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Page, Status
from tests.support.misbehaving.server import Site

HOME, HTML = b"<html><body><p>Welcome</p></body></html>", "text/html"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    with Site() as running:
        running.file("a.zip", b"PK\x03\x04")
        running.file("sub/b", b"b")
        running.file("page.html", HOME, content_type=HTML)
        running.file("page", HOME, content_type=HTML, listed=False)
        running.file("index.html", HOME, content_type=HTML, listed=False)
        yield running


def test_what_is_2_and_changes_nothing(site: Site) -> None:
    for mode in ("--verify", "--history"):
        assert cli.run([mode, "absent"]) == 2
    assert cli.run([site.url, "d", "-q"]) == 0
    assert cli.run([f"{site.url}sub/", "d"]) == 2
    assert {path.name for path in Path().iterdir()} == {"d"}


def test_what_is_3_and_what_is_saved_as_a_file_instead(site: Site) -> None:
    for name in ("page", "index.html", "absent", "absent/"):
        assert cli.run([site.url + name, "d"]) == 3
        assert not Path("d").exists()
    for name in ("a.zip", "page.html"):
        assert cli.run(["--list", site.url + name]) == 3
        assert cli.run([site.url + name, f"{name}.d"]) == 0
        site.at(name).behave((Status(404),))
        assert cli.run([site.url + name, f"{name}.d"]) == 5
        assert Path(f"{name}.d", name).exists()


def test_what_is_in_the_place_of_dir_is_4_and_below_it_5(site: Site) -> None:
    Path("file").touch()
    assert cli.run([site.url, "file"]) == cli.run([site.url, "file/below"]) == 4
    Path("d").mkdir()
    Path("d/sub").touch()
    assert cli.run([site.url, "d"]) == 5
    assert Path("d/a.zip").exists()


def test_what_is_5(site: Site) -> None:
    assert cli.run([site.url, "d", "-q"]) == 0
    assert cli.run(["--explain", "absent", site.url, "d"]) == 5
    assert cli.run(["--explain", "sub/absent", "--exclude", "sub/", site.url, "d"]) == 0, "a rule decides"
    Path("d/a.zip").write_bytes(b"")
    assert cli.run(["--verify", "d"]) == 5
    Path("list").write_text(f"{site.url}absent\n")
    assert cli.run(["--input-file", "list", "listed"]) == 5
    site.on("sub/", Page(site.at("sub/").version().data[:-20]))
    assert cli.run(["--list", f"{site.url}sub/"]) == 5
    site.on("sub/", Status(500))
    assert cli.run([site.url, "d", "--attempts", "1"]) == 5


def test_what_is_9_prints_nothing_unless_a_file_will_never_fit(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([site.url, "d", "--max-files", "1"]) == 9
    assert capsys.readouterr() == ("", "")
    assert cli.run([site.url, "d", "--max-total-size", "1"]) == 9
    assert "no run will save it" in capsys.readouterr().err
