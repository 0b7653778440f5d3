"""Names written where they do not exist: every name of this program and of others, at every place.

A hint must be given for each, and must name only what exists at its place, in the notation of that place.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crawler
from crawler.cli.arguments.with_click import command, visible_options
from crawler.cli.help.mistakes import unknown_option
from crawler.cli.mirrors import file
from crawler.cli.mirrors import table as mirror_table
from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError
from crawler.model.options.names import hints, other_programs, places
from crawler.model.options.names.places import NAMES, Place
from crawler.model.options.option import option_of
from tests.support.mirrors import parse_mirrors

TYPED = frozenset({*visible_options(), "--help"})
OWN = frozenset().union(*NAMES.values())
OTHERS = {option for _, option, _ in other_programs._options()}
CALLS: dict[Place, Any] = {Place.MIRROR: crawler.mirror, Place.DOWNLOAD: crawler.download, Place.WALK: crawler.walk}


def spellings(name: str) -> Iterator[str]:
    yield from (name, name.replace("_", "-"), name.upper(), name.replace("_", ""), name.title().replace("_", ""))
    yield f"mirror.{name}"


def typed(name: str, place: Place) -> str:
    """``name`` as the message about an unknown option receives it."""
    return f"--{name.lstrip('-')}" if place is Place.COMMAND_LINE and not name.startswith("-") else name


def is_known(name: str, place: Place) -> bool:
    return name in NAMES[place] or (place is Place.FILE and name in NAMES[Place.TABLE])


def check(hint: str, place: Place) -> None:
    """Assert that every option, key or keyword that ``hint`` tells the user to write exists at ``place``."""
    said = hint.replace("rsync --link-dest", "").replace("the file of --config", "")
    for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", said):
        assert option in TYPED
        assert place is Place.COMMAND_LINE or "on the command line" in hint, hint
    if place is Place.COMMAND_LINE:
        return
    advised = re.findall(r"\b([a-z_]+) ?= ?(?=\"|N\b|\d|true|false|True|False)", hint)
    for phrase in re.findall(r"(?:: write|did you mean|: here) ([^?:;(]+)", hint):
        advised += re.findall(r"(?<![\w\[.'\"=-])[a-z]+(?:_[a-z]+)+\b(?! =|=)", phrase)
    if single := re.fullmatch(r": (?:write|did you mean) ([a-z_]+)\??", hint):
        advised.append(single[1])
    for name in advised:
        assert is_known(name, place) or name == "it", (name, hint)
    equals = re.findall(r"\w( ?= ?)[\"\dNtfTF]", hint)
    assert set(equals) <= ({"="} if place.is_library else {" = "}), hint


def test_the_names_are_those_that_exist() -> None:
    options = {name.lstrip("-").replace("-", "_") for name in TYPED}
    assert NAMES[Place.COMMAND_LINE] == options
    assert NAMES[Place.FILE] == file._KEYS
    assert NAMES[Place.TABLE] == {*option_fields(), "include", "exclude", "objects", *mirror_table.REQUIRED}
    assert NAMES[Place.CONFIG] == inspect.signature(Config).parameters.keys()
    for place, call in CALLS.items():
        arguments = inspect.signature(call).parameters.keys() - {"options"}
        assert NAMES[place] - places.CONFIG_KEYS == arguments
    assert {key for key, item in option_fields().items() if option_of(item).metavar is None} == places.FLAGS
    negative = {option_of(item).negative: key for key, item in option_fields().items() if option_of(item).negative}
    assert negative == places.NEGATIVE
    params = [param for param in command().params if isinstance(param, click.Option)]
    short = {opt[1:]: each.opts for each in params for opt in each.opts if re.fullmatch("-[a-z]", opt)}
    assert {key: f"--{places.SHORT[key]}" in opts for key, opts in short.items()} == dict.fromkeys(short, True)
    assert places.SHORT.keys() - short.keys() == {"h", "vv"}


@pytest.mark.parametrize("place", Place)
def test_each_name_of_this_program_has_a_hint_wherever_it_is_misplaced(place: Place) -> None:
    for name in OWN:
        for word in spellings(name):
            written = typed(word, place)
            if word in NAMES[place] or (place is Place.COMMAND_LINE and written in TYPED):
                continue
            hint = hints.own(written, place)
            assert hint, (written, place)
            assert hints.hint(written, place) == f": {hint}"
            if name in NAMES[place] and place is not Place.FILE:
                assert hint == f"write {places.written(name, place)}", "any other spelling"
            check(f": {hint}", place)


@pytest.mark.parametrize("place", Place)
def test_each_option_of_another_program_is_explained_in_the_notation_of_the_place(place: Place) -> None:
    for option in OTHERS:
        name = option if place is Place.COMMAND_LINE else option.lstrip("-").replace("-", "_")
        if name in NAMES[place] or name in TYPED or len(name) == 1:  # a key of one letter is no option
            continue
        hint = hints.hint(name, place)
        assert hint, (option, place)
        check(hint, place)


def words_with_a_hint() -> list[str]:
    """Return every word that a table of the hints has as its key."""
    tables = [value for value in vars(hints).values() if isinstance(value, Mapping)]
    tables += [value for table in tables for value in table.values() if isinstance(value, Mapping)]
    return sorted({key for table in tables for key in table if isinstance(key, str) and not key.startswith("__")})


@pytest.mark.parametrize("place", Place)
def test_no_hint_of_the_tables_names_what_does_not_exist(place: Place) -> None:
    words = words_with_a_hint()
    assert {"enabled", "schedule", "lock", "verify"} <= set(words)
    for word in words:
        for name in (word, word.upper()):
            check(hints.hint(name, place), place)


@given(st.sampled_from(Place), st.one_of(st.text(max_size=12), st.sampled_from(sorted(OWN)).map(lambda name: name[1:])))
def test_no_hint_names_what_does_not_exist(place: Place, name: str) -> None:
    check(hints.hint(name, place), place)


PLACES = [
    (Place.COMMAND_LINE, "--jobs", "no such option: --jobs: only in the file of --config, for mirrors at once; "
     "here --workers N sets the files at once"),
    (Place.COMMAND_LINE, "--max_size", "no such option: --max_size: write --max-size"),
    (Place.COMMAND_LINE, "--observers", "no such option: --observers: only in calls of the library"),
    (Place.COMMAND_LINE, "--recursive",
     "no such option: --recursive: it is the default; --no-recursive switches it off"),
    (Place.COMMAND_LINE, "--no-delete", "no such option: --no-delete: it is the default, unless --delete is given"),
    (Place.COMMAND_LINE, "--work", "no such option: --work: did you mean --workers?"),
    (Place.COMMAND_LINE, "--dry", "no such option: --dry: did you mean --dry-run?"),
    (Place.COMMAND_LINE, "--max", "no such option: --max (see --help)"),
    (Place.COMMAND_LINE, "--name", "no such option: --name: only in the file of --config, for each mirror"),
    (Place.FILE, "verbose", "f: unknown key 'verbose': only on the command line: --verbose"),
    (Place.FILE, "max-size", "f: unknown key 'max-size': options are in a table: write max_size below [[mirror]], or "
     "below [defaults] for all mirrors"),
    (Place.FILE, "transfers", "f: unknown key 'transfers': here workers = N, listers = N (rclone), below [[mirror]]"),
    (Place.FILE, "wrkers", "f: unknown key 'wrkers': did you mean workers, below [[mirror]]?"),
    (Place.FILE, "job", "f: unknown key 'job': did you mean jobs?"),
    (Place.FILE, "zzz", "f: unknown key 'zzz' (known: jobs, status, status_public, [defaults], [objects], [[mirror]])"),
    (Place.TABLE, "verbose", "f: mirror 1 (a): unknown key 'verbose': only on the command line: --verbose"),
    (Place.TABLE, "q", "f: mirror 1 (a): unknown key 'q': only on the command line: --quiet"),
    (Place.TABLE, "rollback", "f: mirror 1 (a): unknown key 'rollback': only on the command line: --rollback"),
    (Place.TABLE, "list", "f: mirror 1 (a): unknown key 'list': only on the command line: --list"),
    (Place.TABLE, "jobs", "f: mirror 1 (a): unknown key 'jobs': it is for the whole file: write it at the top, above "
     "all tables"),
    (Place.TABLE, "timeout", "f: mirror 1 (a): unknown key 'timeout': here read_timeout = 60, connect_timeout = 10 "
     "(wget and rclone)"),
    (Place.TABLE, "extensions", "f: mirror 1 (a): unknown key 'extensions': here ext"),
    (Place.TABLE, "accept", "f: mirror 1 (a): unknown key 'accept': here ext = \"zip\", include = \"*.zip\" (wget)"),
    (Place.TABLE, "silent", "f: mirror 1 (a): unknown key 'silent': only on the command line: --quiet"),
    (Place.TABLE, "rules", "f: mirror 1 (a): unknown key 'rules': write include and exclude"),
    (Place.TABLE, "destination", "f: mirror 1 (a): unknown key 'destination': write dir"),
    (Place.TABLE, "no_verify_digests",
     "f: mirror 1 (a): unknown key 'no_verify_digests': write verify_digests = false"),
    (Place.TABLE, "zzz", "f: mirror 1 (a): unknown key 'zzz'"),
    (Place.CONFIG, "exts", "Config: unknown option 'exts': did you mean ext?"),
    (Place.CONFIG, "url",
     "Config: unknown option 'url': an argument of the calls, such as crawler.mirror, not an option"),
    (Place.CONFIG, "n_jobs", "Config: unknown option 'n_jobs': here workers=N"),
    (Place.CONFIG, "proxies", "Config: unknown option 'proxies': here proxy"),
    (Place.CONFIG, "verify", "Config: unknown option 'verify': insecure=True accepts any certificate; files are "
     "verified on the command line: crawler --verify"),
    (Place.CONFIG, "zzz", "Config: unknown option 'zzz'; help(crawler.Options) lists all"),
]  # fmt: skip


def complaint(place: Place, name: str) -> str:
    """The message of ``place`` about ``name``."""
    if place is Place.COMMAND_LINE:
        return unknown_option(name, [name], sorted(TYPED))
    table = {"name": "a", "url": "http://h/", "dir": "d"}
    with pytest.raises(ConfigError) as error:
        if place is Place.CONFIG:
            Config(**{name: 1})  # type: ignore[arg-type]
        elif place is Place.FILE:
            parse_mirrors({"mirror": [table], name: 1}, {}, "f")
        else:
            parse_mirrors({"mirror": [{**table, name: 1}]}, {}, "f")
    return str(error.value)


@pytest.mark.parametrize(("place", "name", "message"), PLACES, ids=[f"{row[0].value} {row[1]}" for row in PLACES])
def test_the_message_of_each_place_ends_with_the_hint(place: Place, name: str, message: str) -> None:
    assert complaint(place, name) == message


def test_a_key_in_a_table_of_its_own_is_moved_up() -> None:
    for inner, said in (({"ext": "zip"}, "ext"), ({"zzz": 1}, "its keys")):
        table = {"name": "a", "url": "http://h/", "dir": "d", "mirror": inner}
        with pytest.raises(ConfigError, match=f"in no further table: write {said} directly below"):
            parse_mirrors({"mirror": [table]}, {}, "f")


def test_a_mapping_of_options_has_no_place_for_the_arguments_of_a_call() -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_mapping({"url": "http://h/"}, where="my settings")
    assert str(error.value) == (
        "my settings: unknown key 'url': an argument of the calls, such as crawler.mirror, not an option"
    )


def test_the_values_that_switch_options_off_are_values_of_these_options() -> None:
    for key, value in hints._SWITCHED_OFF.items():
        assert getattr(Config(**{key: value}), key) != option_fields()[key].default
