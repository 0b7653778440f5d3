"""S3 as implemented by moto's server, written and read without signatures."""

from __future__ import annotations

import http.client
import itertools
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.program import Program
from tests.support.servers import Server
from tests.support.servers.stores import PAGE

pytestmark = pytest.mark.server

NUMBERS = itertools.count()
KEYS = {
    "a b.txt": b"blank",
    "c+d&e.txt": b"plus",
    "100%.txt": b"percent",
    "not%20decoded.txt": b"twenty",
    "empty.txt": b"",
    "sub/f.txt": b"below",
    "sub/deeper/日本語.bin": bytes(range(256)),
    **{f"many/{number:03}.bin": b"." * number for number in range(3 * PAGE)},
}


@pytest.fixture
def bucket(moto: Server) -> str:
    """The URL of the test's own bucket, which holds KEYS and a directory marker."""
    url = f"{moto.url}shelf-{next(NUMBERS)}/"
    send(moto, "PUT", url)
    for key, body in (KEYS | {"sub/": b"", "marked/": b""}).items():
        send(moto, "PUT", url + quote(key), body)
    assert b"<IsTruncated>true" in send(moto, "GET", url)
    return url


def send(moto: Server, method: str, url: str, body: bytes = b"") -> bytes:
    """The response body of one request, which must succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", moto.port, timeout=100)
    headers = {"Content-Type": "application/octet-stream", "x-amz-acl": "public-read"}
    connection.request(method, url.removeprefix(moto.url.rstrip("/")), body=body, headers=headers)
    response = connection.getresponse()
    found = response.read()
    connection.close()
    assert response.status in {200, 204}, (method, url, response.status, found)
    return found


def content(mirror: Path) -> dict[str, bytes]:
    """Path → content of the files of ``mirror``."""
    return {
        os.fspath(path.relative_to(mirror)): path.read_bytes()
        for path in mirror.rglob("*")
        if path.is_file() and ".crawler" not in path.parts
    }


def run(program: Program, *arguments: object, note: Path) -> dict[str, int]:
    """Run the program, which must succeed. Returns the summary."""
    done = program("--summary", note, *arguments)
    assert done.code == 0, done.output
    summary: dict[str, int] = json.loads(note.read_text())
    return summary


@pytest.mark.parametrize("query", ["", "?list-type=2"], ids=["v1", "v2"])
def test_a_bucket_is_mirrored_whole_and_a_second_run_saves_nothing(
    bucket: str, query: str, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    assert run(run_crawler, bucket + query, mirror, note=tmp_path / "note")["saved"] == len(KEYS)
    assert content(mirror) == KEYS
    again = run(run_crawler, bucket + query, mirror, note=tmp_path / "note")
    assert (again["saved"], again["unchanged"]) == (0, len(KEYS))
    assert content(mirror) == KEYS


def test_changed_and_deleted_keys_follow(
    moto: Server, bucket: str, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    run(run_crawler, bucket, mirror, note=tmp_path / "note")
    send(moto, "PUT", f"{bucket}sub/f.txt", b"other content")
    send(moto, "DELETE", f"{bucket}many/000.bin")
    found = run(run_crawler, "--delete", bucket, mirror, note=tmp_path / "note")
    assert (found["saved"], found["deleted"]) == (1, 1)
    assert content(mirror) == {key: body for key, body in KEYS.items() if key != "many/000.bin"} | {
        "sub/f.txt": b"other content"
    }
