"""Tests of the harness on which the end-to-end tests rely."""

from __future__ import annotations

import errno
import os
import random
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import ports, servers, trees
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until

LOGGING = [name for name, flavour in servers.FLAVOURS.items() if flavour.parse]


@pytest.mark.parametrize("flavour", servers.FLAVOURS)
def test_every_server_lists_the_tree_and_sends_its_files(flavour: str, serve: Serve, docroot: Path) -> None:
    server = serve(flavour)
    with urllib.request.urlopen(server.url_of(docroot / "pub")) as response:
        page = response.read()
    assert b"archive.tar.gz" in page
    assert (b".hidden" in page) != server.flavour.hides_dotted
    with urllib.request.urlopen(f"{server.url}pub/%3FC=N;O=D") as response:
        assert response.read() == (docroot / "pub" / "?C=N;O=D").read_bytes()


@pytest.mark.parametrize("flavour", LOGGING)
def test_every_request_is_found_in_the_log(flavour: str, serve: Serve) -> None:
    server = serve(flavour)
    size = len(urllib.request.urlopen(f"{server.url}pub/a%26b.txt").read())
    request, *others = server.requests()
    assert not others
    assert (request.method, request.path, request.status) == ("GET", "/pub/a%26b.txt", 200)
    assert request.size in {size, None}
    server.forget()
    assert server.requests() == []


def test_a_stopped_server_leaves_no_process_and_no_file(docroot: Path) -> None:
    server = servers.start("python", docroot)
    scratch = server.scratch
    server.stop()
    assert not scratch.exists()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(server.url)


def test_a_port_is_reserved_for_one_server_and_others_get_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with ports.reserved() as first, ports.reserved() as second:
        pass
    monkeypatch.setattr(random, "sample", lambda *_: [first, second])
    with ports.reserved() as mine, ports.reserved() as other:
        assert (mine, other) == (first, second)
        with socket.create_server(("127.0.0.1", mine)):
            pass
    with socket.create_server(("127.0.0.1", first)), ports.reserved() as free:
        assert free == second


def test_nobody_else_gets_the_port_of_a_site_that_refuses_connections() -> None:
    def refuses() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", site.port)) == errno.ECONNREFUSED

    with Site() as site:
        site.refuse_after = 1
        site.file("a", b"")
        urllib.request.urlopen(site.url).close()
        wait_until(refuses, "the port is closed")
        with pytest.raises(OSError, match="in use"), socket.create_server(("127.0.0.1", site.port)):
            pass


def test_a_comparison_sees_names_bytes_and_times(tmp_path: Path) -> None:
    for top in ("tree", "mirror"):
        for name in ("same", "bytes", "time", "kind"):
            trees.write(tmp_path / top / name, 5)
    (tmp_path / "mirror" / "bytes").write_bytes(b"other")
    os.utime(tmp_path / "mirror" / "bytes", ns=(0, (tmp_path / "tree" / "bytes").stat().st_mtime_ns))
    os.utime(tmp_path / "mirror" / "time", (1, 1))
    (tmp_path / "mirror" / "kind").unlink()
    (tmp_path / "mirror" / "kind").symlink_to("same")
    trees.write(tmp_path / "mirror" / "more", 1)
    trees.write(tmp_path / "mirror" / ".crawler" / "parts" / "left", 1)
    (tmp_path / "tree" / "less").mkdir()
    found = [line.split(":")[0] for line in trees.differences(tmp_path / "tree", tmp_path / "mirror")]
    assert found == ["missing", "extra", "other bytes", "another kind of file", "other time"]
    assert trees.parts(tmp_path / "mirror") == ["left"]
