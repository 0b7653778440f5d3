"""The options and their documentation: docs/configuration.md, config/crawler.toml, docs/crawler.1."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from crawler.cli.arguments.declared import MODES
from crawler.cli.arguments.with_click import command
from crawler.model.config import Config, option_fields
from tests.docs.markdown import PAGES, REPOSITORY, rows_of
from tests.support.mirrors import parse_mirrors

CONFIGURATION = REPOSITORY / "docs" / "configuration.md"
EXAMPLE = REPOSITORY / "config" / "crawler.toml"
MAN_PAGE = REPOSITORY / "docs" / "crawler.1"


def options() -> dict[str, tuple[str, str]]:
    """Option as the help page shows it → (its name in the program, its help)."""
    parser = command()
    context = parser.make_context("crawler", [], resilient_parsing=True)
    shown: dict[str, tuple[str, str]] = {}
    for param in parser.get_params(context):
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record is not None:
            shown[record[0]] = (param.name or "", record[1])
    return shown


DOCUMENTED = {row[0]: row[1:] for row in rows_of(CONFIGURATION) if row[0].startswith("-")}
KEYS = [*option_fields(), "include", "exclude"]


def test_every_option_is_documented_and_every_documented_option_exists() -> None:
    assert DOCUMENTED.keys() == options().keys()


@pytest.mark.parametrize("option", sorted(DOCUMENTED))
def test_the_documented_key_and_default_are_those_of_the_program(option: str) -> None:
    name, text = options()[option]
    if name not in KEYS:
        assert len(DOCUMENTED[option]) == 1, f"{option} is no TOML key"
        return
    default = re.search(r"\[([^]]*)\]$", text)
    key, documented, meaning = DOCUMENTED[option]
    assert (key, documented) == (name, default[1] if default else "–")
    assert meaning.endswith(".")


@pytest.mark.parametrize("unit", ["SIZE", "RATE", "TIME", "AGE", "DAYS"])
def test_a_placeholder_with_units_is_explained_wherever_the_options_are(unit: str) -> None:
    assert any(re.search(rf"\b{unit}\b", option) for option in DOCUMENTED), "no option has it"
    page = command().get_help(command().make_context("crawler", [], resilient_parsing=True))
    said = (
        page.partition("\nUnits:\n")[2].partition("\n\n")[0],
        MAN_PAGE.read_text().partition("\n.SH UNITS\n")[2].partition("\n.SH ")[0],
        CONFIGURATION.read_text().partition("\n## ")[0],
    )
    for text in said:
        assert re.search(rf"\b{unit}\b( and [A-Z]+)? (takes?|is|also)\b", " ".join(text.split())), text


def entries_of(text: str) -> list[str]:
    """The keys of the example in order, including those in comments."""
    return [found[1] for line in text.splitlines() if (found := re.match(r"(?:# ?)?([a-z_]+) = ", line))]


def test_the_example_file_has_every_key_once() -> None:
    before_mirrors = EXAMPLE.read_text().partition("\n[[mirror]]")[0]
    assert sorted(entries_of(before_mirrors)) == sorted([*KEYS, "jobs", "status", "status_public"])


def test_the_example_file_is_accepted_as_it_is() -> None:
    mirrors = parse_mirrors(tomllib.loads(EXAMPLE.read_text()), {}, EXAMPLE.name)
    assert len(mirrors.mirrors) == 2


def test_the_example_file_is_accepted_with_every_key_in_force() -> None:
    text = re.sub(r"^# ?(?=[a-z_]+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    values = tomllib.loads(text)["defaults"]
    config = Config.from_mapping(values, where="defaults")
    assert all(getattr(config, key) is not None for key in option_fields())


@pytest.mark.parametrize("key", sorted(option_fields()))
def test_the_values_in_comments_are_the_defaults_where_they_say_so(key: str) -> None:
    line = next(line for line in EXAMPLE.read_text().splitlines() if re.match(rf"(?:# ?)?{key} = ", line))
    if "(default)" in line:
        values = tomllib.loads(line.removeprefix("#").strip())
        assert getattr(Config.from_mapping(values, where=key), key) == getattr(Config(), key)


def test_the_man_page_is_made_from_the_options_as_they_are_now() -> None:
    render = runpy.run_path(str(REPOSITORY / "docs" / "man_page.py"))["render"]
    assert MAN_PAGE.read_text() == render(), "python docs/man_page.py > docs/crawler.1"


def test_the_list_of_options_fits_a_hundred_columns() -> None:
    help_page = [sys.executable, "-m", "crawler", "--help"]
    text = subprocess.run(help_page, capture_output=True, text=True, check=True, env={"COLUMNS": "200"}).stdout
    options = text.partition(f"{MODES}:\n")[2]
    assert max(map(len, options.splitlines())) in range(60, 101)


KNOWN = {word.strip(",") for shown in options() for word in shown.split() if word.startswith("-")}
SPAN = re.compile(r"`(-[^`]*|crawler [^`]*)`")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def prose(page: Path) -> str:
    """``page`` without code blocks, and without the columns of other programs in the tables that compare them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    if page.name == "comparison.md":
        return re.sub(r"^(\|[^|]*\|[^|]*\|).*", r"\1", text, flags=re.MULTILINE)
    return re.sub(r"^\|(?:(?:[^|\\]|\\.)*\|){3}", "", text, flags=re.MULTILINE) if page.name == "moving.md" else text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_mentions_exists(page: Path) -> None:
    mentioned = {flag for span in SPAN.findall(prose(page)) for flag in FLAG.findall(span)}
    assert mentioned <= KNOWN
