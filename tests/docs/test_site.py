"""The documentation as a whole: its host names are reserved, its commands parse, its site loads nothing external."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pyte
import pytest

from crawler.cli.parser import _parse
from crawler.listings.html.families import FAMILIES
from crawler.storage.state.schema import OLDEST_VERSION, SCHEMA_VERSION
from docs.build_site import loaded_from_elsewhere, slug
from docs.record import CAST, COMMAND, SVG
from tests.docs.markdown import PAGES, REPOSITORY, blocks_of, rows_of
from tests.docs.test_pages import shape

DOCS = REPOSITORY / "docs"
RESERVED = re.compile(r"(?:.+\.)?(?:example\.(?:com|net|org)|example|test|invalid|localhost)")
"""Names that are reserved for documentation (RFC 2606, RFC 6761)."""
CITED = {
    "archive.org", "developmentseed.org", "distributed.dask.org", "healthchecks.io", "jcristharif.com",
    "jobqueue.dask.org", "keepachangelog.com", "kubernetes.dask.org", "semver.org", "snapshot.debian.org", "sqlite.org",
}  # fmt: skip
"""Real hosts that the text mentions; no command uses them."""
NAME = re.compile(r"(?<![\w@./-])(?:https?://(?:[^/@\s]*@)?)?((?:[a-z0-9-]+\.)+(?:com|net|org|edu|io|de|eu))(?![\w-])")
SHOWN_TO_USERS = [
    *PAGES, *REPOSITORY.glob("*.md"), *(REPOSITORY / "examples").glob("*.*"), *(REPOSITORY / "config").glob("*"),
    DOCS / "crawler.1",
]  # fmt: skip


def strangers(text: str) -> set[str]:
    """Host names in ``text`` that may belong to somebody."""
    return {name for name in NAME.findall(text) if not RESERVED.fullmatch(name)} - CITED


def test_examples_name_hosts_that_belong_to_nobody() -> None:
    assert len(SHOWN_TO_USERS) > 35
    named = {path.name: strangers(path.read_text()) for path in SHOWN_TO_USERS if path.is_file()}
    assert {page: names for page, names in named.items() if names} == {}
    for page in PAGES:
        assert not [block for block in blocks_of(page) if any(name in block.text for name in CITED)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("crawler https://deb.debian.org/debian/ d", {"deb.debian.org"}),
        ("see archive.apache.org", {"archive.apache.org"}),
        ("https://user:pw@mirror.kernel.org/", {"mirror.kernel.org"}),
        ("https://files.example.org/ and a.example.com", set()),
        ("app.tar.gz, index.html, `asyncio.run`, test_x.py", set()),
    ],
)
def test_a_real_host_would_be_noticed(text: str, found: set[str]) -> None:
    assert strangers(text) == found


COMMANDS = [
    (block, line.removeprefix("$ ").partition(" #")[0])
    for page in PAGES for block in blocks_of(page) if block.language == "console"
    for line in block.text.splitlines() if line.startswith("$ crawler ")
]  # fmt: skip


def test_the_commands_that_are_shown_parse() -> None:
    assert len(COMMANDS) > 15
    for block, command in COMMANDS:
        if "--version" not in command:
            assert not isinstance(_parse(shlex.split(command)[1:]), str), (str(block), command)


def test_the_site_would_notice_what_a_page_loads_from_elsewhere(tmp_path: Path) -> None:
    loads = [
        '<script src="https://cdn.example.org/a.js"></script>', "<img alt='x' src='//cdn.example.org/a.png'>",
        '<link rel="stylesheet" href="https://fonts.example.org/css">', "<style>@import 'https://a.example.org/b';</style>",
        "<p style=\"background: url(https://a.example.org/b.png)\">",
    ]  # fmt: skip
    for number, text in enumerate(loads):
        (tmp_path / f"{number}.html").write_text(text)
    (tmp_path / "fine.html").write_text('<a href="https://example.org/">x</a><img src="a.png"><script src="b.js">')
    assert [found.partition(":")[0] for found in loaded_from_elsewhere(tmp_path)] == [f"{n}.html" for n in range(5)]


def test_every_page_has_a_place_on_the_site() -> None:
    places = set(re.findall(r": ([\w/-]+\.md)$", (DOCS / "mkdocs.yml").read_text(), re.MULTILINE))
    pages = {page.relative_to(REPOSITORY).as_posix() for page in PAGES}
    assert pages <= places
    assert all((REPOSITORY / place).is_file() for place in places)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("The TOML file", "the-toml-file"), ("… a destination", "-a-destination"), ('"x", exit 3', "x-exit-3")],
)
def test_anchors_are_those_of_forges(heading: str, anchor: str) -> None:
    assert slug(heading, "-") == anchor


def screen(cast: Path) -> list[str]:
    """The lines that the terminal shows at the end of a recording, without empty ones."""
    header, *events = map(json.loads, cast.read_text().splitlines())
    assert (header["version"], header["width"]) == (2, 80)
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    terminal = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(terminal)
    for _, kind, text in events:
        assert kind == "o"
        stream.feed(text)
    return [line.rstrip() for line in terminal.display if line.strip()]


def test_the_recording_shows_what_is_printed() -> None:
    """If this fails, run ``make recording``. Another test compares the README with the output of the program."""
    (block,) = (block for block in blocks_of(REPOSITORY / "README.md") if block.text.startswith(f"$ {COMMAND}\nListed"))
    assert [shape(line) for line in screen(CAST)] == [*map(shape, block.text.splitlines()), "$"]
    assert "%  " in CAST.read_text(), "the bar was seen"
    picture = SVG.read_text()
    assert "@keyframes" in picture
    assert not re.search(r"<script|<image|href=\"https?:", picture)
    for line in block.text.splitlines():
        assert line.split(" in ")[0].split(":")[0].replace(" ", "\u00a0") in picture.replace(" ", "\u00a0")


def test_the_quick_starts_are_those_of_their_table() -> None:
    page = DOCS / "quick-starts.md"
    sections = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    table = [row[0].partition("]")[0].strip("[") for row in rows_of(page)][1:]
    assert table == sections[:-1]
    assert len(table) == 10
    names = {family.name for family in FAMILIES}
    assert {"nginx-pre", "lighttpd", "caddy", "iis", "python", "h5ai", "artifactory"} <= names


def test_the_promise_about_the_state_names_its_schema() -> None:
    text = (DOCS / "upgrading.md").read_text()
    assert f"of schema {SCHEMA_VERSION} " in text
    assert f"| schema {OLDEST_VERSION} | this version |" in text


def test_the_comparison_names_the_version_that_is_compared() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert f"crawler {version}." in (DOCS / "comparison.md").read_text()
