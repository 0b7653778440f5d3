"""The file of --config: how it is parsed, and how errors in it are reported."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cli.mirrors.conflicts import differences, enclosing, same_paths, unknown_names
from crawler.cli.mirrors.file import MirrorsFile, select
from crawler.cli.mirrors.table import Mirror
from crawler.model.errors import ConfigError
from crawler.model.options.rules import Rule
from tests.support.mirrors import parse_mirrors

TWO = """
jobs = 2
[defaults]
workers = 3
ext = ["zip"]
include = ["*.zip"]
[[mirror]]
name = "one"
url = "http://h/one/"
dir = "/srv/one"
[[mirror]]
name = "two"
url = "https://h/two/"
dir = "/srv/two"
workers = 5
include = ["*.iso"]
delete = true
"""


def parse(text: str, **overrides: object) -> MirrorsFile:
    return parse_mirrors(tomllib.loads(text), overrides, "m.toml")


def test_each_mirror_has_the_defaults_and_its_own_options() -> None:
    mirrors = parse(TWO)
    one, two = mirrors.mirrors
    assert mirrors.jobs == 2
    assert (one.name, one.url, one.directory) == ("one", "http://h/one/", "/srv/one")
    assert (one.config.workers, two.config.workers) == (3, 5)
    assert (one.config.delete, two.config.delete) == (False, True)
    assert one.config.ext == two.config.ext == ("zip",)
    assert one.config.rules == (Rule(True, "*.zip"),)
    assert two.config.rules == (Rule(True, "*.iso"),)


def test_the_command_line_wins_over_the_file() -> None:
    overridden = parse(TWO, workers="9", rules=(Rule(False, "*.tmp"),))
    assert [mirror.config.workers for mirror in overridden.mirrors] == [9, 9]
    assert all(mirror.config.rules == (Rule(False, "*.tmp"),) for mirror in overridden.mirrors)


def test_jobs_default_to_one() -> None:
    assert parse('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"').jobs == 1


def test_a_mirror_knows_those_that_contain_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "m")
    places = {"inner": "link/a/b/c", "outer": "m", "middle": "m/a", "beside": "m2", "above": "", "other": "m/ab"}
    tables = [MIRROR.replace('"a"', f'"{name}"').replace('"d"', f'"{tmp_path}/{at}"') for name, at in places.items()]
    assert enclosing(parse("".join(tables)).mirrors) == {
        "inner": ("outer", "middle", "above"),
        "outer": ("above",),
        "middle": ("outer", "above"),
        "beside": ("above",),
        "above": (),
        "other": ("outer", "above"),
    }


MIRROR = '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("no [[mirror]]",)),
        ("mirror = []", ("no [[mirror]]",)),
        ("mirror = 5", ("no [[mirror]]",)),
        ("mirror = [5]", ("mirror 1", "table")),
        ('[mirror]\nname = "a"', ("no [[mirror]]",)),
        ("defaults = 5\n" + MIRROR, ("defaults", "table")),
        ("job = 2\n" + MIRROR, ("'job'", "jobs")),
        ("jobs = 0\n" + MIRROR, ("jobs",)),
        ("jobs = true\n" + MIRROR, ("jobs",)),
        ("jobs = -1\n" + MIRROR, ("jobs",)),
        ("jobs = 1001\n" + MIRROR, ("jobs", "from 1 to 1000")),
        ("jobs = 1e3\n" + MIRROR, ("jobs",)),
        ("jobs = nan\n" + MIRROR, ("jobs",)),
        ("jobs = inf\n" + MIRROR, ("jobs",)),
        ('jobs = "2"\n' + MIRROR, ("jobs",)),
        ('[[mirror]]\nurl = "http://h/"\ndir = "d"', ("mirror 1", "name")),
        ('[[mirror]]\nname = "a"\ndir = "d"', ("mirror 1", "url")),
        ('[[mirror]]\nname = "a"\nurl = "http://h/"', ("mirror 1", "dir")),
        ('[[mirror]]\nname = " "\nurl = "http://h/"\ndir = "d"', ("mirror 1", "name")),
        ('[[mirror]]\nname = 5\nurl = "http://h/"\ndir = "d"', ("mirror 1", "name")),
        ('[[mirror]]\nname = "a"\nurl = "h/pub"\ndir = "d"', ("mirror 1 (a)", "url", "h/pub")),
        (MIRROR + "wrokers = 3", ("mirror 1 (a)", "'wrokers'")),
        (MIRROR + "workers = 0", ("mirror 1 (a)", "workers")),
        (MIRROR + 'include = "re:("', ("mirror 1 (a)", "include")),
        ("[defaults]\nfsync = 'never'\n" + MIRROR, ("mirror 1 (a)", "fsync")),
        (MIRROR + MIRROR.replace('"d"', '"e"'), ("name 'a'",)),
        (MIRROR + MIRROR.replace('"a"', '"b"'), ("directory 'd'",)),
        (MIRROR + "state = 's'\n" + MIRROR.replace('"a"', '"b"').replace('"d"', '"e"') + "state = 's'", ("state",)),
        (MIRROR + "ignore_errors = true", ("mirror 1 (a)", "ignore_errors")),
    ],
)
def test_what_is_wrong_is_named_with_file_table_and_key(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    message = str(raised.value)
    assert message.startswith("m.toml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_mirrors_are_chosen_by_name_in_the_order_of_the_file() -> None:
    mirrors = parse(TWO).mirrors
    assert [mirror.name for mirror in select(mirrors, [])] == ["one", "two"]
    assert [mirror.name for mirror in select(mirrors, ["two"])] == ["two"]
    assert [mirror.name for mirror in select(mirrors, ["two", "one", "two"])] == ["one", "two"]


def test_an_unknown_name_is_reported_with_those_that_exist() -> None:
    (message,) = unknown_names(parse(TWO).mirrors, ["one", "three"])
    assert re.fullmatch(r"--only three: .*one, two", message)


def test_names_in_a_list_are_given_one_by_one() -> None:
    mirrors = parse(TWO).mirrors
    said = "--only one,two: no such mirror; the file has one, two: give --only once for each"
    assert list(unknown_names(mirrors, ["one,two"])) == [said]
    assert list(unknown_names(mirrors, ["one,three"])) == ["--only one,three: no such mirror; the file has one, two"]


def test_a_directory_that_is_refused_is_not_compared_with_others() -> None:
    with pytest.raises(ConfigError) as error:
        parse(TWO.replace("/srv/one", "/srv/{name}").replace("/srv/two", "/srv/{name}"))
    assert [text.partition(": dir: ")[0] for text in error.value.problems] == [
        "m.toml: mirror 1 (one)",
        "m.toml: mirror 2 (two)",
    ]


@pytest.mark.parametrize("option", ["changes", "summary", "metrics", "report"])
def test_two_mirrors_do_not_write_over_each_others_files(option: str) -> None:
    def said(path: str, *only: str) -> list[str]:
        mirrors = parse(TWO, **{option: path}).mirrors
        return list(same_paths(mirrors, select(mirrors, only), str))

    for path in ("out.prom", "/dev/shm/out.prom"):
        assert said(path) == [
            f"m.toml: mirror 2 (two): {option}: mirrors 'one' and 'two' have the same {option}: {path}"
        ]
    assert said("out.prom", "two") == said("/dev/stdout") == said("{name}.prom") == []


def test_what_is_common_to_all_mirrors_may_not_differ() -> None:
    assert not list(differences(parse(TWO, log_file="a.log").mirrors))
    assert not list(differences(parse(TWO).mirrors)), "they may have other keys of their own"
    assert not list(differences(()))
    for key, value in (("log_file", "a.log"), ("log_format", "json")):
        (message,) = differences(parse(f'{TWO}\n{key} = "{value}"').mirrors)
        assert re.match(rf"m\.toml: mirror 2 \(two\): {key}: .*\[defaults\]", message)


SCALARS = st.booleans() | st.integers() | st.text(max_size=8) | st.floats() | st.dates()
TABLES = st.dictionaries(st.sampled_from(["name", "url", "dir", "workers", "include", "delete", "x"]), SCALARS)


FILES = st.dictionaries(
    st.sampled_from(["jobs", "defaults", "mirror", "other"]), SCALARS | TABLES | st.lists(SCALARS | TABLES, max_size=2)
)


@given(FILES)
def test_any_file_is_read_or_refused_by_name(data: dict[str, object]) -> None:
    try:
        assert parse_mirrors(data, {}, "m.toml").mirrors
    except ConfigError as error:
        assert str(error).startswith("m.toml: ")


def test_a_directory_may_be_a_file_url_or_a_place_in_an_object_store() -> None:
    def mirror(directory: str) -> Mirror:
        return parse_mirrors({"mirror": [{"name": "a", "url": "http://h/", "dir": directory}]}, {}, "m.toml").mirrors[0]

    assert mirror("file:///srv/a%20b").directory == "/srv/a b"
    assert mirror("s3://bucket/p").directory == "s3://bucket/p"
    for wrong in ("http://h/", "file://host/x"):
        with pytest.raises(ConfigError, match=r"^m\.toml: mirror 1 \(a\): dir: "):
            mirror(wrong)


def test_the_settings_of_object_stores_are_joined_key_by_key() -> None:
    data = {
        "objects": {"region": "one", "endpoint": "http://e"},
        "defaults": {"objects": {"region": "two"}},
        "mirror": [
            {"name": "a", "url": "http://h/", "dir": "s3://b/a", "objects": {"region": "three", "allow_http": True}},
            {"name": "b", "url": "http://h/", "dir": "s3://b/b"},
        ],
    }
    first, second = parse_mirrors(data, {}, "m.toml").mirrors
    assert first.config.objects == {"region": "three", "endpoint": "http://e", "allow_http": "true"}
    assert second.config.objects == {"region": "two", "endpoint": "http://e"}
