"""Attributes of objects, valid keys, and messages of errors: tables, and arbitrary input."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.exceptions import GenericError, InvalidPathError, PermissionDeniedError, PreconditionError

from crawler.model.errors import ConfigError
from crawler.storage.objects.attributes import SECOND, attributes, digest_of, media_type, mtime_of
from crawler.storage.objects.errors import destination_error, is_of_one, is_of_one_deletion, summary
from crawler.storage.objects.keys import KEY_BYTES, key_problem, parents, unusable
from crawler.storage.objects.location import Location, parse_location
from crawler.storage.objects.own.lock import Holder, parse_holder
from crawler.text.urls import path_problem

T = 1_700_000_000


@pytest.mark.parametrize(
    ("mtime", "s3", "others"),
    [
        (T * SECOND, "1700000000", "2023-11-14T22:13:20Z"),
        (T * SECOND + 500_000_000, "1700000000.5", "2023-11-14T22:13:20.5Z"),
        (T * SECOND + 1, "1700000000.000000001", "2023-11-14T22:13:20.000000001Z"),
        (0, "0", "1970-01-01T00:00:00Z"),
        (-SECOND, "-1", "1969-12-31T23:59:59Z"),
        (10**30, None, None),
        (None, None, None),
    ],
)
def test_the_time_is_written_as_rclone_writes_it(mtime: int | None, s3: str | None, others: str | None) -> None:
    assert attributes("x", mtime, None, "s3").get("mtime") == s3
    assert attributes("x", mtime, None, "gs").get("mtime") == others
    assert attributes("x", mtime, None, "az").get("mtime") == others


@given(mtime=st.integers(-(2**60), 2**60), scheme=st.sampled_from(["s3", "gs", "az"]))
def test_any_time_is_read_as_it_was_written(mtime: int, scheme: str) -> None:
    assert mtime_of(attributes("x", mtime, None, scheme)) == mtime


@given(text=st.text() | st.from_regex(r"-?\d{1,20}(\.\d{0,12})?", fullmatch=True))
def test_any_text_of_others_is_a_time_or_none(text: str) -> None:
    found = mtime_of({"mtime": text})
    assert found is None or isinstance(found, int)


@pytest.mark.parametrize(
    ("text", "mtime"),
    [
        ("2023-11-14T23:13:20+01:00", T * SECOND),
        ("2023-11-14T22:13:20.123456789Z", T * SECOND + 123_456_789),
        ("2023-11-14T22:13:20", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_of_other_programs(text: str, mtime: int | None) -> None:
    assert mtime_of({"mtime": text}) == mtime


def test_only_a_whole_digest_is_noted() -> None:
    whole = f"sha256:{'0f' * 32}"
    assert digest_of(attributes("x", None, whole, "s3")) == whole
    for digest in (None, "", "sha256:00", f"md5:{'0f' * 16}"):
        assert "sha256" not in attributes("x", None, digest, "s3")
    assert digest_of({"sha256": "other"}) == digest_of({}) == ""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/page.html", "text/html"),
        ("page.html.gz", "application/gzip"),
        ("a.tar.xz", "application/x-xz"),
        ("data:text/html,x", "application/octet-stream"),
        ("a.json/none", "application/octet-stream"),
        ("X.JSON", "application/json"),
    ],
)
def test_the_media_type_is_that_of_the_bytes(path: str, kind: str) -> None:
    assert media_type(path) == kind


@pytest.mark.parametrize(
    ("path", "prefix", "problem"),
    [
        ("a" * KEY_BYTES, "", None),
        ("a" * (KEY_BYTES + 1), "", "longer than 1024 bytes"),
        ("a" * (KEY_BYTES - 3), "pp", None),
        ("a" * (KEY_BYTES - 2), "pp", "longer than 1024 bytes"),
        ("ü" * 512, "", None),
        ("ü" * 512, "p", "longer than 1024 bytes"),
        ("x\udcff", "", "not UTF-8"),
    ],
)
def test_keys_that_no_store_holds(path: str, prefix: str, problem: str | None) -> None:
    found = key_problem(path, prefix)
    assert (problem in found) if problem and found else found is None


@given(path=st.text(max_size=30), prefix=st.sampled_from(["", "pub"]))
def test_what_is_not_refused_is_a_key_that_obstore_can_hold(path: str, prefix: str) -> None:
    import obstore
    from obstore.store import MemoryStore

    if unusable(path, prefix) is None:
        key = f"{prefix}/{path}".lstrip("/")
        store = MemoryStore()
        obstore.put(store, key, b"")
        assert [item["path"] for chunk in obstore.list(store) for item in chunk] == [key]
    else:
        assert path_problem(path) or max(path, default="") >= "\udc80" or any("\ud800" <= c <= "\udfff" for c in path)


def test_parents() -> None:
    assert parents("a/b/c") == ["a/b", "a"]
    assert parents("a") == parents("") == []


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://bucket", Location("s3", "bucket", "")),
        ("s3://bucket/", Location("s3", "bucket", "")),
        ("S3://bucket/a/b%20c d/", Location("s3", "bucket", "a/b%20c d")),
        ("gs://b_u.c-ket/p", Location("gs", "b_u.c-ket", "p")),
        ("az://container/p", Location("az", "container", "p")),
    ],
)
def test_places(url: str, location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert parse_location(url, {}) == location
    other = parse_location(url, {"aws_endpoint": "http://other"})
    assert other.cache != location.cache, "the same name elsewhere is another place"
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert str(location.state).startswith(f"/state/crawler/{location.scheme}-{location.bucket}-")


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///key", "s3://u:secret@bucket/p", "s3://b/a//b", "s3://bucket/../x", "s3://bucket/.crawler",
            "s3://bucket/a\nb", "s3://bucket//"]
)  # fmt: skip
def test_places_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError, match="DIR: ") as caught:
        parse_location(url, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [("s3://key:secret@bucket/p", "s3://bucket/p"), ("s3://key:sec/secret@bucket/p", "s3://bucket/p"),
     ("gs://secret@bucket/p@q", "gs://q")]
)  # fmt: skip
def test_keys_in_the_url_of_a_place(url: str, shown: str) -> None:
    with pytest.raises(ConfigError, match=rf"^DIR: {shown}: keys belong in the environment or \[objects\]"):
        parse_location(url, {})
    assert parse_location("s3://bucket/a@b", {}).prefix == "a@b"


SIGNED = "Error performing PUT https://a.blob.core.windows.net/c/k?sig=SECRET in 8ms - "


@pytest.mark.parametrize(
    ("error", "one", "text", "message"),
    [
        (FileNotFoundError(f"{SIGNED}Server returned non-2xx status code: 404 Not Found: <Code>NoSuchBucket</Code>"),
         False, "HTTP 404 Not Found, NoSuchBucket", "create the bucket first"),
        (PermissionDeniedError(f"{SIGNED}status code: 403 Forbidden: <Code>AccessDenied</Code>"),
         False, "HTTP 403 Forbidden, AccessDenied", "check the credentials"),
        (GenericError(f"{SIGNED}status code: 400 Bad Request: <Code>KeyTooLongError</Code>"),
         True, "HTTP 400 Bad Request, KeyTooLongError", "cannot use"),
        (GenericError(f"{SIGNED}status code: 503 Slow Down: "), False, "HTTP 503 Slow Down", "cannot use"),
        (GenericError(f"{SIGNED}status code: 501 Not Implemented: "), False, "HTTP 501 Not Implemented", "--lock none"),
        (GenericError(f"{SIGNED}HTTP error: error sending request\n\nDebug source"),
         False, "HTTP error: error sending request", "can it be reached"),
        (InvalidPathError('Path "pre/x//" contained empty path segment'), True, None, "key there.*: pre/x//: remove"),
        (PreconditionError(""), False, "PreconditionError", "cannot use"),
        (PermissionError(13, "Permission denied", "/state"), False, None, "cannot keep the state .* in /state: Perm"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_without_secrets(error: Exception, one: bool, text: str | None, message: str) -> None:
    assert is_of_one(error) == one
    assert text is None or summary(error) == text
    with pytest.raises(Exception, match=message) as caught:
        raise destination_error(error, "s3://b/p")
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "one", "text"),
    [
        (GenericError("Generic S3 error: DeleteObjects request failed for key p/a: Access Denied (code: AccessDenied)"),
         True, "the store refuses: AccessDenied"),
        (GenericError("Generic MicrosoftAzure error: Bulk delete request failed for key a\nb: no (code: Immutable)"),
         True, "the store refuses: Immutable"),
        (GenericError(f"{SIGNED}Server returned error response: <DeleteResult><Error><Code>InternalError</Code>"),
         True, "the store refuses: InternalError"),
        (PermissionDeniedError("Error performing DELETE http://g/o in 8ms - status code: 403 Forbidden: "),
         True, "HTTP 403 Forbidden"),
        (GenericError("Error performing DELETE http://g/o in 8ms - status code: 412 Held: "), True, "HTTP 412 Held"),
        (PermissionDeniedError("Error performing POST http://g/?delete in 8ms - status code: 403 Forbidden: "),
         False, "HTTP 403 Forbidden"),
        (GenericError("Error performing DELETE http://g/o in 8ms - status code: 503 Slow Down: "),
         False, "HTTP 503 Slow Down"),
        (GenericError("Error performing DELETE http://g/o in 8ms - HTTP error: error sending request"),
         False, "HTTP error: error sending request"),
    ],
)  # fmt: skip
def test_a_refusal_to_delete_one_object_says_nothing_about_others(error: Exception, one: bool, text: str) -> None:
    assert (is_of_one_deletion(error), summary(error)) == (one, text)


def test_the_holder_of_a_lock() -> None:
    mine = Holder(owner="host pid 1", since="2026-01-01T00:00:00Z", expires=1.5e9, token="t")
    assert parse_holder(mine.render()) == mine
    for strange in (b"", b"{}", b"[]", b"\xff", b'{"owner": 1}', b"null"):
        assert parse_holder(strange) == Holder(expires=math.inf)
    assert datetime.fromtimestamp(Holder().expires, UTC).year == 1970


@given(st.binary(max_size=60) | st.integers(0, 4096).map(lambda depth: b"[" * depth))
def test_whatever_a_lock_contains_has_a_holder(body: bytes) -> None:
    assert parse_holder(body) == Holder(expires=math.inf)
