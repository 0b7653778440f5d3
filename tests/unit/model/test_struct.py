"""Values are msgspec structs that programs using the library can treat as dataclasses."""

from __future__ import annotations

import dataclasses
import pickle
import pprint

import pytest

import crawler
from crawler.model.config import Config
from crawler.model.report import Report
from crawler.model.struct import Value, replace
from crawler.model.values import Entry, Kind, Known, Listing, Outcome, Result, Span, Validators

LONE = b"caf\xe9".decode("utf-8", "surrogateescape")
"""A name that is not valid UTF-8."""
ENTRY = crawler.Entry(name=LONE, kind=Kind.FILE, url="http://h/caf%E9", size=Span(1, 2))
KNOWN = Known(path=LONE, url="http://h/caf%E9", row="", size=1, mtime=2, validators=Validators(etag='"1"'))
VALUES = sorted(
    name
    for name in crawler.__all__
    if isinstance(getattr(crawler, name), type) and issubclass(getattr(crawler, name), Value)
)


def test_the_public_values_are_values() -> None:
    assert {"Entry", "Job", "Known", "Listing", "Local", "Rejection", "Report", "Result", "Span", "Staged"} <= set(
        VALUES
    )


@pytest.mark.parametrize("name", VALUES)
def test_dataclasses_knows_the_fields_of_a_public_value_in_order(name: str) -> None:
    value = getattr(crawler, name)
    assert dataclasses.is_dataclass(value)
    assert tuple(item.name for item in dataclasses.fields(value)) == value.__struct_fields__


def test_a_value_never_changes() -> None:
    with pytest.raises(AttributeError):
        ENTRY.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del ENTRY.name


def test_a_value_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        ENTRY.nmae = "typo"  # type: ignore[attr-defined]
    assert not hasattr(ENTRY, "__dict__")


def test_values_with_equal_fields_are_equal_and_have_one_hash() -> None:
    again = replace(replace(ENTRY, name="x"), name=LONE)
    assert again is not ENTRY
    assert again == ENTRY
    assert hash(again) == hash(ENTRY)
    assert replace(ENTRY, name="x") != ENTRY
    assert Span(1, 2) != (1, 2)


def test_dataclasses_replaces_and_converts_it() -> None:
    assert dataclasses.replace(KNOWN, size=5) == replace(KNOWN, size=5)
    assert dataclasses.asdict(KNOWN)["validators"] == {"etag": '"1"', "last_modified": None}
    with pytest.raises(TypeError):
        dataclasses.replace(KNOWN, siez=5)


def test_it_prints_its_fields() -> None:
    assert repr(Span(1, 2)) == "Span(low=1, high=2)"
    assert repr(Validators(etag="x")) == "Validators(etag='x', last_modified=None)"


@pytest.mark.parametrize("value", [ENTRY, KNOWN, crawler.Report(url="http://h/", directory=LONE)])
def test_it_travels_between_processes_with_names_of_any_bytes(value: Value) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


def test_each_value_has_a_container_of_its_own() -> None:
    one, other = (crawler.Report(url="", directory="") for _ in range(2))
    assert one.spared is not other.spared


def test_it_can_be_matched() -> None:
    match Span(1, 2):
        case Span(low, high=2):
            assert low == 1
        case _:
            pytest.fail("no match")


FAILURE = Result(path="a", url="http://h/a", outcome=Outcome.FAILED, reason="HTTP 500")


def test_a_report_of_many_failures_is_one_line_and_its_text_is_the_account() -> None:
    report = Report(url="http://h/pub/", directory="pub", listed=1205, unchanged=5, failed=1200, exit_code=5)
    many = replace(report, failures=(FAILURE,) * 1200, warnings=("x" * 1000,) * 900)
    line = "Report(url='http://h/pub/', directory='pub', listed=1205, unchanged=5, failed=1200, exit_code=5)"
    assert repr(report) == repr(many) == line
    assert pprint.pformat(many) == line
    assert str(many) == "Listed 1,205: 0 saved, 5 unchanged, 0 skipped, 1,200 failed"
    assert many.__rich_repr__()[0] == ("url", "http://h/pub/")
    long = replace(report, url="http://h/" + "x" * 1000, directory="y" * 1000)
    assert len(repr(long)) < 200
    assert repr(replace(report, directory="a\n\x1b[31m")).isprintable()


def test_a_listing_of_many_entries_is_one_line() -> None:
    entries = (Entry(name="a", kind=Kind.FILE, url="http://h/a"),) * 1000
    listing = Listing(url="http://h/", family="nginx", confidence=1.0, is_listing=True, entries=entries)
    assert repr(listing) == (
        "Listing(url='http://h/', family='nginx', confidence=1.0, is_listing=True, complete=True, closed=True, "
        "conclusive=True)"
    )
    assert pprint.pformat(Validators(etag="x")) == "Validators(etag='x', last_modified=None)"


def test_a_config_shows_what_differs_from_the_defaults_and_no_password() -> None:
    assert repr(Config()) == "Config()"
    config = Config(header="Authorization: hush", proxy="http://u:hush@h:1", workers=3, objects={"key": "hush"})
    assert repr(config) == "Config(workers=3, header=…, proxy='http://…@h:1')"
