"""The options: how their texts and mappings are read, and what is rejected."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError
from crawler.model.options.combinations import order_of_ages, refuse_ages
from crawler.model.options.option import default_of, option_of
from crawler.model.options.readers import MaxDelete, parse_age, parse_duration, parse_max_delete, parse_size
from crawler.model.options.rules import Rule


def read(**values: object) -> Config:
    return Config.from_mapping(values, where="here")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("500", 500), ("10K", 10240), ("10k", 10240), ("10KB", 10240), ("10KiB", 10240), ("10 K", 10240),
        ("1.5M", 1572864), ("1.5MiB", 1572864), ("2G", 2 << 30), ("1T", 1 << 40), ("2M/s", 2 << 20), ("500B", 500),
        (" 7 ", 7), ("0.5K", 512), ("9007199254740993", (1 << 53) + 1), ("9007199254740991K", ((1 << 53) - 1) << 10),
    ],
)  # fmt: skip
def test_a_size_is_read_in_powers_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K",
        "-1",
        "1X",
        "1.M",
        ".5M",
        "1e3",
        "1,000",
        "10 K B",
        "ten",
        "1P",
        "inf",
        "nan",
        "1/2",
        "8388608T",
        "9" * 400,
    ],
)
def test_an_invalid_size_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("30", 30), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("7d", 604800), ("1w", 604800), ("2 H", 7200)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1y", "1h30m", "soon", "1e3"])
def test_an_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("7d", timedelta(days=7)),
        ("90", timedelta(seconds=90)),
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
        ("20250131", datetime(2025, 1, 31, tzinfo=UTC)),
        ("20250131T1230", datetime(2025, 1, 31, 12, 30, tzinfo=UTC)),
        ("2025s", timedelta(seconds=2025)),
        ("20259999", timedelta(seconds=20259999)),
        ("31536000", timedelta(days=365)),
        ("2025-01-31T12:30", datetime(2025, 1, 31, 12, 30, tzinfo=UTC)),
        ("2025-01-31 12:30:05Z", datetime(2025, 1, 31, 12, 30, 5, tzinfo=UTC)),
        ("2025-01-31T12:30+02:00", datetime(2025, 1, 31, 12, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_an_age_is_a_duration_or_an_aware_date(text: str, age: datetime | timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "2025-02-30", "31.01.2025", "2025-01-31T99:00", "tomorrow", "99999999999d"])
def test_an_invalid_age_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|Invalid|month|range|day|hour"):
        parse_age(text)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("0", MaxDelete(count=0)),
        ("100", MaxDelete(count=100)),
        ("25%", MaxDelete(percent=25.0)),
        ("0%", MaxDelete(percent=0.0)),
        ("12.5%", MaxDelete(percent=12.5)),
        ("100%", MaxDelete(percent=100.0)),
    ],
)
def test_max_delete_is_a_count_or_a_percentage_and_prints_as_it_was_given(text: str, limit: MaxDelete) -> None:
    assert parse_max_delete(text) == limit
    assert str(limit) == text


@pytest.mark.parametrize("text", ["", "%", "101%", "-1", "2.5", "all", "1 %x"])
def test_an_invalid_max_delete_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="number of files or a percentage"):
        parse_max_delete(text)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("ext", "zip", ("zip",)),
        ("ext", ["zip", "tar.gz,iso"], ("zip", "tar.gz,iso")),
        ("min_size", "1K", 1024),
        ("min_size", 5, 5),
        ("max_total_size", "1G", 1 << 30),
        ("newer_than", "7d", timedelta(days=7)),
        ("workers", 3, 3),
        ("workers", "3", 3),
        ("max_depth", 0, 0),
        ("connect_timeout", "1m", 60.0),
        ("connect_timeout", 0.5, 0.5),
        ("min_speed", 0, 0),
        ("limit_rate", "2M", 2 << 20),
        ("requests_per_second", 20, 20.0),
        ("requests_per_second", "0.5", 0.5),
        ("requests_per_second", 0.001, 0.001),
        ("requests_per_second", "2/s", 2.0),
        ("requests_per_second", ".5", 0.5),
        ("header", ["A: b", "@file"], ("A: b", "@file")),
        ("header", "A:", ("A:",)),
        ("max_delete", "10%", MaxDelete(percent=10.0)),
        ("max_delete", 10, MaxDelete(count=10)),
        ("trash", "30", timedelta(days=30)),
        ("trash", 30, timedelta(days=30)),
        ("trash", "12h", timedelta(hours=12)),
        ("check", "digest", "digest"),
        ("verify_digests", False, False),
        ("last", ["*.db"], ("*.db",)),
        ("last", [], ()),
        ("fsync", "none", "none"),
        ("dry_run", True, True),
    ],
)
def test_a_value_is_read_as_its_option_says(key: str, value: object, expected: object) -> None:
    assert getattr(read(**{key: value}), key) == expected


def test_without_values_the_defaults_apply() -> None:
    assert read() == Config()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("workers", 0), ("workers", -1), ("workers", "many"), ("workers", 2.5), ("workers", True), ("workers", [1, 2]),
        ("workers", None), ("workers", {}), ("attempts", 0), ("listers", 0), ("backlog", 0), ("max_files", 0),
        ("max_depth", -1), ("requests_per_second", 0), ("min_size", "1X"), ("max_size", "9" * 400),
        ("max_total_size", -1), ("connect_timeout", 0), ("read_timeout", "0s"), ("read_timeout", "9" * 400),
        ("max_duration", 0), ("limit_rate", 0), ("limit_rate", "0.2"), ("limit_rate", "fast"), ("min_speed", "slow"),
        ("newer_than", "2025-02-30"), ("older_than", "99999999999999d"), ("header", "no colon"), ("header", "@"),
        ("header", "Bad Name: x"), ("header", "A: b\r\nC: d"), ("header", ": x"), ("max_delete", "200%"),
        ("trash", "x"), ("check", "guess"), ("fsync", "always"), ("progress", "on"), ("format", "xml"),
        ("log_format", ""), ("delete", "yes"), ("delete", 1), ("no_robots", []), ("ext", 5.5 + 0j), ("ext", [["a"]]),
        ("include", 5), ("include", [5]), ("include", ""), ("include", True), ("include", {"a": "b"}),
        ("exclude", "re:("), ("exclude", ["a", None]), ("exclude", None), ("lock_wait", "forever"),
        ("last", "dists/*"), ("last", ["*.db", "/Release"]),
    ],
)  # fmt: skip
def test_an_invalid_value_is_a_one_line_error_that_names_place_and_key(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as raised:
        read(**{key: value})
    text = str(raised.value)
    assert text.startswith(f"here: {key}")
    assert "\n" not in text


TAKES_ZERO = {
    "workers": False, "processes": False, "listers": False, "backlog": False, "segments": False, "attempts": False,
    "max_files": False, "max_depth": True, "pipeline": False, "requests_per_second": False, "max_total_size": False,
    "min_size": True, "max_size": True, "min_speed": True, "limit_rate": False, "connect_timeout": False,
    "read_timeout": False,
    "max_duration": False, "lock_wait": True, "trash": True, "newer_than": True, "older_than": True, "max_delete": True,
}  # fmt: skip
"""Every numeric option, and whether it accepts 0."""


def test_all_numeric_options_are_in_the_table() -> None:
    units = {"N", "SIZE", "TIME", "RATE", "AGE", "DAYS", "N|auto", "N|auto|off", "N|N%"}
    options = {key: option_of(item) for key, item in option_fields().items()}
    assert {key for key, option in options.items() if option.metavar in units} == set(TAKES_ZERO)
    numbers = {key for key, item in option_fields().items() if isinstance(item.default, int | float)}
    assert {key for key in numbers if not isinstance(option_fields()[key].default, bool)} <= set(TAKES_ZERO)


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-inf", "1e3", "-1", "-1s", "9" * 5000, "1" + "0" * 19, "", -1, 10**19, 1e300, float("nan"), -0.5],
)
@pytest.mark.parametrize("key", TAKES_ZERO)
def test_numbers_out_of_range_are_rejected(key: str, value: str | float) -> None:
    with pytest.raises(ConfigError, match=f"^here: {key}: [^\n]*$"):
        read(**{key: value})
    with pytest.raises(ConfigError, match=f"^Config: {key}: [^\n]*$"):
        Config(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "is_value"), TAKES_ZERO.items())
def test_zero_is_accepted_where_it_has_a_meaning(key: str, is_value: bool) -> None:
    for make in (read, Config):
        if is_value:
            make(**{key: 0})
        else:
            with pytest.raises(ConfigError, match=key):
                make(**{key: 0})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, timedelta(days=days)) for key in ("trash", "newer_than", "older_than") for days in (-1, 1_000_001)),
        *(
            ("max_delete", limit)
            for limit in (
                MaxDelete(), MaxDelete(count=-1), MaxDelete(count=1 << 63), MaxDelete(percent=-0.1),
                MaxDelete(percent=100.1), MaxDelete(percent=float("nan")), MaxDelete(percent=float("inf")),
                MaxDelete(count=1, percent=1.0), MaxDelete(percent=25.0, always=-1),
            )
        ),
    ],
)  # fmt: skip
def test_a_value_made_by_a_program_is_checked_too(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^Config: {key}: .*expected a "):
        Config(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_total_size", 0), ("workers", 1001), ("listers", 1001), ("segments", 1001), ("attempts", 1001),
        ("processes", 1001), ("backlog", 1_000_001), ("requests_per_second", 1_000_001),
        ("requests_per_second", 0.0009), ("requests_per_second", "1/2s"), ("trash", "1000001d"),
        ("connect_timeout", float("nan")), ("lock_wait", float("inf")), ("max_duration", -5.0),
    ],
)  # fmt: skip
def test_senseless_values_are_rejected(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"here: {key}"):
        read(**{key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [("trash", 0), ("trash", 999_999), ("lock_wait", 0), ("max_depth", 0), ("min_speed", 0), ("min_size", 0)],
)
def test_values_that_mean_off_or_forever_are_accepted(key: str, value: int) -> None:
    read(**{key: value})


@pytest.mark.parametrize("make", [Config, read])
def test_all_mistakes_are_reported_at_once(make: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as raised:
        make(workers=0, listers=0, header=["x"], include="re:(", objects=5)
    told = [problem.partition(": ")[2].partition(":")[0] for problem in raised.value.problems]
    assert sorted(told) == ["header", "include", "listers", "objects", "workers"]


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ConfigError, match="here: unknown key 'wrokers'"):
        read(wrokers=3)


@pytest.mark.parametrize(
    "toml",
    [
        "newer_than = 2025-01-31",
        "newer_than = 2025-01-31T00:00:00",
        "newer_than = 2025-01-31T00:00:00Z",
        'newer_than = "2025-01-31"',
    ],
)
def test_a_toml_date_is_accepted(toml: str) -> None:
    assert read(**tomllib.loads(toml)).newer_than == datetime(2025, 1, 31, tzinfo=UTC)


def test_rules_from_lists_are_includes_before_excludes_in_their_order() -> None:
    rules = read(exclude=["*.tmp", "re:^x"], include=["*.zip", "docs/**"]).rules
    assert rules == (
        Rule(True, "*.zip"),
        Rule(True, "docs/**"),
        Rule(False, "*.tmp"),
        Rule(False, "re:^x"),
    )
    assert read(include="*.zip").rules == (Rule(True, "*.zip"),)


def test_ordered_rules_override_lists() -> None:
    common = (Rule(False, "a"), Rule(True, "b"))
    assert read(rules=common, include=["c"]).rules == common


def test_rules_are_not_a_key_of_the_file() -> None:
    with pytest.raises(ConfigError, match="unknown key 'rules'"):
        read(rules=["*.zip"])


@pytest.mark.parametrize(
    "values",
    [
        {"min_size": "2K", "max_size": "1K"},
        {"newer_than": "1d", "older_than": "2d"},
        {"newer_than": "2025-06-01", "older_than": "2024-01-01"},
        {"newer_than": datetime(2025, 6, 1, tzinfo=UTC), "older_than": "2025-05-31T23:59+00:00"},
        {"delete_excluded": True},
        {"ignore_errors": True},
    ],
)
def test_senseless_combinations_of_options_are_rejected(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="here: "):
        read(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"min_size": "1K", "max_size": "1K"},
        {"newer_than": "2d", "older_than": "1d"},
        {"newer_than": "1d", "older_than": "24h"},
        {"newer_than": "2024-01-01", "older_than": "2025-06-01"},
        {"newer_than": "2025-06-01", "older_than": "1d"},  # the time of the run decides
        {"delete_excluded": True, "delete": True},
        {"ignore_errors": True, "delete": True},
    ],
)
def test_sensible_combinations_of_options_are_accepted(values: dict[str, object]) -> None:
    assert dataclasses.is_dataclass(read(**values))


_NOW = datetime(2025, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        (None, None, None),
        ("1d", None, None),
        (None, "2025-06-01", None),
        ("2d", "1d", True),
        ("1d", "1d", True),
        ("1d", "2d", False),
        ("0s", "0s", True),
        ("2025-06-01", "2025-06-01", True),
        ("2025-06-02", "2025-06-01", False),
        ("2025-06-01T02:00+02:00", "2025-06-01", True),
        ("2025-06-01", "8d", True),
        ("2025-06-01", "9d", True),
        ("2025-06-01", "10d", False),
        ("2030-01-01", "0s", False),
        ("10d", "2025-06-01", True),
        ("9d", "2025-06-01", True),
        ("8d", "2025-06-01", False),
        ("1000000d", "2025-06-01", True),
        ("2025-06-01", "1000000d", False),
    ],
)
def test_ages_and_dates_leave_time_between_them_or_are_refused(newer: str, older: str, expected: bool | None) -> None:
    first, second = (None if text is None else parse_age(text) for text in (newer, older))
    assert order_of_ages(first, second, _NOW) is expected
    if expected is False:
        with pytest.raises(ConfigError, match="--newer-than is later than --older-than, so that no file matches both"):
            refuse_ages(first, second, _NOW)
    else:
        refuse_ages(first, second, _NOW)


_AGES = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=3650)),
    st.timedeltas(timedelta(days=-3650), timedelta(days=3650)).map(lambda since: _NOW + since),
)


@given(newer=_AGES, older=_AGES)
def test_ages_are_ordered_as_the_moments_that_they_stand_for(
    newer: datetime | timedelta, older: datetime | timedelta
) -> None:
    moments = [age if isinstance(age, datetime) else _NOW - age for age in (newer, older)]
    assert order_of_ages(newer, older, _NOW) == (moments[0] <= moments[1])
    if type(newer) is type(older):
        assert order_of_ages(newer, older) == (moments[0] <= moments[1])


def test_every_field_but_the_rules_and_the_object_store_is_an_option_with_a_help_text() -> None:
    options = option_fields()
    assert set(options) == {item.name for item in dataclasses.fields(Config)} - {"rules", "objects"}
    for item in options.values():
        option = option_of(item)
        assert option.help
        assert not option.help.endswith(".")
        assert option.group
        assert (option.metavar is None) == isinstance(default_of(item), bool)


def test_every_default_is_read_back_from_its_printed_form() -> None:
    for name, item in option_fields().items():
        option, default = option_of(item), default_of(item)
        if default is not None and option.metavar is not None and not option.multiple:
            if name == "max_delete":  # an explicit limit applies as given, even if it equals the default
                default = dataclasses.replace(default, always=0)
            assert getattr(read(**{name: str(default)}), name) == default


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.datetimes() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


KEYS = st.sampled_from([*option_fields(), "include", "exclude"])
NO_NAMES = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=3) | st.dates()


@given(st.dictionaries(KEYS | NO_NAMES, VALUES, max_size=3))
def test_any_mapping_is_a_config_or_a_config_error(values: Any) -> None:
    try:
        assert isinstance(Config.from_mapping(values, where="here"), Config)
    except ConfigError as error:
        assert "\n" not in str(error)
        assert any(f"here: {key if isinstance(key, str) else repr(key)}" in str(error) for key in values)


# --- the constructor, for programs that use the library


@pytest.mark.parametrize(
    ("options", "key", "expected"),
    [
        ({"ext": "zip"}, "ext", ("zip",)),
        ({"ext": ["zip", "iso"]}, "ext", ("zip", "iso")),
        ({"allow_host": "cdn.example.org"}, "allow_host", ("cdn.example.org",)),
        ({"max_size": "10M"}, "max_size", 10 << 20),
        ({"newer_than": "7d"}, "newer_than", timedelta(days=7)),
        ({"newer_than": timedelta(hours=1)}, "newer_than", timedelta(hours=1)),
        ({"older_than": datetime(2025, 1, 31)}, "older_than", datetime(2025, 1, 31, tzinfo=UTC)),  # noqa: DTZ001
        ({"max_delete": "50%"}, "max_delete", MaxDelete(percent=50)),
        ({"max_delete": MaxDelete(count=3)}, "max_delete", MaxDelete(count=3)),
        ({"trash": 30}, "trash_seconds", 30 * 86400.0),
        ({"connect_timeout": 1e-5}, "connect_timeout", 1e-5),
        ({"processes": "auto"}, "processes", 0),
        ({"state": Path("x") / "state"}, "state", "x/state"),
        ({"include": "*.zip", "exclude": ["a/", "re:b"]}, "rules",
         (Rule(True, "*.zip"), Rule(False, "a/"), Rule(False, "re:b"))),
    ],
)  # fmt: skip
def test_the_constructor_accepts_what_toml_accepts(options: dict[str, Any], key: str, expected: object) -> None:
    made = Config(**options)
    assert getattr(made, key) == expected
    assert dataclasses.replace(made) == made  # converted values are accepted unchanged


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"workers": 0}, "workers"),
        ({"workers": None}, "workers"),
        ({"attempts": 2.5}, "attempts"),
        ({"check": "lising"}, "check"),
        ({"delete": "no"}, "delete"),
        ({"max_size": "ten"}, "max_size"),
        ({"max_size": timedelta(1)}, "max_size"),
        ({"max_delete": timedelta(1)}, "max_delete"),
        ({"newer_than": MaxDelete(count=1)}, "newer_than"),
        ({"connect_timeout": float("nan")}, "connect_timeout"),
        (
            {"header": {"Authorization": None}},
            "header: Authorization: expected a value, not None: is a variable",
        ),
        ({"header": {"X": ["a"]}}, "header: X: expected text, not list"),
        ({"header": {"X": True}}, "header: X: expected text, not bool"),
        ({"header": {7: "x"}}, "header: expected the names of headers as text, not int"),
        ({"read_timeout": float("inf")}, "read_timeout"),
        ({"state": b"x"}, "state"),
        ({"include": "re:("}, "include"),
        ({"exclude": 5}, "exclude"),
        ({"rules": ["*.zip"]}, "rules"),
        ({"rules": (Rule(True, "re:("),)}, "rules"),
        ({"rules": (Rule(True, "a"),), "exclude": "b"}, "rules"),
        ({"min_size": "2K", "max_size": "1K"}, "min_size"),
        ({"ignore_errors": True}, "ignore_errors"),
    ],
)
def test_the_constructor_rejects_an_invalid_value_and_names_its_field(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=f"^Config: {key}") as raised:
        Config(**options)
    assert "\n" not in str(raised.value)


@given(st.dictionaries(st.sampled_from([*option_fields(), "include", "exclude"]), VALUES, max_size=3))
def test_the_constructor_and_toml_agree(values: dict[str, Any]) -> None:
    absent = {key for key, value in values.items() if value is None}  # TOML has no null, but None is a frequent default
    values = {key: value for key, value in values.items() if key not in absent}
    try:
        expected: Config | None = read(**values)
    except ConfigError:
        expected = None
    try:
        made: Config | None = Config(**values)
    except ConfigError:
        made = None
    assert made == expected


def test_the_settings_of_an_object_store_are_texts_and_never_shown() -> None:
    config = Config(objects={"Secret_Access_Key": "hush", "allow_http": True, "retries": 3})  # type: ignore[dict-item]
    assert config.objects == {"secret_access_key": "hush", "allow_http": "true", "retries": "3"}
    assert "hush" not in repr(config)
    assert Config.from_mapping({"objects": config.objects}, where="w").objects == config.objects
    for wrong in ("hush", {"secret": ["hush"]}, {"secret": 1.5}, {1: "hush"}, ["hush"]):
        with pytest.raises(ConfigError, match="objects: ") as caught:
            Config.from_mapping({"objects": wrong}, where="w")
        assert "hush" not in str(caught.value)


def test_a_client_of_a_cluster_is_said_to_be_an_argument_of_the_call() -> None:
    with pytest.raises(ConfigError, match=r"^Config: cluster: expected text, not object: .* cluster=client\)$"):
        Config(cluster=object())


def test_positional_arguments_are_refused_with_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"^Config takes keyword arguments only, such as workers=4$"):
        Config({"workers": 3})  # type: ignore[call-arg, arg-type]


def test_options_are_equal_and_hashed_by_their_values() -> None:
    one, other = Config(ext="zip", workers=3), Config(ext=["zip"], workers=3)
    assert one == other
    assert len({one, other, Config(), Config(ext="zip")}) == 3
    assert one != Config(ext="zip")
    assert one != "ext"
    with_store = Config(objects={"region": "a"})
    assert with_store != Config(objects={"region": "b"})
    assert hash(with_store) == hash(Config(objects={"region": "b"})), "mappings have no hash"
