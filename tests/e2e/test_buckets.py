"""An object store has no directories: one paged listing of keys becomes a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program
from tests.support.servers.bucket import PAGE

KEYS = {"a b.txt": 10, "c+d&e.txt": 20, "sub/f.txt": 30, "sub/deeper/日本語.bin": 40, "empty.txt": 0}
MANY = 2 * PAGE + 3


@pytest.fixture
def bucket(site: Path) -> Path:
    for key, size in KEYS.items():
        trees.write(site / key, size)
    for number in range(MANY):
        trees.write(site / "many" / f"{number:03}.bin", number)
    return site


def test_all_pages_of_a_bucket_become_one_tree(serve: Serve, bucket: Path, run_crawler: Program, mirror: Path) -> None:
    server = serve("bucket")
    run = run_crawler(server.url_of(bucket), mirror)
    assert run.code == 0, run.output
    trees.assert_same(bucket, mirror)
    requested = [request.path for request in server.requests()]
    pages = -(-(len(KEYS) + MANY) // PAGE)
    assert len(requested) == len(set(requested)) == 1 + pages + len(KEYS) + MANY


def test_an_unchanged_bucket_costs_its_pages_and_no_key(
    serve: Serve, bucket: Path, run_crawler: Program, mirror: Path
) -> None:
    server = serve("bucket")
    url = server.url_of(bucket)
    assert run_crawler(url, mirror).code == 0
    server.forget()
    run = run_crawler(url, mirror)
    assert run.code == 0, run.output
    assert all(request.path.startswith((f"/{bucket.name}/?", "/robots.txt")) or request.path == f"/{bucket.name}/"
               for request in server.requests())  # fmt: skip


def test_a_key_that_left_the_bucket_is_deleted_only_when_all_pages_were_read(
    serve: Serve, bucket: Path, run_crawler: Program, mirror: Path
) -> None:
    url = serve("bucket").url_of(bucket)
    assert run_crawler(url, mirror).code == 0
    (bucket / "many" / "000.bin").unlink()
    (bucket / "sub" / "f.txt").unlink()
    run = run_crawler("--delete", url, mirror)
    assert run.code == 0, run.output
    trees.assert_same(bucket, mirror)
