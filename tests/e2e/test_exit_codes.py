"""Each kind of failure has its exit code and one line that describes it; see docs/exit-codes.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Serve, ServeAlone
from tests.support import ports, trees
from tests.support.program import Program, Run, finish, wait_until
from tests.support.servers.nginx import at_speed


def assert_one_line(run: Run, code: int, *words: str) -> None:
    """One error is one line on stderr."""
    assert run.code == code, run.output
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert "Traceback" not in run.output
    for word in words:
        assert word in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("ftp://127.0.0.1/pub/", "DIR"),
        ("file:///etc/", "DIR"),
        ("http://", "DIR"),
        ("no url at all", "DIR"),
        ("http://127.0.0.1:99999/", "DIR"),
        ("--workers", "0", "http://127.0.0.1/", "DIR"),
        ("--workers", "many", "http://127.0.0.1/", "DIR"),
        ("--max-size", "1X", "http://127.0.0.1/", "DIR"),
        ("--include", "re:(", "http://127.0.0.1/", "DIR"),
        ("--config", "missing.toml"),
        ("--input-file", "missing.txt", "DIR"),
    ],
    ids=" ".join,
)
def test_a_wrong_argument_is_2(arguments: tuple[str, ...], run_crawler: Program, mirror: Path) -> None:
    run = run_crawler(*(mirror if argument == "DIR" else argument for argument in arguments))
    assert_one_line(run, 2)
    assert not mirror.exists()


@pytest.mark.parametrize("arguments", [(), ("127.0.0.1",), ("--no-such-option", "http://127.0.0.1/", "x")])
def test_an_invalid_command_line_is_2(arguments: tuple[str, ...], run_crawler: Program) -> None:
    run = run_crawler(*arguments)
    assert run.code == 2
    assert run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("path", ["missing/", "page/", "page/index.html"])
def test_a_root_that_is_missing_or_not_a_listing_is_3(
    path: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    (site / "page").mkdir()
    (site / "page" / "index.html").write_text("<html><head><title>Welcome</title></head><body>Hello</body></html>\n")
    url = f"{serve('nginx').url_of(site)}{path}"
    run = run_crawler(url, mirror)
    assert_one_line(run, 3, url)
    assert trees.count(mirror).files == 0


def test_a_server_that_does_not_listen_is_3(run_crawler: Program, mirror: Path) -> None:
    with ports.refusing() as port:
        url = f"http://127.0.0.1:{port}/"
        run = run_crawler("--attempts", 2, url, mirror)
    assert_one_line(run, 3, url)


def test_a_destination_that_is_a_file_is_4(serve: Serve, site: Path, run_crawler: Program, mirror: Path) -> None:
    trees.write(site / "a.txt", 5)
    mirror.write_text("mine")
    run = run_crawler(serve("nginx").url_of(site), mirror)
    assert_one_line(run, 4, str(mirror))
    assert mirror.read_text() == "mine"


def test_a_destination_without_room_for_a_directory_is_4(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write(site / "a.txt", 5)
    mirror.parent.joinpath("file").write_text("mine")
    run = run_crawler(serve("nginx").url_of(site), mirror.parent / "file" / "below")
    assert_one_line(run, 4, str(mirror.parent / "file"))


def test_a_file_that_cannot_be_fetched_is_5_and_the_others_arrive(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write(site / "a.txt", 5)
    trees.write(site / "sub" / "b.txt", 5)
    (site / "gone.txt").symlink_to("nowhere")  # nginx lists it and then responds with 404
    server = serve("nginx")
    run = run_crawler(server.url_of(site), mirror)
    assert run.code == 5, run.output
    assert "gone.txt" in run.stderr
    assert "404" in run.stderr
    assert "Traceback" not in run.output
    assert sorted(path.name for path in mirror.rglob("*.txt")) == ["a.txt", "b.txt"]
    assert [request.path for request in server.requests()].count(f"/{site.name}/gone.txt") == 1


def test_a_directory_that_another_run_holds_is_7(serve: Serve, site: Path, run_crawler: Program, mirror: Path) -> None:
    trees.write_large(site / "large.bin", 4 << 20)
    url = serve("nginx").url_of(site)
    first = run_crawler.start("--user-agent", at_speed(64 * 1024), url, mirror)
    wait_until(lambda: trees.parts(mirror), first)
    second = run_crawler(url, mirror)
    assert_one_line(second, 7, str(mirror))
    first.kill()
    finish(first)
    third = run_crawler(url, mirror)
    assert third.code == 0, f"a dead run must leave no lock: {third.output}"
    trees.assert_same(site, mirror)


def test_a_root_that_robots_txt_forbids_is_8(serve_alone: ServeAlone, run_crawler: Program, mirror: Path) -> None:
    server = serve_alone("nginx")
    (server.root / "robots.txt").write_text("User-agent: *\nDisallow: /pub/\n")
    trees.write(server.root / "pub" / "a.txt", 5)
    url = server.url_of(server.root / "pub")
    run = run_crawler(url, mirror)
    assert_one_line(run, 8, url, "--no-robots")
    assert {request.path for request in server.requests()} <= {"/robots.txt", "/pub/"}
    assert not list(mirror.glob("[!.]*"))
    server.forget()
    assert run_crawler("--no-robots", url, mirror).code == 0
    trees.assert_same(server.root / "pub", mirror)
    assert "/robots.txt" not in {request.path for request in server.requests()}


def test_a_path_that_robots_txt_forbids_is_skipped_and_counted(
    serve_alone: ServeAlone, run_crawler: Program, mirror: Path
) -> None:
    server = serve_alone("nginx")
    (server.root / "robots.txt").write_text("User-agent: *\nDisallow: /pub/private/\nDisallow: /pub/no.txt\n")
    for name in ("a.txt", "no.txt", "private/b.txt", "sub/c.txt"):
        trees.write(server.root / "pub" / name, 5)
    run = run_crawler("-v", server.url_of(server.root / "pub"), mirror)
    assert run.code == 0, run.output
    requested = {request.path for request in server.requests()}
    assert requested == {"/robots.txt", "/pub/", "/pub/a.txt", "/pub/sub/", "/pub/sub/c.txt"}
    assert "robots" in run.output


def test_help_and_version_are_0(run_crawler: Program) -> None:
    assert "crawler" in run_crawler("--version").stdout
    run = run_crawler("--help")
    assert run.code == 0
    assert "--max-delete" in run.stdout
