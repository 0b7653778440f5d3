"""Each recipe of docs/recipes.md does what it promises."""

from __future__ import annotations

import re

import pytest

from tests.docs import hosts
from tests.docs.conftest import INTERPRETERS, Reader
from tests.docs.markdown import REPOSITORY, blocks_of

RECIPES = REPOSITORY / "docs" / "recipes.md"


def below(tree: hosts.Tree, folder: str, directory: str, *endings: str) -> set[str]:
    """The names in ``folder`` of a host's tree as they are expected in ``directory``."""
    names = (path.removeprefix(folder) for path in tree if path.startswith(folder))
    return {f"{directory}/{name}" for name in names if not endings or name.endswith(endings)}


PUB = {name for name in below(hosts._pub(), "pub/", "pub") if "/old/" not in name and "/images/" not in name}
RELEASES = below(hosts._files(), "releases/", "releases")
ALL_OF_PUB = below(hosts._pub(), "pub/", "pub")

EXPECTED = {
    "One page of files, twenty at a time": PUB - {"pub/index.iso"},
    "A list of URLs, with names of your choosing": {"urls.tsv", "downloads/january.txt", "downloads/raw/january.zip"},
    "A list of URLs, with names of the server's choosing": {
        "urls.txt", "downloads/app-1.2.zip", "downloads/docs-1.2.zip",
    },
    "The same from Python": PUB - {"pub/index.iso"} | {"downloads/january.txt", "downloads/raw/january.zip"},
    "Look before you copy": set[str](),
    "An exact copy, kept up to date": RELEASES,
    "Is the copy still intact?": RELEASES,
    "Why is that file not here?": set[str](),
    "A Debian pool": {
        "hello/hello_2.10-3_amd64.deb", "hello/hello_2.10-3_arm64.deb", "hello/hello_2.10-3.dsc",
        "hello/hello_2.10-3.debian.tar.xz", "hello/hello_2.10.orig.tar.gz",
    },
    "An Apache archive": {
        f"httpd/httpd-2.4.{n}.tar.gz{end}" for n in (62, 63) for end in ("", ".sha512")
    },
    "An S3 bucket": below(hosts._bucket(), "climate-data/", "climate", ".csv"),
    "A THREDDS catalog": {"sst/2024.nc", "sst/2025.nc"},
    "A page whose files are on other hosts": {"picks/app-1.0.zip", "picks/CHANGES_2.4"},
    "Only the new .nc files of the last week": {"model/new/run-1.nc"},
    "Behind a proxy": {"pub/a.txt", "pub/b/c.txt"},
    "Behind a SOCKS proxy": RELEASES,
    "With a token": {"token.txt", "builds/app.bin", "builds/log/1.txt"},
    "With a user name and a password": {"netrc", "pub/a.txt"},
    "A disk that Windows reads": {"logs/10%3A30.log", "logs/%6Eul.txt"},
    "A little every night": RELEASES,
    "A server that limits each connection": {"images/index.iso"},
    "From cron": ALL_OF_PUB | {"pub.json", "crawler-pub.prom"},
    "Run a command after a change": ALL_OF_PUB | {"changes.jsonl", "last-change"},
}  # fmt: skip
"""Recipe → the files that it leaves."""

RUN = [block for block in blocks_of(RECIPES) if block.language in INTERPRETERS]


def test_every_recipe_has_an_expectation() -> None:
    assert {block.section for block in RUN} == EXPECTED.keys()


@pytest.mark.parametrize("recipe", EXPECTED)
def test_a_recipe_leaves_what_it_promises(reader: Reader, recipe: str) -> None:
    for block in RUN:
        if block.section == recipe:
            reader.follow(block)
    assert reader.files() == EXPECTED[recipe]


def shape(line: str) -> str:
    """``line`` without the parts that differ from run to run: times, durations and rates."""
    line = re.sub(r"^\d\d:\d\d:\d\d", "TIME", line)
    return re.sub(r"[\d.,:]+ (s|min|[KMG]?i?B/s)\b", "N", line)


def test_the_recipe_of_one_page_shows_what_is_printed(reader: Reader) -> None:
    page = [block for block in blocks_of(RECIPES) if block.section == next(iter(EXPECTED))]
    done = reader.follow(page[0])
    printed = {shape(line) for line in (done.stderr + done.stdout).splitlines()}
    shown = {shape(line) for block in page[1:] for line in reader.rewritten(block.text).splitlines()}
    assert len(shown) == 6
    assert shown <= printed
