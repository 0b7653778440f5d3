"""Messages about options, in the notation of the place where the user wrote these: command line, file, or keywords."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crawler
from crawler.model.config import option_fields
from crawler.model.errors import ConfigError
from crawler.model.options.names.hints import unknown_key, unknown_keyword
from crawler.model.options.names.places import CONFIG_KEYS, FLAGS, NEGATIVE, Place, rendered
from crawler.model.options.names.prose import in_keywords, in_notation

NAMED = {"--" + key.replace("_", "-") for key in (*option_fields(), "include", "exclude", *NEGATIVE)}
MESSAGES = [
    ("robots.txt forbids http://h/: --no-robots ignores it", "robots.txt forbids http://h/: no_robots=True ignores it",
     "robots.txt forbids http://h/: no_robots = true ignores it"),
    ("--netrc, or --header @FILE", 'netrc=True, or header="@FILE"', 'netrc = true, or header = "@FILE"'),
    ("--ca-file FILE trusts the certificates in FILE", 'ca_file="FILE" trusts the certificates in FILE',
     'ca_file = "FILE" trusts the certificates in FILE'),
    ("--ca-file no.pem: No such file", "ca_file no.pem: No such file", "ca_file no.pem: No such file"),
    ("--netrc: /home/x/.netrc: No such file", "netrc: /home/x/.netrc: No such file",
     "netrc: /home/x/.netrc: No such file"),
    ("try again later, with --requests-per-second 1", "try again later, with requests_per_second=1",
     "try again later, with requests_per_second = 1"),
    ("more than --max-delete 25% allows", 'more than max_delete="25%" allows', 'more than max_delete = "25%" allows'),
    ("wait for it with --lock-wait", "wait for it with lock_wait", "wait for it with lock_wait"),
    ("use --lock none, and", 'use lock="none", and', 'use lock = "none", and'),
    ("add --moved if the site", "add moved=True if the site", "add moved = true if the site"),
    ("write http://h/ and --include '*.zip'", 'write http://h/ and include="*.zip"',
     'write http://h/ and include = "*.zip"'),
    ("-v shows where they lead, --allow-host HOST also fetches",
     'the log shows where they lead, allow_host="HOST" also fetches',
     '-v shows where they lead, allow_host = "HOST" also fetches'),
    ("--allow-host files.example.org would fetch it", 'allow_host="files.example.org" would fetch it',
     'allow_host = "files.example.org" would fetch it'),
    ("--allow-host 127.0.0.1:8080 would fetch it", 'allow_host="127.0.0.1:8080" would fetch it',
     'allow_host = "127.0.0.1:8080" would fetch it'),
    ("--allow-host mirror would", 'allow_host="mirror" would', 'allow_host = "mirror" would'),
    ("--input-file can name files", "crawler.download can name files", "--input-file can name files"),
    ("only on the command line: crawler --verify", "only on the command line: crawler --verify",
     "only on the command line: crawler --verify"),
    ("no file matched --ext iso: the extensions", 'no file matched ext="iso": the extensions',
     'no file matched ext = "iso": the extensions'),
    ("--ext refused all 5 files", "ext refused all 5 files", "ext refused all 5 files"),
    ("--max-size 1.0 KiB refused all 5 files", 'max_size="1.0 KiB" refused all 5 files',
     'max_size = "1.0 KiB" refused all 5 files'),
    ("--newer-than 2025-01-01T00:00:00+00:00 refused", 'newer_than="2025-01-01T00:00:00+00:00" refused',
     'newer_than = "2025-01-01T00:00:00+00:00" refused'),
    ("write --include '*.zip' --include '*.txt'", 'write include=["*.zip", "*.txt"]',
     'write include = ["*.zip", "*.txt"]'),
    ("write --min-size 1K --max-size 1G", 'write min_size="1K", max_size="1G"',
     'write min_size = "1K", max_size = "1G"'),
    ("--no-verify-digests skips", "verify_digests=False skips", "verify_digests = false skips"),
    ("this run's --summary file", "this run's summary file", "this run's summary file"),
    ("unknown option '--max-size': write max_size", "unknown option '--max-size': write max_size",
     "unknown option '--max-size': write max_size"),
    ("http://h/x--delete/--delete?--delete=--delete cannot be read", "http://h/x--delete/--delete?--delete=--delete "
     "cannot be read", "http://h/x--delete/--delete?--delete=--delete cannot be read"),
]  # fmt: skip
VALUES = ("*.zip", "it's", 'a "b"', r"re:^\d+$", "7", "7d", "größe", "-x", "a b", "$HOME!")


@pytest.mark.parametrize(("text", "called", "filed"), MESSAGES)
def test_options_are_worded_as_keywords_and_as_keys(text: str, called: str, filed: str) -> None:
    assert in_keywords(text) == in_keywords(called) == called
    assert in_notation(text, Place.TABLE) == in_notation(filed, Place.TABLE) == filed
    assert in_notation(text, Place.COMMAND_LINE) == text


def test_an_option_that_was_typed_stays_so_beside_a_file() -> None:
    text = "write --include '*.a' --include '*.b', or --ext b"
    assert in_notation(text, Place.TABLE, {"include"}) == "write --include '*.a' --include '*.b', or ext = \"b\""


@pytest.mark.parametrize("key", sorted(CONFIG_KEYS - {"rules", "objects"}))
def test_what_is_written_is_read_back_as_the_same_values(key: str) -> None:
    """For each option, in all three notations, beside other words, with one value and with several."""
    for values in ([],) if key in FLAGS else ([value] for value in VALUES):
        typed = rendered(key, values, Place.COMMAND_LINE)
        assert shlex.split(typed) == [f"--{key.replace('_', '-')}", *values]
        for place in (Place.MIRROR, Place.TABLE):
            assert _read(rendered(key, values, place), place) == {key: values[0] if values else True}
            quoted = not values or typed.endswith(("'", '"'))
            if quoted and "'\"'" not in typed:
                said = in_notation(f"to do this, write {typed}", place).removeprefix("to do this, write ")
                assert _read(said, place) == {key: values[0] if values else True}
    if key not in FLAGS:
        for place in (Place.MIRROR, Place.TABLE):
            assert _read(rendered(key, VALUES, place), place) == {key: [*VALUES]}
            said = in_notation(rendered(key, ["*.a", "*.b"], Place.COMMAND_LINE), place)
            assert _read(said, place) == {key: ["*.a", "*.b"]}


def _read(text: str, place: Place) -> dict[str, object]:
    if place is Place.TABLE:
        return tomllib.loads(text)
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords}


def _messages() -> Iterator[str]:
    """Every text in the program that names an option, but for docstrings; what is filled in is ``x``."""
    for path in Path(crawler.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and not {id(node)} & (inside | statements)
            ):
                yield node.value


def test_no_message_of_the_program_keeps_an_option_that_is_written_otherwise() -> None:
    named = [text for text in _messages() if NAMED & {*re.findall(r"(?<!\S)--[a-z-]+", text)}]
    assert len(named) > 100
    for text in named:
        for place in (Place.MIRROR, Place.TABLE):
            said = in_notation(text, place)
            assert in_notation(said, place) == said, text
            unquoted = re.sub(r"(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\")(?!\w)", "", said)
            assert not NAMED & {*re.findall(r"(?<!\S)--[a-z-]+", unquoted)}, text
            for option, key in re.findall(r"\b((\w+) ?= ?(?:\[[^\]]*\]|\"[^\"]*\"|\w+))", said):
                if key in CONFIG_KEYS:
                    assert _read(option.replace("=N", "=1").replace("= N", "= 1"), place), text


@pytest.mark.parametrize("place", [Place.MIRROR, Place.DOWNLOAD, Place.WALK, Place.CONFIG])
def test_a_hint_about_a_name_is_in_the_notation_of_its_place_already(place: Place) -> None:
    words = {*CONFIG_KEYS, *NAMED, *(name.upper() for name in NAMED), "recursive", "no_delete", "-A", "--quota", "dir"}
    for name in words - {""}:
        said = str(unknown_keyword(place, name))
        assert in_keywords(said) == said
        assert repr(name) in said


def test_a_directory_in_a_mapping_is_an_argument_of_another_name() -> None:
    assert "the argument directory" in str(unknown_key("options", "dir", "x"))
    with pytest.raises(ConfigError, match="the argument directory"):
        crawler.Config(dir="x")  # type: ignore[call-arg]


@given(st.text(alphabet="-=av x/'\"", max_size=30))
def test_any_other_text_is_unchanged(text: str) -> None:
    assert in_keywords(text) == text
