"""Each hint that names an option or a URL leads further when it is followed to the letter.

The program runs in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Page, Redirect
from tests.support.misbehaving.logins import AsksForBasic
from tests.support.misbehaving.samples import authority, certificate
from tests.support.misbehaving.server import Site

BINARY = b"PK\x03\x04" + bytes(100)


class Sites:
    """The servers of these tests: ``plain``, another one, and one with TLS."""

    def __init__(self, plain: Site, other: Site, tls: Site) -> None:
        self.plain, self.other, self.tls = plain, other, tls


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    with Site() as plain, Site(host="localhost") as other, Site(tls=certificate()) as tls:
        for site in (plain, other, tls):
            site.file("a.zip", BINARY)
            site.file("sub/b.txt", b"b")
        plain.on("away", Redirect(f"{other.url}a.zip"))
        plain.on("up/", Redirect("/pub/"))
        other.file("locked/c.txt", b"c")
        other.on("locked/", AsksForBasic())
        plain.on("index.html", Page(b"gone", "text/plain"))
        yield Sites(plain, other, tls)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the files that the hints ask for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine localhost login user password secret\n")
    (tmp_path / "login").write_text("Authorization: Basic dXNlcjpzZWNyZXQ=\n")
    authority(tmp_path)
    return tmp_path


Make = Callable[[Sites], list[str]]
Row = tuple[str, Make, int, str, Make, int]

ROWS: list[Row] = [
    # what; the mistake; its exit code; the hint; the hint followed; the exit code then
    ("http on a port of TLS", lambda s: [s.tls.url.replace("https", "http"), "D"], 8, "try https://",
     lambda s: [s.tls.url, "D"], 3),
    ("untrusted", lambda s: [s.tls.url, "D"], 3, "--ca-file FILE trusts",
     lambda s: ["--ca-file", "authority.pem", s.tls.url, "D"], 0),
    ("wildcard", lambda s: [s.plain.url + "*.zip", "D"], 3, "and --include '*.zip'",
     lambda s: ["--include", "*.zip", s.plain.url, "D"], 0),
    ("another host", lambda s: [s.plain.url + "away", "D"], 3, "or allow --allow-host localhost:",
     lambda s: ["--allow-host", f"localhost:{s.other.port}", s.plain.url + "away", "D"], 0),
    ("above", lambda s: [s.plain.url + "up/", "D"], 3, "start there if this is intended",
     lambda s: [s.plain.url, "D"], 0),
    ("a login", lambda s: [s.other.url + "locked/", "D"], 3, "--netrc, or --header @FILE",
     lambda s: ["--netrc", s.other.url + "locked/", "D"], 0),
    ("a login by header", lambda s: [s.other.url + "locked/", "D"], 3, "--netrc, or --header @FILE",
     lambda s: ["--header", "@login", s.other.url + "locked/", "D"], 0),
    ("scp", lambda s: [s.plain.url, "host:D"], 2, "or write ./host:D", lambda s: [s.plain.url, "./host:D"], 0),
    ("the shell", lambda s: [s.plain.url, "~/D"], 2, "or write ./~/D", lambda s: [s.plain.url, "./~/D"], 0),
    ("Windows", lambda s: [s.plain.url, "C:\\D"], 2, "or write ./C:\\D", lambda s: [s.plain.url, "./C:\\D"], 0),
    ("quotes", lambda s: [f"'{s.plain.url}'", "D"], 2, "leave out what is around it", lambda s: [s.plain.url, "D"], 0),
    ("a command", lambda s: ["sync", s.plain.url, "D"], 2, "leave it out; an exact copy",
     lambda s: ["--delete", s.plain.url, "D"], 0),
    ("a directory rule", lambda s: ["--include", "sub/", s.plain.url, "D"], 2, "write 'directory/**'",
     lambda s: ["--include", "sub/**", s.plain.url, "D"], 0),
    ("extensions", lambda s: ["--ext", "zip;tar", s.plain.url, "D"], 2, "by commas: zip,tar",
     lambda s: ["--ext", "zip,tar", s.plain.url, "D"], 0),
    ("a directory for the log", lambda s: ["--log-file", "no/x", s.plain.url, "D"], 2, "create it first",
     lambda s: ["--log-file", "x", s.plain.url, "D"], 0),
    ("standard output", lambda s: ["--summary", "-", s.plain.url, "D"], 2, "such as /dev/stdout",
     lambda s: ["--summary", "/dev/null", s.plain.url, "D"], 0),
    ("the list of a file", lambda s: ["--list", s.plain.url + "a.zip"], 3, "that is a file",
     lambda s: [s.plain.url + "a.zip", "D"], 0),
    ("no effect", lambda s: ["--ignore-errors", s.plain.url, "D"], 2, "no effect without --delete",
     lambda s: ["--ignore-errors", "--delete", s.plain.url, "D"], 0),
    ("history", lambda s: ["--history", s.plain.url, "D"], 2, "--history takes no URL",
     lambda _: ["--history", "D"], 2),
    ("swallowed", lambda s: ["--user-agent", s.plain.url, "D"], 2, "give it one of its own",
     lambda s: ["--user-agent", "me", s.plain.url, "D"], 0),
    ("swallowed by a rule", lambda s: ["--exclude", s.plain.url + "*", "D"], 2, "--exclude took http",
     lambda s: ["--include", "*.zip", s.plain.url], 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "code", "hint", "follow", "then"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_a_hint_that_is_followed_leads_further(
    make: Make, code: int, hint: str, follow: Make, then: int, sites: Sites, here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.run(["--attempts", "1", *make(sites)]) == code
    before = capsys.readouterr().err
    assert hint in before
    assert cli.run(["--attempts", "1", *follow(sites)]) == then
    after = capsys.readouterr().err
    assert hint not in after, "the same advice again"
    assert (after == "") == (then == 0)
