"""Which files are expected to be answered like those before."""

from __future__ import annotations

import pytest

from crawler.model.network.shapes import HeaderShape
from crawler.model.values import Job
from crawler.pipeline.seen_responses import SeenResponses, extension, is_fit

FIELDS = ("Server", "Content-Type", "Content-Length", "Last-Modified")


def shape(*names: str, kind: str = "application/zip") -> HeaderShape:
    return HeaderShape(names or FIELDS, {"Server": "x", "Content-Type": kind})


class Reply:
    """What is asked of a response."""

    def __init__(self, shape: HeaderShape | None, modified: str | None = "Mon, 01 Jan 2024 00:00:00 GMT") -> None:
        self.shape, self.varying = shape, (modified, None, None)


@pytest.mark.parametrize(
    ("path", "known_by"),
    [
        ("a.zip", "zip"), ("d.x/a.ZIP", "zip"), ("a.tar.gz", "gz"), ("a", ""), ("d.zip/a", ""), ("a.", ""),
        ("d/a.b/c", ""),
        (".zip", "zip"),
        ("a.0001", ""), ("a.12345678", ""), ("a.webmanifest", ""), ("a.download", "download"), ("", ""),
    ],
)  # fmt: skip
def test_what_a_server_may_know_a_type_by(path: str, known_by: str) -> None:
    assert extension(path) == known_by


@pytest.mark.parametrize(
    ("found", "fit"),
    [
        (shape(), True), (shape(kind="text/html"), False), (shape("Server", "Content-Type", "Content-Length"), False),
        (shape(*FIELDS, "Content-Encoding"), False), (shape(*FIELDS[:3], "last-modified"), True),
    ],
)  # fmt: skip
def test_which_responses_are_fit(found: HeaderShape, fit: bool) -> None:
    assert is_fit(found) is fit


@pytest.mark.parametrize(
    ("replies", "fit"),
    [
        ([], False), ([None], False), ([Reply(shape())], True), ([Reply(None)], False),
        ([Reply(None), Reply(shape())], True),
        ([Reply(shape()), Reply(None)], False), ([Reply(shape()), None], True), ([Reply(shape(), None)], False),
        ([Reply(shape()), Reply(shape(kind="text/html"))], False),
    ],
)  # fmt: skip
def test_the_last_response_tells_what_the_next_one_is_expected_to_be(replies: list[Reply | None], fit: bool) -> None:
    seen = SeenResponses()
    jobs = [Job(url="http://h/a.zip", path="a.zip", reason="new")] * (len(replies) + 1)
    seen.note("http://h/", jobs, replies)  # type: ignore[arg-type]
    assert seen.of("http://h/")("d/b.zip") is fit
    assert not seen.of("http://h/")("b.bin"), "of another kind"
    assert not seen.of("http://other/")("b.zip"), "of another origin"
    for origin in ("http://h/", "http://new/"):
        seen.disappoint(origin, "c.ZIP")
        assert seen.of(origin)("b.zip") is False


@pytest.mark.parametrize(
    ("headers", "fit"),
    [
        ({"Content-Type": "application/zip", "Last-Modified": "x"}, True),
        ({"Last-Modified": "x"}, True),
        ({"Content-Type": "application/zip"}, False),
        ({"Content-Type": "text/html", "Last-Modified": "x"}, False),
        ({"Content-Type": "application/zip", "Last-Modified": "x", "Age": "1"}, False),
        ({"Content-Type": "application/zip", "Last-Modified": "x", "Content-Encoding": "gzip"}, False),
    ],
)
def test_a_file_that_was_requested_alone_tells_it_as_well(headers: dict[str, str], fit: bool) -> None:
    """It is fit if the shape of its header section would be."""
    seen = SeenResponses()
    seen.note_one("http://h/", "d/a.zip", headers)
    assert seen.of("http://h/")("b.zip") is fit
    assert is_fit(HeaderShape(tuple(headers), headers)) is fit
    assert not seen.of("http://other/")("b.zip")
    assert not seen.of("http://h/")("b.bin")
