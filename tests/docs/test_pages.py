"""Every page of the documentation: its examples run, its links resolve, its tables agree with the program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from crawler.cli.help.texts import EXIT_CODES
from crawler.model import errors
from crawler.model import exit_codes as exits
from tests.docs.conftest import INTERPRETERS, Reader
from tests.docs.markdown import PAGES, REPOSITORY, Block, blocks_of, links_of, rows_of
from tests.docs.test_monitoring import LABELS
from tests.support.mirrors import parse_mirrors

RECIPES = "recipes.md"
"""This page has its own test, which also checks the resulting files."""

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
SECTIONS = sorted(
    {(block.page, block.section) for block in BLOCKS if block.language in INTERPRETERS and block.page != RECIPES}
)
SHOWN = {"text", "console", "yaml", "crontab", "toml", *INTERPRETERS}
"""Languages of code blocks: ``sh`` and ``python`` blocks are run, the others are only checked."""


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_names_its_language(block: Block) -> None:
    assert block.language in SHOWN


@pytest.mark.parametrize(("page", "section"), SECTIONS)
def test_the_examples_of_a_section_run_one_after_the_other(reader: Reader, page: str, section: str) -> None:
    for block in BLOCKS:
        if (block.page, block.section) == (page, section) and block.language in INTERPRETERS:
            reader.follow(block)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=str)
def test_toml_examples_are_accepted(block: Block) -> None:
    assert parse_mirrors(tomllib.loads(block.text), {}, str(block)).mirrors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(REPOSITORY), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings}, link


MAKE = re.compile(r"^\$ (make [^#\n]+)", re.MULTILINE)


@pytest.mark.parametrize("block", [block for block in BLOCKS if MAKE.search(block.text)], ids=str)
def test_make_targets_that_are_named_exist(block: Block) -> None:
    for line in MAKE.findall(block.text):
        subprocess.run(["sh", "-c", f"{line} --dry-run"], cwd=REPOSITORY, check=True, capture_output=True)


def shape(text: str) -> str:
    """``text`` without the parts that differ from run to run: durations, rates and their units."""
    return re.sub(r"[\d.,:]+ (s|min|[KMG]?i?B/s)\b", "N", text)


def test_the_readme_shows_what_is_printed_on_a_terminal(reader: Reader) -> None:
    """Two runs against the sample site, on a port that no other test uses."""
    shown = next(block for block in blocks_of(REPOSITORY / "README.md") if "Listed 13" in block.text).text
    once = "echo '$ make mirror'; crawler {url} mirror"
    terminal, inside = os.openpty()
    done = subprocess.run(
        [sys.executable, REPOSITORY / "config" / "sample_site.py", "--port", "0", "--", "sh", "-c", f"{once}; {once}"],
        stdout=subprocess.PIPE, stderr=inside, text=True, cwd=reader.home, check=True,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    os.close(inside)
    os.close(terminal)
    assert shape(done.stdout) == shape(shown)


def test_exit_codes_are_all_documented() -> None:
    documented = [int(row[0]) for row in rows_of(REPOSITORY / "docs" / "exit-codes.md") if row[0].isdecimal()]
    in_help = [int(code.split()[0]) for code in EXIT_CODES.split("; ")]
    raised = {
        error.exit_code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "exit_code")
    }
    assert documented == in_help
    assert raised <= set(documented)


def test_the_order_of_exit_codes_is_documented() -> None:
    text = (REPOSITORY / "docs" / "exit-codes.md").read_text()
    assert ", ".join(str(code) for code in exits._WORST_FIRST) in " ".join(text.split())


def test_the_documented_metrics_are_those_that_are_written() -> None:
    text = (REPOSITORY / "docs" / "cron.md").read_text()
    assert set(re.findall(r"\bcrawler_\w+", text)) == LABELS.keys()
    (block,) = [block for block in blocks_of(REPOSITORY / "docs" / "cron.md") if block.language == "yaml"]
    rules = (REPOSITORY / "config" / "prometheus-rules.yml").read_text().splitlines()
    assert {line.strip() for line in block.text.splitlines()} <= {line.strip() for line in rules}
