"""Messages with options of the command line, as the library shows them: with keyword arguments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crawler
from crawler.model.config import option_fields
from crawler.model.options.names.prose import in_keywords

FLAGS = {"--" + key.replace("_", "-") for key in option_fields()}
MESSAGES = [
    ("robots.txt forbids http://h/: --no-robots ignores it", "robots.txt forbids http://h/: no_robots=True ignores it"),
    ("--netrc, or --header @FILE", 'netrc=True, or header="@FILE"'),
    ("--ca-file FILE trusts the certificates in FILE", 'ca_file="FILE" trusts the certificates in FILE'),
    ("--ca-file no.pem: No such file", "ca_file no.pem: No such file"),
    ("--netrc: /home/x/.netrc: No such file", "netrc: /home/x/.netrc: No such file"),
    ("try again later, with --requests-per-second 1", "try again later, with requests_per_second=1"),
    ("more than --max-delete 25% allows", 'more than max_delete="25%" allows'),
    ("wait for it with --lock-wait", "wait for it with lock_wait"),
    ("use --lock none, and", 'use lock="none", and'),
    ("add --moved if the site", "add moved=True if the site"),
    ("write http://h/ and --include '*.zip'", 'write http://h/ and include="*.zip"'),
    ("-v shows where they lead, --allow-host HOST also fetches",
     'the log shows where they lead, allow_host="HOST" also fetches'),
    ("--allow-host files.example.org would fetch it", 'allow_host="files.example.org" would fetch it'),
    ("--input-file can name files", "crawler.download can name files"),
    ("only on the command line: crawler --verify", "only on the command line: crawler --verify"),
    ("http://h/x--delete/--delete?--delete=--delete cannot be read", "http://h/x--delete/--delete?--delete=--delete "
     "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MESSAGES)
def test_options_become_keyword_arguments(text: str, said: str) -> None:
    assert in_keywords(text) == said
    assert in_keywords(said) == said


def test_no_message_of_the_program_keeps_an_option_that_has_a_keyword() -> None:
    sources = [path.read_text() for path in Path(crawler.__file__).parent.rglob("*.py")]
    lines = [line for source in sources if " --" in source for line in source.splitlines() if " --" in line]
    named = [line for line in lines if FLAGS & {*re.findall(r"(?<!\S)--[a-z-]+", line)}]
    assert len(named) > 50
    for line in named:
        assert not FLAGS & {*re.findall(r"(?<!\S)--[a-z-]+", in_keywords(line))}, line


@given(st.text(alphabet="-=av x/", max_size=30))
def test_any_other_text_is_unchanged(text: str) -> None:
    assert in_keywords(text) == text
