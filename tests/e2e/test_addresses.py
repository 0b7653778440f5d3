"""The URL that a user types: with or without the final slash, encoded or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program

EACH_SERVER = pytest.mark.parametrize("flavour", ["nginx", "apache", "lighttpd", "caddy", "python"])


@EACH_SERVER
def test_a_url_without_its_final_slash_follows_the_redirect(
    flavour: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write(site / "top" / "a b.txt", 5)
    trees.write(site / "top" / "sub" / "c#d.txt", 6)
    trees.write(site / "beside.txt", 7)
    server = serve(flavour)
    run = run_crawler(server.url_of(site / "top").rstrip("/"), mirror)
    assert run.code == 0, run.output
    trees.assert_same(site / "top", mirror)
    top = f"/{site.name}/top"
    expected = ["/robots.txt", top, f"{top}/", f"{top}/a%20b.txt", f"{top}/sub/", f"{top}/sub/c%23d.txt"]
    assert sorted(request.path for request in server.requests()) == sorted(expected)


@EACH_SERVER
def test_a_directory_with_an_awkward_name_can_be_the_root(
    flavour: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    top = site / "100% sure? a+b; ü #1" / "x&y"
    trees.write(top / "a;b+c.txt", 5)
    trees.write(top / "sub dir" / "%41.txt", 5)
    run = run_crawler(serve(flavour).url_of(top), mirror)
    assert run.code == 0, run.output
    trees.assert_same(top, mirror)


def test_a_url_as_people_type_it_needs_no_encoding(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write(site / "mit Leerzeichen und ü" / "ß.txt", 5)
    run = run_crawler(f"{serve('nginx').url_of(site)}mit Leerzeichen und ü/", mirror)
    assert run.code == 0, run.output
    trees.assert_same(site / "mit Leerzeichen und ü", mirror)


def test_a_mirror_into_an_existing_directory_leaves_its_other_files_alone(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write(site / "new.txt", 5)
    trees.write(mirror / "mine" / "own.txt", 5)
    run = run_crawler(serve("nginx").url_of(site), mirror)
    assert run.code == 0, run.output
    assert sorted(path.name for path in mirror.iterdir()) == [".crawler", "mine", "new.txt"]
    assert trees.count(mirror / "mine").files == 1
