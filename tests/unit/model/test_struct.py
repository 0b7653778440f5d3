"""Values are msgspec structs that programs using the library can treat as dataclasses."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pprint

import pytest

import crawler
from crawler.model.config import Config
from crawler.model.errors import (
    Cause,
    ConfigError,
    CrawlerError,
    DestinationError,
    FetchError,
    ListingError,
    UnreadableDirectory,
    VerificationError,
)
from crawler.model.report import ListingFailure, Published, Report
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


def is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, CrawlerError)


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


FAILURE = Result(path="a", url="http://h/a", outcome=Outcome.FAILED, reason="HTTP 500", known=KNOWN)
JOB = crawler.Job(url="http://h/a", path=LONE, reason="new", size=Span(1, 2), known=KNOWN, mirrors=("http://i/a",))
SAMPLES = (
    Span(1, 2),
    ENTRY,
    KNOWN,
    KNOWN.validators,
    crawler.Rejection("sort", "?C=M", row=LONE),
    Listing(
        url="http://h/", family="nginx", confidence=1.0, is_listing=True, entries=(ENTRY,), mentioned=frozenset("a")
    ),
    crawler.Local(Kind.FILE, 1, 2),
    JOB,
    FAILURE,
    crawler.Staged(job=JOB, part="", body=b"x", size=1, mtime=None, result=FAILURE),
    crawler.Step(action="fetch", path=LONE, reason="new", size=Span(1, 2)),
    ListingFailure(path="a", url="http://h/a/", reason="HTTP 500"),
    Published(name="20261129T104704Z", files=1, size=2, left_out={LONE: "a symbolic link"}),
    Report(
        url="http://h/",
        directory=LONE,
        failures=(FAILURE,),
        spared={LONE: "a mount point"},
        skipped_by={"exclude": 1},
        rejected_by={"sort": 4},
        upstreams={"http://h/": 1},
        published=Published(name="20261129T104704Z", files=1, size=2, left_out={"a": "a socket"}),
        plan=(),
    ),
    Config(workers=3, header={"A": "b"}, include="*.nc", exclude=["old/"], objects={"key": "hush"}, newer_than="7d"),
)
"""One of each value that programs get, with everything in it that may have no hash."""


def test_there_is_a_sample_of_each_public_value_with_every_mapping_filled() -> None:
    assert {type(value).__name__ for value in SAMPLES} >= {*VALUES, "Config", "Published", "ListingFailure"}
    for value in SAMPLES:
        assert all(getattr(value, item.name) != {} for item in dataclasses.fields(value))


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_it_can_be_hashed_copied_and_sent_to_another_process_with_names_of_any_bytes(value: Value) -> None:
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value
        assert hash(other) == hash(value)
        assert repr(other) == repr(value)
    assert {value: "a key"}[value] == "a key"


def test_mappings_count_in_the_hash_whatever_their_order() -> None:
    one = Report(url="", directory="", skipped_by={"a": 1, "b": 2})
    assert hash(one) == hash(replace(one, skipped_by={"b": 2, "a": 1}))
    assert hash(one) != hash(replace(one, skipped_by={"a": 1, "b": 3}))


ERRORS: dict[str, CrawlerError] = {
    "ConfigError": ConfigError("workers: '0'", "ext: ''"),
    "ListingError": ListingError("not a listing", content_type="text/html", is_advised=True),
    "DestinationError": DestinationError("disk full", done=[KNOWN], untouched=True).after({LONE: None}),
    "UnreadableDirectory": UnreadableDirectory("a", "Permission denied", "chmod it"),
    "FetchError": FetchError("HTTP 503", url="http://h/", status=503, retry_after=2.0, cause=Cause.SILENT),
    "VerificationError": VerificationError("too short", retryable=False),
}
"""Errors that take more than a message."""


@pytest.mark.parametrize("name", [name for name in crawler.__all__ if is_error(getattr(crawler, name))])
def test_an_error_can_be_copied_and_sent_to_another_process(name: str) -> None:
    """The error of a child process that cannot be read would break its pool."""
    kind: type[CrawlerError] = getattr(crawler, name)
    error = ERRORS[name] if name in ERRORS else kind("a message")
    assert type(error) is kind
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is kind
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))


def test_each_value_has_a_container_of_its_own() -> None:
    one, other = (crawler.Report(url="", directory="") for _ in range(2))
    assert one.spared is not other.spared


def test_it_can_be_matched() -> None:
    match Span(1, 2):
        case Span(low, high=2):
            assert low == 1
        case _:
            pytest.fail("no match")


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
