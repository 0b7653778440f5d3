"""Rows H08, H18, H20, H21: what output, logs and reports may and must never contain."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

from tests.support.misbehaving.behaviours import Page, Redirect, Status
from tests.support.misbehaving.samples import beside, blob, with_credentials
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# fmt: off
NASTY = (
    "%1b]0;owned%07", "%1b[2J", "x%0aFAKE-LOG-LINE", "x%0dFAKE-LOG-LINE", "%9b31m", "%c2%9b31m", "%c2%85FAKE-LOG-LINE",
    "%e2%80%aexcod.exe", "%07bell", "%7f", "%08%08%08back", "%e2%80%a8FAKE-LOG-LINE", "%ff%fe",
)
# fmt: on


def serve_nasty(site: Site) -> dict[str, bytes]:
    good = beside(site, "plain.bin", blob(400))
    good = site.contents()
    for number, href in enumerate(NASTY):
        if number % 2:
            site.on(href, Status(404))
        else:
            site.on(href, Page(b"12345", "application/octet-stream"))
    site.links(*NASTY)
    return good


@pytest.mark.row("H08")
@pytest.mark.parametrize("more", [[], ["-v"], ["--progress=plain"], ["--log-format=json", "-v"]], ids=" ".join)
def test_no_byte_of_a_name_drives_a_terminal_or_forges_a_line(sandbox: Sandbox, site: Site, more: list[str]) -> None:
    good = serve_nasty(site)
    names = ("log-file", "metrics", "changes", "summary", "report")
    reports = [f"--{name}={sandbox.reports / name}.prom" for name in names]
    run = sandbox.mirror(site.url, more=[*more, *reports] if more else [])
    run.fails(5)
    written = [path.read_text("utf-8", "surrogateescape") for path in sandbox.reports.iterdir()]
    for text in (run.text, *written):
        assert CONTROL.search(text) is None
        assert not any(line.startswith("FAKE-LOG-LINE") for line in re.split("[\n\r\u0085\u2028]", text))
    there = sandbox.tree()
    assert {path: there.get(path) for path in good} == good
    assert not any(CONTROL.search(path) or "\n" in path for path in there)


@pytest.mark.own
@pytest.mark.row("H08")
def test_a_terminal_with_bars_gets_no_foreign_sequence(sandbox: Sandbox, site: Site) -> None:
    serve_nasty(site)
    controller, terminal = pty.openpty()
    env = sandbox.env | {"TERM": "xterm-256color", "COLUMNS": "120"}
    command = sandbox.command(site.url, more=["--progress=bars", "-v"])
    with subprocess.Popen(command, env=env, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b"".join(_read_all(controller))
    os.close(controller)
    assert process.returncode == 5
    for foreign in (b"\x1b]0;", b"\x1b[2Jx", b"\xc2\x9b", b"\x07", b"\xe2\x80\xae", b"\nFAKE", b"\rFAKE"):
        assert foreign not in shown


def _read_all(descriptor: int) -> Iterable[bytes]:
    while True:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:  # EIO: the last process has closed the terminal
            return
        if not data:
            return
        yield data


SECRET = re.compile(rb"pa55w0rd|pa55w0r%64|c29tZW9uZTpwYTU1dzByZA")
"""Matches the password as is, partly encoded, or in Basic credentials."""


@pytest.mark.row("H18")
@pytest.mark.parametrize("more", [[], ["-v"], ["--log-format=json"]], ids=["quiet", "verbose", "json"])
def test_a_password_is_written_nowhere(sandbox: Sandbox, site: Site, more: list[str]) -> None:
    beside(site, "a.bin", blob(500), Status(404))
    site.file("b.bin", blob(900), Redirect("http://localhost:1/pub/b.bin"))
    site.directory("sub", Status(500))
    names = ("log-file", "metrics", "changes", "summary", "report")
    reports = [f"--{name}={sandbox.reports / name}.prom" for name in names] if more else []
    run = sandbox.mirror(with_credentials(site), attempts=2, more=[*more, *reports])
    run.fails(5)
    sandbox.mirror(with_credentials(site).replace("/pub/", "/absent/"), more=["--moved"]).fails(3)
    texts = {"output": run.text.encode(), "last": sandbox.runs[-1].text.encode()}
    for path in (*_files(sandbox.base), *_files(sandbox.reports)):
        texts[str(path)] = path.read_bytes()
        attributes = os.listxattr(path)
        texts[f"{path} xattr"] = b"".join(os.getxattr(path, name) for name in attributes)
    assert [where for where, text in texts.items() if SECRET.search(text)] == []
    assert not any(SECRET.search(request.headers.get("referer", "").encode()) for request in site.log)


WRONG = {
    "slash": ["http://someone:pa55w0rd/x@127.0.0.1:1/pub/"],
    "number sign": ["http://someone:pa55w0rd#@127.0.0.1:1/pub/"],
    "no scheme": ["someone:pa55w0rd@127.0.0.1:1/pub/"],
    "no host": ["http://someone:pa55w0rd"],
    "space": ["-vv", "http://someone:a pa55w0rd@127.0.0.1:1/pub/"],
    "proxy": ["--proxy=http://someone:pa55w0rd/x@127.0.0.1:1", "http://127.0.0.1:1/pub/"],
    "header": ["--header=Authorization Bearer pa55w0rd", "http://127.0.0.1:1/pub/"],
    "line break": ["--header=X: a\r\npa55w0rd", "http://127.0.0.1:1/pub/"],
    "explain": ["--explain=http://someone:pa55w0rd/x@127.0.0.1:1/pub/a", "http://127.0.0.1:1/pub/"],
    "list": ["--input-file=-", "DIR"],
}
"""Kind of error → the arguments before DIR. The list is read from standard input and has one such URL."""


@pytest.mark.row("H18")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_password_is_not_printed_whatever_is_wrong_with_the_text_that_holds_it(tmp_path: Path, wrong: str) -> None:
    log, listed = tmp_path / "log", b"http://someone:pa55w0rd/x@127.0.0.1:1/a\n"
    options = [f"--log-file={log}", "--attempts=1", "--connect-timeout=1"]
    arguments = [argument for argument in WRONG[wrong] if argument != "DIR"]
    command = [sys.executable, "-m", "crawler", *options, *arguments, str(tmp_path / "mirror")]
    run = subprocess.run(command, input=listed, capture_output=True, timeout=100, check=False)
    assert run.returncode in {2, 3, 8}
    assert len(run.stderr.splitlines()) == 1 or wrong == "space"
    assert SECRET.search(run.stdout + run.stderr + (log.read_bytes() if log.exists() else b"")) is None


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]


MARKUP = (
    *("<script>alert(1)", '"><img src=x onerror=y', "</script><svg onload=z>", "=cmd|' -C calc'!A0", "@SUM(1)"),
    *('a"} 1 x{b="', "a,b", "{{7*7}}", "';alert(1)--"),
)


@pytest.mark.own
@pytest.mark.row("H20")
@pytest.mark.parametrize("response", [None, Status(404)], ids=["saved", "failed"])
def test_no_name_becomes_markup_in_the_html_report(sandbox: Sandbox, site: Site, response: Status | None) -> None:
    for name in MARKUP:
        site.file(f"d {name}/{name}".replace("</", "<"), blob(100, len(name)), *([response] if response else []))
    page = sandbox.reports / "page.html"
    sandbox.mirror(site.url, more=[f"--report={page}"]).fails(5 if response else 0)
    soup = BeautifulSoup(page.read_text("utf-8"), "lxml")
    assert soup.find_all("img", src="x") == []
    handlers = [name for tag in soup.find_all(True) for name in tag.attrs if name.lower().startswith("on")]
    assert handlers == []
    assert not any(script.get_text().startswith("alert") for script in soup.find_all("script"))


@pytest.mark.own
@pytest.mark.row("H20", "H21")
def test_names_stay_inside_their_cell_of_every_report(sandbox: Sandbox, site: Site) -> None:
    names = MARKUP
    for name in names:
        site.file(name, blob(100, len(name)))
    site.file("gone", blob(5), Status(404))
    reports = {name: sandbox.reports / f"{name}.prom" for name in ("changes", "summary", "metrics")}
    sandbox.mirror(site.url, more=[f"--{name}={path}" for name, path in reports.items()]).fails(5)
    lines = [json.loads(line) for line in reports["changes"].read_text().splitlines()]
    assert len(lines) == len(names) + 1
    json.loads(reports["summary"].read_text())
    sample = re.compile(r'(#.*|[a-zA-Z_:][\w:]*(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+.\deE]+( \d+)?)')
    for line in reports["metrics"].read_text().splitlines():
        assert sample.fullmatch(line), line


@pytest.mark.own
@pytest.mark.row("H08")
@pytest.mark.parametrize("mode", ["--dry-run", "--explain", "--list"])
def test_a_name_that_the_locale_cannot_show_is_escaped(sandbox: Sandbox, site: Site, mode: str) -> None:
    site.file("日本 é.bin", b"x")
    *options, url, directory = sandbox.command(site.url)
    entry = f"{site.url}{quote('日本 é.bin')}"
    words = {"--dry-run": [mode, url, directory], "--explain": [mode, entry, url, directory], "--list": [mode, url]}
    program = sandbox.start_raw([*options, *words[mode]], env={"PYTHONIOENCODING": "iso-8859-1"})
    run = sandbox.note(program.finish())
    run.succeeds()
    assert "unexpected" not in run.text
    if mode == "--dry-run":
        run.says(r"\u65e5\u672c \xe9.bin")  # latin-1 has the last letter; its byte is invalid in UTF-8
