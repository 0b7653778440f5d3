"""--netrc without an entry for a host that asks for a login: said once, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import crawler
from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site

ENTRIES = {
    "of another host": ("machine other.example login a password b", "has no entry for 127.0.0.1"),
    "without a password": ("machine 127.0.0.1 login a pass hush", "has an entry for 127.0.0.1 without a password: "),
    "of this host": ("machine 127.0.0.1 login a password b", ""),
    "default": ("default login a password b", ""),
}
"""Content of .netrc, and what is said about it where the site asks for a login."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", "netrc")
    with Site() as running:
        running.file("open/a", b"a")
        running.file("open/b", b"b", Status(401))
        running.file("closed/a", b"a")
        running.on("closed/", Status(401))
        yield running


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("words", [[], ["--list"], ["--explain=a"], ["--dry-run"]])
def test_the_missing_entry_is_the_advice(
    site: Site, words: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, lack = ENTRIES[name]
    Path("netrc").write_text(content)
    place = [] if words == ["--list"] else ["d"]
    assert cli.run(["--netrc", *words, f"{site.url}closed/", *place]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert (f"netrc {lack}" in line and line.endswith(" (--netrc)")) == bool(lack)
    assert ("--header @FILE" in line) != bool(lack), "advice is given once"
    assert "hush" not in line


@pytest.mark.parametrize("name", ENTRIES)
def test_files_that_ask_for_a_login_are_explained_once(
    site: Site, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, lack = ENTRIES[name]
    Path("netrc").write_text(content)
    Path("list").write_text(f"{site.url}open/a\n{site.url}open/b\n")
    for words in ([f"{site.url}open/"], ["--input-file", "list"]):
        assert cli.run(["--netrc", *words, f"d{len(words)}"]) == 5
        said = capsys.readouterr().err
        assert said.count(f"HTTP 401, and netrc {lack or 'has '}") == bool(lack)


def test_nothing_is_said_if_no_login_is_asked_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Path("netrc").write_text("machine other.example login a password b")
    site.on("open/b")
    assert cli.run(["--netrc", f"{site.url}open/", "d"]) == 0
    assert capsys.readouterr().err == ""


def test_the_library_names_the_keyword(site: Site) -> None:
    Path("netrc").write_text("machine other.example login a password b")

    async def walk() -> None:
        async with crawler.walk(f"{site.url}closed/", netrc=True) as entries:
            assert [entry async for entry in entries] == []

    for call in (walk, lambda: crawler.mirror(f"{site.url}closed/", "d", netrc=True)):
        with pytest.raises(crawler.ListingError, match=r"netrc has no entry for 127.0.0.1 \(netrc=True\)"):
            asyncio.run(call())
