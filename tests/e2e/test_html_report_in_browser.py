"""The page of --report in a real browser: at phone and desktop width, in light and dark, and in print."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.output.html_report.status.page import render_status
from tests.conftest import SERVERS_REQUIRED, ServeAlone
from tests.support import browser, servers
from tests.support.browser import Browser
from tests.support.program import Program
from tests.support.status_page import NOON, twelve_mirrors

HOSTILE = ('"><img src=x onerror=document.title=1>', "<b onclick=x>bold.txt", "\u202egnp.exe", "a" * 99)
REFUSED = "\x1b[31mred.bin"
"""A name with a control character: the file is never saved, and the page shows the failure."""
LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]

VISIBLE = "document.querySelector('figure.%s').getClientRects().length > 0"
CONTRASTS = """
(() => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const light = color => {
        const [r, g, b] = parts(color).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const color = getComputedStyle(element).backgroundColor;
            if (parts(color)[3] !== 0) return color;
        }
        return "rgb(255, 255, 255)";
    };
    const spoken = [...document.querySelectorAll("body *")].filter(element => !element.closest("svg") &&
        [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    return spoken.map(element => {
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    });
})()
"""
"""JavaScript that returns the contrast of each text with its background (WCAG 2.2, 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A page written by the program, and the mirror that it describes."""

    page: Path
    url: str
    mirror: Path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        running = Browser(tmp_path_factory.mktemp("chromium"))
    except browser.Missing as program:
        if SERVERS_REQUIRED:
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")
    with running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """Two runs over a site with hostile names: the first succeeds; in the second, two files fail."""
    scratch = tmp_path_factory.mktemp("written")
    directory = scratch / "site" / HOSTILE[0].replace("/", "")
    directory.mkdir(parents=True)
    for size, name in enumerate(HOSTILE[1:], 1):
        (directory / name).write_bytes(b"x" * size * 1000)
    (directory.parent / "plain.txt").write_text("plain")
    mirror, page, crawler = scratch / "mirror", scratch / "page.html", Program(scratch)
    server = servers.start("python", directory.parent)
    try:
        first = crawler("--report", page, server.url, mirror)
        (directory.parent / "lost.zip").symlink_to("nothing")  # listed, but not found
        (directory / REFUSED).touch()
        second = crawler("--report", page, server.url, mirror)
        assert (first.code, second.code) == (0, 5), first.output + second.output
        yield Written(page, server.url, mirror)
    finally:
        server.stop()


def png_size(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", image[16:24])
    return width, height


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_page_looks_right(written: Written, chromium: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    chromium.open(written.page, width=width, scheme=scheme)
    text = chromium.evaluate("document.body.innerText")
    for expected in (written.url, "4 files", "Last successful run", "Problems", "lost.zip", "HTTP 404", "plain.txt",
                     "Disk usage", "Directories", "Runs", "Saved, deleted", "Largest files", "\\u202egnp.exe",
                     "\\x1b[31mred.bin", HOSTILE[0]):  # fmt: skip
        assert expected in text
    assert chromium.evaluate("document.documentElement.scrollWidth") == width
    assert chromium.evaluate("document.querySelectorAll('svg').length") > 8
    assert [chromium.evaluate(VISIBLE % name) for name in ("narrow", "wide")] == [width < 600, width > 600]
    paper = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(251, 251, 249)", "dark": "rgb(21, 24, 23)"}[scheme]
    contrasts = chromium.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5
    image = chromium.screenshot()
    (tmp_path / "page.png").write_bytes(image)
    assert png_size(image) == (width, chromium.evaluate("document.documentElement.scrollHeight"))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_status_page_of_twelve_mirrors_looks_right(
    chromium: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    page = tmp_path / "status.html"
    for is_public in (False, True):
        page.write_text(render_status(twelve_mirrors(), NOON, is_public=is_public))
        chromium.open(page, width=width, scheme=scheme)
        assert chromium.evaluate("document.documentElement.scrollWidth") == width
        assert chromium.evaluate("document.querySelectorAll('article').length") == 12
        overflowing = (
            "[...document.querySelectorAll('article *')].filter(e => !e.closest('svg') && "
            "e.getBoundingClientRect().right > e.closest('article').getBoundingClientRect().right).length"
        )
        assert chromium.evaluate(overflowing) == 0
        assert min(chromium.evaluate(CONTRASTS)) >= 4.5
        assert chromium.requested == [page.as_uri()]
        (tmp_path / f"{'public' if is_public else 'status'}.png").write_bytes(chromium.screenshot())


def test_no_script_runs_and_nothing_is_fetched(written: Written, chromium: Browser) -> None:
    chromium.open(written.page, width=1280)
    assert chromium.requested == [written.page.as_uri()]
    active = "script, img, iframe, link, object, embed, [onclick], [onload], [onerror], [href], [src]"
    assert chromium.evaluate(f"document.querySelectorAll('{active}').length") == 0
    assert chromium.evaluate("document.title") == f"Mirror of {written.url}"


def test_the_policy_of_the_page_stops_what_would_be_injected(written: Written, chromium: Browser) -> None:
    """Even an unescaped name could do no harm: content injected into a copy of the page is blocked."""
    evil = "<script>document.title='run'</script><img src='http://127.0.0.1:1/x' onerror='document.title=1'>"
    spoilt = written.page.with_name("spoilt.html")
    spoilt.write_text(written.page.read_text().replace("<header>", f"{evil}<header>"))
    chromium.open(spoilt, width=1280)
    assert chromium.evaluate("document.querySelectorAll('script').length") == 1
    assert chromium.evaluate("document.title") == f"Mirror of {written.url}"
    assert chromium.blocked == ["csp"]
    assert len(chromium.requested) == 2


def test_on_paper_the_page_is_light_and_whole(written: Written, chromium: Browser) -> None:
    chromium.open(written.page, width=1280, scheme="dark", media="print")
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert min(chromium.evaluate(CONTRASTS)) >= 4.5


def test_a_page_can_be_written_without_a_run(written: Written, run_crawler: Program, chromium: Browser) -> None:
    again = written.page.with_name("again.html")
    done = run_crawler("--history", "--report", again, written.mirror)
    assert (done.code, done.stderr) == (0, "")
    chromium.open(again, width=390)
    text = chromium.evaluate("document.body.innerText")
    assert "2 failed. To list them, write the page during a run" in text
    assert "failures (exit 5)" in text


def test_a_dry_run_writes_no_page(serve_alone: ServeAlone, run_crawler: Program, tmp_path: Path) -> None:
    server = serve_alone("python")
    (server.root / "a.txt").write_text("a")
    assert run_crawler("--dry-run", "--report", tmp_path / "page.html", server.url, tmp_path / "mirror").code == 0
    assert not (tmp_path / "page.html").exists()


def test_a_page_that_cannot_be_written_is_a_problem_before_the_run(run_crawler: Program, tmp_path: Path) -> None:
    done = run_crawler("--report", tmp_path / "nowhere" / "page.html", "http://127.0.0.1:1/", tmp_path / "mirror")
    assert done.code == 2
    assert "--report" in done.stderr
    assert "create it first" in done.stderr
